"""The text of `originate`: who is called, how, and what the channel carries. Pure.

A contact's columns hold what people type: quotes, commas, braces, emoji. FreeSWITCH takes the
argument of originate apart three times over (blanks, commas, equal signs), each with quotes and
backslashes of its own; rather than escape three deep, every byte of a value's UTF-8 but letters,
digits and `+ . _ -` is written as `~XX`, and `agentd_encoding=tilde` says so. Not as `%XX`: the
switch leaves what looks like that alone when it encodes an event's headers (measured), so that a
reader cannot tell its percent signs from ours. `decoded` is what agentd's side undoes it with.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ENCODING = "agentd_encoding"
COLUMN = "agentd_contact_"
# What can stand bare in a channel variable, a dial string and an event's header.
_SAID = re.compile(rb"[^A-Za-z0-9+._-]")
_CODED = re.compile(rb"~([0-9A-F]{2})")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"\+?[0-9*#]{2,20}")
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
# One word a gateway is named by, or a dial string template with {number} in it.
_GATEWAY = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_TEMPLATE = re.compile(r"[A-Za-z0-9_./@:;=+-]*\{number\}[A-Za-z0-9_./@:;=+-]*")
_TARGET = re.compile(r"&socket\([A-Za-z0-9_.:|\[\] -]+\)|[A-Za-z0-9_-]+ XML [A-Za-z0-9_-]+")
MOST_COLUMNS = 64
LONGEST_VALUE = 2_000


@dataclass(frozen=True)
class Dial:
    """One call to place.

    uuid: of the channel, and of the call in agentd's store. gateway: a sofia gateway's name, or a
    dial string with `{number}` in it. target: what an answered call goes to, `EXTENSION XML
    CONTEXT` or `&socket(HOST:PORT async full)`. ring_s: how long it may ring. zone: the callee's
    (IANA name); "" when it is not known.
    """

    uuid: str
    number: str
    gateway: str
    caller_id: str
    ring_s: int
    scenario: str
    columns: Mapping[str, str]
    zone: str = ""
    target: str = "agentd_outbound XML agentd"


def command(dial: Dial) -> str:
    """The argument of `originate`. Raises ValueError on what could not be said unambiguously."""
    for what, pattern, value in (
        ("uuid", _UUID, dial.uuid),
        ("number", _NUMBER, dial.number),
        ("caller id", _NUMBER, dial.caller_id),
        ("target", _TARGET, dial.target),
    ):
        if not pattern.fullmatch(value):
            # Not the number itself: this is logged.
            told = "" if what == "number" else f": {value!r}"
            raise ValueError(f"originate: not a {what}{told}")
    variables = {
        "origination_uuid": dial.uuid,
        "origination_caller_id_number": dial.caller_id,
        "origination_caller_id_name": dial.caller_id,
        "ignore_early_media": "true",
        "originate_timeout": str(dial.ring_s),
        "send_silence_when_idle": "-1",
        ENCODING: "tilde",
        "agentd_call_id": dial.uuid,
        "agentd_phone": _encoded(dial.number),
        "agentd_scenario": _encoded(dial.scenario),
    }
    if dial.zone:
        variables["agentd_zone"] = _encoded(dial.zone)
    for name, value in list(dial.columns.items())[:MOST_COLUMNS]:
        if _COLUMN_NAME.fullmatch(name) and value:
            variables[COLUMN + name] = _encoded(value[:LONGEST_VALUE])
    joined = ",".join(f"{name}={value}" for name, value in variables.items())
    # Unquoted, the argument ends at the first blank and the socket is neither async nor full.
    target = f"'{dial.target}'" if dial.target.startswith("&") else dial.target
    return f"{{{joined}}}{dial_string(dial.gateway, dial.number)} {target}"


def dial_string(gateway: str, number: str) -> str:
    """`sofia/gateway/GATEWAY/NUMBER`, or the template filled in. Raises ValueError."""
    if _GATEWAY.fullmatch(gateway):
        return f"sofia/gateway/{gateway}/{number}"
    if _TEMPLATE.fullmatch(gateway):
        return gateway.replace("{number}", number)
    raise ValueError(f"originate: not a gateway: {gateway!r}")


def check(gateway: str, target: str) -> None:
    """What a campaign names before anybody is called. Raises ValueError."""
    dial_string(gateway, "+33199000000")
    if not _TARGET.fullmatch(target):
        raise ValueError(f"originate: not a target: {target!r}")


def decoded(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of a channel as they were before `command` encoded them; all of them as they are
    when the channel was not placed by it."""
    if variables.get(ENCODING) != "tilde":
        return dict(variables)
    ours = ("agentd_phone", "agentd_scenario", "agentd_zone")
    return {
        name: _decoded(value) if name in ours or name.startswith(COLUMN) else value
        for name, value in variables.items()
    }


def _encoded(value: str) -> str:
    raw = value.encode("utf-8", "replace").replace(b"\0", b"")
    return _SAID.sub(lambda found: b"~%02X" % found[0][0], raw).decode("ascii")


def _decoded(value: str) -> str:
    raw = _CODED.sub(lambda found: bytes([int(found[1], 16)]), value.encode())
    return raw.decode("utf-8", "replace")
