"""Strangers on both ports while calls hold: they cost themselves, and leave nothing behind."""

import gc
import random
import socket
import struct
import weakref
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from fault_house import YESES, House, Watch, until

from agentd.switch import servers
from agentd.switch.esl import EslParser
from agentd.switch.fork import ForkStream

Address = tuple[str, int]
UPGRADE = (
    "GET /{path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: audio.drachtio.org\r\n"
)


def dial(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=10)


def until_closed(sock: socket.socket) -> None:
    """Whatever it says first, the other side must close."""
    try:
        while sock.recv(65_536):
            pass
    except ConnectionError:
        pass
    finally:
        sock.close()


def send(sock: socket.socket, data: bytes) -> None:
    try:
        sock.sendall(data)
    except OSError:
        pass  # closed already: so much the better


def random_bytes(address: Address, dice: random.Random) -> None:
    sock = dial(address)
    send(sock, dice.randbytes(dice.randrange(1, 4_000)) + b"\n\n\r\n\r\n")
    until_closed(sock)


def huge_header(address: Address, dice: random.Random) -> None:
    sock = dial(address)
    send(sock, b"Content-Type: " + b"a" * 600_000)
    until_closed(sock)


def huge_body(address: Address, dice: random.Random) -> None:
    sock = dial(address)
    send(sock, b"Content-Type: text/event-plain\nContent-Length: 999999999999\n\n" + bytes(1_000))
    until_closed(sock)


def silent(address: Address, dice: random.Random) -> None:
    until_closed(dial(address))


def gone_at_once(address: Address, dice: random.Random) -> None:
    sock = dial(address)
    if dice.random() < 0.5:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def slow_loris(address: Address, dice: random.Random) -> None:
    """A byte now and then, never a line: it must be given up although it is not silent."""
    sock = dial(address)
    text = b"Content-Type: command/reply" if dice.random() < 0.5 else b"GET /slow HTTP/1.1"

    def drip() -> None:
        try:
            while True:
                sock.sendall(text[dice.randrange(len(text)) :][:1])
                gevent.sleep(0.05)
        except OSError:
            pass

    dripping = gevent.spawn(drip)
    until_closed(sock)
    dripping.join(timeout=1)


def half_handshake(address: Address, dice: random.Random) -> None:
    sock = dial(address)
    send(sock, UPGRADE.format(path="x/1").encode()[: dice.randrange(5, 150)])
    until_closed(sock)


def unknown_stream(address: Address, dice: random.Random) -> None:
    sock = dial(address)
    send(sock, UPGRADE.format(path="guessed-token/1").encode() + b"\r\n" + dice.randbytes(500))
    until_closed(sock)


def false_switch(address: Address, dice: random.Random) -> None:
    """Answers `connect` as an event socket does, but there is no channel."""
    sock = dial(address)
    send(sock, b"Content-Type: command/reply\nReply-Text: +OK\n\n" * 4)
    until_closed(sock)


KINDS = [
    random_bytes,
    huge_header,
    huge_body,
    silent,
    gone_at_once,
    slow_loris,
    half_handshake,
    unknown_stream,
    false_switch,
]
STRANGERS, CALLS = 1_000, 5
TURNS = [*YESES * 3, {"say": "ne m'appelez plus"}]


def remembered(patch: pytest.MonkeyPatch) -> "weakref.WeakSet[EslParser | ForkStream]":
    """What this process will hold of connections, closed ones that nobody forgot included."""
    made: weakref.WeakSet[EslParser | ForkStream] = weakref.WeakSet()
    for kind in EslParser, ForkStream:
        make = kind.__init__

        def init(self: Any, *arguments: Any, make: Any = make, **named: Any) -> None:
            make(self, *arguments, **named)
            made.add(self)

        patch.setattr(kind, "__init__", init)
    return made


def test_strangers_while_calls_hold(
    houses: Callable[..., House], watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "HANDSHAKE_S", 1.0)
    monkeypatch.setattr(servers.EslServer.__init__, "__kwdefaults__", KWDEFAULTS)
    # Room for the calls, and one more: a stranger must not be taken for one.
    house = houses(server={"max_calls": CALLS + 1})
    dice = random.Random(4)
    connections = remembered(monkeypatch)
    calls = [house.call(TURNS)]
    until(lambda: house.server.calls == 1)
    addresses = [house.server.esl_address, house.server._audio.address]
    strangers = []
    for number in range(STRANGERS):
        kind = KINDS[number % len(KINDS)]
        address = addresses[number // len(KINDS) % 2]
        strangers.append(gevent.spawn(kind, address, random.Random(number)))
        if number % (STRANGERS // CALLS) == STRANGERS // CALLS // 2 and len(calls) < CALLS:
            calls.append(house.call(TURNS))  # in the midst of them
        gevent.sleep(dice.random() * 0.02)
    gevent.joinall(strangers, timeout=15, raise_error=True)
    assert all(stranger.dead for stranger in strangers), "a stranger is still connected"
    for one in calls:
        outcome = one.outcome()
        assert outcome.problems == []
        report = one.whole()
        assert (report.disposition, report.score) == ("OPT_OUT", 60)
    assert watch.said("call refused") == []
    house.settle()
    gc.collect()
    assert not connections
    house.stop()


KWDEFAULTS = {**servers.EslServer.__init__.__kwdefaults__, "connect_s": 1.0}
