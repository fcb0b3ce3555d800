"""What `originate` is given, read as FreeSWITCH reads it. Pure, and independent of `agentd.switch`:
what is written wrongly there must not be read kindly here."""

import re
from dataclasses import dataclass


class Refused(ValueError):
    """FreeSWITCH's answer to an originate it cannot even begin."""


@dataclass(frozen=True)
class Originate:
    """gateway: of `sofia/gateway/NAME/NUMBER`, else the endpoint. target: `&socket(...)` or
    `EXTENSION XML CONTEXT`; quoted: it stood in single quotes."""

    variables: dict[str, str]
    gateway: str
    number: str
    target: str
    quoted: bool


_ENDPOINT = re.compile(r"sofia/(?:gateway/)?([A-Za-z0-9_.-]+)/([^@/ ]+)(@[^ ]+)?")


def read(argument: str) -> Originate:
    """Raises Refused with what FreeSWITCH answers."""
    variables, rest = _braces(argument.strip())
    endpoint, _, target = rest.strip().partition(" ")
    found = _ENDPOINT.fullmatch(endpoint)
    target = target.strip()
    if not target:
        raise Refused("-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>]")
    if found is None:
        raise Refused("-ERR CHAN_NOT_IMPLEMENTED")
    quoted = target[:1] == "'" and target[-1:] == "'"
    if quoted:
        target = target[1:-1]
    elif target.startswith("&"):
        target = target.split()[0]
    return Originate(variables, found[1], found[2], target, quoted)


def _braces(text: str) -> tuple[dict[str, str], str]:
    """`{name=value,...}` and what follows. Quotes keep commas; braces are counted; a backslash
    takes the next character as it is."""
    if not text.startswith("{"):
        return {}, text
    depth, quote, parts, part = 0, False, [], ""
    for at, char in enumerate(text):
        if char == "'" and text[at - 1] != "\\":
            quote = not quote
        elif char == "{":
            depth += 1
            if depth == 1:
                continue
        elif char == "}":
            depth -= 1
            if depth == 0:
                parts.append(part)
                pairs = (p.partition("=") for p in parts if p)
                return {name.strip(): _bare(value) for name, _, value in pairs}, text[at + 1 :]
        elif char == "," and not quote:
            parts.append(part)
            part = ""
            continue
        part += char
    raise Refused("-ERR Parse Error")


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value
