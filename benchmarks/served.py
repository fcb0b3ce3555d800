"""An agentd of its own process for a benchmark: started, asked how it is, ended."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[1]
READY_S = 180.0  # of a machine that does much else
STOP_S = 60.0
STALL = "agentd_loop_stall_seconds"
LATE_S = 0.025  # the edge of a bucket


class Served:
    """`with Served(...)`: ready inside, terminated after. log: its standard error, JSON lines."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Mapping[str, Any]],
        program: Sequence[str] = ("-m", "agentd"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """folder: for its configuration, log and database. settings: sections of agentd.toml."""
        self.folder = folder
        self.log = folder / "agentd.log"
        self.esl, self._audio, self._metrics = free_port(), free_port(), free_port()
        self.database = folder / "calls.sqlite3"
        ports = {"esl_port": self.esl, "audio_port": self._audio, "metrics_port": self._metrics}
        whole = {name: dict(section) for name, section in settings.items()}
        whole["server"] = {**whole.get("server", {}), **ports}
        whole.setdefault("store", {"url": f"sqlite:////{self.database}"})
        self.config = folder / "agentd.toml"
        self.config.write_text(toml(whole))
        self._program = program
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
        self._environ |= environ or {}

    def __enter__(self) -> "Served":
        launched = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self._program, "serve", "--config", str(self.config)],
                cwd=ROOT,
                env=self._environ,
                stderr=log,
            )
        try:
            self._wait_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.start_s = time.monotonic() - launched  # from exec to /ready
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def alive(self) -> bool:
        """Does it run?"""
        return self.process.poll() is None

    def metrics(self) -> dict[str, float]:
        """Samples by name, those of one name added up, and what only labels tell: `stall=EDGE`
        (looks at the loop that found it at most so many seconds late), `late_stalls` (over
        LATE_S), `refused` (recognitions), `recogniser=NAME`. Raises OSError."""
        found: dict[str, float] = {}
        with urllib.request.urlopen(self._url("metrics"), timeout=30) as page:
            text = page.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
                if sample.name == f"{STALL}_bucket":
                    found[f"stall={float(sample.labels['le'])}"] = sample.value
                elif sample.labels.get("outcome") == "refused":
                    found["refused"] = found.get("refused", 0.0) + sample.value
                elif sample.name == "agentd_info":
                    found[f"recogniser={sample.labels['recogniser']}"] = 1.0
        found["late_stalls"] = found[f"{STALL}_count"] - found[f"stall={LATE_S}"]
        return found

    def _url(self, page: str) -> str:
        return f"http://127.0.0.1:{self._metrics}/{page}"

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self.alive:
            try:
                with urllib.request.urlopen(self._url("ready"), timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"agentd did not become ready: {self.log.read_text()[-2000:]}")


def toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Sections of plain values as TOML. A text of JSON is one of TOML."""
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {msgspec.json.encode(v).decode()}" for key, v in values.items()]
    return "\n".join(lines) + "\n"


def free_port() -> int:
    """One of 127.0.0.1 that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
