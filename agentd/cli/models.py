"""`agentd models`: what can be fetched, and fetching it."""

import click
import msgspec

from agentd.cli import settings_of
from agentd.models import MODELS, described, fetch, known


@click.group()
def models() -> None:
    """Recognisers, voices and language models: what there is, from where, under which licence."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a model, one a line.")
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """List what can be fetched, and whether it is there."""
    folder = settings_of(ctx).path("models")
    for model in MODELS.values():
        present = model.present(folder)
        if as_json:
            row = {**msgspec.structs.asdict(model), "present": present}
            click.echo(msgspec.json.encode(row).decode())
            continue
        state = "here" if present else "absent"
        click.echo(
            f"{model.name:21}{state:8}{model.megabytes:6} MB  {model.licence:12}  {model.what}"
        )
        click.echo(f"{'':21}{model.source}")


@models.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--force", is_flag=True, help="Fetch again what is there.")
@click.option("--dry-run", is_flag=True, help="Say what would be downloaded, and do nothing.")
@click.pass_context
def fetch_models(ctx: click.Context, names: tuple[str, ...], force: bool, dry_run: bool) -> None:
    """Fetch models; without a name, those agentd comes with (whisper-base and pico)."""
    folder = settings_of(ctx).path("models")
    wanted = names or ("whisper-base", "pico")
    for name in wanted:
        known(name)  # a misspelt name is told before hundreds of megabytes
    for name in wanted:
        if dry_run:
            there = known(name).present(folder) and not force
            click.echo(
                f"{described(known(name))}\n  {'already in' if there else 'into'} {folder / name}"
            )
            continue
        fetched = fetch(name, folder, force=force, say=click.echo)
        click.echo(f"{name}: {'in' if fetched else 'already in'} {folder / name}")
