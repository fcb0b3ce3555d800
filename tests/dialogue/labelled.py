"""The labelled utterances of tests/data, one a line: intent, tab, text; `#` begins a comment."""

from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


def labelled(name: str) -> list[tuple[str, str]]:
    """(intent, text) of every line of a labelled file."""
    pairs = []
    for line in lines(name):
        intent, _, text = line.partition("\t")
        pairs.append((intent, text))
    return pairs


def lines(name: str) -> list[str]:
    """Lines of a data file, comments left out."""
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
