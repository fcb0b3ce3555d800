"""Which parts of a recording become samples: one speaker alone, cut where nobody speaks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agentd_tools.diarize import Turn, runs
from agentd_tools.quality import FRAME_MS, Floats, Mask

SHORTEST_S, LONGEST_S = 4.0, 10.0
PAUSE_S = 0.5  # a silence in which may be cut
KEEP_S = 0.2  # silence kept at both ends of a sample
JOIN_S = 1.5  # a longer silence is not kept within a sample
# Music: a spectrum that stays as it is (correlation STEADY after AHEAD hops, about 130 ms: longer
# than a phone, shorter than a note) for LASTS hops of 32 ms on end, at most UNDER_DB under the
# loudest tenth. Speech around it, AROUND_S to both sides, has it too.
WINDOW_S, AHEAD, STEADY, LASTS = 0.064, 4, 0.90, 8
UNDER_DB, AROUND_S = 35.0, 1.0


@dataclass(frozen=True)
class Chunk:
    """From start to end, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class Cut:
    """The samples, and what was left out and why, in seconds of speech."""

    chunks: tuple[Chunk, ...]
    overlap_s: float
    music_s: float
    no_pause_s: float  # more than LONGEST_S without a pause long enough
    short_s: float  # less than SHORTEST_S between two pauses that end it

    @property
    def seconds(self) -> float:
        """Of the samples together."""
        return sum(chunk.seconds for chunk in self.chunks)


def cut(
    voiced: Mask,
    turns: Sequence[Turn],
    speaker: int,
    *,
    music: Mask | None = None,
    pause_s: float = PAUSE_S,
) -> Cut:
    """Samples of one speaker.

    voiced: frames of 20 ms with a voice. turns: who speaks when. music: frames with music.
    A cut falls only in a silence of at least pause_s, hence never inside a word.
    """
    frames = voiced.size
    mine, others = np.zeros(frames, bool), np.zeros(frames, bool)
    for turn in turns:
        span = slice(_frame(turn.start), _frame(turn.end))
        (mine if turn.speaker == speaker else others)[span] = True
    loud = np.zeros(frames, bool) if music is None else music
    overlap = mine & others & voiced
    noisy = mine & loud & voiced
    pauses = max(1, _frame(pause_s))
    groups: list[list[tuple[float, float]]] = []
    no_pause = 0.0
    for start, end in runs(voiced, pauses - 1):  # stretches with no pause long enough in them
        part = slice(_frame(start), _frame(end))
        alone = mine[part].mean() > 0.9 and not others[part].any() and not noisy[part].any()
        if not alone:
            groups.append([])  # nothing may be joined across what somebody else says
        elif end - start > LONGEST_S:
            no_pause += end - start
            groups.append([])
        elif groups and groups[-1] and _joins(groups[-1], start, end):
            groups[-1].append((start, end))
        else:
            groups.append([(start, end)])
    chunks, short = [], 0.0
    last = frames * FRAME_MS / 1000
    for group in (group for group in groups if group):
        start, end = group[0][0], group[-1][1]
        if end - start < SHORTEST_S:
            short += sum(b - a for a, b in group)
            continue
        chunks.append(Chunk(max(0.0, start - KEEP_S), min(last, end + KEEP_S)))
    seconds = FRAME_MS / 1000
    return Cut(
        tuple(chunks),
        float(overlap.sum()) * seconds,
        float(noisy.sum()) * seconds,
        no_pause,
        short,
    )


def _joins(group: list[tuple[float, float]], start: float, end: float) -> bool:
    return start - group[-1][1] <= JOIN_S and end - group[0][0] <= LONGEST_S - 2 * KEEP_S


def music(sound: Floats, rate_hz: int, frames: int) -> Mask:
    """Frames of 20 ms with music in them or near: sustained tones, heard where nobody speaks.

    Speech changes its spectrum several times a second. Drums alone, and music that is never heard
    without a voice over it, are not found.
    """
    found = np.zeros(frames, bool)
    window = int(WINDOW_S * rate_hz)
    if sound.size < window * (AHEAD + LASTS):
        return found
    hop = window // 2
    hops = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop]
    power = (hops**2).mean(axis=1)
    size = np.abs(np.fft.rfft(hops * np.hanning(window), axis=1))
    # What is 40 dB under the strongest tone is the room's noise, different in every hop.
    spectrum = np.log(size + 0.01 * size.max(axis=1, keepdims=True) + 1e-9)
    spectrum -= spectrum.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(spectrum, axis=1)
    alike = (spectrum[:-AHEAD] * spectrum[AHEAD:]).sum(axis=1)
    alike /= norm[:-AHEAD] * norm[AHEAD:] + 1e-9
    loud = power[:-AHEAD] > np.quantile(power, 0.9) * 10 ** (-UNDER_DB / 10)
    steady = (alike > STEADY) & loud
    around = AROUND_S * 1000 / FRAME_MS
    for start, end in runs(steady):
        first, last = round(start * 1000 / FRAME_MS), round(end * 1000 / FRAME_MS)  # in hops
        if last - first < LASTS:
            continue
        per_hop = hop / rate_hz * 1000 / FRAME_MS
        begin = max(0, int(first * per_hop - around))
        found[begin : int((last + AHEAD) * per_hop + around)] = True
    return found


def _frame(seconds: float) -> int:
    return round(seconds * 1000 / FRAME_MS)
