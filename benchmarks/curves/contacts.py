"""Contacts by the thousand to the million, on both databases: import, size, and what it takes to
decide the next call."""

import csv
import importlib.util
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import holidays
import peewee as pw

from agentd.campaign import gates
from agentd.campaign.gates.case import CampaignRules, Case, Decision
from agentd.store import campaigns, dialling
from agentd.store.dialling import Asked, Ended, Follow
from agentd.store.repo import Repo
from benchmarks.bar import quantile
from benchmarks.curves.point import Point, cpu_of_tree, of_command
from benchmarks.served import ROOT

SIZES = (1_000, 10_000, 100_000, 1_000_000)
BEGUN = 200
PG_SIZE = "SELECT pg_database_size(current_database())"
SIMULATED = "bench"


def points(
    sizes: tuple[int, ...] = SIZES, databases: tuple[str, ...] = ("SQLite", "PostgreSQL")
) -> Iterator[Point]:
    """Smallest first. A database that is not installed is left out, and it is said."""
    for name in databases:
        for size in sizes:
            with TemporaryDirectory() as folder, _database(name, Path(folder)) as place:
                if place is None:
                    print("PostgreSQL is not installed: left out", file=sys.stderr)
                    break
                url, server = place
                yield from _of(name, size, Path(folder), url, server)


def _of(name: str, size: int, folder: Path, url: str, server: int) -> Iterator[Point]:
    file, proof = folder / "contacts.csv", folder / "proof.txt"
    _write(file, size)
    proof.write_text("J'accepte que la Banque Exemple m'appelle.")
    config = folder / "agentd.toml"
    config.write_text(f'[paths]\nroot = "{ROOT}"\n[store]\nurl = "{url}"\n')
    repo = Repo(url)
    repo.migrate()
    campaigns.create(repo, SIMULATED, "finance", {}, simulated=True)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
    environ["AGENTD_CONFIG"] = str(config)
    before = cpu_of_tree(server) if server else 0.0
    said = ["--basis", "consent", "--channel", "web", "--wording", proof.read_text()]
    cost = of_command(
        ["contacts", "import", str(file), "--campaign", SIMULATED, *said, "--proof", str(proof)],
        environ,
    )
    served = cpu_of_tree(server) - before if server else 0.0
    yield Point("import_cpu", f"{name}: agentd", size, round(cost.cpu_s, 2), size)
    if server:
        yield Point("import_cpu", f"{name}: its server", size, round(served, 2), size)
    yield Point("import_wall", name, size, round(cost.wall_s, 2), size)
    yield Point("import_memory", name, size, round(cost.memory_mb, 1), size)
    yield Point("contacts_size", name, size, round(_size(repo, folder) / 2**20, 2), size)
    yield from _dial(name, size, repo, server)
    repo.close()


def _dial(name: str, size: int, repo: Repo, server: int) -> Iterator[Point]:
    """Attempts begun and closed, one after the other, as one dialer does."""
    start = _lawful()
    campaigns.set_state(repo, SIMULATED, "running", now=start)
    walls: list[float] = []
    gates_s = [0.0, 0]

    def decide(case: Case) -> Decision:
        began = time.thread_time()
        decision = gates.decide(case)
        gates_s[0] += time.thread_time() - began
        gates_s[1] += 1
        return decision

    before, at = time.process_time(), cpu_of_tree(server) if server else 0.0
    for number in range(BEGUN):
        now = start + timedelta(seconds=number)
        began = time.perf_counter()
        looked = dialling.begin(repo, _asked(now, decide))
        walls.append(time.perf_counter() - began)
        if looked.begun is None:
            raise RuntimeError(f"nobody may be called: {looked}")
        ended = Ended(at=now, disposition="NO_ANSWER", cause="NO_ANSWER")
        dialling.close(repo, looked.begun.id, ended, lambda counts: Follow(None, reason="bench"))
    own = (time.process_time() - before) / BEGUN * 1000
    yield Point("dial_cpu", f"{name}: agentd", size, round(own, 3), BEGUN)
    if server:
        theirs = (cpu_of_tree(server) - at) / BEGUN * 1000
        yield Point("dial_cpu", f"{name}: its server", size, round(theirs, 3), BEGUN)
    yield Point("gates_cpu", name, size, round(gates_s[0] / gates_s[1] * 1000, 4), BEGUN)
    yield Point("begin_wall_p50", name, size, round(quantile(walls, 0.5) * 1000, 2), BEGUN)
    yield Point("begin_wall_p95", name, size, round(quantile(walls, 0.95) * 1000, 2), BEGUN)


def _lawful() -> datetime:
    """Late in the morning in Paris, on the next day when calls may be placed."""
    days = holidays.country_holidays("FR")
    day = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
    while True:
        day += timedelta(days=1)
        if day.weekday() < 5 and day.date() not in days:
            return day


def _asked(now: datetime, decide: Callable[[Case], Decision]) -> Asked:
    return Asked(
        campaign=SIMULATED,
        dialer="bench",
        attempt=str(uuid.uuid4()),
        rules=CampaignRules(SIMULATED, theme="finance", caller_id="+33162000001"),
        decide=decide,
        choose=lambda failures: "trunk",
        now=now,
        machine=datetime.now(UTC),
        lease=timedelta(seconds=20),
        most_active=50,
        most_begun=10_000,
        patience=timedelta(days=14),
        simulated=True,
    )


def _write(file: Path, size: int) -> None:
    """Numbers of a block that no operator holds (0100); the names repeat."""
    with file.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out, delimiter=";")
        lines.writerow(["prénom", "nom", "téléphone", "ville"])
        for number in range(size):
            row = [f"Prénom{number % 997}", f"Nom{number % 7919}", f"0100{number:06d}", "Sète"]
            lines.writerow(row)


def _size(repo: Repo, folder: Path) -> int:
    """Bytes of the database."""

    def ask(db: pw.Database) -> int:
        if isinstance(db, pw.PostgresqlDatabase):
            found = db.execute_sql(PG_SIZE)  # type: ignore[no-untyped-call]
            return int(found.fetchone()[0])
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[no-untyped-call]
        return (folder / "bench.sqlite3").stat().st_size

    return repo.run(ask, "none")


@contextmanager
def _database(name: str, folder: Path) -> Iterator[tuple[str, int] | None]:
    """Its URL, and the process id of its server (0: none); None when there is none to be had."""
    if name == "SQLite":
        yield f"sqlite:////{folder}/bench.sqlite3", 0
        return
    pg_server = _tests_server()
    try:
        server = pg_server.PrivateServer()
    except pg_server.NoPostgres:
        yield None
        return
    try:
        server.start()
        yield server.url, server._process.pid
    finally:
        server.remove()


def _tests_server() -> Any:
    """The module of the tests that runs a private PostgreSQL."""
    spec = importlib.util.spec_from_file_location(
        "pg_server", ROOT / "tests" / "store" / "pg_server.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
