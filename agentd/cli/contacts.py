"""`agentd contacts`: who may be called; what is held on a person, and its erasure."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from agentd.campaign.contacts_csv import ContactsFile, Rejected, Row
from agentd.campaign.gates.places import fold
from agentd.cli.ledger import ground_options, read_ground, said_date
from agentd.cli.person import export_person, forget
from agentd.cli.store_access import actor, opened, private_file
from agentd.errors import BadInput
from agentd.store import campaigns
from agentd.store.contacts import Contacts, Counts, Ground, Import, Person
from agentd.store.repo import Repo

BATCH = 1_000


@click.group()
def contacts() -> None:
    """People and businesses that may be called."""


@contacts.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--campaign", help="Put the contacts into this campaign as well.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where refused rows go (default: FILE.rejected.csv).",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
@click.option(
    "--given-at-column", default="", help="Column that says when each one gave the ground."
)
@ground_options(required=False)
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    file: Path,
    campaign: str | None,
    report: Path | None,
    as_json: bool,
    given_at_column: str,
    **ground: Any,
) -> None:
    """Import contacts from a CSV FILE: one header line, and a telephone column.

    Encoding and separator are found out; headers may be French (prénom, nom, téléphone, société).
    Other columns are kept, for texts ({ville}) and for the gates (code_postal, fuseau_horaire).
    Rows that cannot be used are listed in a report with line and reason. Safe to run again.

    Exit 1 when no row could be used.
    """
    source = ContactsFile(file)
    recorded = read_ground(**ground) if ground.get("basis") else None
    column = fold(given_at_column)
    if column and (recorded is None or column not in map(fold, source.shape.headers)):
        raise BadInput(
            f"--given-at-column {given_at_column!r}: "
            + ("no such column" if recorded else "says nothing without --basis"),
            mend="name a column of the header",
        )
    report = report or file.with_name(f"{file.name}.rejected.csv")
    with opened(ctx) as repo:
        enlist = _enlist(repo, campaign) if campaign else None
        store = Contacts(repo)
        about = {"file": file.name, "sha256": source.shape.sha256, "campaign": campaign or ""}
        store.note("contacts.import.begin", about, actor())
        run = Import(file.name, datetime.now(UTC), actor(), recorded, enlist)
        with _Report(report, source.shape.headers) as refused:
            counts = _run(source, store, run, refused, column)
        summary = {
            "new": counts.new,
            "known": counts.known,
            "repeated": counts.repeated,
            "rejected": refused.count,
        }
        store.note("contacts.import.end", about | summary | _told(recorded), actor())
    _summarise(summary, source, report, refused, as_json)
    ctx.exit(0 if counts != Counts() else 1)


def _run(
    source: ContactsFile, store: Contacts, run: Import, refused: "_Report", column: str
) -> Counts:
    counts = Counts()
    batch: list[Person] = []
    with _progress(source) as advance:
        for row in source.rows():
            if isinstance(row, Rejected):
                refused.add(row)
                continue
            given = said_date(row.columns.get(column, "")) if column else None
            if column and (given is None or given > run.at):
                refused.add(Rejected(row.line, f"column {column!r}: no date, or not in the past"))
                continue
            batch.append(_person(row, given))
            if len(batch) == BATCH:
                counts += store.import_batch(batch, run)
                batch = []
                advance(source.read_bytes)
        if batch:
            counts += store.import_batch(batch, run)
    return counts


def _person(row: Row, given: datetime | None) -> Person:
    return Person(row.phone, row.first_name, row.last_name, row.company, row.columns, given)


def _told(ground: Ground | None) -> dict[str, str]:
    if ground is None:
        return {}
    return {"basis": ground.basis, "theme": ground.theme, "proof_sha256": ground.proof_sha256}


def _enlist(repo: Repo, campaign: str) -> Any:
    """Puts the contacts of a batch into the campaign. Raises BadInput when there is none."""
    campaigns.get(repo, campaign)
    return partial(campaigns.enlist, name=campaign, now=datetime.now(UTC))


def _summarise(
    summary: dict[str, int], source: ContactsFile, report: Path, refused: "_Report", as_json: bool
) -> None:
    if as_json:
        shape = {"encoding": source.shape.encoding, "separator": source.shape.separator}
        where = {"report": str(report) if refused.count else None}
        click.echo(msgspec.json.encode({**summary, **shape, **where}))
        return
    click.echo(
        f"{source.path.name} ({source.shape.encoding}, separator {source.shape.separator!r}): "
        f"{summary['new']} new, {summary['known']} known already, "
        f"{summary['repeated']} repeated in the file, {summary['rejected']} refused"
    )
    for line, reason in refused.first:
        click.echo(f"  line {line}: {reason}")
    if refused.count > len(refused.first):
        click.echo(f"  ... and {refused.count - len(refused.first)} more")
    if refused.count:
        click.echo(f"  refused rows: {report}")


class _Report:
    """Refused rows as a CSV: line, reason, and the row as it was, so that it can be mended and
    imported again. Made when there is a first one, for its owner's eyes only."""

    def __init__(self, path: Path, headers: tuple[str, ...]) -> None:
        self.count = 0
        self.first: list[tuple[int, str]] = []
        self._path, self._headers = path, headers
        self._partial = path.with_name(f"{path.name}.partial")
        self._file: io.TextIOWrapper | None = None
        self._writer: Any = None

    def __enter__(self) -> "_Report":
        return self

    def add(self, row: Rejected) -> None:
        if self._file is None:
            handle = private_file(self._partial, "--report FILE: give one this user may write")
            self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file, delimiter=";")
            self._writer.writerow(["line", "reason", *self._headers])
        self._writer.writerow([row.line, row.reason, *row.values])
        self.count += 1
        if len(self.first) < 10:
            self.first.append((row.line, row.reason))

    def __exit__(self, kind: Any, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._partial.replace(self._path)


@contextmanager
def _progress(source: ContactsFile) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; lines now and then elsewhere. Takes bytes read so far."""
    import sys

    if not sys.stderr.isatty():
        told = [0]

        def line(done: int) -> None:
            share = done * 10 // source.shape.size
            if share > told[0]:
                told[0] = share
                click.echo(f"{share * 10} % read", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), "{task.percentage:>3.0f} %")
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(source.path.name, total=source.shape.size)
        yield lambda done: bar.update(task, completed=done)
        bar.update(task, completed=source.shape.size)


@contacts.command("list")
@click.option("--like", default="", help="Part of a first name, last name or company.")
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1), help="How many at most."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def list_(ctx: click.Context, like: str, limit: int, as_json: bool) -> None:
    """List contacts, by number."""
    with opened(ctx) as repo:
        store = Contacts(repo)
        after, left = "", limit
        while left > 0:
            page = store.page(after, min(left, 1_000), like)
            for row in page:
                _show(row, as_json)
            if not page:
                break
            after, left = page[-1]["phone"], left - len(page)
        if not as_json:
            click.echo(f"{limit - left} shown of {store.count()}", err=True)


def _show(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(row))
        return
    named = " ".join(filter(None, (row["first_name"], row["last_name"]))) or "-"
    click.echo(f"{row['phone']}  {named}  {row['company'] or '-'}")


contacts.add_command(export_person)
contacts.add_command(forget)
