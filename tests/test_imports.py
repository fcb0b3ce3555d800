"""The walls of the house: what pure modules and rooms may import, read from their source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "agentd"

# Named one by one: a pure module that moves or vanishes must be moved here too.
PURE = (
    "campaign/breakers.py",
    "campaign/gates/__init__.py",
    "campaign/gates/caller_id.py",
    "campaign/gates/campaign_dates.py",
    "campaign/gates/case.py",
    "campaign/gates/consent.py",
    "campaign/gates/frequency.py",
    "campaign/gates/hours.py",
    "campaign/gates/number.py",
    "campaign/gates/places.py",
    "campaign/gates/sector.py",
    "campaign/gates/suppression.py",
    "campaign/outcomes.py",
    "campaign/pacing.py",
    "campaign/retry.py",
    "campaign/settings.py",
    "dialogue/actions.py",
    "dialogue/answers.py",
    "dialogue/brain.py",
    "dialogue/concepts.py",
    "dialogue/contact_rules.py",
    "dialogue/content_rules.py",
    "dialogue/disclosure.py",
    "dialogue/dispositions.py",
    "dialogue/doubt.py",
    "dialogue/engine.py",
    "dialogue/events.py",
    "dialogue/expectations.py",
    "dialogue/finding.py",
    "dialogue/floor.py",
    "dialogue/freestyle.py",
    "dialogue/hearing.py",
    "dialogue/intent_learner.py",
    "dialogue/intents.py",
    "dialogue/machines.py",
    "dialogue/learner.py",
    "dialogue/lexical.py",
    "dialogue/lexicon.py",
    "dialogue/lint.py",
    "dialogue/moves.py",
    "dialogue/neighbours.py",
    "dialogue/objections.py",
    "dialogue/ordinary.py",
    "dialogue/personalities.py",
    "dialogue/phrases.py",
    "dialogue/polarity.py",
    "dialogue/rail_returns.py",
    "dialogue/recording.py",
    "dialogue/replay.py",
    "dialogue/said_times.py",
    "dialogue/scenario.py",
    "dialogue/scenario_model.py",
    "dialogue/scoring.py",
    "dialogue/sounds.py",
    "dialogue/spoken.py",
    "dialogue/spoken_days.py",
    "dialogue/spoken_numbers.py",
    "dialogue/spoken_times.py",
    "dialogue/state.py",
    "dialogue/text.py",
    "dialogue/understanding.py",
    "llm/admission.py",
    "llm/guard.py",
    "llm/guard_rules.py",
    "llm/prompt.py",
    "llm/reply.py",
    "llm/sentences.py",
    "switch/esl.py",
    "switch/fork.py",
    "switch/originate.py",
    "switch/playback.py",
    "speech/amd.py",
    "speech/beep.py",
    "speech/endpointing.py",
    "speech/machine_words.py",
    "speech/bargein.py",
)
FORBIDDEN = {"gevent", "socket", "time", "random", "peewee", "vosk", "llama_cpp"}
# Libraries of ours import `time`, `random` and `socket` themselves; these none of them may bring.
NEVER_LOADED = {
    "gevent",
    "greenswitch",
    "peewee",
    "vosk",
    "llama_cpp",
    "faster_whisper",
    "webrtcvad",
}

# Every package is a room, save those whose work is to wire rooms together.
WIRING = {"cli", "simulator"}
# And modules of a room that do, named one by one.
WIRES = {PACKAGE / "campaign" / "dialer.py", PACKAGE / "campaign" / "following.py"}
ROOMS = sorted({file.parent.name for file in PACKAGE.glob("*/__init__.py")} - WIRING)
# What any room may import of the house besides itself.
SHARED = {
    "agentd.campaign.gates.case",
    "agentd.dialogue.text",
    "agentd.dialogue.events",
    "agentd.dialogue.actions",
    "agentd.dialogue.dispositions",
    "agentd.config",
    "agentd.errors",
    "agentd.numbers",
}


def imports(file: Path) -> Iterator[str]:
    """Every module a file names in an import statement, wherever in the file; `from` is resolved
    down to the name, so that `from agentd.dialogue import engine` is agentd.dialogue.engine."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            if node.level:
                inside = file.relative_to(ROOT).parts[: -node.level]
                package = ".".join((*inside, package)).rstrip(".")
            yield from (f"{package}.{alias.name}" for alias in node.names)


def forbidden(file: Path) -> set[str]:
    return {name for name in imports(file) if name.split(".")[0] in FORBIDDEN}


def trespasses(file: Path, room: str) -> set[str]:
    """House modules a file of a room imports though it may not."""

    def allowed(name: str) -> bool:
        if name.startswith(f"agentd.{room}.") or name == f"agentd.{room}":
            return True
        return any(name == shared or name.startswith(f"{shared}.") for shared in SHARED)

    ours = {name for name in imports(file) if name.split(".")[0] in ("agentd", "agentd_tools")}
    return {name for name in ours if not allowed(name)}


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_exists_and_imports_nothing_impure(module: str) -> None:
    assert (PACKAGE / module).is_file(), f"agentd/{module} is missing; mend PURE if it has moved"
    assert forbidden(PACKAGE / module) == set()


def test_the_whole_dialogue_room_is_pure() -> None:
    impure = {
        file.name: bad for file in (PACKAGE / "dialogue").rglob("*.py") if (bad := forbidden(file))
    }
    assert impure == {}


@pytest.mark.parametrize("room", sorted({module.split("/")[0] for module in PURE}))
def test_pure_modules_bring_nothing_impure_along(room: str) -> None:
    """In an interpreter of its own: what the tests themselves have loaded must not count."""
    modules = [
        f"agentd.{module.removesuffix('.py').replace('/', '.')}"
        for module in PURE
        if module.startswith(f"{room}/")
    ]
    code = f"import sys, {', '.join(modules)}; print(*sorted({NEVER_LOADED!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_rooms_of_the_design_are_looked_at() -> None:
    assert {"dialogue", "speech", "store", "switch"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_do_not_import_sideways(room: str) -> None:
    files = sorted(set((PACKAGE / room).rglob("*.py")) - WIRES)
    bad = {str(file.relative_to(ROOT)): sorted(trespasses(file, room)) for file in files}
    assert {file: names for file, names in bad.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import gevent", {"gevent"}),
        ("import os, socket as s", {"socket"}),
        ("from time import monotonic", {"time.monotonic"}),
        ("def f():\n    from random import Random", {"random.Random"}),
        ("import timeit\nfrom randomness import x", set()),
    ],
)
def test_the_check_itself_sees_imports(tmp_path: Path, source: str, found: set[str]) -> None:
    file = tmp_path / "module.py"
    file.write_text(source, encoding="utf-8")
    assert forbidden(file) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from agentd.dialogue.events import Answered", set()),
        ("from agentd.dialogue import engine", {"agentd.dialogue.engine"}),
        ("from agentd.dialogue import events", set()),
        ("from agentd.speech.vad import Vad", {"agentd.speech.vad.Vad"}),
        ("from agentd.switch.esl import x\nfrom agentd import config", set()),
        ("import agentd.store.repo", {"agentd.store.repo"}),
    ],
)
def test_the_check_itself_sees_trespasses(tmp_path: Path, source: str, found: set[str]) -> None:
    file = tmp_path / "module.py"
    file.write_text(source, encoding="utf-8")
    assert trespasses(file, "switch") == found
