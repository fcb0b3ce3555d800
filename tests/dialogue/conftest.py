import pytest
from dialogue_driver import Line, brain


@pytest.fixture
def line() -> Line:
    return Line(brain())
