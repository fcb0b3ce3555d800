"""Whether an ask can make its deadline."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.llm.admission import (
    SENTENCE_TOKENS,
    Load,
    Rates,
    SentenceLength,
    Work,
    admits,
    first_sentences_s,
    smoothed,
)

RATES = Rates(prompt=200.0, step=0.02, step_each=0.002)
IDLE = Load(8)


def asks(read: int = 100, first: int = 18, rest: int = 40, due_s: float = 2.0) -> Work:
    return Work(read, first, rest, due_s)


def test_alone_it_is_reading_and_a_sentence() -> None:
    assert first_sentences_s([asks(100, 18)], 8, RATES) == [pytest.approx(0.5 + 18 * 0.02)]


def test_who_has_the_first_sentence_holds_nobody_up() -> None:
    there = asks(0, 0, 60)
    assert (
        first_sentences_s([there, asks()], 8, RATES)[1] == first_sentences_s([asks()], 8, RATES)[0]
    )


def test_the_oldest_is_read_first_and_shares_its_time_when_it_writes() -> None:
    one, two = first_sentences_s([asks(), asks()], 8, RATES)
    assert 0.5 + 18 * 0.02 < one < 0.5 + 2 * 18 * 0.02 + 0.1, "at most half of its time is taken"
    assert one < two < 1.0 + 2 * 18 * 0.022


def test_without_room_somebody_must_end_first() -> None:
    full = [asks(0, 0, 30) for _ in range(8)]
    waits = first_sentences_s([*full, asks()], 8, RATES)[8]
    assert waits == pytest.approx(30 * RATES.step_s(8) + 0.5 + 18 * 0.02)


def test_a_slow_machine_does_not_admit_what_a_fast_one_does() -> None:
    slow = Rates(prompt=20.0, step=0.2, step_each=0.05)
    assert admits(IDLE, RATES, asks(), 0.25)
    assert not admits(IDLE, slow, asks(), 0.25)
    assert not admits(IDLE, RATES, asks(due_s=0.5), 0.25)


def test_nobody_is_admitted_who_would_make_another_late() -> None:
    hurried = asks(60, 18, due_s=0.92)
    assert admits(Load(8), RATES, hurried, 0.1)
    assert admits(Load(8, (hurried,)), RATES, asks(100, due_s=9.0), 0.0) is False
    late_anyhow = asks(600, 18, due_s=0.92)
    assert admits(Load(8, (late_anyhow,)), RATES, asks(100, due_s=9.0), 0.0), "no worse for it"


def test_asking_together_some_are_answered_and_the_rest_refused_at_once() -> None:
    """As many as the machine can do, each in its time: 4.3 ms a token read and 11 ms written, as
    the small model took of one core."""
    rates = Rates(235.0, 0.011, 0.0065)
    for many, least in ((1, 1), (5, 2), (20, 2)):
        work: tuple[Work, ...] = ()
        for _ in range(many):
            new = Work(57, SENTENCE_TOKENS, 50, 2.05)
            if admits(Load(8, work), rates, new, 0.12):
                work = (*work, new)
        assert least <= len(work) < 6
        assert max(first_sentences_s(work, 8, rates)) + 0.12 <= 2.05


_WORK = st.builds(Work, st.integers(0, 300), st.integers(0, 40), st.integers(0, 60))


@given(st.lists(_WORK, max_size=12), st.integers(1, 8), st.integers(1, 300), st.integers(1, 60))
def test_more_work_never_makes_it_sooner(
    before: list[Work], parallel: int, read: int, first: int
) -> None:
    own = Work(read, first)
    now = first_sentences_s([*before, own], parallel, RATES)
    assert all(math.isfinite(one) and one >= 0 for one in now)
    assert [bool(one) for one in now[:-1]] == [bool(work.first) for work in before]
    alone = read / RATES.prompt + first * RATES.step
    assert now[-1] >= alone - 1e-9
    assert (
        now[-1]
        <= sum(
            one.read / RATES.prompt + (one.first + one.rest) * RATES.step_s(parallel)
            for one in [*before, own]
        )
        * 2
        + 1
    )


def test_sentences_are_as_long_as_most_were() -> None:
    length = SentenceLength()
    assert length.tokens == SENTENCE_TOKENS
    for tokens in (10, 12, 14, 16, 40):
        length.saw(tokens)
    assert length.tokens == 16
    for _ in range(60):
        length.saw(50)
    assert length.tokens == 50, "what was long ago is forgotten"


def test_a_mean_begins_with_what_is_measured_first() -> None:
    assert smoothed(0.0, 5.0) == 5.0
    assert 5.0 < smoothed(5.0, 6.0) < 6.0
