"""Masters and line copies of a voice's lines: only what changed, never half-written."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from agentd.speech.library import (
    LINE_RATES,
    MASTER_HZ,
    AudioLibrary,
    Int16,
    Manifest,
    Recording,
    at_level,
    made_by,
    resample,
    say,
    trim,
    write_wav,
)
from agentd.speech.synthesis import Voice

TARGET_LUFS = -20.0
PEAK = 0.89  # of full scale, -1 dB
SHORTEST_LUFS_S = 0.5  # a loudness needs 400 ms blocks (ITU-R BS.1770); shorter is levelled by RMS
SAVE_EVERY = 25  # lines between two writings of the manifest
RATES = (MASTER_HZ, *LINE_RATES)


@dataclass
class Done:
    """What a run did: how many lines were rendered, and which could not be."""

    rendered: int = 0
    failed: list[tuple[Clip, AgentdError]] = field(default_factory=list)


def normalise(samples: Int16, rate_hz: int, lufs: float = TARGET_LUFS) -> Int16:
    """The same sound at `lufs`, as far as its peaks allow."""
    if samples.size < SHORTEST_LUFS_S * rate_hz:
        return at_level(samples, lufs)
    wide = samples.astype(np.float64) / 32768
    loudness = pyloudnorm.Meter(rate_hz).integrated_loudness(wide)
    if not np.isfinite(loudness):
        return samples
    gain = 10 ** ((lufs - loudness) / 20)
    gain = min(gain, PEAK / float(np.abs(wide).max()))
    levelled: Int16 = np.round(wide * gain * 32767).astype(np.int16)
    return levelled


def render(
    library: AudioLibrary,
    voice: Voice,
    clips: Sequence[Clip],
    *,
    force: bool = False,
    told: Callable[[Clip], None],
) -> Done:
    """Render what is missing or stale. told(clip) after each that was.

    A line that fails is reported and costs no other. The manifest is written as lines are finished,
    also when the run is interrupted, so that the next goes on where it was. Raises AgentdError when
    another run has this voice, SpeechError on a manifest that cannot be read.
    """
    done = Done()
    with alone(library.folder):
        manifest = Manifest(dict(library.manifest().recordings))
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        try:
            jobs = {
                clip: pool.submit(_render_one, library, manifest, voice, clip)
                for clip in clips
                if force or not _fresh(library, manifest, voice, clip)
            }
            for clip, job in jobs.items():
                try:
                    manifest.recordings[clip.key] = job.result()
                except AgentdError as error:
                    done.failed.append((clip, error))
                    continue
                done.rendered += 1
                told(clip)
                if done.rendered % SAVE_EVERY == 0:
                    _write_manifest(library.folder, manifest)
        finally:
            pool.shutdown(cancel_futures=True)
            if done.rendered:
                _write_manifest(library.folder, manifest)
    return done


def _fresh(library: AudioLibrary, manifest: Manifest, voice: Voice, clip: Clip) -> bool:
    known = manifest.recordings.get(clip.key)
    if known is None or known.text != clip.text:
        return False
    if not all(library.path(clip.key, rate).exists() for rate in RATES):
        return False
    # A run cut off between a master and the manifest leaves a master of another text.
    return known.recorded or (
        known.engine == made_by(voice) and known.sha256 == _sha256(library.path(clip.key))
    )


def _render_one(library: AudioLibrary, manifest: Manifest, voice: Voice, clip: Clip) -> Recording:
    path = library.path(clip.key)
    known = manifest.recordings.get(clip.key)
    if known and known.recorded and known.text == clip.text and path.exists():
        master = read_mono(path)  # a person's: only its copies are ours to make
        copies(library, clip.key, master)
        return _described(known, path, master)
    spoken = resample(say(voice, clip.text), voice.rate_hz, MASTER_HZ)
    master = normalise(spoken, MASTER_HZ, TARGET_LUFS + voice.level_db)
    write_wav(path, master, MASTER_HZ)
    copies(library, clip.key, master)
    return _described(Recording(clip.text, "", made_by(voice), 0), path, master)


def _described(recording: Recording, path: Path, master: Int16) -> Recording:
    return msgspec.structs.replace(
        recording, sha256=_sha256(path), duration_ms=round(master.size * 1000 / MASTER_HZ)
    )


def copies(library: AudioLibrary, key: str, master: Int16) -> None:
    """Copies at the rates of lines, so that the switch never resamples."""
    for rate in LINE_RATES:
        write_wav(library.path(key, rate), resample(master, MASTER_HZ, rate), rate)


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
        _write_manifest(library.folder, Manifest(kept))
        for rate in RATES:
            for key in keys:
                (library.folder / str(rate) / f"{key}.wav").unlink(missing_ok=True)
            for part in (library.folder / str(rate)).rglob("*.part"):
                part.unlink(missing_ok=True)


def refresh(settings: Settings, voice: str, target: float) -> Done:
    """Trim and level every master of a voice again, to `target` LUFS, and copy it.

    A master that cannot be read is reported and left as it is.
    """
    library = AudioLibrary(settings, voice)
    done = Done()
    with alone(library.folder):
        manifest = Manifest(dict(library.manifest().recordings))
        try:
            for key, known in list(manifest.recordings.items()):
                path = library.path(key)
                try:
                    master = normalise(trim(read_mono(path), MASTER_HZ), MASTER_HZ, target)
                    write_wav(path, master, MASTER_HZ)
                    copies(library, key, master)
                except AgentdError as error:
                    done.failed.append((Clip(key, known.text), error))
                    continue
                manifest.recordings[key] = _described(known, path, master)
                done.rendered += 1
        finally:
            if done.rendered:
                _write_manifest(library.folder, manifest)
    return done


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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    part = folder / "manifest.json.part"
    try:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        os.replace(part, folder / "manifest.json")
    except OSError as error:
        part.unlink(missing_ok=True)
        raise AgentdError(f"{folder}/manifest.json cannot be written: {error.strerror}") from None
