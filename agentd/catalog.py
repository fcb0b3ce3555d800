"""Scenarios, objections and rail returns as files, read when they change, kept while they do not.

The bridge from folders to the pure dialogue room: every call of a scenario shares one `Brain`. A
file is read again when its modification time or size changes, so an edit is seen by the next call
without a restart; when an edit has broken it, what was read before stays in use, and it is logged.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from agentd.cache import CacheStats, Shelf
from agentd.config import Settings
from agentd.dialogue import intent_learner
from agentd.dialogue.brain import Brain, Timing
from agentd.dialogue.learner import Learner
from agentd.dialogue.objections import Entry, Matcher, parse_entries
from agentd.dialogue.rail_returns import RailReturns, parse_rail_returns
from agentd.dialogue.scenario import Scenario, parse_scenario
from agentd.errors import BadInput, ObjectionsError, ScenarioError
from agentd.learnt import LearntFiles

GENERAL = "general"
RAIL_RETURNS = "rail_returns"
log = structlog.get_logger(component="catalog")

_PREFIX = "scenario_"
# How many are held, and seconds. A matcher is what is learnt of a theme; the same
# entries are learnt once, and kept as long as the process lives.
SCENARIOS, SCENARIOS_S = 50, 3600.0
OBJECTIONS, OBJECTIONS_S = 20, 1800.0
MODELS = 20
# Files of the objections folder that are not a theme.
_NOT_THEMES = frozenset({RAIL_RETURNS, "lexicon"})

Made = TypeVar("Made")
# What makes a value stale: path, modification time (ns) and size (-1: not there) of its files.
_Stamp = tuple[str, int, int]


class Catalog:
    """Everything a call needs to know, from the folders of the settings."""

    def __init__(self, settings: Settings, *, keep: bool = False) -> None:
        """keep: leave on disk what is learnt, for the next process."""
        self._settings = settings
        folder = settings.paths.root.resolve() / "var" / "learnt"
        self._learnt = LearntFiles(folder, write=keep)
        self._files: dict[str, Path] = {}  # few: of those that exist, and of what scenarios name
        self._shelves = {
            "scenarios": Shelf(SCENARIOS, SCENARIOS_S),
            "objections": Shelf(OBJECTIONS, OBJECTIONS_S),
            "entries": Shelf(OBJECTIONS, OBJECTIONS_S),
            "models": _MODELS,
        }

    def scenario(self, name_or_path: str | Path) -> Scenario:
        """A scenario by name ("finance" is scenarios/scenario_finance.json) or by path.

        Raises ScenarioError: an unknown name lists what exists, a broken file says where.
        """
        file = self.scenario_file(name_or_path)
        return self._cached(
            "scenarios",
            str(file),
            (_stamp(file),),
            lambda: parse_scenario(_read(file, ScenarioError), str(file)),
        )

    def scenario_file(self, name_or_path: str | Path) -> Path:
        """Where a scenario is. Raises ScenarioError when it is nowhere."""
        asked = Path(name_or_path)
        if asked.suffix == ".json" or len(asked.parts) > 1:
            # A path counts from here, or else from the scenarios folder.
            for file in (asked, self._settings.path("scenarios", asked)):
                if file.is_file():
                    return file
        else:
            file = self._settings.path("scenarios", f"{_PREFIX}{asked}.json")
            if file.is_file():
                return file
        known = ", ".join(self.scenario_names()) or "none"
        raise ScenarioError(
            f"no scenario {str(name_or_path)!r}",
            mend=f"give the path of a .json file, or a name of {self._settings.path('scenarios')}: "
            f"{known}",
        )

    def scenario_names(self) -> list[str]:
        """Names of the scenarios in the scenarios folder."""
        files = self._settings.path("scenarios").glob(f"{_PREFIX}*.json")
        return sorted(file.stem.removeprefix(_PREFIX) for file in files)

    def themes(self) -> list[str]:
        """Names of the themes that have an objections file."""
        files = self._settings.path("objections").glob("*.yaml")
        return sorted(file.stem for file in files if file.stem not in _NOT_THEMES)

    def matcher(self, theme: str) -> Matcher:
        """The matcher of a theme, which also holds the general entries.

        Raises ObjectionsError when there is no such theme, listing those there are.
        """
        files = [self._objections(name) for name in dict.fromkeys((theme, GENERAL))]
        stamp = tuple(_stamp(file) for file in files)
        if stamp[0][2] < 0 or theme in _NOT_THEMES:
            raise ObjectionsError(
                f"unknown theme {theme!r}",
                mend=f"use one of: {', '.join(self.themes()) or 'none'} "
                f"(files of {self._settings.path('objections')})",
            )
        return self._cached("objections", theme, stamp, lambda: self._made(_entries(files)))

    def entries(self, theme: str) -> tuple[Entry, ...]:
        """The entries of a theme and the general ones, without what a matcher learns of them.

        Raises ObjectionsError when there is no such theme, listing those there are.
        """
        files = [self._objections(name) for name in dict.fromkeys((theme, GENERAL))]
        stamp = tuple(_stamp(file) for file in files)
        if stamp[0][2] < 0 or theme in _NOT_THEMES:
            self.matcher(theme)  # says so
        return self._cached("entries", theme, stamp, lambda: _entries(files))

    def returns(self) -> RailReturns:
        """The closed questions back to the rail. Raises ObjectionsError."""
        file = self._objections(RAIL_RETURNS)
        return self._cached(
            "objections",
            RAIL_RETURNS,
            (_stamp(file),),
            lambda: parse_rail_returns(_read(file, ObjectionsError), str(file)),
        )

    def brain(self, scenario: str | Path | Scenario) -> Brain:
        """What the engine needs for calls of a scenario."""
        if not isinstance(scenario, Scenario):
            scenario = self.scenario(scenario)
        dialogue = self._settings.dialogue
        self._prepare_intents()  # seconds of work, once a process: no call may wait for it
        return Brain(
            scenario,
            self.matcher(scenario.theme),
            self.returns(),
            Timing(
                silence_s=dialogue.silence_s,
                answer_timeout_s=dialogue.answer_timeout_s,
                max_call_s=dialogue.max_call_s,
                freestyle_s=self._settings.llm.deadline_s,
                filler_s=self._settings.llm.filler_s,
                machine_s=self._settings.amd.machine_s,
                screening_s=self._settings.amd.screening_s,
            ),
            confidence_floor=self._settings.speech.confidence_floor,
        )

    def _prepare_intents(self) -> None:
        if not intent_learner.prepared():
            material = repr(intent_learner.examples()).encode()
            self._learnt.get(material, lambda held: intent_learner.prepare(held).learner)

    def _made(self, entries: tuple[Entry, ...]) -> Matcher:
        """The matcher of these entries: a second's work, and the same one for whoever asks
        again."""

        def make() -> Matcher:
            made: list[Matcher] = []

            def learn(held: Learner | None) -> Learner | None:
                made.append(Matcher(entries, held))
                learner = made[0].learner
                return learner if isinstance(learner, Learner) else None

            self._learnt.get(msgspec.json.encode(entries), learn)
            return made[0]

        return _MODELS.get(entries, None, make, _broken)

    def _objections(self, name: str) -> Path:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = self._settings.path("objections", f"{name}.yaml")
        return file

    def cache_stats(self) -> dict[str, CacheStats]:
        """Hits, misses and what is held: scenarios, objections (with the rail returns), models."""
        return {name: shelf.stats() for name, shelf in self._shelves.items()}

    def _cached(
        self, shelf: str, key: str, stamp: tuple[_Stamp, ...], make: Callable[[], Made]
    ) -> Made:
        return self._shelves[shelf].get(key, stamp, make, _broken)


# Shared by every catalog of the process: what is learnt depends on the entries alone.
_MODELS = Shelf(MODELS)


def _broken(error: BadInput) -> None:
    # Calls go on with what was there before the edit; it is told once for each edit.
    log.error("edited file cannot be used, the one before stays", error=str(error))


def _entries(files: list[Path]) -> tuple[Entry, ...]:
    return tuple(
        entry for file in files for entry in parse_entries(_read(file, ObjectionsError), str(file))
    )


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        status = os.stat(file)
    except OSError:
        return str(file), 0, -1  # reading it says what is wrong
    return str(file), status.st_mtime_ns, status.st_size


def _read(file: Path, error_type: type[BadInput]) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise error_type(
            f"{file}: cannot be read ({error.strerror})", mend="check the path and its permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise error_type(
            f"{file}: not UTF-8 (byte {error.start})", mend="save the file as UTF-8"
        ) from None
