"""What the switch plays into a call: queued applications and displaced files. Pure.

Driven by a 20 ms tick. Timings, queueing and the lost break of uuid_broadcast are those measured
in `freeswitch.md` sections 1 to 3: everything waits for the next tick (a playback asked for at a
random moment starts 0 to 20 ms later, 21 ms when asked for just after an event).
"""

from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8_000
TICK_MS = 20
TICK = RATE_HZ * TICK_MS // 1000  # samples
LEAD_TICKS = 5  # silence uuid_broadcast puts before each file
AFTER_BREAK_TICKS = 3  # and more of it when the file before was broken off
READ_AHEAD = 16_384  # samples FreeSWITCH reads from a file at once
LOUD = 300  # of 32768: below it a sound is not speech

Samples = NDArray[np.int16]
Step = tuple[Samples, Samples, Samples | None]
SILENT: Samples = np.zeros(TICK, np.int16)
SILENT.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Sound:
    """A file as the switch plays it: int16 mono 8 kHz, and where its last speech ends."""

    samples: Samples
    last_loud: int

    @classmethod
    def of(cls, samples: Samples) -> "Sound":
        """Measure a sound."""
        loud = np.nonzero(np.abs(samples.astype(np.int32)) > LOUD)[0]
        return cls(samples, int(loud[-1]) + 1 if loud.size else 0)


@dataclass(frozen=True)
class Told:
    """One event of the player. `variables` are set on the channel just before it."""

    name: str
    headers: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Application:
    """One application that was asked for. sound: None where a playback's file cannot be read."""

    name: str
    argument: str
    uuid: str
    locked: bool
    sound: Sound | None = None
    start: int = 0  # samples
    echoed: dict[str, str] = field(default_factory=dict)  # {k=v} before the file name
    broadcast: bool = False
    # while it runs
    position: int = 0
    wait: int = 0  # ticks of sleep left


def split_argument(argument: str) -> tuple[dict[str, str], str, int]:
    """`{say_id=a,clip=0}/file.wav@@800` -> variables, path, start in samples."""
    echoed: dict[str, str] = {}
    path = argument
    if argument.startswith("{") and "}" in argument:
        inside, _, path = argument[1:].partition("}")
        pairs = (pair.partition("=") for pair in inside.split(","))
        echoed = {key.strip(): value for key, mark, value in pairs if mark}
    path, mark, start = path.strip().rpartition("@@")
    if not mark or not start.isdigit():
        return echoed, path + mark + start, 0
    return echoed, path, int(start)


class Displaced:
    """A file laid over the channel by uuid_displace."""

    def __init__(self, samples: Samples, flags: str, limit_s: int) -> None:
        count = -(-len(samples) // TICK)
        padded = np.zeros(count * TICK, np.int16)
        padded[: len(samples)] = samples
        self._frames: list[Samples] = list(padded.reshape(count, TICK))
        if "l" in flags:
            self._frames.append(SILENT)  # the seam of a loop
        self.mixes = "m" in flags
        self._loops = "l" in flags
        self._left = limit_s * 1000 // TICK_MS if limit_s else -1
        self._next = 0

    def tick(self) -> Samples | None:
        """The next 20 ms, or None when it is over."""
        if self._left == 0 or self._next >= len(self._frames):
            return None
        self._left -= 1
        frame = self._frames[self._next]
        self._next += 1
        if self._loops:
            self._next %= len(self._frames)
        return frame


class Player:
    """The application queue of one channel. `tick` gives 20 ms of what is played."""

    def __init__(
        self,
        tell: Callable[[Told], None],
        run: Callable[[Application], None],
        instant: Container[str],
    ) -> None:
        """tell: takes the events, in order. run: performs an application that takes no time: those
        named by `instant`, and any other, which hangs the call up without an event."""
        self._tell = tell
        self._instant = instant
        self._run = run
        self._queue: deque[Application] = deque()
        self._running: list[Application] = []  # nested: the last one is heard
        self._displaced: dict[str, Displaced] = {}
        self._break = ""  # "", "one", "all"
        self._lead: int | None = None
        self._last_broken = False
        self.idle_silence = True  # send_silence_when_idle, set before the socket application
        self.stopped = False
        self.breaks = 0  # playbacks broken off so far

    # -- commands ---------------------------------------------------------------------------

    def queue(self, application: Application) -> None:
        """Ask for an application; it is begun at a tick."""
        self._queue.append(application)

    def ask_break(self, everything: bool) -> None:
        """uuid_break: what runs, and with `everything` what waits too."""
        if everything:
            self._queue = deque(a for a in self._queue if self._leading(a))
        # While a broadcast waits out its lead, a break is answered +OK and lost.
        if self._lead is None and self._running:
            self._break = "all" if everything else self._break or "one"

    def displace(self, path: str, samples: Samples, flags: str, limit_s: int) -> bool:
        """uuid_displace start. False when that file is laid over already."""
        if path in self._displaced or not len(samples):
            return False
        self._displaced[path] = Displaced(samples, flags, limit_s)
        return True

    def replace(self, path: str) -> bool:
        """uuid_displace stop. False when there is no such file."""
        return self._displaced.pop(path, None) is not None

    def forget(self) -> None:
        """Nothing of what waits is begun any more."""
        self._queue.clear()

    def stop(self) -> None:
        """The channel is gone: a hangup also says `done`."""
        self.stopped = True
        while self._running:
            self._end(self._running.pop(), "done")
        self._queue.clear()
        self._displaced.clear()

    # -- state ------------------------------------------------------------------------------

    @property
    def speech_ahead(self) -> bool:
        """Is there more speech in what is played now? A listener hears it by the melody."""
        top = self._running[-1] if self._running else None
        return top is not None and top.sound is not None and top.position < top.sound.last_loud

    # -- media ------------------------------------------------------------------------------

    def tick(self) -> tuple[Samples, Samples]:
        """(what applications play, the same with displaced files): 20 ms each."""
        prompt, base, over = self.step()
        return prompt, base if over is None else mixed(base, over)

    def step(self) -> Step:
        """`tick`, with what is mixed left for the caller to add: many channels at once cost less.

        (what applications play, what is sent, and what is still to be added to that).
        """
        if not (self._running or self._queue or self._displaced):
            return SILENT, SILENT, None
        if self._break:
            self._perform_break()
        if self._running:
            for application in [a for a in self._running if self._over(a)]:
                if application in self._running:
                    self._running.remove(application)
                    self._end(application, "done")
        if self._queue:
            self._take()
        if self.stopped:
            return SILENT, SILENT, None
        prompt = self._frame()
        if not self._displaced:
            return prompt, prompt, None
        return prompt, *self._lay_over(prompt)

    def _perform_break(self) -> None:
        count = len(self._running) if self._break == "all" else 1
        self._break = ""
        for _ in range(min(count, len(self._running))):
            application = self._running.pop()
            self.breaks += application.sound is not None
            self._end(application, "break")

    def _take(self) -> None:
        while self._queue and not self.stopped and not any(a.locked for a in self._running):
            application = self._queue[0]
            if application.broadcast and self._lead is None:
                self._lead = LEAD_TICKS + (AFTER_BREAK_TICKS if self._last_broken else 0)
            if self._lead:
                self._lead -= 1
                return
            self._lead = None
            self._queue.popleft()
            self._begin(application)

    def _leading(self, application: Application) -> bool:
        return self._lead is not None and application is self._queue[0]

    def _begin(self, application: Application) -> None:
        self._last_broken = False
        if application.name not in ("playback", "sleep"):
            known = application.name in self._instant
            if known:
                self._tell(self._execute(application))
            self._run(application)
            if known:
                self._complete(application, "_none_")
            return
        self._tell(self._execute(application))
        if application.name == "sleep":
            text = application.argument
            application.wait = int(text) // TICK_MS if text.isdigit() else 0
        elif application.sound is None:
            self._complete(application, "FILE NOT FOUND")
            return
        else:
            application.position = min(application.start, len(application.sound.samples))
            self._tell(Told("PLAYBACK_START", self._file(application)))
        self._running.append(application)

    @staticmethod
    def _over(application: Application) -> bool:
        if application.sound is None:
            return application.wait <= 0
        return application.position >= len(application.sound.samples)

    def _end(self, application: Application, status: str) -> None:
        self._last_broken = status == "break"
        if application.sound is None:
            self._complete(application, "_none_")
            return
        total = len(application.sound.samples)
        read = total if status == "done" and not self.stopped else application.position
        if read < total:
            read = min(total, -(-max(read, 1) // READ_AHEAD) * READ_AHEAD)
        ms = read * 1000 // RATE_HZ
        counts = {
            "playback_last_offset_pos": str(application.position),
            "playback_seconds": str(ms // 1000),
            "playback_ms": str(ms),
            "playback_samples": str(read),
        }
        headers = {**self._file(application), "Playback-Status": status}
        self._tell(Told("PLAYBACK_STOP", headers, counts))
        self._complete(application, "FILE PLAYED")

    def _complete(self, application: Application, response: str) -> None:
        headers = {**self._about(application), "Application-Response": response}
        headers["Application-UUID"] = application.uuid
        self._tell(Told("CHANNEL_EXECUTE_COMPLETE", headers))

    def _execute(self, application: Application) -> Told:
        headers = {**self._about(application), "Application-UUID": application.uuid}
        return Told("CHANNEL_EXECUTE", headers)

    @staticmethod
    def _about(application: Application) -> dict[str, str]:
        about = {"Application": application.name}
        if application.argument:
            about["Application-Data"] = application.argument
        return about

    @staticmethod
    def _file(application: Application) -> dict[str, str]:
        # Without the @@ of a start offset, which only Application-Data has (measured).
        path = application.argument
        if application.start:
            path = path.rpartition("@@")[0]
        return {"Playback-File-Path": path, **application.echoed}

    def _frame(self) -> Samples:
        top = self._running[-1] if self._running else None
        if top is None:
            return SILENT
        if top.sound is None:
            top.wait -= 1
            return SILENT
        samples = top.sound.samples[top.position : top.position + TICK]
        top.position += len(samples)
        if len(samples) == TICK:
            return samples
        whole = np.zeros(TICK, np.int16)
        whole[: len(samples)] = samples
        return whole

    def _lay_over(self, prompt: Samples) -> tuple[Samples, Samples | None]:
        if self._lead is not None:
            return prompt, None  # a broadcast mutes what is displaced while it waits
        if not self._running and not self.idle_silence:
            return prompt, None  # nothing is written, so there is nothing to lay over
        frame: Samples = prompt
        last: Samples | None = None
        if len(self._displaced) == 1:  # the background, most of the time
            path, displaced = next(iter(self._displaced.items()))
            over = displaced.tick()
            if over is None:
                del self._displaced[path]
                return prompt, None
            return (prompt, over) if displaced.mixes else (over, None)
        for path, displaced in tuple(self._displaced.items()):
            over = displaced.tick()
            if over is None:
                del self._displaced[path]
                continue
            if last is not None:
                frame = mixed(frame, last)
            frame, last = (frame, over) if displaced.mixes else (over, None)
        return frame, last


def mixed(one: Samples, other: Samples) -> Samples:
    """Both at once, of any shape they share, clipped."""
    total = np.add(one, other, dtype=np.int32)
    np.minimum(np.maximum(total, -32768, out=total), 32767, out=total)
    return total.astype(np.int16)


def join(frames: Sequence[Samples]) -> Samples:
    """Frames as one stretch of sound."""
    return np.concatenate(frames) if frames else np.zeros(0, np.int16)
