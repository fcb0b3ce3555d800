"""Keeps one audio fork flowing: watches that it starts, and starts it again when it does not.

Measured traps of mod_audio_fork (`shared/freeswitch.md` section 4): `+OK` only means queued; after
a websocket upgrade that nobody answered, later forks get a socket but neither an event nor audio;
after a failure the bug's name stays taken. So: no sign of life in time, or a lost stream, means
stop, and start again under a new name. Leaving the rate out crashes FreeSWITCH: it is always given.
"""

from collections.abc import Callable

import gevent
import structlog

from agentd.switch import esl

log = structlog.get_logger(component="switch")

WATCH_S = 1.5
RETRY_S = 0.2  # after a connection that failed at once
MAX_STARTS = 4  # without a sign of life
MAX_LOSSES = 5  # of streams that had started, in one call
RATE = "16k"

OnReply = Callable[[esl.Message | None], None]


class ForkWatch:
    """One wanted fork of one call."""

    def __init__(
        self,
        uuid: str,
        url: str,
        metadata: str,
        api: Callable[[str, OnReply], None],
        failed: Callable[[str], None],
        series: str = "",
    ) -> None:
        """api: sends an api command, never waits nor raises. failed: told once, with a reason,
        when no attempt is left. series: part of the bugs' names, when another agentd has used
        the plain ones on this channel."""
        self._uuid = uuid
        self._url = url.rstrip("/")
        self._metadata = metadata
        self._api = api
        self._failed = failed
        self._series = series
        self._attempt = 0
        self._left = MAX_STARTS
        self._losses = 0
        self._flowing = False
        self._ended = False
        self._timer: gevent.Greenlet | None = None

    def start(self) -> None:
        """Start an attempt under a new bug name, and watch it."""
        if self._ended:
            return
        if self._left == 0 or self._losses > MAX_LOSSES:
            self._ended = True
            self._failed(
                f"no audio from the switch after {self._attempt} attempts, {self._losses} lost"
            )
            return
        self._left -= 1
        self._attempt += 1
        self._flowing = False
        attempt = self._attempt
        line = f"uuid_audio_fork {self._uuid} start {self._url}/{attempt} mono {RATE} {self._bug}"

        def answered(message: esl.Message | None) -> None:
            if message is not None and not message.ok and attempt == self._attempt:
                log.warning("audio fork refused", call=self._uuid, reply=message.reply)
                self._again(RETRY_S)

        self._api(f"{line} {self._metadata}".rstrip(), answered)
        self._again(WATCH_S)

    def heard(self) -> None:
        """Audio has arrived: the attempt has succeeded."""
        if not self._flowing and not self._ended:
            self._flowing = True
            self._left = MAX_STARTS
            self._cancel()

    def on_event(self, name: str) -> None:
        """An event of mod_audio_fork for this call, by subclass without its prefix.

        They do not name the bug, so one of an earlier attempt can be taken for the current one:
        at worst the fork is restarted once more, or its watch ends early when it connects late.
        """
        if self._ended:
            return
        if name == "connect":
            self.heard()
        elif name in ("connect_failed", "disconnect"):
            log.warning("audio fork lost", call=self._uuid, told=name)
            if self._flowing:
                self._flowing = False
                self._losses += 1
            self._again(RETRY_S)
        elif name == "buffer_overrun":
            log.info("audio fork connected late", call=self._uuid)

    def stop(self) -> None:
        """Stop the stream on the switch."""
        if not self._ended:
            self.forget()
            self._stop_bug()

    def forget(self) -> None:
        """The channel is gone, and its fork with it."""
        self._ended = True
        self._cancel()

    @property
    def _bug(self) -> str:
        return f"agentd{self._series}{self._attempt}"

    def _again(self, delay_s: float) -> None:
        self._cancel()
        self._timer = gevent.spawn_later(delay_s, self._restart)

    def _restart(self) -> None:
        self._timer = None  # it is running: start must not kill it
        if self._ended or self._flowing:
            return
        log.info("audio fork started again", call=self._uuid, attempt=self._attempt)
        self._stop_bug()
        self.start()

    def _stop_bug(self) -> None:
        self._api(f"uuid_audio_fork {self._uuid} stop {self._bug}", lambda message: None)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.kill(block=False)
            self._timer = None
