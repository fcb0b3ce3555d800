"""Scenarios, objections and rail returns as files, read when they change, kept while they do not.

The bridge from folders to the pure dialogue room: every call of a scenario shares one `Brain`. A
file is read again when its modification time or size changes, so an edit is seen by the next call
without a restart; when an edit has broken it, what was read before stays in use, and it is logged.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import structlog

from agentd.config import Settings
from agentd.dialogue import intent_learner
from agentd.dialogue.brain import Brain, Timing
from agentd.dialogue.objections import Entry, Matcher, parse_entries
from agentd.dialogue.rail_returns import RailReturns, parse_rail_returns
from agentd.dialogue.scenario import Scenario, parse_scenario
from agentd.errors import BadInput, ObjectionsError, ScenarioError

GENERAL = "general"
RAIL_RETURNS = "rail_returns"
log = structlog.get_logger(component="catalog")

_PREFIX = "scenario_"
_MAX_CACHED = 100
# Files of the objections folder that are not a theme.
_NOT_THEMES = frozenset({RAIL_RETURNS, "lexicon"})

Made = TypeVar("Made")
# What makes a cached value stale: path, modification time (ns) and size of each file behind it.
_Stamp = tuple[tuple[str, int, int], ...]


class Catalog:
    """Everything a call needs to know, from the folders of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache: dict[tuple[str, ...], tuple[_Stamp, Any]] = {}

    def scenario(self, name_or_path: str | Path) -> Scenario:
        """A scenario by name ("finance" is scenarios/scenario_finance.json) or by path.

        Raises ScenarioError: an unknown name lists what exists, a broken file says where.
        """
        file = self.scenario_file(name_or_path)
        return self._cached(
            ("scenario", str(file)),
            [file],
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
        if not self._objections(theme).is_file() or theme in _NOT_THEMES:
            raise ObjectionsError(
                f"unknown theme {theme!r}",
                mend=f"use one of: {', '.join(self.themes()) or 'none'} "
                f"(files of {self._settings.path('objections')})",
            )
        files = [self._objections(name) for name in dict.fromkeys((theme, GENERAL))]
        return self._cached(
            ("matcher", theme),
            files,
            lambda: _made(
                tuple(
                    entry
                    for file in files
                    for entry in parse_entries(_read(file, ObjectionsError), str(file))
                )
            ),
        )

    def returns(self) -> RailReturns:
        """The closed questions back to the rail. Raises ObjectionsError."""
        file = self._objections(RAIL_RETURNS)
        return self._cached(
            ("returns",),
            [file],
            lambda: parse_rail_returns(_read(file, ObjectionsError), str(file)),
        )

    def brain(self, scenario: str | Path | Scenario) -> Brain:
        """What the engine needs for calls of a scenario."""
        if not isinstance(scenario, Scenario):
            scenario = self.scenario(scenario)
        dialogue = self._settings.dialogue
        intent_learner.prepare()  # a second's work, once a process: no call may wait for it
        return Brain(
            scenario,
            self.matcher(scenario.theme),
            self.returns(),
            Timing(
                silence_s=dialogue.silence_s,
                answer_timeout_s=dialogue.answer_timeout_s,
                max_call_s=dialogue.max_call_s,
            ),
            confidence_floor=self._settings.speech.confidence_floor,
        )

    def _objections(self, name: str) -> Path:
        return self._settings.path("objections", f"{name}.yaml")

    def _cached(self, key: tuple[str, ...], files: list[Path], make: Callable[[], Made]) -> Made:
        stamp = tuple(_stamp(file) for file in files)
        kept = self._cache.get(key)
        if kept is not None and kept[0] == stamp:
            value: Made = kept[1]
            return value
        try:
            made = make()
        except BadInput as error:
            if kept is None:
                raise
            # Calls go on with what was there before the edit; it is told once for each edit.
            log.error("edited file cannot be used, the one before stays", error=str(error))
            made = kept[1]
        self._cache.pop(key, None)
        if len(self._cache) >= _MAX_CACHED:
            del self._cache[next(iter(self._cache))]  # the one made longest ago
        self._cache[key] = (stamp, made)
        return made


@lru_cache(maxsize=20)
def _made(entries: tuple[Entry, ...]) -> Matcher:
    """The matcher of these entries: a second's work, and the same one for whoever asks again."""
    return Matcher(entries)


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
