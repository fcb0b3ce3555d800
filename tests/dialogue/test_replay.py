"""Golden calls, and the replay that checks them."""

import json

import pytest
from call_scripts import CALLS, FOLDER, play, read
from dialogue_driver import brain, scenario

from agentd.dialogue.replay import Row, replay
from agentd.errors import BadInput

EXPECTED = {
    "optout_asked": ("OPT_OUT", 0),
    "optout_asked_no": ("LEAD", 100),
    "lead": ("LEAD", 100),
    "price_objection": ("LEAD", 100),
    "optout": ("OPT_OUT", 0),
    "optout_over_disclosure": ("OPT_OUT", 0),
    "dtmf_nine": ("OPT_OUT", 0),
    "two_silences": ("NO_ANSWER", 0),
    "wrong_person": ("WRONG_PERSON", 0),
    "callback_with_moment": ("CALLBACK", 0),
    "callback_without_moment": ("CALLBACK", 0),
    "no_at_is_leads": ("NOT_INTERESTED", 60),
    "out_of_reach": ("NOT_INTERESTED", 0),
    "goes_on": ("NOT_INTERESTED", 30),
    "goes_on_with_the_same": ("NOT_INTERESTED", 30),
    "goes_on_over_the_goodbye": ("NOT_INTERESTED", 30),
    "max_turns": ("NOT_INTERESTED", 30),
    "held_and_gone_on_with": ("NO_ANSWER", 30),
    "interrupted_and_resumed": ("LEAD", 100),
    "freestyle": ("LEAD", 70),
    "freestyle_late": ("NOT_INTERESTED", 0),
    "freestyle_optout": ("OPT_OUT", 0),
    "second_opinion": ("NOT_INTERESTED", 60),
    "hangup_mid_rail": ("HANGUP", 30),
    "human_transferred": ("TRANSFERRED", 0),
    "human_transfer_fails": ("NOT_INTERESTED", 0),
    "human_without_transfer": ("NOT_INTERESTED", 0),
    "fault": ("FAILED", 0),
}


def test_every_golden_call_has_a_file_and_every_file_a_call() -> None:
    assert {file.stem for file in FOLDER.glob("*.jsonl")} == set(CALLS) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_golden_call_replays_to_the_letter(name: str) -> None:
    held, journal = read(name)
    assert replay(held, journal) is None
    ends = [json.loads(text) for _, _, text in journal if '"disposition"' in text]
    # Only a goodbye that was taken back leaves a disposition that does not hold.
    end = [row["data"] for row in ends if row.get("kind") == "disposition"][-1]
    assert (end["disposition"], end["score"]) == EXPECTED[name]


def golden() -> list[Row]:
    return list(play("price_objection").journal)


def test_another_action_is_found_where_it_is() -> None:
    journal = golden()
    place = next(i for i, row in enumerate(journal) if "objections/taux" in row[2])
    at, direction, text = journal[place]
    journal[place] = (at, direction, text.replace("dossier", "dossiers"))
    found = replay(brain(), journal)
    assert found is not None
    assert "dossiers" in found.stored
    assert "dossier." in found.rerun
    assert "vos taux sont" in found.event
    assert "stored:" in str(found)


def test_a_missing_action_and_one_too_many_are_found() -> None:
    whole = golden()
    actions = [i for i, row in enumerate(whole) if row[1] == "action"]
    for place in (actions[3], actions[-1]):
        assert replay(brain(), whole[:place] + whole[place + 1 :]) is not None
    found = replay(brain(), [*whole, whole[actions[-1]]])
    assert found is not None
    assert found.rerun == ""


def test_a_journal_cut_short_by_a_crash_is_found() -> None:
    whole = golden()
    last = max(i for i, row in enumerate(whole) if row[1] == "action")
    found = replay(brain(), whole[:last])
    assert found is not None
    assert found.stored == ""


def test_another_scenario_differs() -> None:
    changed = scenario(steps={"Q2": {"text": "Autre chose ?"}})
    found = replay(brain(changed), golden())
    assert found is not None
    assert "Autre chose" in found.rerun


def test_spacing_and_member_order_do_not_count() -> None:
    journal = [
        (at, direction, json.dumps(dict(reversed(json.loads(text).items())), indent=1))
        for at, direction, text in golden()
    ]
    assert replay(brain(), journal) is None


@pytest.mark.parametrize("row", [(0, "event", "{}"), (0, "action", "nonsense"), (0, "both", "{}")])
def test_a_row_that_is_nothing_is_bad_input(row: Row) -> None:
    with pytest.raises(BadInput, match="journal row 1"):
        replay(brain(), [row])
