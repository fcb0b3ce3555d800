"""Events and actions survive the journal; text is normalised and filled."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue import actions, events
from agentd.dialogue.text import fields, fill, normalise


@pytest.mark.parametrize(
    ("module", "union"),
    [(events, events.AnyEvent), (actions, actions.AnyAction)],
    ids=["events", "actions"],
)
def test_every_member_round_trips(module, union):
    for kind in union.__args__:

        @given(st.builds(kind, **_strategies(kind)))
        def check(thing):
            assert module.decode(module.encode(thing)) == thing

        check()


def _strategies(kind):
    """JSON holds finite numbers only; nothing else is ever put in a message."""
    finite = {
        float: st.floats(allow_nan=False, allow_infinity=False),
        int: st.integers(-(2**40), 2**40),
    }
    members = {
        field.name: finite[field.type]
        for field in msgspec.structs.fields(kind)
        if field.type in finite
    }
    if kind is actions.Record:
        json = st.one_of(st.text(), finite[int], st.booleans(), st.none())
        members["data"] = st.dictionaries(st.text(), json, max_size=3)
    return members


def test_all_members_are_in_the_unions():
    for module, base, union in (
        (events, events.Event, events.AnyEvent),
        (actions, actions.Action, actions.AnyAction),
    ):
        assert set(union.__args__) == {
            thing
            for thing in vars(module).values()
            if isinstance(thing, type) and issubclass(thing, base) and thing is not base
        }


def test_garbage_is_refused_by_its_documented_error():
    for text in ("", "{}", '{"type":"Nope"}', "[1]", '{"type":"Dtmf"}'):
        with pytest.raises(msgspec.DecodeError):
            events.decode(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C'est trop CHER !", "c est trop cher"),
        ("Ça m’intéresse pas…", "ca m interesse pas"),
        ("rendez-vous", "rendez vous"),
        ("cœur", "coeur"),
        ("  ", ""),
        ("18h30", "18h30"),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected


@given(st.text())
def test_normalise_is_idempotent(text):
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("template", "contact", "expected"),
    [
        ("Bonjour {first_name} {last_name}, ça va ?", {"first_name": "Ana", "last_name": "Li"},
         "Bonjour Ana Li, ça va ?"),
        ("Bonjour {first_name} {last_name}, ça va ?", {}, "Bonjour, ça va ?"),
        ("Bonjour {first_name} {last_name}, ça va ?", {"last_name": "Li"}, "Bonjour Li, ça va ?"),
        ("Merci {first_name} !", {}, "Merci !"),
        ("Au revoir {first_name}.", {"first_name": "{last_name}"}, "Au revoir {last_name}."),
    ],
)  # fmt: skip
def test_fill(template, contact, expected):
    assert fill(template, contact) == expected


def test_fields():
    assert fields("{first_name} et {car_model}, {pas ça}") == {"first_name", "car_model"}
