"""`agentd suppress`: who must not be called."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click
import msgspec

from agentd.campaign.contacts_csv import Rejected
from agentd.campaign.csv_shape import shape_of
from agentd.campaign.number_list import ReturnedFile, numbers
from agentd.cli.ledger import PARIS, moment
from agentd.cli.store_access import actor, number_of, once, opened
from agentd.errors import BadInput
from agentd.store.suppressions import Source, Suppressions

BATCH = 1_000
_RESERVED = ("internal",)


@click.group()
def suppress() -> None:
    """Numbers that must not be called: our own list, and lists from outside."""


@suppress.command()
@click.argument("phone")
@click.option("--reason", default="asked", show_default=True, help="Kept with the number.")
@click.pass_context
def add(ctx: click.Context, phone: str, reason: str) -> None:
    """Never call PHONE again."""
    number = number_of(phone)
    with opened(ctx) as repo:
        Suppressions(repo).add(number, reason, "", actor(), once())
    click.echo("suppressed")


@suppress.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--list", "name", default="", help="Name of the list the numbers are on.")
@click.option("--replace", is_flag=True, help="Take off the list what this file does not name.")
@click.option(
    "--bloctel-sent",
    type=click.Path(path_type=Path, dir_okay=False),
    help="FILE is what Bloctel returned for this file: numbers it took out are listed.",
)
@click.option("--checked-at", default="", help="When the file was made; default: now.")
@click.pass_context
def import_(
    ctx: click.Context,
    file: Path,
    name: str,
    replace: bool,
    bloctel_sent: Path | None,
    checked_at: str,
) -> None:
    """Import a list of numbers: one a line, or a CSV with a telephone column."""
    if bool(name) == bool(bloctel_sent):
        raise BadInput("suppress import: give --list NAME, or --bloctel-sent FILE")
    if name in _RESERVED:
        raise BadInput(
            f"--list {name}: is kept for our own", mend="agentd suppress add, or another name"
        )
    at = moment(checked_at, "--checked-at") if checked_at else datetime.now(UTC)
    if at > datetime.now(UTC):
        raise BadInput(f"--checked-at {checked_at}: is in the future")
    source = Source(
        name=name or ReturnedFile.name,
        kind="imported" if name else "bloctel",
        file=file.name,
        sha256=shape_of(file).sha256,
        at=at,
        actor=actor(),
        key=once(),
    )
    service = ReturnedFile(file) if bloctel_sent else None
    with opened(ctx) as repo:
        store = Suppressions(repo)
        try:
            store.begin(source)
        except ValueError as error:
            raise BadInput(f"--list {source.name}: {error}") from None
        read = refused = 0
        for batch in _batches(bloctel_sent or file):
            good = [number for number in batch if isinstance(number, str)]
            read += len(good)
            refused += len(batch) - len(good)
            if service is not None:
                store.answer(source, service.check(good))
            else:
                store.put(source, good)
            for bad in batch:
                if isinstance(bad, Rejected):
                    click.echo(f"  line {bad.line}: {bad.reason}", err=True)
        if replace and refused:  # who is on an unreadable row must not come off the list
            kept = f"nothing was taken off {source.name}: {refused} rows cannot be read"
            click.echo(kept, err=True)
        entries = store.finish(source, replace=replace and not refused)
    click.echo(f"{source.name}: {read} numbers read, {refused} refused, {entries} on the list")
    ctx.exit(0 if read else 1)


def _batches(file: Path) -> Iterator[list[str | Rejected]]:
    rows = numbers(file)
    while batch := list(islice(rows, BATCH)):
        yield batch


@suppress.command()
@click.argument("phone")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a list.")
@click.pass_context
def check(ctx: click.Context, phone: str, as_json: bool) -> None:
    """Ask every list about PHONE, as the dialler does; the answers are logged. Exit 1 when it is
    on one."""
    number = number_of(phone)
    with opened(ctx) as repo:
        answers = Suppressions(repo).check(number)
    for answer in answers:
        if as_json:
            click.echo(msgspec.json.encode(answer))
        else:
            said = "LISTED" if answer.listed else "not listed"
            day = answer.checked_at.astimezone(PARIS)
            click.echo(f"{answer.list} ({answer.kind}): {said}, as of {day:%Y-%m-%d}")
    ctx.exit(1 if any(answer.listed for answer in answers) else 0)


@suppress.command("lists")
@click.pass_context
def lists_(ctx: click.Context) -> None:
    """Say which lists there are."""
    with opened(ctx) as repo:
        for row in Suppressions(repo).lists():
            at = row["imported_at"]
            when = f"imported {at.astimezone(PARIS):%Y-%m-%d %H:%M}" if at else "ours"
            click.echo(f"{row['name']} ({row['kind']}): {row['entries']} numbers, {when}")
