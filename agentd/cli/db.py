"""`agentd db`: the database's schema."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from agentd.cli import settings_of
from agentd.cli.store_access import actor, once, opened, synthesised
from agentd.errors import BadInput, StoreError
from agentd.observe import logs
from agentd.store.database import target
from agentd.store.repo import Repo
from agentd.store.retention import Limits, Retention
from agentd.store.rights import remove_file


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


@db.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(ctx: click.Context, out: Path) -> None:
    """Copy a SQLite database into the file OUT while calls go on, and look whether it is whole.

    It holds personal data: readable by you only. Of PostgreSQL, pg_dump makes the copy.
    """
    from agentd.store import backup as copies

    settings = settings_of(ctx)
    file = target(settings.store.url, settings.paths.root, 0.0).file
    if file is None:
        raise BadInput(
            "[store] url: PostgreSQL has its own: pg_dump",
            mend="pg_dump --format=custom --file=agentd.dump NAME (docs/operating.md)",
        )
    if not file.is_file():
        raise StoreError(f"{file}: there is no database", mend="agentd db migrate makes one")
    click.echo(f"{out}: {copies.copy(file, out)} bytes")


@db.command()
@click.pass_context
def recover(ctx: click.Context) -> None:
    """Write what agentds that are gone left in var/spool. A dialer does so before it dials, and
    an agentd when it starts. Exit 1 when something could not be written."""
    from agentd import spools

    settings = settings_of(ctx)
    logs.configure(settings.log.model_copy(update={"level": "ERROR", "json_lines": False}))
    root = settings.paths.root
    with opened(ctx) as repo:
        written = spools.write_abandoned(repo, root)
        left = sum(spools.abandoned(root).values())
    click.echo(f"{written} calls written" + (f", {left} could not be: see above" if left else ""))
    refused = spools.set_aside(root)
    for file in refused:
        click.echo(f"  set aside, the database refuses it: {file}")
    ctx.exit(1 if left or refused else 0)


@db.command()
@click.option("--apply", is_flag=True, help="Erase; without it, only say what would be.")
@click.pass_context
def retention(ctx: click.Context, apply: bool) -> None:
    """Erase what is older than [retention] allows: recordings, journals, calls, contacts, answers
    of suppression lists. For a timer, once a day."""
    settings = settings_of(ctx)
    kept = settings.retention
    limits = Limits.of(
        datetime.now(UTC),
        kept.contacts_days,
        kept.calls_days,
        kept.recordings_days,
        kept.journal_days,
        kept.checks_days,
    )
    root = settings.paths.root.resolve()
    files = (*settings.path("recordings").glob("*/*.wav"), *synthesised(settings))
    stray = list(_older(files, limits.recordings))
    with opened(ctx) as repo:
        store = Retention(repo)
        if apply:
            try:
                done = store.expire(limits, lambda p: _remove(root, p), actor(), once())
                done["files"] = sum(remove_file(root, str(file)) for file in stray)
            except OSError as error:
                raise StoreError(
                    f"{error.filename}: cannot be removed ({error.strerror})",
                    mend="let this user write there, and run it again",
                ) from None
        else:
            done = store.overdue(limits) | {"files": len(stray)}
    said = "erased" if apply else "would be erased"
    for kind, count in done.items():
        click.echo(f"{kind}: {count} {said}")
    if not apply and any(done.values()):
        click.echo("run it again with --apply to erase them", err=True)


def _older(files: Iterable[Path], limit: datetime) -> Iterator[Path]:
    """By their own age: recordings of a call whose agentd died are in no table."""
    for file in files:
        if file.stat().st_mtime < limit.timestamp():
            yield file


def _remove(root: Path, path: str) -> None:
    remove_file(root, path)
