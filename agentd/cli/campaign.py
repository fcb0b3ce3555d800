"""`agentd campaign`: make a campaign, run it, look at it, take its results."""

import csv
import re
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import gevent
import msgspec

from agentd.campaign import settings as campaign_settings
from agentd.cli import settings_of
from agentd.cli.campaign_settings import examine, set_, told_by
from agentd.cli.store_access import actor, once, opened
from agentd.errors import BadInput, StoreError
from agentd.observe import logs
from agentd.observe.notify import Notifier
from agentd.store import audit, campaigns
from agentd.store.campaigns import Status
from agentd.store.repo import Repo

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
LOOK_EVERY_S = 2.0
OVER = ("done", "stopped")
Rows = Callable[[], Iterator[dict[str, Any]]]
# Columns of a result, after those of the contact.
RESULT = (
    *("state", "disposition", "score", "reason", "attempts", "last_attempt", "next_at"),
    *("recording", "transcript"),
)


@click.group()
def campaign() -> None:
    """Campaigns: whom to call, when, and what came of it."""


@campaign.command()
@click.argument("name")
@click.option("--scenario", required=True, help="A scenario's name, or its file.")
@click.option("--contacts", "source", metavar="FILE", help="Those imported from a file so named.")
@click.option("--all-contacts", is_flag=True, help="Every contact there is.")
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file of settings (docs/campaigns.md).",
)
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="One setting, as TOML.")
@click.option("--caller-id", "caller_ids", multiple=True, help="Shown to who is called.")
@click.option("--gateway", "gateways", multiple=True, help="A sofia gateway; the first first.")
@click.option("--simulated", is_flag=True, help="For a simulated switch, and no other.")
@click.pass_context
def create(
    ctx: click.Context,
    name: str,
    scenario: str,
    source: str | None,
    all_contacts: bool,
    file: Path | None,
    given: tuple[str, ...],
    caller_ids: tuple[str, ...],
    gateways: tuple[str, ...],
    simulated: bool,
) -> None:
    """Make a campaign NAME; nothing is called before it is started."""
    from agentd.catalog import Catalog

    if not NAME.fullmatch(name):
        raise BadInput(f"campaign {name!r}: 1 to 60 of a-z 0-9 _ - are wanted")
    told = told_by(file, given, caller_ids, gateways)
    parsed = campaign_settings.parse(told, str(file) if file else "campaign")
    Catalog(settings_of(ctx)).scenario(scenario)
    examine(parsed)
    now = datetime.now(UTC)
    with opened(ctx) as repo:
        kept = parsed.model_dump(mode="json")
        campaigns.create(repo, name, scenario, kept, simulated=simulated)
        added = 0
        if source or all_contacts:
            added = campaigns.add_contacts(repo, name, now, source or "")
        _note(repo, "campaign.create", {"campaign": name, "settings": kept, "contacts": added})
    click.echo(f"campaign {name}: {added} contacts")
    if source and not added:
        click.echo(f"no contact was imported from a file named {source}", err=True)


@campaign.command()
@click.argument("name")
@click.option("--queue", is_flag=True, help="Only say so: agentd-dialer.service does the dialling.")
@click.pass_context
def start(ctx: click.Context, name: str, queue: bool) -> None:
    """Run campaign NAME, and dial it here until it is done or stopped.

    The scenario and its recordings are looked at first. SIGTERM or SIGINT places no more calls and
    waits for those going on; a second one ends at once. The campaign stays running, and is gone on
    with by whoever starts it next. Exit 0 when every contact is decided, 1 when not.
    """
    settings = settings_of(ctx)
    logs.configure(settings.log)
    with opened(ctx) as repo:
        from agentd.campaign.dialer import Dialer

        dialer = Dialer(settings, repo, name)
        if not campaigns.status(repo, name).contacts:
            raise BadInput(
                f"campaign {name} has no contacts",
                mend=f"agentd contacts import FILE --campaign {name}",
            )
        dialer.warm_up(settings)
        _change(repo, name, "running")
        if queue:
            click.echo(f"campaign {name}: running, for a dialer to take up")
            return
        _on_signals(dialer.leave)
        state = dialer.run()
        click.echo(f"campaign {name}: {state}")
    ctx.exit(0 if state == "done" else 1)


@campaign.command()
@click.pass_context
def dial(ctx: click.Context) -> None:
    """Dial every campaign that runs, until told to stop: what agentd-dialer.service runs."""
    from agentd.cli.dial import dial_all

    settings = settings_of(ctx)
    logs.configure(settings.log)
    with opened(ctx, timeout_s=10.0) as repo:
        dial_all(settings, repo, Notifier(), _on_signals)


def _on_signals(leave: Any) -> None:
    asked = 0

    def on_stop() -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise SystemExit(1)
        leave()

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, on_stop)


@campaign.command()
@click.argument("name")
@click.pass_context
def pause(ctx: click.Context, name: str) -> None:
    """Place no new calls; those going on end by themselves. Every dialer obeys."""
    with opened(ctx) as repo:
        _change(repo, name, "paused")
    click.echo(f"campaign {name}: paused")


@campaign.command()
@click.argument("name")
@click.pass_context
def resume(ctx: click.Context, name: str) -> None:
    """Go on with a campaign that is paused; its dialers are still there, or `start` makes one."""
    with opened(ctx) as repo:
        _change(repo, name, "running")
        alone = not campaigns.status(repo, name).dialers
    click.echo(f"campaign {name}: running")
    if alone:
        click.echo(
            "no dialer is alive for it: agentd-dialer.service takes it up, or agentd campaign "
            f"start {name}",
            err=True,
        )


@campaign.command()
@click.argument("name")
@click.option("--now", "at_once", is_flag=True, help="Hang up the calls that go on.")
@click.pass_context
def stop(ctx: click.Context, name: str, at_once: bool) -> None:
    """End the dialling of a campaign once the calls going on are over; it can be started again."""
    with opened(ctx) as repo:
        _change(repo, name, "stopped" if at_once else "draining")
        if not at_once:
            campaigns.finish(repo, name, datetime.now(UTC))
    click.echo(f"campaign {name}: {'stopped' if at_once else 'stopping'}")


def _change(repo: Repo, name: str, state: str) -> None:
    campaigns.get(repo, name)
    was = campaigns.set_state(repo, name, state, now=datetime.now(UTC))
    if was != state:
        _note(repo, f"campaign.{state}", {"campaign": name, "was": was})


def _note(repo: Repo, act: str, detail: dict[str, Any]) -> None:
    key, who = once(), actor()
    repo.run(lambda db: audit.append(db, act, detail, key=key, actor=who))


@campaign.command("list")
@click.pass_context
def list_(ctx: click.Context) -> None:
    """Every campaign and its state."""
    with opened(ctx) as repo:
        for name in campaigns.in_state(repo, tuple(campaigns.STATES)):
            row = campaigns.get(repo, name)
            mark = "  (simulated)" if row.simulated else ""
            click.echo(f"{name:<30} {row.state:<10} {row.scenario}{mark}")


@campaign.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(ctx: click.Context, name: str, as_json: bool) -> None:
    """A campaign in numbers. Exit 1 while contacts are undecided."""
    from agentd.observe.campaign_view import lines

    with opened(ctx) as repo:
        told = campaigns.status(repo, name)
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
    else:
        click.echo("\n".join(lines(told)))
    undecided = told.contacts.get("ready", 0) + told.contacts.get("calling", 0)
    ctx.exit(1 if undecided else 0)


@campaign.command()
@click.argument("name")
@click.option("--every", default=1.0, show_default=True, help="Seconds between looks.")
@click.pass_context
def watch(ctx: click.Context, name: str, every: float) -> None:
    """Look on while a campaign runs; plain lines when not on a terminal. Ends when it does."""
    from agentd.observe.campaign_view import Watch

    with opened(ctx) as repo, Watch(sys.stdout) as view:
        while True:
            try:
                told: Status = campaigns.status(repo, name)
                view.show(told)
                if told.state in OVER and not (told.ringing or told.talking):
                    break
            except StoreError as error:
                view.trouble(str(error.args[0]))
            gevent.sleep(max(0.2, min(every, 3600.0)))
    ctx.exit(0 if told.state == "done" else 1)


@campaign.command()
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A .csv file, or a .json one with transcripts, attempts and evidence of each contact.",
)
@click.pass_context
def export(ctx: click.Context, name: str, out: Path) -> None:
    """Write what came of every contact. It holds personal data: readable by you only."""
    with opened(ctx) as repo:
        count = write_results(repo, name, out)
    click.echo(f"{out}: {count} contacts")


@campaign.command()
@click.argument("name")
@click.option(
    "--personas",
    required=True,
    type=click.Path(path_type=Path),
    help="Who is at the other end: persona files (docs/scenarios.md).",
)
@click.option(
    "--numbers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A YAML file, number: persona; the others are given one by their number.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/rehearsal"),
    show_default=True,
    help="Where recordings and results go.",
)
@click.option("--at", default="", help="The simulated time to begin at; default: a lawful one.")
@click.pass_context
def rehearse(
    ctx: click.Context, name: str, personas: Path, numbers: Path | None, out: Path, at: str
) -> None:
    """Run a campaign made with --simulated: a simulated switch, spoken prospects, an agentd.

    The gates are asked as ever, at the simulated switch's time: it begins at a lawful hour and goes
    on to the next call that is due when nothing else happens. Exit 0 when every contact is decided.
    """
    from agentd.cli.rehearse import rehearse as run

    settings = settings_of(ctx)
    logs.configure(settings.log.model_copy(update={"level": "ERROR", "json_lines": False}))
    with opened(ctx) as repo:
        ctx.exit(0 if run(settings, repo, name, personas, numbers, out, at) else 1)


def write_results(repo: Repo, name: str, out: Path, recordings: Path | None = None) -> int:
    """How many contacts. Written beside, then put in place. recordings: where a simulated switch
    left those of calls of which agentd kept none. Raises BadInput."""
    if out.suffix not in (".csv", ".json"):
        raise BadInput(f"--out {out}: a .csv or a .json file is wanted")
    scratch = out.with_name(f".{out.name}.new")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch.touch(mode=0o600)
        rows = _rows(repo, name, recordings)
        if out.suffix == ".csv":
            count = _write_csv(rows, campaigns.columns(repo, name), scratch)
        else:
            count = _write_json(rows, scratch)
        scratch.replace(out)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise BadInput(f"--out {out}: {error.strerror}") from None
    return count


def _rows(repo: Repo, name: str, recordings: Path | None) -> Rows:
    def rows() -> Iterator[dict[str, Any]]:
        for row in campaigns.results(repo, name):
            for call in row["calls"]:
                file = recordings / f"{call['call_id']}.wav" if recordings else None
                if not call["recording"] and file is not None and file.exists():
                    call["recording"] = str(file)
            yield row

    return rows


def _write_json(rows: Rows, file: Path) -> int:
    count = 0
    with file.open("wb") as stream:
        stream.write(b"[")
        for row in rows():
            stream.write(b"\n" if not count else b",\n")
            stream.write(msgspec.json.encode(row))
            count += 1
        stream.write(b"\n]\n")
    return count


def _write_csv(rows: Rows, extra: list[str], file: Path) -> int:
    first = ["phone", "first_name", "last_name", "company", *extra]
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, [*first, *RESULT], extrasaction="ignore")
        writer.writeheader()
        for row in rows():
            writer.writerow({key: _cell(value) for key, value in _flat(row).items()})
            count += 1
    return count


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    last = row["calls"][-1] if row["calls"] else None
    said = [f"{t['who']}: {t['text']}" for t in last["turns"]] if last else []
    return {
        **row["columns"],
        **row,
        "attempts": len(row["attempts"]),
        "last_attempt": row["attempts"][-1]["begun_at"] if row["attempts"] else "",
        "recording": (last or {}).get("recording") or "",
        "transcript": "\n".join(said),
    }


def _cell(value: Any) -> Any:
    """A spreadsheet takes what begins so for a formula, and what people say may."""
    if isinstance(value, str) and value[:1] in ("=", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


@campaign.command()
@click.argument("name")
@click.argument("contact")
@click.option("--json", "as_json", is_flag=True, help="Everything, evidence too.")
@click.pass_context
def explain(ctx: click.Context, name: str, contact: str, as_json: bool) -> None:
    """Why CONTACT (an id, or a number) was or was not called: each decision, with its articles.

    Exit 1 when the last decision was a refusal.
    """
    from agentd.numbers import e164
    from agentd.observe.campaign_view import explained

    who = contact if contact.startswith("+") else e164(contact)
    with opened(ctx) as repo:
        try:
            told = campaigns.explain(repo, name, contact)
        except BadInput:
            told = campaigns.explain(repo, name, who)
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
    else:
        click.echo("\n".join(explained(told)))
    refused = told["refusals"][-1]["at"] if told["refusals"] else ""
    called = told["attempts"][-1]["begun_at"] if told["attempts"] else ""
    ctx.exit(1 if refused > called else 0)


campaign.add_command(set_)
