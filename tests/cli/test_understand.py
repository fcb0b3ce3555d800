"""`agentd understand` over the shipped objections and scenarios."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentd.cli import cli

ROOT = Path(__file__).parents[2]
MEMBERS = ["text", "intent", "confidence", "sentiment", "objection", "objection_score", "us"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "agentd.toml"
    file.write_text(f'[paths]\nroot = "{ROOT}"\n', encoding="utf-8")
    return file


def run(config: Path, said: str | bytes, *options: str) -> Result:
    return CliRunner().invoke(
        cli, ["--config", str(config), "understand", *options], input=said, prog_name="agentd"
    )


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_json_object_a_line(config: Path) -> None:
    said = (
        "oui d'accord\nvos taux sont trop élevés\narrêtez de m'appeler\nc'est gratuit ou payant\n"
    )
    made = objects(run(config, said, "--theme", "finance", "--json"))
    assert [list(one) for one in made] == [MEMBERS] * 4
    assert [one["text"] for one in made] == said.splitlines()
    assert [one["intent"] for one in made] == ["affirm", "objection", "optout", "question"]
    assert [one["objection"] for one in made] == [
        None,
        "finance_obj_taux_trop_eleves",
        None,
        "general_faq_gratuit",
    ]
    for one in made:
        assert isinstance(one["us"], int)
        assert one["us"] >= 0
        assert 0 <= one["confidence"] <= 1
        assert (one["objection_score"] > 0) == (one["objection"] is not None)


def test_empty_lines_are_unclear_and_none_is_lost(config: Path) -> None:
    made = objects(run(config, "oui\n\n   \nnon", "--theme", "finance", "--json"))
    assert [one["intent"] for one in made] == ["affirm", "unclear", "unclear", "deny"]


def test_nothing_in_nothing_out(config: Path) -> None:
    assert objects(run(config, "", "--theme", "finance", "--json")) == []


def test_other_encodings_are_read_all_the_same(config: Path) -> None:
    said = "arrêtez de m'appeler\r\n".encode("latin-1") + b"\xff\xfe\x00\n" + b"oui"
    made = objects(run(config, said, "--theme", "finance", "--json"))
    assert [one["intent"] for one in made] == ["optout", "unclear", "affirm"]
    assert made[0]["text"] == "arrêtez de m'appeler"


def test_a_step_s_own_answers_count(config: Path, tmp_path: Path) -> None:
    source = json.loads((ROOT / "scenarios/scenario_finance.json").read_text(encoding="utf-8"))
    source["steps"]["Q1"]["deny_examples"] = ["je suis hébergé chez mes enfants"]
    scenario = tmp_path / "scenario_mine.json"
    scenario.write_text(json.dumps(source), encoding="utf-8")
    said = "bah je suis hébergé chez mes enfants"
    options = ["--theme", "finance", "--json"]
    alone = objects(run(config, said, *options))
    asked = objects(run(config, said, *options, "--scenario", str(scenario), "--step", "Q1"))
    assert alone[0]["intent"] != "deny"
    assert asked[0]["intent"] == "deny"


def test_for_people_it_is_aligned(config: Path) -> None:
    result = run(config, "oui\nvos taux sont trop élevés\n\n", "--theme", "finance")
    assert result.exit_code == 0
    header, *rows = result.stdout.splitlines()
    assert len(rows) == 3
    column = header.index("text")
    assert [row[column:] for row in rows] == ["oui", "vos taux sont trop élevés", ""]
    assert "finance_obj_taux_trop_eleves" in rows[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--theme", "jardin"], ["jardin", "crypto", "energie", "finance", "general"]),
        (["--theme", "finance", "--step", "Q1"], ["--scenario"]),
        (["--theme", "finance", "--scenario", "finance", "--step", "Q9"], ["Q9", "Q1", "Is_Leads"]),
        (["--theme", "finance", "--scenario", "nulle_part"], ["nulle_part"]),
    ],
)
def test_bad_input_is_explained(config: Path, options: list[str], said: list[str]) -> None:
    result = run(config, "oui\n", *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    for word in said:
        assert word in result.stderr
