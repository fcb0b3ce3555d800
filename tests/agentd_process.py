"""`agentd serve` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gevent

ROOT = Path(__file__).parents[1]
SCRIPTED = ROOT / "tests" / "faults" / "serve_scripted.py"


class Agentd:
    """Started at once. `wait_ready`, then send it signals; it is killed at the end whatever."""

    def __init__(
        self, folder: Path, *arguments: str, real: bool = False, **settings: dict[str, Any]
    ) -> None:
        """folder: for its log and configuration. real: with its own recogniser, else scripted."""
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "agentd.toml"
        lines = []
        for section, values in settings.items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        config.write_text("\n".join(lines))
        self._log = folder / "stderr"
        program = ["-m", "agentd"] if real else [str(SCRIPTED)]
        environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "serve", "--config", str(config), *arguments],
                cwd=ROOT,
                env={**environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"},
                stdout=subprocess.PIPE,
                stderr=log,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def said(self, event: str) -> list[dict[str, Any]]:
        """Its log entries of that name."""
        lines = [line for line in self.log.splitlines() if line.startswith("{")]
        return [entry for line in lines if (entry := json.loads(line))["event"] == event]

    def wait_said(self, event: str, timeout: float = 20.0) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while not (found := self.said(event)):
            assert self.process.poll() is None, f"it ended: {self.log}"
            assert time.monotonic() < deadline, f"no {event!r} in {self.log}"
            gevent.sleep(0.03)
        return found[0]

    def address(self) -> tuple[str, int]:
        """Of its event socket, once it listens."""
        host, _, port = self.wait_said("ready")["event_socket"].rpartition(":")
        return host, int(port)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self, timeout: float = 20.0) -> int:
        """Its exit status."""
        return self.process.wait(timeout=timeout)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()
