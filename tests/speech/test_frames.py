import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.speech.frames import FRAME_BYTES, FRAME_MS, Pace, Rechunker

SOUND = bytes(random.Random(1).randbytes(FRAME_BYTES * 50 + 123))


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """`data` in chunks of these sizes, again and again."""
    chunks, at, i = [], 0, 0
    while at < len(data):
        chunks.append(data[at : at + sizes[i % len(sizes)]])
        at += sizes[i % len(sizes)]
        i += 1
    return chunks


def test_a_frame_is_20_ms_of_16_khz_16_bit_sound():
    assert (FRAME_MS, FRAME_BYTES) == (20, 640)


@pytest.mark.parametrize("sizes", [[1], [640], [641], [639], [320], [64_000], [3, 1279, 0, 7]])
def test_frames_do_not_depend_on_how_the_bytes_came(sizes):
    rechunker = Rechunker()
    frames = [frame for chunk in cut(SOUND, sizes) for frame in rechunker.feed(chunk)]
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert b"".join(frames) == SOUND[: 50 * FRAME_BYTES]
    assert rechunker.audio_ms == 1000


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=8))
def test_any_sizes(sizes):
    rechunker = Rechunker()
    frames = [frame for chunk in cut(SOUND, sizes) for frame in rechunker.feed(chunk)]
    assert b"".join(frames) == SOUND[: 50 * FRAME_BYTES]


def test_time_counts_frame_by_frame_within_one_big_chunk():
    rechunker = Rechunker()
    times = [rechunker.audio_ms for _ in rechunker.feed(bytes(FRAME_BYTES * 3))]
    assert times == [20, 40, 60]


def test_empty_chunks_are_nothing():
    rechunker = Rechunker()
    assert list(rechunker.feed(b"")) == []
    assert rechunker.audio_ms == 0


def test_late_is_what_comes_behind_the_promptest_frame() -> None:
    pace = Pace()
    for number in range(100):
        pace.came(500 + number * FRAME_MS, number * FRAME_MS)  # 500 ms after the answer, evenly
    assert pace.late == 0
    pace.came(500 + 100 * FRAME_MS + 41, 100 * FRAME_MS)
    assert pace.late == 1
    pace.came(500 + 101 * FRAME_MS + 40, 101 * FRAME_MS)
    assert pace.late == 1


def test_a_stream_that_begins_anew_is_not_late_for_what_was_lost() -> None:
    pace = Pace()
    pace.came(0, 0)
    pace.anew()
    pace.came(5_000, FRAME_MS)
    pace.came(5_020, 2 * FRAME_MS)
    assert pace.late == 0
