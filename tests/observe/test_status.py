"""/metrics, /health and /ready, for those who ask properly and those who do not."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import gevent
import pytest

from agentd.errors import ConfigError
from agentd.observe import status
from agentd.observe.metrics import Metrics, Snapshot
from agentd.observe.status import StatusServer


class Served:
    def __init__(self) -> None:
        self.now = Snapshot(phases={"open": 2}, max_calls=5, spooled=1)
        metrics = Metrics()
        metrics.watch(lambda: self.now)
        self.server = StatusServer(("127.0.0.1", 0), metrics, lambda: self.now)
        self.server.start()

    def get(self, path: str, **options: str) -> tuple[int, str, bytes]:
        host, port = self.server.address
        request = urllib.request.Request(f"http://{host}:{port}{path}", **options)

        def ask() -> tuple[int, str, bytes]:
            try:
                with urllib.request.urlopen(request, timeout=3) as answer:
                    return answer.status, answer.headers["Content-Type"], answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.headers["Content-Type"], error.read()

        got: tuple[int, str, bytes] = gevent.get_hub().threadpool.apply(ask)
        return got


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.stop()


def test_what_is_asked(served: Served) -> None:
    code, kind, body = served.get("/metrics")
    assert code == 200
    assert kind.startswith("text/plain")
    assert b'agentd_calls_held{phase="open"} 2.0' in body
    assert served.get("/health") == (200, "application/json", b'{"alive":true}')
    code, _, body = served.get("/ready")
    want = {"ready": True, "calls": 2, "max_calls": 5, "spooled_calls": 1}
    assert (code, json.loads(body)) == (200, want)


def test_draining_is_alive_and_not_ready(served: Served) -> None:
    served.now = replace(served.now, draining=True)
    assert served.get("/health")[0] == 200
    code, _, body = served.get("/ready")
    assert (code, json.loads(body)["ready"]) == (503, False)


@pytest.mark.parametrize(
    ("path", "method", "code"),
    [("/", "GET", 404), ("/metrics/../x", "GET", 404), ("/metrics", "POST", 405)],
)
def test_what_is_not_there(served: Served, path: str, method: str, code: int) -> None:
    assert served.get(path, method=method)[0] == code


def test_a_head_has_no_body(served: Served) -> None:
    assert served.get("/ready", method="HEAD") == (200, "application/json", b"")


def test_strangers_cost_themselves(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "CONNECTION_S", 0.3)
    silent = [socket.create_connection(served.server.address) for _ in range(status.CONNECTIONS)]
    silent[0].sendall(b"\0\xff garbage\r\n\r\n" * 100)
    silent[1].sendall(b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 50)
    assert served.get("/health")[0] == 200, "they keep others out"
    for sock in silent:
        sock.close()


def test_a_port_in_use_is_said(served: Served) -> None:
    with pytest.raises(ConfigError, match="metrics listener: cannot listen on") as caught:
        StatusServer(served.server.address, Metrics(), Snapshot).start()
    assert "metrics_port" in caught.value.mend
