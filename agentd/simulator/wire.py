"""FreeSWITCH's side of the outbound event socket, for one call. Pure: no socket, no clock.

`receive` takes the client's bytes, `tick` moves the call on by 20 ms, and `drain` gives what is to
be done outside: bytes to send, audio forks to start and stop, the connection to close. What each
command answers, which events follow it and in which order is `freeswitch.md` section 1 and its
transcripts.
"""

import re
from collections.abc import Callable

from agentd.simulator import api
from agentd.simulator.channel import Channel
from agentd.simulator.commands import Command, CommandParser, CommandTooLong
from agentd.simulator.effects import Close, Effect, ForkDo, RecordStart, RecordStop, Send
from agentd.simulator.playing import (
    SILENT,
    TICK_MS,
    Application,
    Player,
    Samples,
    Sound,
    Step,
    Told,
    mixed,
    split_argument,
)

FIRST_COMMAND_MS = 24_800  # silence after which FreeSWITCH closes the socket
ZOMBIE_MS = 5  # a connection closed this soon after `connect` leaves the channel parked
_FILES = (RecordStart, RecordStop)
FAREWELL = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
# What `myevents` listens to, of what this switch tells.
MY_EVENTS = {
    "CHANNEL_ANSWER",
    "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_PARK",
    "CHANNEL_STATE",
    "CHANNEL_UNPARK",
}
# Applications that take no time here. park and log do nothing a caller could hear.
INSTANT = frozenset(
    ("answer", "export", "hangup", "log", "multiset", "park", "set", "transfer", "unset")
)


class Switch:
    """One channel and the client that controls it."""

    def __init__(
        self,
        channel: Channel,
        read: Callable[[str], Sound | None],
        may_write: Callable[[str], bool] = lambda path: True,
    ) -> None:
        """read: a sound file by its path, None where it cannot be read; must not wait.
        may_write: whether a recording can be made at a path."""
        self.channel = channel
        self.read = read
        self.may_write = may_write
        self.records: set[str] = set()
        self.player = Player(self._tell, self._apply, INSTANT)
        silence = channel.variables.get("send_silence_when_idle", "0")
        self.player.idle_silence = silence not in ("", "0")
        self.forks: set[str] = set()
        self.problems: list[str] = []
        self.cause = ""
        self.transferred = ""
        self.closed = False
        self._parser = CommandParser()
        self._out: list[Effect] = []
        self._events: set[str] = set()
        self._customs: set[str] = set()
        self._filters: list[tuple[str, str]] = []
        self._connected = False
        self._linger_s: int | None = None
        self._serial = 0
        self._park_due = False
        self._finish_due = False
        self._close_at: int | None = None  # tick

    # -- outside ----------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Is there something to `drain`?"""
        return bool(self._out)

    def drain(self) -> list[Effect]:
        """What is to be done now, in order."""
        out, self._out = self._out, []
        return out

    def receive(self, data: bytes) -> None:
        """Bytes of the client."""
        for command in self.parse(data):
            self.obey(command)

    def parse(self, data: bytes) -> list[Command]:
        """Commands completed by `data`; a runaway one ends the connection."""
        try:
            return self._parser.feed(data)
        except CommandTooLong as error:
            self.problem(str(error))
            self._disconnect()
            return []

    def peer_closed(self, since_connect_ms: float) -> None:
        """The client has closed its side, so long after our answer to `connect`."""
        if self.closed or self.gone:
            self.closed = True
            if self._finish_due:  # a client quicker than our tick: the channel ends all the same
                self._finish_due = False
                self._finish()
            return
        self.closed = True
        if not self._connected or since_connect_ms < ZOMBIE_MS:
            when = f"{since_connect_ms:.0f} ms after" if self._connected else "before"
            self.problem(f"agentd closed the connection {when} connect: the channel stays parked")
        else:
            self.problem("agentd closed the connection during the call")
        self.hang_up("NORMAL_CLEARING", by_peer=False)

    def hand_on(self, since_connect_ms: float) -> bool:
        """The client has closed its side and the dialplan has another `socket` action: a new
        session of the same live channel, which goes on playing what it plays. False when the
        channel is over, or parked for ever (see `peer_closed`)."""
        parked = not self._connected or since_connect_ms < ZOMBIE_MS
        if self.closed or self.gone or parked:
            return False
        self._parser = CommandParser()
        self._events, self._customs, self._filters = set(), set(), []
        self._connected = self._park_due = False
        self._linger_s = None
        self._out = [effect for effect in self._out if not isinstance(effect, Send)]
        return True

    def dtmf(self, digit: str) -> None:
        """A digit came from the far end."""
        headers = {"DTMF-Digit": digit, "DTMF-Duration": "2000", "DTMF-Source": "RTP"}
        self._event("DTMF", headers)

    def fork_event(self, name: str, body: str = "") -> None:
        """Something mod_audio_fork tells: `connect`, `connect_failed`, `disconnect`, ..."""
        if not self.gone:
            self._event("CUSTOM", subclass=f"mod_audio_fork::{name}", body=body)

    def add(self, effect: Effect) -> None:
        """One more thing to do outside."""
        self._out.append(effect)

    def crash(self, why: str) -> None:
        """The whole switch dies: the connection breaks off and no event is told."""
        self.problem(why)
        self.closed = True
        self.cause = "SWITCH_CRASHED"
        self.player.stop()
        self._out.append(Close())

    @property
    def gone(self) -> bool:
        """Has the channel ended, or left us?"""
        return bool(self.cause or self.transferred)

    # -- time -------------------------------------------------------------------------------

    def tick(self) -> tuple[Samples, Samples]:
        """20 ms: what is played (prompts alone, with what is laid over them)."""
        prompt, base, over = self.step()
        return prompt, base if over is None else mixed(base, over)

    def step(self) -> Step:
        """See `Player.step`."""
        self.channel.tick += 1
        now = self.channel.tick
        if not self._connected and now * TICK_MS >= FIRST_COMMAND_MS and not self.closed:
            self.problem("agentd never sent connect: the channel stays parked")
            self._disconnect()
        if self._park_due:
            self._park_due = False
            self._event("CHANNEL_PARK")
        over = self.cause or self.transferred  # `gone`
        frames = (SILENT, SILENT, None) if over else self.player.step()
        if self._finish_due:
            self._finish_due = False
            self._finish()
        if self._close_at is not None and now >= self._close_at:
            self._disconnect()
        return frames

    # -- ending -----------------------------------------------------------------------------

    def hang_up(self, cause: str, *, by_peer: bool) -> None:
        """End the call. by_peer: the far end did it."""
        if self.gone:
            return
        self.cause = cause if re.fullmatch(r"[A-Z_]+", cause) else "NORMAL_CLEARING"
        self.channel.hang_up(self.cause, by_peer=by_peer)
        self._event("CHANNEL_HANGUP")
        self.player.forget()
        self._finish_due = True

    def leave(self, extension: str) -> None:
        """The channel goes on elsewhere in the dialplan, out of the client's hands."""
        if not self.gone:
            self.transferred = extension
            self.player.forget()
            self._finish_due = True

    def _finish(self) -> None:
        self.player.stop()
        for name in sorted(self.forks):
            self._out.append(ForkDo(name, "hangup"))
        self._out += [RecordStop(path) for path in sorted(self.records)]
        self.records.clear()
        self.forks.clear()
        if self.closed:
            return  # the client has left: there is nobody to tell
        self._event("CHANNEL_UNPARK")
        socket = {"Application": "socket", "Application-Data": self.channel.socket_args}
        response = self.channel.variables.get("current_application_response", "_none_")
        socket |= {"Application-Response": response, "Application-UUID": self.channel.uuid}
        self._event("CHANNEL_EXECUTE_COMPLETE", socket)
        if self.transferred:
            self._disconnect()
            return
        self.channel.state, self.channel.state_number = "CS_HANGUP", 10
        self._event("CHANNEL_STATE")
        self.channel.state, self.channel.state_number = "CS_REPORTING", 11
        self.channel.call_state = "HANGUP"
        self._event("CHANNEL_STATE")
        self._event("CHANNEL_HANGUP_COMPLETE")
        if self._linger_s is None:
            self._disconnect()
            return
        self._send(
            "Content-Type: text/disconnect-notice\n"
            f"Controlled-Session-UUID: {self.channel.uuid}\n"
            "Content-Disposition: linger\n"
            f"Channel-Name: {self.channel.name}\n"
            f"Linger-Time: {self._linger_s}\n"
            "Content-Length: 0\n\n"
        )
        if self._linger_s >= 0:  # on a whole-second clock: 3 s take 3.95
            self._close_at = self.channel.tick + (self._linger_s * 1000 + 700) // TICK_MS

    def _disconnect(self) -> None:
        if self.closed:
            return
        self._send(
            "Content-Type: text/disconnect-notice\n"
            f"Controlled-Session-UUID: {self.channel.uuid}\n"
            "Content-Disposition: disconnect\n"
            f"Content-Length: {len(FAREWELL)}\n\n{FAREWELL}"
        )
        self.closed = True
        self._out.append(Close())
        if not self.gone:
            self.hang_up("NORMAL_CLEARING", by_peer=False)

    # -- commands ---------------------------------------------------------------------------

    def obey(self, command: Command) -> None:
        """Carry out one command and answer it."""
        if self.closed:
            return
        match command.verb:
            case "connect":
                self._connected = self._park_due = True
                self._out.append(Send(self.channel.data()))
            case _ if not self._connected:
                self._reply("-ERR command not found")
            case "linger" | "event" | "myevents" | "api" | "bgapi" if self.channel.static:
                self._reply("-ERR command not found")
            case "linger":
                seconds = command.rest
                self._linger_s = int(seconds) if seconds.isdigit() else -1
                self._reply("+OK will linger" + (f" {seconds} seconds" if seconds else ""))
            case "myevents":
                self._events |= MY_EVENTS
                self._reply("+OK Events Enabled")
            case "event":
                self._listen(command.rest)
            case "noevents":
                self._events, self._customs = set(), set()
                self._reply("+OK no longer listening for events")
            case "divert_events":
                self._reply(f"+OK events {'diverted' if command.rest == 'on' else 'not diverted'}")
            case "filter":
                name, _, value = command.rest.partition(" ")
                self._filters.append((name, value))
                self._reply(f"+OK filter added. [{name}]=[{value}]")
            case "sendmsg":
                self._message(command)
            case "api":
                before, self._out = self._out, []
                body = api.answer(self, command.rest).encode()
                head = f"Content-Type: api/response\nContent-Length: {len(body)}\n\n"
                # The answer goes out before the events the command caused, and after its files.
                files = [effect for effect in self._out if isinstance(effect, _FILES)]
                rest = [effect for effect in self._out if not isinstance(effect, _FILES)]
                self._out = [*before, *files, Send(head.encode() + body), *rest]
            case "bgapi":
                self._background(command)
            case "exit":
                self._reply("+OK bye")
                if not self.gone:
                    self.problem("agentd sent exit during the call")
                self._disconnect()
            case _:
                self.problem(f"agentd sent {command.verb!r}, which is no command")
                self._reply("-ERR command not found")

    def _listen(self, rest: str) -> None:
        words = rest.split()
        form = words.pop(0) if words and words[0] in ("plain", "json", "xml") else "plain"
        if form != "plain":
            self.problem(f"agentd asked for {form} events; this switch writes plain ones only")
        names, customs = words, []
        if "CUSTOM" in words:
            at = words.index("CUSTOM")
            names, customs = words[: at + 1], words[at + 1 :]
        self._events.update(name.upper() for name in names)
        self._customs.update(customs)
        self._reply(f"+OK event listener enabled {form}")

    def _message(self, command: Command) -> None:
        target = command.rest
        if target and target != self.channel.uuid:
            self._reply(f"-ERR invalid session id [{target}]")
            return
        self._reply("+OK")
        if self.gone:
            return
        headers = command.headers
        kind = headers.get("call-command", "")
        if kind == "hangup":
            cause = headers.get("hangup-cause", "") or "NORMAL_CLEARING"
            name, argument = "hangup", cause
        elif kind == "execute":
            name = headers.get("execute-app-name", "")
            argument = headers.get("execute-app-arg", "") or command.body
        else:
            self.problem(f"agentd sent a message with call-command {kind!r}")
            return
        self.queue(
            name,
            argument,
            headers.get("event-uuid", ""),
            locked=headers.get("event-lock", "").lower() == "true",
            silent=kind == "hangup",
        )

    def queue(
        self,
        name: str,
        argument: str,
        uuid: str = "",
        *,
        locked: bool,
        broadcast: bool = False,
        silent: bool = False,
    ) -> None:
        """Put an application in the channel's queue. silent: a command, not an application."""
        echoed: dict[str, str] = {}
        start, sound = 0, None
        if name == "playback":
            echoed, path, start = split_argument(argument)
            sound = self.read(path)
        if silent:
            name = "*hangup"
        uuid = uuid or self._fresh()
        self.player.queue(
            Application(name, argument, uuid, locked, sound, start, echoed, broadcast)
        )

    def _background(self, command: Command) -> None:
        job = command.headers.get("job-uuid", "") or self._fresh()
        self._send(
            f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\nJob-UUID: {job}\n\n"
        )
        name, _, argument = command.rest.partition(" ")
        headers = {"Job-UUID": job, "Job-Owner-UUID": self.channel.uuid, "Job-Command": name}
        if argument:
            headers["Job-Command-Arg"] = argument
        body = api.answer(self, command.rest)
        self._event("BACKGROUND_JOB", headers, body=body, bare=True)

    def _fresh(self) -> str:
        """An id nobody else has."""
        self._serial += 1
        return f"{self._serial:08x}{self.channel.uuid[8:]}"

    # -- applications -----------------------------------------------------------------------

    def _apply(self, application: Application) -> None:
        argument = application.argument
        match application.name:
            case "set" | "export":
                name, _, value = argument.removeprefix("nolocal:").partition("=")
                self.channel.set(name.strip(), value)
            case "multiset":
                for pair in argument.split():
                    name, _, value = pair.partition("=")
                    self.channel.set(name, value)
            case "unset":
                self.channel.set(argument, "")
            case "hangup" | "*hangup":
                self.hang_up(argument or "NORMAL_CLEARING", by_peer=False)
            case "transfer":
                self.leave(argument)
            case "answer" | "log" | "park":
                pass
            case name:
                self.problem(f"agentd executed {name!r}, an application this switch lacks")
                self.hang_up("DESTINATION_OUT_OF_ORDER", by_peer=False)

    def _tell(self, told: Told) -> None:
        """An event of the player, with the variables FreeSWITCH keeps about what is executed."""
        variables = self.channel.set
        if told.name == "CHANNEL_EXECUTE":
            variables("current_application_response", "")
            variables("current_loop", "1")
            variables("total_loops", "1")
            variables("current_application", told.headers["Application"])
            variables("current_application_data", told.headers.get("Application-Data", ""))
        elif told.name == "PLAYBACK_START":
            variables("current_application", "playback")
        for name, value in told.variables.items():
            variables(name, value)
        response = told.headers.get("Application-Response", "")
        if response not in ("", "_none_"):
            variables("current_application_response", response)
        self._event(told.name, told.headers)
        if told.name == "CHANNEL_EXECUTE_COMPLETE":
            variables("current_loop", "")
            variables("total_loops", "")

    # -- sending ----------------------------------------------------------------------------

    def problem(self, text: str) -> None:
        """Something a correct client never does, or that this switch cannot do."""
        if text not in self.problems:
            self.problems.append(text)

    def _reply(self, text: str) -> None:
        self._send(f"Content-Type: command/reply\nReply-Text: {text}\n\n")

    def _send(self, text: str) -> None:
        self._out.append(Send(text.encode()))

    def _event(
        self,
        name: str,
        extra: dict[str, str] | None = None,
        *,
        subclass: str = "",
        body: str = "",
        bare: bool = False,
    ) -> None:
        if self.closed or not self._wanted(name, subclass):
            return
        shown, data = self.channel.event(name, extra, subclass=subclass, body=body, bare=bare)
        if not self._filters or any(value in shown.get(key, "") for key, value in self._filters):
            self._out.append(Send(data))

    def _wanted(self, name: str, subclass: str) -> bool:
        if "ALL" in self._events:
            return True
        if subclass:
            return subclass in self._customs
        return name in self._events
