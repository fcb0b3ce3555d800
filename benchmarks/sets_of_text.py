"""Labelled texts of tests/data."""

from pathlib import Path

DATA = Path(__file__).parent.parent / "tests" / "data"


def pairs(name: str) -> list[tuple[str, str]]:
    """The two columns of each line of a set; the second is empty where there is one only."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    split = (line.partition("\t") for line in lines if line.strip() and line[0] != "#")
    return [(first, second) for first, _, second in split]
