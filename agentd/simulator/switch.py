"""One simulated call: connects to agentd as the socket application does, and moves the media.

The gevent shell around `wire.Switch` (the protocol), `prospect.Prospect` (who speaks), `mixer` (the
line), `media` (the clock: one tick every 20 ms, and ticks that came late are made up for) and
`fork_client` (the audio fork).
"""

import os
import random
import socket
import time
import uuid as uuids
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import gevent
from gevent.event import Event as Flag

from agentd.simulator.channel import Channel
from agentd.simulator.commands import Command, words
from agentd.simulator.effects import Close, ForkDo, ForkStart, RecordStart, RecordStop, Send
from agentd.simulator.files import SoundFiles
from agentd.simulator.fork_client import ForkClient
from agentd.simulator.media import Media
from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Persona
from agentd.simulator.playing import SILENT, TICK_MS, Samples, Step, split_argument
from agentd.simulator.prospect import Act, Prospect, Spoken
from agentd.simulator.recorder import Recorder
from agentd.simulator.traps import NONE, Traps
from agentd.simulator.wire import Switch

CONNECT_TIMEOUT_S = 5.0
LONGEST_S = 300.0  # of a call; what goes on longer has gone wrong
LINGER_S = 12.0  # after the hangup the client may still talk; bare linger would wait for ever
WAITING = 5_000  # pieces for a client that does not read; it is then given up
NOWHERE = "ws://127.0.0.1:1/"  # nobody listens on port 1
PRESENTED = "+33199000000"  # a number no one has (ARCEP keeps 01 99 00 for fiction)


@dataclass
class Outcome:
    """What the switch knows when the call is over."""

    cause: str = ""
    transferred: str = ""
    problems: list[str] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    cuts_ms: list[int] = field(default_factory=list)
    unused: int = 0  # items of the persona
    handed_on: int = 0  # times the dialplan's next socket action got the live call
    late_ticks: int = 0


class SimulatedCall:
    """`run` holds the call to its end and gives its outcome; `recorder` has its sound."""

    def __init__(
        self,
        persona: Persona,
        voice: Mapping[str, Samples],
        address: tuple[str, int],
        variables: Mapping[str, str],
        files: SoundFiles,
        *,
        seed: int = 0,
        longest_s: float = LONGEST_S,
        others: Sequence[tuple[str, int]] = (),
        traps: Traps = NONE,
        channel: Channel | None = None,
        on_gone: Callable[[], None] = lambda: None,
    ) -> None:
        """voice: what each of the persona's texts sounds like. variables: set on the channel, as a
        dialplan does. seed: of the line's noise and losses. others: those the dialplan names
        next, reached when the one before does not listen, or has died with the call alive.
        traps: what the switch does wrong. channel: an answered one of somebody else's making.
        on_gone: called when it has hung up or left, before the socket lingers."""
        self.recorder = Recorder()
        self._address = address
        self._hosts = [address, *others]
        self._handed_on = 0
        self._files = files
        self._longest_s = longest_s
        self._on_gone = on_gone
        channel = channel or Channel(
            str(uuids.UUID(int=random.getrandbits(128), version=4)),
            datetime.now(UTC),
            dialled=persona.contact.phone,
            presented=PRESENTED,
            codec=persona.line.codec.upper(),
            socket_args=f"{address[0]}:{address[1]}{'' if traps.static else ' async full'}",
        )
        channel.set("send_silence_when_idle", "-1")
        for name, value in variables.items():
            channel.set(name, value)
        self.switch = Switch(channel, files.get, _may_write)
        self._records: dict[str, tuple[bool, int]] = {}  # path -> stereo, where it begins
        self._prospect = Prospect(persona.turns, voice, persona.greeting)
        self.line = LineModel(persona.line, seed)
        self.doubler = Doubler()
        self._forks: dict[str, ForkClient] = {}
        self._traps = traps
        self._forks_started = 0
        self._lost_fork = traps.lost_fork_s is None
        self._left_open: list[ForkClient] = []
        self._outbox: deque[bytes] = deque()
        self._wake = Flag()
        self._closing = False
        self._refused = ""
        self._connect_at = 0.0
        self._cuts_ms: list[int] = []
        self._late = 0
        self._ticks = 0
        self._prompt: Samples = SILENT
        self._ahead = False
        self._act = Act(SILENT)

    def run(self) -> Outcome:
        """Place the call and hold it. Says what happened; raises nothing of the peer's making."""
        if not self._connect():
            # &socket() returns and the dialplan has nothing more.
            host, port = self._address
            self.switch.problem(f"nobody answers at {host}:{port}: {self._refused}")
            return self._outcome("NORMAL_CLEARING")
        self._open()
        reader = gevent.spawn(self._read)
        try:
            Media.here().hold(self)
            self._on_gone()
            self._linger()
        finally:
            for fork in (*self._forks.values(), *self._left_open):
                fork.close()
            gevent.killall([reader, self._writer], block=True, timeout=1.0)
            self._socket.close()
        if self.switch.cause != "SWITCH_CRASHED":
            # A channel that ends completes its recordings, however quickly the client has left.
            for path in list(self._records):
                self._complete(path)
        return self._outcome(self.switch.cause)

    # -- time -------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """The channel is gone: the media clock leaves it."""
        return self.switch.gone

    def play(self, late: bool) -> Step:
        """See `media.Party`."""
        self._late += late
        player = self.switch.player
        breaks, self._ahead = player.breaks, player.speech_ahead
        step = self.switch.step()
        if player.breaks > breaks:
            self._cuts_ms.append(self.recorder.duration_ms)
        self._prompt = step[0]
        return step

    def speak(self, loud: bool) -> Samples:
        """See `media.Party`."""
        self._act = self._prospect.tick(loud, self._ahead)
        return self._act.sound

    def transmit(self, received: bytes, heard: bytes, audio: bytes, frame: bytes) -> None:
        """See `media.Party`."""
        act = self._act
        self.recorder.add(received, heard, act.sound, self._prompt)
        for fork in self._forks.values():  # feeding one starts and ends none
            fork.feed(audio, frame)
        if act.digit:
            self.switch.dtmf(act.digit)
        if act.hangup:
            self.switch.hang_up("NORMAL_CLEARING", by_peer=True)
        self._ticks += 1
        if self._ticks * TICK_MS >= self._longest_s * 1000:
            self.switch.problem(f"the call was still going on after {self._longest_s:g} s")
            self.switch.hang_up("ALLOTTED_TIMEOUT", by_peer=True)
        if self.switch.waits:
            self._perform()

    def _linger(self) -> None:
        """After the hangup: the last events, then whatever the client still asks."""
        most = int(LINGER_S * 1000 / TICK_MS)
        for count in _Ticks(self._all_said):
            if not self.switch.closed:
                self.switch.tick()
            self._perform()
            if self.switch.closed:
                self._closing = True
            if count >= most:
                return

    def _all_said(self) -> bool:
        return self._closing and (not self._outbox or self._writer.dead)

    # -- the connection ---------------------------------------------------------------------

    def _connect(self) -> bool:
        """The first of the hosts left that takes the connection; false when none does."""
        while self._hosts:
            try:
                self._socket = socket.create_connection(self._hosts.pop(0), CONNECT_TIMEOUT_S)
            except OSError as error:
                self._refused = str(error)
            else:
                return True
        return False

    def _open(self) -> None:
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(None)
        self._writer = gevent.spawn(self._write)

    def _read(self) -> None:
        self._read_one()
        while self._hand_on():
            self._read_one()
        self.switch.peer_closed(self._since_connect_ms)
        self._closing = True
        self._perform()

    @property
    def _since_connect_ms(self) -> float:
        return (time.monotonic() - self._connect_at) * 1000

    def _hand_on(self) -> bool:
        """The dialplan goes on to its next `socket` action, if anybody listens there."""
        if not self._hosts or not self.switch.hand_on(self._since_connect_ms):
            return False
        self._writer.kill()
        self._socket.close()
        self._outbox.clear()
        if not self._connect():
            return False
        self._handed_on += 1
        self._open()
        return True

    def _read_one(self) -> None:
        try:
            while data := self._socket.recv(65_536):
                for command in self.switch.parse(data):
                    for path in _files_of(command):
                        self._files.load(path)
                    if command.verb == "connect":
                        self._connect_at = time.monotonic()
                    self.switch.obey(command)
                self._perform()
        except OSError:
            pass

    def _perform(self) -> None:
        for effect in self.switch.drain():
            match effect:
                case Send(data):
                    if len(self._outbox) < WAITING:
                        self._outbox.append(data)
                    else:
                        self.switch.crash("agentd does not read what the switch sends")
                case Close():
                    self._closing = True
                case ForkStart():
                    self._start_fork(effect)
                case ForkDo(name, action, text):
                    self._do_fork(name, action, text)
                case RecordStart(path, stereo):
                    Path(path).touch()
                    self._records[path] = stereo, self.recorder.samples
                case RecordStop(path):
                    self._complete(path)
        if self._outbox or self._closing:
            self._wake.set()

    def _complete(self, path: str) -> None:
        stereo, begun = self._records.pop(path)
        self.recorder.write(Path(path), begun, stereo=stereo)

    def _start_fork(self, start: ForkStart) -> None:
        if start.mix != "mono" or start.rate_hz != 16_000:
            self.switch.problem(
                f"agentd asked for a {start.mix} fork at {start.rate_hz} Hz; this switch gives "
                "mono at 16000 Hz only"
            )
        traps, number = self._traps, self._forks_started
        self._forks_started += 1
        url = start.url if number >= traps.refused_forks else NOWHERE
        mute = 0 <= number - traps.refused_forks < traps.mute_forks
        self._forks[start.name] = ForkClient(
            url, start.metadata, self._fork_told, mute=mute, wait_s=traps.late_fork_s
        )
        if not self._lost_fork:
            gevent.spawn_later(traps.lost_fork_s or 0.0, self._lose_fork, start.name)

    def _lose_fork(self, name: str) -> None:
        fork = self._forks.get(name)
        if fork is not None and fork.flows and not self._lost_fork:
            self._lost_fork = True
            fork.lose()

    def _fork_told(self, event: str, body: str) -> None:
        self.switch.fork_event(event, body)
        self._perform()

    def _do_fork(self, name: str, action: str, text: str) -> None:
        fork = self._forks.get(name)
        if fork is None:
            return
        fork.do(action, text)
        if action in ("stop", "hangup"):
            self._left_open.append(self._forks.pop(name))

    def _write(self) -> None:
        while True:
            self._wake.wait(timeout=30.0)
            self._wake.clear()
            try:
                while self._outbox:
                    self._socket.sendall(self._outbox[0])
                    self._outbox.popleft()
                if self._closing and self.switch.closed:
                    self._socket.shutdown(socket.SHUT_WR)
                    return
            except OSError:
                self._outbox.clear()
                return

    def _outcome(self, cause: str) -> Outcome:
        return Outcome(
            cause=cause,
            transferred=self.switch.transferred,
            problems=list(self.switch.problems),
            spoken=list(self._prospect.spoken),
            cuts_ms=list(self._cuts_ms),
            unused=self._prospect.left,
            handed_on=self._handed_on,
            late_ticks=self._late,
        )


def _may_write(path: str) -> bool:
    return os.access(Path(path).parent, os.W_OK)


class _Ticks:
    """Counts ticks as their moments come; sleeps in between, and makes up for late ones."""

    def __init__(self, over: Callable[[], bool]) -> None:
        self._over = over
        self._count = 0
        self._started = time.monotonic()

    def __iter__(self) -> "_Ticks":
        return self

    def __next__(self) -> int:
        if self._over():
            raise StopIteration
        self._count += 1
        left = self._started + self._count * TICK_MS / 1000 - time.monotonic()
        gevent.sleep(max(0.0, left))
        return self._count


def _files_of(command: Command) -> list[str]:
    """Files a command will have the switch read."""
    if command.verb == "sendmsg" and command.headers.get("execute-app-name") == "playback":
        argument = command.headers.get("execute-app-arg", "") or command.body
        return [split_argument(argument)[1]]
    if command.verb in ("api", "bgapi"):
        given = words(command.rest, 6)
        if given[:1] == ["uuid_broadcast"] and len(given) > 2:
            return [split_argument(given[2])[1]]
        if given[:1] == ["uuid_displace"] and given[2:3] == ["start"] and len(given) > 3:
            return [given[3].partition("}")[2] if given[3].startswith("{") else given[3]]
    return []
