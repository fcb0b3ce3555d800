"""`agentd scenario lint|show`: what a scenario lacks, and what it will say and score."""

import json
from pathlib import Path

import click

from agentd.catalog import Catalog
from agentd.cli import settings_of
from agentd.config import Settings
from agentd.dialogue.lint import Finding, lint
from agentd.dialogue.scenario import Line, Scenario
from agentd.errors import BadInput, ScenarioError


@click.group()
def scenario() -> None:
    """Lint and show scenarios."""


@scenario.command("lint")
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding.")
@click.pass_context
def lint_command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Say what scenarios lack before they may call anybody. FILES are paths or names.

    Exit 0 when all may be used (warnings may remain), 2 when one is refused.
    """
    settings = settings_of(ctx)
    catalog = Catalog(settings)
    refused = False
    for file in files:
        try:
            given = catalog.scenario(file)
        except BadInput as error:
            click.echo(f"agentd: {error}", err=True)
            refused = True
            continue
        found = findings(settings, catalog, given, file)
        refused = refused or any(finding.level == "error" for finding in found)
        for finding in found:
            click.echo(_as_json(file, finding) if as_json else f"{file}: {finding}")
        if not found and not as_json:
            click.echo(f"{file}: ok")
    if refused:
        ctx.exit(ScenarioError.exit_code)


def findings(settings: Settings, catalog: Catalog, given: Scenario, file: str) -> list[Finding]:
    """Everything the linter says of a scenario, looking at the themes and recordings there are."""
    masters = settings.path("audio", given.voice, "22050")

    def recorded(line: Line) -> bool:
        return (masters / f"{line.key}.wav").is_file()

    return lint(given, themes=catalog.themes(), recorded=recorded, file=file)


@scenario.command("show")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="The whole scenario, defaults resolved.")
@click.pass_context
def show_command(ctx: click.Context, file: str, as_json: bool) -> None:
    """Show a scenario: its rail, its weights brought to 100, everything it says. A path or name."""
    given = Catalog(settings_of(ctx)).scenario(Path(file))
    if as_json:
        shown = given.model_dump(mode="json") | {"weights": given.weights}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    click.echo(f"{given.name} (version {given.version}): {given.description}")
    click.echo(
        f"{given.agent_name} of {given.company}, voice {given.voice}, theme {given.theme}, "
        f"objective {given.objective}"
    )
    click.echo(f"rail: {' -> '.join(given.rail)}")
    points = ", ".join(f"{step} {weight}" for step, weight in given.weights.items())
    click.echo(f"score: {points}; lead from {given.threshold}")
    for line in given.lines():
        key = line.key.removeprefix(f"scenarios/{given.name}/")
        live = "" if line.renderable else f"  [needs {', '.join(line.columns)}]"
        click.echo(f"  {key}: {line.text}{live}")


def _as_json(file: str, finding: Finding) -> str:
    return json.dumps(
        {
            "file": file,
            "level": finding.level,
            "place": finding.place,
            "message": finding.message,
            "mend": finding.mend,
        },
        ensure_ascii=False,
    )
