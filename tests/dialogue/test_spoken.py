import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.spoken import spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bah... jai pas le temps, quoi", "j ai pas le temps"),
        ("J'ai pas l'temps", "j ai pas l temps"),
        ("sa minteresse pas", "ca m interesse pas"),
        ("Ça ne m'intéresse pas.", "ca m interesse pas"),
        ("ses trop cher", "c est trop cher"),
        ("ses enfants", "ses enfants"),
        ("sa femme", "sa femme"),
        ("chais pas", "je sais pas"),
        ("jsuis pas interessé", "je suis pas interesse"),
        ("Je ne suis pas intéressé.", "je suis pas interesse"),
        ("arretez de mappeler", "arretez de m appeler"),
        ("il n'y a pas de Dupont ici", "y a pas de dupont ici"),
        ("non non non merci non merci", "non merci"),
        ("vous vous trompez", "vous vous trompez"),
        ("c'est quoi", "c est quoi"),
        ("n'importe quoi", "nimporte quoi"),
        ("oui mes c'est trop cher hein", "oui mais c est trop cher"),
        ("je peut pas", "je peux pas"),
        ("ouais ouais ouais", "oui"),
        ("jeudi", "jeudi"),
        ("jamais", "jamais"),
        ("euh... bah", ""),
        ("", ""),
        ("?!", ""),
        ("hein", "hein"),
    ],
)
def test_spoken_forms_meet_in_one_spelling(text: str, expected: str) -> None:
    assert spoken(text) == expected


@given(st.text(max_size=200))
def test_any_text_is_survived_and_only_words_remain(text: str) -> None:
    said = spoken(text)
    assert said == said.strip()
    assert all(c == " " or (c.isascii() and c.isalnum()) for c in said)
