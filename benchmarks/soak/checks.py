"""Each call of a soak, looked at once it is over: has it an end in the store, and its files?"""

import time
import wave
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peewee as pw

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.replay import replay
from agentd.store.models import Call, Journal, Live
from agentd.store.repo import Repo

SOON_S = 30.0  # of the switch's hangup; later is told, and missed only when it never comes
REPLAYED = 25  # one call in so many
SETTLE_S = 3.0  # before a call is looked at: it is over for the switch first


@dataclass
class Found:
    """What is wrong, in words; how calls ended, by kind; files that are where they should be."""

    looked_at: int = 0
    wrong: list[str] = field(default_factory=list)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    not_taken: int = 0
    never_calls: int = 0
    refused: int = 0
    late: int = 0
    recorded: int = 0
    journalled: int = 0
    replayed: int = 0
    problems: Counter[str] = field(default_factory=Counter)


class Checker:
    """`over` with what the caller says of a call, `look` now and then, `rest` at the end."""

    def __init__(self, settings: Settings, url: str, cut: frozenset[str]) -> None:
        """cut: kinds whose connection breaks, perhaps before agentd has taken the call."""
        self.found = Found()
        self._settings = settings
        self._repo = Repo(url)
        self._catalog = Catalog(settings)
        self._cut = cut
        self._waiting: deque[dict[str, Any]] = deque()
        self._spool = settings.paths.root.resolve() / "var" / "spool"

    def over(self, line: dict[str, Any]) -> None:
        """A call has ended for the switch."""
        self._waiting.append(line)
        for problem in line["problems"]:
            self.found.problems[f"{line['kind']}: {problem}"] += 1

    def look(self, *, last: bool = False) -> int:
        """At those that should be finished by now; how many are left. last: whatever is not
        finished never will be."""
        later: list[dict[str, Any]] = []
        while self._waiting and (last or time.time() - self._waiting[0]["at"] > SETTLE_S):
            line = self._waiting.popleft()
            if not self._one(line, last=last):
                later.append(line)
        self._waiting.extendleft(reversed(later))
        return len(self._waiting)

    def judge_missing(self, log: str) -> None:
        """A call the store knows nothing of was lost if agentd's log says it was answered; else
        its connection came to nothing before it was a call: not taken."""
        lost = [call_id for call_id in self.found.missing if call_id in log]
        self.found.wrong += [f"{call_id} was answered, and is not in the store" for call_id in lost]
        self.found.not_taken = len(self.found.missing) - len(lost)

    def close(self) -> None:
        """After the last."""
        self._repo.close()

    def left(self) -> dict[str, int]:
        """What the store and the spool hold of calls that should be over."""

        def count(db: pw.Database) -> dict[str, int]:
            open_calls = Call.select().where(Call.ended_at.is_null())
            undecided = Call.select().where(Call.disposition.is_null())
            return {
                "calls": Call.select().count(db),
                "journal": Journal.select().count(db),
                "not ended": open_calls.count(db),
                "without disposition": undecided.count(db),
                "remembered": Live.select().count(db),
            }

        spooled = [f for f in self._spool.rglob("*") if f.suffix in (".jsonl", ".refused")]
        return {**self._repo.run(count, "read"), "spooled": len(spooled)}

    def _one(self, line: dict[str, Any], *, last: bool) -> bool:
        """False when it is to be looked at again."""
        call_id, kind = line["id"], line["kind"]
        report = self._repo.load_call(call_id)
        if report is None and (kind in self._cut or line["cause"] == "SWITCH_CONGESTION"):
            self.found.never_calls += kind in self._cut
            self.found.refused += line["cause"] == "SWITCH_CONGESTION"
            self.found.looked_at += 1
            return True
        if report is None or report.ended_at is None:
            if not last:
                self.found.late += not line.get("late_end") and time.time() - line["at"] > SOON_S
                line["late_end"] = time.time() - line["at"] > SOON_S
                return False
            self.found.looked_at += 1
            if report is None:
                self.found.missing.append(call_id)
            else:
                self.found.wrong.append(f"{kind} {call_id} has no end in the store")
            return True
        self.found.looked_at += 1
        self.found.ends[kind, report.disposition or "none"] += 1
        if not report.disposition:
            self.found.wrong.append(f"{kind} {call_id} has no disposition")
        rows = self._repo.journal(call_id)
        if rows:
            self.found.journalled += 1
        else:
            self.found.wrong.append(f"{kind} {call_id} has no journal")
        if self.found.looked_at % REPLAYED == 0:
            difference = replay(self._catalog.brain(report.scenario), rows)
            self.found.replayed += 1
            if difference is not None:
                self.found.wrong.append(f"{kind} {call_id} replayed differs: {difference}")
        self._recording(kind, call_id, report.recording, rows)
        return True

    def _recording(
        self, kind: str, call_id: str, named: str | None, rows: list[tuple[int, str, str]]
    ) -> None:
        """It is there when it was begun and not refused; then it is removed, as retention would."""
        said = "".join(text for _, way, text in rows if way == "action")
        erased = '"erase":true' in said
        files = list(self._settings.path("recordings").glob(f"*/{call_id}.wav"))
        if named is None:
            if files:
                self.found.wrong.append(f"{kind} {call_id} has a recording the store knows not of")
            elif "StartRecording" in said and not erased and kind not in self._cut:
                self.found.wrong.append(f"{kind} {call_id} was to be recorded, and is not")
        elif erased or [Path(named)] != files:
            self.found.wrong.append(f"{kind} {call_id}: its recording {named} is not where it says")
        elif kind not in self._cut:  # what a switch that dies leaves is its own
            self.found.recorded += 1
            fault = _fault(named)
            if fault:
                self.found.wrong.append(f"{kind} {call_id}: its recording {fault}")
        for file in files:
            file.unlink()


def _fault(file: str) -> str:
    """What is wrong with a recording; empty when nothing is."""
    try:
        with wave.open(file) as sound:
            return "" if sound.getnchannels() == 2 else "is not stereo"
    except (OSError, EOFError, wave.Error) as error:
        return f"cannot be read: {error!r}"
