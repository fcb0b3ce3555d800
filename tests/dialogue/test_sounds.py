"""Sounds: what recognisers confuse is one string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.sounds import sound, stream
from agentd.dialogue.spoken import spoken


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("ces rangé", "c'est rangé"),
        ("tout le tant", "tout le temps"),
        ("ont a signé", "on a signé"),
        ("faux payer", "faut payer"),
        ("je suit plombier", "je suis plombier"),
        ("la maison et en vente", "la maison est en vente"),
        ("mais sous", "mes sous"),
        ("sa monte", "ça monte"),
        ("votres taux", "votre taux"),
        ("remboursé", "rembourser"),
    ],
)
def test_homophones_sound_alike(heard: str, said: str) -> None:
    assert stream(spoken(heard)) == stream(spoken(said))


@pytest.mark.parametrize(
    ("one", "other"),
    [("prix", "prêt"), ("banque", "blanc"), ("crédit", "cri"), ("long", "lent"), ("gaz", "gare")],
)
def test_other_words_do_not(one: str, other: str) -> None:
    assert sound(spoken(one)) != sound(spoken(other))


@given(st.text(max_size=80))
def test_any_text_has_a_sound(text: str) -> None:
    said = spoken(text)
    assert stream(said) == "".join(sound(word) for word in said.split())
    assert " " not in stream(said)
