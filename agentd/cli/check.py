"""`agentd check`: what is missing or wrong, and how to mend it."""

from pathlib import Path

import click
import msgspec

from agentd.cli import settings_of

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("ERROR", "red")}


@click.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, one a line.")
@click.pass_context
def check(ctx: click.Context, config_file: Path | None, as_json: bool) -> None:
    """Say what is missing or wrong, and how to mend it. Exit 1 when something is an error."""
    from agentd.checks import ERROR, run_all

    settings = settings_of(ctx, config_file)
    errors = 0
    for finding in run_all(settings):
        errors += finding.status == ERROR
        if as_json:
            click.echo(msgspec.json.encode(finding).decode())
            continue
        mark, colour = _MARKS[finding.status]
        click.echo(f"{click.style(f'{mark:>7}', fg=colour)}  {finding.name}: {finding.detail}")
        if finding.mend:
            click.echo(f"{'':9}mend: {finding.mend}")
    ctx.exit(1 if errors else 0)
