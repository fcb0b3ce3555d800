"""What an agent may have to say, as (key, text): the lines a voice must hold."""

from collections.abc import Iterator, Sequence

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.actions import Clip
from agentd.dialogue.phrases import all_phrases
from agentd.dialogue.scenario import Scenario
from agentd.dialogue.text import fields
from agentd.errors import ScenarioError


def of_scenario(catalog: Catalog, scenario: Scenario) -> list[Clip]:
    """Every recordable line of a call: the scenario's own, its theme's answers, the engine's."""
    lines = [*_own(scenario), *of_theme(catalog, scenario.theme), *of_engine(catalog, scenario)]
    return list({clip.key: clip for clip in lines}.values())


def of_theme(catalog: Catalog, theme: str) -> list[Clip]:
    """The answers of a theme and of `general`."""
    return [Clip(f"objections/{entry.id}", entry.response) for entry in catalog.entries(theme)]


def of_engine(catalog: Catalog, scenario: Scenario | None = None) -> list[Clip]:
    """Rail returns, and the engine's sentences: also as the scenario's profile words them."""
    returns = [Clip(f"rail_returns/{r.id}", r.text) for r in catalog.returns().all]
    profile = scenario.personality if scenario is not None else ""
    return [*returns, *(Clip(key, text) for key, text in all_phrases(profile).items())]


def everything(settings: Settings, voice: str) -> list[Clip]:
    """Every theme, and every scenario that speaks with this voice.

    Raises ScenarioError when two files of one name want different texts under one key.
    """
    catalog = Catalog(settings)
    lines: list[Clip] = [*of_engine(catalog)]
    for theme in catalog.themes():
        lines += of_theme(catalog, theme)
    for name in catalog.scenario_names():
        scenario = catalog.scenario(name)
        if scenario.voice == voice:
            lines += [*_own(scenario), *of_engine(catalog, scenario)]
    unique: dict[str, Clip] = {}
    for clip in lines:
        if unique.setdefault(clip.key, clip) != clip:
            raise ScenarioError(
                f"recording {clip.key}: two scenario_*.json of {settings.path('scenarios')} want "
                "different texts for it",
                mend="give each scenario a name of its own",
            )
    return list(unique.values())


def chosen(settings: Settings, scenarios: Sequence[str], themes: Sequence[str]) -> list[Clip]:
    """The lines of some scenarios and themes."""
    catalog = Catalog(settings)
    lines: list[Clip] = []
    for name in scenarios:
        lines += of_scenario(catalog, catalog.scenario(name))
    for theme in themes:
        lines += [*of_theme(catalog, theme), *of_engine(catalog)]
    return list({clip.key: clip for clip in lines}.values())


def _own(scenario: Scenario) -> Iterator[Clip]:
    """Lines with a {column} cannot be recorded once for everybody: they are said live."""
    for line in scenario.lines():
        if not fields(line.text):
            yield Clip(line.key, line.text)
