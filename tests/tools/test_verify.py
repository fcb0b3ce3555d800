"""The judge of recordings: words compared as they are said, lengths and levels looked at."""

import numpy as np
import pytest
from agentd_tools.verify import HeardBack, cut, number, shape, word_error

from agentd.speech.recogniser import Heard


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "zéro"), (16, "seize"), (17, "dix sept"), (21, "vingt et un"), (48, "quarante huit"),
        (70, "soixante dix"), (71, "soixante et onze"), (77, "soixante dix sept"),
        (80, "quatre vingts"), (81, "quatre vingt un"), (91, "quatre vingt onze"),
        (99, "quatre vingt dix neuf"), (100, "cent"), (200, "deux cents"), (201, "deux cent un"),
        (1000, "mille"), (1999, "mille neuf cent quatre vingt dix neuf"),
        (2026, "deux mille vingt six"),
        (80_000, "quatre vingts mille"),
    ],
)  # fmt: skip
def test_numbers(value, said):
    assert number(value) == said


@pytest.mark.parametrize(
    ("said", "heard", "error"),
    [
        ("Ça vous parle ?", "ca vous parle", 0),
        ("sous quarante-huit heures", "sous 48 heures.", 0),
        ("sous quarante-huit heures", "sous 48h", 0),
        ("soixante-dix pour cent", "70 %", 0),
        ("mille euros", "1 000 €", 0),
        ("un deux trois quatre", "un deux quatre", 0.25),
        ("un deux", "un deux trois quatre", 1.0),
        ("bonjour", "", 1.0),
        ("...", "", 0.0),
        ("...", "merci", 1.0),
    ],
)
def test_word_error(said, heard, error):
    assert word_error(said, heard) == pytest.approx(error)


@pytest.mark.parametrize(
    ("seconds", "off", "said"),
    [(3.0, 0.0, ""), (0.8, 0.0, "0.8 s for"), (30.0, 0.0, "30.0 s for"), (3.0, -9.0, "-9.0 dB"),
     (3.0, None, "")],
)  # fmt: skip
def test_shape(seconds, off, said):
    text = "Puis-je vous faire une simulation ?"
    sound = np.full(int(seconds * 8_000), 900, np.int16)
    found = shape(text, sound, 8_000, off)
    assert said in found
    assert bool(found) == bool(said)
    assert "clipped" in shape(text, np.full(24_000, 32_767, np.int16), 8_000, 0.0)


def test_long_recordings_are_cut_where_it_is_quiet():
    rate = 16_000
    sound = np.full(rate * 60, 5_000, np.int16)
    for at in (20, 41):
        sound[rate * at : rate * at + rate // 2] = 3
    pieces = cut(sound, rate * 24)
    assert [round(p.size / rate) for p in pieces] == [20, 21, 19]
    np.testing.assert_array_equal(np.concatenate(pieces), sound)


class Deaf:
    """A recogniser that hears what it is told."""

    name, streaming = "deaf", False

    def __init__(self, hears):
        self._hears = hears

    def warm(self):
        pass

    def stream(self, vocabulary=()):
        return self

    def final(self, utterance):
        return Heard(self._hears, 1.0)

    def close(self):
        pass


def test_what_is_not_understood_is_a_problem_unless_it_is_very_short():
    sound = np.full(16_000, 900, np.int16)
    bad = HeardBack(Deaf("rien de cela"))("Puis-je vous faire une simulation ?", sound, 16_000)
    assert bad.word_error == pytest.approx(1.0)
    assert "heard « rien de cela »" in bad.problem
    assert not HeardBack(Deaf("rien"))("Ça vous parle ?", sound, 16_000).problem
    good = HeardBack(Deaf("puis-je vous faire une simulation"))
    assert good("Puis-je vous faire une simulation ?", sound, 16_000).badness == (False, 0.0)
