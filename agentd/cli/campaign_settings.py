"""`agentd campaign set`, and how settings of a campaign are said on the command line."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from agentd.campaign import settings as campaign_settings
from agentd.cli.store_access import actor, once, opened
from agentd.errors import BadInput
from agentd.store import audit, campaigns


@click.command("set")
@click.argument("name")
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file of settings (docs/campaigns.md).",
)
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="One setting, as TOML.")
@click.option("--caller-id", "caller_ids", multiple=True, help="Instead of those there are.")
@click.option("--gateway", "gateways", multiple=True, help="Instead of those there are.")
@click.pass_context
def set_(
    ctx: click.Context,
    name: str,
    file: Path | None,
    given: tuple[str, ...],
    caller_ids: tuple[str, ...],
    gateways: tuple[str, ...],
) -> None:
    """Change settings of a campaign; those not named stay. Its dialers obey within a second.

    \b
      agentd campaign set spring --set max_concurrent=5 --set per_minute=4

    Without an option, say what they are.
    """
    changes = told_by(file, given, caller_ids, gateways)
    with opened(ctx) as repo:
        before = campaigns.get(repo, name).settings
        parsed = campaign_settings.parse({**before, **changes}, str(file) if file else "campaign")
        examine(parsed)
        kept = parsed.model_dump(mode="json")
        changed = {key: value for key, value in kept.items() if value != before.get(key)}
        if changed:
            campaigns.set_settings(repo, name, kept)
            key, who = once(), actor()
            detail = {"campaign": name, "changed": changed}
            repo.run(lambda db: audit.append(db, "campaign.set", detail, key=key, actor=who))
    for key, value in (changed if changes else kept).items():
        was = f" (was {before.get(key)})" if key in changed else ""
        click.echo(f"{key} = {value}{was}")


def examine(parsed: campaign_settings.CampaignSettings) -> None:
    """What the switch would not take, or no gate allow, is better said now than of every call.
    Raises BadInput."""
    _may_be_dialled(parsed)
    _warn_of_caller_ids(parsed)


def told_by(
    file: Path | None,
    given: tuple[str, ...],
    caller_ids: tuple[str, ...],
    gateways: tuple[str, ...],
) -> dict[str, Any]:
    """What the options say, the file first. Raises BadInput."""
    told: dict[str, Any] = {}
    if file is not None:
        try:
            told = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"{file}: cannot be read ({error.strerror})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{file}: not valid TOML: {error}") from None
    for text in given:
        key, mark, value = text.partition("=")
        if not mark:
            raise BadInput(f"--set {text}: NAME=VALUE is wanted")
        try:
            told |= tomllib.loads(f"{key} = {value}")
        except tomllib.TOMLDecodeError:
            told[key.strip()] = value.strip()
    if caller_ids:
        told["caller_ids"] = list(caller_ids)
    if gateways:
        told["gateways"] = list(gateways)
    return told


def _may_be_dialled(parsed: campaign_settings.CampaignSettings) -> None:
    """What the switch would not take is better said now than of every call."""
    from agentd.switch import originate

    for gateway in parsed.gateways:
        try:
            originate.check(gateway, parsed.target)
        except ValueError as error:
            raise BadInput(
                str(error).removeprefix("originate: "),
                mend="a gateway is the name of a sofia gateway, or a dial string with {number} in "
                "it; a target is EXTENSION XML CONTEXT or &socket(HOST:PORT async full)",
            ) from None


def _warn_of_caller_ids(parsed: campaign_settings.CampaignSettings) -> None:
    from agentd.campaign.gates import caller_id

    for number in parsed.caller_ids:
        why = caller_id.fault(number, datetime.now(UTC))
        if why:
            click.echo(f"warning: caller id {number}: {why}: no call would be allowed", err=True)
