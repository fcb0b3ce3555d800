"""One call as `call.py` drives it: prompts, background, audio fork, transfer, hangup.

Every command and its answer are those measured in `shared/freeswitch.md`. Dialogue events come in
order, and the last of them is the only HungUp.
"""

import json
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import gevent
import structlog
from gevent.event import Event as Flag
from gevent.pool import Group

from agentd.dialogue.events import Beep, Dtmf, Event, Fault, HungUp, TransferDone
from agentd.errors import SwitchError
from agentd.switch import esl, originate
from agentd.switch.forkwatch import ForkWatch
from agentd.switch.playback import PlaybackTracker, Step, Via
from agentd.switch.session import OutboundSession

log = structlog.get_logger(component="switch")

LINGER_S = 5
CONNECT_S = 5.0
SETTLE_S = 0.3  # a break takes effect within 29 ms
HANGUP_S = 3.0
STRAGGLERS_S = 0.5  # after the hangup: PLAYBACK_STOP and CHANNEL_HANGUP_COMPLETE
GOODBYE_S = 0.3  # between a refusal and closing: under 5 ms leaves a zombie

FORK_EVENTS = (
    "mod_audio_fork::connect",
    "mod_audio_fork::connect_failed",
    "mod_audio_fork::disconnect",
    "mod_audio_fork::error",
    "mod_audio_fork::buffer_overrun",
)
# Of mod_avmd; a beep is told twice, in the same words (Event-Sequence included).
BEEP = "avmd::beep"
# `myevents` brings DTMF, CHANNEL_EXECUTE_COMPLETE and the hangup, but none of these.
SUBSCRIBE = "event plain PLAYBACK_START PLAYBACK_STOP DTMF CUSTOM " + " ".join((*FORK_EVENTS, BEEP))
_TAKEN = {
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "CHANNEL_EXECUTE_COMPLETE",
    "DTMF",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    *FORK_EVENTS,
    BEEP,
}
_CAUSE = re.compile(r"[A-Z][A-Z0-9_]{1,40}")
_EXTENSION = re.compile(r"[A-Za-z0-9*#+_.][A-Za-z0-9*#+_.-]{0,63}")
_SIP_URI = re.compile(r"sips?:[A-Za-z0-9*#+_.!~-]{1,64}@[A-Za-z0-9.:-]{1,128}")

OnEvent = Callable[[Event], None]


class Leg:
    """A call leg the switch has handed to us. Build with `Leg.accept`."""

    def __init__(self, session: OutboundSession, connected: esl.Message, via: Via) -> None:
        self.uuid = connected.get("Unique-ID")
        self.headers: Mapping[str, str] = connected.headers
        self.dialled = connected.get("Caller-Destination-Number")
        raw = {
            name.removeprefix("variable_"): value
            for name, value in connected.headers.items()
            if name.startswith("variable_")
        }
        self.variables = originate.decoded(raw)
        rate = self.variables.get("read_rate", "")
        self.rate_hz = int(rate) if rate.isdecimal() and int(rate) >= 8000 else 8000
        self._session = session
        self._player = PlaybackTracker(self.uuid, via=via, channel_hz=self.rate_hz)
        self._on_event: OnEvent | None = None
        self._pump: gevent.Greenlet | None = None
        self._background = ""
        self._fork: ForkWatch | None = None
        self._series = ""
        self._cause = ""  # what the switch said
        self._hangup_us = 0  # the switch's clock at the hangup
        self._noticed = False  # the switch said that the call is over
        self._asked = ""  # the cause we asked for
        self._transferred = False
        self._hung_up = False
        self._beep = ""  # Event-Sequence of the last one told
        self._over = Flag()
        self._later = Group()

    @classmethod
    def accept(
        cls, sock: socket.socket, *, timeout: float = CONNECT_S, via: Via = "sendmsg"
    ) -> "Leg":
        """Take a connection of the switch's socket application.

        Raises SwitchError, SwitchTimeout or SwitchGone when the other side is not a FreeSWITCH
        that gives us the call; the socket is then closed, and a call that had been handed over is
        hung up first.
        """
        session = OutboundSession(sock, wanted=_is_wanted)
        uuid = ""
        try:
            connected = session.request(esl.command("connect"), timeout)
            uuid = connected.get("Unique-ID")
            if not re.fullmatch(r"[A-Za-z0-9-]{8,64}", uuid):
                raise SwitchError("the other side is not a FreeSWITCH channel: it has no Unique-ID")
            if connected.get("Control") != "full":
                raise SwitchError(
                    "the switch does not give full control of the call",
                    mend="in the dialplan: socket host:port async full; in an originate, put "
                    "'&socket(host:port async full)' in single quotes",
                )
            for line in (f"linger {LINGER_S}", "myevents", SUBSCRIBE):
                answer = session.request(esl.command(line), timeout)
                if not answer.ok:
                    raise SwitchError(f"the switch refused {line.split()[0]}: {answer.reply}")
            # By default a * pressed during a prompt would cut it.
            session.post(esl.api(f"uuid_setvar {uuid} playback_terminators none"))
        except SwitchError:
            _turn_away(session, uuid, "NORMAL_TEMPORARY_FAILURE")
            raise
        return cls(session, connected, via)

    @staticmethod
    def refuse(sock: socket.socket, cause: str, *, timeout: float = CONNECT_S) -> None:
        """Answer the switch, hang the call up with `cause`, and close without leaving a zombie."""
        session = OutboundSession(sock, wanted=lambda message: False)
        uuid = ""
        try:
            uuid = session.request(esl.command("connect"), timeout).get("Unique-ID")
        finally:
            _turn_away(session, uuid, cause)

    @property
    def alive(self) -> bool:
        """The call is up and we hold it."""
        return not self._hung_up and self._session.alive

    def on_event(self, callback: OnEvent) -> None:
        """Deliver dialogue events to `callback`, also those that came since `accept`. Once only.

        It may be called from any greenlet, also from within `play` or `stop`, and must not wait.
        """
        if self._on_event is not None:
            raise RuntimeError("on_event has been called already")
        self._on_event = callback
        self._pump = gevent.spawn(self._run)

    def take_over(self) -> None:
        """Another agentd held this call and died: end what it left playing. Never waits.

        Its bugs are still on the channel, so their names are taken.
        """
        self._series = f"-{secrets.token_hex(2)}-"
        self._send_api(f"uuid_break {self.uuid} all")

    def play(
        self,
        say_id: str,
        files: Sequence[tuple[Path, int]],
        rate_hz: int,
        offset_ms: int = 0,
    ) -> None:
        """Play files (with their lengths in ms) one after the other, beginning `offset_ms` into
        them. SayStarted, then SayDone or SayFailed follow. Never waits for the switch."""
        if self._hung_up:
            return
        paths = [(str(path), duration) for path, duration in files]
        self._do(self._player.play(say_id, paths, rate_hz, offset_ms))

    def stop(self, say_id: str) -> None:
        """Stop a Say, playing or waiting; its SayDone follows."""
        self._do(self._player.stop(say_id))

    def hold(self, say_id: str) -> None:
        """Hold a Say where it is; nothing follows until it is resumed or stopped."""
        self._do(self._player.hold(say_id))

    def resume(self, say_id: str) -> None:
        """Go on with a Say that is held."""
        self._do(self._player.resume(say_id))

    def start_background(self, path: Path) -> None:
        """Loop a file under the call (it needs send_silence_when_idle=-1, set by the dialplan).

        Raises SwitchError when the switch refuses it.
        """
        try:
            self.stop_background()
        except SwitchError as error:
            log.info("background was not playing", call=self.uuid, error=str(error))
        self._ask(f"uuid_displace {self.uuid} start {_word(path)} 0 ml")
        self._background = str(path)

    def stop_background(self) -> None:
        """Stop the looped file, if any. Raises SwitchError when the switch refuses."""
        if self._background:
            path, self._background = self._background, ""
            self._ask(f"uuid_displace {self.uuid} stop {_word(path)}")

    def start_recording(self, path: Path) -> None:
        """Record both sides into a WAV file at the channel's rate, the caller on the left.

        Asked again for the same file while it is recorded, nothing changes. Raises SwitchError
        when the switch refuses it, or may not write there.
        """
        self._ask(f"uuid_setvar {self.uuid} RECORD_STEREO true")
        self._ask(f"uuid_record {self.uuid} start {_word(path)}")

    def stop_recording(self, path: Path) -> None:
        """Record no further. Raises SwitchError when the switch does not record this file."""
        self._ask(f"uuid_record {self.uuid} stop {_word(path)}")

    def start_fork(self, url: str, metadata: Mapping[str, str] | str = "") -> None:
        """Stream the caller's audio (mono, 16 kHz) to `url`, and see to it that it flows.

        url: `ws://host:port/TOKEN`; the number of the attempt is added as a last segment.
        metadata: sent as the first text message; a mapping is sent as JSON.
        A Fault follows when every attempt fails. Never waits for the switch.
        """
        self.stop_fork()
        if not isinstance(metadata, str):
            # A quote would end the argument for FreeSWITCH's parser.
            metadata = json.dumps(dict(metadata)).replace("'", "\\u0027")
        self._fork = ForkWatch(
            self.uuid, url, metadata, self._send_api, self._fork_failed, self._series
        )
        self._fork.start()

    def audio_came(self) -> None:
        """The audio server has received audio of this call: the fork works."""
        if self._fork is not None:
            self._fork.heard()

    def stop_fork(self) -> None:
        """Stop streaming; nothing when there is no stream."""
        fork, self._fork = self._fork, None
        if fork is not None:
            fork.stop()

    def transfer(self, target: str, *, profile: str = "external") -> None:
        """Hand the call over: to a dialplan extension, or to a SIP URI by `profile`.

        TransferDone follows; when it succeeded the leg ends with HungUp(BLIND_TRANSFER).
        """
        if _SIP_URI.fullmatch(target):
            line = f"'bridge:sofia/{profile}/{target}' inline"
        elif _EXTENSION.fullmatch(target):
            line = target
        else:
            self._deliver(TransferDone(False, "neither an extension nor a SIP URI"))
            return

        def answered(message: esl.Message | None) -> None:
            ok = message is not None and message.ok
            self._transferred = ok
            reason = "" if ok else "connection lost" if message is None else message.reply
            gevent.spawn(self._deliver, TransferDone(ok, reason))

        try:
            self._session.post(esl.api(f"uuid_transfer {self.uuid} {line}"), answered)
        except SwitchError as error:
            self._deliver(TransferDone(False, str(error)))

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the call; HungUp(by_us) follows within seconds whatever the switch does.

        By uuid_kill: a `sendmsg hangup` waits behind a prompt that plays with event-lock
        (switch_core_session_dequeue_private_event).
        """
        if not _CAUSE.fullmatch(cause):
            raise ValueError(f"not a hangup cause: {cause!r}")
        if self._asked or self._hung_up:
            return
        self._asked = cause
        self._send_api(f"uuid_kill {self.uuid} {cause}")
        self._after(HANGUP_S, self._session.close)

    def close(self) -> None:
        """Leave: hang up if the call is still up, wait for its end, close the socket."""
        if self._pump is None:
            self.on_event(lambda event: None)
        self.stop_fork()
        if not self._transferred:
            self.hangup()
        self._over.wait(HANGUP_S + 1)
        if self._session.alive:
            # `exit` ends the linger at once, after everything that was sent before it.
            self._post(esl.command("exit"), lambda message: None)
            self._session.wait_end(GOODBYE_S)
        self._session.close()
        self._later.kill(block=False)

    def _after(self, seconds: float, do: Callable[..., None], *arguments: object) -> None:
        """Do it later, unless the leg is closed before."""
        self._later.add(gevent.spawn_later(seconds, do, *arguments))

    # -- from the switch -------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (message := self._session.next_event()) is not None:
                self._take(message)
        except Exception:
            log.exception("event handling failed", call=self.uuid)
            self._session.close()
        finally:
            self._finish()

    def _take(self, message: esl.Message) -> None:
        name = message.event
        if message.kind is esl.Kind.NOTICE:
            self._noticed = True
            # A uuid_kill is noticed before the events it causes.
            self._after(STRAGGLERS_S if message.lingers else 0, self._finish)
        elif name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            stamp = message.get("Event-Date-Timestamp")
            self._hangup_us = self._hangup_us or (int(stamp) if stamp.isdecimal() else 0)
            self._cause = self._cause or message.get("Hangup-Cause")
            # The PLAYBACK_STOP that says what was heard follows CHANNEL_HANGUP by 20 ms.
            if name == "CHANNEL_HANGUP_COMPLETE" or not self._player.busy:
                self._finish()
            else:
                self._after(STRAGGLERS_S, self._finish)
        elif name == "DTMF":
            digit = message.get("DTMF-Digit")
            if digit:
                self._deliver(Dtmf(digit))
        elif name == BEEP:
            number = message.get("Event-Sequence")
            if message.get("Beep-Status") == "DETECTED" and number != self._beep:
                self._beep = number
                self._deliver(Beep(_number(message.get("Frequency"))))
        elif name.startswith("mod_audio_fork::"):
            if self._fork is not None:
                self._fork.on_event(name.partition("::")[2])
        else:
            self._do(self._player.on_message(message))
            if self._cause and not self._player.busy:
                self._finish()

    def _finish(self) -> None:
        """The call is over for us: end the Says, then say HungUp, once."""
        if self._hung_up:
            return
        for event in self._player.hung_up(self._hangup_us).events:
            self._deliver(event)
        self._hung_up = True
        if self._fork is not None:
            self._fork.forget()
        if self._on_event is not None:
            by_us = bool(self._asked) or self._transferred
            self._call(HungUp(self._cause or self._guess(), by_us))
        self._over.set()

    def _guess(self) -> str:
        """A cause for an end the switch did not explain."""
        if self._transferred:
            return "BLIND_TRANSFER"
        if self._asked:
            return self._asked
        return "UNSPECIFIED" if self._noticed else "CRASH"

    def _deliver(self, event: Event) -> None:
        if not self._hung_up and self._on_event is not None:
            self._call(event)

    def _call(self, event: Event) -> None:
        assert self._on_event is not None
        try:
            self._on_event(event)
        except Exception:
            log.exception("handler failed", call=self.uuid, of=type(event).__name__)

    # -- to the switch ---------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        for data, say_id in step.commands:

            def answered(message: esl.Message | None, say_id: str = say_id) -> None:
                if message is not None and not message.ok and say_id:
                    gevent.spawn(self._refused, say_id, message.reply)

            if not self._post(data, answered) and say_id and self._session.alive:
                self._refused(say_id, "too many commands are waiting")
        for event in step.events:
            self._deliver(event)
        for say_id in step.settle:
            self._after(SETTLE_S, self._settle, say_id)

    def _refused(self, say_id: str, reason: str) -> None:
        self._do(self._player.refuse(say_id, f"not taken by the switch: {reason}"))

    def _settle(self, say_id: str) -> None:
        if not self._hung_up:
            self._do(self._player.settle(say_id))

    def _post(self, data: bytes, on_reply: Callable[[esl.Message | None], None]) -> bool:
        """Send; a connection that has ended is not an error here: HungUp says it."""
        try:
            self._session.post(data, on_reply)
        except SwitchError as error:
            log.info("not sent", call=self.uuid, error=str(error))
            return False
        return True

    def _send_api(
        self, line: str, on_reply: Callable[[esl.Message | None], None] = lambda message: None
    ) -> None:
        self._post(esl.api(line), on_reply)

    def _ask(self, line: str) -> None:
        """Send an api command and wait for its answer. Raises SwitchError when it is refused."""
        answer = self._session.request(esl.api(line))
        if not answer.ok:
            raise SwitchError(f"the switch refused {line.split()[0]}: {answer.reply}")

    def _fork_failed(self, reason: str) -> None:
        log.warning("audio fork given up", call=self.uuid, reason=reason)
        self._deliver(Fault(reason))


def _number(text: str) -> float:
    """A frequency as the switch writes it; 0 when it is none."""
    return float(text) if re.fullmatch(r"\d{1,5}(\.\d{1,9})?", text) else 0.0


def _is_wanted(message: esl.Message) -> bool:
    return message.kind is esl.Kind.NOTICE or message.event in _TAKEN


def _word(path: Path | str) -> str:
    """A path as one argument of an api command."""
    text = str(path)
    if not text.startswith("/") or "'" in text:
        raise SwitchError(f"{text!r} cannot be given to the switch", mend="use an absolute path")
    return f"'{text}'" if " " in text else text


def _turn_away(session: OutboundSession, uuid: str, cause: str) -> None:
    """Hang up and close, not faster than the switch can follow."""
    try:
        if uuid:
            # Answered once the channel is hung up, so that closing can no longer park it.
            if not session.request(esl.api(f"uuid_kill {uuid} {cause}"), 1.0).ok:
                session.request(esl.hangup(cause), 1.0)  # all that a call without `full` takes
            session.wait_end(GOODBYE_S)
    except SwitchError:
        pass  # nothing is left to hang up, or it does not answer; park_timeout is the net
    finally:
        session.close()
