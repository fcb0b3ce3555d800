"""The ears of one call: the fork's bytes in, dialogue events out.

    bytes -> 20 ms frames -> voice activity -> endpointing -> recogniser (on Workers) -> Utterance
                                          `-> barge-in -> Interruption

Every SpeechStarted is followed by exactly one Utterance, whatever fails in between, until `close`.
Times are milliseconds since the call was answered, counted in audio received.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import gevent
import numpy as np
import structlog

from agentd.config import SpeechSettings
from agentd.dialogue import events as ev
from agentd.dialogue.text import normalise
from agentd.errors import AgentdError, SpeechError
from agentd.speech import bargein
from agentd.speech.amd import Detector
from agentd.speech.beep import BeepDetector
from agentd.speech.candidates import COMMON
from agentd.speech.endpointing import Endpointer, Moment, Said, Tuning, completeness
from agentd.speech.frames import FRAME_MS, Rechunker
from agentd.speech.recogniser import NOTHING, Heard, Recogniser, Samples, Stream
from agentd.speech.vad import Vad
from agentd.speech.workers import Job, NotBegun, Workers

log = structlog.get_logger(component="ears")

LEAD_MS = 240  # of sound before speech was noticed, kept: the first consonant is in it
STREAM_EVERY_MS = 300  # how often a streaming recogniser is fed during speech
FINAL_TIMEOUT_S = 6.0  # a recognition that takes longer is given up
SURE = 0.8  # of a whole answer, for it to be answered quickly
# A turn that begins this soon after the one before, and before anybody can have made something of
# what we say, is heard together with it: a recogniser understands the end of a sentence better with
# its beginning (64 of 80 against 53 in two pieces, tuning half).
JOIN_MS, OURS_MS, JOIN_FRAMES = 2_000, 600, 8_000 // FRAME_MS
MOST_FAILURES = 3  # recognitions in a row, before the call is given up

Kind = Literal["partial", "speculate", "final"]


class Watcher(Protocol):
    """Who is told how long things take."""

    def stage(self, stage: str, seconds: float) -> None:
        """`recognition`: from the end of a turn to its words."""

    def recognised(self, kind: str, outcome: str, seconds: float) -> None:
        """A recognition is over: ok, failed or refused; its thread time."""


class _Nobody:
    def stage(self, stage: str, seconds: float) -> None: ...

    def recognised(self, kind: str, outcome: str, seconds: float) -> None: ...


class Turn:
    """One turn of the prospect, while it goes on and until its Utterance is out."""

    def __init__(self, start_ms: int, lead: Sequence[bytes], before: "Turn | None" = None) -> None:
        """before: the turn it goes on with, if it does."""
        self.start_ms = start_ms
        self.goes_on = before is not None
        self.end_ms: int | None = None  # set once it is over
        self.ended_at = 0.0  # the same, on the monotonic clock
        self.frames: list[bytes] = [*(before.frames if before is not None else ()), *lead]
        self.version = 0  # of what has been said: a recognition of an older one is stale
        self.guess: Heard | None = None  # what was said, should it end now

    def samples(self, silence_ms: int = 0) -> Samples:
        """What has been heard, less `silence_ms` at its end."""
        frames = self.frames[: len(self.frames) - silence_ms // FRAME_MS]
        return np.frombuffer(b"".join(frames), np.int16)


class Ears:
    """Feed it the prospect's audio; it says what happened through `emit`."""

    def __init__(
        self,
        emit: Callable[[ev.Event], None],
        recogniser: Recogniser,
        workers: Workers,
        settings: SpeechSettings,
        vocabulary: Sequence[str] = (),
        watcher: Watcher | None = None,
        amd: Detector | None = None,
        barge: bargein.Tuning = bargein.TUNING,
    ) -> None:
        """emit: called from the greenlet that feeds, and from one of our own; must not wait.

        recogniser: warm. vocabulary: phrases of the call's theme (objections as people say them).
        amd: judges who has picked up; None when that is known. barge: what interrupts us.
        """
        self.base_ms = 0  # when the first sample was heard, ms since the answer
        self._now_ms = 0  # ... when the frame ended that is being heard
        self._emit = emit
        self._watcher = watcher or _Nobody()
        self._workers = workers
        self._recogniser = recogniser
        self._vocabulary = tuple(vocabulary)
        self._stream: Stream = recogniser.stream(self._vocabulary)
        self._floor = settings.confidence_floor
        self._chunks = Rechunker()
        self._vad = Vad(settings.vad_level)
        self._tuning = Tuning(
            quick_ms=settings.endpoint_quick_ms,
            unknown_ms=settings.endpoint_ms,
            patient_ms=settings.endpoint_patient_ms,
            longest_ms=settings.max_utterance_ms,
        )
        self._endpointer = Endpointer(self._tuning)
        self._lead: deque[bytes] = deque(maxlen=LEAD_MS // FRAME_MS)
        self._turn: Turn | None = None
        self._last: Turn | None = None  # the one before, which may go on
        self._ours_ms: int | None = None  # since when we have been heard after it
        self._over_ms: int | None = None  # ... and since when no more
        self._barge = barge
        self._level = bargein.Level(self._barge)
        self._agent_speaks = False
        self._echo_until_ms = -1
        self._say: tuple[str, bargein.BargeIn] | None = None
        self._phrases: tuple[str, ...] = ()
        # Whole answers: those given anywhere, those of the theme.
        self._known = frozenset(map(normalise, (*COMMON, *self._vocabulary)))
        self._whole = self._known  # ... and of the step
        self._expected: tuple[str, ...] | None = None  # what the stream was told last
        self._jobs: deque[tuple[Kind, int, Turn]] = deque()
        self._worker: gevent.Greenlet | None = None
        self._under_way: tuple[Kind, int, Job] | None = None
        self._amd = amd
        self._beeps = BeepDetector()
        self._failures = 0
        self._closed = False
        self.unheard = 0  # turns that ended empty because recognition failed or was refused

    @property
    def audio_ms(self) -> int:
        """Audio received, in ms."""
        return self._chunks.audio_ms

    def listen(self, step: str, phrases: Sequence[str]) -> None:
        """What may be answered next: biases what is recognised from now on."""
        self._phrases = tuple(phrases)
        self._whole = self._known | {normalise(phrase) for phrase in phrases}

    def agent_speaking(self, say_id: str, interruptible: bool) -> None:
        """A Say has begun to play."""
        self._agent_speaks = True
        self._over_ms = None
        if self._ours_ms is None:
            self._ours_ms = self._now_ms
        self._say = (say_id, bargein.BargeIn(self._barge)) if interruptible else None

    def agent_silent(self) -> None:
        """Nothing of ours plays."""
        if self._agent_speaks:
            self._over_ms = self._now_ms
            self._echo_until_ms = self._now_ms + self._barge.tail_ms
        self._agent_speaks = False
        self._say = None

    def beep(self) -> None:
        """The switch has heard one."""
        if self._amd is not None:
            self._tell(self._amd.beep())

    def feed(self, pcm: bytes) -> None:
        """Bytes of the fork: L16 16 kHz mono, any number of them. About 10 us a frame."""
        if self._closed:
            return
        for frame in self._chunks.feed(pcm):
            self._now_ms = self.base_ms + self._chunks.audio_ms
            self._frame(frame)

    def close(self) -> None:
        """The call is over. A recognition under way ends by itself, and nothing is emitted."""
        if self._closed:
            return
        self._closed = True
        self._jobs.clear()
        self._turn = self._last = None
        if self._worker is None:
            self._stream.close()

    # -- frames -----------------------------------------------------------------------------

    def _frame(self, frame: bytes) -> None:
        voiced = self._heard(frame)
        moment = self._endpointer.feed(voiced)
        if moment is Moment.STARTED:
            self._began()
        turn = self._turn
        (self._lead if turn is None else turn.frames).append(frame)
        if self._say is not None:
            self._interrupts(self._say, frame, voiced)
        if self._amd is not None:
            self._judge(self._amd, frame, voiced)
        if moment is not None:
            self._at(moment)
        elif (
            turn is not None
            and self._recogniser.streaming
            and len(turn.frames) * FRAME_MS % STREAM_EVERY_MS == 0
        ):
            self._recognise("partial")

    def _at(self, moment: Moment) -> None:
        match moment:
            case Moment.PAUSED:
                self._recognise("speculate")
            case Moment.RESUMED if self._turn is not None:
                self._turn.version += 1
                self._turn.guess = None
            case Moment.ENDED:
                self._ended()

    def _interrupts(self, say: tuple[str, bargein.BargeIn], frame: bytes, voiced: bool) -> None:
        """Is somebody speaking into a Say of ours?"""
        say_id, judge = say
        loud = voiced and self._vad.rms >= self._level.loud
        spoken = voiced and bargein.is_open(np.frombuffer(frame, np.int16))
        match judge.feed(voiced, loud, spoken):
            case bargein.Sign.INTERRUPT:
                self._emit(ev.Interruption(say_id, self._now_ms))
            case bargein.Sign.HESITATE:
                self._emit(ev.Overlap(say_id, self._now_ms))
            case bargein.Sign.GO_ON:
                self._emit(ev.Overlap(say_id, self._now_ms, over=True))

    def _judge(self, amd: Detector, frame: bytes, voiced: bool) -> None:
        """Who has picked up? A look at the words is worth its time here."""
        tone = self._beeps.feed(frame, self._vad.rms)
        self._tell(amd.feed(self._now_ms, voiced, tone, self._beeps.sounding))
        if amd.wants_words:
            self._recognise("partial")
        if amd.over:
            self._amd = None

    def _tell(self, events: list[ev.Event]) -> None:
        for event in events:
            self._emit(event)

    def _heard(self, frame: bytes) -> bool:
        """Is there a voice, and not our own coming back?"""
        voiced = self._vad.voiced(frame)
        rms, turn = self._vad.rms, self._turn
        if self._agent_speaks or self._now_ms <= self._echo_until_ms:
            level = self._level
            if turn is not None:
                return voiced and rms >= level.soft
            if rms < level.threshold:
                level.learn_echo(rms)
                return False
        elif voiced and turn is not None:
            self._level.learn(rms)
        return voiced

    def _began(self) -> None:
        start_ms = max(0, self._now_ms - self._endpointer.length_ms)
        self._turn = Turn(start_ms, self._lead, self._before(start_ms))
        self._lead.clear()
        self._emit(ev.SpeechStarted(start_ms))

    def _before(self, start_ms: int) -> Turn | None:
        """The turn that goes on with the voice heard since `start_ms`, if one does."""
        last, self._last = self._last, None
        if last is None or last.end_ms is None or start_ms > last.end_ms + JOIN_MS:
            return None
        if self._ours_ms is None:
            return last
        over_ms = self._over_ms
        soon = start_ms < self._ours_ms + OURS_MS and (over_ms is None or start_ms < over_ms)
        return last if soon else None  # else it answers us

    def _ended(self) -> None:
        turn, self._turn = self._turn, None
        if turn is None:
            return
        short = len(turn.frames) <= JOIN_FRAMES
        self._last = turn if short and not self._recogniser.streaming and not self._amd else None
        self._ours_ms = self._now_ms if self._agent_speaks else None
        self._over_ms = None
        silence = self._endpointer.silence_ms
        turn.end_ms = max(turn.start_ms, self._now_ms - silence)
        turn.ended_at = time.monotonic()
        self._lead.clear()
        if turn.guess is not None:
            # Nothing was voiced since: the turn only fell silent.
            self._utterance(turn, turn.guess)
            return
        if not self._recogniser.streaming:
            # The same samples as at the pause, if there was one: they need no second look.
            extra = max(0, silence - self._tuning.pause_ms)
            del turn.frames[len(turn.frames) - extra // FRAME_MS :]
        self._queue("final", turn)

    # -- recognition, one piece at a time ----------------------------------------------------

    def _recognise(self, kind: Kind) -> None:
        if self._turn is not None:
            self._queue(kind, self._turn)

    def _queue(self, kind: Kind, turn: Turn) -> None:
        """What is only worth knowing early gives way to what is newer; a final never does."""
        while self._jobs and self._jobs[-1][0] != "final":
            self._jobs.pop()
        self._jobs.append((kind, turn.version, turn))
        if self._under_way is not None and kind != "partial":
            early, version, job = self._under_way
            if early == "partial" or (early == "speculate" and version != turn.version):
                job.cancel()  # if it only waits: this one must not wait behind it
        if self._worker is None:
            self._worker = gevent.spawn(self._work)

    def _work(self) -> None:
        try:
            while self._jobs and not self._closed:
                kind, version, turn = self._jobs.popleft()
                heard = self._one(kind, version, turn)
                if not self._closed:
                    self._came(kind, version, turn, heard)
        finally:
            self._worker = None
            if self._closed:
                self._stream.close()

    def _one(self, kind: Kind, version: int, turn: Turn) -> Heard | None:
        """One recognition; None when it failed, which has then been said, or was given up for a
        newer one."""
        work = (self._recognition, self._stream, kind, turn.samples(), self._phrases)
        try:
            later = kind == "partial" and not self._recogniser.streaming
            job = self._workers.submit(*work, later=later)
        except SpeechError as error:
            self._refused(kind, str(error))
            return None
        self._under_way = kind, version, job
        try:
            heard: Heard = job.get(timeout=FINAL_TIMEOUT_S)
        except gevent.Timeout:
            if job.cancel():
                self._refused(kind, f"not begun within {FINAL_TIMEOUT_S:.0f} s")
            else:
                job.abandon()
                self._failed(kind, job, f"recognition took more than {FINAL_TIMEOUT_S:.0f} s")
        except NotBegun:
            pass
        except AgentdError as error:
            self._failed(kind, job, str(error))
        except Exception as error:  # noqa: BLE001 - a native engine may raise anything
            self._failed(kind, job, f"{type(error).__name__}: {error}")
        else:
            self._failures = 0
            self._watcher.recognised(kind, "ok", job.seconds)
            return heard
        finally:
            self._under_way = None
        return None

    def _recognition(
        self, stream: Stream, kind: Kind, samples: Samples, phrases: tuple[str, ...]
    ) -> Heard:
        """On a thread of Workers."""
        if phrases != self._expected:
            stream.expect(phrases)
            self._expected = phrases
        if kind == "partial":
            return Heard(stream.partial(samples), 0.0)
        return stream.speculate(samples) if kind == "speculate" else stream.final(samples)

    def _came(self, kind: Kind, version: int, turn: Turn, heard: Heard | None) -> None:
        if self._amd is not None and heard is not None and heard.text:
            self._tell(self._amd.words((heard.text, *heard.alternatives)))
        if kind == "final":
            if heard is None:
                self.unheard += 1
            self._utterance(turn, heard or NOTHING)
        elif heard is None or version != turn.version:
            return
        elif turn.end_ms is None:
            if kind == "speculate" and not self._recogniser.streaming:
                turn.guess = heard
            self._endpointer.said = self._promise(heard)
            if heard.text:
                self._emit(ev.Partial(heard.text, self._now_ms))
        elif not self._recogniser.streaming and self._jobs and self._jobs[0][2] is turn:
            # The turn ended while its speculation ran: the final that waits would say the same.
            self._jobs.popleft()
            self._utterance(turn, heard)

    def _promise(self, heard: Heard) -> Said:
        """Is the turn over? An answer that is expected as a whole is, unless its words say no.

        A recogniser that leans on what is expected takes the beginning of a sentence for such an
        answer, but is less sure of it, or reads a sentence that goes on as well.
        """
        said = completeness(heard.text)
        if said is Said.UNKNOWN and normalise(heard.text) in self._whole:
            said = Said.COMPLETE
        sure = self._recogniser.streaming or heard.confidence >= SURE
        if said is not Said.COMPLETE:
            return said
        goes_on = Said.UNFINISHED in map(completeness, heard.alternatives)
        return Said.COMPLETE if sure and not goes_on else Said.UNKNOWN

    def _utterance(self, turn: Turn, heard: Heard) -> None:
        text, others = heard.text, heard.alternatives
        if heard.confidence < self._floor and text:
            # Not understood; kept for what must never be missed.
            text, others = "", (text, *others)
        end_ms = turn.start_ms if turn.end_ms is None else turn.end_ms
        self._watcher.stage("recognition", time.monotonic() - turn.ended_at)
        told = ev.Utterance(text, heard.confidence, turn.start_ms, end_ms, others, turn.goes_on)
        self._emit(told)

    def _refused(self, kind: Kind, reason: str) -> None:
        """Too much work for the machine: no fault of the recogniser's."""
        log.warning("recognition refused", kind=kind, reason=reason)
        self._watcher.recognised(kind, "refused", 0.0)
        if kind == "final":
            self._renew(None)  # what it was fed of this turn must not run into the next

    def _failed(self, kind: Kind, job: Job, reason: str) -> None:
        self._failures += 1
        self._watcher.recognised(kind, "failed", job.seconds)
        log.error("recognition failed", reason=reason, in_a_row=self._failures)
        self._renew(job)
        if self._failures == MOST_FAILURES and not self._closed:
            self._emit(ev.Fault(f"recognition failed {MOST_FAILURES} times: {reason}"))

    def _renew(self, job: Job | None) -> None:
        """Leave the stream for a new one; a thread may be in it still, and is waited for."""
        try:
            new = self._recogniser.stream(self._vocabulary)
        except Exception as error:  # noqa: BLE001 - a native engine may raise anything
            self._failures = MOST_FAILURES
            self._emit(ev.Fault(f"no new stream of the recogniser: {error}"))
            return
        stream, self._stream = self._stream, new
        self._expected = None
        if job is None or job.ready():
            stream.close()
        else:
            job.rawlink(lambda _: stream.close())
