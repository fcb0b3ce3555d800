"""The audio fork sends chunks of any size; the ears want 20 ms frames."""

from collections.abc import Iterable, Iterator

RATE_HZ = 16_000
FRAME_MS = 20
LATE_MS = 40  # two frames: what a listener's own buffer hides
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000 * 2


class Rechunker:
    """Cuts L16 16 kHz mono into whole frames; an odd byte waits for its other half."""

    def __init__(self) -> None:
        self._rest = b""
        self.frames = 0

    def feed(self, pcm: bytes) -> Iterable[bytes]:
        """The whole frames now at hand, FRAME_BYTES each."""
        if len(pcm) == FRAME_BYTES and not self._rest:  # nearly always
            self.frames += 1
            return (pcm,)
        return self._cut(pcm)

    def _cut(self, pcm: bytes) -> Iterator[bytes]:
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        for start in range(0, whole, FRAME_BYTES):
            self.frames += 1
            yield data[start : start + FRAME_BYTES]

    @property
    def audio_ms(self) -> int:
        """Milliseconds of audio cut into frames so far."""
        return self.frames * FRAME_MS


class Pace:
    """How far behind its own pace a stream comes: its promptest frame is on time."""

    def __init__(self) -> None:
        self._least = float("inf")
        self.late = 0  # frames, or bigger pieces, more than LATE_MS late

    def came(self, now_ms: float, audio_ms: int) -> None:
        """So much audio has come by now."""
        behind = now_ms - audio_ms
        if behind < self._least:
            self._least = behind
        elif behind - self._least > LATE_MS:
            self.late += 1

    def anew(self) -> None:
        """A new stream begins: what came between is lost, not late."""
        self._least = float("inf")
