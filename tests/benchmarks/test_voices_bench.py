"""That the benchmark of voices measures what it says."""

import pytest

from benchmarks import voices


@pytest.mark.speech
def test_a_few_files_are_rendered_once_and_recognised_back(speech_models):
    found = {bar.bar: bar for bar in voices.bars(files=3)}
    assert found["voices_files"].value == 3
    assert found["voices_render_s"].value > 0
    assert found["voices_render_again_s"].note == "0 rendered again"
    assert found["voices_render_again_s"].met
    assert found["voices_word_error_mean"].n == 3
    assert 0 <= found["voices_word_error_mean"].value <= 1
