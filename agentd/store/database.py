"""A store URL: which database, how to open it, how to name it in messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import peewee as pw

from agentd.errors import BadInput, MissingResource, StoreError

EXPECTED = (
    "sqlite:///var/agentd.sqlite3 (four slashes for an absolute path), or "
    "postgresql://user:password@host:5432/agentd, special characters percent-encoded"
)
POSTGRES_THREADS = 4

# "none": the work sees to its own transactions.
Transaction = Literal["read", "write", "none"]


@dataclass(frozen=True)
class Target:
    """One database. `where` names it in messages, without user or password."""

    where: str
    threads: int
    file: Path | None = None
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    timeout_s: float = 4.0

    def new(self) -> pw.Database:
        """A database of one connection, not open yet, for one thread at a time."""
        if self.file is not None:
            return pw.SqliteDatabase(
                str(self.file),
                thread_safe=False,
                check_same_thread=False,
                timeout=self.timeout_s / 2,
                # full: what was committed survives a power cut, not only the end of the process.
                pragmas={"journal_mode": "wal", "foreign_keys": 1, "synchronous": "full"},
            )
        milliseconds = int(self.timeout_s * 1000)
        options = {
            "connect_timeout": 2,
            "options": f"-c statement_timeout={milliseconds} -c timezone=UTC",
            # A server whose machine is gone answers nothing at all.
            "tcp_user_timeout": milliseconds,
            "application_name": "agentd",
            **self.options,
        }
        return pw.PostgresqlDatabase(options.pop("dbname"), thread_safe=False, **options)

    def prepare(self) -> None:
        """Make the folder of a SQLite file. Raises StoreError."""
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.file.parent}: cannot be made ({error.strerror})",
                mend="give [store] url a folder this user may write to",
            ) from None

    @contextmanager
    def transaction(self, database: pw.Database, kind: Transaction) -> Iterator[None]:
        """Commit, or roll back. SQLite takes its writer's lock at once for a "write": a reader that
        turns writer is refused without waiting when another process has written in between."""
        if kind == "none":
            yield
        elif kind == "write" and self.file is not None:
            with database.atomic("IMMEDIATE"):
                yield
        else:
            with database.atomic():
                yield


def target(url: str, root: Path, timeout_s: float) -> Target:
    """Read a store URL; `root` is what a relative SQLite path counts from.

    Raises BadInput on any other URL (never repeating it: it may hold a password), MissingResource
    when the PostgreSQL driver is not installed.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "sqlite":
        return _sqlite(url, root, timeout_s)
    if scheme in ("postgresql", "postgres"):
        return _postgres(url, timeout_s)
    raise BadInput("[store] url: neither SQLite nor PostgreSQL", mend=f"write {EXPECTED}")


def _sqlite(url: str, root: Path, timeout_s: float) -> Target:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc or parts.query or parts.fragment or not path.strip("/") or path.endswith("/"):
        raise BadInput(
            "[store] url: sqlite wants a file and nothing else", mend=f"write {EXPECTED}"
        )
    file = root.resolve() / path.removeprefix("/")
    if file.name == ":memory:":
        raise BadInput("[store] url: a database in memory keeps nothing", mend=f"write {EXPECTED}")
    return Target(where=str(file), threads=1, file=file, timeout_s=timeout_s)


def _postgres(url: str, timeout_s: float) -> Target:
    try:
        from psycopg2 import ProgrammingError
        from psycopg2.extensions import parse_dsn
    except ImportError:
        raise MissingResource(
            "PostgreSQL needs the driver psycopg2", mend="pip install 'agentd[postgres]'"
        ) from None
    try:
        parsed = parse_dsn(url)
        port = str(parsed.get("port", 5432))
        if not all(p.isdigit() and 0 < int(p) < 65536 for p in port.split(",")):
            raise BadInput("[store] url: the port is not 1 to 65535", mend=f"write {EXPECTED}")
    except ProgrammingError:
        known = "sslmode, sslrootcert, connect_timeout, application_name..."
        given = ", ".join(name for name, _ in parse_qsl(url.partition("?")[2]))
        extra = f"; its parameters ({given}) must be libpq's: {known}" if given else ""
        raise BadInput(
            f"[store] url: not a PostgreSQL URL{extra}", mend=f"write {EXPECTED}"
        ) from None
    if not parsed.get("dbname"):
        raise BadInput("[store] url: no database name", mend=f"write {EXPECTED}")
    where = f"postgresql://{parsed.get('host', '')}:{port}/{parsed['dbname']}"
    return Target(where=where, threads=POSTGRES_THREADS, options=parsed, timeout_s=timeout_s)
