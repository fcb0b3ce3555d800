"""How a prospect behaves, 20 ms at a time. Pure.

It listens to the agent's voice, not to events: an item of the persona is used each time the agent
has spoken and then been silent for a while. Once something was said, the agent must speak again
before the next item.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from agentd.simulator.persona import Turn
from agentd.simulator.playing import LOUD, SILENT, TICK, TICK_MS, Samples

BREATH_MS = 350  # a shorter gap in the agent's speech is a breath, not its end
AFTER_S = 0.5
AT_S = 0.8
DIGIT_EVERY_MS = 200


@dataclass(frozen=True)
class Spoken:
    """Something the prospect said: a turn's kind, or "greeting"; where it is in the recording."""

    kind: str
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Act:
    """20 ms of the prospect: its sound, and the key it presses or the hook it hangs up."""

    sound: Samples
    digit: str = ""
    hangup: bool = False


_NOTHING = Act(SILENT)


def are_loud(prompts: Samples) -> list[bool]:
    """Of frames of the agent's voice, shape (frames, samples): which hold sound?"""
    loud = (prompts.max(axis=1) > LOUD) | (prompts.min(axis=1) < -LOUD)
    return list(loud.tolist())


@dataclass
class _Listening:
    """What the prospect knows of the agent's speech. Times are ms since the answer."""

    speaking: bool = False
    began_ms: int = -1
    last_ms: int = -1  # end of its last sound
    ended: bool = False  # an utterance was finished and nothing was made of it yet
    quiet_ms: int = 0

    def hear(self, now_ms: int, loud: bool, ahead: bool) -> None:
        if loud:
            if not self.speaking:
                self.speaking, self.began_ms, self.ended = True, now_ms, False
            self.last_ms, self.quiet_ms = now_ms + TICK_MS, 0
            return
        self.quiet_ms += TICK_MS
        # A pause in a sentence that goes on is no end of it: the melody says so.
        if self.speaking and self.quiet_ms >= BREATH_MS and not ahead:
            self.speaking, self.ended = False, True


@dataclass
class _Mouth:
    sound: Samples = field(default_factory=lambda: SILENT[:0])
    at: int = 0

    @property
    def open(self) -> bool:
        return self.at < len(self.sound)

    def next(self) -> Samples:
        frame = self.sound[self.at : self.at + TICK]
        self.at += TICK
        if len(frame) == TICK:
            return frame
        whole = np.zeros(TICK, np.int16)
        whole[: len(frame)] = frame
        return whole


class Prospect:
    """One person on the line. `tick` every 20 ms."""

    def __init__(self, turns: Sequence[Turn], voice: Mapping[str, Samples], greeting: str) -> None:
        """voice: what every text sounds like, 8 kHz int16. greeting: said at once, or empty."""
        self.spoken: list[Spoken] = []
        self._turns = list(turns)
        self._voice = voice
        self._greeting = greeting
        self._now_ms = 0
        self._agent = _Listening()
        self._mouth = _Mouth()
        self._answers = False
        self._silent_until = -1
        self._digits = ""
        self._digit_at = 0
        # An utterance of the agent counts when it began after this: for its end, for its middle.
        self._fresh = self._fresh_at = -1

    def tick(self, loud: bool, ahead: bool) -> Act:
        """loud: the agent's voice is heard in these 20 ms (`are_loud`). ahead: is there more speech
        in what it is saying?"""
        self._agent.hear(self._now_ms, loud, ahead)
        act = self._act()
        self._now_ms += TICK_MS
        return act

    @property
    def left(self) -> int:
        """Items not used yet."""
        return len(self._turns)

    def _act(self) -> Act:
        if self._greeting:
            self._say("greeting", self._greeting)
            self._greeting = ""
        if self._mouth.open:
            sound = self._mouth.next()
            if not self._mouth.open and self._answers and self._agent.quiet_ms >= BREATH_MS:
                # What the agent said in a pause of theirs, and broke off, is no answer.
                self._agent.speaking = self._agent.ended = False
                self._fresh = self._now_ms
            return Act(sound)
        if self._digits:
            return self._press()
        turn = self._due()
        if turn is None:
            return _NOTHING
        del self._turns[0]
        self._agent.ended = False
        self._fresh_at = self._now_ms
        if turn.kind == "silence":
            self._silent_until = self._now_ms + round((turn.silence or 0) * 1000)
        elif turn.kind == "hangup":
            return Act(SILENT, hangup=True)
        elif turn.kind == "dtmf":
            self._digits, self._digit_at = turn.dtmf or "", self._now_ms
            self._fresh = self._now_ms
            return self._press()
        else:
            self._say(turn.kind, turn.text)
            return Act(self._mouth.next())
        return Act(SILENT)

    def _due(self) -> Turn | None:
        """The next item, if its moment is now."""
        if not self._turns or self._now_ms < self._silent_until:
            return None
        if not (self._agent.speaking or self._agent.ended):
            return None  # whatever the item waits for
        turn = self._turns[0]
        if turn.kind in ("interrupt", "backchannel") or turn.at is not None:
            at_ms = round((AT_S if turn.at is None else turn.at) * 1000)
            fresh = self._agent.speaking and self._agent.began_ms >= self._fresh_at
            return turn if fresh and self._now_ms - self._agent.began_ms >= at_ms else None
        after_ms = round((AFTER_S if turn.after is None else turn.after) * 1000)
        if turn.kind == "silence":
            after_ms = 0
        finished = self._agent.ended and self._agent.began_ms >= self._fresh
        return turn if finished and self._now_ms - self._agent.last_ms >= after_ms else None

    def _say(self, kind: str, text: str) -> None:
        self._mouth = _Mouth(self._voice[text])
        length = len(self._mouth.sound) * 1000 // (TICK * 1000 // TICK_MS)
        self.spoken.append(Spoken(kind, text, self._now_ms, self._now_ms + length))
        self._answers = kind != "backchannel"  # which answers nothing: the same utterance goes on
        if self._answers:
            self._fresh = self._now_ms

    def _press(self) -> Act:
        if self._now_ms < self._digit_at:
            return Act(SILENT)
        digit, self._digits = self._digits[0], self._digits[1:]
        self._digit_at = self._now_ms + DIGIT_EVERY_MS
        return Act(SILENT, digit=digit)
