"""What a line of the log begins with: its priority where systemd's journal reads it, and nothing
elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from agentd.config import LogSettings
from agentd.observe import logs
logs.configure(LogSettings(json_lines={json_lines}))
log = logs.get("test")
log.info("a"); log.warning("b"); log.error("c"); log.debug("hidden")
"""


def lines(tmp_path: Path, *, journal: bool, json_lines: bool = True) -> list[str]:
    """What a process writes whose standard error is a file that JOURNAL_STREAM names, or not."""
    file = tmp_path / "stderr"
    with file.open("wb") as stream:
        held = os.fstat(stream.fileno())
        named = f"{held.st_dev}:{held.st_ino}" if journal else "1:1"
        subprocess.run(
            [sys.executable, "-c", CODE.format(json_lines=json_lines)],
            stderr=stream,
            env={**os.environ, "JOURNAL_STREAM": named},
            check=True,
            timeout=30,
        )
    return file.read_text().splitlines()


def test_the_journal_is_told_how_bad_it_is(tmp_path):
    told = lines(tmp_path, journal=True)
    assert [line[:3] for line in told] == ["<6>", "<4>", "<3>"]
    assert [json.loads(line[3:])["event"] for line in told] == ["a", "b", "c"]


@pytest.mark.parametrize("json_lines", [True, False])
def test_nobody_else_is(tmp_path, json_lines):
    told = lines(tmp_path, journal=False, json_lines=json_lines)
    assert len(told) == 3
    assert not any(line.startswith("<") for line in told)
    if json_lines:
        assert [json.loads(line)["level"] for line in told] == ["info", "warning", "error"]
