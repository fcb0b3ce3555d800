"""The moves the engine can make in a call: small, named, each leaving the state coherent.

A `Moves` lives for one event. Decisions (`answers.py`, `hearing.py`, `engine.py`) call it; it
writes the state and collects the actions.
"""

from collections.abc import Iterable

from agentd.dialogue import phrases, recording, scoring
from agentd.dialogue.actions import Background, Clip, Hangup, Transfer
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.floor import Floor
from agentd.dialogue.personalities import personality
from agentd.dialogue.scenario import BYE, CONFIRM_TIME, HELLO, IS_LEADS, Step
from agentd.dialogue.state import Phase, Then


class Moves(Floor):
    """Along the rail and off it. `actions` is what has been asked for so far."""

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
            clips.append(self.scenario.own_clip("recording_notice") or self.phrase("recording"))
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
        best = scoring.best_possible(scenario.weights, state.score, to_come)
        if scenario.stop_when_unreachable and best < scenario.threshold:
            return BYE
        if to_come[0] == CONFIRM_TIME and not state.lead:
            return BYE
        return to_come[0]

    def advance(self, outcome: str, lead_in: Iterable[Clip] = ()) -> None:
        """Leave the step with `outcome` and go on along the rail."""
        self.leave(outcome)
        if self.state.step == IS_LEADS and self.state.score >= self.scenario.threshold:
            self.state.lead = True
            if self.scenario.objective == "transfer" and not self.state.offered:
                # The lead is what is handed over; should nobody take it, the rail goes on.
                self.state.offered = True
                self.announce_transfer(lead_in)
                return
        following = self.upcoming()
        if following == BYE:
            self.finish((*lead_in, *self._parting(outcome)))
        else:
            self.enter(following, (*lead_in, *self._acknowledged(outcome, following, lead_in)))

    def _acknowledged(
        self, outcome: str, following: str, lead_in: Iterable[Clip]
    ) -> tuple[Clip, ...]:
        """The profile's word for a yes, before a question; other steps have their own."""
        if outcome != "affirm" or following == CONFIRM_TIME or tuple(lead_in):
            return ()
        said = phrases.acknowledgement(len(self.state.outcomes), self.scenario.personality)
        return (said,) if said is not None else ()

    def _parting(self, outcome: str) -> tuple[Clip, ...]:
        """What leads to Bye when the rail ends early; nothing when it ends with a lead."""
        if self.state.lead:
            return ()
        return (self.phrase("understood" if outcome == "deny" else "no_longer"),)

    # --- recorded answers

    def entry_clip(self, entry_id: str, response: str) -> Clip:
        """The recorded response of an objection or FAQ entry."""
        return Clip(f"objections/{entry_id}", response)

    def way_back(self, after: str) -> Clip:
        """A closed question back to the rail, varied over the call."""
        preferred = personality(self.scenario.personality).returns
        picked = self.brain.returns.pick(self.state.seed, self.state.returns, after, preferred)
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
        self.cancel_ask()
        for kind in list(self.state.timers):
            self.cancel_timer(kind)
        self.state.phase = Phase.OVER
        self.actions.append(Hangup())

    def announce_transfer(self, lead_in: Iterable[Clip] = ()) -> None:
        """Say that a person takes over, then hand the call over."""
        line = self.scenario.own_clip("transfer") or self.phrase("transfer")
        self.say([*lead_in, line], Then.TRANSFER, interruptible=False)

    def hand_over(self) -> None:
        """Ask the switch to transfer; its answer is a TransferDone, or a timer."""
        target = self.scenario.transfer
        assert target is not None, "a transfer is only announced when the scenario has one"
        self.state.phase = Phase.TRANSFERRING
        if self.scenario.background:
            # The ambience is ours: the person who takes the call must not sit in it.
            self.actions.append(Background(""))
        recording.hand_over(self)
        self.actions.append(Transfer(target.target))
        self.start_timer("transfer", self.brain.timing.transfer_s)
