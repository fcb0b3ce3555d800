import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.text import normalise
from agentd.speech.endpointing import FRAME_MS, Endpointer, Moment, Said, Tuning, completeness

TUNING = Tuning()


def moments(pattern, said=Said.UNKNOWN):
    """pattern: (voiced, ms) pairs; the moments and when each came, in ms."""
    endpointer = Endpointer(TUNING)
    now, found = 0, []
    for voiced, length in pattern:
        for _ in range(length // FRAME_MS):
            now += FRAME_MS
            moment = endpointer.feed(voiced)
            if moment is Moment.STARTED:
                endpointer.said = said
            if moment:
                found.append((moment, now))
    return found


def test_a_click_is_no_speech():
    assert moments([(False, 200), (True, 40), (False, 1000)]) == []


def test_a_word_begins_pauses_and_ends():
    found = moments([(False, 200), (True, 400), (False, 2000)])
    assert [m for m, _ in found] == [Moment.STARTED, Moment.PAUSED, Moment.ENDED]
    assert found[0][1] == 200 + TUNING.start_ms
    assert found[1][1] == 600 + TUNING.pause_ms
    assert found[2][1] == 600 + TUNING.unknown_ms


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        (Said.COMPLETE, TUNING.quick_ms),
        (Said.UNKNOWN, TUNING.unknown_ms),
        (Said.UNFINISHED, TUNING.patient_ms),
    ],
)
def test_how_long_it_waits_depends_on_what_was_said(said, wait):
    found = moments([(True, 500), (False, 3000)], said)
    assert found[-1] == (Moment.ENDED, 500 + wait)


def test_going_on_after_a_pause_is_told_and_forgets_what_was_said():
    found = moments([(True, 500), (False, 220), (True, 300), (False, 2000)], Said.COMPLETE)
    assert [m for m, _ in found] == [
        *(Moment.STARTED, Moment.PAUSED, Moment.RESUMED, Moment.PAUSED, Moment.ENDED)
    ]
    assert found[-1][1] == 500 + 220 + 300 + TUNING.unknown_ms


def test_a_turn_has_a_longest():
    found = moments([(True, 20_000)])
    assert found[1][0] is Moment.ENDED
    assert found[1][1] <= TUNING.longest_ms + TUNING.start_within_ms


@given(st.lists(st.booleans(), max_size=400))
def test_every_start_has_one_end(frames):
    endpointer = Endpointer(TUNING)
    told = [m for m in map(endpointer.feed, frames) if m]
    told += [m for m in (endpointer.feed(False) for _ in range(100)) if m]
    edges = [m for m in told if m in (Moment.STARTED, Moment.ENDED)]
    assert edges == [Moment.STARTED, Moment.ENDED] * (len(edges) // 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("oui", Said.COMPLETE),
        ("non merci", Said.COMPLETE),
        ("oui d'accord", Said.COMPLETE),
        ("oui je vous écoute", Said.COMPLETE),
        ("oui mais", Said.UNFINISHED),
        ("euh", Said.UNFINISHED),
        ("c'est trop cher et", Said.UNFINISHED),
        ("je voudrais parler à", Said.UNFINISHED),
        ("j'en ai parlé avec ma", Said.UNFINISHED),
        ("ça ne m'intéresse plus", Said.UNKNOWN),
        ("on a fini de payer la maison", Said.UNKNOWN),
        ("", Said.UNKNOWN),
    ],
)
def test_completeness(text, said):
    assert completeness(normalise(text)) is said
