"""Migrations: once, whoever asks; all or none; never onto what is newer."""

import sqlite3
import sys

import gevent
import peewee as pw
import pytest
from test_repo_contract import AGENT, start

from agentd.errors import StoreError
from agentd.store import migrations, schema
from agentd.store.models import TABLES
from agentd.store.repo import Repo


@pytest.fixture
def more_migrations(tmp_path, monkeypatch):
    """Writes further migrations, as a later version would bring them."""
    folder = tmp_path / "later"
    folder.mkdir()
    monkeypatch.setattr(migrations, "__path__", [*migrations.__path__, str(folder)])

    def write(name: str, body: str) -> None:
        text = (
            "from playhouse.migrate import migrate as apply\n\ndef migrate(database, migrator):\n"
        )
        (folder / f"{name}.py").write_text(text + "".join(f"    {x}\n" for x in body.splitlines()))

    yield write
    for file in folder.glob("*.py"):
        sys.modules.pop(f"{migrations.__name__}.{file.stem}", None)


def test_migrating_makes_every_table_and_a_second_time_nothing(place, counted):
    repo = place.repo(migrated=False)
    assert repo.migrate() == schema.wanted() != []
    assert repo.migrate() == []
    for table in TABLES:
        assert counted(place, table._meta.table_name) == (table._meta.table_name == "secret")


def test_the_tables_made_are_those_the_models_want(place):
    """Migrations are written out: nothing else says that they and the models agree."""
    repo = place.repo()

    def look(database):
        return {table: _shape(database, table) for table in TABLES}

    made = repo._threads.run(look, timeout=5)

    def from_models(database):
        for table in TABLES:
            database.execute_sql(
                f'DROP TABLE "{table._meta.table_name}" '
                + ("CASCADE" if place.kind == "postgres" else "")
            )
        for table in TABLES:
            pw.SchemaManager(table, database).create_table(safe=False)
        return {table: _shape(database, table) for table in TABLES}

    wanted = repo._threads.run(from_models, timeout=5)
    assert made == wanted


def _shape(database, table):
    name = table._meta.table_name
    columns = {
        (c.name, c.data_type.lower(), c.null, c.primary_key) for c in database.get_columns(name)
    }
    if isinstance(database, pw.SqliteDatabase):  # where a boolean is an integer by another name
        columns = {(n, kind.replace("boolean", "integer"), *rest) for n, kind, *rest in columns}
    keys = {(k.column, k.dest_table, k.dest_column) for k in database.get_foreign_keys(name)}
    return columns, keys


def test_asked_by_many_at_once_they_are_applied_once(place):
    stores = [place.repo(migrated=False) for _ in range(6)]
    asked = [gevent.spawn(store.migrate) for store in stores]
    gevent.joinall(asked, timeout=30, raise_error=True)
    assert sorted(len(a.value) for a in asked) == [0, 0, 0, 0, 0, len(schema.wanted())]
    assert all(store.check().ok for store in stores)


def test_a_file_another_holds_for_longer_than_sqlite_waits(tmp_path):
    """Its first opening: as it is when another agentd makes the tables on a slow disk."""
    file = tmp_path / "calls.sqlite3"
    holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE other (x)")
    holder.execute("BEGIN EXCLUSIVE")
    repo = Repo(f"sqlite:////{file}", timeout_s=0.4)
    try:
        asked = gevent.spawn(repo.migrate)
        gevent.sleep(0.7)  # SQLite itself waits 0.2 s
        assert not asked.ready()
        holder.execute("ROLLBACK")
        assert asked.get(timeout=10) == schema.wanted()
    finally:
        holder.close()
        repo.close()


def test_a_database_without_tables_is_named_with_its_mend(place):
    repo = place.repo(migrated=False)
    report = repo.check()
    assert not report.ok
    assert report.mend == "agentd db migrate"
    with pytest.raises(StoreError, match=r"no tables|not exist") as caught:
        repo.calls()
    assert caught.value.mend == "agentd db migrate"


def test_a_newer_database_is_refused_by_everything_and_left_alone(place):
    place.repo().close()
    place.sql("INSERT INTO schema_version (name, applied_at) VALUES ('m999_future', '2030-01-01')")
    repo = place.repo(migrated=False)
    for ask in (repo.migrate, repo.calls, lambda: start(repo)):
        with pytest.raises(StoreError, match=r"newer agentd.*m999_future"):
            ask()
    report = repo.check()
    assert not report.ok
    assert "m999_future" in report.detail
    assert place.sql("SELECT count(*) FROM call") == [(0,)]


def test_a_migration_that_breaks_leaves_the_database_as_it_was(place, more_migrations):
    repo = place.repo()
    start(repo)
    more_migrations("m902_adds", "database.execute_sql('CREATE TABLE extra (a TEXT)')")
    more_migrations("m903_breaks", "database.execute_sql('CREATE NONSENSE')")
    with pytest.raises(StoreError, match="NONSENSE"):
        repo.migrate()
    kept = sorted(name for (name,) in place.sql("SELECT name FROM schema_version"))
    assert kept == [name for name in schema.wanted() if name < "m9"]
    with pytest.raises(Exception, match="extra"):
        place.sql("SELECT * FROM extra")
    report = repo.check()
    assert (report.ok, report.mend) == (False, "agentd db migrate")
    assert "m902_adds" in report.detail


def test_a_table_rebuilt_by_a_migration_keeps_what_refers_to_it(place, more_migrations):
    """SQLite drops the old table meanwhile, which must not cascade to the facts of its calls."""
    repo = place.repo()
    start(repo)
    repo.record("c1", "turn", AGENT, 1, 1)
    more_migrations(
        "m902_drops",
        "apply(migrator.drop_column('call', 'recording', "
        + ("legacy=True))" if place.kind == "sqlite" else "cascade=False))"),
    )
    assert repo.migrate() == ["m902_drops"]
    assert place.sql("SELECT count(*) FROM turn") == [(1,)]
    assert place.sql("SELECT id FROM call") == [("c1",)]
    # Constraints hold again afterwards.
    with pytest.raises(StoreError):
        repo.record("ghost", "turn", AGENT, 1, 1)
