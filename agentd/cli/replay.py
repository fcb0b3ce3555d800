"""`agentd replay CALL`: run the engine again over a stored call and compare."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import click

from agentd.catalog import Catalog
from agentd.cli import settings_of
from agentd.dialogue.replay import Difference, Row
from agentd.dialogue.replay import replay as first_difference
from agentd.errors import BadInput
from agentd.store.repo import Repo

LATEST = "latest"
# What a reader of a call seldom looks for: what was waited for, and for how long.
_QUIET = ("StartTimer", "CancelTimer", "Listen")
_EMPTY: tuple[Any, ...] = ("", None, [], {}, False, 0)


@click.command()
@click.argument("call")
@click.option("--scenario", help="Name or path, when it is not the one the call was held with.")
@click.option("--show", is_flag=True, help="First what was heard, decided and said, line by line.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def replay(ctx: click.Context, call: str, scenario: str | None, show: bool, as_json: bool) -> None:
    """Run the engine again over the stored events of CALL: the stored actions must come out.

    CALL is the id that the log and `agentd campaign explain` give, or `latest`. What --show prints
    is personal data.

    Exit 0 when they do, 1 when they differ (the first difference is shown), 2 for an unknown call.
    """
    settings = settings_of(ctx)
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        call = next(iter(repo.calls(1)), call) if call == LATEST else call
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
    if show and not as_json:
        for line in told(rows):
            click.echo(line)
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


def told(rows: Iterable[Row]) -> Iterator[str]:
    """A journal for a person: when, what happened (<) or was done (>), and its words."""
    for at_ms, direction, text in rows:
        data = json.loads(text)
        kind = data.pop("type")
        if kind in _QUIET:
            continue
        mark = "<" if direction == "event" else ">"
        clips = data.pop("clips", None)
        if clips is not None:
            data = {"text": " ".join(clip["text"] for clip in clips)} | data
        parts = (f"{name}={_short(value)}" for name, value in data.items() if value not in _EMPTY)
        minutes, rest = divmod(at_ms, 60_000)
        yield f"{minutes}:{rest / 1000:06.3f} {mark} {kind:<14} {'  '.join(parts)}".rstrip()


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _show(call: str, rows: int, found: Difference | None, as_json: bool) -> None:
    if as_json:
        difference = asdict(found) if found else None
        shown = {"call": call, "rows": rows, "equal": found is None, "difference": difference}
        click.echo(json.dumps(shown, ensure_ascii=False))
    elif found is None:
        click.echo(f"{call}: {rows} rows, equal")
    else:
        click.echo(f"{call}: differs {found}")
