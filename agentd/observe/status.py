"""Metrics, health and readiness over HTTP, for Prometheus and for whatever supervises agentd.

/metrics   for Prometheus
/health    200 while the event loop turns: it is what answers
/ready     200 while calls are taken (or placed), 503 once draining; either with a JSON body
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import gevent
import msgspec
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer
from prometheus_client import CONTENT_TYPE_LATEST

from agentd.errors import ConfigError
from agentd.observe import logs
from agentd.observe.metrics import Metrics, Snapshot

log = logs.get("status")

CONNECTIONS = 16  # more wait unaccepted
CONNECTION_S = 30.0  # of one, whatever it does


class _Handler(WSGIHandler):  # type: ignore[misc]  # gevent is not typed
    def handle(self) -> None:
        with gevent.Timeout(CONNECTION_S, False):
            super().handle()

    def log_request(self) -> None:
        """Nobody wants a line for each."""


class _Complaints:
    """What pywsgi has to say of strangers' requests."""

    def write(self, text: str) -> None:
        if text.strip():
            log.debug("bad request", said=text.strip()[:200])

    def flush(self) -> None:
        """Nothing is held."""


class Pages:
    """Listens on one port; `start` raises ConfigError when it cannot."""

    def __init__(
        self,
        address: tuple[str, int],
        page: Callable[[], bytes],
        ready: Callable[[], tuple[bool, dict[str, Any]]],
        setting: str,
    ) -> None:
        """page: of /metrics. ready: is it, and what else /ready says. setting: that of the port."""
        self._asked = address
        self._page, self._ready, self._setting = page, ready, setting
        self._server = WSGIServer(
            address,
            self._answer,
            spawn=Pool(CONNECTIONS),
            handler_class=_Handler,
            log=None,
            error_log=_Complaints(),
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the real port when port 0 was asked for."""
        return str(self._server.server_host), int(self._server.server_port)

    def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be used."""
        try:
            self._server.start()
        except OSError as error:
            host, port = self._asked
            raise ConfigError(
                f"metrics listener: cannot listen on {host}:{port}: {error.strerror or error}",
                mend=f"choose another {self._setting}, or leave it out",
            ) from None

    def stop(self) -> None:
        """Close the listener and its connections."""
        self._server.stop(timeout=0.5)

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        status, kind, body = HTTPStatus.OK, "application/json", b""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status = HTTPStatus.METHOD_NOT_ALLOWED
        elif environ["PATH_INFO"] == "/metrics":
            kind, body = CONTENT_TYPE_LATEST, self._page()
        elif environ["PATH_INFO"] == "/health":
            body = b'{"alive":true}'
        elif environ["PATH_INFO"] == "/ready":
            ready, said = self._ready()
            status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
            body = msgspec.json.encode({"ready": ready, **said})
        else:
            status = HTTPStatus.NOT_FOUND
        start(
            f"{status.value} {status.phrase}",
            [("Content-Type", kind), ("Content-Length", str(len(body)))],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


class StatusServer(Pages):
    """Of `agentd serve`."""

    def __init__(
        self, address: tuple[str, int], metrics: Metrics, snapshot: Callable[[], Snapshot]
    ) -> None:
        def ready() -> tuple[bool, dict[str, Any]]:
            now = snapshot()
            return not now.draining, {
                "calls": sum(now.phases.values()),
                "max_calls": now.max_calls,
                "spooled_calls": now.spooled,
            }

        super().__init__(address, metrics.page, ready, "[server] metrics_port")
