"""A scripted FreeSWITCH: answers as recorded in `wire/`, on real loopback sockets."""

import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import gevent
from gevent.event import Event
from gevent.server import StreamServer

WIRE = Path(__file__).parent / "wire"
UUID = "d745ec5d-82a8-4070-8a40-32674217c5b7"
OK = b"Content-Type: command/reply\nReply-Text: +OK\n\n"


def connect_reply() -> bytes:
    """The recorded answer to `connect` (Unique-ID is UUID)."""
    data = (WIRE / "commands.bin").read_bytes()
    return data[: data.index(b"\n\n") + 2]


def reply(text: str) -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def api(text: str) -> bytes:
    return f"Content-Type: api/response\nContent-Length: {len(text)}\n\n{text}".encode()


def event(name: str, body: bytes = b"", **headers: str) -> bytes:
    """An event of the call; `_` in a header's name stands for `-`, `__` for `_`."""
    lines = {"Event-Name": name, "Unique-ID": UUID}
    for key, value in headers.items():
        lines[key.replace("__", "\0").replace("_", "-").replace("\0", "_")] = value
    inner = "".join(
        f"{k}: {v.replace('%', '%25').replace(chr(10), '%0A')}\n" for k, v in lines.items()
    )
    if body:
        inner += f"Content-Length: {len(body)}\n"
    data = inner.encode() + b"\n" + body
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(data) + data


def notice(disposition: str) -> bytes:
    text = b"" if disposition == "linger" else b"Disconnected, goodbye.\n"
    return (
        f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {UUID}\n"
        f"Content-Disposition: {disposition}\nContent-Length: {len(text)}\n\n"
    ).encode() + text


class Peer:
    """FreeSWITCH's end of one outbound socket. `answer(command) -> bytes | None` overrides the
    recorded answers; every command is kept in `got`."""

    def __init__(
        self, sock: socket.socket, answer: Callable[[str], bytes | None] = lambda command: None
    ) -> None:
        self.sock = sock
        self.got: list[str] = []
        self.closed = Event()
        self._answer = answer
        self._changed = Event()
        self._reader = gevent.spawn(self._read)

    def send(self, *data: bytes) -> None:
        self.sock.sendall(b"".join(data))

    def wait_for(self, part: str, count: int = 1, timeout: float = 3.0) -> str:
        """Wait until `count` commands holding `part` have come; give the last of them."""
        with gevent.Timeout(timeout, AssertionError(f"no {part!r} among {self.got}")):
            while len(found := [line for line in self.got if part in line]) < count:
                self._changed.clear()
                self._changed.wait()
        return found[count - 1]

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        self.send(
            event("CHANNEL_HANGUP", Hangup_Cause=cause, Answer_State="hangup"),
            event("CHANNEL_HANGUP_COMPLETE", Hangup_Cause=cause, Answer_State="hangup"),
            notice("linger"),
        )

    def close(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self._reader.join(timeout=1)

    def _read(self) -> None:
        buffer = b""
        try:
            while data := self.sock.recv(65536):
                buffer += data
                while b"\n\n" in buffer:
                    raw, _, buffer = buffer.partition(b"\n\n")
                    self._take(raw.decode())
        except OSError:
            pass
        self.closed.set()

    def _take(self, command: str) -> None:
        answer = self._answer(command)
        if answer is None:
            answer = self._recorded(command)
        if answer:
            self.sock.sendall(answer)
        self.got.append(command)
        self._changed.set()
        if command == "exit":
            self.sock.shutdown(socket.SHUT_WR)

    def _recorded(self, command: str) -> bytes:
        verb = command.split()[0]
        if verb == "connect":
            return connect_reply()
        if verb == "api":
            done = api("+OK Success\n" if "audio_fork" in command else "+OK\n")
            if " uuid_kill " in command:
                cause = command.split()[-1]
                hangup = event("CHANNEL_HANGUP", Hangup_Cause=cause, Answer_State="hangup")
                return done + hangup + notice("linger")
            return done
        known = {"linger": "+OK will linger", "myevents": "+OK Events Enabled",
                 "event": "+OK event listener enabled plain", "exit": "+OK bye"}  # fmt: skip
        return reply(known.get(verb, "+OK"))


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of one loopback connection: ours, theirs."""
    return socket.socketpair()


class Listener:
    """A TCP server on an ephemeral port that gives each connection to `handle`."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self._server = StreamServer(("127.0.0.1", 0), lambda sock, peer: handle(sock))

    def __enter__(self) -> int:
        self._server.start()
        return int(self._server.address[1])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(timeout=1)
