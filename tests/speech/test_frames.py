from hypothesis import given
from hypothesis import strategies as st

from agentd.speech.frames import FRAME_BYTES, Rechunker


@given(st.binary(max_size=5000), st.lists(st.integers(1, 900), max_size=40))
def test_whatever_the_chunks_the_frames_are_the_same(data, sizes):
    chunks, rest = Rechunker(), data
    frames = []
    for size in [*sizes, len(data) + 1]:
        frames += chunks.feed(rest[:size])
        rest = rest[size:]
    assert all(len(f) == FRAME_BYTES for f in frames)
    assert b"".join(frames) == data[: len(data) - len(data) % FRAME_BYTES]
    assert chunks.audio_ms == len(frames) * 20
