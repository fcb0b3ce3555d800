"""What systemd is told of the service: sd_notify(3), without its library.

Nothing is sent when NOTIFY_SOCKET is not set, so that nobody need ask whether systemd is there.
"""

import os
import socket
import time
from collections.abc import Mapping

SEND_WITHIN_S = 1.0


class Notifier:
    """The service manager, as far as we talk to it."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        """environ: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, as systemd sets them."""
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        # A name in the abstract namespace is written with an @ where its zero byte is.
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        self._watchdog_us = _watchdog(environ)

    @property
    def watchdog_s(self) -> float | None:
        """How often to say that we live, seconds: half of what systemd waits. None: not asked."""
        return self._watchdog_us / 2_000_000 if self._watchdog_us and self._address else None

    def ready(self) -> None:
        """Calls can be taken."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Files are being read again; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """No more calls are taken."""
        self._send(f"STOPPING=1\nSTATUS={status}")

    def alive(self, status: str) -> None:
        """The hub still turns."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(SEND_WITHIN_S)
            try:
                channel.sendto(state.encode(), self._address)
            except OSError:
                # Nothing we could do about it, and no reason to stop taking calls.
                return


def _watchdog(environ: Mapping[str, str]) -> int:
    """Microseconds; 0 when no watchdog waits for this process."""
    wanted = environ.get("WATCHDOG_USEC", "")
    whose = environ.get("WATCHDOG_PID", "")
    if not wanted.isdigit() or (whose and whose != str(os.getpid())):
        return 0
    return int(wanted)
