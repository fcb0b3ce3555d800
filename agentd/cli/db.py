"""`agentd db`: the database's schema."""

import click

from agentd.cli import settings_of
from agentd.errors import StoreError
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
@click.pass_context
def status(ctx: click.Context) -> None:
    """Say whether the database can be used. Exit 1 when not."""
    settings = settings_of(ctx)
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        report = repo.check()
    finally:
        repo.close()
    if not report.ok:
        raise StoreError(report.detail, mend=report.mend)
    click.echo(report.detail)
