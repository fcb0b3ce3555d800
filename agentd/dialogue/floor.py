"""Speaking, listening, waiting and writing down: what every move of the engine is made of."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentd.dialogue.actions import (
    Action,
    AskEnded,
    AskFreestyle,
    AskIntent,
    CancelAsk,
    CancelTimer,
    Clip,
    Listen,
    Pause,
    Record,
    Resume,
    Say,
    StartTimer,
    Stop,
)
from agentd.dialogue.brain import Brain
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.events import Utterance
from agentd.dialogue.expectations import likely, likely_times, likely_yes_no
from agentd.dialogue.phrases import live, phrase
from agentd.dialogue.state import Ask, CallState, Speech, Then
from agentd.dialogue.text import fill

# A Say that has not ended after this long is lost. French speech runs at about 14 characters a
# second; twice that, and room for synthesis, so that only a real loss is ever declared.
_WATCHDOG_S, _WATCHDOG_S_PER_CHAR = 10.0, 0.14
_GOODBYE_WATCHDOG_S = 20.0
# After this many false interruptions of one turn it is said to its end.
_MAX_RESUMES = 2
# What the language model is told of the call so far: turns, and characters of each.
_TALK, _TALK_CHARS = 6, 300
_START_S = 0.15  # from our decision to speak to the first sound of a recording
_LEAST_CALL_S = 30.0  # left of a call's time, so that a goodbye can be heard
_LEAST_ASK_S = 0.5  # to answer in, however late the utterance was understood
# The step name under which the ears are told that a moment to call back is expected.
CALLBACK = "Callback"
DOUBT = "OptOut"  # and that we have asked whether we are to stop calling


class Floor:
    """Speaking, waiting and writing down, for one call during one event.

    brain, state: of the call; now: milliseconds since the answer; actions: asked for so far.
    """

    def __init__(self, brain: Brain, state: CallState, now: int) -> None:
        self.brain = brain
        self.scenario = brain.scenario
        self.state = state
        self.now = now
        self.actions: list[Action] = []

    # --- words and time

    def phrase(self, name: str) -> Clip:
        """The engine's sentence `name`, as the scenario's profile says it."""
        return phrase(name, self.scenario.personality)

    def live(self, name: str, moment: str) -> Clip:
        """A sentence that repeats a moment, as the scenario's profile says it."""
        return live(name, moment, self.scenario.personality)

    def clock(self) -> datetime | None:
        """The wall time now, aware, in the callee's zone; None when the call has not said when."""
        state = self.state
        try:
            answered = datetime.fromisoformat(state.when)
            zone = ZoneInfo(state.zone) if state.zone else answered.tzinfo
            if zone is None:
                return None
            now = answered.astimezone(UTC) + timedelta(milliseconds=self.now)
            return now.astimezone(zone)
        except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
            return None  # what came from outside is never worth a call

    # --- speaking

    def say(
        self,
        clips: Iterable[Clip],
        then: Then,
        *,
        interruptible: bool,
        offset_ms: int = 0,
        resumed: int = 0,
    ) -> None:
        """Start a Say; one already in the air is stopped first. Empty clips are dropped."""
        self.silence_ourselves()
        self.cancel_timer("silence")
        self.cancel_timer("answer")
        if then is not Then.MORE:
            self.cancel_ask()
        state = self.state
        state.says += 1
        columns = self.scenario.columns(state.contact)
        filled = tuple(Clip(clip.key, text) for clip in clips if (text := fill(clip.text, columns)))
        say_id = f"s{state.says}"
        state.speech = Speech(say_id, filled, then, interruptible, offset_ms, resumed=resumed)
        state.broken = None
        state.heard = []
        self.actions.append(Say(say_id, filled, interruptible, offset_ms))
        length = sum(len(clip.text) for clip in filled)
        limit = _WATCHDOG_S + length * _WATCHDOG_S_PER_CHAR
        if then is Then.HANGUP:
            limit = max(limit, _GOODBYE_WATCHDOG_S)
        self.start_timer("say", round(limit, 1))

    def silence_ourselves(self) -> None:
        """Stop the Say in the air, if any, and write down what it was."""
        speech = self.state.speech
        if speech is None:
            return
        if not speech.stopped:
            self.actions.append(Stop(speech.say_id))
        self.say_is_over()

    def interrupted(self) -> None:
        """The prospect's words stop the Say in the air; its end is still to come."""
        speech = self.state.speech
        if speech is not None and not speech.stopped:
            speech.stopped = True
            self.cancel_timer("hold")
            self.state.interruptions += 1
            self.actions.append(Stop(speech.say_id))
            self.start_timer("say", self.brain.timing.stop_s)

    def drop(self) -> None:
        """The prospect goes on before the Say was heard: it is not begun."""
        speech = self.state.speech
        if speech is not None and not speech.stopped:
            speech.stopped = True
            self.cancel_timer("hold")
            self.actions.append(Stop(speech.say_id))
            self.start_timer("say", self.brain.timing.stop_s)

    def hold(self) -> None:
        """Somebody speaks: the Say in the air waits until it is known what that is."""
        speech = self.state.speech
        if speech is None or speech.held or speech.stopped or not speech.interruptible:
            return
        speech.held = True
        self.actions.append(Pause(speech.say_id))
        self.start_timer("hold", self.brain.timing.hold_s)

    def go_on(self) -> None:
        """It was nothing: the Say in the air goes on where it was held."""
        speech = self.state.speech
        if speech is None or not speech.held:
            return
        speech.held = False
        self.cancel_timer("hold")
        if not speech.stopped:
            self.actions.append(Resume(speech.say_id))

    def say_is_over(self, *, completed: bool = False) -> None:
        """The Say in the air has ended: record the agent's turn and forget the Say.

        The turn is `interrupted` when words of the prospect cut it short, not when the end of the
        call did.
        """
        speech = self.state.speech
        if speech is None:
            return
        self.cancel_timer("say")
        self.cancel_timer("hold")
        self.state.speech = None
        self.state.floor_ms = self.now
        if speech.started_ms is not None:
            self.record(
                "turn",
                who="agent",
                text=" ".join(clip.text for clip in speech.clips),
                start_ms=speech.started_ms,
                end_ms=self.now,
                interrupted=speech.stopped and not completed,
                intent="",
                objection=None,
            )

    def resume(self) -> bool:
        """Go on with a Say that a false interruption stopped; False when there is none."""
        broken = self.state.broken
        if broken is None:
            return False
        offset = max(0, broken.heard_ms - self.brain.timing.rewind_ms)
        resumed = broken.resumed + 1
        self.say(
            broken.clips,
            broken.then,
            interruptible=broken.interruptible and resumed <= _MAX_RESUMES,
            offset_ms=offset,
            resumed=resumed,
        )
        if broken.then is Then.LISTEN:
            self.listen()
        return True

    def listen(self) -> None:
        """Tell the ears what is likely to come."""
        name = self.state.step
        recorded = self.state.recorded and self.state.recording != "refused"
        if self.state.doubt:
            self.actions.append(Listen(DOUBT, likely_yes_no()))
        elif self.state.callback is not None:
            self.actions.append(Listen(CALLBACK, likely_times()))
        else:
            self.actions.append(
                Listen(name, likely(name, self.scenario.steps[name], recorded=recorded))
            )

    # --- the language model

    def ask_model(
        self, kind: Literal["freestyle", "intent"], text: str, intent: str, heard_ms: int
    ) -> None:
        """Ask it about an utterance that ended at `heard_ms`; it has until the deadline."""
        self.cancel_ask()
        state, timing = self.state, self.brain.timing
        state.asks += 1
        since = max(0.0, (self.now - heard_ms) / 1000)
        within = round(max(_LEAST_ASK_S, timing.freestyle_s - _START_S - since), 2)
        ask = Ask(f"m{state.asks}", kind, text, intent, heard_ms)
        state.asked, state.broken = ask, None
        talk = state.talk[:-1] if state.talk and state.talk[-1][0] == "prospect" else state.talk
        question = self._question()
        if kind == "intent":
            self.actions.append(AskIntent(ask.ask_id, text, question, within))
        else:
            asked = AskFreestyle(ask.ask_id, text, question, tuple(talk), within)
            self.actions.append(asked)
            if 0 < timing.filler_s < timing.freestyle_s:
                self.start_timer("filler", round(max(0.05, timing.filler_s - since), 2))
        self.start_timer("ask", within)

    def cancel_ask(self) -> None:
        """What the model was asked is of no use any more."""
        asked, self.state.asked = self.state.asked, None
        self.cancel_timer("ask")
        self.cancel_timer("filler")
        if asked is None:
            return
        if not asked.over:
            self.actions.append(CancelAsk(asked.ask_id))
        after_ms = max(0, (asked.ended_ms or self.now) - asked.heard_ms)
        outcome = asked.outcome or "given up"
        self.actions.append(AskEnded(asked.ask_id, asked.kind, outcome, asked.detail, after_ms))

    def ask_became(self, outcome: str, detail: str = "") -> None:
        """What has become of what the model was asked; what is known first stays."""
        asked = self.state.asked
        if asked is not None and not asked.outcome:
            asked.outcome, asked.detail, asked.ended_ms = outcome, detail, self.now

    def _question(self) -> str:
        """What we had asked when the prospect spoke."""
        name = self.state.step
        if name not in self.scenario.steps:
            return ""
        step = self.scenario.steps[name]
        return fill(step.question or step.text, self.scenario.columns(self.state.contact))

    # --- timers

    def start_timer(self, kind: str, seconds: float) -> None:
        """Start the timer of a kind, replacing the live one."""
        self.cancel_timer(kind)
        self.state.timers_started += 1
        timer_id = f"{kind}-{self.state.timers_started}"
        self.state.timers[kind] = timer_id
        self.actions.append(StartTimer(timer_id, seconds))

    def cancel_timer(self, kind: str) -> None:
        """Cancel the live timer of a kind, if any."""
        timer_id = self.state.timers.pop(kind, None)
        if timer_id is not None:
            self.actions.append(CancelTimer(timer_id))

    def limit_call(self) -> None:
        """Start the timer of the whole call with what is left of its time."""
        left = self.brain.timing.max_call_s - self.now / 1000
        self.start_timer("call", round(max(_LEAST_CALL_S, left), 1))

    def wait(self) -> None:
        """The floor is the prospect's: wait for an answer, or for the end of one already begun."""
        self.cancel_timer("silence")
        self.cancel_timer("answer")
        if self.state.speaking:
            self.start_timer("answer", self.brain.timing.answer_timeout_s)
        else:
            timing = self.brain.timing
            patience = timing.screening_s if self.state.screening else timing.silence_s
            self.start_timer("silence", patience)

    # --- facts

    def record(self, kind: str, **data: Any) -> None:
        """Commit a fact."""
        self.actions.append(Record(kind, data))
        if kind == "callback" and self.state.acted is not None:
            self.state.acted.callback = True
        if kind == "turn" and data["text"].strip():
            self.state.talk.append((data["who"], data["text"][:_TALK_CHARS]))
            del self.state.talk[:-_TALK]

    def record_prospect(self, heard: Utterance, intent: str, objection: str | None = None) -> None:
        """Commit what the prospect said, before anything is answered."""
        self.record(
            "turn",
            who="prospect",
            text=heard.text,
            start_ms=heard.start_ms,
            end_ms=heard.end_ms,
            interrupted=False,
            intent=intent,
            objection=objection,
        )

    def suppress(self, reason: str, text: str) -> None:
        """Never call this person again; committed once a call."""
        if not self.state.suppressed:
            self.state.suppressed = True
            self.record("suppression", reason=reason, text=text)

    def dispose(self, disposition: Disposition, reason: str = "") -> None:
        """Commit how the call ends; only the first one counts, and an opt-out is never outdone."""
        if not self.state.disposition:
            disposition = Disposition.OPT_OUT if self.state.suppressed else disposition
            self.state.disposition = disposition
            self.record(
                "disposition", disposition=disposition, score=self.state.score, reason=reason
            )
