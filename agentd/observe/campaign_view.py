"""A campaign as a person sees it: the live view, the lines of a status, the story of a contact."""

import time
from statistics import median
from types import TracebackType
from typing import Any, Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

PLAIN_EVERY_S = 15.0


class Told(Protocol):
    """What of a `store.campaigns.Status` is looked at."""

    name: str
    state: str
    simulated: bool
    note: str
    contacts: dict[str, int]
    dispositions: dict[str, int]
    attempts: int
    ringing: int
    talking: int
    per_minute: int
    leads: int
    refusals: dict[str, int]
    causes: dict[str, int]
    answer_ms: list[int]
    dialers: list[dict[str, Any]]
    waiting_until: str | None


def lines(told: Told) -> list[str]:
    """For a terminal that is none, and for `status`."""
    total = sum(told.contacts.values())
    decided = told.contacts.get("done", 0) + told.contacts.get("refused", 0)
    shown = [
        f"campaign      {told.name}{' (simulated)' if told.simulated else ''}: {told.state}",
        f"contacts      {decided} of {total} decided: {_said(told.contacts)}",
        f"calls         {told.ringing} ringing, {told.talking} talking, {told.attempts} attempts, "
        f"{told.per_minute} in the last minute",
        f"leads         {told.leads}",
        f"dispositions  {_said(told.dispositions)}",
        f"refused by    {_said(told.refusals)}",
        f"not taken     {_said(told.causes)}",
        f"answers       {_latency(told.answer_ms)}",
    ]
    if told.waiting_until and told.state not in ("done", "stopped"):
        shown.append(f"next due      {told.waiting_until}")
    shown += [
        f"dialer        {d['host']} pid {d['pid']}, seen {d['seen_s']:g} s ago"
        + (f": {d['note']}" if d["note"] else "")
        for d in told.dialers
    ]
    return shown


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _latency(waits: list[int]) -> str:
    if not waits:
        return "none yet"
    worst = waits[min(len(waits) - 1, int(len(waits) * 0.95))]
    return f"median {round(median(waits))} ms, 95 % within {worst} ms (of {len(waits)})"


class Watch:
    """`show` it each state of things; a table that stays in place, or a few lines now and then."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live: Live | None = None
        if out.isatty():
            self._live = Live(console=Console(file=out), auto_refresh=False)
        self._shown_at = -PLAIN_EVERY_S
        self._last: Told | None = None

    def __enter__(self) -> "Watch":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, told: Told) -> None:
        """The campaign as it is now."""
        self._last = told
        if self._live is not None:
            self._live.update(_picture(told), refresh=True)
            return
        over = told.state in ("done", "stopped")
        if over or time.monotonic() - self._shown_at >= PLAIN_EVERY_S:
            self._shown_at = time.monotonic()
            self._out.write("\n".join(lines(told)) + "\n\n")
            self._out.flush()

    def trouble(self, what: str) -> None:
        """It cannot be looked at just now."""
        if self._live is not None and self._last is not None:
            warning = Text(what, style="bold red")
            self._live.update(Group(_picture(self._last), warning), refresh=True)
        else:
            self._out.write(f"{what}\n")
            self._out.flush()


def _picture(told: Told) -> Panel:
    total = max(1, sum(told.contacts.values()))
    decided = told.contacts.get("done", 0) + told.contacts.get("refused", 0)
    top = Table.grid(padding=(0, 2))
    top.add_row(
        f"[bold]{told.state}[/bold]",
        ProgressBar(total=total, completed=decided, width=30),
        f"{decided}/{total} decided",
        f"[bold green]{told.leads} leads[/bold green]",
    )
    top.add_row(
        "calls",
        f"{told.ringing} ringing, {told.talking} talking",
        f"{told.per_minute}/min",
        f"answers {_latency(told.answer_ms)}",
    )
    counts = Table.grid(padding=(0, 4))
    counts.add_row(
        _column("contacts", told.contacts, "cyan"),
        _column("dispositions", told.dispositions, "green"),
        _column("refused by gate", told.refusals, "yellow"),
        _column("not taken", told.causes, "magenta"),
    )
    notes = [
        Text(f"{d['host']} pid {d['pid']} " + (d["note"] or "ok"), style="red" if d["note"] else "")
        for d in told.dialers
    ] or [Text("no dialer is alive", style="bold red" if told.state == "running" else "dim")]
    title = f"campaign {told.name}" + (" (simulated)" if told.simulated else "")
    return Panel(Group(top, Text(), counts, Text(), *notes), title=title, expand=False)


def _column(title: str, counts: dict[str, int], style: str) -> Table:
    table = Table(title=title, box=None, show_header=False, title_style=f"bold {style}")
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(name, str(count))
    if not counts:
        table.add_row("-", "")
    return table


def explained(told: dict[str, Any]) -> list[str]:
    """The story of one contact, oldest first: each refusal with its articles, each attempt with
    what allowed it."""
    contact = told["contact"]
    shown = [f"contact {contact['contact']}: {contact['state']}"]
    if contact["disposition"]:
        shown.append(f"  disposition {contact['disposition']}, score {contact['score']}")
    if contact["reason"]:
        shown.append(f"  {contact['reason']}")
    if contact["state"] == "ready":
        shown.append(f"  due {contact['next_at']}")
    happened = [(row["at"], _refused(row)) for row in told["refusals"]]
    happened += [(row["begun_at"], _tried(row)) for row in told["attempts"]]
    for at, story in sorted(happened, key=lambda item: item[0]):
        shown.append(f"{at}  {story[0]}")
        shown += [f"    {line}" for line in story[1:]]
    if not happened:
        shown.append("  nothing has been decided about it yet")
    return shown


def _refused(row: dict[str, Any]) -> list[str]:
    found = ["not called"]
    for name, gate in row["evidence"]["gates"].items():
        for refusal in gate.get("refusals", []):
            found.append(f"{name}: {refusal['reason']} [{refusal['article']}]")
    if row["retry_at"]:
        found.append(f"to be asked again {row['retry_at']}")
    return found


def _tried(row: dict[str, Any]) -> list[str]:
    outcome = row["disposition"] or "going on"
    cause = f" ({row['cause']})" if row["cause"] else ""
    found = [f"called, attempt {row['number']} by {row['gateway']}: {outcome}{cause}"]
    allowed = ", ".join(row["evidence"].get("gates", {}))
    found.append(f"allowed by {allowed}; caller id {row['caller_id']}; call {row['id']}")
    if row["reason"]:
        found.append(row["reason"])
    return found
