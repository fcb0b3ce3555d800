"""Both databases behind one fixture: `place`, where a store can be opened."""

import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import pytest
from pg_server import NoPostgres, Wire, execute, private_server, with_database

from agentd.store.repo import Repo


@dataclass
class Place:
    """One empty database."""

    kind: str
    url: str
    opened: list[Repo] = field(default_factory=list)

    def repo(self, migrated: bool = True, url: str = "", **options: float) -> Repo:
        repo = Repo(url or self.url, **options)
        self.opened.append(repo)
        if migrated:
            repo.migrate()
        return repo

    def sql(self, statement: str, *values: object) -> list[tuple]:
        """Asks the database itself, past agentd."""
        if self.kind == "postgres":
            return execute(self.url, statement.replace("?", "%s"), *values)
        connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else keeps every writer of calls waiting."""
        if self.kind == "postgres":
            holder = psycopg2.connect(self.url)
            holder.cursor().execute("LOCK TABLE call, fact IN ACCESS EXCLUSIVE MODE")
        else:
            holder = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.rollback()
            holder.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a server where databases can be made: AGENTD_TEST_POSTGRES, or one of our own."""
    given = os.environ.get("AGENTD_TEST_POSTGRES")
    if given:
        yield given
        return
    try:
        server = private_server()
        url = server.__enter__()
    except NoPostgres as error:
        # Never silently: half of the contract would not have been looked at.
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(f"CI must try PostgreSQL: {error}")
        pytest.skip(str(error))
    try:
        yield url
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def postgres_place(postgres: str) -> Iterator[Place]:
    name = f"agentd_{uuid.uuid4().hex[:12]}"
    execute(postgres, f"CREATE DATABASE {name}")
    place = Place("postgres", with_database(postgres, name))
    yield place
    for repo in place.opened:
        repo.close()
    execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    place = Place("sqlite", f"sqlite:///{tmp_path}/var/agentd.sqlite3")
    yield place
    for repo in place.opened:
        repo.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty database of either kind."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def repo(place: Place) -> Repo:
    """A store with its tables."""
    return place.repo()


@pytest.fixture
def wire(postgres_place: Place) -> Iterator[Wire]:
    """A way to PostgreSQL that can be cut; its URL has a password."""
    relay = Wire(postgres_place.url)
    yield relay
    relay.down()


@pytest.fixture
def counted() -> Callable[[Place, str], int]:
    """How many rows a table has."""
    return lambda place, table: int(place.sql(f'SELECT count(*) FROM "{table}"')[0][0])
