"""The server: listeners, what calls share, the limit, admission and drain."""

import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import gevent
from gevent.event import Event as Flag

from agentd.call import Call
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.errors import StoreError
from agentd.ledger import recover
from agentd.observe import logs
from agentd.speech.library import AudioLibrary
from agentd.speech.recogniser import Recogniser, open_recogniser
from agentd.speech.workers import Workers
from agentd.store.repo import Repo
from agentd.switch.leg import Leg
from agentd.switch.servers import AudioServer, EslServer

log = logs.get("server")

RECOVER_EVERY_S = 10.0
GOODBYE_S = 15.0  # what a goodbye takes, once the drain deadline has passed


@dataclass(frozen=True)
class House:
    """What every call of a process shares."""

    settings: Settings
    catalog: Catalog
    repo: Repo
    recogniser: Recogniser
    workers: Workers
    audio: AudioServer
    spool: Path
    instance: str
    _libraries: dict[str, AudioLibrary] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def library(self, voice: str) -> AudioLibrary:
        """The recordings of a voice, opened once."""
        with self._lock:
            if voice not in self._libraries:
                self._libraries[voice] = AudioLibrary(self.settings, voice)
            return self._libraries[voice]

    def background(self, file: str) -> Path | None:
        """The ambience file at the rate of the line, or None when it was never made."""
        name = Path(file).name  # a scenario may not reach outside the folder
        path = self.settings.path("audio", "background", str(self.settings.voice.rate_hz), name)
        return path if path.exists() else None


class Server:
    """agentd, listening. `start` returns once calls can be taken."""

    def __init__(self, settings: Settings, repo: Repo | None = None) -> None:
        self._settings = settings
        self._repo = repo or Repo(settings.store.url, root=settings.paths.root)
        self._workers = Workers(settings.speech.threads, settings.speech.queue)
        self._audio = AudioServer(
            (settings.server.host, settings.server.audio_port), settings.server.audio_url
        )
        self._esl = EslServer(
            (settings.server.host, settings.server.esl_port),
            self._on_leg,
            settings.server.max_calls,
        )
        self._calls: dict[str, Call] = {}
        # Two agentd on one machine differ by port; after a crash the same one comes back.
        self._instance = f"{socket.gethostname()}:{settings.server.esl_port}"
        self._idle = Flag()
        self._idle.set()
        self._recovering: gevent.Greenlet | None = None

    def start(self) -> None:
        """Open the store and the models, then the listeners.

        Raises MissingResource (no recogniser), StoreError, AgentdError (port in use).
        """
        self._repo.migrate()
        recogniser = open_recogniser(self._settings)
        self._workers.submit(recogniser.warm).get(timeout=120)
        spool = self._settings.paths.root.resolve() / "var" / "spool"
        self._house = House(
            settings=self._settings,
            catalog=Catalog(self._settings),
            repo=self._repo,
            recogniser=recogniser,
            workers=self._workers,
            audio=self._audio,
            spool=spool,
            instance=self._instance,
        )
        self._close_what_a_crash_left(spool)
        self._recovering = gevent.spawn(self._recover_for_ever)
        self._audio.start()
        self._esl.start()
        log.info(
            "ready",
            event_socket="{}:{}".format(*self.esl_address),
            audio="{}:{}".format(*self._audio.address),
            recogniser=recogniser.name,
        )

    def _close_what_a_crash_left(self, spool: Path) -> None:
        """Calls of this instance that a kill cut off get their last facts, and an end."""
        try:
            recover(self._repo, spool)
            ended = self._repo.fail_unfinished(self._instance)
        except StoreError as error:
            log.warning("the calls before the start were not looked at", error=str(error))
            return
        if ended:
            log.warning("calls cut off by a crash were ended", calls=ended)

    @property
    def esl_address(self) -> tuple[str, int]:
        """Where FreeSWITCH's socket application connects."""
        return self._esl.address

    @property
    def calls(self) -> int:
        """Calls held now."""
        return len(self._calls)

    def stop(self, drain_s: float = 0.0) -> None:
        """Take no more calls, let those going on finish until `drain_s`, then say goodbye."""
        self._esl.drain()
        if not self._idle.wait(timeout=drain_s):
            for call in list(self._calls.values()):
                call.drain()
            if not self._idle.wait(timeout=GOODBYE_S):
                log.warning("calls left at the end of the drain", calls=len(self._calls))
        self._esl.stop()
        self._audio.stop()
        if self._recovering is not None:
            self._recovering.kill()
        self._workers.close()
        self._repo.close()

    def _on_leg(self, leg: Leg) -> None:
        call = Call(leg, self._house)
        self._calls[call.id] = call
        self._idle.clear()
        try:
            call.run()
        finally:
            self._calls.pop(call.id, None)
            if not self._calls:
                self._idle.set()

    def _recover_for_ever(self) -> None:
        while True:
            started = time.monotonic()
            try:
                written = recover(
                    self._repo, self._house.spool, live=lambda call_id: call_id in self._calls
                )
                if written:
                    log.info("spooled calls written", calls=written)
            except (StoreError, OSError) as error:
                log.warning("spool not written", error=str(error))
            gevent.sleep(max(1.0, RECOVER_EVERY_S - (time.monotonic() - started)))
