"""A real FreeSWITCH, by its event socket: calls are placed, and what plays is watched."""

import time
from collections.abc import Callable
from urllib.parse import unquote

import gevent

from agentd.errors import SwitchError
from agentd.switch.esl import Message
from agentd.switch.inbound import InboundSession

EVENTS = (
    "CHANNEL_CREATE",
    "CHANNEL_ANSWER",
    "CHANNEL_EXECUTE",
    "CHANNEL_HANGUP_COMPLETE",
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "BACKGROUND_JOB",
)


def until(true: Callable[[], object], timeout: float = 10.0, what: str = "it never came") -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, what
        gevent.sleep(0.05)


class LiveSwitch:
    """`address`: PASSWORD@HOST:PORT of its event socket."""

    def __init__(self, address: str) -> None:
        password, _, place = address.rpartition("@")
        host, _, port = place.rpartition(":")
        self.host, self.port, self.password = host, int(port), password
        self.events: list[tuple[float, Message]] = []
        self._session = InboundSession(host, self.port, password)
        self._session.connect()
        for event in EVENTS:
            self._session.on(event, self._take)
        self._session.command("event plain " + " ".join(EVENTS))

    def _take(self, message: Message) -> None:
        self.events.append((time.monotonic(), message))

    def api(self, line: str) -> str:
        return self._session.api(line)

    def variable(self, name: str) -> str:
        return self.api(f"global_getvar {name}").strip()

    def originate(self, uri: str, number: int = 0, **variables: str) -> "LiveCall":
        """As the dialer will: the answered call goes to the shipped extension."""
        return self.call(f"sofia/internal/{uri}", "agentd_outbound XML agentd", number, **variables)

    def call(self, place: str, then: str, number: int = 0, **variables: str) -> "LiveCall":
        """An originate of our own: `then` is what the answered call gets."""
        uuid = self.api("create_uuid").strip()
        given = {
            "origination_uuid": uuid,
            "ignore_early_media": "true",
            "origination_caller_id_number": "+33199000001",
            "agentd_scenario": "finance",
            "agentd_call_id": f"live-{uuid}",
            "agentd_phone": f"+3319900{number:04d}",
            "agentd_contact_first_name": "Claire",
            "agentd_contact_last_name": "Martin",
            **variables,
        }
        asked = ",".join(f"{name}={value}" for name, value in given.items())
        self._session.command(f"bgapi originate {{{asked}}}{place} {then}")
        return LiveCall(self, uuid)

    def incoming(self) -> "LiveCall":
        """The latest channel that somebody else made."""
        until(lambda: self._of("CHANNEL_CREATE"))
        return LiveCall(self, self._of("CHANNEL_CREATE")[-1][1].get("Unique-ID"))

    def _of(self, name: str, uuid: str = "") -> list[tuple[float, Message]]:
        return [
            (at, m)
            for at, m in self.events
            if m.event == name and (not uuid or m.get("Unique-ID") == uuid)
        ]

    @property
    def channels(self) -> int:
        return int(self.api("show channels count").strip().split()[0])

    def close(self) -> None:
        self._session.close()


class LiveCall:
    """One channel of it."""

    def __init__(self, switch: LiveSwitch, uuid: str) -> None:
        self.uuid = uuid
        self.id = f"live-{uuid}"
        self._switch = switch

    def of(self, name: str) -> list[tuple[float, Message]]:
        """(when, event) of that name."""
        return self._switch._of(name, self.uuid)

    @property
    def exists(self) -> bool:
        try:
            return self._switch.api(f"uuid_exists {self.uuid}").strip() == "true"
        except SwitchError:
            return False

    @property
    def cause(self) -> str:
        """Of the hangup; empty while the channel is up."""
        ended = self.of("CHANNEL_HANGUP_COMPLETE")
        return ended[0][1].get("Hangup-Cause") if ended else ""

    @property
    def playing(self) -> bool:
        return len(self.of("PLAYBACK_START")) > len(self.of("PLAYBACK_STOP"))

    @property
    def quiet_since(self) -> float:
        """When the agent's latest prompt ended; infinity while one plays or before the first."""
        stops = self.of("PLAYBACK_STOP")
        return stops[-1][0] if stops and not self.playing else float("inf")

    @property
    def played(self) -> list[str]:
        """Names of the files, in order."""
        paths = [unquote(m.get("Playback-File-Path")) for _, m in self.of("PLAYBACK_START")]
        return [path.rpartition("/")[2].partition("@@")[0] for path in paths]

    def turn(self, after: float, timeout: float = 25.0) -> float:
        """Wait until the agent has said something since `after` and is silent; when it fell so."""

        def mine() -> bool:
            starts = self.of("PLAYBACK_START")
            if self.cause:
                return True
            spoke = bool(starts) and starts[-1][0] > after
            return spoke and self.quiet_since < time.monotonic() - 0.4

        until(mine, timeout, f"the agent said nothing: {self.played}")
        assert not self.cause, f"hung up: {self.cause}, {self.played}"
        return self.quiet_since
