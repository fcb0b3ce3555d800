"""Recordings of one voice, and what is synthesised where none exists.

    audio/<voice>/22050/<key>.wav          masters
    audio/<voice>/8000/<key>.wav, 16000/   copies at the rates of lines
    audio/<voice>/manifest.json            key -> text, hash, engine settings, length
    audio/<voice>/cache/<rate>/<hash>.wav  synthesised during calls, oldest forgotten first

A recording is used for exactly the text it says: when a scenario's text is edited its recording is
stale, and the new text is synthesised until `agent-tools clone-voice` has rendered it.
"""

import hashlib
import io
import os
import re
import tempfile
import threading
import wave
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from agentd.config import Settings
from agentd.dialogue.actions import Clip
from agentd.errors import BadInput, SpeechError
from agentd.speech import provenance
from agentd.speech.provenance import Provenance
from agentd.speech.synthesis import Voice, open_voice, speakable

MASTER_HZ = 22_050
LINE_RATES = (8_000, 16_000)
CACHE_FILES = 2_000  # synthesised files kept a rate: about 200 MB at 8 kHz
PROCESSING = 3  # of what comes out of an engine: another number makes all of it anew
LEVEL_DBFS = -20.0  # RMS of what is synthesised live, near that of the recordings
_KEY = re.compile(r"[\w.-]+(/[\w.-]+)*")


class Recording(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a manifest. `recorded` marks a person's recording, never rendered over.

    source: SHA-256 of the file a person recorded. attempt: which way of saying it was kept.
    word_error: share of words not recognised back, None where that was not checked; problem: what
    was found wrong with the recording.
    """

    text: str
    sha256: str
    engine: str
    duration_ms: int
    recorded: bool = False
    source: str = ""
    attempt: int = 0
    word_error: float | None = None
    problem: str = ""
    level_db: float | None = None  # LUFS
    provenance: Provenance | None = None


class Manifest(msgspec.Struct):
    """What a voice has recordings of."""

    recordings: dict[str, Recording] = {}


class AudioLibrary:
    """One voice's recordings. Thread-safe; an edited manifest is seen without a restart."""

    def __init__(self, settings: Settings, voice: str) -> None:
        if not _KEY.fullmatch(voice) or "/" in voice:
            raise BadInput(f"{voice!r} cannot be the name of a voice")
        self._settings = settings
        self._name = voice
        self.folder = settings.path("audio", voice)
        self._lock = threading.Lock()
        self._voice: Voice | None = None
        self._manifest = Manifest()
        self._read_at: tuple[int, int] | None = None
        self._lengths: dict[Path, tuple[int, int]] = {}

    def find(self, clip: Clip, rate_hz: int) -> Path | None:
        """The recording of exactly this text at this rate, if there is one. About 20 us."""
        recording = self.manifest().recordings.get(clip.key)
        if recording is None or recording.text != clip.text:
            cached = self._cached(clip.text, rate_hz) if self._voice is not None else None
            return cached if cached is not None and cached.exists() else None
        path = self.path(clip.key, rate_hz)
        return path if path.exists() else None

    def is_cached(self, path: Path) -> bool:
        """Was it synthesised in an earlier call, not recorded?"""
        return path.is_relative_to(self.folder / "cache")

    def synthesise(self, clip: Clip, rate_hz: int) -> Path:
        """A file that says the clip, made now. Native work: for `Workers`. Raises SpeechError."""
        voice = self._open()
        path = self._cached(clip.text, rate_hz)
        if not path.exists():
            samples = say(voice, clip.text)
            sound = resample(samples, voice.rate_hz, rate_hz)
            level = LEVEL_DBFS + voice.level_db
            made = provenance_of(voice, self._name, clip.text)
            write_wav(path, at_level(sound, level), rate_hz, made, clip.key)
            self._forget_oldest(path.parent)
        return path

    def duration_ms(self, path: Path) -> int:
        """Length of a WAV file, from its header; remembered while the file is the same."""
        stat = path.stat()
        known = self._lengths.get(path)
        if known is not None and known[0] == stat.st_mtime_ns:
            return known[1]
        try:
            with wave.open(str(path)) as file:
                length = int(file.getnframes() * 1000 // file.getframerate())
        except (wave.Error, EOFError, ZeroDivisionError) as error:
            raise SpeechError(f"{path} is not a WAV file: {error}") from None
        if len(self._lengths) > 10_000:
            self._lengths.clear()
        self._lengths[path] = (stat.st_mtime_ns, length)
        return length

    def missing(self, clips: Iterable[Clip], rate_hz: int | None = None) -> list[Clip]:
        """Those without a recording of their text at the line's rate."""
        rate = rate_hz or self._settings.voice.rate_hz
        recordings = self.manifest().recordings
        return [
            clip
            for clip in clips
            if (found := recordings.get(clip.key)) is None
            or found.text != clip.text
            or not self.path(clip.key, rate).exists()
        ]

    def path(self, key: str, rate_hz: int = MASTER_HZ) -> Path:
        """Where the recording of `key` is or would be; its master unless a rate is given."""
        if not _KEY.fullmatch(key) or ".." in key:
            raise SpeechError(f"{key!r} cannot be the name of a recording")
        return self.folder / str(rate_hz) / f"{key}.wav"

    def manifest(self) -> Manifest:
        """What is recorded, read again when the file has changed. Raises SpeechError."""
        file = self.folder / "manifest.json"
        try:
            stat = file.stat()
        except OSError:
            return Manifest()
        stamp = (stat.st_mtime_ns, stat.st_size)
        with self._lock:
            if stamp != self._read_at:
                try:
                    self._manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
                except (msgspec.DecodeError, OSError) as error:
                    raise SpeechError(
                        f"{file} cannot be read: {error}",
                        mend="put back a good copy; or delete it (a person's recordings are then "
                        f"rendered over) and run agent-tools clone-voice {self._name} --all",
                    ) from None
                self._read_at = stamp
            return self._manifest

    def _open(self) -> Voice:
        with self._lock:
            if self._voice is None:
                self._voice = open_voice(self._settings, self._name, live=True)
            return self._voice

    def _cached(self, text: str, rate_hz: int) -> Path:
        assert self._voice is not None
        made = f"{made_by(self._voice)}\n{text}"
        name = hashlib.sha256(made.encode()).hexdigest()
        return self.folder / "cache" / str(rate_hz) / f"{name}.wav"

    def _forget_oldest(self, folder: Path) -> None:
        files = list(folder.glob("*.wav"))
        if len(files) > CACHE_FILES:
            files.sort(key=_age)
            for file in files[: CACHE_FILES // 10]:
                file.unlink(missing_ok=True)


def _age(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0  # another worker has just forgotten it


Int16 = NDArray[np.int16]


def made_by(voice: Voice) -> str:
    """Everything but the text that decides how a recording sounds."""
    return f"{voice.settings} processing={PROCESSING}"


def provenance_of(voice: Voice, name: str, text: str) -> Provenance:
    """What a file that `voice`, the engine of the voice `name`, makes of a text says of itself."""
    return Provenance(
        kind=provenance.SYNTHETIC,
        voice=name,
        engine=voice.name,
        settings=made_by(voice),
        licence=voice.licence,
        text_sha256=provenance.of_text(text),
        consent=voice.consent,
        made=date.today().isoformat(),
    )


def say(voice: Voice, text: str) -> Int16:
    """What is said of a text, at the voice's rate: no silence around it, no long pause in it."""
    return tighten(trim(voice.render(speakable(text)), voice.rate_hz), voice.rate_hz)


def resample(samples: Int16, from_hz: int, to_hz: int) -> Int16:
    """int16 mono at another rate."""
    if from_hz == to_hz:
        return samples
    resampled: Int16 = soxr.resample(samples, from_hz, to_hz)
    return resampled


def trim(samples: Int16, rate_hz: int, keep_ms: int = 30) -> Int16:
    """Silence cut from both ends: what is under 1 % of full scale, but for `keep_ms`."""
    loud = np.nonzero(np.abs(samples.astype(np.int32)) > 327)[0]
    if loud.size == 0:
        return samples
    keep = rate_hz * keep_ms // 1000
    return samples[max(0, loud[0] - keep) : loud[-1] + keep]


def tighten(samples: Int16, rate_hz: int, longest_ms: int = 240) -> Int16:
    """The same speech, its pauses at most `longest_ms` long.

    Engines breathe for half a second between sentences; on a telephone that is where people answer.
    """
    frame = rate_hz // 100
    whole = samples.size // frame * frame
    quiet = np.abs(samples[:whole].astype(np.int32)).reshape(-1, frame).max(axis=1) <= 200
    keep = np.ones(quiet.size, bool)
    run = 0
    for number, silent in enumerate(quiet):
        run = run + 1 if silent else 0
        keep[number] = run * 10 <= longest_ms
    return np.concatenate([samples[:whole].reshape(-1, frame)[keep].ravel(), samples[whole:]])


def at_level(samples: Int16, dbfs: float = LEVEL_DBFS) -> Int16:
    """The same sound at an RMS of `dbfs`, as far as its peaks allow."""
    wide = samples.astype(np.float64)
    rms = float(np.sqrt(np.mean(wide * wide))) if wide.size else 0.0
    if rms < 1:
        return samples
    gain = 32768 * 10 ** (dbfs / 20) / rms
    gain = min(gain, 0.89 * 32767 / float(np.abs(wide).max()))
    return np.round(wide * gain).astype(np.int16)


def write_wav(
    path: Path,
    samples: Int16,
    rate_hz: int,
    made: Provenance | None = None,
    title: str = "",
) -> None:
    """Write int16 mono, whole or not at all. made: where it comes from, kept in the file. Raises
    SpeechError."""
    # Made in memory: libsndfile seeks and flushes in callbacks that cannot raise, so that what a
    # full disk says would be printed rather than heard.
    whole = io.BytesIO()
    part = ""
    try:
        with soundfile.SoundFile(whole, "w", rate_hz, 1, "PCM_16", format="WAV") as sound:
            if made is not None:
                provenance.mark(sound, made, title)
            sound.write(samples)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(whole.getbuffer())
        os.chmod(part, 0o644)
        os.replace(part, path)
    except (OSError, soundfile.SoundFileError) as error:
        if part:
            Path(part).unlink(missing_ok=True)
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise SpeechError(f"{path} cannot be written: {said}") from None
