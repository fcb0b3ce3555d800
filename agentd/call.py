"""One call: inbox -> engine -> executor. The only place where the rooms meet.

Everything that happens to the call (the switch's events, what the ears hear, timers) is put in
one bounded inbox and handled one at a time; every action of the engine is performed here.
Nothing that goes wrong inside leaves `run`: the call ends politely, FAILED, with its cause.
"""

import re
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import gevent
from gevent.queue import Empty, Full, Queue

from agentd.call_recording import CallRecording
from agentd.dialogue import actions as act
from agentd.dialogue import engine
from agentd.dialogue import events as ev
from agentd.dialogue.scenario import Scenario
from agentd.dialogue.state import CallState
from agentd.errors import AgentdError, SwitchError, explained, is_expected
from agentd.improviser import Asks, model_of
from agentd.ledger import Ledger
from agentd.mouth import Mouth
from agentd.observe import logs
from agentd.observe.stopwatch import Stopwatch
from agentd.speech import amd, bargein
from agentd.speech.ears import Ears
from agentd.speech.frames import FRAME_MS, Pace
from agentd.switch.leg import Leg

if TYPE_CHECKING:
    from agentd.server import House

log = logs.get("call")

INBOX = 2_000  # events; a call that has this many waiting is broken, and is ended
MOST_DEAF = 2  # turns in a row that no recogniser looked at, before the call is given up
COLUMN = "agentd_contact_"
HOME_ZONE = "Europe/Paris"
# A call's id names its spool file and is put in the fork's metadata.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")


class Call:
    """Holds one answered leg from its first sound to its disposition."""

    def __init__(self, leg: Leg, house: "House") -> None:
        asked = leg.variables.get("agentd_call_id", "")
        self.id = asked if _ID.fullmatch(asked) else leg.uuid
        self._leg = leg
        self._house = house
        self._settings = house.settings
        self._inbox: Queue[ev.Event] = Queue(maxsize=INBOX)
        self._born = time.monotonic()
        self._ledger = Ledger(house.repo, self.id, house.spool)
        self._timers: dict[str, gevent.Greenlet] = {}
        self._mouth: Mouth | None = None
        self._asks: Asks | None = None
        self._token = secrets.token_urlsafe(24)
        self._ears: Ears | None = None
        self._pace = Pace()
        self._faults = 0
        self._deaf = self._unheard = 0
        self._journal_lost = False
        self._following = False
        self._ended = False
        self._hung_up: ev.HungUp | None = None
        self._state = engine.new_state()
        self._recording: CallRecording | None = None
        self._answered: datetime | None = None  # when another agentd has answered it
        self._disposition = ""
        self._clock = Stopwatch(house.metrics)
        self._log = log.bind(call=self.id)
        if asked and asked != self.id:
            self._log.warning("agentd_call_id cannot be an id, the channel's is used instead")

    # -- life -------------------------------------------------------------------------------

    def run(self) -> None:
        """Hold the call until the channel is gone. Never raises."""
        try:
            self._live()
        except Exception as error:  # noqa: BLE001 - the top of a call: see the module's promise
            self._log.error("call broke", error=explained(error), exc_info=not is_expected(error))
            self._last_words(explained(error))
        finally:
            self._clean()

    def post(self, event: ev.Event) -> None:
        """Put an event in the inbox, from any greenlet of this process."""
        if isinstance(event, ev.HungUp):
            self._hung_up = self._hung_up or event  # also when there is no room for it
        try:
            self._inbox.put_nowait(event)
        except Full:
            self._log.error("inbox full, ending the call")
            self._leg.hangup("NORMAL_TEMPORARY_FAILURE")

    def drain(self) -> None:
        """The server stops and cannot wait longer: say goodbye."""
        self.post(ev.DrainRequested())

    def abandon(self) -> None:
        """The server stops, and the goodbye has taken too long: hang up now."""
        self.post(ev.Fault("drain", speakable=False))

    @property
    def now_ms(self) -> int:
        """Milliseconds since the call was answered."""
        return int((time.monotonic() - self._born) * 1000)

    @property
    def phase(self) -> str:
        """Of its conversation."""
        return self._state.phase.value

    @property
    def waiting(self) -> int:
        """Events in its inbox."""
        return int(self._inbox.qsize())

    def _live(self) -> None:
        variables = self._leg.variables
        asked = variables.get("agentd_scenario", "")
        contact = {
            name.removeprefix(COLUMN): value
            for name, value in variables.items()
            if name.startswith(COLUMN)
        }
        zone = _zone(variables.get("agentd_zone", ""))
        answered = datetime.now(UTC).astimezone(zone)
        try:
            scenario, brain = self._look_up(asked)
            library = self._house.library(scenario.voice)
        except Exception:
            # An answered call that cannot be held is kept too: it ends FAILED, with its cause.
            self._start(asked, 0, contact, answered)
            raise
        known = (scenario.name, scenario.version, contact, answered)
        opening: ev.Event = ev.Answered(
            contact=contact,
            when=answered.isoformat(timespec="seconds"),
            seed=secrets.randbelow(1_000_000),
            recorded=self._settings.call.record,
            zone=zone.key,
            **(model_of(self._settings) if self._house.improviser is not None else {}),
        )
        if not self._start(*known):
            opening = self._known_already(known) or opening
            answered = self._answered or answered
        self._recording = CallRecording(
            self._leg, self._settings.path("recordings"), self.id, answered
        )
        self._ears = Ears(
            self.post,
            self._house.recogniser,
            self._house.workers,
            self._settings.speech,
            vocabulary=brain.vocabulary,
            watcher=self._house.metrics,
            amd=self._amd(opening, scenario),
            barge=bargein.Tuning(hesitate=self._settings.bargein.hold),
        )
        self._mouth = Mouth(self._leg, self._house, library, self.post, self._clock, self._log)
        self._asks = Asks(self._house.improviser, scenario, self.post)
        self.post(opening)
        self._follow_leg()  # after it: a key pressed meanwhile must find an open call
        self._leg.start_fork(
            self._house.audio.expect(self._token, self._hear, lambda _: self._pace.anew()),
            metadata=self.id,
        )
        self._log.info("call answered", scenario=scenario.name)
        self._talk(brain)

    def _amd(self, opening: ev.Event, scenario: Scenario) -> amd.Detector | None:
        """Who has picked up is judged, unless another agentd has spoken with them already."""
        chosen = self._settings.amd
        wanted = chosen.enabled if scenario.amd is None else scenario.amd
        if not wanted or not isinstance(opening, ev.Answered):
            return None
        return amd.Detector(
            amd.Tuning(window_ms=round(chosen.window_s * 1000), long_ms=chosen.long_greeting_ms)
        )

    def _look_up(self, asked: str) -> tuple[Scenario, engine.Brain]:
        """What the call is about. On a thread: after an edit, a matcher takes a second to make."""

        def look() -> tuple[Scenario, engine.Brain] | Exception:
            try:
                scenario = self._house.catalog.scenario(asked)
                return scenario, self._house.catalog.brain(scenario)
            except Exception as error:  # noqa: BLE001 - gevent would print it, so it is handed over
                return error

        found: tuple[Scenario, engine.Brain] | Exception = gevent.get_hub().threadpool.apply(look)
        if isinstance(found, Exception):
            raise found
        return found

    def _follow_leg(self) -> None:
        if not self._following:
            self._following = True
            self._leg.on_event(self.post)

    def _known_already(self, known: tuple[str, int, dict[str, str], datetime]) -> ev.Resumed | None:
        """The store knows a call of this id: ours to go on with, or another that used it up."""
        held = self._ledger.take_over(self._leg.uuid, self._house.instance)
        if held is None:
            self._log.warning("agentd_call_id is another call's, the channel's is used instead")
            self.id = self._leg.uuid
            self._log = log.bind(call=self.id)
            self._ledger = Ledger(self._house.repo, self.id, self._house.spool)
            self._start(*known)
            return None
        since = (known[3] - held.answered_at).total_seconds() if held.answered_at else 0.0
        self._answered = held.answered_at
        # Two machines' clocks may differ; the call's own does not go back.
        self._born = time.monotonic() - max(since, held.at_ms / 1000)
        self._leg.take_over()
        self._house.metrics.taken_over()
        self._log.warning("call taken over from an agentd that died", at_ms=self.now_ms)
        return ev.Resumed(held.memory) if held.memory else None

    def _start(self, name: str, version: int, contact: dict[str, str], answered: datetime) -> bool:
        return self._ledger.start(
            scenario=name,
            version=version,
            phone=self._leg.variables.get("agentd_phone") or self._leg.dialled,
            contact=contact,
            answered_at=answered,
            instance=self._house.instance,
            channel=self._leg.uuid,
        )

    def _talk(self, brain: engine.Brain) -> None:
        state = self._state
        while not self._ended:
            event = self._next_event()
            now_ms = self.now_ms
            self._clock.happened(event, now_ms)
            self._follow(event)
            self._journal(now_ms, "event", ev.encode(event))
            with self._clock.stage("decision"):
                actions = engine.handle(brain, state, event, now_ms)
            for action in actions:
                self._journal(now_ms, "action", act.encode(action))
            self._ended = isinstance(event, ev.HungUp)
            self._perform_all(actions, state, now_ms)

    def _perform_all(self, actions: list[act.Action], state: CallState, now_ms: int) -> None:
        """In order; but all that is to be recorded is committed at once, where its first stands."""
        records = [action for action in actions if isinstance(action, act.Record)]
        kept = False
        for action in actions:
            if not isinstance(action, act.Record):
                self._perform_safely(action)
            elif not kept:
                kept = True
                self._keep_safely(records, engine.dump(state).decode(), now_ms)
        # After what was said: nobody waits for it.
        if not kept and not self._ended and any(isinstance(a, act.Say) for a in actions):
            self._remember(engine.dump(state).decode(), now_ms)

    def _next_event(self) -> ev.Event:
        """The inbox's next; its last is HungUp, whatever happened to the one that was posted."""
        while True:
            try:
                event: ev.Event = self._inbox.get(timeout=1.0)
                return event
            except Empty:
                if self._hung_up is not None:
                    return self._hung_up

    def _last_words(self, reason: str) -> None:
        """The engine is out of reach: say why in the store, and hang up."""
        try:
            if not self._disposition:
                failed = {"disposition": "FAILED", "reason": reason[:500]}
                self._ledger.fact("disposition", failed, self.now_ms)
        except Exception as error:  # noqa: BLE001 - the call must be hung up all the same
            self._log.error("last words failed", error=str(error))
        self._follow_leg()  # for the cause it ends with
        self._leg.hangup("NORMAL_TEMPORARY_FAILURE")

    def _clean(self) -> None:
        self._ended = True
        for greenlet in self._timers.values():
            greenlet.kill(block=False)
        self._house.audio.forget(self._token)
        for part in (self._asks, self._mouth, self._ears, self._leg):
            try:
                if part is not None:
                    part.close()
            except Exception as error:  # noqa: BLE001 - closing the rest matters more
                self._log.error("closing failed", error=str(error))
        cause = self._hung_up.cause if self._hung_up is not None else "UNKNOWN"
        try:
            recorded = self._recording.finish() if self._recording is not None else None
            self._ledger.finish(datetime.now(UTC), cause, recorded)
        except Exception as error:  # noqa: BLE001 - the top of a call
            self._log.error("call not finished in the store", error=str(error))
            if isinstance(error, OSError):  # there may be room again later
                self._house.unwritten.append(self._ledger)
        self._house.metrics.ended(self._disposition or "FAILED", cause, self.now_ms / 1000)
        if self._ears is not None:
            self._house.metrics.heard(self._ears.audio_ms // FRAME_MS, self._pace.late)
        self._log.info("call ended", cause=cause, ms=self.now_ms)

    # -- events -----------------------------------------------------------------------------

    def _hear(self, pcm: bytes) -> None:
        """Audio of the prospect, from the fork's greenlet."""
        ears = self._ears
        if ears is None or self._ended:
            return
        now_ms = self.now_ms
        self._leg.audio_came()
        if ears.audio_ms == 0:
            ears.base_ms = max(0, now_ms - len(pcm) // 32)
        ears.feed(pcm)
        self._pace.came(now_ms, ears.audio_ms)

    def _follow(self, event: ev.Event) -> None:
        """Tell the ears when we speak: what they judge depends on it. Notice when they fail."""
        if self._ears is None or self._mouth is None:
            return
        match event:
            case ev.SayStarted(say_id=say_id) if say_id in self._mouth.says:
                self._ears.agent_speaking(say_id, self._mouth.says[say_id].interruptible)
            case ev.SayDone(say_id=say_id) | ev.SayFailed(say_id=say_id):
                if self._mouth.over(say_id):
                    self._ears.agent_silent()
            case ev.Beep():
                self._ears.beep()
            case ev.Amd(verdict=verdict):
                self._house.metrics.picked_up(verdict)
            case ev.Utterance():
                self._notice_deafness(self._ears.unheard)

    def _notice_deafness(self, unheard: int) -> None:
        """Turns nobody could look at (threads that hang, too much work) are no silence of the
        prospect's: they may have held anything, an opt-out too."""
        self._deaf = self._deaf + 1 if unheard > self._unheard else 0
        self._unheard = unheard
        if self._deaf == MOST_DEAF:
            self.post(ev.Fault(f"{MOST_DEAF} turns in a row could not be recognised"))

    def _journal(self, at_ms: int, direction: str, text: str) -> None:
        if not self._settings.call.journal or self._journal_lost:
            return
        try:
            self._ledger.journal(at_ms, direction, text)
        except (AgentdError, OSError) as error:
            # A call is worth more than its journal, and a journal with a hole is worth nothing.
            self._journal_lost = True
            self._log.error("journal lost", error=str(error))

    def _remember(self, memory: str, at_ms: int) -> None:
        """Should this process die now, another can go on from here."""
        try:
            self._ledger.remember(memory, at_ms)
        except Exception as error:  # noqa: BLE001 - a call is worth more than its memory
            self._log.error("call not remembered", error=explained(error))

    # -- actions ----------------------------------------------------------------------------

    def _perform_safely(self, action: act.Action) -> None:
        try:
            self._perform(action)
        except SwitchError as error:
            # The channel or its socket: the leg reports the end itself, nothing can be said.
            self._log.warning("action failed", action=type(action).__name__, error=str(error))
            if isinstance(action, act.Say):
                self.post(ev.SayFailed(action.say_id, str(error)))
            elif isinstance(action, act.Transfer):
                self.post(ev.TransferDone(ok=False, reason=str(error)))
        except Exception as error:  # noqa: BLE001 - whatever broke, the call ends politely
            if isinstance(action, act.Say):
                self._log_failed("Say", error)
                self.post(ev.SayFailed(action.say_id, explained(error)))
            else:
                self._broke(type(action).__name__, error)

    def _log_failed(self, action: str, error: Exception) -> None:
        said, trace = explained(error), not is_expected(error)
        self._log.error("action failed", action=action, error=said, exc_info=trace)

    def _broke(self, action: str, error: Exception) -> None:
        self._log_failed(action, error)
        self._faults += 1
        self.post(ev.Fault(explained(error), speakable=self._faults == 1))

    def _keep_safely(self, records: list[act.Record], memory: str, now_ms: int) -> None:
        try:
            with self._clock.stage("store"):
                self._ledger.remember(memory, now_ms, [(r.kind, r.data) for r in records])
            for record in records:
                if record.kind == "disposition":
                    self._disposition = str(record.data["disposition"])
                elif record.kind == "retraction" and record.data["disposition"]:
                    self._disposition = ""
        except Exception as error:  # noqa: BLE001 - whatever broke, the call ends politely
            self._broke("Record", error)

    def _perform(self, action: act.Action) -> None:
        assert self._mouth is not None, "made before the first event"
        assert self._asks is not None, "made beside it"
        match action:
            case act.Say():
                self._mouth.say(action)
            case act.Stop(say_id=say_id):
                self._mouth.stop(say_id)
            case act.Pause(say_id=say_id):
                self._mouth.hold(say_id)
            case act.Resume(say_id=say_id):
                self._mouth.resume(say_id)
            case act.Prepare(clips=clips):
                self._mouth.prepare(clips)
            case act.AskFreestyle() | act.AskIntent():
                self._asks.ask(action)
            case act.CancelAsk(ask_id=ask_id):
                self._asks.cancel(ask_id)
            case act.AskEnded():
                self._asks.over(action)
            case act.Listen(step=step, phrases=phrases):
                if self._ears is not None:
                    self._ears.listen(step, phrases)
            case act.StartTimer(timer_id=timer_id, seconds=seconds):
                self._cancel(timer_id)
                self._timers[timer_id] = gevent.spawn_later(seconds, self._fire, timer_id)
            case act.CancelTimer(timer_id=timer_id):
                self._cancel(timer_id)
            case act.Background(file=file):
                self._background(file)
            case act.StartRecording() if self._recording is not None:
                self._recording.start()
            case act.StopRecording(erase=erase) if self._recording is not None:
                self._recording.stop(erase=erase)
            case act.Transfer(target=target):
                self._leg.transfer(target)
            case act.Hangup(cause=cause):
                self._leg.hangup(cause)
            case _:
                raise AgentdError(f"unknown action {type(action).__name__}")

    def _fire(self, timer_id: str) -> None:
        self._timers.pop(timer_id, None)
        self.post(ev.TimerFired(timer_id))

    def _cancel(self, timer_id: str) -> None:
        timer = self._timers.pop(timer_id, None)
        if timer is not None:
            timer.kill(block=False)

    def _background(self, file: str) -> None:
        if not file:
            self._leg.stop_background()
            return
        path = self._house.background(file)
        if path is None:
            self._log.warning("background missing, going on without", file=file)
        else:
            self._leg.start_background(path)


def _zone(name: str) -> ZoneInfo:
    """The callee's zone by its IANA name; without one, or with one nobody knows, Paris."""
    try:
        return ZoneInfo(name or HOME_ZONE)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo(HOME_ZONE)
