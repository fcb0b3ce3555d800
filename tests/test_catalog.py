"""Files become brains once, and again when they change."""

import json
import os
import shutil
from pathlib import Path

import pytest

from agentd.catalog import Catalog
from agentd.config import PathSettings, Settings
from agentd.errors import ObjectionsError, ScenarioError

ROOT = Path(__file__).parents[1]
THEMES = ["crypto", "energie", "finance", "general"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with copies of the shipped scenarios and objections, free to be broken."""
    for name in ("scenarios", "objections"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def catalog(root: Path) -> Catalog:
    return Catalog(Settings(paths=PathSettings(root=root)))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    status = file.stat()
    file.write_text(text.replace(old, new), encoding="utf-8")
    # A file system with coarse times must not hide the edit from the test.
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


def test_a_scenario_is_found_by_name_and_by_path(catalog: Catalog, root: Path) -> None:
    by_name = catalog.scenario("finance")
    file = root / "scenarios/scenario_finance.json"
    assert catalog.scenario(file) is by_name
    assert catalog.scenario(str(file)) is by_name
    assert catalog.scenario("scenario_finance.json") is by_name
    assert catalog.scenario_names() == ["crypto", "energie", "finance"]


@pytest.mark.parametrize("name", ["nope", "nope.json", "../finance", "", "/etc"])
def test_an_unknown_scenario_lists_those_there_are(catalog: Catalog, name: str) -> None:
    with pytest.raises(ScenarioError, match="crypto, energie, finance"):
        catalog.scenario(name)


def test_an_edit_is_seen_and_nothing_else_is_read_again(catalog: Catalog, root: Path) -> None:
    before = catalog.scenario("finance")
    crypto = catalog.scenario("crypto")
    edit(root / "scenarios/scenario_finance.json", '"Julie"', '"Julia"')
    after = catalog.scenario("finance")
    assert (before.agent_name, after.agent_name) == ("Julie", "Julia")
    assert catalog.scenario("finance") is after
    assert catalog.scenario("crypto") is crypto


def test_a_file_broken_by_an_edit_is_refused_and_mended_by_the_next(
    catalog: Catalog, root: Path
) -> None:
    file = root / "scenarios/scenario_finance.json"
    edit(file, '"agent_mode": true,', "")
    with pytest.raises(ScenarioError, match="agent_mode: is missing"):
        catalog.scenario("finance")
    edit(file, '"version": 1,', '"version": 1, "agent_mode": true,')
    assert catalog.scenario("finance").version == 1


def test_an_edit_that_breaks_a_file_in_use_changes_nothing_until_mended(
    catalog: Catalog, root: Path
) -> None:
    file = root / "scenarios/scenario_finance.json"
    before = catalog.scenario("finance")
    edit(file, '"agent_mode": true,', "")
    assert catalog.scenario("finance") is before
    assert catalog.scenario("finance") is before
    edit(file, '"version": 1,', '"version": 2, "agent_mode": true,')
    assert catalog.scenario("finance").version == 2


def test_a_scenario_that_is_not_text_is_refused(catalog: Catalog, root: Path) -> None:
    (root / "scenarios/scenario_bad.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        catalog.scenario("bad")


def test_a_matcher_holds_its_theme_and_general(catalog: Catalog) -> None:
    assert catalog.themes() == THEMES
    entries = catalog.matcher("finance").entries
    assert {entry.theme for entry in entries.values()} == {"finance", "general"}
    assert len(entries) == 40
    assert catalog.matcher("finance") is catalog.matcher("finance")
    assert len(catalog.matcher("general").entries) == 20


def test_an_edited_objection_reaches_the_next_call(catalog: Catalog, root: Path) -> None:
    before = catalog.matcher("finance")
    file = root / "objections/general.yaml"
    edit(file, "canonical: Je n'ai pas le temps.", "canonical: Je n'ai vraiment pas le temps.")
    after = catalog.matcher("finance")
    assert after is not before
    assert set(after.entries) == set(before.entries)


def test_an_unknown_theme_lists_those_there_are(catalog: Catalog) -> None:
    with pytest.raises(ObjectionsError, match="crypto, energie, finance, general"):
        catalog.matcher("sushi")
    with pytest.raises(ObjectionsError, match="unknown theme 'rail_returns'"):
        catalog.matcher("rail_returns")


def test_missing_rail_returns_are_named(catalog: Catalog, root: Path) -> None:
    (root / "objections/rail_returns.yaml").unlink()
    with pytest.raises(ObjectionsError, match=r"rail_returns\.yaml: cannot be read"):
        catalog.returns()


def test_a_brain_takes_its_waiting_times_from_the_settings(root: Path) -> None:
    settings = Settings.model_validate(
        {
            "paths": {"root": str(root)},
            "dialogue": {"silence_s": 3, "answer_timeout_s": 9, "max_call_s": 60},
            "speech": {"confidence_floor": 0.5},
        }
    )
    brain = Catalog(settings).brain("finance")
    assert (brain.timing.silence_s, brain.timing.answer_timeout_s) == (3, 9)
    assert brain.timing.max_call_s == 60
    assert brain.confidence_floor == 0.5
    assert brain.scenario.name == "finance"


def test_a_scenario_of_an_unknown_theme_makes_no_brain(catalog: Catalog, root: Path) -> None:
    edit(root / "scenarios/scenario_finance.json", '"theme": "finance"', '"theme": "sushi"')
    with pytest.raises(ObjectionsError, match="sushi"):
        catalog.brain("finance")


def test_the_caches_are_bounded_and_counted(catalog: Catalog, root: Path) -> None:
    data = json.loads((root / "scenarios/scenario_finance.json").read_text(encoding="utf-8"))
    for number in range(60):
        file = root / f"scenarios/scenario_s{number}.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        catalog.scenario(f"s{number}")
    stats = catalog.cache_stats()["scenarios"]
    assert (stats.misses, stats.hits, stats.held, stats.most) == (60, 0, 50, 50)
    catalog.scenario("s59")
    catalog.scenario("s0")  # gone: read again
    stats = catalog.cache_stats()["scenarios"]
    assert (stats.misses, stats.hits, stats.held) == (61, 1, 50)
    assert stats.rate == pytest.approx(1 / 62)


def test_objections_are_counted_and_what_is_learnt_of_them_is_shared(catalog: Catalog) -> None:
    before = catalog.cache_stats()["models"]
    first = catalog.matcher("finance")
    again = Catalog(catalog._settings).matcher("finance")
    assert again is first  # the same entries: learnt once a process
    stats = catalog.cache_stats()
    assert (stats["objections"].misses, stats["objections"].hits) == (1, 0)
    assert stats["objections"].most == 20
    assert stats["models"].hits > before.hits
