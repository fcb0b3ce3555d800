"""How a prospect behaves, tick by tick: pure but for the sounds it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agentd.simulator.media import SILENT, TICK, TICK_MS, Samples
from agentd.simulator.persona import Turn

FINISHED_MS = 350  # less is a breath between two sentences


@dataclass(frozen=True)
class Spoken:
    """Something the prospect said, where it stands in the recording."""

    kind: str
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Do:
    """What a turn wants done besides sound: a DTMF digit or a hangup."""

    dtmf: str = ""
    hangup: bool = False


class Prospect:
    """`tick` every 20 ms, told whether the agent is heard; it gives the sound it makes."""

    def __init__(self, turns: Sequence[Turn], sounds: Mapping[str, Samples]) -> None:
        self._turns = list(turns)
        self._sounds = sounds
        self._now_ms = 0
        self._next = 0
        self._agent_silent_ms = 0
        self._agent_spoke = False  # since the last item was used
        self._into_ms: int | None = None  # the agent's utterance, begun since then
        self._mute_until = -1
        self._sound: Samples | None = None
        self._at = 0
        self.spoken: list[Spoken] = []

    @property
    def turn(self) -> Turn | None:
        """The item that is used next."""
        return self._turns[self._next] if self._next < len(self._turns) else None

    def tick(self, agent_heard: bool) -> tuple[Samples, Do | None]:
        """20 ms of the prospect."""
        self._now_ms += TICK_MS
        self._listen(agent_heard)
        do = None if self._sound is not None else self._decide()
        return self._speak(), do

    def say(self, text: str) -> None:
        """Speak now, whatever the agent does: a machine's greeting."""
        self._begin("greeting", text)

    def _listen(self, agent_heard: bool) -> None:
        if agent_heard:
            if self._agent_silent_ms >= FINISHED_MS or self._into_ms is None:
                self._into_ms = 0
            else:
                self._into_ms += TICK_MS + self._agent_silent_ms
            self._agent_silent_ms = 0
            self._agent_spoke = True
        else:
            self._agent_silent_ms += TICK_MS

    def _decide(self) -> Do | None:
        turn = self.turn
        if turn is None or self._now_ms < self._mute_until:
            return None
        if turn.kind in ("interrupt", "backchannel"):
            into = self._into_ms
            if into is not None and self._agent_silent_ms == 0 and into >= turn.at * 1000:
                self._use()
                self._begin(turn.kind, turn.text)
            return None
        wait = max(FINISHED_MS, int(turn.after * 1000)) if turn.kind != "silence" else FINISHED_MS
        if not self._agent_spoke or self._agent_silent_ms < wait:
            return None
        self._use()
        if turn.kind == "say":
            self._begin("say", turn.text)
        elif turn.kind == "silence":
            self._mute_until = self._now_ms + int((turn.silence or 0) * 1000)
        elif turn.kind == "dtmf":
            return Do(dtmf=turn.dtmf or "")
        elif turn.hangup:
            return Do(hangup=True)
        return None

    def _use(self) -> None:
        self._next += 1
        self._agent_spoke = False
        self._into_ms = None

    def _begin(self, kind: str, text: str) -> None:
        self._sound, self._at = self._sounds[text], 0
        length = len(self._sound) * 1000 // (TICK * 1000 // TICK_MS)
        start = self._now_ms - TICK_MS
        self.spoken.append(Spoken(kind, text, start, start + length))

    def _speak(self) -> Samples:
        if self._sound is None:
            return SILENT
        frame = self._sound[self._at : self._at + TICK]
        self._at += TICK
        if self._at >= len(self._sound):
            self._sound = None
        if len(frame) < TICK:
            frame = np.concatenate([frame, np.zeros(TICK - len(frame), np.int16)])
        return frame
