"""The judge on sound made for the purpose: known moments, read back from the samples."""

from typing import Any

import numpy as np
import pytest

from agentd.simulator.judge import Timing, failures, measure
from agentd.simulator.persona import Expect
from agentd.simulator.playing import RATE_HZ, Samples
from agentd.simulator.prospect import Spoken


def track(*spans: tuple[int, int], length_ms: int = 20_000) -> Samples:
    """Speech-like sound in spans of ms, silence elsewhere."""
    sound = np.zeros(length_ms * RATE_HZ // 1000, np.int16)
    rng = np.random.default_rng(1)
    for start, end in spans:
        a, b = start * RATE_HZ // 1000, end * RATE_HZ // 1000
        sound[a:b] = np.clip(rng.normal(0, 3_000, b - a), -20_000, 20_000)
    return sound


def say(start: int, end: int, kind: str = "say") -> Spoken:
    return Spoken(kind, "oui", start, end)


def test_an_answer_is_timed_from_sound_to_sound() -> None:
    # The prospect's file goes on in silence after its last sound: that is not speech.
    said, prompt = track((2_000, 2_600)), track((0, 1_500), (3_050, 4_000))
    timing = measure(said, prompt, [say(2_000, 2_800)], [])
    assert timing == Timing(answers=[450], interrupts=[], overlap_ms=0, talk_overs=0)


def test_every_answered_turn_counts_and_an_unanswered_one_does_not() -> None:
    said = track((2_000, 2_500), (6_000, 6_500), (12_000, 12_500))
    prompt = track((0, 1_500), (3_000, 5_000), (7_200, 9_000))
    spoken = [say(2_000, 2_500), say(6_000, 6_500), say(12_000, 12_500)]
    assert measure(said, prompt, spoken, []).answers == [500, 700]


def test_the_answer_to_the_next_turn_is_not_taken_for_this_ones() -> None:
    said, prompt = track((2_000, 2_500), (6_000, 6_500)), track((7_000, 9_000))
    assert measure(said, prompt, [say(2_000, 2_500), say(6_000, 6_500)], []).answers == [500]


def test_greetings_and_backchannels_ask_for_no_answer() -> None:
    said, prompt = track((0, 500), (2_000, 2_300)), track((900, 3_000))
    spoken = [say(0, 500, "greeting"), say(2_000, 2_300, "backchannel")]
    timing = measure(said, prompt, spoken, [])
    assert timing.answers == []
    assert timing.overlap_ms == 300


def test_an_interruption_is_timed_to_the_agents_last_sound() -> None:
    said, prompt = track((2_000, 3_000)), track((1_000, 2_260), (3_600, 5_000))
    timing = measure(said, prompt, [say(2_000, 3_000, "interrupt")], [2_260])
    assert timing.interrupts == [260]
    assert timing.answers == [600]
    assert timing.overlap_ms == 260


def test_an_agent_that_merely_came_to_its_end_was_not_interrupted() -> None:
    said, prompt = track((2_000, 3_000)), track((1_000, 2_400))
    assert measure(said, prompt, [say(2_000, 3_000, "interrupt")], []).interrupts == []
    late = measure(said, prompt, [say(2_000, 3_000, "interrupt")], [9_000])
    assert late.interrupts == []


def test_an_agent_that_held_on_and_then_went_on_had_not_fallen_silent_yet() -> None:
    said = track((2_000, 3_000))
    held_only = track((1_000, 2_200), (2_500, 4_000))
    spoken = [say(2_000, 3_000, "interrupt")]
    assert measure(said, held_only, spoken, [2_200]).interrupts == []
    twice = track((1_000, 2_200), (2_500, 2_700))
    assert measure(said, twice, spoken, [2_200, 2_700]).interrupts == [700]
    kept = track((1_000, 2_200))
    assert measure(said, kept, spoken, [2_200]).interrupts == [200]


def test_an_agent_that_talks_over_the_prospect_has_not_answered() -> None:
    said, prompt = track((2_000, 3_000)), track((2_700, 5_000))
    timing = measure(said, prompt, [say(2_000, 3_000)], [])
    assert timing.answers == []
    assert timing.talk_overs == 1
    assert timing.overlap_ms == 300


def test_silence_on_both_sides() -> None:
    empty = np.zeros(0, np.int16)
    assert measure(empty, empty, [say(0, 500)], []) == Timing([], [], 0, 0)


RESULT: dict[str, Any] = {
    "disposition": "LEAD",
    "score": 100,
    "objections": ["a", "b"],
    "interruptions": 0,
}


@pytest.mark.parametrize(
    ("expect", "texts"),
    [
        ({}, []),
        ({"disposition": "LEAD", "score": 100, "objections": ["a", "b"], "interruptions": 0}, []),
        ({"disposition": "OPT_OUT"}, ["disposition: expected OPT_OUT, got LEAD"]),
        ({"score": 30}, ["score: expected 30, got 100"]),
        ({"objections": []}, ["objections: expected none, got a, b"]),
        ({"objections": ["b", "a"]}, ["objections: expected b, a, got a, b"]),
        ({"interruptions": 2}, ["interruptions: expected 2, got 0"]),
        (
            {"score": 0, "interruptions": 1},
            ["score: expected 0, got 100", "interruptions: expected 1, got 0"],
        ),
    ],
)
def test_what_does_not_hold_is_said(expect: dict[str, Any], texts: list[str]) -> None:
    assert failures(Expect.model_validate(expect), RESULT) == texts
