"""A small project in which nothing is wrong, for the tests that then break one thing of it."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from switch.fakes import api, reply

from agentd import config, lines
from agentd.catalog import Catalog
from agentd.checks import NEEDED_MODULES, USED_MODULES
from agentd.speech.library import AudioLibrary, Manifest, Recording, write_wav
from agentd.store.repo import Repo

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse"
VERSION = "FreeSWITCH Version 1.10.12-release+git~20241206T220119Z~a88d069d6f~64bit"


class Hum:
    """A voice that can always speak."""

    name = "hum"
    licence = "none"
    rate_hz = 16_000
    level_db = 0.0
    settings = "hum"

    def render(self, text: str) -> np.ndarray:
        return np.full(8_000, 500, np.int16)


def build(root: Path, switch_port: int = 0) -> Path:
    """Make it in `root`; the path of its agentd.toml."""
    for name in ("objections/general.yaml", "objections/rail_returns.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    scenario = (ROOT / "scenarios/scenario_finance.json").read_text(encoding="utf-8")
    (root / "scenarios").mkdir()
    (root / "scenarios/scenario_finance.json").write_text(
        scenario.replace('"theme": "finance"', '"theme": "general"'), encoding="utf-8"
    )
    (root / "voices/julie").mkdir(parents=True)
    (root / "voices/julie/voice.yaml").write_text("engine: pico\n")
    (root / "models/vosk-fr/am").mkdir(parents=True)
    file = root / "agentd.toml"
    switch = f'[switch]\nport = {switch_port}\npassword = "{PASSWORD}"\n' if switch_port else ""
    file.write_text(f"[server]\nesl_port = 0\naudio_port = 0\n{switch}")
    file.chmod(0o600)
    for parent in (root, *root.parents):  # pytest's folders are closed to others
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o001)
    settings = config.load(file, environ={})
    _record(settings)
    repo = Repo(settings.store.url, root=settings.paths.root)
    repo.migrate()
    repo.close()
    return file


def _record(settings: config.Settings) -> None:
    catalog = Catalog(settings)
    library = AudioLibrary(settings, "julie")
    recordings = {}
    for clip in lines.of_scenario(catalog, catalog.scenario("finance")):
        write_wav(library.path(clip.key, 8_000), np.full(800, 300, np.int16), 8_000)
        recordings[clip.key] = Recording(clip.text, "", "hum", 100)
    (library.folder / "manifest.json").write_bytes(msgspec.json.encode(Manifest(recordings)))
    background = settings.path("audio", "background", "8000", "office.wav")
    write_wav(background, np.full(8_000, 30, np.int16), 8_000)


def switch(
    *,
    password: str = PASSWORD,
    version: str = VERSION,
    without: tuple[str, ...] = (),
    dies_at: str = "",
    listing: str = "-ERR SQL disabled, no data available!\n",
) -> Callable[[socket.socket], None]:
    """The event socket of a FreeSWITCH, for `switch.fakes.Listener`."""

    def answer(command: str) -> bytes:
        if command.startswith("auth "):
            good = command == f"auth {password}"
            return reply("+OK accepted" if good else "-ERR invalid")
        if command == "api version":
            return api(version + "\n")
        if command == "api show modules as json":
            return api(listing)
        module = command.removeprefix("api module_exists ")
        known = module in {*NEEDED_MODULES, *USED_MODULES}
        return api("true" if known and module not in without else "false")

    def handle(sock: socket.socket) -> None:
        sock.sendall(b"Content-Type: auth/request\n\n")
        buffer = b""
        while data := sock.recv(65536):
            buffer += data
            while b"\n\n" in buffer:
                raw, _, buffer = buffer.partition(b"\n\n")
                if dies_at and dies_at in raw.decode():
                    sock.close()
                    return
                sock.sendall(answer(raw.decode()))

    return handle
