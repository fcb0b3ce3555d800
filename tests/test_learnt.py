"""What is learnt is read back the same, and whatever is wrong with a file costs time only."""

from pathlib import Path

import numpy as np
import pytest

from agentd import learnt as learnt_module
from agentd.cache import Shelf
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.learner import Learner
from agentd.learnt import LearntFiles

EXAMPLES = [(0, {"a": 1.0, "b": 0.5}), (1, {"b": 1.0, "c": 1.0}), (2, {"é": 0.3})]
BAGS = ({"a": 1.0}, {"b": 0.2, "c": 1.0}, {"nothing": 1.0}, {})


class Maker:
    """Learns, and counts how often."""

    def __init__(self) -> None:
        self.times = 0
        self.last: Learner | None = None

    def __call__(self, held: Learner | None) -> Learner:
        self.times += held is None
        self.last = held or Learner(EXAMPLES, 3)
        return self.last

    def scores(self) -> list[list[float]]:
        assert self.last is not None
        return [self.last.scores(bag).tolist() for bag in BAGS]


def test_the_next_process_reads_what_this_one_learnt(tmp_path: Path) -> None:
    first, second = Maker(), Maker()
    LearntFiles(tmp_path / "x", write=True).get(b"material", first)
    LearntFiles(tmp_path / "x", write=False).get(b"material", second)
    assert (first.times, second.times) == (1, 0)
    assert second.scores() == first.scores()
    assert np.any(first.scores()[0])


def test_other_material_or_other_code_is_learnt_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, kept = Maker(), LearntFiles(tmp_path, write=True)
    kept.get(b"one", maker)
    kept.get(b"two", maker)
    assert maker.times == 2
    monkeypatch.setattr(learnt_module, "_code", lambda: b"edited")
    kept.get(b"one", maker)
    assert maker.times == 3


def test_nothing_is_left_by_who_only_looks(tmp_path: Path) -> None:
    LearntFiles(tmp_path / "x", write=False).get(b"material", Maker())
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("damage", [b"", b"\x80", b"not msgpack", "cut", "weights"])
def test_a_damaged_file_is_learnt_anew_and_replaced(tmp_path: Path, damage: bytes | str) -> None:
    maker, kept = Maker(), LearntFiles(tmp_path, write=True)
    kept.get(b"material", maker)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif damage == "weights":
        file.write_bytes(whole.replace(b"classes", b"klasses"))
    else:
        assert isinstance(damage, bytes)
        file.write_bytes(damage)
    kept.get(b"material", maker)
    assert maker.times == 2
    kept.get(b"material", maker)
    assert maker.times == 2


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file")
    maker = Maker()
    LearntFiles(tmp_path / "x" / "y", write=True).get(b"material", maker)
    assert maker.times == 1


def test_only_so_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learnt_module, "MOST", 3)
    kept = LearntFiles(tmp_path, write=True)
    for number in range(6):
        kept.get(f"{number}".encode(), Maker())
    assert len(list(tmp_path.iterdir())) == 3


def test_a_theme_answers_alike_from_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[1]
    settings = Settings.model_validate(
        {"paths": {"root": tmp_path, "objections": root / "objections"}}
    )
    monkeypatch.setattr("agentd.catalog._MODELS", Shelf(5))  # as in a new process
    first = Catalog(settings, keep=True).matcher("finance")
    assert len(list((tmp_path / "var" / "learnt").iterdir())) == 1
    monkeypatch.setattr("agentd.catalog._MODELS", Shelf(5))  # as in a new process
    second = Catalog(settings).matcher("finance")
    assert second is not first
    for text in ("vos taux sont trop chers", "je dois en parler à ma femme", "oui", "bla bla bla"):
        assert second.match(text) == first.match(text)
