"""Agentd as it is deployed beside a switch."""

from pathlib import Path
from typing import Any

from agentd_process import Agentd

from agentd import config
from agentd.store.repo import Repo

ROOT = Path(__file__).parents[2]


class Deployed:
    """Agentd on the ports of the shipped dialplan, on one store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._url = f"sqlite:////{folder}/calls.sqlite3"
        self.repo = Repo(self._url)
        self.agentds: list[Agentd] = []
        self.recordings = folder / "recordings"
        self.recordings.mkdir()
        self.recordings.chmod(0o2777)  # whichever user the switch runs as

    def start(
        self, second: bool = False, call: dict[str, Any] | None = None, **server: Any
    ) -> Agentd:
        esl, audio = (8094, 8095) if second else (8084, 8085)
        settings = config.load()
        agentd = Agentd(
            self._folder / f"agentd-{len(self.agentds)}",
            real=True,
            server={"esl_port": esl, "audio_port": audio, "drain_s": 2.0, **server},
            store={"url": self._url},
            call=call or {},
            paths={
                "root": str(ROOT),
                "models": str(settings.path("models")),
                "recordings": str(self.recordings),
            },
        )
        self.agentds.append(agentd)
        agentd.wait_said("ready", 60)
        return agentd

    def close(self) -> None:
        for agentd in self.agentds:
            agentd.kill()
        self.repo.close()
