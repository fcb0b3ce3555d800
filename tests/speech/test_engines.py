"""Piper by a program, XTTS by a library: what is asked of them, and what is said without them."""

import json
import os
import sys

import numpy as np
import pytest
import soundfile

from agentd import config
from agentd.errors import BadInput, MissingResource, SpeechError
from agentd.speech import xtts
from agentd.speech.piper import PiperVoice
from agentd.speech.synthesis import open_voice

PROGRAM = """#!{python}
import array, sys
arguments = sys.argv[1:]
text = sys.stdin.readline()
assert arguments[arguments.index("--model") + 1].endswith(".onnx"), arguments
if "casse" in text:
    sys.exit("onnxruntime: broken model")
scale = float(arguments[arguments.index("--length-scale") + 1])
count = int(len(text) * 100 * scale)
sys.stdout.buffer.write(array.array("h", [3000, -3000] * (count if "muet" not in text else 0)))
"""


@pytest.fixture
def piper(tmp_path, monkeypatch):
    """A program that behaves as piper does on its command line, and a voice for it."""
    program = tmp_path / "bin/piper"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    model = tmp_path / "models/piper-fr/fr.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"onnx")
    (model.parent / "fr.onnx.json").write_text(json.dumps({"audio": {"sample_rate": 22_050}}))
    return model


def test_piper_speaks(piper):
    voice = PiperVoice(piper)
    said = voice.render("Bonjour\nà vous")
    assert (said.dtype, voice.rate_hz) == (np.int16, 22_050)
    slower = voice.another(1)
    assert slower.settings != voice.settings
    assert slower.render("Bonjour à vous").size > said.size
    assert voice.another(3) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [("casse", "piper failed: onnxruntime: broken model"), ("muet", "gave no sound"),
     (" ... ", "nothing to say")],
)  # fmt: skip
def test_piper_that_fails_says_why(piper, text, said):
    with pytest.raises(SpeechError, match=said):
        PiperVoice(piper).render(text)


def test_a_piper_voice_that_is_not_whole(piper, monkeypatch):
    (piper.parent / "fr.onnx.json").write_text("{}")
    with pytest.raises(BadInput, match="does not describe a piper voice"):
        PiperVoice(piper)
    (piper.parent / "fr.onnx.json").unlink()
    with pytest.raises(MissingResource, match=r"fr\.onnx\.json is missing"):
        PiperVoice(piper)


def test_piper_by_voice_yaml_and_pico_in_calls(piper, tmp_path):
    settings = config.load(environ={"AGENTD_PATHS_ROOT": str(tmp_path)})
    folder = tmp_path / "voices/marie"
    folder.mkdir(parents=True)
    (folder / "voice.yaml").write_text("engine: piper\nmodel: piper-fr/fr.onnx\nlive: espeak\n")
    assert open_voice(settings, "marie").name == "piper fr"
    try:
        live = open_voice(settings, "marie", live=True).name
    except MissingResource as error:  # no espeak-ng on this machine
        live = str(error)
    assert "espeak-ng" in live


def test_modes_by_seconds_of_clean_speech():
    assert [xtts.mode_of(s) for s in (3, 29.9, 30, 120, 120.1)] == [
        "quick", "quick", "standard", "standard", "fine-tuning",
    ]  # fmt: skip
    assert "trained" not in xtts.told("quick") + xtts.told("standard")
    assert "up to 120 s" in xtts.told("fine-tuning")
    assert "is not trained" in xtts.told("fine-tuning")


@pytest.mark.parametrize("length", [10, 240, 300, 900])
def test_texts_are_said_in_pieces_that_lose_nothing(length):
    words = [
        f"mot{n}" + (", " if n % 9 == 8 else ". " if n % 31 == 30 else " ") for n in range(400)
    ]
    text = "".join(words)[:length].strip()
    pieces = xtts.pieces(text)
    assert " ".join(pieces) == text
    assert max(map(len, pieces)) <= xtts.LONGEST
    assert xtts.pieces(" ... ") == []
    assert "".join(xtts.pieces("x" * 700)) == "x" * 700


@pytest.fixture
def cloning(tmp_path, monkeypatch):
    """A voice to imitate and weights on disk; the library itself is only looked for."""
    monkeypatch.setattr(xtts, "find_spec", lambda name: object())
    model, folder = tmp_path / "xtts-v2", tmp_path / "anne"
    for file in (*(model / part for part in xtts.FILES), folder / "a.wav"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"weights")
    soundfile.write(folder / "a.wav", np.zeros(22_050 * 40), 22_050)
    return model, folder


def test_the_licence_is_acknowledged_once(cloning):
    model, folder = cloning
    with pytest.raises(BadInput, match="non-commercial use only") as caught:
        xtts.XttsVoice(model, folder, consent="c")
    assert "--accept-licence" in str(caught.value)
    xtts.acknowledge(model)
    assert json.loads((model / xtts.ACKNOWLEDGED).read_text())["licence"] == xtts.LICENCE
    voice = xtts.XttsVoice(model, folder, consent="c" * 16)
    assert voice.mode == "standard"
    assert "consent=cccc" in voice.settings
    assert voice.another(1).settings != voice.settings
    assert voice.another(xtts.ATTEMPTS + 1) is None


def test_xtts_names_what_is_missing(cloning, monkeypatch):
    model, folder = cloning
    xtts.acknowledge(model)
    (model / "model.pth").unlink()
    with pytest.raises(MissingResource, match="models fetch xtts-v2"):
        xtts.XttsVoice(model, folder, consent="c")
    (model / "model.pth").write_bytes(b"x")
    (folder / "a.wav").unlink()
    with pytest.raises(BadInput, match="holds no samples"):
        xtts.XttsVoice(model, folder, consent="c")
    monkeypatch.setattr(xtts, "find_spec", lambda name: None)
    with pytest.raises(MissingResource, match=r"agentd\[voice\]"):
        xtts.XttsVoice(model, folder, consent="c")
