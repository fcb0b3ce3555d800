from collections.abc import Sequence

import numpy as np

from agentd.simulator.persona import Turn
from agentd.simulator.playing import TICK, TICK_MS
from agentd.simulator.prospect import Prospect

VOICE = {text: np.full(TICK * 25, 3_000, np.int16) for text in ("oui", "non", "mmh", "allô")}
VOICE["oui [0.8] mais"] = np.concatenate(
    [VOICE["oui"], np.zeros(TICK * 40, np.int16), VOICE["non"]]
)


class Talk:
    """A prospect and an agent that speaks in given spans of ms."""

    def __init__(self, turns: Sequence[dict[str, object]], greeting: str = "") -> None:
        self.prospect = Prospect([Turn.model_validate(t) for t in turns], VOICE, greeting)
        self.now = 0
        self.digits: list[tuple[int, str]] = []
        self.hangup: int | None = None
        self.heard: list[bool] = []

    def run(self, until: int, *speech: tuple[int, int], ahead: bool = False) -> "Talk":
        while self.now < until:
            loud = any(start <= self.now < end for start, end in speech)
            act = self.prospect.tick(loud, ahead)
            self.heard.append(bool(act.sound.any()))
            if act.digit:
                self.digits.append((self.now, act.digit))
            if act.hangup and self.hangup is None:
                self.hangup = self.now
            self.now += TICK_MS
        return self

    @property
    def said(self) -> list[tuple[str, int]]:
        return [(one.text, one.start_ms) for one in self.prospect.spoken]


def test_an_answer_comes_after_the_agents_last_sound() -> None:
    talk = Talk([{"say": "oui"}]).run(3_000, (0, 1_000))
    assert talk.said == [("oui", 1_500)]
    assert sum(talk.heard) == 25


def test_after_is_counted_from_the_last_sound_but_never_within_a_breath() -> None:
    assert Talk([{"say": "oui", "after": 2}]).run(4_000, (0, 1_000)).said == [("oui", 3_000)]
    assert Talk([{"say": "oui", "after": 0}]).run(4_000, (0, 1_000)).said[0][1] in (1_320, 1_340)


def test_a_short_gap_between_two_clips_is_no_end() -> None:
    speech = ((0, 1_000), (1_300, 2_000))
    talk = Talk([{"say": "oui", "after": 0.2}]).run(4_000, *speech)
    assert len(talk.said) == 1
    assert talk.said[0][1] > 2_000


def test_a_pause_in_a_sentence_that_goes_on_is_no_end() -> None:
    talk = Talk([{"say": "oui"}]).run(2_000, (0, 500), ahead=True)
    assert talk.said == []
    assert Talk([{"say": "oui"}]).run(2_000, (0, 500)).said == [("oui", 1_000)]


def test_nothing_is_said_before_the_agent_has_spoken() -> None:
    assert Talk([{"say": "oui"}]).run(5_000).said == []


def test_one_item_each_time_the_agent_has_spoken() -> None:
    talk = Talk([{"say": "oui"}, {"say": "non"}]).run(8_000, (0, 1_000))
    assert talk.said == [("oui", 1_500)]
    talk.run(12_000, (8_000, 9_000))
    assert talk.said == [("oui", 1_500), ("non", 9_500)]
    talk.run(16_000, (12_000, 13_000))
    assert len(talk.said) == 2
    assert talk.prospect.left == 0


def test_silence_lasts_its_time_whatever_the_agent_says() -> None:
    talk = Talk([{"silence": 6}, {"say": "oui"}])
    talk.run(12_000, (0, 1_000), (5_000, 6_000), (9_000, 10_000))
    assert talk.said == [("oui", 7_340)]


def test_after_a_silence_the_agent_must_have_spoken_again() -> None:
    talk = Talk([{"silence": 2}, {"say": "oui"}]).run(8_000, (0, 1_000))
    assert talk.said == []
    talk.run(12_000, (8_000, 9_000))
    assert talk.said == [("oui", 9_500)]


def test_two_silences() -> None:
    talk = Talk([{"silence": 12}, {"silence": 12}, {"say": "oui"}])
    talk.run(24_000, (0, 1_000), (6_000, 7_000), (13_500, 15_000))
    assert talk.said == []


def test_an_interruption_speaks_over_the_agent_and_is_its_own_answer() -> None:
    talk = Talk([{"interrupt": "non", "at": 0.9}, {"say": "oui"}])
    talk.run(4_000, (1_000, 2_200))
    assert talk.said == [("non", 1_900)]
    talk.run(8_000, (4_000, 5_000))
    assert talk.said[1] == ("oui", 5_500)


def test_a_backchannel_leaves_the_utterance_to_be_answered() -> None:
    talk = Talk([{"backchannel": "mmh", "at": 0.8}, {"say": "oui"}]).run(5_000, (0, 3_000))
    assert talk.said == [("mmh", 800), ("oui", 3_500)]


def test_the_next_utterance_of_an_interruption_begins_after_the_last_item() -> None:
    talk = Talk([{"backchannel": "mmh", "at": 0.5}, {"interrupt": "non", "at": 0.5}])
    talk.run(4_000, (0, 3_000))
    assert talk.said == [("mmh", 500)]
    talk.run(6_000, (4_000, 5_500))
    assert talk.said[1] == ("non", 4_500)


def test_what_the_agent_breaks_off_in_a_pause_is_no_answer() -> None:
    for ahead in (False, True):
        talk = Talk([{"say": "oui [0.8] mais"}, {"say": "non"}]).run(2_000, (0, 1_000))
        talk.run(4_000, (2_100, 2_300), ahead=ahead)
        assert [text for text, _ in talk.said] == ["oui [0.8] mais"]
        talk.run(7_000, (4_000, 5_000))
        assert talk.said[1:] == [("non", 5_500)]


def test_keys_are_pressed_one_after_the_other() -> None:
    talk = Talk([{"dtmf": "91"}]).run(3_000, (0, 1_000))
    assert talk.digits == [(1_500, "9"), (1_700, "1")]


def test_hanging_up_after_and_during_an_utterance() -> None:
    assert Talk([{"hangup": True, "after": 1}]).run(4_000, (0, 1_000)).hangup == 2_000
    assert Talk([{"hangup": True, "at": 0.4}]).run(4_000, (0, 1_000)).hangup == 400


def test_a_greeting_is_said_at_once() -> None:
    talk = Talk([{"say": "oui"}], greeting="allô").run(3_000, (200, 1_500))
    assert talk.said == [("allô", 0), ("oui", 2_000)]
    assert talk.prospect.spoken[0].kind == "greeting"
    assert talk.prospect.spoken[0].end_ms == 500


def test_an_agent_that_speaks_at_the_prospects_heels_is_answered() -> None:
    talk = Talk([{"say": "oui"}, {"say": "non"}]).run(6_000, (0, 1_000), (1_900, 3_000))
    assert talk.said == [("oui", 1_500), ("non", 3_500)]
