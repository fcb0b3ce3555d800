"""Classes learnt from examples: what separates them, and that nothing depends on the order."""

import numpy as np
import pytest

from agentd.dialogue.learner import Learner
from agentd.dialogue.lexical import features

SAID = [
    (0, "c est trop cher"), (0, "le prix est trop haut"), (0, "ca coute un bras"),
    (1, "j ai pas le temps"), (1, "je suis presse"), (1, "rappelez quand j aurai le temps"),
]  # fmt: skip


def learnt(said: list[tuple[int, str]]) -> Learner:
    return Learner([(number, features(text)) for number, text in said], 2, few=30)


def test_an_unseen_phrasing_falls_to_the_class_whose_words_it_has() -> None:
    learner = learnt(SAID)
    assert np.argmax(learner.scores(features("votre prix est trop cher"))) == 0
    assert np.argmax(learner.scores(features("la j ai vraiment pas le temps"))) == 1


def test_an_example_scores_high_and_nothing_known_scores_zero() -> None:
    learner = learnt(SAID)
    for number, text in SAID:
        scores = learner.scores(features(text))
        assert scores[number] > 0.5 > scores[1 - number]
    assert not learner.scores({"w 日本": 1.0}).any()
    assert not learner.scores({}).any()


def test_the_order_of_the_examples_does_not_matter() -> None:
    one, other = learnt(SAID), learnt(SAID[::-1])
    for text in ("le prix du temps", "trop presse", "un bras"):
        assert other.scores(features(text)) == pytest.approx(one.scores(features(text)), abs=0.005)


def test_a_class_of_few_examples_is_not_drowned_by_one_of_many() -> None:
    many = [(1, f"la facture numero {n} est payee") for n in range(200)]
    learner = learnt([(0, "le toit fuit quand il pleut"), (0, "il pleut dans le grenier"), *many])
    scores = learner.scores(features("mon toit fuit"))
    assert scores[0] > 0.4
    assert scores[0] > 2 * scores[1]
