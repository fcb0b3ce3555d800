"""Pages say what is so: links lead somewhere, the picture is fresh, and every room, setting, field,
metric, alert, gate and disposition that the code has is explained where a stranger looks for it."""

import ast
import re
import subprocess
import sys

import pytest
import test_imports
from markdown_it import MarkdownIt
from shown_commands import PAGES, ROOT

from agentd.config import Settings
from agentd.observe.dialer_metrics import DialerMetrics
from agentd.observe.metrics import Metrics, Snapshot


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(markdown):
    """As GitHub makes them of headings."""
    found = set()
    tokens = MarkdownIt().parse(markdown)
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            words = re.sub(r"[^\w\- ]", "", tokens[at + 1].content.lower())
            found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            link = child.attrGet("href") or child.attrGet("src") or ""
            if not link or "://" in link:
                continue
            file, _, anchor = str(link).partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.exists(), f"{page.name}: {link}"
            if anchor:
                assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page.name}: {link}"


def test_the_picture_of_the_house_is_fresh_and_whole():
    made = subprocess.run(
        [sys.executable, ROOT / "docs/pictures/house.py"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert text_of("docs/pictures/house.svg") == made, "docs/pictures/house.py > house.svg"
    for room in (*test_imports.ROOMS, *test_imports.WIRING):
        assert f">{room}/<" in made, room


def test_architecture_names_rooms_walls_and_modules():
    page = text_of("docs/architecture.md")
    for room in (*test_imports.ROOMS, *test_imports.WIRING):
        assert f"| `{room}/` |" in page, room
    shared = re.search(r"what is shared\*\*: (.*?)\. Nothing sideways", page, re.DOTALL)
    assert set(re.findall(r"`([^`]+)`", shared[1])) == test_imports.SHARED
    pure = re.search(r"They import no (.*?), and bring none of (.*?) along", page, re.DOTALL)
    held_to = (test_imports.FORBIDDEN, test_imports.NEVER_LOADED)
    for said, held in zip(pure.groups(), held_to, strict=True):
        assert set(re.split(r",\s+|\s+and\s+|\s+or\s+", said.strip())) == held
    for file in (ROOT / "agentd").glob("*.py"):
        if not file.stem.startswith("__"):
            assert f"`{file.name}`" in page, file.name
    assert f"an inbox of {_constant('call.py', 'INBOX'):,}" in page


def _constant(file, name):
    for node in ast.parse(text_of(f"agentd/{file}")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{file} has no {name}")


def test_operating_explains_every_metric_and_every_alert():
    page = text_of("docs/operating.md")
    metrics, dialer = Metrics(), DialerMetrics()
    metrics.watch(Snapshot)
    dialer.watch(list)
    shown = (metrics.page() + dialer.page()).decode()
    names = set(re.findall(r"^# TYPE (agentd_\w+) ", shown, re.MULTILINE))
    assert len(names) > 30
    missing = [n for n in sorted(names) if not n.endswith("_created") and f"`{n}`" not in page]
    assert missing == []
    alerts = re.findall(r"- alert: (\w+)", text_of("monitoring/alerts.yaml"))
    assert [a for a in alerts if f"| {a} |" not in page] == []
    told = set(re.findall(r"`(agentd_(?:dialer_)?[a-z_]+)`", page))
    assert told <= names | {"agentd_retention"}, f"no such metric: {told - names}"


def test_operating_knows_symptoms_and_what_tells_each():
    table = text_of("docs/operating.md").partition("## Troubleshooting")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 15
    for row in rows:
        cells = [cell for cell in row.strip("|").split("|") if cell.strip()]
        assert len(cells) == 3, row
        assert "`" in row or "log" in cells[1], row


def settings_of(model):
    for section, field in model.model_fields.items():
        for name in field.annotation.model_fields:
            yield section, name


def test_every_setting_is_in_the_example_file():
    """Read as TOML is: what is commented out counts."""
    held, section = set(), ""
    for line in text_of("agentd.example.toml").splitlines():
        if found := re.match(r"\[(\w+)\]", line):
            section = found[1]
        elif found := re.match(r"(?:# )?(\w+) = .*#|(?:# )?(\w+) = ", line):
            held.add((section, found[1] or found[2]))
    assert held == set(settings_of(Settings))
