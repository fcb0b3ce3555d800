"""600 calls an hour at 50 at once, as the switch counts them.

The simulated exchange, `agentd serve` (recognition stubbed, the shipped scenario) and two `agentd
campaign start` are processes of their own; only the calls' pace is that of life. The campaign's
hour passes SPEED times as fast, so that 50 calls of some 20 s come together as calls of minutes do
at ten a minute. The exchange counts its live legs and the originates of each sliding minute.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import gevent

from agentd.campaign import settings as campaign_settings
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.exchange import Exchange, PhoneBook
from agentd.simulator.persona import Persona
from agentd.simulator.voices import Voices
from agentd.store import campaigns
from agentd.store.models import Consent, Contact
from agentd.store.repo import Repo
from benchmarks.bar import Bar, at_least, at_most, quantile
from benchmarks.served import ROOT, Served, free_port

CALLS = 600
AT_ONCE = 50
PER_MINUTE = 10
SPEED = 16.0
PASSWORD = "bench"
START = datetime(2026, 11, 24, 10, 5, tzinfo=ZoneInfo("Europe/Paris"))
MOST_S = 900.0


def _people() -> list[Persona]:
    """Most take the call and hold it for a while, so that both limits are met."""
    yes = [{"say": "oui"}] * 6

    def one(name: str, **fields: Any) -> Persona:
        return Persona.model_validate({"name": name, **fields})

    return [
        one("talks", turns=yes),
        one("talks-too", turns=yes),
        one("stays-silent", turns=[{"silence": 30}]),
        one("leaves", turns=[{"say": "oui"}, {"hangup": True}]),
        one("busy", answer="busy"),
        one("no-such-number", answer="invalid_number"),
    ]


def bars(calls: int = CALLS, dialers: int = 2) -> Iterator[Bar]:
    """One campaign, watched from the switch."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        yield from _measure(Path(folder), ends, calls, dialers)


def _measure(folder: Path, ends: ExitStack, calls: int, dialers: int) -> Iterator[Bar]:
    url = f"sqlite:////{folder}/calls.sqlite3"
    repo = Repo(url, timeout_s=30)
    ends.callback(repo.close)
    repo.migrate()
    _fill(repo, calls)
    port = free_port()
    settings: dict[str, dict[str, Any]] = {
        "paths": {"root": str(ROOT)},
        "store": {"url": url},
        "server": {"max_calls": AT_ONCE + 10},
        "switch": {"port": port, "password": PASSWORD},
        "log": {"level": "WARNING"},
    }
    served = Served(folder, settings, ("-m", "benchmarks.serve_stubbed"))
    voices = Voices(ROOT / "models" / "pico", ROOT / ".cache" / "prospects")
    sounds = {persona.name: voices.of(persona) for persona in _people()}
    exchange = Exchange(
        PhoneBook(_people()),
        lambda persona: sounds[persona.name],
        [("127.0.0.1", served.esl)],
        PASSWORD,
        clock=SimulatedClock(START, speed=SPEED),
        port=port,
        longest_s=120,
    )
    exchange.start()
    ends.callback(exchange.stop)
    ends.enter_context(served)
    campaigns.set_state(repo, "bench", "running", now=START)
    began = time.monotonic()
    for n in range(dialers):
        _dialer(ends, served, n)
    while campaigns.get(repo, "bench").state != "done":
        if time.monotonic() - began > MOST_S:
            raise RuntimeError(f"not done in {MOST_S:.0f} s: {campaigns.status(repo, 'bench')}")
        gevent.sleep(0.5)
    took = time.monotonic() - began
    yield from _bars(repo, exchange, took, dialers)


def _bars(repo: Repo, exchange: Exchange, took: float, dialers: int) -> Iterator[Bar]:
    seen = exchange.odometer
    rows = list(campaigns.results(repo, "bench"))
    assert seen.first is not None
    assert seen.last is not None
    hours = (seen.last - seen.first).total_seconds() / 3600
    decided = sum(row["state"] in ("done", "refused") for row in rows)
    held = sum(bool(row["calls"]) for row in rows)
    waits = campaigns.status(repo, "bench").answer_ms
    note = (
        f"{seen.total} originates by {dialers} dialers, {held} calls held by one agentd, "
        f"recognition stubbed; {took:.0f} s at {SPEED:g} times the speed of life; "
        f"{len(exchange.problems)} problems noticed by the switch; on {os.cpu_count()} cores"
    )
    yield at_most("campaign_most_at_once", seen.most_at_once, "calls", seen.total, AT_ONCE, note)
    yield at_most(
        "campaign_most_a_minute", seen.most_a_minute, "originates", seen.total, PER_MINUTE, note
    )
    rate = (seen.total - 1) / hours
    yield at_least("campaign_calls_an_hour", rate, "calls", seen.total, 0.95 * 60 * PER_MINUTE)
    yield at_least("campaign_contacts_decided", decided, "contacts", len(rows), len(rows))
    if waits:
        yield Bar("campaign_answer_p95_ms", round(quantile(waits, 0.95)), "ms", len(waits))


def _dialer(ends: ExitStack, served: Served, number: int) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
    environ["AGENTD_CONFIG"] = str(served.config)
    with (served.folder / f"dialer{number}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "agentd", "campaign", "start", "bench"],
            cwd=ROOT, env=environ, stdout=log, stderr=log,
        )  # fmt: skip

    def end() -> None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    ends.callback(end)


def _fill(repo: Repo, count: int) -> None:
    """Contacts who consent, and the campaign: each is called once."""
    now, given = datetime.now(UTC), START - timedelta(days=30)
    people, grounds = [], []
    for i in range(count):
        phone = f"+3319900{i:04d}"  # kept for fiction by ARCEP
        people.append(
            {
                "id": f"c{i:04d}", "phone": phone, "first_name": "Zoé", "last_name": "Dupont",
                "company": "", "columns": {}, "source": "bench", "created_at": now,
                "updated_at": now,
            }
        )  # fmt: skip
        grounds.append(
            {
                "id": f"g{i:04d}", "phone": phone, "who": "", "basis": "consent", "theme": "*",
                "given_at": given, "channel": "web", "wording": "J'accepte.", "proof": "form.pdf",
                "proof_sha256": "0" * 64, "recorded_at": given, "recorded_by": "bench",
            }
        )  # fmt: skip

    def write(db: Any) -> None:
        for start in range(0, count, 50):
            Contact.insert_many(people[start : start + 50]).execute(db)
            Consent.insert_many(grounds[start : start + 50]).execute(db)

    repo.run(write)
    once = {name: {"attempts": 1, "delay_s": 0} for name in ("NO_ANSWER", "BUSY", "FAILED")}
    told = campaign_settings.parse(
        {
            "caller_ids": ["+33162000001"], "gateways": ["trunk"], "max_concurrent": AT_ONCE,
            "per_minute": PER_MINUTE, "retry": once,
        },
        "bench",
    )  # fmt: skip
    campaigns.create(repo, "bench", "finance", json.loads(told.model_dump_json()), simulated=True)
    campaigns.add_contacts(repo, "bench", START - timedelta(hours=1))
