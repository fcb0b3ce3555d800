"""Backup and restore: SQLite while it is written to, PostgreSQL by what docs/operating.md shows."""

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from pg_server import binaries
from psycopg2.extensions import parse_dsn

from agentd.cli import cli
from agentd.errors import BadInput, StoreError
from agentd.store.backup import copy
from agentd.store.repo import Repo
from agentd.store.suppressions import Suppressions

ROOT = Path(__file__).parents[2]
NUMBER = "+33199001234"


def run(url: str, *arguments: str):
    return CliRunner().invoke(cli, list(arguments), env={"AGENTD_STORE_URL": url})


def suppress(repo: Repo, number: str) -> None:
    Suppressions(repo).add(number, "asked", "", "tester", f"key-{number}")


def listed(repo: Repo, number: str) -> bool:
    return any(answer.listed for answer in Suppressions(repo).check(number))


def test_a_copy_made_while_it_is_written_to_is_whole(sqlite_place, tmp_path):
    """What was committed before it began is in it, though nothing was checkpointed."""
    repo = sqlite_place.repo()
    suppress(repo, NUMBER)
    with sqlite_place.locked():  # somebody is in the middle of a transaction
        done = run(sqlite_place.url, "db", "backup", str(tmp_path / "copy.sqlite3"))
    assert done.exit_code == 0, done.output
    suppress(repo, "+33199001235")  # after it
    made = tmp_path / "copy.sqlite3"
    assert made.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy.sqlite3", "var"]
    restored = Repo(f"sqlite:///{made}")
    try:
        assert restored.check().ok
        assert listed(restored, NUMBER)
        assert not listed(restored, "+33199001235")
    finally:
        restored.close()
    assert run(f"sqlite:///{made}", "audit", "verify").exit_code == 0


def test_what_cannot_be_copied_is_told_and_leaves_nothing(sqlite_place, tmp_path):
    assert "agentd db migrate" in run(sqlite_place.url, "db", "backup", "x").output
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    with pytest.raises(StoreError, match=r"broken\.sqlite3"):
        copy(broken, tmp_path / "copy.sqlite3")
    good = tmp_path / "good.sqlite3"
    sqlite3.connect(good).execute("CREATE TABLE a (b)").connection.close()
    with pytest.raises(BadInput, match="no/where"):
        copy(good, tmp_path / "no/where.sqlite3")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.sqlite3", "good.sqlite3"]


def test_postgresql_is_told_its_own_way(tmp_path):
    done = run("postgresql://u:secret@127.0.0.1/agentd", "db", "backup", str(tmp_path / "x"))
    assert done.exit_code == 2
    assert "pg_dump" in done.output
    assert "secret" not in done.output


def shown(word: str) -> str:
    """The line of docs/operating.md that begins with it."""
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    return re.search(rf"^    ({word} .*?)(?: +#.*)?$", page, re.MULTILINE)[1]


@pytest.mark.postgres
def test_the_lines_shown_for_postgresql_bring_everything_back(postgres_place, tmp_path):
    """As they stand, with another name and folder: dump, lose the database, restore."""
    suppress(postgres_place.repo(), NUMBER)
    dsn = parse_dsn(postgres_place.url)
    environ = {
        **os.environ,
        "PATH": f"{binaries()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": dsn["host"],
        "PGPORT": dsn["port"],
        "PGUSER": dsn["user"],
        "PGPASSWORD": dsn.get("password", ""),
    }

    def typed(line: str) -> None:
        line = line.replace("/var/backups/", f"{tmp_path}/")
        line = re.sub(r"\bagentd(?!\.dump)\b", dsn["dbname"], line)
        done = subprocess.run(
            ["bash", "-c", line], env=environ, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"

    typed(shown("pg_dump"))
    for repo in postgres_place.opened:
        repo.close()
    typed(shown("dropdb"))
    typed(shown("pg_restore"))
    assert listed(postgres_place.repo(migrated=False), NUMBER)
    assert run(postgres_place.url, "audit", "verify").exit_code == 0
