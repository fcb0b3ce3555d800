"""The ears of one call: the fork's bytes in, dialogue events out.

    bytes -> 20 ms frames -> voice activity -> endpointing -> recogniser (on Workers) -> Utterance
                                          `-> barge-in -> Interruption

Every SpeechStarted is followed by exactly one Utterance, whatever fails in between. Times are
milliseconds since the call was answered, counted in audio received.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import gevent
import numpy as np
import structlog

from agentd.config import SpeechSettings
from agentd.dialogue import events as ev
from agentd.dialogue.text import normalise
from agentd.errors import AgentdError
from agentd.speech import bargein
from agentd.speech.endpointing import Endpointer, Moment, Tuning, completeness
from agentd.speech.frames import FRAME_MS, Rechunker
from agentd.speech.recogniser import NOTHING, Heard, Recogniser, Samples
from agentd.speech.vad import Vad
from agentd.speech.workers import Workers

log = structlog.get_logger(component="ears")

LEAD_MS = 240  # of sound before speech was noticed, kept: the first consonant is in it
STREAM_EVERY_MS = 300  # how often a streaming recogniser is fed during speech
FINAL_TIMEOUT_S = 6.0
Span = tuple[int, int]  # start and end of a turn, ms

MOST_FAILURES = 3  # recognitions in a row, before the call is given up


class Ears:
    """Feed it the prospect's audio; it says what happened through `emit`."""

    def __init__(
        self,
        emit: Callable[[ev.Event], None],
        recogniser: Recogniser,
        workers: Workers,
        settings: SpeechSettings,
        vocabulary: Sequence[str] = (),
    ) -> None:
        self._emit = emit
        self._workers = workers
        self._streaming = recogniser.streaming
        self._stream = recogniser.stream(vocabulary)
        self._chunks = Rechunker()
        self._vad = Vad(settings.vad_level)
        self._endpointer = Endpointer(
            Tuning(
                quick_ms=settings.endpoint_quick_ms,
                unknown_ms=settings.endpoint_ms,
                patient_ms=settings.endpoint_patient_ms,
                longest_ms=settings.max_utterance_ms,
            )
        )
        self.base_ms = 0
        self._lead: deque[bytes] = deque(maxlen=LEAD_MS // FRAME_MS)
        self._turn: list[bytes] = []
        self._start_ms = 0
        self._end_ms = 0
        self._version = 0  # of what has been said: a recognition of an older one is stale
        self._say: tuple[str, bargein.BargeIn] | None = None
        self._phrases: tuple[str, ...] | None = None
        self._jobs: deque[tuple[str, int, Samples, Span | None]] = deque()
        self._worker: gevent.Greenlet | None = None
        self._guess: Heard | None = None  # of the turn so far, should it end now
        self._failures = 0
        self._closed = False

    @property
    def audio_ms(self) -> int:
        """Audio received, in ms."""
        return self._chunks.audio_ms

    def listen(self, step: str, phrases: Sequence[str]) -> None:
        """What may be answered next."""
        self._phrases = tuple(phrases)

    def agent_speaking(self, say_id: str, interruptible: bool) -> None:
        """A Say has begun to play."""
        judge = bargein.BargeIn(bargein.Tuning())
        self._say = (say_id, judge) if interruptible else None

    def agent_silent(self) -> None:
        """Nothing of ours plays."""
        self._say = None

    def feed(self, pcm: bytes) -> None:
        """Bytes of the fork: L16 16 kHz mono, any number of them."""
        if self._closed:
            return
        for frame in self._chunks.feed(pcm):
            self._frame(frame)

    def close(self) -> None:
        """The call is over; a recognition under way ends by itself and is not heard."""
        self._closed = True
        self._jobs.clear()
        if self._worker is None:
            self._stream.close()

    # -- frames -----------------------------------------------------------------------------

    @property
    def _now_ms(self) -> int:
        return self.base_ms + self.audio_ms

    def _frame(self, frame: bytes) -> None:
        voiced = self._vad.voiced(frame)
        if self._say is not None and self._say[1].feed(voiced, self._vad.rms):
            self._emit(ev.Interruption(self._say[0], self._now_ms))
        speaking = self._endpointer.speaking
        moment = self._endpointer.feed(voiced)
        if speaking or moment is Moment.STARTED:
            self._turn.append(frame)
        else:
            self._lead.append(frame)
        match moment:
            case Moment.STARTED:
                self._began()
            case Moment.PAUSED:
                self._recognise("speculate")
            case Moment.RESUMED:
                self._version += 1
                self._guess = None
            case Moment.ENDED:
                self._ended()
            case None if self._streaming and self._endpointer.speaking:
                if len(self._turn) * FRAME_MS % STREAM_EVERY_MS == 0:
                    self._recognise("partial")

    def _began(self) -> None:
        self._version += 1
        self._turn = [*self._lead, *self._turn]
        self._lead.clear()
        self._guess = None
        self._start_ms = self._now_ms - Tuning().start_within_ms
        self._emit(ev.SpeechStarted(max(0, self._start_ms)))

    def _ended(self) -> None:
        silence = self._endpointer.silence_ms
        self._end_ms = self._now_ms - silence
        self._recognise("final")
        self._turn = []

    # -- recognition, one piece at a time ----------------------------------------------------

    def _recognise(self, kind: str) -> None:
        """Queue a recognition of the turn so far. Speculations give way to what is newer."""
        samples = np.frombuffer(b"".join(self._turn), np.int16)
        span = None
        if kind == "final":
            span = (max(0, self._start_ms), max(0, self._end_ms))
            if self._guess is not None and not self._streaming:
                # Nothing was voiced after it: the turn only fell silent.
                self._utterance(self._guess, span)
                self._guess = None
                return
        while self._jobs and self._jobs[-1][0] != "final":
            self._jobs.pop()
        self._jobs.append((kind, self._version, samples, span))
        if self._worker is None:
            self._worker = gevent.spawn(self._work)

    def _work(self) -> None:
        try:
            while self._jobs and not self._closed:
                self._one(*self._jobs.popleft())
        finally:
            self._worker = None
            if self._closed:
                self._stream.close()

    def _one(self, kind: str, version: int, samples: Samples, span: Span | None) -> None:
        heard = NOTHING
        try:
            if self._phrases is not None:
                self._stream.expect(self._phrases)
                self._phrases = None
            work = getattr(self._stream, kind)
            heard = self._workers.submit(work, samples).get(timeout=FINAL_TIMEOUT_S)
            self._failures = 0
        except gevent.Timeout:
            self._failed("recognition took too long")
        except AgentdError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - a native engine may raise anything
            self._failed(f"{type(error).__name__}: {error}")
        if self._closed:
            return
        if kind == "final":
            self._utterance(heard, span or (0, 0))
        elif version == self._version and self._endpointer.speaking:
            self._guessed(kind, heard)
        elif version == self._version and kind == "speculate":
            self._settle(heard)

    def _guessed(self, kind: str, heard: Any) -> None:
        text = heard if kind == "partial" else heard.text
        self._endpointer.said = completeness(normalise(text))
        if kind == "speculate":
            self._guess = heard
        if text:
            self._emit(ev.Partial(text, self._now_ms))

    def _settle(self, heard: Heard) -> None:
        """The turn ended while its speculation ran: a final of the same turn waits for it."""
        if self._jobs and self._jobs[0][0] == "final" and not self._streaming:
            _, _, _, span = self._jobs.popleft()
            self._utterance(heard, span or (0, 0))

    def _utterance(self, heard: Heard, span: Span) -> None:
        self._emit(ev.Utterance(heard.text, heard.confidence, *span, heard.alternatives))

    def _failed(self, reason: str) -> None:
        self._failures += 1
        log.error("recognition failed", reason=reason, in_a_row=self._failures)
        if self._failures == MOST_FAILURES:
            self._emit(ev.Fault(f"recognition failed {MOST_FAILURES} times: {reason}"))
