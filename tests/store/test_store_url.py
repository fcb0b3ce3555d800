"""[store] url, and files that are no database."""

from pathlib import Path

import pytest

from agentd.errors import BadInput, MissingResource, StoreError
from agentd.store.database import target
from agentd.store.repo import Repo


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///var/a.sqlite3", "ROOT/var/a.sqlite3"),
        ("sqlite:////var/lib/agentd/a.db", "/var/lib/agentd/a.db"),
        ("sqlite:///my%20calls.db", "ROOT/my calls.db"),
    ],
)
def test_a_sqlite_path_counts_from_the_root(tmp_path, url, file):
    assert str(target(url, tmp_path, 1).file) == file.replace("ROOT", str(tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "agentd.sqlite3",
        "sqlite://",
        "sqlite:///",
        "sqlite:///var/",
        "sqlite://var/a.db",
        "sqlite:///a.db?mode=ro",
        "sqlite:///:memory:",
        "mysql://root:hush@h/x",
        "postgresql://u:hush@h:5432/",
        "postgresql://u:hush@h:port/x",
        "postgresql://u:hush@h:99999/x",
        "postgresql://u:hu%zzsh@h/x",
        "postgresql://u:hush@h/x?colour=blue",
    ],
)
def test_another_url_is_refused_with_what_was_expected_and_not_repeated(url):
    with pytest.raises(BadInput) as caught:
        Repo(url)
    assert "[store] url" in str(caught.value)
    assert "sqlite:///" in caught.value.mend
    assert "hush" not in str(caught.value)
    assert "hu%" not in str(caught.value)


def test_the_parameter_that_is_not_known_is_named():
    with pytest.raises(BadInput, match="colour"):
        Repo("postgresql://u@h/x?colour=blue")


def test_a_postgres_url_is_read_as_libpq_reads_it_and_named_without_its_password():
    read = target("postgres://u%40x:p%3Aw@db.example:6432/calls?sslmode=require", Path(), 3)
    assert read.where == "postgresql://db.example:6432/calls"
    assert "p:w" not in repr(read)
    database = read.new()
    assert database.database == "calls"
    given = database.connect_params
    assert (given["user"], given["password"], given["sslmode"]) == ("u@x", "p:w", "require")
    assert (given["connect_timeout"], given["tcp_user_timeout"]) == (2, 3000)
    assert "statement_timeout=3000" in given["options"]


def test_without_the_driver_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg2", None)
    with pytest.raises(MissingResource, match="psycopg2") as caught:
        Repo("postgresql://u@h/x")
    assert "agentd[postgres]" in caught.value.mend


def test_looking_for_a_database_does_not_make_it(tmp_path):
    repo = Repo("sqlite:///var/a.db", root=tmp_path)
    assert not repo.check().ok
    with pytest.raises(StoreError, match="does not exist"):
        repo.calls()
    repo.close()
    assert list(tmp_path.iterdir()) == []


def _folder(place: Path) -> None:
    place.mkdir(parents=True)


def _garbage(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(b"these are no tables, whatever else they are" * 100)


def _file_in_the_way(place: Path) -> None:
    place.parent.write_text("a file where the folder should be")


@pytest.mark.parametrize("spoil", [_folder, _garbage, _file_in_the_way])
def test_a_file_that_cannot_be_used_is_an_error_of_the_store(tmp_path, capsys, spoil):
    spoil(tmp_path / "var" / "a.db")
    repo = Repo("sqlite:///var/a.db", root=tmp_path)
    with pytest.raises(StoreError, match="var") as caught:
        repo.migrate()
    assert caught.value.mend
    repo.close()
    assert "Traceback" not in capsys.readouterr().err
