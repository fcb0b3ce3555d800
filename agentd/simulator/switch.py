"""One simulated call: the switch's channel, and the prospect on its line.

Connects to agentd as the socket application does, obeys its commands with FreeSWITCH's timings, and
moves the media every 20 ms of real time.
"""

import socket
import time
import uuid as uuids
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import gevent
import soundfile
from gevent.threadpool import ThreadPool

from agentd.simulator import wire
from agentd.simulator.fork_client import ForkClient
from agentd.simulator.media import (
    RATE_HZ,
    SILENT,
    TICK,
    TICK_MS,
    Channel,
    Loop,
    Samples,
    Upsampler,
    mix,
    read,
    rms,
)
from agentd.simulator.persona import Persona
from agentd.simulator.prospect import Prospect

HEARD_RMS = 120.0  # of what is played, before the background is added: the agent speaks
BROADCAST_MS, BROADCAST_GAP_MS = 120, 100
LOST_BREAK_MS = 90  # a break this soon after uuid_broadcast is answered +OK and does nothing
LONGEST_S = 300.0

_files: dict[str, Samples] = {}
_reader = ThreadPool(1)


def _load(path: str) -> Samples:
    """A file, read once a process and off the loop: the media clock waits for nobody."""
    if path not in _files:
        _files[path] = _reader.apply(read, (path,))
        if len(_files) > 500:
            _files.pop(next(iter(_files)))
    return _files[path]


@dataclass
class _Playback:
    argument: str
    variables: dict[str, str]
    samples: Samples
    start: int
    app_uuid: str
    ready_at: int  # tick from which it may begin
    broadcast: bool = False
    position: int = 0
    begun: bool = False
    queued_at: int = 0


@dataclass
class Outcome:
    """What the switch knows when the call is over."""

    cause: str = ""
    prospect: list[Samples] = field(default_factory=list)
    agent: list[Samples] = field(default_factory=list)
    late_ticks: int = 0
    error: str = ""


class SimulatedCall:
    """`run` holds the call to its end."""

    def __init__(
        self,
        persona: Persona,
        sounds: Mapping[str, Samples],
        address: tuple[str, int],
        variables: Mapping[str, str],
        seed: int = 0,
    ) -> None:
        self.uuid = str(uuids.uuid4())
        self.persona = persona
        self.prospect = Prospect(persona.turns, sounds)
        self.outcome = Outcome()
        self._address = address
        self._variables = dict(variables)
        self._channel = Channel(persona.line, seed)
        self._upsampler = Upsampler()
        self._subscription = wire.Subscription()
        self._queue: deque[_Playback] = deque()
        self._background: dict[str, Loop] = {}
        self._forks: dict[str, ForkClient] = {}
        self._tick = 0
        self._break_at: int | None = None
        self._linger: int | None = None
        self._hangup_cause = ""
        self._sequence = 0

    def run(self) -> Outcome:
        """Place the call and hold it. The outcome says what happened; nothing is raised."""
        try:
            self._socket = socket.create_connection(self._address, 5.0)
        except OSError as error:
            self.outcome.error = f"agentd does not answer at {self._address}: {error}"
            self.outcome.cause = "NORMAL_CLEARING"
            return self.outcome
        reader = gevent.spawn(self._read)
        try:
            if self.persona.answer == "machine":
                self.prospect.say(self.persona.greeting)
            self._media()
        finally:
            for fork in self._forks.values():
                fork.stop()
            self._say_goodbye()
            reader.kill()
            self._socket.close()
        self.outcome.cause = self._hangup_cause
        return self.outcome

    # -- media ------------------------------------------------------------------------------

    def _media(self) -> None:
        started = time.monotonic()
        while not self._hangup_cause:
            self._tick += 1
            due = started + self._tick * TICK_MS / 1000
            late = time.monotonic() - due
            if late < 0:
                gevent.sleep(-late)
            else:
                self.outcome.late_ticks += late > TICK_MS / 1000
                gevent.sleep(0)
            self._move()
            if self._tick * TICK_MS > LONGEST_S * 1000:
                self.outcome.error = f"the call was still going on after {LONGEST_S:g} s"
                self._hangup("ALLOTTED_TIMEOUT")

    def _move(self) -> None:
        prompt = self._play()
        heard = rms(prompt) > HEARD_RMS
        ours = prompt
        for loop in list(self._background.values()):
            ours = mix(ours, loop.tick())
        said, do = self.prospect.tick(heard)
        line = self._channel.tick(said, ours)
        self.outcome.prospect.append(line)
        self.outcome.agent.append(ours)
        audio = self._upsampler.tick(line)
        for fork in list(self._forks.values()):
            fork.send(audio)
        if do is not None and do.dtmf:
            self._event("DTMF", {"DTMF-Digit": do.dtmf, "DTMF-Duration": "2000"})
        if do is not None and do.hangup:
            self._hangup("NORMAL_CLEARING")

    def _play(self) -> Samples:
        if self._break_at is not None and self._tick >= self._break_at:
            self._break_at = None
            if self._queue and self._queue[0].begun:
                self._end(self._queue.popleft(), "break")
        if not self._queue or self._tick < self._queue[0].ready_at:
            return SILENT
        current = self._queue[0]
        if not current.begun:
            current.begun = True
            current.position = current.start
            self._event("CHANNEL_EXECUTE", self._execution(current))
            self._event("PLAYBACK_START", self._playback(current))
        frame = current.samples[current.position : current.position + TICK]
        current.position += len(frame)
        if current.position >= len(current.samples):
            self._end(self._queue.popleft(), "done")
        if len(frame) < TICK:
            whole = SILENT.copy()
            whole[: len(frame)] = frame
            return whole
        return frame

    def _end(self, playback: _Playback, status: str) -> None:
        played = str(playback.position)
        counts = {"variable_playback_last_offset_pos": played, "variable_playback_samples": played}
        self._event(
            "PLAYBACK_STOP", {**self._playback(playback), "Playback-Status": status, **counts}
        )
        self._event(
            "CHANNEL_EXECUTE_COMPLETE",
            {**self._execution(playback), "Application-Response": "FILE PLAYED", **counts},
        )
        if self._queue and self._queue[0].broadcast:
            self._queue[0].ready_at = self._tick + BROADCAST_GAP_MS // TICK_MS

    @staticmethod
    def _execution(playback: _Playback) -> dict[str, str]:
        return {
            "Application": "playback",
            "Application-Data": playback.argument,
            "Application-UUID": playback.app_uuid,
        }

    @staticmethod
    def _playback(playback: _Playback) -> dict[str, str]:
        return {"Playback-File-Path": playback.argument, **playback.variables}

    # -- commands ---------------------------------------------------------------------------

    def _read(self) -> None:
        reader = wire.CommandReader()
        try:
            while True:
                try:
                    data = self._socket.recv(65_536)
                except TimeoutError:
                    continue
                if not data:
                    break
                for command in reader.feed(data):
                    self._obey(command)
        except OSError:
            pass
        # &socket() from originate: the call does not outlive its application.
        if not self._hangup_cause:
            self.outcome.error = self.outcome.error or "agentd closed the connection"
            self._hangup("NORMAL_CLEARING")

    def _obey(self, command: wire.Command) -> None:
        word, _, rest = command.line.partition(" ")
        match word:
            case "connect":
                self._send(wire.connect_reply(self._describe()))
            case "linger":
                self._linger = int(rest) if rest.isdigit() else -1
                seconds = f" {rest} seconds" if rest else ""
                self._send(wire.reply(f"+OK will linger{seconds}"))
            case "myevents":
                self._subscription.myevents()
                self._send(wire.reply("+OK Events Enabled"))
            case "event":
                self._subscription.add(rest.split()[1:])
                self._send(wire.reply("+OK event listener enabled plain"))
            case "sendmsg":
                self._message(command)
            case "api":
                self._send(wire.api_response(self._api(rest)))
            case "bgapi":
                job = str(uuids.uuid4())
                self._send(wire.reply(f"+OK Job-UUID: {job}", Job_UUID=job))
                self._event("BACKGROUND_JOB", {"Job-UUID": job}, self._api(rest))
            case "exit":
                self._send(wire.reply("+OK bye"))
            case _:
                self._send(wire.reply("-ERR command not found"))

    def _message(self, command: wire.Command) -> None:
        self._send(wire.reply("+OK"))
        if command.headers.get("call-command") == "hangup":
            self._hangup(command.headers.get("hangup-cause") or "NORMAL_CLEARING")
            return
        app = command.headers.get("execute-app-name", "")
        argument = command.headers.get("execute-app-arg") or command.body
        app_uuid = command.headers.get("event-uuid") or str(uuids.uuid4())
        if app == "playback":
            self._enqueue(argument, app_uuid, broadcast=False)
        elif app == "hangup":
            self._hangup(argument or "NORMAL_CLEARING")
        elif app == "transfer":
            self._transfer()
        elif app == "set":
            name, _, value = argument.partition("=")
            self._variables[name] = value
        elif app not in ("answer", "sleep", "record_session", "export"):
            self._hangup("DESTINATION_OUT_OF_ORDER")

    def _enqueue(self, argument: str, app_uuid: str, *, broadcast: bool) -> None:
        variables, path = {}, argument
        if argument.startswith("{"):
            head, _, path = argument[1:].partition("}")
            variables = dict(p.split("=", 1) for p in head.split(",") if "=" in p)
        path, _, start = path.partition("@@")
        try:
            samples = _load(path)
        except (OSError, soundfile.SoundFileError):
            missing = {
                "Application": "playback",
                "Application-Data": argument,
                "Application-UUID": app_uuid,
            }
            self._event("CHANNEL_EXECUTE", missing)
            self._event(
                "CHANNEL_EXECUTE_COMPLETE", {**missing, "Application-Response": "FILE NOT FOUND"}
            )
            return
        ready = self._tick + (BROADCAST_MS // TICK_MS if broadcast else 1)
        playback = _Playback(
            argument, variables, samples, int(start or 0), app_uuid, ready, broadcast
        )
        playback.queued_at = self._tick
        self._queue.append(playback)

    def _api(self, line: str) -> str:
        name, _, rest = line.partition(" ")
        target, _, arguments = rest.partition(" ")
        if name == "uuid_exists":
            return "true" if target == self.uuid and not self._hangup_cause else "false"
        if not name.startswith("uuid_"):
            return f"-ERR {name} Command not found!\n"
        if target != self.uuid or self._hangup_cause:
            return "-ERR No such channel!\n"
        handler: Callable[[list[str]], str] | None = getattr(self, f"_api_{name[5:]}", None)
        if handler is None:
            return f"-ERR {name} Command not found!\n"
        return handler(arguments.split(" ", 5))

    def _api_break(self, words: list[str]) -> str:
        if self._queue and self._queue[0].broadcast and not self._queue[0].begun:
            since = (self._tick - self._queue[0].queued_at) * TICK_MS
            if since < LOST_BREAK_MS:
                return "+OK\n"
        if "all" in words:
            begun = [p for p in self._queue if p.begun]
            self._queue.clear()
            self._queue.extend(begun)
        self._break_at = self._tick + 1
        return "+OK\n"

    def _api_broadcast(self, words: list[str]) -> str:
        self._enqueue(words[0], str(uuids.uuid4()), broadcast=True)
        return "+OK Message sent\n"

    def _api_displace(self, words: list[str]) -> str:
        action, path = words[0], words[1] if len(words) > 1 else ""
        if action == "stop":
            return "+OK\n" if self._background.pop(path, None) else "-ERR Cannot stop displace\n"
        try:
            samples = _load(path)
        except (OSError, soundfile.SoundFileError):
            return "-ERR Cannot displace session!\n"
        if path in self._background or "l" not in (words[3] if len(words) > 3 else ""):
            return "-ERR Cannot displace session!\n"
        self._background[path] = Loop(samples)
        return "+OK\n"

    def _api_audio_fork(self, words: list[str]) -> str:
        action = words[0]
        if action == "start":
            if len(words) < 4:
                return (
                    "-USAGE: <uuid> [start|stop|...] [wss-url] [mono|mixed|stereo] [8000|16000]\n"
                )
            name = words[4] if len(words) > 4 else "audio_fork"
            if name in self._forks:
                return "-ERR Operation Failed\n"
            metadata = words[5] if len(words) > 5 else ""
            self._forks[name] = ForkClient(words[1], metadata, self._fork_event)
            return "+OK Success\n"
        name = words[1] if len(words) > 1 else "audio_fork"
        if action == "stop" and name in self._forks:
            self._forks.pop(name).stop()
            return "+OK Success\n"
        return "-ERR Operation Failed\n"

    def _api_transfer(self, words: list[str]) -> str:
        gevent.spawn_later(0.05, self._transfer)
        return "+OK\n"

    def _api_kill(self, words: list[str]) -> str:
        self._hangup(words[0] or "NORMAL_CLEARING")
        return "+OK\n"

    def _transfer(self) -> None:
        """The channel leaves the application; for us that is where the call ends."""
        self._hangup("TRANSFERRED")

    # -- events -----------------------------------------------------------------------------

    def _fork_event(self, subclass: str, body: str) -> None:
        self._event("CUSTOM", {"Event-Subclass": subclass}, body)

    def _hangup(self, cause: str) -> None:
        if self._hangup_cause:
            return
        self._hangup_cause = cause
        if self._queue and self._queue[0].begun:
            self._end(self._queue.popleft(), "done")

    def _say_goodbye(self) -> None:
        headers = {"Hangup-Cause": self._hangup_cause, "variable_hangup_cause": self._hangup_cause}
        for name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            self._event(name, headers)
        if self._linger is not None:
            self._send(wire.linger_notice(self.uuid, self._name, self._linger))
            gevent.sleep(0.1)
        self._send(wire.disconnect_notice(self.uuid))

    def _event(self, name: str, headers: Mapping[str, str], body: str = "") -> None:
        if self._subscription.wants(name, headers.get("Event-Subclass", "")):
            self._sequence += 1
            base = {"Event-Name": name, "Event-Sequence": str(self._sequence), **self._state()}
            self._send(wire.event({**base, **headers}, body))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            return  # the reader sees the end

    @property
    def _name(self) -> str:
        return "sofia/internal/prospect@127.0.0.1:5060"

    def _state(self) -> dict[str, str]:
        return {
            "Core-UUID": "5170c5c0-0000-4000-8000-000000000000",
            "FreeSWITCH-Hostname": "simulator",
            "Unique-ID": self.uuid,
            "Channel-Call-UUID": self.uuid,
            "Channel-Name": self._name,
            "Channel-State": "CS_EXECUTE",
            "Answer-State": "answered",
            "Call-Direction": "outbound",
            "Caller-Destination-Number": self.persona.contact.phone,
            "Channel-Read-Codec-Name": self.persona.line.codec.upper(),
            "Channel-Read-Codec-Rate": str(RATE_HZ),
        }

    def _describe(self) -> dict[str, str]:
        variables = {f"variable_{name}": value for name, value in self._variables.items()}
        return {"Event-Name": "CHANNEL_DATA", **self._state(), **variables}
