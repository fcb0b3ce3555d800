"""`agentd consent`: the ledger of grounds to call, and what proves them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from agentd.cli.ledger import PARIS, ground_options, read_ground, sha256_of
from agentd.cli.store_access import actor, number_of, once, opened
from agentd.errors import BadInput
from agentd.store.consents import Consents, Entry


@click.group()
def consent() -> None:
    """On what ground each person may be called: who, when, which words, what proves it."""


@consent.command()
@click.argument("phone")
@click.option("--who", default="", help="Who gave it, as they gave their name.")
@ground_options(required=True)
@click.pass_context
def add(ctx: click.Context, /, phone: str, who: str, **ground: Any) -> None:
    """Record a ground to call PHONE. The same one said twice is kept once."""
    number = number_of(phone)
    recorded = read_ground(**ground)
    with opened(ctx) as repo:
        key = Consents(repo).add(number, who, recorded, actor())
    click.echo(f"recorded {key}: {recorded.basis}, theme {recorded.theme}")
    if recorded.proof_sha256:
        click.echo(f"  proof {recorded.proof}, sha256 {recorded.proof_sha256}")


@consent.command()
@click.argument("phone")
@click.option("--theme", default="", help="Only what was recorded for this theme.")
@click.option("--how", default="", help="How they said so: phone, letter, e-mail...")
@click.option(
    "--keep-callable", is_flag=True, help="Do not put the number on the suppression list as well."
)
@click.pass_context
def revoke(ctx: click.Context, phone: str, theme: str, how: str, keep_callable: bool) -> None:
    """End the grounds to call PHONE. Without --theme the number is suppressed too: whoever
    withdraws has opposed, and a later import must not call them by another ground."""
    number = number_of(phone)
    with opened(ctx) as repo:
        ended = Consents(repo).revoke(
            number, how, actor(), once(), theme=theme, suppress=not keep_callable
        )
    click.echo(f"{ended} ended" + ("" if theme or keep_callable else "; the number is suppressed"))


@consent.command()
@click.argument("phone")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a ground.")
@click.pass_context
def show(ctx: click.Context, phone: str, as_json: bool) -> None:
    """Show every ground recorded for PHONE, and whether its proof is still the file it was. Exit 1
    when a proof has changed or is gone."""
    number = number_of(phone)
    with opened(ctx) as repo:
        found = Consents(repo).of(number)
    broken = 0
    for entry in found:
        proof = _proof(entry)
        broken += proof in ("changed", "missing")
        if as_json:
            click.echo(msgspec.json.encode({**msgspec.structs.asdict(entry), "proof_state": proof}))
        else:
            _print(entry, proof)
    if not found and not as_json:
        click.echo("nothing is recorded for this number")
    ctx.exit(1 if broken else 0)


def _proof(entry: Entry) -> str:
    """The state of the proof: none, whole, changed, missing."""
    if not entry.proof_sha256:
        return "none"
    try:
        return "whole" if sha256_of(Path(entry.proof)) == entry.proof_sha256 else "changed"
    except BadInput:
        return "missing"


def _print(entry: Entry, proof: str) -> None:
    state = ""
    if entry.revoked_at:
        state = f"revoked {_day(entry.revoked_at)} ({entry.revoked_how or 'how is not said'})"
    elif entry.expires_at:
        state = f"until {_day(entry.expires_at)}"
    click.echo(f"{entry.id}  {entry.basis}, theme {entry.theme}  {state or 'in force'}")
    click.echo(f"  given {_day(entry.given_at)} by {entry.who or '-'}")
    click.echo(f"  channel: {entry.channel or '-'}; wording: {entry.wording or '-'}")
    click.echo(f"  proof: {proof}" + (f", {entry.proof}" if entry.proof else ""))
    click.echo(f"  recorded {_day(entry.recorded_at)} by {entry.recorded_by}")


def _day(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%Y-%m-%d %H:%M}"
