"""The event socket's text protocol: bytes in, messages out; commands in, bytes out. Pure.

What FreeSWITCH sends is measured in `shared/freeswitch.md` and recorded in `tests/switch/wire/`.
Values are URL-decoded after a block has been split into headers, so that an encoded newline in a
caller's variable cannot forge a header, and bodies are never decoded nor split.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from agentd.errors import SwitchError

# The longest recorded block has 10 kB and 240 headers; a channel loaded with variables has more.
MAX_BLOCK = 256 * 1024
MAX_BODY = 4 * 1024 * 1024
MAX_HEADERS = 4096


class Kind(StrEnum):
    """What a message is."""

    AUTH = "auth/request"
    REPLY = "command/reply"
    API = "api/response"
    EVENT = "text/event-plain"
    NOTICE = "text/disconnect-notice"
    REJECTED = "text/rude-rejection"
    OTHER = "other"  # log/data and whatever else carries a length
    BROKEN = "broken"  # not the event socket protocol: the parser is closed, body says why


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the switch.

    headers: those of the event for an EVENT, decoded; else those of the block. The first of two
        headers of one name wins: FreeSWITCH puts its own before those a `{name=value}` adds.
    body: raw bytes: an api answer, a CUSTOM or job body, the text of a notice.
    """

    kind: Kind
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """A header, exactly as FreeSWITCH spells it."""
        return self.headers.get(name, default)

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def reply(self) -> str:
        """What a command or api call answered, without the final newline."""
        raw = self.text if self.kind is Kind.API else self.get("Reply-Text")
        return raw.strip()

    @property
    def ok(self) -> bool:
        """The command was taken. An api answer that is data counts as taken."""
        return not self.reply.startswith(("-ERR", "-USAGE"))

    @property
    def event(self) -> str:
        """`Event-Name`, and for a CUSTOM event its subclass: `mod_audio_fork::connect`."""
        name = self.get("Event-Name")
        return self.get("Event-Subclass") or name if name == "CUSTOM" else name

    @property
    def lingers(self) -> bool:
        """A notice that the call is over while the socket stays open for a while."""
        return self.kind is Kind.NOTICE and self.get("Content-Disposition") == "linger"


class EventHeaders(Mapping[str, str]):
    """The headers of one event, decoded when they are asked for: of the 170 an event of a channel
    has, a call looks at five. Of two with one name the first counts."""

    __slots__ = ("_block", "_known")

    def __init__(self, block: str) -> None:
        """block: lines `Name: value`, raw; others are left out."""
        self._block = f"\n{block}\n"
        self._known: dict[str, str] | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """One header; a Mapping's own would raise and catch to say that there is none."""
        start = self._block.find(f"\n{name}:")
        if start < 0 or ":" in name:
            return default
        start += len(name) + 2
        return _decode(self._block[start : self._block.index("\n", start)].strip())

    def __getitem__(self, name: str) -> str:
        value = self.get(name, None)
        if value is None:
            raise KeyError(name)
        return str(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def _all(self) -> dict[str, str]:
        if self._known is None:
            raw, _ = _split(self._block.strip("\n"))
            self._known = {name: _decode(value) for name, value in raw.items()}
        return self._known


class EslParser:
    """Incremental and bounded. `feed` never raises: what cannot be the protocol gives one BROKEN
    message, after which the parser is `closed` and gives nothing more."""

    def __init__(
        self,
        *,
        max_block: int = MAX_BLOCK,
        max_body: int = MAX_BODY,
        max_headers: int = MAX_HEADERS,
    ) -> None:
        self.closed = False
        self._max_block = max_block
        self._max_body = max_body
        self._max_headers = max_headers
        self._buffer = bytearray()
        self._scanned = 0  # no blank line before this offset
        self._outer: dict[str, str] | None = None  # a block whose body is still to come
        self._needed = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes in chunks of any size; give the messages they complete, in order."""
        messages: list[Message] = []
        if self.closed:
            return messages
        self._buffer += data
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except _Broken as broken:
            self.closed = True
            self._buffer.clear()
            messages.append(Message(Kind.BROKEN, body=str(broken).encode()))
        return messages

    def _next(self) -> Message | None:
        if self._outer is None and not self._read_block():
            return None
        assert self._outer is not None
        if len(self._buffer) < self._needed:
            return None
        body = bytes(self._buffer[: self._needed])
        del self._buffer[: self._needed]
        outer, self._outer = self._outer, None
        return self._message(outer, body)

    def _read_block(self) -> bool:
        """Read the next header block into `_outer`; false when it is not complete."""
        if self._scanned == 0:
            blank = len(self._buffer) - len(self._buffer.lstrip(b"\n"))
            del self._buffer[:blank]  # some replies end in more than one newline
        end = self._buffer.find(b"\n\n", max(0, self._scanned - 1))
        if (len(self._buffer) if end < 0 else end) > self._max_block:
            raise _Broken(f"a header block of more than {self._max_block} bytes")
        if end < 0:
            # Garbage rarely holds a blank line: say so at its first line, not at the limit.
            first = self._buffer.find(b"\n")
            if first >= 0 and b":" not in self._buffer[:first]:
                raise _Broken("the first line is not a header")
            self._scanned = len(self._buffer)
            return False
        block = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._scanned = 0
        self._check(block)
        outer, lengths = _split(block.decode("utf-8", "replace"))
        if "Content-Type" not in outer:
            raise _Broken("a header block without Content-Type")
        if len(lengths) > 1:
            raise _Broken("two different Content-Length")
        self._needed = self._length(next(iter(lengths), "0"))
        self._outer = outer
        return True

    def _length(self, value: str) -> int:
        # isdecimal alone takes digits of other scripts, and int() refuses very long ones
        if not (value.isascii() and value.isdecimal() and len(value) <= 12):
            raise _Broken("Content-Length is not a number")
        if int(value) > self._max_body:
            raise _Broken(f"a body of more than {self._max_body} bytes")
        return int(value)

    def _check(self, block: bytes) -> None:
        if block.count(b"\n") >= self._max_headers:
            raise _Broken(f"more than {self._max_headers} headers")
        if b":" not in block.partition(b"\n")[0]:
            raise _Broken("the first line is not a header")

    def _message(self, outer: dict[str, str], body: bytes) -> Message:
        try:
            kind = Kind(outer["Content-Type"])
        except ValueError:
            kind = Kind.OTHER
        if kind is Kind.EVENT:
            block, _, rest = body.partition(b"\n\n")
            self._check(block)
            headers = EventHeaders(block.decode("utf-8", "replace"))
            length = headers.get("Content-Length", "0")
            inner = int(length) if length.isascii() and length.isdecimal() else 0
            return Message(kind, headers, rest[:inner])
        # The answer to `connect` is the only block whose values are encoded like an event's.
        if "Event-Name" in outer:
            outer = {name: _decode(value) for name, value in outer.items()}
        return Message(kind, outer, body)


class _Broken(Exception):
    """The bytes are not the event socket protocol."""


def _split(block: str) -> tuple[dict[str, str], set[str]]:
    """Raw headers of a block, the first of each name, and every Content-Length in it."""
    headers: dict[str, str] = {}
    lengths: set[str] = set()
    for line in block.split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue  # the rest of a reply text that holds a newline
        value = value.strip()
        headers.setdefault(name, value)
        if name == "Content-Length":
            lengths.add(value)
    return headers, lengths


def _decode(value: str) -> str:
    return unquote(value, errors="replace") if "%" in value else value


def command(line: str) -> bytes:
    """One command (`connect`, `myevents`, `api ...`). Raises SwitchError on a line break in it."""
    return _block(line)


def api(line: str) -> bytes:
    """`api LINE`, answered by an api/response once it has run."""
    return _block(f"api {line}")


def bgapi(line: str, job_uuid: str) -> bytes:
    """`bgapi LINE` under our own job id; a BACKGROUND_JOB event brings the answer."""
    return _block(f"bgapi {line}", f"Job-UUID: {job_uuid}")


def sendmsg(
    app: str,
    arg: str = "",
    *,
    uuid: str = "",
    event_lock: bool = False,
    event_uuid: str = "",
    loops: int = 1,
) -> bytes:
    """Execute an application on the channel.

    uuid: another channel than the socket's own.
    event_lock: run after the locked ones before it, instead of preempting them.
    event_uuid: comes back as Application-UUID.
    Raises SwitchError when a value holds a line break.
    """
    lines = [f"sendmsg {uuid}".rstrip(), "call-command: execute", f"execute-app-name: {app}"]
    if arg:
        lines.append(f"execute-app-arg: {arg}")
    if loops != 1:
        lines.append(f"loops: {loops}")
    if event_lock:
        lines.append("event-lock: true")
    if event_uuid:
        lines.append(f"Event-UUID: {event_uuid}")
    return _block(*lines)


def hangup(cause: str = "NORMAL_CLEARING", *, uuid: str = "") -> bytes:
    """Hang the channel up with a FreeSWITCH cause."""
    return _block(f"sendmsg {uuid}".rstrip(), "call-command: hangup", f"hangup-cause: {cause}")


def _block(*lines: str) -> bytes:
    for line in lines:
        if "\n" in line or "\r" in line or "\0" in line:
            raise SwitchError(f"a command for the switch holds a line break: {line[:40]!r}")
    try:
        return ("\n".join(lines) + "\n\n").encode()
    except UnicodeEncodeError:
        raise SwitchError("a command for the switch is not valid text") from None
