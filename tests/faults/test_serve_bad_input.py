"""`agentd serve` that cannot start as asked: exit 2, the thing named, no traceback."""

import json
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from agentd_process import Agentd
from fault_house import make_root


@dataclass
class Wrong:
    """What is wrong, and the words that must be said of it."""

    name: str
    words: list[str]
    arguments: list[str] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: int = 2
    real: bool = False


def cases(root: Path, bare: Path, taken: int) -> list[Wrong]:
    here = {"paths": {"root": str(root)}}
    nowhere = {"paths": {"root": str(bare)}}
    return [
        Wrong(
            "event socket port in use",
            ["event socket listener", f"127.0.0.1:{taken}", "[server]"],
            settings={**here, "server": {"esl_port": taken, "audio_port": 0}},
        ),
        Wrong(
            "audio port in use",
            ["audio listener", f"127.0.0.1:{taken}", "[server]"],
            settings={**here, "server": {"esl_port": 0, "audio_port": taken}},
        ),
        Wrong(
            "address of another machine",
            ["192.0.2.1:0", "address"],
            settings={**here, "server": {"host": "192.0.2.1", "esl_port": 0, "audio_port": 0}},
        ),
        Wrong("unknown scenario", ["none-such", "short"], ["--scenario", "none-such"], here),
        Wrong("broken scenario", ["broken.json", "rail"], ["--scenario", "broken"], nowhere),
        Wrong(
            "missing audio",
            ["short", "1 of", "scenarios/short/Q1", "clone-voice tone"],
            ["--scenario", "short"],
            nowhere,
        ),
        Wrong("setting", ["esl_port", "70000"], settings={"server": {"esl_port": 70_000}}),
        Wrong("store url", ["[store] url", "sqlite"], settings={**here, "store": {"url": "x"}}),
        # Not a matter of what was asked for: it may be mended elsewhere and tried again.
        Wrong(
            "store away",
            ["/proc/none"],
            settings={**here, "store": {"url": "sqlite:////proc/none/calls.sqlite3"}},
        ),
        Wrong("no recogniser", ["Whisper", "models fetch"], settings=here, real=True),
    ]


NAMES = [case.name for case in cases(Path(), Path(), 0)]


@pytest.fixture(scope="module")
def tried(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All of them at once, two at a time: (what is wrong, how it ended) by name."""
    folder = tmp_path_factory.mktemp("serve")
    bare = make_root(folder / "bare")
    (bare / "audio" / "tone" / "8000" / "scenarios" / "short" / "Q1.wav").unlink()
    scenario = json.loads((bare / "scenarios" / "scenario_short.json").read_text())
    broken = json.dumps({**scenario, "rail": ["Hello"]})
    (bare / "scenarios" / "scenario_broken.json").write_text(broken)
    ended: dict[str, tuple[Wrong, int, str, bytes]] = {}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wrongs = cases(root, bare, taken.getsockname()[1])
        for pair in (wrongs[n : n + 2] for n in range(0, len(wrongs), 2)):
            started = [
                Agentd(folder / one.name, *one.arguments, real=one.real, **one.settings)
                for one in pair
            ]
            for one, agentd in zip(pair, started, strict=True):
                try:
                    status = agentd.end()
                    assert agentd.process.stdout is not None
                    ended[one.name] = (one, status, agentd.log, agentd.process.stdout.read())
                finally:
                    agentd.kill()
    return ended


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_is_wrong_and_ends(tried: dict[str, Any], name: str) -> None:
    one, status, log, output = tried[name]
    assert status == one.status, log
    (message,) = [line for line in log.splitlines() if line.startswith("agentd: ")]
    said = log[log.index(message) :]
    for word in one.words:
        assert word in said
    assert "Traceback" not in log
    assert output == b""
