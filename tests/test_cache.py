"""A shelf: bounded, ageing, and never poorer for a broken edit."""

import math

import pytest

from agentd.cache import Shelf
from agentd.errors import ScenarioError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def never(error: Exception) -> None:
    raise AssertionError(f"told of {error}")


def broken() -> str:
    raise ScenarioError("broken", mend="mend it")


def test_a_value_is_made_once_while_its_stamp_stays() -> None:
    shelf, made = Shelf(2), []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [shelf.get("a", "s1", make, never) for _ in range(3)] == [1, 1, 1]
    assert shelf.get("a", "s2", make, never) == 2
    assert (shelf.stats().hits, shelf.stats().misses, shelf.stats().held) == (2, 2, 1)


def test_a_value_ages() -> None:
    clock = Clock()
    shelf = Shelf(2, 3600, timer=clock)
    assert shelf.get("a", None, lambda: "old", never) == "old"
    clock.now = 3599
    assert shelf.get("a", None, lambda: "new", never) == "old"
    clock.now = 3601
    assert shelf.stats().held == 0
    assert shelf.get("a", None, lambda: "new", never) == "new"


def test_for_ever_is_for_ever() -> None:
    clock = Clock()
    shelf = Shelf(2, timer=clock)
    shelf.get("a", None, lambda: "old", never)
    clock.now = 1e9
    assert shelf.get("a", None, lambda: "new", never) == "old"
    assert math.isinf(shelf._kept.ttl)


def test_the_one_unused_longest_goes_first() -> None:
    shelf = Shelf(2)
    for key in "aba":
        shelf.get(key, None, lambda: "old", never)
    shelf.get("c", None, lambda: "old", never)
    assert shelf.get("a", None, lambda: "new", never) == "old"
    assert shelf.get("b", None, lambda: "new", never) == "new"


def test_a_broken_edit_leaves_what_was_there_and_is_told_once() -> None:
    shelf, told = Shelf(2), []
    shelf.get("a", "s1", lambda: "good", never)
    for _ in range(3):
        assert shelf.get("a", "s2", broken, told.append) == "good"
    assert len(told) == 1
    assert shelf.get("a", "s3", lambda: "mended", never) == "mended"


def test_what_was_never_whole_is_refused_each_time() -> None:
    shelf = Shelf(2)
    for _ in range(2):
        with pytest.raises(ScenarioError):
            shelf.get("a", "s1", broken, never)
    assert shelf.stats().held == 0
