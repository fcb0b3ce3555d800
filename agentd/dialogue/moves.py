"""The moves the engine can make in a call: small, named, each leaving the state coherent.

A `Moves` lives for one event. Decisions (`answers.py`, `hearing.py`, `engine.py`) call it; it
writes the state and collects the actions.
"""

from collections.abc import Iterable
from typing import Any

from agentd.dialogue import phrases, scoring
from agentd.dialogue.actions import (
    Action,
    Background,
    CancelTimer,
    Clip,
    Hangup,
    Listen,
    Record,
    Say,
    StartTimer,
    Stop,
    Transfer,
)
from agentd.dialogue.brain import Brain
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.events import Utterance
from agentd.dialogue.expectations import likely, likely_times
from agentd.dialogue.scenario import BYE, CONFIRM_TIME, HELLO, IS_LEADS, Step
from agentd.dialogue.state import CallState, Phase, Speech, Then
from agentd.dialogue.text import fill

# A Say that has not ended after this long is lost. French speech runs at about 14 characters a
# second; twice that, and room for synthesis, so that only a real loss is ever declared.
_WATCHDOG_S, _WATCHDOG_S_PER_CHAR = 10.0, 0.14
_GOODBYE_WATCHDOG_S = 20.0
# After this many false interruptions of one turn it is said to its end.
_MAX_RESUMES = 2
# The step name under which the ears are told that a moment to call back is expected.
CALLBACK = "Callback"


class Moves:
    """The moves of one call during one event.

    brain, state: of the call; now: milliseconds since the answer; actions: asked for so far.
    """

    def __init__(self, brain: Brain, state: CallState, now: int) -> None:
        self.brain = brain
        self.scenario = brain.scenario
        self.state = state
        self.now = now
        self.actions: list[Action] = []

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
            self.state.interruptions += 1
            self.actions.append(Stop(speech.say_id))
            self.start_timer("say", self.brain.timing.stop_s)

    def say_is_over(self, *, completed: bool = False) -> None:
        """The Say in the air has ended: record the agent's turn and forget the Say.

        The turn is `interrupted` when words of the prospect cut it short, not when the end of the
        call did.
        """
        speech = self.state.speech
        if speech is None:
            return
        self.cancel_timer("say")
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
            interruptible=resumed <= _MAX_RESUMES,
            offset_ms=offset,
            resumed=resumed,
        )
        if broken.then is Then.LISTEN:
            self.listen()
        return True

    def listen(self) -> None:
        """Tell the ears what is likely to come."""
        name = self.state.step
        if self.state.callback is not None:
            self.actions.append(Listen(CALLBACK, likely_times()))
        else:
            self.actions.append(Listen(name, likely(name, self.scenario.steps[name])))

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

    def wait(self) -> None:
        """The floor is the prospect's: wait for an answer, or for the end of one already begun."""
        self.cancel_timer("silence")
        self.cancel_timer("answer")
        if self.state.speaking:
            self.start_timer("answer", self.brain.timing.answer_timeout_s)
        else:
            self.start_timer("silence", self.brain.timing.silence_s)

    # --- facts

    def record(self, kind: str, **data: Any) -> None:
        """Commit a fact."""
        self.actions.append(Record(kind, data))

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

    # --- the rail

    @property
    def step(self) -> Step:
        """The step being held."""
        return self.scenario.steps[self.state.step]

    @property
    def turns_left(self) -> bool:
        """False once the step has had all its agent turns."""
        return self.state.turns < self.step.max_turns

    def question(self) -> tuple[Clip, ...]:
        """The question of the step being held, as it is asked again."""
        part = "question" if self.step.question.strip() else ""
        return (self.scenario.clip(self.state.step, part),)

    def turn(self, clips: Iterable[Clip], *, interruptible: bool = True) -> None:
        """One agent turn in the step being held."""
        state = self.state
        state.turns += 1
        state.last = tuple(clips)
        self.say(
            state.last,
            Then.LISTEN if self.step.wait else Then.NEXT,
            interruptible=interruptible and not self._must_be_heard(state.last),
        )
        if self.step.wait:
            self.listen()

    def _must_be_heard(self, clips: Iterable[Clip]) -> bool:
        """True when the clips hold the text of a step that may not be interrupted."""
        whole = self.scenario.clip(self.state.step).key
        return not self.step.interruptible and any(clip.key == whole for clip in clips)

    def enter(self, name: str, lead_in: Iterable[Clip] = ()) -> None:
        """Go to a step and ask it, in one Say with what is still owed (`lead_in`)."""
        state = self.state
        state.step, state.turns, state.rebutted = name, 0, False
        clips = [*lead_in, self.scenario.clip(name)]
        if name == HELLO and state.recorded:
            clips.append(self.scenario.own_clip("recording_notice") or phrases.phrase("recording"))
        clips.append(self.scenario.clip(name, "question"))
        self.turn(clip for clip in clips if clip.text.strip())

    def leave(self, outcome: str) -> None:
        """Write down how the step being held ended; scores a "affirm" of a determinant step."""
        state = self.state
        if not state.step or state.step in state.outcomes:
            return
        state.outcomes[state.step] = outcome
        self.record("step", name=state.step, outcome=outcome, turns=state.turns)
        affirmed = [name for name, how in state.outcomes.items() if how == "affirm"]
        earned = scoring.score(self.scenario.weights, affirmed)
        if earned != state.score:
            state.score = earned
            self.record("score", score=earned)

    def upcoming(self) -> str:
        """The step after the one just left: Bye when there is nothing more to ask."""
        state, scenario = self.state, self.scenario
        to_come = scenario.after(state.step)
        if state.step == IS_LEADS and state.score >= scenario.threshold:
            state.lead = True
        best = scoring.best_possible(scenario.weights, state.score, to_come)
        if scenario.stop_when_unreachable and best < scenario.threshold:
            return BYE
        if to_come[0] == CONFIRM_TIME and not state.lead:
            return BYE
        return to_come[0]

    def advance(self, outcome: str, lead_in: Iterable[Clip] = ()) -> None:
        """Leave the step with `outcome` and go on along the rail."""
        self.leave(outcome)
        following = self.upcoming()
        if following == BYE:
            self.finish((*lead_in, *self._parting(outcome)))
        else:
            self.enter(following, lead_in)

    def _parting(self, outcome: str) -> tuple[Clip, ...]:
        """What leads to Bye when the rail ends early; nothing when it ends with a lead."""
        if self.state.lead:
            return ()
        return (phrases.phrase("understood" if outcome == "deny" else "no_longer"),)

    # --- recorded answers

    def entry_clip(self, entry_id: str, response: str) -> Clip:
        """The recorded response of an objection or FAQ entry."""
        return Clip(f"objections/{entry_id}", response)

    def way_back(self, after: str) -> Clip:
        """A closed question back to the rail, varied over the call."""
        picked = self.brain.returns.pick(self.state.seed, self.state.returns, after)
        self.state.returns.append(picked.id)
        return Clip(f"rail_returns/{picked.id}", picked.text)

    # --- endings

    def finish(self, lead_in: Iterable[Clip] = (), reason: str = "") -> None:
        """End by the score: LEAD or NOT_INTERESTED, with the scenario's own Bye."""
        won = self.state.lead or self.state.score >= self.scenario.threshold
        self.goodbye(
            Disposition.LEAD if won else Disposition.NOT_INTERESTED,
            (*lead_in, self.scenario.clip(BYE)),
            reason=reason,
            outcome="unscored",
        )

    def goodbye(
        self, disposition: Disposition, clips: Iterable[Clip], *, outcome: str, reason: str = ""
    ) -> None:
        """Commit the disposition, then say goodbye and hang up once it has been heard.

        outcome: of the step being held, when it has none yet.
        """
        state = self.state
        clips = tuple(clips)
        self.silence_ourselves()
        self.leave(outcome)
        self.dispose(disposition, reason)
        for kind in ("silence", "answer", "call", "transfer"):
            self.cancel_timer(kind)
        state.phase = Phase.CLOSING
        state.callback = None
        if any(clip.key == self.scenario.clip(BYE).key for clip in clips):
            state.step, state.turns = BYE, 1
        self.say(clips, Then.HANGUP, interruptible=False)

    def hang_up(self) -> None:
        """End the call: nothing but Record follows."""
        for kind in list(self.state.timers):
            self.cancel_timer(kind)
        self.state.phase = Phase.OVER
        self.actions.append(Hangup())

    def hand_over(self) -> None:
        """Ask the switch to transfer; its answer is a TransferDone, or a timer."""
        target = self.scenario.transfer
        assert target is not None, "a transfer is only announced when the scenario has one"
        self.state.phase = Phase.TRANSFERRING
        if self.scenario.background:
            # The ambience is ours: the person who takes the call must not sit in it.
            self.actions.append(Background(""))
        self.actions.append(Transfer(target.target))
        self.start_timer("transfer", self.brain.timing.transfer_s)
