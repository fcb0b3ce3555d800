"""One answered leg: what `call.py` drives, in the words of the dialogue.

Wraps a session: accepts the call, plays, forks the audio, and turns the switch's events into
dialogue events. Whatever happens to the connection, exactly one HungUp comes of it.
"""

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gevent
import structlog
from gevent.event import Event as Flag

from agentd.dialogue import events as ev
from agentd.errors import SwitchError, SwitchGone
from agentd.switch import esl, playback
from agentd.switch.session import Session

log = structlog.get_logger(component="switch")

CONNECT_TIMEOUT_S = 4.0  # FreeSWITCH answers `connect` at once; anything else is no FreeSWITCH
LINGER_S = 5
FORK_WATCHDOG_S = 1.5
FORK_TRIES = 4
ZOMBIE_S = 0.1  # closing sooner after `connect` leaves the channel parked for ever (5 ms measured)
BREAK_SETTLES_S = 0.5  # a break was answered, and no PLAYBACK_STOP came: nothing was playing
TRANSFER_TIMEOUT_S = 10.0
EVENTS = (
    "event plain PLAYBACK_START PLAYBACK_STOP CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP_COMPLETE "
    "DTMF CUSTOM mod_audio_fork::connect mod_audio_fork::connect_failed mod_audio_fork::disconnect "
    "mod_audio_fork::buffer_overrun avmd::beep"
)
_KEEP = 1_000  # events that come before anybody listens


class Leg:
    """Made by `accept`. `on_event` once; then act, and `close` when HungUp has come."""

    def __init__(self, sock: socket.socket) -> None:
        self._early: list[ev.Event] = []
        self._listener: Callable[[ev.Event], None] | None = None
        self._tracker = playback.Tracker()
        self._hung_up = False
        self._ours = False
        self._cause = ""
        self._transferring = False
        self._background: Path | None = None
        self._fork: tuple[str, str] | None = None  # url, metadata
        self._fork_try = 0
        self._audio_came = Flag()
        self._watchdog: gevent.Greenlet | None = None
        self._connected_at = 0.0
        self.uuid = ""
        self.variables: dict[str, str] = {}
        self.dialled = ""
        self._session = Session(sock, self._on_message)

    @classmethod
    def accept(cls, sock: socket.socket) -> "Leg":
        """Take the call FreeSWITCH offers on `sock`.

        Raises SwitchError when the peer is no FreeSWITCH or has gone; the socket is then closed.
        """
        leg = cls(sock)
        try:
            leg._take()
        except SwitchError:
            leg._session.close()
            raise
        return leg

    def _take(self) -> None:
        channel = self._session.ask(esl.command("connect"), CONNECT_TIMEOUT_S).headers
        self._connected_at = time.monotonic()
        self.uuid = channel.get("Unique-ID", "")
        if not self.uuid or not channel.get("Reply-Text", "").startswith("+OK"):
            raise SwitchError("the peer's answer to 'connect' describes no channel")
        if channel.get("Socket-Mode") != "async" or channel.get("Control") != "full":
            # Commands would be refused one by one; say it once, with the cure.
            raise SwitchError(
                "the socket application was not started with 'async full'",
                mend="in the dialplan: <action application='socket' data='host:port async full'/>; "
                "in originate, put &socket(host:port async full) in single quotes",
            )
        self.variables = {
            name.removeprefix("variable_"): value
            for name, value in channel.items()
            if name.startswith("variable_")
        }
        self.dialled = channel.get("Caller-Destination-Number", "")
        for line in (f"linger {LINGER_S}", "myevents", EVENTS):
            reply = self._session.ask(esl.command(line)).reply
            if not reply.startswith("+OK"):
                raise SwitchError(f"{line.split()[0]!r} was refused: {reply}")

    def on_event(self, listener: Callable[[ev.Event], None]) -> None:
        """Who is told; what came before is told now."""
        self._listener = listener
        early, self._early = self._early, []
        for event in early:
            listener(event)

    # -- speaking ---------------------------------------------------------------------------

    def play(
        self,
        say_id: str,
        files: Sequence[tuple[Path, int]],
        rate_hz: int,
        offset_ms: int = 0,
    ) -> None:
        """Play files (path, ms) one after the other. Raises SwitchGone.

        Does not wait for the switch to answer: how it goes is told by events.
        """
        whole = [playback.File(path.resolve(), length) for path, length in files]
        left = playback.from_offset(whole, offset_ms)
        if not left:
            self._emit(ev.SayDone(say_id, True, 0))
            return
        self._tracker.rate_hz = rate_hz
        self._tracker.begin(say_id, left)
        for data in playback.play(say_id, left, rate_hz):
            self._session.send(data)

    def stop(self, say_id: str) -> None:
        """Stop what plays and what waits; SayDone follows. Raises SwitchGone."""
        self._tracker.stop(say_id)
        self._session.send(esl.command(f"api uuid_break {self.uuid} all"))
        gevent.spawn_later(BREAK_SETTLES_S, self._settle, say_id)

    def _settle(self, say_id: str) -> None:
        for event in self._tracker.stopped_in_silence(say_id):
            self._emit(event)

    def start_background(self, path: Path) -> None:
        """Loop a file under the whole call. The file brings its own level. Raises SwitchError.

        Heard between prompts only where the dialplan has set send_silence_when_idle=-1.
        """
        self._background = path.resolve()
        self._api(f"uuid_displace {self.uuid} start {self._background} 0 ml")

    def stop_background(self) -> None:
        """End it."""
        if self._background is not None:
            path, self._background = self._background, None
            self._api(f"uuid_displace {self.uuid} stop {path}")

    # -- hearing ----------------------------------------------------------------------------

    def start_fork(self, url: str, metadata: str) -> None:
        """Send the prospect's audio to `url`: mono L16 16 kHz (with no rate the switch crashes).

        Watched: when `audio_came` is not told in time the fork is stopped and started again under a
        new name, since a name that failed stays taken; after FORK_TRIES a Fault is told.
        """
        self._fork = (url, metadata)
        self._begin_fork()
        self._watchdog = gevent.spawn(self._watch_fork)

    def audio_came(self) -> None:
        """The fork's first frame is here."""
        self._audio_came.set()

    def stop_fork(self) -> None:
        """End it."""
        if self._fork is not None:
            self._fork = None
            self._api(f"uuid_audio_fork {self.uuid} stop {self._fork_name}")

    @property
    def _fork_name(self) -> str:
        return f"agentd{self._fork_try}"

    def _begin_fork(self) -> None:
        if self._fork is None:
            return
        self._fork_try += 1
        url, metadata = self._fork
        self._session.send(
            esl.command(
                f"api uuid_audio_fork {self.uuid} start {url} mono 16k {self._fork_name} {metadata}"
            )
        )

    def _watch_fork(self) -> None:
        while not self._audio_came.wait(timeout=FORK_WATCHDOG_S):
            if self._hung_up or self._fork is None:
                return
            if self._fork_try >= FORK_TRIES:
                self._emit(ev.Fault("the prospect's audio does not reach us"))
                return
            log.warning("no audio, forking again", call=self.uuid, attempt=self._fork_try)
            try:
                self._session.send(
                    esl.command(f"api uuid_audio_fork {self.uuid} stop {self._fork_name}")
                )
                self._begin_fork()
            except SwitchGone:
                return

    # -- ending -----------------------------------------------------------------------------

    def transfer(self, target: str) -> None:
        """Hand the channel to a dialplan extension; TransferDone follows. Raises SwitchError."""
        if not target or any(c.isspace() for c in target):
            raise SwitchError(f"{target!r} is no extension to transfer to")
        self._transferring = True
        reply = self._session.ask(
            esl.command(f"api uuid_transfer {self.uuid} {target}"), TRANSFER_TIMEOUT_S
        ).reply
        ok = reply.startswith("+OK")
        self._transferring = ok
        self._emit(ev.TransferDone(ok, "" if ok else reply))

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the call; HungUp follows. A channel that is gone already is no error."""
        self._ours = True
        try:
            self._session.send(esl.hangup(cause))
        except SwitchGone:
            return

    def refuse(self, cause: str) -> None:
        """Turn the call away without leaving it parked: hang up, wait for it, then close."""
        self.hangup(cause)
        self._session.gone.wait(timeout=1.0)
        self.close()

    def close(self) -> None:
        """Let go of the connection, never within the moment in which that parks the channel."""
        if self._watchdog is not None:
            self._watchdog.kill(block=False)
        early = ZOMBIE_S - (time.monotonic() - self._connected_at)
        if early > 0 and not self._session.gone.is_set():
            gevent.sleep(early)
        self._session.close()

    # -- events -----------------------------------------------------------------------------

    def _api(self, line: str) -> str:
        reply = self._session.ask(esl.command(f"api {line}")).reply
        if reply.startswith("-"):
            raise SwitchError(f"{line.split()[0]}: {reply}")
        return reply

    def _on_message(self, message: esl.Message) -> None:
        if message.event is not None:
            self._on_switch_event(message.event)
        elif message.content_type == "text/disconnect-notice":
            if message.headers.get("Content-Disposition") != "linger":
                self._end()
        elif message.content_type == "agentd/gone":
            self._end()

    def _on_switch_event(self, event: esl.Event) -> None:
        if event.name == "DTMF":
            digit = event.headers.get("DTMF-Digit", "")[:1]
            if digit:
                self._emit(ev.Dtmf(digit))
        elif event.name == "CHANNEL_HANGUP_COMPLETE":
            self._cause = event.headers.get("Hangup-Cause", "") or self._cause
            self._end()
        elif event.subclass in ("mod_audio_fork::connect_failed", "mod_audio_fork::disconnect"):
            log.warning("audio fork", call=self.uuid, what=event.subclass)
            self._audio_lost()
        else:
            for told in self._tracker.handle(event):
                self._emit(told)

    def _audio_lost(self) -> None:
        """The websocket failed or was dropped: there is no reconnection but ours."""
        if self._hung_up or self._fork is None:
            return
        if self._audio_came.is_set():
            self._audio_came.clear()
            self._watchdog = gevent.spawn(self._watch_fork)

    def _end(self) -> None:
        if self._hung_up:
            return
        self._hung_up = True
        for told in self._tracker.hung_up():
            self._emit(told)
        cause = self._cause or ("TRANSFERRED" if self._transferring else "CONNECTION_LOST")
        self._emit(ev.HungUp(cause, by_us=self._ours))

    def _emit(self, event: ev.Event) -> None:
        if self._listener is not None:
            self._listener(event)
        elif len(self._early) < _KEEP:
            self._early.append(event)
