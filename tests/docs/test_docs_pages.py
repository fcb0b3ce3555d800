"""Pages say what is so: links lead somewhere, the picture is fresh, and every room, setting, field,
metric, alert, gate and disposition that the code has is explained where a stranger looks for it."""

import ast
import re
import subprocess
import sys

import pytest
import test_imports
import yaml
from agentd_tools import reference
from docs_sandbox import named_files
from markdown_it import MarkdownIt
from shown_commands import PAGES, ROOT, lines_of
from typed_words import check_mention

from agentd.campaign.gates import GATES, caller_id, frequency, hours
from agentd.campaign.settings import CampaignSettings
from agentd.config import Settings
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.personalities import PERSONALITIES
from agentd.dialogue.scenario_model import QualificationRules, Scenario, Step, TransferTo
from agentd.observe.dialer_metrics import DialerMetrics
from agentd.observe.metrics import Metrics, Snapshot
from agentd.simulator import persona


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


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.fr.md"], ids=lambda page: page.name)
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


def outline(name):
    """What must be the same in both languages: commands without their comments, links, headings."""
    text = text_of(name)
    commands = [line.text.partition("  #")[0].rstrip() for line in lines_of(name, text)]
    tokens = MarkdownIt().enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    links = [str(c.attrGet("href") or c.attrGet("src") or "") for c in inline]
    levels = [token.tag for token in tokens if token.type == "heading_open"]
    return commands, [x for x in links if x and not x.startswith("README")], levels


def test_both_readmes_show_the_same_and_fit_a_screen():
    english, french = outline("README.md"), outline("README.fr.md")
    assert english == french
    assert len(english[0]) >= 10
    for name in ("README.md", "README.fr.md"):
        assert len(text_of(name).splitlines()) <= 60, name


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
            assert f"`{file.name}`" in page, f"docs/architecture.md: say what {file.name} is for"
    assert f"an inbox of {_constant('call.py', 'INBOX'):,}" in page


def _constant(file, name):
    for node in ast.parse(text_of(f"agentd/{file}")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{file} has no {name}")


def test_operating_explains_every_metric_and_every_alert():
    page = text_of("docs/operating.md")
    metrics, dialer = Metrics(), DialerMetrics()
    metrics.watch(lambda: Snapshot(model=(0, 0, 8)))  # with a language model
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


def test_configuration_is_written_from_the_model():
    assert text_of("docs/configuration.md") == reference.page(), "run `make schemas`, and commit it"
    for section, name in settings_of(Settings):
        part = reference.page().partition(f"## `[{section}]`")[2].partition("\n## ")[0]
        assert f"\n| `{name}` | " in part


def named_in(page, model, section=""):
    """Fields of a model that a page does not name in `code`, in the part under a heading."""
    text = text_of(page)
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        assert text, section
    code = set(re.findall(r"`([^`\n]+)`", text))
    words = {word for span in code for word in re.findall(r"\w+", span)}
    return [name for name in model.model_fields if name not in words]


@pytest.mark.parametrize(
    ("model", "section"),
    [
        (Scenario, "A scenario"),
        (Step, "A scenario"),
        (QualificationRules, "A scenario"),
        (TransferTo, "A scenario"),
        (persona.Persona, "Personas"),
        (persona.Turn, "Personas"),
        (persona.Line, "Personas"),
        (persona.Manner, "Personas"),
        (persona.Expect, "Personas"),
        (persona.Contact, "Personas"),
    ],
)
def test_scenarios_page_names_every_field(model, section):
    assert named_in("docs/scenarios.md", model, section) == []


def test_the_persona_that_is_shown_is_one():
    shown = named_files(text_of("docs/scenarios.md"))["persona.yaml"]
    made = persona.parse_persona(shown, "docs/scenarios.md")
    assert {turn.kind for turn in made.turns} == {"say", "interrupt", "hangup"}


def test_scenarios_page_names_every_way_a_call_is_answered_and_every_profile():
    page = text_of("docs/scenarios.md")
    for answer in ("human", "machine", *persona.UNTAKEN):
        assert f"`{answer}`" in page
    for name in PERSONALITIES:
        assert f"`{name}`" in page


def test_campaigns_page_names_every_setting_and_every_disposition():
    assert named_in("docs/campaigns.md", CampaignSettings) == []
    page = text_of("docs/campaigns.md")
    assert [d.value for d in Disposition if not re.search(rf"\b{d.value}\b", page)] == []


def test_law_page_has_a_row_for_every_gate_with_its_article():
    """The gates the code asks, in the table, each with the articles its refusals name."""
    page = text_of("docs/law.md")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)$", page, re.MULTILINE))
    assert set(rows) == {name for name, _ in GATES}
    for gate, row in rows.items():
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == 3, row
        assert all(cells), f"{gate}: what is refused, by which text, what stays the operator's"
        cited = set()
        for node in ast.walk(ast.parse(text_of(f"agentd/campaign/gates/{gate}.py"))):
            said = node.value if isinstance(node, ast.Constant) else None
            if isinstance(said, str) and "\n" not in said:  # prose of the module cites as well
                cited |= set(re.findall(r"\b[LDR]\. \d[\d-]+|art\. \d+|n° [\d-]+", said))
        assert [article for article in sorted(cited) if article not in row] == [], gate


def test_law_page_gives_the_figures_the_code_applies():
    """Ranges of caller ids, hours; the others are words in its table."""
    page = text_of("docs/law.md")
    ranges = {start for starts in caller_id.PLANS[-1].ranges.values() for start in starts}
    spans = re.findall(r"\b0(\d+) to 0(\d+)", page)
    for start in ranges:
        spanned = any(low <= start <= high for low, high in spans)
        assert spanned or re.search(rf"\b0{start}\b", page), start
    for windows in (hours.CONSUMER_WINDOWS, hours.BUSINESS_WINDOWS):
        for first, last in {span for day in windows.values() for span in day}:
            assert f"{first}-{last}" in page
    assert (frequency.MOST, frequency.PERIOD_DAYS, frequency.REST_DAYS) == (4, 30, 60)
    assert "a fifth attempt in thirty calendar days" in page
    assert "sixty full days after a refusal" in page


def test_what_troubleshooting_quotes_is_what_the_code_says():
    """Phrases in double quotes are searched for in a log: they must be the code's own."""
    table = text_of("docs/operating.md").partition("## Troubleshooting")[2].partition("\n## ")[0]
    prose = re.sub(r"`[^`]*`", "", table)
    quoted = [q for q in re.findall(r'"([^"\n]+)"', prose) if q != "activating"]
    assert len(quoted) >= 5
    source = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "agentd").rglob("*.py"))
    assert [phrase for phrase in quoted if phrase not in source] == []


def test_what_alerts_tell_to_type_exists():
    held = yaml.safe_load(text_of("monitoring/alerts.yaml"))
    actions = [rule["annotations"]["action"] for g in held["groups"] for rule in g["rules"]]
    pieces = [piece.strip() for text in actions for piece in re.split(r"[;:,|]|\. ", text)]
    assert sum(check_mention(piece) for piece in pieces) > 10


def test_architecture_names_actions_and_events_there_are():
    diagram = re.findall(r"```text\n(.*?)```", text_of("docs/architecture.md"), re.DOTALL)
    made = {
        node.name
        for file in ("actions", "events")
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.ClassDef)
    }
    named = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", "".join(diagram)))
    known = {"Record", "Say", "Stop", "Prepare", "Background", "Transfer", "Hangup", "StartTimer"}
    assert known <= named & made
    assert named - made <= {"Leg"}, "no such event or action"


def _tree(file):
    return ast.parse(text_of(f"agentd/dialogue/{file}.py"))
