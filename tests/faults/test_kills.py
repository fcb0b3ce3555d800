"""kill -9 of dialers, agentds, switch and database at random points of a campaign; then the ledger.

No contact is lost, called when it should not be, or left undecided. AGENTD_TEST_KILLS sets how many
contacts (`make soak-kills`: 1,000); AGENTD_TEST_SEED another course of events.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import gevent
import psycopg2
import pytest
from campaign_house import (
    Ledger,
    add_contacts,
    make_campaign,
    start_campaign,
    switch_settings,
)
from fault_house import ROOT, settings_for

from agentd.campaign import retry
from agentd.dialogue.dispositions import Disposition
from agentd.errors import AgentdError
from agentd.store import campaigns
from agentd.store.repo import Repo

sys.path.append(str(ROOT / "tests" / "store"))

from pg_server import NoPostgres, PrivateServer

CONTACTS = int(os.environ.get("AGENTD_TEST_KILLS", "80"))
SEED = int(os.environ.get("AGENTD_TEST_SEED", "6"))
HERE = Path(__file__).parent
KILLING_S = 20 + CONTACTS * 0.4
MOST_S = KILLING_S + 240 + 2 * CONTACTS
BETWEEN_S = (0.5, 2.5)  # kills


class Process:
    """Started again whenever it has been killed."""

    def __init__(self, name: str, folder: Path, *command: str) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self._command = [sys.executable, *command]
        self.kills = 0
        self.start()

    def start(self) -> None:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
        environ["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tools'}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=environ, stdout=log, stderr=log
            )

    @property
    def status(self) -> int | None:
        return self._process.poll()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self.kills += 1
        self._process.wait(timeout=10)


class Field:
    """Two agentds, an exchange and dialers, as processes, on one database."""

    def __init__(self, root: Path, folder: Path, url: str, dialers: int) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.repo = folder, Repo(url)
        self.repo.migrate()
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.ports = _free_ports(5)
        settings = settings_for(root, store={"url": url}, server={"max_calls": 60})
        told = switch_settings(settings, ("127.0.0.1", self.ports[0]))
        self.processes = [
            Process(
                "exchange",
                folder,
                *(str(HERE / "exchange_process.py"), str(self.ports[0])),
                *(str(self.ledger.file), str(folder / "clock"), *map(str, self.ports[1:3])),
            )
        ]
        for n in (1, 2):
            config = self._config(f"agentd{n}", told, self.ports[n], self.ports[n + 2])
            command = (str(HERE / "serve_scripted.py"), "serve", "--config", str(config))
            self.processes.append(Process(f"agentd{n}", folder, *command))
        self._dialing = self._config("dialer", told, 0, 0)
        self._dialers = dialers

    def _config(self, name: str, settings: Any, esl: int, audio: int) -> Path:
        data = settings.model_dump(mode="json", exclude_none=True)
        data["server"] |= {"esl_port": esl, "audio_port": audio}
        lines = []
        for section, values in data.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        file = self.folder / f"{name}.toml"
        file.write_text("\n".join(lines))
        return file

    def dial(self) -> None:
        for n in range(self._dialers):
            command = ("-m", "agentd", "--config", str(self._dialing), "campaign", "start", "c")
            self.processes.append(Process(f"dialer{n}", self.folder, *command))

    def decided(self) -> bool:
        try:
            return campaigns.get(self.repo, "c").state == "done"
        except AgentdError:  # the database is being restarted
            return False

    def keep_alive(self) -> None:
        """A service manager: what has ended is started again."""
        for process in self.processes:
            if process.status is not None and not self.decided():
                process.start()

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.repo.close()


def _free_ports(count: int) -> list[int]:
    import socket

    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def devastate(field: Field, choice: random.Random, more: Callable[[], None] | None) -> Counter[str]:
    """Kill at random until the campaign is done; for KILLING_S."""
    deadline = time.monotonic() + MOST_S
    peace = time.monotonic() + KILLING_S
    kills: Counter[str] = Counter()
    while not field.decided():
        assert time.monotonic() < deadline, _where_it_stands(field)
        gevent.sleep(choice.uniform(*BETWEEN_S))
        if time.monotonic() < peace and not field.decided():
            victim = choice.choice([*field.processes, None] if more else field.processes)
            if victim is None:
                assert more is not None
                more()
                kills["database"] += 1
            else:
                victim.kill()
                kills[victim.name] += 1
        field.keep_alive()
    return kills


def _where_it_stands(field: Field) -> str:
    told = campaigns.status(field.repo, "c")
    logs = "\n".join(f"== {p.name}\n{p.log[-3000:]}" for p in field.processes if "dial" in p.name)
    return f"not done in {MOST_S:.0f} s: {told}\n{logs}"


def check_ledger(field: Field) -> None:
    entries = field.ledger.entries()
    rows = {row["phone"]: row for row in campaigns.results(field.repo, "c")}
    assert len(rows) == CONTACTS
    attempts = {a["id"]: (phone, a) for phone, row in rows.items() for a in row["attempts"]}

    # Decided, each of them, and nothing left open.
    for row in rows.values():
        assert row["state"] in ("done", "refused"), row
        assert row["disposition"] or "(" in row["reason"], row
        assert all(a["ended_at"] for a in row["attempts"]), row

    # No call that was not recorded first; none placed twice; none to somebody else.
    placed = [(e["placed"], e["number"]) for e in entries if "placed" in e]
    assert len({uuid for uuid, _ in placed}) == len(placed)
    for uuid, number in placed:
        assert uuid in attempts, "a call nobody recorded"
        assert attempts[uuid][0] == number

    # Never two at once to one number. A switch that is killed takes its calls with it.
    ringing: dict[str, str] = {}
    for entry in entries:
        if "started" in entry:
            ringing.clear()
        elif "placed" in entry:
            assert entry["number"] not in ringing.values(), "called twice at once"
            ringing[entry["placed"]] = entry["number"]
        elif "ended" in entry:
            ringing.pop(entry["ended"], None)

    policy = retry.Policy()
    calls = defaultdict(list)
    for uuid, number in placed:
        calls[number].append(uuid)
    for phone, row in rows.items():
        assert len(calls[phone]) <= 4, "the cap of four attempts in thirty days"
        for before, after in zip(row["attempts"], row["attempts"][1:], strict=False):
            # Called again only after what is called again for, and not before its delay.
            assert Disposition(before["disposition"]) not in retry.FINAL, row
            if before["disposition"] == "FAILED" and before["reason"] == "":
                continue  # the trunk
            rule = policy.rules[Disposition(before["disposition"])]
            waited = datetime.fromisoformat(after["begun_at"]) - datetime.fromisoformat(
                before["ended_at"]
            )
            never_placed = before["id"] not in {uuid for uuid, _ in placed}
            assert never_placed or waited.total_seconds() >= rule.delay.total_seconds() - 1, row

    # What agentd kept of a call is what the campaign says of it.
    for row in rows.values():
        for call in row["calls"]:
            attempt = attempts[call["call_id"]][1]
            if call["disposition"] not in (None, "FAILED"):
                assert attempt["disposition"] == call["disposition"], row
            if call["disposition"] == "OPT_OUT":
                assert field.repo.suppressed(row["phone"])


@pytest.fixture
def field(root: Path, tmp_path: Path) -> Iterator[Callable[..., Field]]:
    made: list[Field] = []

    def make(url: str, dialers: int = 1) -> Field:
        made.append(Field(root, tmp_path / "field", url, dialers))
        add_contacts(made[-1].repo, CONTACTS)
        make_campaign(made[-1].repo, max_concurrent=12, breaker_rest_s=0.5, breaker_after=8)
        start_campaign(made[-1].repo)
        made[-1].dial()
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.timeout(MOST_S + 120)
def test_sqlite_survives_kills_of_everything(field: Callable[..., Field], tmp_path: Path) -> None:
    made = field(f"sqlite:////{tmp_path}/c.sqlite3")
    kills = devastate(made, random.Random(SEED), None)
    print(dict(kills), dict(Counter(r["disposition"] for r in campaigns.results(made.repo, "c"))))
    check_ledger(made)
    assert sum(kills.values()) >= 5


@pytest.mark.postgres
@pytest.mark.timeout(MOST_S + 120)
def test_postgres_survives_with_two_dialers_and_its_own_restarts(
    field: Callable[..., Field],
) -> None:
    try:
        server = PrivateServer()
    except NoPostgres as error:
        pytest.skip(str(error))
    try:
        server.start()

        def restart() -> None:
            server.stop(signal.SIGQUIT)
            gevent.sleep(0.5)
            server.start()

        made = field(server.url, dialers=2)
        kills = devastate(made, random.Random(SEED + 1), restart)
        print(
            dict(kills), dict(Counter(r["disposition"] for r in campaigns.results(made.repo, "c")))
        )
        check_ledger(made)
        assert sum(kills.values()) >= 5
        psycopg2.connect(server.url).close()
        made.repo.close()
    finally:
        server.remove()
