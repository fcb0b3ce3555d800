"""The labelled utterances of tests/data, one a line: intent, tab, text; `#` begins a comment."""

from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


EXAMPLES = Path(__file__).parents[2] / "agentd/dialogue/intent_examples.tsv"


def labelled(name: str) -> list[tuple[str, str]]:
    """(intent, text) of every line of a labelled file."""
    pairs = []
    for line in lines(name):
        intent, _, text = line.partition("\t")
        pairs.append((intent, text))
    return pairs


def tuned() -> list[tuple[str, str]]:
    """(intent, text) of what the package itself learns from, opt-out's false friends left out."""
    rows = (line.partition("\t") for line in EXAMPLES.read_text(encoding="utf-8").splitlines())
    return [(intent, text) for intent, _, text in rows if text and intent != "other"]


def lines(name: str) -> list[str]:
    """Lines of a data file, comments left out."""
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
