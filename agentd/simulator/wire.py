"""FreeSWITCH's side of the outbound event socket, as bytes: pure.

Written from the recorded transcripts and without looking at agentd's own parser, so that each keeps
the other honest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True)
class Command:
    """What the application sent: its first line, and the headers and body of a sendmsg."""

    line: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class CommandReader:
    """Bytes in, commands out."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Command]:
        """Commands completed by `data`."""
        self._buffer += data.replace(b"\r\n", b"\n")
        while True:
            self._buffer = self._buffer.lstrip(b"\n")
            block, end, rest = self._buffer.partition(b"\n\n")
            if not end:
                return
            first, *lines = block.decode("utf-8", "replace").split("\n")
            headers = {}
            for line in lines:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            length = int(headers.get("content-length", "0") or 0)
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            yield Command(first.strip(), headers, rest[:length].decode("utf-8", "replace"))


def _encode(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {quote(value, safe=_SAFE_VALUE)}\n" for name, value in headers.items())


# FreeSWITCH encodes what a URL would, and leaves commas and slashes alone.
_SAFE_VALUE = "/,-_.!~*'()"


def connect_reply(headers: Mapping[str, str]) -> bytes:
    """One block, no body, its values encoded: even the reply's `+OK` and line end."""
    last = {
        "Content-Type": "command/reply",
        "Reply-Text": "+OK\n",
        "Socket-Mode": "async",
        "Control": "full",
    }
    plain = {"Content-Type", "Socket-Mode", "Control"}
    text = _encode(headers)
    for name, value in last.items():
        text += f"{name}: {value if name in plain else quote(value, safe=_SAFE_VALUE)}\n"
    return text.encode() + b"\n"


def reply(text: str, **more: str) -> bytes:
    """A command/reply."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in more.items())
    return f"Content-Type: command/reply\nReply-Text: {text}\n{extra}\n".encode()


def api_response(body: str) -> bytes:
    """An api/response."""
    data = body.encode()
    return f"Content-Type: api/response\nContent-Length: {len(data)}\n\n".encode() + data


def event(headers: Mapping[str, str], body: str = "") -> bytes:
    """A text/event-plain; the body raw, after an inner Content-Length."""
    data = body.encode()
    inner = _encode(headers)
    if data:
        inner += f"Content-Length: {len(data)}\n"
    whole = inner.encode() + b"\n" + data
    return f"Content-Length: {len(whole)}\nContent-Type: text/event-plain\n\n".encode() + whole


def linger_notice(uuid: str, channel: str, seconds: int) -> bytes:
    """The channel is gone, the socket stays for a while."""
    return (
        f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {uuid}\n"
        f"Content-Disposition: linger\nChannel-Name: {channel}\nLinger-Time: {seconds}\n"
        "Content-Length: 0\n\n"
    ).encode()


def disconnect_notice(uuid: str) -> bytes:
    """The last thing said."""
    body = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
    return (
        f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {uuid}\n"
        f"Content-Disposition: disconnect\nContent-Length: {len(body)}\n\n{body}"
    ).encode()


class Subscription:
    """Which events the application has asked for."""

    _MYEVENTS = frozenset(
        "CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_STATE "
        "CHANNEL_CALLSTATE CHANNEL_PROGRESS CHANNEL_PARK CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE "
        "CHANNEL_DESTROY CHANNEL_BRIDGE CHANNEL_UNBRIDGE DTMF".split()
    )

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._subclasses: set[str] = set()

    def myevents(self) -> None:
        """Enables the channel's life, but no PLAYBACK_*, CUSTOM or BACKGROUND_JOB."""
        self._names |= self._MYEVENTS

    def add(self, words: list[str]) -> None:
        """`event plain A B CUSTOM sub::class ...`: what follows CUSTOM are subclasses."""
        custom = False
        for word in words:
            if word == "CUSTOM":
                custom = True
            elif custom:
                self._subclasses.add(word)
            else:
                self._names.add(word)

    def wants(self, name: str, subclass: str = "") -> bool:
        """Is the event sent?"""
        if "ALL" in self._names:
            return True
        return subclass in self._subclasses if name == "CUSTOM" else name in self._names
