import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from agentd.errors import SpeechError
from agentd.speech.recogniser import NOTHING
from agentd.speech.vosk_engine import VoskRecogniser

SOUND = np.arange(16_000, dtype=np.int16)


class Native:
    """KaldiRecognizer, which "hears" one word each 4000 samples and ends sentences when told."""

    made = 0

    def __init__(self, model, rate):
        assert rate == 16_000
        Native.made += 1
        self.model, self.words, self.fed, self.asked = model, [], 0, False
        self.resets = 0

    def SetWords(self, on):  # noqa: N802
        self.asked = on

    def AcceptWaveform(self, data):  # noqa: N802
        assert isinstance(data, bytes)
        self.fed += len(data) // 2
        while len(self.words) * 4000 + 4000 <= self.fed:
            self.words.append(self.model.words.pop(0))
        if self.model.sentence_after and len(self.words) >= self.model.sentence_after:
            self.model.sentence_after = 0
            return True
        return False

    def PartialResult(self):  # noqa: N802
        return json.dumps({"partial": " ".join(w for w, _ in self.words)})

    def Result(self):  # noqa: N802
        said, self.words = self.words, []
        self.fed = 0
        return json.dumps({"result": [{"word": w, "conf": c} for w, c in said]})

    FinalResult = Result

    def Reset(self):  # noqa: N802
        self.resets += 1
        self.words, self.fed = [], 0


class Model:
    def __init__(self, path):
        if "broken" in path:
            raise Exception("Failed to create a model")
        self.words, self.sentence_after = [], 0


@pytest.fixture
def recogniser(monkeypatch):
    fake = types.SimpleNamespace(
        Model=Model, KaldiRecognizer=Native, SetLogLevel=lambda level: None
    )
    monkeypatch.setitem(sys.modules, "vosk", fake)
    monkeypatch.setattr(Native, "made", 0)
    recogniser = VoskRecogniser(Path("/models/vosk-fr"))
    recogniser.warm()
    return recogniser


def hears(recogniser, *words, sentence_after=0):
    recogniser._model.words = list(words)
    recogniser._model.sentence_after = sentence_after


def test_partials_grow_and_the_final_has_the_mean_confidence_of_its_words(recogniser):
    hears(recogniser, ("ma", 0.9), ("grand", 0.8), ("mère", 0.7), ("tricote", 0.6))
    stream = recogniser.stream()
    assert stream.partial(SOUND[:4000]) == "ma"
    assert stream.partial(SOUND[:9000]) == "ma grand"
    assert stream.speculate(SOUND[:12_000]).text == "ma grand mère"
    heard = stream.final(SOUND)
    assert heard.text == "ma grand mère tricote"
    assert heard.confidence == pytest.approx(0.75)


def test_only_what_is_new_is_fed(recogniser):
    hears(recogniser, *[("a", 1.0)] * 4)
    stream = recogniser.stream()
    stream.partial(SOUND[:8000])
    stream.partial(SOUND[:8000])
    assert stream._native.fed == 8000


def test_a_sentence_vosk_ends_itself_stays_part_of_the_turn(recogniser):
    words = [("un", 1.0), ("deux", 1.0), ("trois", 0.5), ("quatre", 0.5)]
    hears(recogniser, *words, sentence_after=2)
    stream = recogniser.stream()
    assert stream.partial(SOUND[:8000]) == "un deux"
    assert stream.partial(SOUND[:12_000]) == "un deux trois"
    heard = stream.final(SOUND)
    assert (heard.text, heard.confidence) == ("un deux trois quatre", 0.75)


def test_native_recognisers_are_reset_and_used_again(recogniser):
    for _ in range(5):
        hears(recogniser, ("oui", 1.0), ("oui", 1.0), ("oui", 1.0), ("oui", 1.0))
        recogniser.stream().final(SOUND)
    assert Native.made == 1
    hears(recogniser, *[("oui", 1.0)] * 8)
    one, other = recogniser.stream(), recogniser.stream()
    one.partial(SOUND[:4000])
    other.partial(SOUND[:4000])
    assert Native.made == 2


def test_each_utterance_begins_afresh(recogniser):
    hears(recogniser, *[("un", 1.0)] * 4)
    stream = recogniser.stream()
    stream.final(SOUND)
    hears(recogniser, ("deux", 1.0))
    assert stream.final(SOUND[:4000]).text == "deux"


def test_nothing_heard_is_nothing(recogniser):
    assert recogniser.stream().final(SOUND[:100]) == NOTHING


def test_unknown_words_are_not_told(recogniser):
    hears(recogniser, ("[unk]", 1.0), ("tricot", 1.0))
    assert recogniser.stream().final(SOUND[:8000]).text == "tricot"


def test_what_the_step_expects_settles_a_doubt(recogniser):
    hears(recogniser, ("pourquoi", 0.5), ("pas", 0.4))
    stream = recogniser.stream()
    stream.expect(("pourquoi pas",))
    heard = stream.final(SOUND[:8000])
    assert heard.text == "pourquoi pas"
    assert heard.confidence > 0.7


def test_closing_gives_the_native_recogniser_back(recogniser):
    hears(recogniser, ("oui", 1.0))
    stream = recogniser.stream()
    stream.partial(SOUND[:4000])
    stream.close()
    stream.close()
    assert len(recogniser._idle) == 1
    assert recogniser._idle[0].fed == 0


def test_a_model_that_cannot_be_loaded_says_how_to_mend_it(monkeypatch):
    fake = types.SimpleNamespace(Model=Model, SetLogLevel=lambda level: None)
    monkeypatch.setitem(sys.modules, "vosk", fake)
    with pytest.raises(SpeechError, match="agentd models fetch vosk-fr"):
        VoskRecogniser(Path("/models/broken")).warm()


def test_an_unwarmed_recogniser_says_so():
    with pytest.raises(SpeechError, match="not warmed"):
        VoskRecogniser(Path("/models/vosk-fr")).stream().final(SOUND)


@pytest.mark.speech
def test_a_real_model_streams_and_is_reused():
    """Any language: AGENTD_TEST_VOSK_MODEL names the folder of a Vosk model."""
    named = os.environ.get("AGENTD_TEST_VOSK_MODEL")
    if not named:
        pytest.skip("AGENTD_TEST_VOSK_MODEL names no Vosk model")
    from speech_corpus import line, need_models, say

    need_models()
    sound = line(say("bonjour madame comment allez vous aujourd'hui"))
    recogniser = VoskRecogniser(Path(named))
    recogniser.warm()
    stream = recogniser.stream()
    partials = [stream.partial(sound[:end]) for end in range(4800, sound.size, 4800)]
    heard = stream.final(sound)
    assert any(partials), "nothing was recognised on the way"
    assert heard.text
    assert 0 < heard.confidence <= 1
    again = stream.final(sound)
    assert again.text
    assert len(recogniser._idle) == 1
    assert recogniser.stream().final(np.zeros(16_000, np.int16)).text == ""
