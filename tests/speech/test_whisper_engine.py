import os
from pathlib import Path

import numpy as np
import pytest

from agentd import config
from agentd.catalog import Catalog
from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Line, Manner
from agentd.simulator.playing import TICK
from agentd.simulator.voices import Voices
from agentd.speech import candidates as cand
from agentd.speech.recogniser import Heard
from agentd.speech.whisper_engine import WhisperRecogniser, choose, is_phantom, tidy

ROOT = Path(__file__).parents[2]
SETTINGS = config.load(environ={k: v for k, v in os.environ.items() if k.startswith("AGENTD_P")})


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Oui, je vous écoute. Oui, Je vous écoutes. Oui je vous", "Oui, je vous écoute"),
        ("Non Non", "Non"),
        ("Oui. Demain matin.", "Oui. Demain matin"),
        ("", ""),
        ("Vous êtes un robot ?", "Vous êtes un robot"),
    ],
)
def test_what_a_decoder_repeats_is_said_once(raw, kept):
    assert tidy(raw) == kept


@pytest.mark.parametrize("text", ["Sous-titrage Société Radio-Canada", "Thank you.", "...", "♪"])
def test_phantoms(text):
    assert is_phantom(text)


def test_a_clear_candidate_is_chosen_and_a_close_call_is_not_guessed():
    assert choose("On", -2.0, ["On"], [(2.0, "oui"), (-2.5, "non")], 0.35).text == "oui"
    doubtful = choose("On", -2.0, ["On"], [(-1.0, "oui"), (-1.05, "non")], 0.35)
    assert doubtful.text == ""
    assert doubtful.alternatives == ("oui",)


def test_what_is_no_candidate_is_taken_as_decoded():
    free = "je suis en voiture là"
    assert choose(free, -0.3, [free], [(-4.8, "oui")], 0.35).text == free
    assert choose(free, -1.6, [free], [(-4.8, "oui")], 0.35).text == ""


def test_what_it_may_have_been_is_told_unless_it_may_have_been_anything():
    free = "je suis en voiture là"
    assert choose(free, -1.2, [free], [(-4.8, "oui")], 0.35) == Heard("", 0.301, (free,))
    assert choose(free, -3.0, [free], [(-4.8, "oui")], 0.35) == Heard("", 0.05, ())


def test_a_phantom_is_nothing():
    assert choose("Thank you", -0.1, ["Thank you"], [(-5.0, "oui")], 0.35).text == ""


def test_two_words_for_the_same_are_no_rivals():
    heard = choose("On d'accord", -1.5, [], [(0.5, "oui d'accord"), (0.4, "d'accord")], 0.35)
    assert heard.text == "oui d'accord"
    assert heard.confidence > 0.9


def test_phrases_are_taken_by_their_sound():
    phrases = ("c'est trop cher vos taux", "j'ai déjà ma banque")
    assert cand.alike(phrases, "Oui, mais c'est trop cher, vous t'au") == (
        "Oui, mais c'est trop cher vos taux"
    )
    assert cand.alike(phrases, "il fait très beau aujourd'hui") == ""


def test_candidates_must_fit_the_time_they_were_said_in():
    fitting = cand.plausible(cand.COMMON, 0.3)
    assert "oui" in fitting
    assert "je veux parler à un conseiller" not in fitting
    assert "oui" not in cand.plausible(cand.COMMON, 2.5)


# -- the real model ---------------------------------------------------------------------------

SAID = {
    "oui je vous écoute": "oui je vous écoute",
    "oui effectivement": "oui effectivement",
    "non merci": "non merci",
    "vous êtes un robot": "vous êtes un robot",
    "je veux parler à un conseiller": "je veux parler à un conseiller",
    "ça ne m'intéresse pas": "ça ne m'intéresse pas",
    "arrêtez de m'appeler": "arrêtez de m'appeler",
}


@pytest.fixture(scope="module")
def recogniser(speech_models):
    made = WhisperRecogniser(SETTINGS.path("models", "whisper-base"), 0.35)
    made.warm()
    return made


def spoken(text, tmp_path):
    """Over an A-law line with a little noise, as the fork brings it."""
    sound = Voices(SETTINGS.path("models", "pico"), tmp_path).say(text, Manner())
    sound = np.concatenate([np.zeros(1600, np.int16), sound, np.zeros(1440, np.int16)])
    line, doubler = LineModel(Line()), Doubler()
    heard = []
    for start in range(0, len(sound) - TICK, TICK):
        line.deliver(np.zeros(TICK, np.int16))
        heard.append(doubler.double(line.receive(sound[start : start + TICK])))
    return np.frombuffer(b"".join(heard), np.int16)


@pytest.mark.speech
def test_telephone_speech_is_understood(recogniser, tmp_path):
    vocabulary = Catalog(SETTINGS).brain("finance").vocabulary
    wrong = {}
    for text, wanted in SAID.items():
        heard = recogniser.decode(spoken(text, tmp_path), (), vocabulary)
        if heard.text.lower().rstrip(" ?.") != wanted:
            wrong[text] = heard
    assert len(wrong) <= 1, wrong


@pytest.mark.speech
@pytest.mark.parametrize("level", [0, 20, 300, 3000])
def test_noise_says_nothing(recogniser, level):
    noise = np.random.default_rng(level).normal(0, level, 16_000).astype(np.int16)
    assert recogniser.decode(noise, ("oui", "non"), ()).text == ""


@pytest.mark.speech
def test_a_final_over_the_same_samples_costs_nothing(recogniser, tmp_path, monkeypatch):
    utterance = spoken("non merci", tmp_path)
    stream = recogniser.stream()
    guess = stream.speculate(utterance)
    monkeypatch.setattr(recogniser, "decode", lambda *_: pytest.fail("decoded twice"))
    assert stream.final(utterance) == guess
