"""The lead score: weights brought to 100, what has been earned, what can still be earned."""

from collections.abc import Container, Iterable, Mapping

TOTAL = 100


def normalise_weights(weights: Mapping[str, float]) -> dict[str, int]:
    """Whole weights in the same proportions, adding up to exactly 100 (largest remainder).

    weights: step -> weight, none negative, at least one positive. Ties go to the earlier step.
    """
    total = sum(weights.values())
    if total <= 0:
        raise ValueError("no positive weight")
    exact = {step: weight * TOTAL / total for step, weight in weights.items()}
    whole = {step: int(share) for step, share in exact.items()}
    missing = TOTAL - sum(whole.values())
    by_remainder = sorted(exact, key=lambda step: whole[step] - exact[step])
    for step in by_remainder[:missing]:
        whole[step] += 1
    return whole


def score(weights: Mapping[str, int], affirmed: Container[str]) -> int:
    """Points earned, 0 to 100: the weights of the steps answered positively."""
    return sum(weight for step, weight in weights.items() if step in affirmed)


def best_possible(weights: Mapping[str, int], earned: int, to_come: Iterable[str]) -> int:
    """The score a call ends with if every step to come is answered positively."""
    return earned + sum(weights.get(step, 0) for step in to_come)
