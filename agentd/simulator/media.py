"""The media clock of a process: one timer, and 20 ms of every call at once.

As FreeSWITCH's soft timer, which wakes all channels of one packet time together. What is done to
sound is done to that of all calls in one go: done for each call alone it takes five times as long.
"""

import secrets
import time
from collections.abc import Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import gevent
import numpy as np
from gevent.event import AsyncResult

from agentd.simulator import mixer
from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.playing import SILENT, TICK, TICK_MS, Samples, Step, mixed
from agentd.simulator.prospect import are_loud

LATE_S = 0.02
NARROW = 2 * TICK  # bytes of 20 ms at 8 kHz
AUDIO = 4 * TICK  # the same at 16 kHz
# Of a whole binary message of so many bytes, masked (RFC 6455, 5.2): what an audio fork sends.
HEADER = bytes((0x82, 0x80 | 126, AUDIO >> 8, AUDIO & 0xFF))
FRAME = len(HEADER) + 4 + AUDIO


class Party(Protocol):
    """One call, as the clock sees it. Nothing here may wait."""

    line: LineModel
    doubler: Doubler

    @property
    def over(self) -> bool:
        """It is not to be clocked any more."""

    def play(self, late: bool) -> Step:
        """20 ms of what the switch plays: `Player.step`. late: they come more than LATE_S late."""

    def speak(self, loud: bool) -> Samples:
        """20 ms of the prospect. loud: the agent is heard in them."""

    def transmit(self, received: bytes, heard: bytes, audio: bytes, frame: bytes) -> None:
        """What the line made of both, int16 at 8 kHz. audio: the prospect's at 16 kHz; frame: the
        same as an audio fork sends it."""


class _Entry:
    """A party, and who waits for its end."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.ended = AsyncResult()

    def failed(self, error: Exception) -> None:
        """What one of its methods raises ends this call only: `hold` raises it again."""
        self.ended.set_exception(error)


class Media:
    """For the greenlets of one thread: `Media.here()`."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._clock: gevent.Greenlet | None = None
        self.ticks = 0
        self.work_s = 0.0  # in all of them

    @staticmethod
    def here() -> "Media":
        """That of this thread's loop."""
        return _of_hub.setdefault(gevent.get_hub(), Media())

    def hold(self, party: Party) -> None:
        """Clock a call until it is over. Raises what one of its methods raised."""
        entry = _Entry(party)
        self._entries.append(entry)
        if self._clock is None or self._clock.dead:
            self._clock = gevent.spawn(self._run)
        try:
            entry.ended.get()
        finally:
            if entry in self._entries:
                self._entries.remove(entry)

    def _run(self) -> None:
        """Ticks that come late are made up for."""
        due = time.monotonic()
        while self._entries:
            due += TICK_MS / 1000
            left = due - time.monotonic()
            gevent.sleep(max(0.0, left))
            began = time.perf_counter()
            self._tick(left < -LATE_S)
            self.work_s += time.perf_counter() - began
            self.ticks += 1

    def _tick(self, late: bool) -> None:
        entries: list[_Entry] = []
        steps: list[Step] = []
        for entry in self._entries:
            try:
                step = entry.party.play(late)
            except Exception as error:  # noqa: BLE001 - raised again in `hold`
                entry.failed(error)
                continue
            entries.append(entry)
            steps.append(step)
        if entries:
            self._exchange(entries, steps)
        for entry in [e for e in self._entries if e.party.over or e.ended.ready()]:
            self._entries.remove(entry)
            if not entry.ended.ready():
                entry.ended.set()

    @staticmethod
    def _exchange(entries: Sequence[_Entry], steps: Sequence[Step]) -> None:
        """20 ms of both directions of every line."""
        prompts = _rows([step[0] for step in steps])
        bases = prompts
        if any(step[1] is not step[0] for step in steps):
            bases = _rows([step[1] for step in steps])
        lines = [entry.party.line for entry in entries]
        sent = mixed(bases, _rows([SILENT if step[2] is None else step[2] for step in steps]))
        heard = mixer.deliver(lines, sent)
        said: list[Samples] = []
        for entry, loud in zip(entries, are_loud(prompts), strict=True):
            try:
                said.append(entry.party.speak(loud))
            except Exception as error:  # noqa: BLE001 - raised again in `hold`
                entry.failed(error)
                said.append(SILENT)
        received = mixer.receive(lines, _rows(said))
        wide = mixer.double([entry.party.doubler for entry in entries], received)
        audio, frames = wide.tobytes(), framed(wide).tobytes()
        sounds, ours = received.tobytes(), heard.tobytes()
        for row, entry in enumerate(entries):
            try:
                entry.party.transmit(
                    sounds[row * NARROW : (row + 1) * NARROW],
                    ours[row * NARROW : (row + 1) * NARROW],
                    audio[row * AUDIO : (row + 1) * AUDIO],
                    frames[row * FRAME : (row + 1) * FRAME],
                )
            except Exception as error:  # noqa: BLE001 - raised again in `hold`
                entry.failed(error)


_of_hub: "WeakKeyDictionary[Any, Media]" = WeakKeyDictionary()


def _rows(frames: Sequence[Samples]) -> Samples:
    return np.concatenate(frames).reshape(-1, TICK)


def framed(wide: Samples) -> Samples:
    """Websocket frames of audio, shape (frames, 2 * TICK), each under a mask of its own; as 16 bit
    words."""
    whole = np.empty((len(wide), FRAME // 4), np.uint32)
    whole[:, 0] = np.frombuffer(HEADER, np.uint32)[0]
    whole[:, 1] = np.frombuffer(secrets.token_bytes(4 * len(wide)), np.uint32)
    np.bitwise_xor(wide.view(np.uint32), whole[:, 1:2], out=whole[:, 2:])
    return whole.view(np.int16)
