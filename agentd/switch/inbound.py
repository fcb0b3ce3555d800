"""FreeSWITCH's own event socket, as a client: what `agentd check` asks it, and later the dialer.

greenswitch carries the connection and its reader; what it gets wrong is fenced here: connecting and
waiting have timeouts, everything is sent whole, and nothing outlives the connection.
"""

import socket
from types import TracebackType
from typing import Any

import gevent
import greenswitch
from greenswitch.esl import NotConnectedError

from agentd.errors import SwitchError, SwitchGone, SwitchTimeout
from agentd.switch import esl

TIMEOUT_S = 5.0


class _Whole:
    """A socket whose `send` sends everything: greenswitch calls `send` and trusts it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: bytes) -> int:
        self._sock.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class InboundSession:
    """A context manager: connected and authenticated inside. Only `api` commands."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._where = f"{host}:{port}"
        self._esl = greenswitch.InboundESL(host=host, port=port, password=password)

    def __enter__(self) -> "InboundSession":
        try:
            with gevent.Timeout(TIMEOUT_S):
                self._esl.connect()
        except gevent.Timeout:
            self._stop()
            raise SwitchTimeout(
                f"{self._where} does not answer as an event socket",
                mend="is mod_event_socket loaded, and does it listen there?",
            ) from None
        except OSError as error:
            self._stop()
            raise SwitchGone(
                f"{self._where} cannot be reached: {error.strerror or error}",
                mend="is FreeSWITCH running, and is event_socket.conf.xml listening there?",
            ) from None
        except ValueError:
            self._stop()
            raise SwitchError(
                f"{self._where} refused the password", mend="set [switch] password to its password"
            ) from None
        self._esl.sock = _Whole(self._esl.sock)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def api(self, line: str) -> str:
        """Body of the reply. Raises SwitchTimeout, SwitchGone."""
        command = esl.command(f"api {line}").decode().strip()
        try:
            # An EOF with a command under way leaves greenswitch waiting for ever.
            with gevent.Timeout(TIMEOUT_S):
                reply = self._esl.send(command)
        except gevent.Timeout:
            raise SwitchTimeout(f"{self._where}: no reply to {line.split()[0]!r}") from None
        except (NotConnectedError, OSError) as error:
            raise SwitchGone(f"{self._where} is gone: {error}") from None
        return str(reply.data or "")

    def _stop(self) -> None:
        try:
            with gevent.Timeout(1.0, False):
                self._esl.stop()
        except Exception:  # noqa: BLE001 - stopping what never started raises anything
            return
