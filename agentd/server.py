"""The server: listeners, what calls share, the limit, admission and drain."""

import os
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gevent
from gevent.event import Event as Flag

from agentd import lines, spools
from agentd.call import Call
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.errors import AgentdError, BadInput, StoreError
from agentd.improviser import Improviser, open_generator, systems
from agentd.ledger import Ledger, recover
from agentd.llm.generator import Generator
from agentd.observe import greenlets, logs
from agentd.observe.metrics import Metrics, Snapshot
from agentd.observe.status import StatusServer
from agentd.speech.library import AudioLibrary
from agentd.speech.recogniser import Recogniser, open_recogniser
from agentd.speech.workers import Workers
from agentd.store.repo import Repo
from agentd.switch.leg import Leg
from agentd.switch.servers import AudioServer, EslServer

log = logs.get("server")

RECOVER_EVERY_S = 10.0
STALL_EVERY_S = 0.1
UNWRITTEN = 2_000  # calls; some kB each
GOODBYE_S = 15.0  # what a goodbye takes, once the drain deadline has passed
ABANDON_S = 5.0  # and a call that is then hung up on, until it is over


@dataclass(frozen=True)
class House:
    """What every call of a process shares."""

    settings: Settings
    catalog: Catalog
    repo: Repo
    recogniser: Recogniser
    workers: Workers
    audio: AudioServer
    metrics: Metrics
    improviser: Improviser | None
    spool: Path
    instance: str
    # Calls that neither store nor disk would have the end of; tried again until one does.
    unwritten: deque[Ledger] = field(default_factory=lambda: deque(maxlen=UNWRITTEN))
    _libraries: dict[str, AudioLibrary] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def library(self, voice: str) -> AudioLibrary:
        """The recordings of a voice, opened once."""
        with self._lock:
            if voice not in self._libraries:
                self._libraries[voice] = AudioLibrary(self.settings, voice)
            return self._libraries[voice]

    def forget_libraries(self) -> None:
        """Open the recordings anew at the next call."""
        with self._lock:
            self._libraries.clear()

    def background(self, file: str) -> Path | None:
        """The ambience file at the rate of the line, or None when it was never made."""
        name = Path(file).name  # a scenario may not reach outside the folder
        path = self.settings.path("audio", "background", str(self.settings.voice.rate_hz), name)
        return path if path.exists() else None


class Server:
    """agentd, listening. `start` returns once calls can be taken."""

    def __init__(
        self,
        settings: Settings,
        repo: Repo | None = None,
        recogniser: Recogniser | None = None,
        generator: Generator | None = None,
    ) -> None:
        """repo, recogniser, generator (of language): others than those of the settings."""
        self._settings = settings
        self._recogniser = recogniser
        self._generator = generator
        self.metrics = Metrics()
        self.metrics.watch(self.snapshot)
        self._status: StatusServer | None = None
        self._repo = repo or Repo(settings.store.url, root=settings.paths.root)
        self._workers = Workers(settings.speech.threads, settings.speech.queue)
        self._audio = AudioServer(
            (settings.server.host, settings.server.audio_port), settings.server.audio_url
        )
        self._esl = EslServer(
            (settings.server.host, settings.server.esl_port),
            self._on_leg,
            settings.server.max_calls,
            on_refusal=self.metrics.refused,
        )
        self._calls: set[Call] = set()
        # Two agentd on one machine differ by port, and after a crash the same one comes back; one
        # on a port of the system's choice does not, and must not take another's calls for its own.
        own = str(settings.server.esl_port or f"pid{os.getpid()}")
        self._instance = f"{socket.gethostname()}:{own}"
        self._spool = spools.folder_of(settings.paths.root) / own
        self._held: spools.Held | None = None
        self._idle = Flag()
        self._idle.set()
        self._own: list[gevent.Greenlet] = []

    def start(self, scenarios: Sequence[str] = ()) -> None:
        """Open the store and the models, then the listeners.

        scenarios: names or paths of those that must be ready, their recordings included.
        Raises BadInput (a scenario that is not, a port in use), MissingResource (no recogniser),
        StoreError; nothing is left running then.
        """
        try:
            self._start(scenarios)
        except BaseException:
            self._shut()
            raise

    def _start(self, scenarios: Sequence[str]) -> None:
        greenlets.watch()
        catalog = Catalog(self._settings, keep=True)
        self._ready(catalog, scenarios)
        self._repo.migrate()
        recogniser = self._recogniser or open_recogniser(self._settings)
        self._workers.submit(recogniser.warm).get(timeout=120)
        self._house = House(
            settings=self._settings,
            catalog=catalog,
            repo=self._repo,
            recogniser=recogniser,
            workers=self._workers,
            audio=self._audio,
            metrics=self.metrics,
            improviser=self._open_model(catalog, scenarios),
            spool=self._spool,
            instance=self._instance,
        )
        self._close_what_a_crash_left()
        self.metrics.running(recogniser.name)
        self._own = [gevent.spawn(self._recover_for_ever), gevent.spawn(self._watch_loop)]
        if self._settings.server.metrics_port is not None:
            address = (self._settings.server.host, self._settings.server.metrics_port)
            self._status = StatusServer(address, self.metrics, self.snapshot)
            self._status.start()
        self._audio.start()
        self._esl.start()
        log.info(
            "ready",
            event_socket="{}:{}".format(*self.esl_address),
            audio="{}:{}".format(*self._audio.address),
            metrics="{}:{}".format(*self._status.address) if self._status else "",
            recogniser=recogniser.name,
            model=self._generator.name if self._generator is not None else "",
        )

    def _open_model(self, catalog: Catalog, scenarios: Sequence[str]) -> Improviser | None:
        """The language model, with what it is told of every scenario evaluated: those that must be
        ready first."""
        native = gevent.get_hub().threadpool
        if self._generator is None:
            self._generator = native.apply(open_generator, (self._settings,))
        generator = self._generator
        if generator is None:
            return None
        held = []
        for name in (*scenarios, *catalog.scenario_names()):
            try:
                held.append(catalog.scenario(name))
            except AgentdError:  # has been told of
                continue
        native.apply(generator.warm, (systems(held),))
        generator.open()
        return Improviser(generator, self._settings, self.metrics)

    def _ready(self, catalog: Catalog, scenarios: Sequence[str]) -> None:
        """Read every scenario once, so that no call waits for it; a broken one among those of the
        folder costs its own calls only, and a warning."""
        for name in scenarios:
            scenario = catalog.scenario(name)
            catalog.brain(scenario)
            clips = lines.of_scenario(catalog, scenario)
            missing = AudioLibrary(self._settings, scenario.voice).missing(clips)
            if missing:
                raise BadInput(
                    f"scenario {scenario.name}: {len(missing)} of {len(clips)} lines have no "
                    f"recording in the voice {scenario.voice}: {missing[0].key}"
                    + (", ..." if len(missing) > 1 else ""),
                    mend=f"agent-tools clone-voice {scenario.voice} --scenario {name}; or leave "
                    "--scenario out, and what is missing is synthesised during calls",
                )
        self._read_all(catalog)

    def _read_all(self, catalog: Catalog) -> None:
        for name in catalog.scenario_names():
            try:
                catalog.brain(name)
            except AgentdError as error:
                log.warning("scenario cannot be used", scenario=name, error=str(error))

    def reload(self) -> None:
        """Read scenarios, objections and voices again now, rather than at the next call.

        What is broken is logged, and what was read before it broke stays in use.
        """
        house = self._house
        house.forget_libraries()
        gevent.get_hub().threadpool.apply(self._read_all, (house.catalog,))
        log.info("read again", scenarios=len(house.catalog.scenario_names()))

    def _close_what_a_crash_left(self) -> None:
        """Calls of this instance that a kill cut off get their last facts, and an end; those of
        instances that never came back their facts."""
        self._held = spools.hold(self._spool)
        spools.write_abandoned(self._repo, self._settings.paths.root)
        recover(self._repo, self._spool)
        ended = self._repo.fail_unfinished(self._instance)
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

    def snapshot(self) -> Snapshot:
        """What is true now, for those who watch."""
        try:
            spooled = sum(name.endswith(".jsonl") for name in os.listdir(self._spool))
        except OSError:
            spooled = 0  # nothing was ever spooled
        calls = list(self._calls)
        return Snapshot(
            phases=Counter(call.phase for call in calls),
            max_calls=self._settings.server.max_calls,
            draining=self._esl.draining,
            inbox=max((call.waiting for call in calls), default=0),
            threads=self._workers.threads,
            busy=self._workers.busy,
            queued=self._workers.depth,
            lost=self._workers.lost,
            streams=self._audio.streams,
            spooled=spooled + len(self._house.unwritten),
            model=None if self._house.improviser is None else self._house.improviser.queue,
            greenlets=greenlets.alive(),
            caches={
                name: (one.hits, one.misses, one.held)
                for name, one in self._house.catalog.cache_stats().items()
            },
        )

    def stop(self, drain_s: float = 0.0) -> None:
        """Take no more calls, let those going on finish until `drain_s`, then say goodbye."""
        self._esl.drain()
        log.info("draining", calls=len(self._calls), limit_s=drain_s)
        if not self._idle.wait(timeout=drain_s):
            log.info("drain deadline passed, saying goodbye", calls=len(self._calls))
            for call in list(self._calls):
                call.drain()
            if not self._idle.wait(timeout=GOODBYE_S):
                for call in list(self._calls):
                    call.abandon()
                if not self._idle.wait(timeout=ABANDON_S):
                    log.warning("calls left at the end of the drain", calls=len(self._calls))
        self._shut()

    def _shut(self) -> None:
        self._esl.stop()
        self._audio.stop()
        if self._status is not None:
            self._status.stop()
        gevent.killall(self._own)
        if self._generator is not None:
            self._generator.close()
        self._workers.close()
        self._repo.close()
        if self._held is not None:
            self._held.release()
            self._held = None

    def _on_leg(self, leg: Leg) -> None:
        call = Call(leg, self._house)
        self._calls.add(call)
        self._idle.clear()
        try:
            call.run()
        finally:
            self._calls.discard(call)
            if not self._calls:
                self._idle.set()

    def _is_live(self, call_id: str) -> bool:
        return any(call.id == call_id for call in self._calls)

    def _write_again(self) -> None:
        """The disk may have room again."""
        waiting = self._house.unwritten
        for ledger in list(waiting):
            if not ledger.write_again():
                return
            waiting.remove(ledger)

    def _watch_loop(self) -> None:
        while True:
            due = time.monotonic() + STALL_EVERY_S
            gevent.sleep(STALL_EVERY_S)
            self.metrics.stalled(time.monotonic() - due)

    def _recover_for_ever(self) -> None:
        while True:
            started = time.monotonic()
            self._write_again()
            try:
                written = recover(self._repo, self._spool, live=self._is_live)
                if written:
                    log.info("spooled calls written", calls=written)
            except (StoreError, OSError) as error:
                log.warning("spool not written", error=str(error))
            gevent.sleep(max(1.0, RECOVER_EVERY_S - (time.monotonic() - started)))
