"""`agent-tools create-scenario`: a scenario file from questions, or from answers.yaml."""

import json
import os
from pathlib import Path
from typing import Any

import click
import yaml

from agentd.catalog import Catalog
from agentd.cli import settings_of
from agentd.cli.scenario import findings
from agentd.config import Settings
from agentd.dialogue.lint import Finding
from agentd.dialogue.scenario import parse_scenario
from agentd.errors import AgentdError, BadInput, ScenarioError
from agentd.speech.library import LINE_RATES
from agentd.speech.synthesis import read_voice
from agentd_tools import scenario_answers as sa
from agentd_tools.interview import Interview

DRAFT = "create-scenario.draft.yaml"


@click.command("create-scenario")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="answers.yaml (or the draft of an interview that was broken off): no questions.",
)
@click.option("--edit", metavar="NAME", help="Ask again, with a scenario's answers as defaults.")
@click.option(
    "--draft",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Go on with an interview that was broken off.",
)
@click.option("--overwrite", is_flag=True, help="With --from: replace a scenario of that name.")
@click.option("--dry-run", is_flag=True, help="Print the scenario, and write nothing.")
@click.pass_context
def create_scenario(
    ctx: click.Context,
    source: Path | None,
    edit: str | None,
    draft: Path | None,
    overwrite: bool,
    dry_run: bool,
) -> None:
    """Make scenarios/scenario_NAME.json, and say whether it may call anybody.

    Exit 0 when the linter finds no error, 2 when it does; the file is written either way.

    \b
    agent-tools create-scenario
    agent-tools create-scenario --from answers.yaml
    """
    settings = settings_of(ctx)
    catalog = Catalog(settings)
    if sum(given is not None for given in (source, edit, draft)) > 1:
        raise BadInput("--from, --edit and --draft exclude each other", mend="give one of them")
    base = None
    if source is not None:
        answers = sa.parse(_read(source), str(source))
    else:
        told: dict[str, Any] = {}
        if edit is not None:
            base = _scenario(catalog.scenario_file(edit))
            told = sa.from_scenario(base)
        elif draft is not None:
            told = _partial(draft)
        answers = _interview(settings, catalog, told)
    file = _target(settings, answers.name)
    made = sa.to_scenario(answers, base if base and base.get("name") == answers.name else None)
    told_editors = {"$schema": "../schemas/scenario.schema.json"}
    text = json.dumps(told_editors | made, ensure_ascii=False, indent=2) + "\n"
    parse_scenario(text, str(file))  # what the wizard makes is always valid; a bug is told here
    if dry_run:
        click.echo(text, nl=False)
        return
    _show(answers)
    if not _may_write(file, source is None, overwrite or base is not None):
        raise BadInput(f"{file} is there already", mend="give another name, or --overwrite")
    _write(file, text)
    _draft(settings).unlink(missing_ok=True)
    click.echo(f"{file}: written")
    ctx.exit(_verdict(settings, file))


def _interview(settings: Settings, catalog: Catalog, told: dict[str, Any]) -> sa.Answers:
    voices = _voices(settings)
    if not voices:
        raise BadInput(
            f"no voices in {settings.path('voices')}",
            mend="agent-tools youtube-extract, or a folder with a voice.yaml",
        )
    interview = Interview(
        told, voices=voices, backgrounds=_backgrounds(settings), themes=catalog.themes()
    )
    while True:
        try:
            interview.run()
        except (click.Abort, KeyboardInterrupt, EOFError):
            file = _draft(settings)
            if len(interview.answers) > 1:
                data = yaml.safe_dump(interview.answers, allow_unicode=True, sort_keys=False)
                _write(file, data)
                click.echo(
                    f"\nyour answers are kept: agent-tools create-scenario --draft {file}", err=True
                )
            raise click.Abort from None
        name = interview.answers["name"]
        file = _target(settings, name)
        if told.get("name") == name or not file.exists():
            return sa.parse(interview.answers, "the answers")
        click.echo(f"\n{file} is there already.")
        if click.confirm("Replace it?", default=False):
            return sa.parse(interview.answers, "the answers")
        interview.answers["name"] = click.prompt("Another name")
        if not _target(settings, interview.answers["name"]).exists():
            return sa.parse(interview.answers, "the answers")


def _may_write(file: Path, asked: bool, overwrite: bool) -> bool:
    """asked: a person has been asked about what is there."""
    return asked or overwrite or not file.exists()


def _voices(settings: Settings) -> dict[str, str]:
    found = {}
    for folder in sorted(f for f in settings.path("voices").glob("*") if f.is_dir()):
        try:
            samples = len(list(folder.glob("*.wav")))
            found[folder.name] = f"{read_voice(folder).engine}, {samples} samples"
        except AgentdError as error:
            found[folder.name] = f"cannot be used: {str(error).splitlines()[0]}"
    return found


def _backgrounds(settings: Settings) -> list[str]:
    folder = settings.path("audio", "background", str(LINE_RATES[0]))
    return sorted(file.name for file in folder.glob("*.wav"))


def _show(answers: sa.Answers) -> None:
    points = ", ".join(f"{step} {weight}" for step, weight in answers.weights.items())
    click.echo(f"\nrail: {' -> '.join(answers.rail)}")
    click.echo(f"score: {points}; lead from {answers.threshold}")


def _verdict(settings: Settings, file: Path) -> int:
    """What the linter says, and what to do next; the exit code."""
    catalog = Catalog(settings)
    scenario = catalog.scenario(str(file))
    found: list[Finding] = findings(settings, catalog, scenario, str(file))
    errors = [finding for finding in found if finding.level == "error"]
    silent = [finding for finding in found if finding.place == "audio"]
    for finding in found:
        if finding not in silent:
            click.echo(str(finding))
    if errors:
        click.echo(f"linter: {len(errors)} errors; nobody may be called with it")
        click.echo(f"next: agent-tools create-scenario --edit {scenario.name}")
        return ScenarioError.exit_code
    click.echo("linter: ok")
    if silent:
        click.echo(f"next: agent-tools clone-voice {scenario.voice} --scenario {scenario.name}")
    else:
        click.echo(f"next: agentd simulate {scenario.name} --persona scenarios/personas")
    return 0


def _target(settings: Settings, name: str) -> Path:
    return settings.path("scenarios", f"scenario_{name}.json")


def _draft(settings: Settings) -> Path:
    return settings.path("scenarios", DRAFT)


def _read(file: Path) -> object:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not valid YAML: {error}") from None


def _partial(file: Path) -> dict[str, Any]:
    data = _read(file)
    if not isinstance(data, dict) or not set(data) <= set(sa.Answers.model_fields):
        raise BadInput(f"{file} is no draft of create-scenario", mend="start without --draft")
    return data


def _scenario(file: Path) -> dict[str, Any]:
    parse_scenario(text := file.read_text(encoding="utf-8"), str(file))
    data: dict[str, Any] = json.loads(text.removeprefix("\ufeff"))
    return data


def _write(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise AgentdError(f"{file} cannot be written: {error.strerror}") from None
