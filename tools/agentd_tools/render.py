"""Masters and line copies of a voice's lines: only what changed, never half-written."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pyloudnorm
import soundfile

from agentd.config import Settings
from agentd.dialogue.actions import Clip
from agentd.errors import BadInput
from agentd.speech.library import (
    LINE_RATES,
    MASTER_HZ,
    AudioLibrary,
    Int16,
    Manifest,
    Recording,
    at_level,
    resample,
    say,
    trim,
    write_wav,
)
from agentd.speech.synthesis import Voice

TARGET_LUFS = -20.0
PEAK = 0.89  # of full scale, -1 dB
SHORTEST_LUFS_S = 0.5  # a loudness needs 400 ms blocks (ITU-R BS.1770); shorter is levelled by RMS


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
    told: Callable[[Clip, bool], None],
) -> int:
    """Render what is missing or stale; how many were. told(clip, rendered) after each.

    The manifest is written as lines are finished, so that an interrupted run goes on where it was.
    """
    manifest = Manifest(dict(library.manifest().recordings))
    rendered = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = {
            clip.key: None
            if _fresh(library, manifest, voice, clip) and not force
            else pool.submit(_render_one, library, voice, clip)
            for clip in clips
        }
        for clip in clips:
            job = jobs[clip.key]
            if job is not None:
                manifest.recordings[clip.key] = job.result()
                rendered += 1
                if rendered % 25 == 0:
                    _write_manifest(library.folder, manifest)
            told(clip, job is not None)
    if rendered:
        _write_manifest(library.folder, manifest)
    return rendered


def _fresh(library: AudioLibrary, manifest: Manifest, voice: Voice, clip: Clip) -> bool:
    known = manifest.recordings.get(clip.key)
    if known is None or known.text != clip.text:
        return False
    if not known.recorded and known.engine != voice.settings:
        return False
    return all(library.path(clip.key, rate).exists() for rate in (MASTER_HZ, *LINE_RATES))


def _render_one(library: AudioLibrary, voice: Voice, clip: Clip) -> Recording:
    spoken = say(voice, clip.text)
    master = normalise(resample(spoken, voice.rate_hz, MASTER_HZ), MASTER_HZ)
    path = library.path(clip.key, MASTER_HZ)
    write_wav(path, master, MASTER_HZ)
    copies(library, clip.key, master)
    return Recording(
        text=clip.text,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        engine=voice.settings,
        duration_ms=round(master.size * 1000 / MASTER_HZ),
    )


def copies(library: AudioLibrary, key: str, master: Int16) -> None:
    """Copies at the rates of lines, so that the switch never resamples."""
    for rate in LINE_RATES:
        write_wav(library.path(key, rate), resample(master, MASTER_HZ, rate), rate)


def refresh(settings: Settings, voice: str, target: float) -> int:
    """Trim and level every master of a voice again and copy it; how many there were."""
    library = AudioLibrary(settings, voice)
    manifest = Manifest(dict(library.manifest().recordings))
    for key, known in manifest.recordings.items():
        path = library.path(key, MASTER_HZ)
        samples = read_mono(path)
        master = normalise(trim(samples, MASTER_HZ), MASTER_HZ, target)
        write_wav(path, master, MASTER_HZ)
        copies(library, key, master)
        manifest.recordings[key] = msgspec.structs.replace(
            known,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            duration_ms=round(master.size * 1000 / MASTER_HZ),
        )
    if manifest.recordings:
        _write_manifest(library.folder, manifest)
    return len(manifest.recordings)


def read_mono(path: Path, rate_hz: int = MASTER_HZ) -> Int16:
    """A sound file as int16 mono at `rate_hz`. Raises BadInput when it is no sound."""
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise BadInput(f"{path} is not a sound file that can be read: {error}") from None
    if not samples.size:
        raise BadInput(f"{path} holds no sound")
    mono = np.clip(np.round(samples.mean(axis=1) * 32767), -32768, 32767).astype(np.int16)
    return resample(mono, rate, rate_hz)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "manifest.json.part"
    part.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    os.replace(part, folder / "manifest.json")
