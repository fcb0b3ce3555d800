"""What an event-socket client says to the switch: bytes in, commands out. Pure.

Written from the recorded transcripts and independent of `agentd.switch`, so that a mistake made
there is not made here too.
"""

from dataclasses import dataclass, field

LONGEST = 256 * 1024  # bytes of one command; FreeSWITCH's own limit is larger, a runaway is not


class CommandTooLong(ValueError):
    """A command without an end."""


@dataclass(frozen=True)
class Command:
    """One command. `headers` has lower-case names; `body` follows a content-length header."""

    line: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def verb(self) -> str:
        """First word of the line, in lower case."""
        return self.line.partition(" ")[0].lower()

    @property
    def rest(self) -> str:
        """The line after its first word."""
        return self.line.partition(" ")[2].strip()


class CommandParser:
    """Feed it bytes as they come, in chunks of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Command]:
        """Commands completed by `data`. Raises CommandTooLong."""
        self._buffer += data
        commands = []
        while (command := self._take()) is not None:
            commands.append(command)
        if len(self._buffer) > LONGEST:
            raise CommandTooLong(f"{len(self._buffer)} bytes without an end of command")
        return commands

    def _take(self) -> Command | None:
        # Blank lines between commands are nothing; FreeSWITCH takes \r\n too.
        del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]
        end, skip = _blank_line(self._buffer)
        if end < 0:
            return None
        lines = self._buffer[:end].decode("utf-8", "replace").replace("\r", "").split("\n")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length", "")
        size = int(length) if length.isdigit() else 0
        if size > LONGEST:
            raise CommandTooLong(f"a body of {size} bytes is announced")
        if len(self._buffer) < end + skip + size:
            return None
        body = self._buffer[end + skip : end + skip + size].decode("utf-8", "replace")
        del self._buffer[: end + skip + size]
        return Command(lines[0].strip(), headers, body)


def _blank_line(buffer: bytearray) -> tuple[int, int]:
    """(where the first blank line begins, its length), or (-1, 0)."""
    found = [(at, len(mark)) for mark in (b"\n\n", b"\r\n\r\n") if (at := buffer.find(mark)) >= 0]
    return min(found) if found else (-1, 0)


def words(text: str, limit: int) -> list[str]:
    """Split at blanks as FreeSWITCH does: '...' keeps blanks, the last word takes all the rest."""
    found: list[str] = []
    text = text.strip()
    while text:
        if len(found) == limit - 1:
            found.append(text)
            break
        if text[0] == "'" and "'" in text[1:]:
            word, _, text = text[1:].partition("'")
        else:
            word, _, text = text.partition(" ")
        found.append(word)
        text = text.lstrip()
    return [w[1:-1] if len(w) > 1 and w[0] == w[-1] == "'" else w for w in found]
