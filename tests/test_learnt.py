"""What was learnt is read instead of learnt again, and never when it might be wrong."""

from pathlib import Path

import msgspec
import pytest

from agentd import learnt
from agentd.dialogue.objections import Entry, Matcher
from agentd.errors import ObjectionsError


def entry(name: str, *phrasings: str) -> Entry:
    return Entry(
        name, name.split("_")[0], "objection", phrasings[0], ("motcle",), phrasings, "Bien."
    )


ENTRIES = (
    entry("auto_obj_prix", "c'est trop cher", "ça coûte un bras", "le prix est trop haut"),
    entry("auto_obj_temps", "j'ai pas le temps", "je suis pressé", "je suis au travail"),
)
SAID = ("c'est bien trop cher pour moi", "là je suis vraiment pressé", "demain à dix heures", "")


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One item for each time something was learnt."""
    times: list[int] = []
    real = Matcher._learn

    def counted(self: Matcher) -> None:
        times.append(1)
        real(self)

    monkeypatch.setattr(Matcher, "_learn", counted)
    return times


def test_it_is_learnt_once_and_reads_the_same(tmp_path: Path, learning: list[int]) -> None:
    first = learnt.matcher(ENTRIES, tmp_path / "kept")
    again = learnt.matcher(ENTRIES, tmp_path / "kept")
    other_order = learnt.matcher(ENTRIES[::-1], tmp_path / "kept")
    assert len(learning) == 1
    for text in SAID:
        assert again.match(text) == first.match(text) == other_order.match(text)
    assert first.match(SAID[0]) is not None


def test_another_phrasing_is_learnt_anew(tmp_path: Path, learning: list[int]) -> None:
    learnt.matcher(ENTRIES, tmp_path)
    longer = (*ENTRIES[0].phrasings, "c'est pas donné votre truc")
    edited = (msgspec.structs.replace(ENTRIES[0], phrasings=longer), ENTRIES[1])
    found = learnt.matcher(edited, tmp_path).match("c'est pas donné votre truc")
    assert len(learning) == 2
    assert found is not None
    assert found.score == 1.0


@pytest.mark.parametrize("content", [b"", b"PK nothing", b"\x00" * 200])
def test_a_file_that_cannot_be_read_is_learnt_again_and_replaced(
    tmp_path: Path, learning: list[int], content: bytes
) -> None:
    learnt.matcher(ENTRIES, tmp_path)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(content)
    assert learnt.matcher(ENTRIES, tmp_path).match("ça coûte un bras") is not None
    learnt.matcher(ENTRIES, tmp_path)
    assert len(learning) == 2


def test_where_nothing_can_be_written_it_is_learnt_all_the_same(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert learnt.matcher(ENTRIES, blocked / "kept").match("ça coûte un bras") is not None


def test_only_the_latest_are_kept_and_no_part_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learnt, "FILES", 2)
    for number in range(4):
        edited = msgspec.structs.replace(ENTRIES[0], response=f"Bien {number}.")
        learnt.matcher((edited, ENTRIES[1]), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_two_entries_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ObjectionsError):
        learnt.matcher((ENTRIES[0], ENTRIES[0]), tmp_path)
