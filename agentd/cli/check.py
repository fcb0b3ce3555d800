"""`agentd check`: what is missing or wrong, and how to mend it."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from agentd.cli import settings_of
from agentd.errors import ConfigError
from agentd.machine import ERROR, WARNING, Finding
from agentd.observe import logs

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("ERROR", "red")}


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="agentd.toml to read.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, one a line.")
@click.pass_context
def check(ctx: click.Context, config_file: Path | None, as_json: bool) -> None:
    """Say what is missing or wrong, and how to mend it. Exit 1 when something is an error."""
    counts = {ERROR: 0, WARNING: 0}
    for finding in _findings(ctx, config_file):
        if finding.status in counts:
            counts[finding.status] += 1
        if as_json:
            click.echo(msgspec.json.encode(finding).decode())
            continue
        mark, colour = _MARKS[finding.status]
        click.echo(f"{click.style(f'{mark:>7}', fg=colour)}  {finding.name}: {finding.detail}")
        if finding.mend:
            click.echo(f"{'':9}mend: {finding.mend}")
    if not as_json:
        click.echo(f"errors: {counts[ERROR]}, warnings: {counts[WARNING]}")
    ctx.exit(1 if counts[ERROR] else 0)


def _findings(ctx: click.Context, config_file: Path | None) -> Iterator[Finding]:
    try:
        settings = settings_of(ctx, config_file)
    except ConfigError as error:  # nothing else can be looked at without settings
        yield Finding("config", ERROR, str(error.args[0]), error.mend)
        return
    from agentd.checks import run_all

    # What the rooms would warn of is a finding here; standard output is the findings' alone.
    logs.configure(settings.log.model_copy(update={"level": "ERROR"}))
    yield from run_all(settings, _read_from(config_file or ctx.find_root().obj))


def _read_from(named: Path | None) -> Path | None:
    """The file `config.load` has read, if any."""
    if named is None and os.environ.get("AGENTD_CONFIG"):
        named = Path(os.environ["AGENTD_CONFIG"])
    file = named or Path("agentd.toml")
    return file.resolve() if file.exists() else None
