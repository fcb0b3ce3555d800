"""The event socket as bytes: a parser and a serialiser, pure.

What greenswitch gets wrong is got right here: a header is split before it is URL-decoded (so that
`%0A` in a variable forges nothing), and the body of an event is kept as it came.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

MAX_HEADERS = 256 * 1024  # bytes of one block; FreeSWITCH's connect reply is 7 to 20 kB
MAX_BODY = 4 * 1024 * 1024
_UNSAFE = re.compile(r"[\r\n\0]")


class EslError(ValueError):
    """The peer broke the protocol; the connection is of no more use."""


@dataclass(frozen=True)
class Event:
    """One event: `headers` decoded, `body` as it came."""

    name: str
    headers: Mapping[str, str]
    body: str = ""

    @property
    def subclass(self) -> str:
        """Of a CUSTOM event."""
        return self.headers.get("Event-Subclass", "")


@dataclass(frozen=True)
class Message:
    """One message of the wire: its headers, its body, and the event in it if it is one."""

    headers: Mapping[str, str]
    body: str = ""
    event: Event | None = None

    @property
    def content_type(self) -> str:
        """`command/reply`, `api/response`, `text/event-plain`, `text/disconnect-notice`, ..."""
        return self.headers.get("Content-Type", "")

    @property
    def reply(self) -> str:
        """Text of a reply: `+OK ...` or `-ERR ...`."""
        if self.content_type == "api/response":
            return self.body.strip()
        return self.headers.get("Reply-Text", "").strip()


@dataclass
class Parser:
    """Bytes in, messages out, whatever the chunks. After EslError nothing more is taken."""

    _buffer: bytearray = field(default_factory=bytearray)
    _waiting: dict[str, str] | None = None
    _length: int = 0
    _broken: bool = False

    def feed(self, data: bytes) -> list[Message]:
        """Messages completed by `data`. Raises EslError on what no event socket sends."""
        if self._broken:
            raise EslError("the connection is broken already")
        self._buffer += data
        messages = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except EslError:
            self._broken = True
            self._buffer.clear()
            if not messages:
                raise
        return messages

    def _next(self) -> Message | None:
        if self._waiting is None:
            while self._buffer[:1] == b"\n":
                del self._buffer[:1]
            end = self._buffer.find(b"\n\n")
            if end < 0:
                if len(self._buffer) > MAX_HEADERS:
                    raise EslError(f"a header block of more than {MAX_HEADERS} bytes")
                return None
            self._waiting = headers(bytes(self._buffer[:end]))
            self._length = _length(self._waiting)
            del self._buffer[: end + 2]
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        outer, self._waiting = self._waiting, None
        if outer.get("Content-Type") == "text/event-plain":
            return Message(outer, "", event(body))
        return Message(outer, body.decode("utf-8", "replace"))


def headers(block: bytes) -> dict[str, str]:
    """`Name: value` lines; values are URL-decoded after they are split. First of a name wins."""
    found: dict[str, str] = {}
    for line in block.split(b"\n"):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon:
            raise EslError(f"a line that is no header: {line[:40]!r}")
        found.setdefault(name.strip(), unquote(value.strip()))
    return found


def event(body: bytes) -> Event:
    """The event in a text/event-plain message. Raises EslError."""
    block, _, rest = body.partition(b"\n\n")
    inner = headers(block)
    length = _length(inner)
    return Event(inner.get("Event-Name", ""), inner, rest[:length].decode("utf-8", "replace"))


def _length(found: Mapping[str, str]) -> int:
    text = found.get("Content-Length", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise EslError(f"a Content-Length of {text[:20]!r}")
    length = int(text)
    if length > MAX_BODY:
        raise EslError(f"a body of {length} bytes")
    return length


def command(line: str) -> bytes:
    """A command of one line, such as `linger 10` or `api status`.

    Raises ValueError when the line holds a line break: it would be two commands.
    """
    if _UNSAFE.search(line):
        raise ValueError("a command holds a line break")
    return line.encode() + b"\n\n"


def execute(app: str, argument: str = "", *, lock: bool = False, event_uuid: str = "") -> bytes:
    """`sendmsg` that executes a dialplan application on our channel.

    lock: wait for those before it (event-lock), as playbacks that follow each other must.
    event_uuid: comes back as Application-UUID of the events it causes.
    """
    lines = {"call-command": "execute", "execute-app-name": app}
    if argument:
        lines["execute-app-arg"] = argument
    if lock:
        lines["event-lock"] = "true"
    if event_uuid:
        lines["Event-UUID"] = event_uuid
    return _sendmsg(lines)


def hangup(cause: str) -> bytes:
    """`sendmsg` that hangs our channel up."""
    return _sendmsg({"call-command": "hangup", "hangup-cause": cause})


def _sendmsg(lines: Mapping[str, str]) -> bytes:
    for value in lines.values():
        if _UNSAFE.search(value):
            raise ValueError("a value holds a line break")
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return b"sendmsg\n" + text.encode() + b"\n"
