"""What the documentation shows to be typed: shell blocks as command lines, and code spans.

A block without a language, or marked sh, is a shell's; any other says what it is (toml, yaml...).
Where a command ends is bash's to say (`bash -n`), so that a quote or a backslash goes on.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
SHELLS = ("", "sh", "bash")
# README.fr.md shows the commands of README.md: test_docs_pages.py holds them together.
PAGES = (
    ROOT / "README.md",
    ROOT / "audio/README.md",
    ROOT / "freeswitch-conf/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)


@dataclass(frozen=True)
class Shown:
    """One command line, or one code span; `line` counts from 1, `block` tells blocks apart."""

    page: str
    line: int
    text: str
    block: int = 0

    @property
    def place(self) -> str:
        """As an editor takes it."""
        return f"{self.page}:{self.line}"


def lines_of(page: str, markdown: str) -> list[Shown]:
    """Every command line of the shell blocks of a page, in its order."""
    found: list[Shown] = []
    for token in MarkdownIt().parse(markdown):
        if token.type == "code_block" or (token.type == "fence" and token.info in SHELLS):
            first = (token.map or [0])[0] + (2 if token.type == "fence" else 1)
            found += _split(page, first, token.content)
    return found


def spans_of(page: str, markdown: str) -> list[Shown]:
    """Every `code span` of a page's prose; its line is that of its paragraph."""
    return [
        Shown(page, (token.map or [0])[0] + 1, child.content)
        for token in MarkdownIt().enable("table").parse(markdown)
        for child in token.children or ()
        if child.type == "code_inline"
    ]


def _split(page: str, first: int, text: str) -> Iterator[Shown]:
    held: list[str] = []
    for number, line in enumerate(text.splitlines(), first):
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        held.append(line)
        whole = "\n".join(held)
        if not line.endswith("\\") and _complete(whole):
            yield Shown(page, number - len(held) + 1, whole, first)
            held = []
    if held:  # never complete: bash will say what is missing when it is run
        yield Shown(page, first, "\n".join(held), first)


def _complete(text: str) -> bool:
    return not subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True).returncode
