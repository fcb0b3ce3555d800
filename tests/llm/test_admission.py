"""Whether an ask can make its deadline."""

from hypothesis import given
from hypothesis import strategies as st

from agentd.llm.admission import SENTENCE_TOKENS, Load, Rates, admits, first_sentence_s, smoothed

RATES = Rates(prompt=200.0, step=0.02, step_each=0.002)
IDLE = Load(active=0, free=8, waiting=0, prompt_tokens=0)


def test_alone_it_is_reading_and_a_sentence() -> None:
    assert abs(first_sentence_s(IDLE, RATES, 100) - (0.5 + SENTENCE_TOKENS * 0.02)) < 1e-9


def test_what_is_before_it_is_waited_for() -> None:
    busy = Load(active=7, free=1, waiting=0, prompt_tokens=400)
    full = Load(
        active=8, free=0, waiting=2, prompt_tokens=400, left=(10, 20, 30, 40, 50, 60, 70, 80)
    )
    alone = first_sentence_s(IDLE, RATES, 100)
    assert alone < first_sentence_s(busy, RATES, 100) < first_sentence_s(full, RATES, 100)


def test_a_slow_machine_does_not_admit_what_a_fast_one_does() -> None:
    slow = Rates(prompt=20.0, step=0.2, step_each=0.05)
    assert admits(IDLE, RATES, 100, 18, 2.0, 0.25)
    assert not admits(IDLE, slow, 100, 18, 2.0, 0.25)
    assert not admits(IDLE, RATES, 100, 18, 0.5, 0.25)


@given(st.integers(0, 8), st.integers(0, 20), st.integers(0, 2_000), st.integers(1, 500))
def test_more_work_never_makes_it_sooner(active: int, waiting: int, read: int, own: int) -> None:
    def seconds(active: int, waiting: int, read: int, own: int) -> float:
        left = tuple(range(10, 10 + active))
        return first_sentence_s(Load(active, 8 - active, waiting, read, left), RATES, own)

    base = seconds(active, waiting, read, own)
    assert base > 0
    assert seconds(active, waiting, read + 50, own) > base
    assert seconds(active, waiting, read, own + 50) > base
    assert seconds(active, waiting + 1, read, own) >= base


def test_a_mean_begins_with_what_is_measured_first() -> None:
    assert smoothed(0.0, 5.0) == 5.0
    assert 5.0 < smoothed(5.0, 6.0) < 6.0
