"""The mechanics of cloning with the real library and a small model of random weights: what it says
is noise, but loading, conditioning on samples, and drawing by seed are those of the real one.

Needs the [voice] extra (torch), which the default set-up has not.
"""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import soundfile

pytestmark = [
    pytest.mark.skipif(
        find_spec("TTS") is None or find_spec("torch") is None,
        reason="needs torch==2.13.0 and agentd[voice]",
    ),
    pytest.mark.timeout(300),
]
LETTERS = "abcdefghijklmnopqrstuvwxyzàâçéèêëîïôûùüÿœæ'.,!?-:;0123456789"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder as `agentd models fetch xtts-v2` leaves it, 23 M random parameters."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts, XttsArgs, XttsAudioConfig

    folder = tmp_path_factory.mktemp("models") / "xtts-v2"
    folder.mkdir()
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[fr]"]
    vocabulary = {token: number for number, token in enumerate([*special, *LETTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "vocab.json"))
    arguments = XttsArgs(
        gpt_layers=1, gpt_n_model_channels=64, gpt_n_heads=2, decoder_input_dim=64,
        gpt_number_text_tokens=len(vocabulary), gpt_max_text_tokens=300,
        gpt_max_audio_tokens=60, gpt_max_prompt_tokens=40, gpt_num_audio_tokens=34,
        gpt_start_audio_token=32, gpt_stop_audio_token=33,
    )  # fmt: skip
    audio = XttsAudioConfig(sample_rate=22_050, output_sample_rate=24_000)
    config = XttsConfig(model_args=arguments, audio=audio)
    config.save_json(str(folder / "config.json"))
    torch.manual_seed(0)
    torch.save({"model": Xtts(config).state_dict()}, folder / "model.pth")
    return folder


def test_a_voice_is_conditioned_on_its_samples_and_drawn_by_seed(weights, tmp_path):
    from agentd.speech import xtts

    random = np.random.default_rng(1)
    for name in ("a.wav", "b.wav"):  # 44.1 kHz stereo: no system's FFmpeg is asked for
        soundfile.write(tmp_path / name, random.normal(0, 0.1, (44_100 * 5, 2)), 44_100)
    xtts.acknowledge(weights)
    assert json.loads((weights / xtts.ACKNOWLEDGED).read_text())["by"]
    voice = xtts.XttsVoice(weights, tmp_path, consent="c" * 16)
    assert (voice.mode, voice.parallel) == ("quick", False)
    text = "Bonjour, je suis Anne. Avez-vous une minute ?"
    said = voice.render(text)
    assert said.dtype == np.int16
    assert said.any()
    np.testing.assert_array_equal(said, voice.render(text))  # the same each time
    other = voice.another(1)
    assert not np.array_equal(said, other.render(text))
    assert voice.render(" ".join([text] * 8)).size > said.size  # longer than one piece
