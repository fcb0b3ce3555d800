"""Houses for tests, and nothing left over after each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_house import House, Watch, make_root


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything an agentd needs."""
    return make_root(tmp_path_factory.mktemp("house") / "root")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """The log, and tracebacks that would have been shown."""
    with Watch().on() as watch:
        yield watch


@pytest.fixture
def houses(root: Path, watch: Watch) -> Iterator[Callable[..., House]]:
    """Makes an agentd: `houses(repo=..., server={...})`. Each must be quiet when the test is over,
    and is stopped then."""
    made: list[House] = []

    def make(**options: Any) -> House:
        made.append(House(root, watch, **options))
        return made[-1]

    try:
        yield make
        for house in reversed(made):
            if not house.stopped:
                house.settle()
    finally:
        for house in made:
            house.stop()


@pytest.fixture
def house(houses: Callable[..., House]) -> House:
    """An agentd as it comes."""
    return houses()
