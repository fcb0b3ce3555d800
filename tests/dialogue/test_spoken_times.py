"""When is a moment named, and when is "later" all that was said."""

import pytest

from agentd.dialogue.spoken_times import holds_time


@pytest.mark.parametrize(
    "text",
    [
        "demain", "rappelez-moi demain matin", "après-demain", "à dix heures", "vers 18h",
        "vers 18 h 30", "ce soir", "lundi", "plutôt le matin", "en fin de journée",
        "la semaine prochaine", "dans une heure", "dans dix minutes", "cet après-midi",
        "le week-end", "à midi", "après dix-huit heures", "jeudi en quinze", "le mois prochain",
        "dans la soirée", "entre midi et deux", "en septembre",
    ],
)  # fmt: skip
def test_a_moment(text: str) -> None:
    assert holds_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "rappelez-moi plus tard", "pas maintenant", "une autre fois", "je n'ai pas deux minutes",
        "je suis occupé", "oui", "", "bonne journée", "bonsoir", "quand vous voulez",
        "j'ai trois crédits", "c'est cinquante euros par mois",
    ],
)  # fmt: skip
def test_no_moment(text: str) -> None:
    assert not holds_time(text)
