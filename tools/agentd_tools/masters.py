"""Masters and line copies of a voice: levelled, written whole, known by the manifest."""

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import pyloudnorm
import soundfile

from agentd.config import Settings
from agentd.dialogue.actions import Clip
from agentd.errors import AgentdError, BadInput
from agentd.speech import provenance
from agentd.speech.library import (
    LINE_RATES,
    MASTER_HZ,
    AudioLibrary,
    Int16,
    Manifest,
    Recording,
    at_level,
    resample,
    trim,
    write_wav,
)
from agentd.speech.provenance import Provenance

TARGET_LUFS = -20.0
PEAK_DBTP = -1.0  # true peak, ITU-R BS.1770 annex 2: between the samples too
OVERSAMPLED = 4
SHORTEST_LUFS_S = 0.5  # a loudness needs 400 ms blocks (ITU-R BS.1770); shorter is levelled by RMS
RATES = (MASTER_HZ, *LINE_RATES)


@dataclass
class Done:
    """What a run did: how many lines were rendered, and which could not be."""

    rendered: int = 0
    checked: int = 0
    errors: list[float] = field(default_factory=list)  # word errors of what was checked
    doubtful: list[tuple[Clip, str]] = field(default_factory=list)
    failed: list[tuple[Clip, AgentdError]] = field(default_factory=list)


def loudness(samples: Int16, rate_hz: int) -> float | None:
    """Integrated loudness in LUFS; None for what is too short or too quiet to have one."""
    if samples.size < SHORTEST_LUFS_S * rate_hz:
        return None
    found = pyloudnorm.Meter(rate_hz).integrated_loudness(samples.astype(np.float64) / 32768)
    return float(found) if np.isfinite(found) else None


def true_peak_db(samples: Int16, rate_hz: int) -> float:
    """The highest point between the samples, in dBTP; -120 for silence."""
    wide = samples.astype(np.float64) / 32768
    dense = resample_wide(wide, rate_hz, rate_hz * OVERSAMPLED)
    peak = max(np.abs(dense).max(initial=0.0), np.abs(wide).max(initial=0.0))
    return 20 * float(np.log10(max(peak, 1e-6)))


def normalise(samples: Int16, rate_hz: int, lufs: float = TARGET_LUFS) -> Int16:
    """The same sound at `lufs`, as far as its true peaks allow."""
    found = loudness(samples, rate_hz)
    if found is None:
        return at_level(samples, lufs) if samples.size < SHORTEST_LUFS_S * rate_hz else samples
    gain_db = min(lufs - found, PEAK_DBTP - true_peak_db(samples, rate_hz))
    levelled = np.round(samples.astype(np.float64) * 10 ** (gain_db / 20))
    return np.clip(levelled, -32768, 32767).astype(np.int16)


def resample_wide(sound: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Floating point at another rate, first axis time."""
    import soxr

    return sound if from_hz == to_hz else np.asarray(soxr.resample(sound, from_hz, to_hz))


def described(recording: Recording, path: Path, master: Int16) -> Recording:
    """A manifest's line with what is measured of its master."""
    level = loudness(master, MASTER_HZ)
    return msgspec.structs.replace(
        recording,
        sha256=sha256(path),
        duration_ms=round(master.size * 1000 / MASTER_HZ),
        level_db=None if level is None else round(level, 1),
    )


def copies(library: AudioLibrary, key: str, master: Int16, made: Provenance | None) -> None:
    """Copies at the rates of lines, so that the switch never resamples."""
    for rate in LINE_RATES:
        write_wav(library.path(key, rate), resample(master, MASTER_HZ, rate), rate, made, key)


def orphans(library: AudioLibrary, wanted: Collection[str]) -> list[str]:
    """Keys of recordings that no line of `wanted` (keys) uses any more; never a person's."""
    recordings = library.manifest().recordings
    found = set(recordings)
    for rate in RATES:
        folder = library.folder / str(rate)
        found |= {
            file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.wav")
        }
    return sorted(
        key for key in found - set(wanted) if not (key in recordings and recordings[key].recorded)
    )


def prune(library: AudioLibrary, keys: Collection[str]) -> None:
    """Remove recordings, and what a killed run left half-written."""
    with alone(library.folder):
        kept = {k: r for k, r in library.manifest().recordings.items() if k not in keys}
        write_manifest(library.folder, Manifest(kept))
        for rate in RATES:
            for key in keys:
                (library.folder / str(rate) / f"{key}.wav").unlink(missing_ok=True)
            for part in (library.folder / str(rate)).rglob("*.part"):
                part.unlink(missing_ok=True)


@dataclass(frozen=True)
class Planned:
    """What `refresh` would do to a master: its loudness now, and the gain its peaks allow."""

    key: str
    lufs: float | None
    gain_db: float
    cut_s: float  # silence at its ends


def plan(settings: Settings, voice: str, target: float) -> list[Planned]:
    """What `refresh` would do. Nothing is written; a master that cannot be read is left out."""
    library = AudioLibrary(settings, voice)
    found = []
    for key in library.manifest().recordings:
        try:
            before = read_mono(library.path(key))
        except AgentdError:
            continue
        trimmed = trim(before, MASTER_HZ)
        level = loudness(trimmed, MASTER_HZ)
        wanted = 0.0 if level is None else target - level
        gain = min(wanted, PEAK_DBTP - true_peak_db(trimmed, MASTER_HZ))
        found.append(Planned(key, level, gain, (before.size - trimmed.size) / MASTER_HZ))
    return found


def refresh(settings: Settings, voice: str, target: float) -> Done:
    """Trim and level every master of a voice again, to `target` LUFS, and copy it.

    The master as it was is kept once, in `originals/`. One that cannot be read is reported and
    left as it is.
    """
    library = AudioLibrary(settings, voice)
    done = Done()
    with alone(library.folder):
        manifest = Manifest(dict(library.manifest().recordings))
        try:
            for key, known in list(manifest.recordings.items()):
                path = library.path(key)
                try:
                    before = read_mono(path)
                    master = normalise(trim(before, MASTER_HZ), MASTER_HZ, target)
                    made = known.provenance or provenance.read(path)
                    if not np.array_equal(master, before):
                        keep_original(library, key)
                        write_wav(path, master, MASTER_HZ, made, key)
                    copies(library, key, master, made)
                except AgentdError as error:
                    done.failed.append((Clip(key, known.text), error))
                    continue
                manifest.recordings[key] = described(known, path, master)
                done.rendered += 1
        finally:
            if done.rendered:
                write_manifest(library.folder, manifest)
    return done


def keep_original(library: AudioLibrary, key: str) -> None:
    """Keep a master as it is now, in `originals/`, unless that of the same line is kept there."""
    path, kept = library.path(key), library.folder / "originals" / f"{key}.wav"
    known = library.manifest().recordings.get(key)
    ours = known is not None and known.sha256 == sha256(path)  # not one a person has just put there
    if kept.exists() and ours and provenance.read(kept) == provenance.read(path):
        return
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_bytes(path.read_bytes())
        os.replace(part, kept)
    except OSError as error:
        raise AgentdError(f"{kept} cannot be written: {error.strerror}") from None


def read_mono(path: Path, rate_hz: int = MASTER_HZ) -> Int16:
    """A sound file as int16 mono at `rate_hz`. Raises BadInput when it is no sound."""
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise BadInput(
            f"{path} is not a sound file that can be read: {error}",
            mend="give a WAV, FLAC, OGG or MP3 file",
        ) from None
    if not samples.size:
        raise BadInput(f"{path} holds no sound")
    if not np.isfinite(samples).all():
        raise BadInput(f"{path} holds samples that are no numbers", mend="export it again")
    mono = np.clip(np.round(samples.mean(axis=1) * 32767), -32768, 32767).astype(np.int16)
    return resample(mono, rate, rate_hz)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one run may write a voice's recordings. Raises AgentdError when another does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise AgentdError(
            f"{folder} cannot be written: {error.strerror}", mend="check [paths] audio"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AgentdError(
                f"another run is writing {folder}", mend="wait for it to end, then try again"
            ) from None
        yield


def sha256(path: Path) -> str:
    """Of a file, as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Whole or not at all. Raises AgentdError."""
    part = folder / "manifest.json.part"
    try:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        os.replace(part, folder / "manifest.json")
    except OSError as error:
        part.unlink(missing_ok=True)
        raise AgentdError(
            f"{folder}/manifest.json cannot be written: {error.strerror}",
            mend="make room, then run it again: it goes on from what the manifest has",
        ) from None
