import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.errors import PersonaError
from agentd.simulator.persona import Turn, load_personas, parse_persona

ROOT = Path(__file__).parents[2]

FULL = """
name: price-objection
contact: {first_name: Jean, last_name: Dupont, phone: "+33140000001", company: "", city: Lyon}
line: {codec: pcma, noise_db: -60, echo_db: null, loss: 0.0}
answer: human
turns:
  - {say: "oui je vous écoute", after: 0.5}
  - {silence: 12}
  - {interrupt: "oui j'en ai un", at: 0.9}
  - {backchannel: "mmh", at: 0.8}
  - {dtmf: 9}
  - {hangup: true}
expect:
  {disposition: LEAD, score: 100, objections: [finance_obj_taux_trop_eleves], interruptions: 0}
"""


def test_the_format_of_the_design() -> None:
    persona = parse_persona(FULL, "p.yaml")
    kinds = [turn.kind for turn in persona.turns]
    assert kinds == ["say", "silence", "interrupt", "backchannel", "dtmf", "hangup"]
    assert persona.turns[4].dtmf == "9"
    assert persona.contact.columns()["city"] == "Lyon"
    assert "phone" not in persona.contact.columns()
    assert persona.texts == ["oui je vous écoute", "oui j'en ai un", "mmh"]
    assert persona.expect.objections == ("finance_obj_taux_trop_eleves",)


def test_everything_but_the_name_is_optional() -> None:
    persona = parse_persona("name: x", "p.yaml")
    assert persona.turns == ()
    assert persona.expect.disposition is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nturns: [{say: a}, {sya: b}]", r"p\.yaml: turn 2: sya: there is no such key"),
        ("name: x\nturns: [{say: a, hangup: true}]", r"turn 1: exactly one of .* say and hangup"),
        ("name: x\nturns: [{after: 1}]", r"turn 1: exactly one of .*found none"),
        ("name: x\nturns: [{say: a, at: 1}]", r"turn 1: say takes after beside it, not at"),
        ("name: x\nturns: [{silence: 3, after: 1}]", r"turn 1: silence takes nothing"),
        ("name: x\nturns: [{silence: -3}]", r"turn 1: silence: .*greater than 0.*-3"),
        ("name: x\nturns: [{silence: .nan}]", r"turn 1: silence: .*finite"),
        ("name: x\nturns: [{dtmf: Z}]", r"turn 1: dtmf: .*'Z'"),
        ("name: x\nturns: [{hangup: false}]", r"turn 1: hangup: .*True"),
        ("name: x\nturns: [{say: 'oui [0.8]'}]", r"turn 1: words are expected before and after"),
        ("name: x\nturns: [{say: ''}]", r"turn 1: say: "),
        ("name: x\nline: {codec: opus}", r"line\.codec: .*'pcma' or 'pcmu'.*'opus'"),
        ("name: x\nline: {loss: 2}", r"line\.loss: .*0\.5.*got 2"),
        ("name: x\nanswer: maybe", r"answer: .*'human'"),
        ("name: x\nanswer: machine", r"greeting: a machine says something"),
        ("name: x\nanswer: busy\nturns: [{say: a}]", r"turns: a call that ends in busy"),
        ("name: x\nbeep: true", r"beep: only a machine"),
        ("name: x\nexpect: {disposition: WON}", r"expect\.disposition: .*'LEAD'"),
        ("name: x\nexpect: {points: 3}", r"expect\.points: there is no such key"),
        ("name: x\ncontact: {phone: 33140000001}", r"contact: column phone must be text.*quotes"),
        ("turns: []", r"p\.yaml: name: is missing"),
        ("name: '../x'", r"name: .*'\.\./x'"),
        ("- a", r"p\.yaml: expected a mapping.*a list"),
        ("", r"p\.yaml: expected a mapping.*nothing"),
        ("name: x\nturns: [", r"p\.yaml, line 2: not valid YAML"),
        ("name: x\nwhen: 2026-99-99", r"p\.yaml: not valid YAML"),
    ],
)
def test_errors_name_the_place_and_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(PersonaError) as caught:
        parse_persona(text, "p.yaml")
    assert re.search(expected, str(caught.value)), str(caught.value)
    assert caught.value.exit_code == 2


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(PersonaError) as caught:
        parse_persona("name: x\nline: {loss: 2}\nturns: [{say: 1}, {x: 1}]", "p.yaml")
    assert len(str(caught.value).splitlines()) >= 4


@given(st.text(max_size=200))
def test_any_text_is_a_persona_or_a_persona_error(text: str) -> None:
    with contextlib.suppress(PersonaError):
        parse_persona(text, "p.yaml")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("name: b")
    (tmp_path / "a.yml").write_text("name: a")
    (tmp_path / "notes.txt").write_text("{")
    assert [p.name for p in load_personas(tmp_path)] == ["a", "b"]
    (tmp_path / "c.yaml").write_text("name: a")
    with pytest.raises(PersonaError, match=r"c\.yaml: name: 'a' is the name in .*a\.yml"):
        load_personas(tmp_path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="cannot be read"):
        load_personas(tmp_path / "none.yaml")
    with pytest.raises(PersonaError, match=r"no \*\.yaml"):
        load_personas(tmp_path)
    (tmp_path / "l.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(PersonaError, match="UTF-8"):
        load_personas(tmp_path)
    (tmp_path / "l.yaml").write_bytes(b"#" * 300_000)
    with pytest.raises(PersonaError, match="larger"):
        load_personas(tmp_path)


def test_shipped_personas_are_many_and_sound() -> None:
    personas = load_personas(ROOT / "scenarios" / "personas")
    assert len(personas) >= 14
    for persona in personas:
        assert persona.expect.disposition is not None, persona.name
        # 01 99 00 is kept for fiction: a demonstration must not hold anybody's number.
        assert persona.contact.phone.startswith("+3319900"), persona.name
    used = {turn.kind for persona in personas for turn in persona.turns}
    assert used == {"say", "silence", "interrupt", "backchannel", "dtmf", "hangup"}
    dispositions = {str(p.expect.disposition) for p in personas}
    assert {"LEAD", "OPT_OUT", "CALLBACK", "WRONG_PERSON", "HANGUP", "BUSY"} <= dispositions


def test_a_turn_knows_what_it_says() -> None:
    assert Turn(interrupt="non").text == "non"
    assert Turn(silence=3).text == ""
