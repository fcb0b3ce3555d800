"""The real ears in audio time: nothing sleeps, and a recognition takes as long as it took.

A recognition is done once and remembered on disk with its seconds, so that a set can be listened to
again with other tuning; its result reaches the ears when that much audio has gone by.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent.event import AsyncResult

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue import events as ev
from agentd.speech import amd, bargein
from agentd.speech.ears import Ears
from agentd.speech.frames import FRAME_MS
from agentd.speech.recogniser import Heard, Recogniser, Samples, open_recogniser

CACHE = Path(".cache") / "benchmarks"


class _Kept(msgspec.Struct):
    """One recognition."""

    heard: Heard
    seconds: float


class Memory:
    """A recogniser that remembers. `seconds` are processor time of the first time: the process's,
    since CTranslate2 works on threads of its own."""

    streaming = False

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._file = CACHE / "heard.msgpack"
        self._kept: dict[str, _Kept] = {}
        self.vocabulary: tuple[str, ...] = Catalog(Settings()).brain("finance").vocabulary
        self.took = 0.0  # the last one, seconds
        self.fresh = 0
        if self._file.is_file():
            self._kept = msgspec.msgpack.decode(self._file.read_bytes(), type=dict[str, _Kept])

    @property
    def name(self) -> str:
        """Of the recogniser behind it."""
        return self._recogniser.name

    def warm(self) -> None:
        """Only when something new is to be recognised."""
        self._recogniser.warm()

    def stream(self, vocabulary: Sequence[str] = ()) -> "_Stream":
        """One call's."""
        return _Stream(self)

    def recall(self, kind: str, samples: Samples, phrases: tuple[str, ...]) -> Heard:
        """Recognised now, or remembered."""
        asked = f"2 {self.name} {kind == 'partial'} {phrases}".encode()
        key = hashlib.sha256(asked + samples.tobytes()).hexdigest()[:32]
        if key not in self._kept:
            self._recogniser.warm()
            stream = self._recogniser.stream(self.vocabulary)
            stream.expect(phrases)
            began = time.process_time()
            if kind == "partial":
                heard = Heard(stream.partial(samples), 0.0)
            else:
                heard = stream.final(samples)
            self._kept[key] = _Kept(heard, time.process_time() - began)
            self.fresh += 1
        self.took = self._kept[key].seconds
        return self._kept[key].heard

    def save(self) -> None:
        """Write down what is new."""
        CACHE.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_bytes(msgspec.msgpack.encode(self._kept))
        new.replace(self._file)


class _Stream:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._phrases: tuple[str, ...] = ()

    def expect(self, phrases: Sequence[str]) -> None:
        self._phrases = tuple(phrases)

    def partial(self, utterance: Samples) -> str:
        return self._memory.recall("partial", utterance, self._phrases).text

    def speculate(self, utterance: Samples) -> Heard:
        return self._memory.recall("final", utterance, self._phrases)

    final = speculate

    def close(self) -> None:
        pass


class Deaf(Memory):
    """Recognises nothing, at once: for sets in which words play no part."""

    def __init__(self) -> None:
        self.took, self.fresh = 0.0, 0

    @property
    def name(self) -> str:
        """Said in notes."""
        return "no recogniser"

    def recall(self, kind: str, samples: Samples, phrases: tuple[str, ...]) -> Heard:
        """Nothing."""
        return Heard("", 0.0)


class _Job(AsyncResult):  # type: ignore[misc]  # gevent is not typed
    seconds = 0.0

    def cancel(self) -> bool:
        return False

    def abandon(self) -> None:
        pass


class _Workers:
    """One piece of work at a time, finished when its seconds of audio have gone by."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._due: list[tuple[float, _Job, Any]] = []
        self.now_ms = 0

    def submit(self, work: Callable[..., Any], *arguments: Any, later: bool = False) -> _Job:
        job = _Job()
        self._memory.took = 0.0
        value = work(*arguments)
        job.seconds = self._memory.took
        self._due.append((self.now_ms + job.seconds * 1000, job, value))
        return job

    def advance(self, now_ms: int) -> None:
        self.now_ms = now_ms
        for entry in [e for e in self._due if e[0] <= now_ms]:
            self._due.remove(entry)
            entry[1].set(entry[2])
        for _ in range(3):  # the ears' greenlet starts, waits, goes on
            gevent.sleep(0)


class Listener:
    """One call's ears. `hear` frames; `events` are what they said, each with the audio's ms."""

    def __init__(
        self,
        memory: Memory,
        *,
        detect: bool = False,
        barge: bargein.Tuning = bargein.TUNING,
        **speech: Any,
    ) -> None:
        self.events: list[tuple[int, ev.Event]] = []
        self._workers = _Workers(memory)
        self._ms = 0
        self.ears = Ears(
            lambda event: self.events.append((self._ms, event)),
            memory,
            self._workers,  # type: ignore[arg-type]  # the part of Workers that ears use
            Settings().speech.model_copy(update=speech),
            amd=amd.Detector(amd.Tuning()) if detect else None,
            barge=barge,
        )

    def hear(
        self, frames: Sequence[bytes], until: Callable[[ev.Event], bool] | None = None
    ) -> bool:
        """True as soon as an event satisfies `until`."""
        told = len(self.events)
        for frame in frames:
            self._ms += FRAME_MS
            self.ears.feed(frame)
            self._workers.advance(self._ms)
            if until is not None and any(until(event) for _, event in self.events[told:]):
                return True
            told = len(self.events)
        return False

    @property
    def ms(self) -> int:
        """Audio heard."""
        return self._ms

    def close(self) -> None:
        """The call is over."""
        self.ears.close()
        self._workers.advance(self._ms + 60_000)


def memory() -> Memory:
    """Of the configured recogniser."""
    return Memory(open_recogniser(Settings()))
