"""Who speaks when. One small interface; what can be installed decides what is behind it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy import fft, signal
from scipy.cluster.vq import kmeans2

from agentd.errors import AgentdError, BadInput, MissingResource
from agentd.hub import TOKENS
from agentd_tools.quality import FRAME_MS, Floats, Mask, pitches

PIPELINES = ("pyannote/speaker-diarization-community-1", "pyannote/speaker-diarization-3.1")
RATE_HZ = 16_000
Segments = Sequence["Turn"]


@dataclass(frozen=True, order=True)
class Turn:
    """One speaker from start to end, in seconds. Turns of two may overlap."""

    start: float
    end: float
    speaker: int


class Diarizer(Protocol):
    """Tells speakers apart. Numbers go by who speaks longest: 0 is the main speaker."""

    @property
    def name(self) -> str:
        """For the report."""

    def turns(self, sound: Floats, voiced: Mask, speakers: int | None) -> list[Turn]:
        """sound: mono 16 kHz. voiced: its frames of 20 ms with a voice. speakers: how many, where
        that is known. Raises AgentdError."""


class SingleSpeaker:
    """All speech is one person's, as whoever runs it says."""

    name = "single speaker, as told"

    def turns(self, sound: Floats, voiced: Mask, speakers: int | None) -> list[Turn]:
        """Every voiced stretch."""
        return [Turn(start, end, 0) for start, end in runs(voiced)]


class BasicDiarizer:
    """Pitch and cepstrum of each stretch of speech, clustered: no model, no download.

    Tells a few voices apart that differ clearly, one at a time, in a clean recording. It hears no
    overlap, and takes similar voices for one.
    """

    name = "basic (pitch and cepstrum)"
    _GAP_S = 0.25  # a pause after which somebody else may be speaking
    _WINDOW_S = 1.5  # longer stretches are looked at in parts of this length
    _APART = 1.08  # ratio of pitches; halves of one voice came out at 1.04

    def turns(self, sound: Floats, voiced: Mask, speakers: int | None) -> list[Turn]:
        """Clusters of `speakers`; when that is not said, two, or one when their pitch is one."""
        count = speakers or 2
        windows = [
            part
            for start, end in runs(voiced, int(self._GAP_S * 1000 / FRAME_MS))
            for part in _split(start, end, self._WINDOW_S)
        ]
        if count == 1 or len(windows) < count:
            return SingleSpeaker().turns(sound, voiced, 1)
        pitch = pitches(sound, RATE_HZ, voiced)
        features = np.array([_features(sound, pitch, *window) for window in windows])
        # What a window's loudness and the room do to every voice alike is no difference.
        spread = features.std(axis=0)
        scaled = (features - features.mean(axis=0)) / np.where(spread > 1e-6, spread, 1.0)
        scaled[:, 0] *= 4.0  # pitch tells more than any one coefficient
        labels = _cluster(scaled, count, [end - start for start, end in windows])
        if speakers is None:
            halves = [features[np.array(labels) == label, 0] for label in range(count)]
            if abs(float(halves[0].mean() - halves[1].mean())) < np.log(self._APART):
                return SingleSpeaker().turns(sound, voiced, 1)
        found = [Turn(*w, int(label)) for w, label in zip(windows, labels, strict=True)]
        return by_length(_joined(found))


class PyannoteDiarizer:
    """pyannote.audio: hears overlap, needs torch and gated weights (docs/voices.md)."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        """folder: a downloaded pipeline; when it is not there, the hub is asked with a token.

        Raises MissingResource naming what to install or set.
        """
        if find_spec("pyannote") is None or find_spec("torch") is None:
            raise MissingResource(
                "pyannote.audio is not installed",
                mend="pip install torch==2.13.0, then pip install 'agentd[voice]'; or use "
                "--single-speaker, or --diarizer basic",
            )
        environ = os.environ if environ is None else environ
        self._token = next((environ[name] for name in TOKENS if environ.get(name)), None)
        self._folder = folder
        if not folder.is_dir() and self._token is None:
            raise MissingResource(
                f"no pyannote pipeline in {folder}, and no token to ask the hub with",
                mend=f"accept the conditions of {PIPELINES[0]} on the hub, make a token there and "
                f"set {TOKENS[0]}; or use --single-speaker, or --diarizer basic",
            )
        self.name = f"pyannote ({folder if folder.is_dir() else PIPELINES[0]})"

    def turns(self, sound: Floats, voiced: Mask, speakers: int | None) -> list[Turn]:
        """Its own segmentation: `voiced` is not used."""
        import torch

        pipeline = self._pipeline()
        waveform = torch.from_numpy(sound.astype(np.float32))[None]
        options = {} if speakers is None else {"num_speakers": speakers}
        made = pipeline({"waveform": waveform, "sample_rate": RATE_HZ}, **options)
        annotation = getattr(made, "speaker_diarization", made)  # 4.x gives it in an object
        names: dict[str, int] = {}
        found = [
            Turn(part.start, part.end, names.setdefault(label, len(names)))
            for part, _, label in annotation.itertracks(yield_label=True)
        ]
        return by_length(found)

    def _pipeline(self) -> Any:
        # It reports to its makers how it is used (pyannote.audio 4) unless told not to.
        os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "false")
        from pyannote.audio import Pipeline

        asked = [str(self._folder)] if self._folder.is_dir() else list(PIPELINES)
        said = ""
        for name in asked:
            try:
                pipeline = Pipeline.from_pretrained(name, token=self._token)
            except Exception as error:  # noqa: BLE001 - the hub client raises what it likes
                said = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                continue
            if pipeline is not None:
                return pipeline
            said = f"{name}: its conditions were not accepted for this token"
        raise AgentdError(
            f"pyannote cannot be loaded: {said}",
            mend=f"accept the conditions of {' or '.join(PIPELINES)} on the hub; or use "
            "--diarizer basic",
        )


def open_diarizer(name: str, models: Path) -> Diarizer:
    """auto: pyannote where it can run, else basic. Raises MissingResource, BadInput."""
    if name == "single":
        return SingleSpeaker()
    if name == "basic":
        return BasicDiarizer()
    if name == "pyannote":
        return PyannoteDiarizer(models / "pyannote")
    if name == "auto":
        try:
            return PyannoteDiarizer(models / "pyannote")
        except MissingResource:
            return BasicDiarizer()
    raise BadInput(f"no diarizer {name!r}", mend="auto, pyannote, basic or single")


def runs(mask: Mask, gap: int = 0) -> list[tuple[float, float]]:
    """Stretches of true frames in seconds, those at most `gap` frames apart joined."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    found: list[list[int]] = []
    for start, end in zip(np.nonzero(edges > 0)[0], np.nonzero(edges < 0)[0], strict=True):
        if found and start - found[-1][1] <= gap:
            found[-1][1] = int(end)
        else:
            found.append([int(start), int(end)])
    second = 1000 / FRAME_MS
    return [(start / second, end / second) for start, end in found]


def by_length(turns: Sequence[Turn]) -> list[Turn]:
    """The same turns in order of time, speakers numbered by how long they speak."""
    length: dict[int, float] = {}
    for turn in turns:
        length[turn.speaker] = length.get(turn.speaker, 0.0) + turn.end - turn.start
    order = {speaker: n for n, speaker in enumerate(sorted(length, key=lambda s: -length[s]))}
    return sorted(Turn(turn.start, turn.end, order[turn.speaker]) for turn in turns)


def error_rate(reference: Segments, found: Segments, seconds: float) -> float:
    """Diarization error rate: missed, false and confused time over reference speech, no collar.

    Speakers are matched the way that is best.
    """
    from itertools import permutations

    one, other = _grid(reference, seconds), _grid(found, seconds)
    speech = one.any(axis=0)
    count = max(one.shape[0], other.shape[0])
    one = np.pad(one, ((0, count - one.shape[0]), (0, 0)))
    other = np.pad(other, ((0, count - other.shape[0]), (0, 0)))
    best = min(
        float(np.maximum((one & ~other[list(p)]).sum(0), (other[list(p)] & ~one).sum(0)).sum())
        for p in permutations(range(count))
    )
    return best / max(1.0, float(speech.sum()))


def _grid(turns: Segments, seconds: float) -> Mask:
    rows = max((turn.speaker for turn in turns), default=0) + 1
    grid = np.zeros((rows, int(seconds * 100) + 1), bool)
    for turn in turns:
        grid[turn.speaker, int(turn.start * 100) : int(turn.end * 100)] = True
    return grid


def _split(start: float, end: float, longest: float) -> list[tuple[float, float]]:
    parts = max(1, round((end - start) / longest))
    step = (end - start) / parts
    return [(start + n * step, start + (n + 1) * step) for n in range(parts)]


def _features(sound: Floats, pitch: Floats, start: float, end: float) -> Floats:
    """Log pitch, then the mean cepstrum (coefficients 1 to 12) of a stretch."""
    frames = pitch[int(start * 1000 / FRAME_MS) : int(end * 1000 / FRAME_MS) + 1]
    frames = frames[frames > 0]
    part = sound[int(start * RATE_HZ) : int(end * RATE_HZ)]
    if part.size < 512:
        part = np.pad(part, (0, 512 - part.size))
    _, _, spectrum = signal.spectrogram(part, RATE_HZ, nperseg=512, noverlap=256)
    bands = _mel_bands(spectrum.shape[0]) @ spectrum
    loud = bands.sum(axis=0) >= np.quantile(bands.sum(axis=0), 0.4)
    cepstrum = fft.dct(np.log(bands[:, loud] + 1e-10), axis=0, norm="ortho")[1:13]
    log_pitch = float(np.log(np.median(frames))) if frames.size else np.log(150.0)
    return np.concatenate([[log_pitch], cepstrum.mean(axis=1)])


def _mel_bands(bins: int, count: int = 26) -> Floats:
    def mel(hz: Floats) -> Floats:
        return 2595 * np.log10(1 + hz / 700)

    hz = np.linspace(0, RATE_HZ / 2, bins)
    edges = np.linspace(float(mel(np.array(80.0))), float(mel(np.array(7_600.0))), count + 2)
    at = mel(hz)
    rising = (at[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - at[None]) / (edges[2:] - edges[1:-1])[:, None]
    bands: Floats = np.clip(np.minimum(rising, falling), 0, None)
    return bands


def _cluster(features: Floats, count: int, lengths: Sequence[float]) -> list[int]:
    """The best of several k-means, by the spread left within clusters."""
    weight = np.array(lengths)
    best: tuple[float, list[int]] = (np.inf, [0] * len(features))
    for seed in range(8):
        centres, labels = kmeans2(features, count, minit="++", rng=seed, missing="warn")
        if len(set(labels)) < count:
            continue
        spread = float((weight * ((features - centres[labels]) ** 2).sum(axis=1)).sum())
        if spread < best[0]:
            best = (spread, [int(label) for label in labels])
    return best[1]


def _joined(turns: Sequence[Turn], gap: float = 0.3) -> list[Turn]:
    found: list[Turn] = []
    for turn in sorted(turns):
        if found and found[-1].speaker == turn.speaker and turn.start - found[-1].end <= gap:
            found[-1] = Turn(found[-1].start, turn.end, turn.speaker)
        else:
            found.append(turn)
    return found
