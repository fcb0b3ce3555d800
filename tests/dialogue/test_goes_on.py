"""A turn taken for over that goes on: one utterance, understood together."""

from typing import Any

import pytest
from dialogue_driver import TABLE, Line, brain, scenario, standing, to_step
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.dialogue import engine, events, goes_on
from agentd.dialogue.actions import AskFreestyle, Hangup, Pause, Record, Resume, Say, Stop
from agentd.dialogue.events import Utterance
from agentd.dialogue.state import CallState, Phase

TAUX = "mais vos taux sont trop élevés"


def test_a_yes_that_goes_on_is_no_yes(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    assert (line.state.step, line.state.score) == ("Q2", 30)
    asked = line.goes_on(TAUX, at=300)
    assert [type(a) for a in asked if isinstance(a, Pause | Stop | Say)] == [Pause, Stop, Say]
    assert (line.state.step, line.state.score) == ("Q1", 0)
    assert line.last_keys[0] == "objections/taux"
    assert "Q1" not in line.outcomes
    said = [t["text"] for t in line.records("turn") if t["who"] == "prospect"]
    assert said == ["oui", f"oui {TAUX}"]
    line.says("oui")
    assert line.outcomes["Q1"] == "affirm"


def test_what_nobody_has_heard_yet_is_dropped_at_once(line: Line) -> None:
    to_step(line, "Q1")
    line.hear_out()
    line.mute = True
    line.says("oui")
    said = line.saying.say_id
    line.mute = False
    asked = line.send(events.SpeechStarted(line.now + 40))
    assert asked[0] == Stop(said)
    assert line.state.interruptions == 0
    line.now += 900
    line.send(Utterance(TAUX, 0.9, line.now - 860, line.now - 300))
    assert line.last_keys[0] == "objections/taux"
    assert [t["who"] for t in line.records("turn")][-2:] == ["agent", "prospect"]


def test_what_was_dropped_for_a_noise_is_said(line: Line) -> None:
    to_step(line, "Q1")
    line.hear_out()
    line.mute = True
    line.says("oui")
    line.mute = False
    line.send(events.SpeechStarted(line.now))
    line.now += 900
    line.send(Utterance("", 0.0, line.now - 900, line.now - 300))
    assert line.saying is not None
    assert (line.last_keys, line.saying.offset_ms) == (["Q2"], 0)
    assert line.state.score == 30


def test_the_same_in_more_words_is_gone_on_with(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    says = line.state.says
    asked = line.goes_on("oui bien sûr", at=300)
    assert [type(a) for a in asked if isinstance(a, Pause | Resume | Stop | Say)] == [Pause, Resume]
    assert (line.state.says, line.state.step, line.state.score) == (says, "Q2", 30)


@pytest.mark.parametrize("sound", ["", "mmh", "d'accord"])
def test_a_sound_takes_nothing_back(line: Line, sound: str) -> None:
    to_step(line, "Q1").says("non")
    line.goes_on(sound, at=300)
    assert line.outcomes["Q1"] == "deny"
    assert line.of(Resume)


def test_a_pause_within_what_goes_on_lets_nothing_go_on(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    say_id = line.saying.say_id
    line.now += 300
    line.send(events.SpeechStarted(line.now))
    line.send(events.Overlap(say_id, line.now))
    line.now += 500
    line.send(events.Overlap(say_id, line.now, over=True))
    line.send(events.Partial("oui", line.now))
    assert not line.of(Resume)


def test_who_speaks_later_answers_what_was_asked(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    line.goes_on(TAUX, at=goes_on.OURS_MS + 20)
    assert line.outcomes["Q1"] == "affirm"
    assert line.state.step == "Q2"


def test_it_may_come_in_many_pieces(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    for piece in ("mais vos", "taux sont", "trop élevés"):
        line.goes_on(piece, at=line.now + 200 - line.begun_ms)
    assert line.records("turn")[-1]["text"] == f"oui {TAUX}"
    assert line.last_keys[0] == "objections/taux"
    assert line.state.turns == 2


def test_words_that_come_late_are_not_answered_over_those_that_follow(line: Line) -> None:
    to_step(line, "Q1").hear_out()
    says = line.state.says
    line.now += 500
    start = line.now
    line.send(events.SpeechStarted(start))
    line.now += 900
    line.send(events.SpeechStarted(line.now))  # the recogniser is still at the first part
    line.send(Utterance("oui", 0.9, start, start + 300))
    assert line.state.says == says
    assert "Q1" not in line.outcomes
    line.now += 900
    line.send(Utterance(TAUX, 0.9, start + 900, line.now - 300))
    assert line.last_keys[0] == "objections/taux"


def test_words_that_come_late_are_answered_when_none_follow(line: Line) -> None:
    to_step(line, "Q1").hear_out()
    start = line.now + 500
    line.now = start + 900
    line.send(events.SpeechStarted(start))
    line.send(events.SpeechStarted(line.now))
    line.send(Utterance("oui", 0.9, start, start + 300))
    line.run_out("answer")
    assert line.outcomes["Q1"] == "affirm"


def test_a_goodbye_is_taken_back_with_its_disposition(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    assert line.disposition == ("NOT_INTERESTED", 60)
    line.goes_on("mais c'est gratuit", at=300)
    assert line.disposition is None
    assert line.state.phase is Phase.OPEN
    assert "call" in line.state.timers
    assert line.last_keys[0] == "objections/gratuit"
    line.says("oui")
    assert line.state.lead


def test_a_goodbye_is_not_cut_by_a_sound(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    line.goes_on("mmh", at=300)
    assert not line.of(Stop)
    line.hear_out()
    assert line.ended


def test_nobody_is_hung_up_on_in_mid_sentence(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    line.now = line.begun_ms + 300
    start = line.now
    line.send(events.SpeechStarted(start))
    line.hear_out()
    assert not line.ended
    line.now += 500
    line.send(Utterance("mais c'est gratuit", 0.9, start, line.now - 300))
    assert line.last_keys[0] == "objections/gratuit"


def test_words_that_never_come_hold_up_no_goodbye(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    line.send(events.SpeechStarted(line.begun_ms + 300))
    line.hear_out()
    line.run_out("answer")
    assert line.ended
    assert line.disposition == ("NOT_INTERESTED", 60)


def test_an_optout_is_never_taken_back(line: Line) -> None:
    to_step(line, "Q1").says("ne me rappelez plus")
    line.goes_on("enfin si", at=300)
    assert line.disposition == ("OPT_OUT", 0)
    assert len(line.records("suppression")) == 1
    assert line.state.phase is Phase.CLOSING


def test_an_optout_in_what_follows_counts(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    line.goes_on("ne me rappelez plus", at=300)
    assert line.disposition == ("OPT_OUT", 0)


def test_a_moment_only_half_said_is_no_moment(line: Line) -> None:
    to_step(line, "Confirm_Time").says("demain")
    line.goes_on("à dix heures", at=200)
    kept = line.records("callback")
    assert [one["text"] for one in kept] == ["demain à dix heures"]
    assert kept[0]["start"] == "2025-06-03T10:00:00+02:00"
    line.hear_out()
    assert line.disposition == ("LEAD", 100)


def test_the_model_is_asked_about_the_whole() -> None:
    line = Line(brain(), freestyle=True)
    line.says("oui")
    line.says("quel âge avez-vous")
    line.model("Je n'ai pas d'âge.")
    line.goes_on("et votre prénom", at=200)
    assert [a.text for a in line.of(AskFreestyle)] == [
        "quel âge avez-vous",
        "quel âge avez-vous et votre prénom",
    ]
    assert [text for who, text in line.state.talk if who == "prospect"][-1] == (
        "quel âge avez-vous et votre prénom"
    )


def test_a_key_pressed_meanwhile_decides(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    line.send(events.Dtmf("9"))
    line.goes_on(TAUX, at=100)
    assert line.disposition == ("OPT_OUT", 30)


def test_another_agentd_takes_nothing_back(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    line.passes_on()
    assert line.state.acted is None
    assert line.state.step == "Q2"


def test_what_follows_a_short_line_of_ours_answers_it(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    line.now = line.begun_ms + 250
    say, line.saying = line.saying, None
    line.send(events.SayDone(say.say_id, True, 250))
    began = line.now + 100
    line.send(events.SpeechStarted(began))
    line.now += 900
    line.send(Utterance("oui", 0.9, began, line.now - 300))
    assert (line.outcomes["Q1"], line.outcomes["Q2"]) == ("affirm", "affirm")
    assert not [r for r in line.of(Record) if r.kind == "retraction"]


def test_both_parts_are_one_utterance() -> None:
    first = Utterance("oui", 0.9, 100, 400, ("ouais",))
    whole = goes_on.joined(first, Utterance("mais non", 0.6, 900, 1500))
    assert (whole.text, whole.confidence) == ("oui mais non", 0.6)
    assert (whole.start_ms, whole.end_ms) == (100, 1500)
    assert whole.alternatives == ("mais non", "ouais mais non")
    assert goes_on.joined(Utterance("", 0.0, 0, 1), first).text == "oui"


def test_what_was_heard_whole_is_not_joined_again(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    line.goes_on(f"oui {TAUX}", at=300, goes_on=True)
    assert line.records("turn")[-1]["text"] == f"oui {TAUX}"
    assert line.last_keys[0] == "objections/taux"


def test_the_first_part_may_have_been_misheard(line: Line) -> None:
    to_step(line, "Q1").says("non")
    line.goes_on(TAUX.removeprefix("mais "), at=300, goes_on=True)
    assert "Q1" not in line.outcomes
    assert line.last_keys[0] == "objections/taux"


@pytest.mark.parametrize("text", ["non", "", "Non, d'accord"])
def test_a_sound_heard_whole_takes_nothing_back(line: Line, text: str) -> None:
    to_step(line, "Q1").says("non")
    line.goes_on(text, at=300, goes_on=True)
    assert line.outcomes["Q1"] == "deny"
    assert line.of(Resume)


# --- the property: taken back or gone on with, the call is what it would have been

_BEFORE = st.lists(st.sampled_from(["oui", "non", "pardon", "c'est gratuit", "blabla"]), max_size=5)
_PARTS = st.sampled_from([text for text, _, _ in TABLE if text != "ne me rappelez plus"])
_MORE = st.sampled_from(
    ["mais vos taux sont trop élevés", "mais c'est gratuit", "demain à dix heures", "oui bien sûr",
     "rappelez-moi", "quel âge avez-vous", "vous insistez", "c'est une erreur", "blabla"]
)  # fmt: skip
_BRAINS = (
    brain(),
    brain(scenario(transfer={"target": "conseiller"})),
    brain(scenario(stop_when_unreachable=False, steps={"Q1": {"on_deny": "goodbye"}})),
)
# What differs when the same was said in two pieces: numbers of Says and timers, and what we had
# begun to say, which was heard.
_NUMBERS = frozenset(
    "says asks timers_started interruptions spoke_ms acted floor_ms speech asked talk broken "
    "timers last".split()
)


def _essence(state: CallState) -> dict[str, Any]:
    plain = {n: getattr(state, n) for n in state.__struct_fields__ if n not in _NUMBERS}
    said = state.speech
    plain["says"] = said and (said.clips, said.then)
    plain["asks"] = state.asked and (state.asked.kind, state.asked.text, state.asked.ready)
    plain["waits for"] = set(state.timers) - {"filler"}
    plain["told the model"] = [one for one in state.talk if one[0] == "prospect"]
    return plain


def _facts(line: Line) -> list[Any]:
    """What the store holds, but for our own words and the time they took."""
    kept = [r for r in standing(line.of(Record)) if r.kind not in ("retraction", "score")]
    kept = [r for r in kept if r.data.get("who") != "agent"]
    return sorted((r.kind, sorted(map(str, r.data.items()))) for r in kept)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(_BRAINS), st.booleans(), _BEFORE, _PARTS, _MORE,
    st.integers(20, goes_on.OURS_MS - 1), st.booleans(),
)  # fmt: skip
def test_two_pieces_are_as_good_as_one(
    held: engine.Brain, model: bool, before: list[str], first: str, more: str, at: int, muted: bool
) -> None:
    pieces, whole = (Line(held, freestyle=model, second_opinion=model) for _ in range(2))
    for text in before:
        for line in (pieces, whole):
            if line.state.phase is Phase.OPEN and line.state.asked is None:
                line.says(text)
    for line in (pieces, whole):
        line.hear_out()
    if pieces.state.phase is not Phase.OPEN or pieces.state.asked is not None:
        return
    pieces.mute = muted
    pieces.says(first)
    one = _last_utterance(pieces)
    pieces.mute = False
    if pieces.saying is None:  # the model is asked, nothing is said yet
        pieces.begun_ms = pieces.now
    pieces.goes_on(more, at=at)
    rest = _last_utterance(pieces)
    if pieces.state.phase is Phase.OVER:
        return
    whole.now = one.start_ms
    whole.send(events.SpeechStarted(one.start_ms))
    whole.now = pieces.now
    whole.send(goes_on.joined(one, rest))

    assert _essence(pieces.state) == _essence(whole.state)
    assert _facts(pieces) == _facts(whole)
    assert bool(pieces.of(Hangup)) == bool(whole.of(Hangup))


def _last_utterance(line: Line) -> Utterance:
    rows = [text for _, direction, text in line.journal if direction == "event"]
    said = [e for e in map(events.decode, rows) if isinstance(e, Utterance)]
    return said[-1]
