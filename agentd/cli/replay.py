"""`agentd replay CALL`: run the engine again over a stored call and compare."""

import json
from dataclasses import asdict

import click

from agentd.catalog import Catalog
from agentd.cli import settings_of
from agentd.dialogue.replay import Difference
from agentd.dialogue.replay import replay as first_difference
from agentd.errors import BadInput
from agentd.store.repo import Repo


@click.command()
@click.argument("call")
@click.option("--scenario", help="Name or path, when it is not the one the call was held with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def replay(ctx: click.Context, call: str, scenario: str | None, as_json: bool) -> None:
    """Run the engine again over the stored events of CALL: the stored actions must come out.

    Exit 0 when they do, 1 when they differ (the first difference is shown), 2 for an unknown call.
    """
    settings = settings_of(ctx)
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        held, rows = repo.load_call(call), repo.journal(call)
    finally:
        repo.close()
    if held is None:
        raise BadInput(
            f"no call {call!r} in {repo.where}",
            mend="give the id that `agentd simulate` or the log printed, or check [store] url",
        )
    if not rows:
        raise BadInput(
            f"call {call!r} has no journal", mend="journals are kept when [call] journal is true"
        )
    brain = Catalog(settings).brain(scenario or held.scenario)
    found = first_difference(brain, rows)
    _show(call, len(rows), found, as_json)
    if found is not None:
        now = brain.scenario
        if (held.scenario, held.version) != (now.name, now.version):
            click.echo(
                f"the call was held with {held.scenario} version {held.version}, "
                f"this is {now.name} version {now.version}",
                err=True,
            )
        ctx.exit(1)


def _show(call: str, rows: int, found: Difference | None, as_json: bool) -> None:
    if as_json:
        difference = asdict(found) if found else None
        shown = {"call": call, "rows": rows, "equal": found is None, "difference": difference}
        click.echo(json.dumps(shown, ensure_ascii=False))
    elif found is None:
        click.echo(f"{call}: {rows} rows, equal")
    else:
        click.echo(f"{call}: differs {found}")
