"""`agentd audit`: the trail of what was done, and whether it is whole."""

import click
import msgspec

from agentd.cli.store_access import opened
from agentd.errors import BadInput
from agentd.store import audit as trail


@click.group()
def audit() -> None:
    """Acts that must be provable: imports, consents, suppressions, erasures."""


@audit.command()
@click.option("--expect", default="", help="A head noted earlier (SEQ:HASH): it must be in there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def verify(ctx: click.Context, expect: str, as_json: bool) -> None:
    """Follow the seals from the first entry to the last. Exit 1, and where, when one is broken.

    Note the head it prints somewhere else: only against it does a trail show that was cut at its
    end, or written anew.
    """
    seq, _, seal = expect.partition(":")
    if expect and not (seq.isdigit() and len(seal) == 64):
        raise BadInput(f"--expect {expect!r}: not SEQ:HASH", mend="as `agentd audit verify` prints")
    with opened(ctx) as repo:
        verdict = repo.run(lambda db: trail.verify(db, expect), "read")
    if as_json:
        click.echo(msgspec.json.encode(verdict))
    elif verdict.ok:
        click.echo(f"whole: {verdict.entries} entries, head {verdict.head}")
    else:
        click.echo(f"agentd: broken at entry {verdict.broken_at}: {verdict.why}", err=True)
    ctx.exit(0 if verdict.ok else 1)


@audit.command()
@click.option("--after", default=0, help="Entries behind this one.")
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1), help="How many at most."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def show(ctx: click.Context, after: int, limit: int, as_json: bool) -> None:
    """Show entries, oldest first."""
    with opened(ctx) as repo:
        found = repo.run(lambda db: trail.page(db, after, limit), "read")
    for entry in found:
        if as_json:
            click.echo(msgspec.json.encode(entry))
        else:
            click.echo(f"{entry.seq}  {entry.at}  {entry.actor}  {entry.act}  {entry.detail}")
