"""A private PostgreSQL for the tests, and a wire to it that can be cut."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import psycopg2
from gevent.server import StreamServer
from psycopg2.extensions import make_dsn, parse_dsn

USER = "agentd_test"


class NoPostgres(Exception):
    """No server is given, and none can be started here; says why."""


def binaries() -> Path:
    """Folder of initdb and postgres."""
    places = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if p]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            # Beside their libraries: a link elsewhere on the PATH is followed.
            return (place / "postgres").resolve().parent
    raise NoPostgres("initdb and postgres are not installed (apt-get install postgresql)")


def _someone_else() -> dict[str, object]:
    """postgres refuses to run as root: whom to run it as, for subprocess."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoPostgres("postgres refuses to run as root, and there is no other user to run it as")


class PrivateServer:
    """A server on a free loopback port, with data of its own. Ended by its process id."""

    def __init__(self) -> None:
        self._where, self._who = binaries(), _someone_else()
        self._folder = Path(tempfile.mkdtemp(prefix="agentd-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        if self._who:
            os.chown(self._folder, int(str(self._who["user"])), int(str(self._who["group"])))
        common = {"cwd": self._folder, "stdout": subprocess.DEVNULL, "timeout": 60, "check": True}
        arguments = ["-D", str(self._folder / "data"), "-U", USER, "-A", "trust"]
        arguments += ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([self._where / "initdb", *arguments], **common, **self._who)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"postgresql://{USER}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Returns when it answers."""
        folder = self._folder
        log = (folder / "log").open("ab")
        server = [
            *(self._where / "postgres", "-D", folder / "data"),
            *("-p", str(self._port), "-k", folder),
        ]
        for option in ("listen_addresses=127.0.0.1", "fsync=off", "max_connections=60"):
            server += ["-c", option]
        self._process = subprocess.Popen(server, cwd=folder, stdout=log, stderr=log, **self._who)
        log.close()
        _wait(self.url, self._process, folder / "log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: a fast shutdown. SIGQUIT: an immediate one, which recovers when started again."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=20)
            self._process = None

    def remove(self) -> None:
        """Its data too."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def private_server() -> Iterator[str]:
    """A server that is started; its URL."""
    server = PrivateServer()
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg2.connect(url, connect_timeout=2).close()
            return
        except psycopg2.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"postgres did not start:\n{log.read_text()}") from None
            gevent.sleep(0.05)


def execute(url: str, statement: str, *values: object) -> list[tuple]:
    """One statement on a connection of its own, outside of any transaction."""
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


class Wire:
    """A TCP relay to a server, which can refuse, swallow or cut at a given answer."""

    def __init__(self, url: str) -> None:
        self._upstream = parse_dsn(url)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._server: StreamServer | None = None
        self.swallow = False  # accept, and answer nothing
        self.cut_at = b""  # cut, once, instead of relaying an answer that holds this
        self.cuts = 0
        self.port = 0
        self.up()
        self.url = "postgresql://{}:hush-hush@127.0.0.1:{}/{}".format(
            self._upstream["user"], self.port, self._upstream["dbname"]
        )

    def up(self) -> None:
        self._server = StreamServer(("127.0.0.1", self.port), self._relay)
        self._server.start()
        self.port = self._server.server_port

    def down(self) -> None:
        """Refuse connections, and cut those there are: a server that was stopped."""
        assert self._server is not None
        self._server.stop(timeout=0)
        self.cut()

    def cut(self) -> None:
        """End every connection."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def _connect(self) -> socket.socket:
        host, port = self._upstream.get("host", "127.0.0.1"), int(self._upstream.get("port", 5432))
        if host.startswith("/"):
            end = socket.socket(socket.AF_UNIX)
            end.connect(f"{host}/.s.PGSQL.{port}")
            return end
        return socket.create_connection((host, port), timeout=5)

    def _relay(self, client: socket.socket, _: object) -> None:
        server = self._connect()
        server.settimeout(None)
        self._pairs.append((client, server))
        pumps = [
            gevent.spawn(self._pump, client, server, b""),
            gevent.spawn(self._pump, server, client, b"answers"),
        ]
        gevent.joinall(pumps, count=1)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        gevent.joinall(pumps)
        for end in (client, server):
            end.close()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bytes) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if answers and self.cut_at and self.cut_at in chunk:
                    self.cut_at, self.cuts = b"", self.cuts + 1
                    return
                if not self.swallow:
                    sink.sendall(chunk)


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    parsed = parse_dsn(url)
    parsed["dbname"] = name
    assert make_dsn(**parsed)
    host, port = parsed.pop("host", ""), parsed.pop("port", "5432")
    user, password = parsed.pop("user", ""), parsed.pop("password", "")
    parsed.pop("dbname")
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    if host.startswith("/"):
        return f"postgresql://{login}/{name}?host={host}&port={port}"
    return f"postgresql://{login}{host}:{port}/{name}"
