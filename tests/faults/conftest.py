"""One house for the tests of a module, and nothing left over after each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_house import House, Watch, alive, make_root


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
def house(root: Path, watch: Watch) -> Iterator[House]:
    """An agentd with a store of its own; nothing may be left of its calls."""
    made = House(root, watch)
    greenlets = alive()
    yield made
    made.settle(greenlets)
    made.stop()
