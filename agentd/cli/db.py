"""`agentd db`: the database's schema."""

import click
import msgspec

from agentd.cli import settings_of
from agentd.store.repo import Repo


@click.group()
def db() -> None:
    """The database calls are kept in."""


@db.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Make the tables, or bring them up to date. Safe to run again, and by several at once."""
    settings = settings_of(ctx)
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        applied = repo.migrate()
        for name in applied:
            click.echo(f"applied {name}")
        if not applied:
            click.echo(f"{repo.where}: up to date")
    finally:
        repo.close()


@db.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say whether the database can be used. Exit 1 when not."""
    settings = settings_of(ctx)
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        report = repo.check()
    finally:
        repo.close()
    if as_json:
        click.echo(msgspec.json.encode(report))
    elif report.ok:
        click.echo(report.detail)
    else:
        click.echo(f"agentd: {report.detail}\n  mend: {report.mend}", err=True)
    ctx.exit(0 if report.ok else 1)
