"""The text of originate: what it carries comes back as it was, whatever people typed."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.simulator import dialling
from agentd.switch.originate import Dial, command, decoded

ID = str(uuid.UUID(int=7))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def dial(columns=None, **fields):
    given = {
        "uuid": ID,
        "number": "+33199000001",
        "gateway": "trunk",
        "caller_id": "+33162000001",
        "ring_s": 25,
        "scenario": "finance",
        "columns": columns or {},
        **fields,
    }
    return Dial(**given)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), TEXT, max_size=6))
def test_columns_survive_quotes_commas_braces_and_anything_else(columns):
    read = dialling.read(command(dial(columns)))
    assert (read.gateway, read.number) == ("trunk", "+33199000001")
    assert read.target == "agentd_outbound XML agentd"
    back = decoded(read.variables)
    kept = {name: value for name, value in columns.items() if value}
    assert {n: v for n, v in back.items() if n.startswith("agentd_contact_")} == {
        f"agentd_contact_{name}": value for name, value in kept.items()
    }
    assert back["agentd_phone"] == "+33199000001"
    assert back["origination_uuid"] == back["agentd_call_id"] == ID


@given(TEXT)
def test_a_command_is_one_line_without_what_freeswitch_takes_apart(text):
    said = command(dial({"x": text}))
    variables = said[1 : said.index("}")]
    assert not set(variables) & set("'\"\\{}[]$% \n\t")


def test_a_socket_target_is_quoted():
    read = dialling.read(command(dial(target="&socket(127.0.0.1:8084 async full)")))
    assert (read.target, read.quoted) == ("&socket(127.0.0.1:8084 async full)", True)


def test_a_dial_string_takes_the_number():
    said = command(dial(gateway="sofia/internal/{number}@127.0.0.1:5060"))
    assert "}sofia/internal/+33199000001@127.0.0.1:5060 " in said


@pytest.mark.parametrize(
    "fields",
    [
        {"uuid": "x"},
        {"number": "12;drop"},
        {"number": ""},
        {"caller_id": "anonymous"},
        {"gateway": "a b"},
        {"gateway": "{number}}"},
        {"target": "&system(rm)"},
    ],
)
def test_what_could_be_taken_for_something_else_is_refused(fields):
    with pytest.raises(ValueError, match="originate: not a"):
        command(dial(**fields))


def test_variables_of_another_dialplan_stay_as_they_are():
    assert decoded({"agentd_contact_x": "100%25"}) == {"agentd_contact_x": "100%25"}


def test_the_zone_comes_back_and_is_left_out_when_unknown():
    read = dialling.read(command(dial(zone="Indian/Reunion")))
    assert decoded(read.variables)["agentd_zone"] == "Indian/Reunion"
    assert "agentd_zone" not in dialling.read(command(dial())).variables
