"""A whole simulated switch for a dialer: FreeSWITCH's inbound event socket, `originate`, and a
telephone book of spoken prospects.

Each call goes its way as section 5 of `freeswitch.md` has it: events, their order and causes. One
that is answered is a `SimulatedCall`, which connects to agentd as the socket application does.
Everything placed is told to `ledger`, from outside of the house: what a test believes.
"""

import secrets
import socket
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import gevent
from gevent.pool import Group
from gevent.queue import Full, Queue
from gevent.server import StreamServer

from agentd.simulator import dialling
from agentd.simulator.channel import TICK_MS, Channel
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.commands import Command, CommandParser, CommandTooLong
from agentd.simulator.dialling import Originate, Refused
from agentd.simulator.files import SoundFiles
from agentd.simulator.odometer import Odometer
from agentd.simulator.persona import UNTAKEN, Persona
from agentd.simulator.playing import Samples
from agentd.simulator.recorder import Recorder
from agentd.simulator.switch import SimulatedCall

WAITING = 20_000  # messages for a client that does not read; it is then left
NOT_TAKEN_S = 0.02  # from the INVITE to its refusal, as measured
AFTER_ANSWER_S = 0.02  # from the answer to the BACKGROUND_JOB

Voice = Callable[[Persona], Mapping[str, Samples]]
Told = Callable[[dict[str, Any]], None]


class PhoneBook:
    """Who answers at which number: the persona a number is given to, that has it as its contact's,
    or one chosen by the number among those that are nobody's."""

    def __init__(
        self, personas: Sequence[Persona], numbers: Mapping[str, str] | None = None
    ) -> None:
        """numbers: number to persona name. Raises KeyError on a name there is no persona of."""
        named = {persona.name: persona for persona in personas}
        self._known = {number: named[name] for number, name in (numbers or {}).items()}
        self._personas = list(personas)
        self._calls: dict[str, int] = {}

    def whose(self, number: str) -> Persona:
        """The same for a number each time."""
        if number in self._known:
            return self._known[number]
        return self._personas[zlib.crc32(number.encode()) % len(self._personas)]

    def answer(self, number: str) -> tuple[Persona, str]:
        """Who it is, and how this call to them is answered (`Persona.answer`)."""
        persona = self.whose(number)
        before = self._calls.get(number, 0)
        self._calls[number] = before + 1
        if before < len(persona.earlier):
            return persona, persona.earlier[before]
        return persona, persona.answer


@dataclass
class _Line:
    """One channel of the switch."""

    channel: Channel
    asked: Originate
    killed: str = ""
    call: SimulatedCall | None = None
    over: bool = False


class Exchange:
    """`start`, then `address` is what a dialer's [switch] names."""

    def __init__(
        self,
        book: PhoneBook,
        voice: Voice,
        agentds: Sequence[tuple[str, int]],
        password: str,
        *,
        clock: SimulatedClock | None = None,
        ledger: Told = lambda entry: None,
        dead_gateways: Iterable[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        longest_s: float = 300.0,
        on_recording: Callable[[str, Recorder], None] = lambda uuid, recorder: None,
    ) -> None:
        """agentds: what the dialplan's `socket` actions name, in their order. clock: told to who
        asks by `api simulator_clock`, a command no FreeSWITCH has. dead_gateways: those that
        refuse every call with a 503. ledger: told of each call placed and ended.
        on_recording: given the sound of each call that was answered."""
        self._book, self._voice, self._agentds = book, voice, list(agentds)
        self._password = password
        self._clock = clock
        self._tell = ledger
        self.dead_gateways = set(dead_gateways)
        self._longest_s = longest_s
        self._on_recording = on_recording
        self._files = SoundFiles()
        self._clients: set[_Client] = set()
        self._lines: dict[str, _Line] = {}
        self._calls = Group()
        self._about = Channel(secrets.token_hex(16), datetime.now(UTC))  # for bare events
        self._server = StreamServer((host, port), self._serve)
        self.problems: list[str] = []
        self.odometer = Odometer()

    def start(self) -> None:
        """Listen."""
        self._server.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.server_host, self._server.server_port

    @property
    def calls(self) -> int:
        """Channels there are."""
        return len(self._lines)

    def stop(self) -> None:
        """End everything at once, as a switch that is killed."""
        self._server.stop(timeout=0)
        for client in list(self._clients):
            client.close()
        self._calls.kill(timeout=2)

    # -- the event socket -------------------------------------------------------------------

    def _serve(self, sock: socket.socket, _: object) -> None:
        client = _Client(sock)
        self._clients.add(client)
        try:
            client.send("Content-Type: auth/request\n\n")
            for command in client.commands():
                if not self._obey(client, command):
                    return
        finally:
            self._clients.discard(client)
            client.close()

    def _obey(self, client: "_Client", command: Command) -> bool:
        if command.verb == "auth":
            client.trusted = secrets.compare_digest(command.rest.encode(), self._password.encode())
            client.reply("+OK accepted" if client.trusted else "-ERR invalid")
            if not client.trusted:
                gevent.sleep(0.2)  # the switch says goodbye before it closes
            return client.trusted
        if not client.trusted:
            client.reply("-ERR command not found")
            return True
        match command.verb:
            case "event":
                names = command.rest.upper().split()
                client.events.update(name for name in names if name not in ("PLAIN", "CUSTOM"))
                client.reply("+OK event listener enabled plain")
            case "noevents":
                client.events.clear()
                client.reply("+OK no longer listening for events")
            case "api":
                body = self._api(command.rest).encode()
                head = f"Content-Type: api/response\nContent-Length: {len(body)}\n\n"
                client.send_bytes(head.encode() + body)
            case "bgapi":
                job = command.headers.get("job-uuid", "") or secrets.token_hex(16)
                client.send(
                    f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\n"
                    f"Job-UUID: {job}\n\n"
                )
                self._calls.spawn(self._background, command.rest, job)
            case "exit":
                client.reply("+OK bye")
                return False
            case _:
                client.reply("-ERR command not found")
        return True

    def _api(self, line: str) -> str:
        name, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        match name:
            case "status":
                return f"UP\nFreeSWITCH (Version 1.10.12-release  64bit) is ready\n{self.calls}\n"
            case "version":
                return "FreeSWITCH Version 1.10.12-release~64bit (simulator)\n"
            case "uuid_exists":
                line_ = self._lines.get(rest)
                return "true" if line_ is not None and not line_.over else "false"
            case "uuid_kill":
                uuid, _, cause = rest.partition(" ")
                return self._kill(uuid, cause.strip() or "NORMAL_CLEARING")
            case "simulator_clock" if self._clock is not None:
                if rest:
                    self._clock.advance_to(datetime.fromisoformat(rest))
                return f"{self._clock.now.isoformat()} {self._clock.speed}"
            case "originate":
                return self._originate(rest, "")
        return f"-ERR {name} Command not found!\n"

    def _kill(self, uuid: str, cause: str) -> str:
        line = self._lines.get(uuid)
        if line is None or line.over:
            return "-ERR No such channel!\n"
        line.killed = cause
        if line.call is not None:
            line.call.switch.hang_up(cause, by_peer=False)
        return "+OK\n"

    def _background(self, line: str, job: str) -> None:
        name, _, argument = line.partition(" ")
        body = self._originate(argument, job) if name == "originate" else self._api(line)
        headers = {"Job-UUID": job, "Job-Command": name}
        if argument:
            headers["Job-Command-Arg"] = argument
        if body:
            self._all(self._about, "BACKGROUND_JOB", headers, body=body, bare=True)

    # -- calls ------------------------------------------------------------------------------

    def _originate(self, argument: str, job: str) -> str:
        """The call up to its answer; what the job says of it."""
        try:
            asked = dialling.read(argument)
        except Refused as refused:
            self.problems.append(f"originate {argument[:80]!r}: {refused}")
            return f"{refused}\n"
        uuid = asked.variables.get("origination_uuid") or secrets.token_hex(16)
        if uuid in self._lines:
            self.problems.append(f"the uuid {uuid} was used twice")
            return "-ERR DESTINATION_OUT_OF_ORDER\n"
        presented = asked.variables.get("origination_caller_id_number", "0000000000")
        channel = Channel(
            uuid,
            datetime.now(UTC),
            dialled=asked.number,
            presented=presented,
            socket_args=self._socket_args(asked),
            ringing=True,
        )
        for name, value in asked.variables.items():
            channel.set(name, value)
        line = _Line(channel, asked)
        self._lines[uuid] = line
        self.odometer.begun(self._clock.now if self._clock is not None else datetime.now(UTC))
        persona, answer = self._book.answer(asked.number)
        if asked.gateway in self.dead_gateways:
            answer = "trunk_down"
        self._tell({"placed": uuid, "number": asked.number, "answer": answer})
        for name in ("CHANNEL_OUTGOING", "CHANNEL_CREATE", "CHANNEL_ORIGINATE"):
            self._all(channel, name)
        most = float(asked.variables.get("originate_timeout", "60"))
        if answer in UNTAKEN:
            return self._not_taken(line, answer, most)
        return self._taken(line, persona, most)

    def _not_taken(self, line: _Line, answer: str, most: float) -> str:
        cause, status = UNTAKEN[answer]
        if status is None:
            self._all(line.channel, "CHANNEL_PROGRESS")
        if self._killed(line, most if status is None else NOT_TAKEN_S):
            cause, status = line.killed, None
        line.channel.failed(cause, status)
        return self._end(line, cause)

    def _taken(self, line: _Line, persona: Persona, most: float) -> str:
        channel = line.channel
        if persona.rings:
            self._all(channel, "CHANNEL_PROGRESS")
        if self._killed(line, min(persona.rings, most)) or persona.rings > most:
            cause = line.killed or "NO_ANSWER"
            channel.failed(cause, None)
            return self._end(line, cause)
        channel.tick = round(persona.rings * 1000 / TICK_MS)
        channel.answer()
        self._tell({"answered": channel.uuid})
        self._all(channel, "CHANNEL_ANSWER")
        self._calls.spawn(self._hold, line, persona)
        gevent.sleep(AFTER_ANSWER_S)
        return f"+OK {channel.uuid}\n"

    def _hold(self, line: _Line, persona: Persona) -> None:
        if not self._agentds:
            line.channel.hang_up("NORMAL_TEMPORARY_FAILURE", by_peer=False)
            self._end(line, "NORMAL_TEMPORARY_FAILURE")
            return
        self._all(line.channel, "CHANNEL_EXECUTE", {"Application": "socket"})
        variables = {
            name: value for name, value in line.asked.variables.items() if name[:6] == "agentd"
        }
        call = SimulatedCall(
            persona,
            self._voice(persona),
            self._agentds[0],
            variables,
            self._files,
            others=self._agentds[1:],
            longest_s=self._longest_s,
            channel=line.channel,
            on_gone=lambda: self._gone(line),
        )
        line.call = call
        if line.killed:
            call.switch.hang_up(line.killed, by_peer=False)
        outcome = call.run()
        self._on_recording(line.channel.uuid, call.recorder)
        self.problems += [f"{line.channel.uuid}: {problem}" for problem in outcome.problems]
        if not line.over:  # nobody took it: the dialplan's last action
            line.channel.hang_up("NORMAL_TEMPORARY_FAILURE", by_peer=False)
            self._end(line, "NORMAL_TEMPORARY_FAILURE")

    def _gone(self, line: _Line) -> None:
        assert line.call is not None
        switch = line.call.switch
        if switch.transferred:
            line.channel.hang_up("NORMAL_CLEARING", by_peer=True)
        self._end(line, line.channel.cause or "NORMAL_CLEARING")

    def _end(self, line: _Line, cause: str) -> str:
        if not line.over:
            line.over = True
            self._all(line.channel, "CHANNEL_HANGUP")
            self._all(line.channel, "CHANNEL_HANGUP_COMPLETE")
            self._all(line.channel, "CHANNEL_DESTROY")
            self._tell({"ended": line.channel.uuid, "cause": cause})
            del self._lines[line.channel.uuid]
            self.odometer.ended()
        return f"-ERR {cause}\n"

    def _killed(self, line: _Line, seconds: float) -> bool:
        """Let it ring; true when it was hung up meanwhile."""
        for _ in range(max(1, round(seconds / 0.02))):
            if line.killed:
                return True
            gevent.sleep(0.02)
        return bool(line.killed)

    def _socket_args(self, asked: Originate) -> str:
        if asked.target.startswith("&socket(") and asked.quoted:
            return unquote(asked.target[8:-1])
        host, port = self._agentds[0] if self._agentds else ("127.0.0.1", 8084)
        return f"{host}:{port} async full"

    def _all(
        self,
        channel: Channel,
        name: str,
        extra: dict[str, str] | None = None,
        *,
        body: str = "",
        bare: bool = False,
    ) -> None:
        """An event to whoever listens for it."""
        listening = [c for c in self._clients if name in c.events or "ALL" in c.events]
        if listening:
            _, data = channel.event(name, extra, body=body, bare=bare)
            for client in listening:
                client.send_bytes(data)


class _Client:
    """One connection to the event socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.trusted = False
        self.events: set[str] = set()
        self._sock = sock
        self._parser = CommandParser()
        self._outbox: Queue[bytes | None] = Queue(maxsize=WAITING)
        self._writer = gevent.spawn(self._write)

    def commands(self) -> Iterable[Command]:
        """Until the connection ends."""
        try:
            while data := self._sock.recv(65_536):
                yield from self._parser.feed(data)
        except (OSError, CommandTooLong):
            return

    def send(self, text: str) -> None:
        self.send_bytes(text.encode())

    def send_bytes(self, data: bytes) -> None:
        try:
            self._outbox.put_nowait(data)
        except Full:
            self.close()

    def reply(self, text: str) -> None:
        self.send(f"Content-Type: command/reply\nReply-Text: {text}\n\n")

    def close(self) -> None:
        try:
            self._outbox.put_nowait(None)
        except Full:
            self._writer.kill(block=False)
            self._sock.close()

    def _write(self) -> None:
        try:
            while (data := self._outbox.get()) is not None:
                self._sock.sendall(data)
        except OSError:
            pass
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()
