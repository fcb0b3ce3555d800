"""python docs/pictures/demo.py CALL.txt > docs/demo.svg: a call that `agentd simulate` has printed,
as a terminal would have shown it while it went on. `make demo-recording` holds the call first.

Each line appears when it was said, at twice the speed; readers who want no motion see all of it.
"""

import re
import sys
from html import unescape
from pathlib import Path

from rich.console import Console
from rich.text import Text

COMMAND = "agentd simulate scenarios/scenario_finance.json --persona scenarios/personas/{name}.yaml"
WIDTH = 104
SPEED = 2.0
BEGIN_S, STEP_S, HOLD_S = 1.0, 0.15, 8.0
_SAID = re.compile(r"  (\d+):(\d\d\.\d)  (agent|prospect) ")
_FRENCH = 20  # column at which what is said begins
_ID = "demo"


def picture(printed: str) -> str:
    """The SVG. printed: what `agentd simulate` has printed of one call."""
    rows = _rows(printed)
    console = Console(record=True, width=WIDTH, file=open("/dev/null", "w"))  # noqa: SIM115
    for row, _ in rows:
        console.print(row, soft_wrap=False, highlight=False)
    svg = console.export_svg(title="agentd", unique_id=_ID)
    return _animated(svg, [at for _, at in rows])


def _rows(printed: str) -> list[tuple[Text, float]]:
    """Lines of the terminal, and the second at which each appears."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    name = lines[0].removeprefix("== ")
    rows = [(Text(f"$ {COMMAND.format(name=name)}", style="bold"), 0.0)]
    at = BEGIN_S
    for line in lines[1:]:
        found = _SAID.match(line)
        if found is None:
            at += STEP_S
            good = line.strip() == "passed" or line.startswith("  disposition")
            rows.append((Text(line, style="green" if good else ""), at))
            continue
        said_s = BEGIN_S + (int(found[1]) * 60 + float(found[2])) / SPEED
        style = "cyan" if found[3] == "agent" else "yellow"
        for part in _wrapped(line):
            at = max(said_s, at + STEP_S)
            rows.append((Text(part, style=style), at))
    return rows


def _wrapped(line: str) -> list[str]:
    """What is said goes on under where it began."""
    head, words = line[:_FRENCH], re.split(r" +(?![?!:;»])", line[_FRENCH:])
    parts, held = [], head
    for word in words:
        if len(held) + len(word) + 1 > WIDTH and held.strip():
            parts.append(held)
            held = " " * _FRENCH
        held += word if held.endswith(" ") else f" {word}"
    return [*parts, held]


def _animated(svg: str, at: list[float]) -> str:
    """With every line hidden until its second, over and over."""
    whole = max(at) + HOLD_S
    rules = []
    for number, second in enumerate(at):
        share = 100 * second / whole
        rules.append(
            f"@keyframes {_ID}-k{number} {{ 0%, {share:.2f}% {{ opacity: 0 }} "
            f"{share + 0.01:.2f}%, 100% {{ opacity: 1 }} }}\n"
            f".{_ID}-l{number} {{ animation: {_ID}-k{number} {whole:.2f}s linear infinite }}"
        )
    still = f"@media (prefers-reduced-motion) {{ [class*='{_ID}-l'] {{ animation: none }} }}"
    # A font of its own would be fetched from elsewhere, which pictures in pages may not do.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("</style>", "\n".join([*rules, still]) + "\n</style>", 1)
    return re.sub(
        rf'<text class="([^"]+)"([^>]*clip-path="url\(#{_ID}-line-(\d+)\)")',
        rf'<text class="\1 {_ID}-l\3"\2',
        svg,
    )


def words_of(svg: str) -> str:
    """What the picture shows, as text; for its test."""
    shown = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    return " ".join(unescape(" ".join(shown)).replace("\xa0", " ").split())


if __name__ == "__main__":
    print(picture(Path(sys.argv[1]).read_text(encoding="utf-8")))
