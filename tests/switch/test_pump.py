"""Many sockets read by one greenlet."""

import socket
import time
from collections.abc import Iterator

import gevent
import pytest

from agentd.switch import pump as pump_module
from agentd.switch.pump import Pump


@pytest.fixture
def pump() -> Iterator[Pump]:
    made = Pump()
    made.start()
    yield made
    made.close()


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    return ours, theirs


def wait(condition: object, timeout: float = 3.0) -> None:
    with gevent.Timeout(timeout):
        while not condition():  # type: ignore[operator]
            gevent.sleep(0.002)


def test_every_socket_gets_its_own_bytes_in_order(pump: Pump) -> None:
    pairs = [pair() for _ in range(200)]  # more than are read in one go
    heard: list[list[bytes]] = [[] for _ in pairs]

    def reading(number: int) -> bool:
        def take(data: bytes) -> bool:
            heard[number].append(data)
            return True

        return pump.read(pairs[number][0], take, 60.0)

    readers = [gevent.spawn(reading, number) for number in range(len(pairs))]
    gevent.sleep(0)
    for turn in range(5):
        for number, (_, theirs) in enumerate(pairs):
            theirs.sendall(f"{number}.{turn};".encode())
        gevent.sleep(0.015)
    for _, theirs in pairs:
        theirs.close()
    gevent.joinall(readers, timeout=3)
    assert [reader.value for reader in readers] == [False] * len(pairs)  # all has come
    for number, pieces in enumerate(heard):
        assert b"".join(pieces) == b"".join(f"{number}.{turn};".encode() for turn in range(5))


def test_one_that_has_something_to_say_is_let_go_and_read_on(pump: Pump) -> None:
    ours, theirs = pair()
    heard: list[bytes] = []

    def take(data: bytes) -> bool:
        heard.append(data)
        return data != b"stop"

    reader = gevent.spawn(pump.read, ours, take, 60.0)
    gevent.sleep(0)
    theirs.sendall(b"stop")
    assert reader.get(timeout=3) is True
    theirs.sendall(b"more")
    gevent.sleep(0.03)
    assert heard == [b"stop"]  # nobody reads
    again = gevent.spawn(pump.read, ours, take, 60.0)
    wait(lambda: heard == [b"stop", b"more"])
    theirs.close()
    assert again.get(timeout=3) is False


def test_one_that_fails_costs_the_others_nothing(pump: Pump) -> None:
    (bad, to_bad), (good, to_good) = pair(), pair()
    heard: list[bytes] = []

    def fail(data: bytes) -> bool:
        raise ValueError("broken")

    def take(data: bytes) -> bool:
        heard.append(data)
        return True

    def failing_read() -> None:
        with pytest.raises(ValueError, match="broken"):
            pump.read(bad, fail, 60.0)

    failing = gevent.spawn(failing_read)
    reading = gevent.spawn(pump.read, good, take, 60.0)
    gevent.sleep(0)
    to_bad.sendall(b"x")
    to_good.sendall(b"y")
    failing.get(timeout=3)
    wait(lambda: heard == [b"y"])
    to_good.close()
    assert reading.get(timeout=3) is False


def test_silence_is_not_waited_out(pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "SWEEP_S", 0.02)
    pump.close()
    pump.start()
    ours, _theirs = pair()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        pump.read(ours, lambda data: True, 0.1)
    assert 0.1 <= time.monotonic() - began < 1.0


def test_a_number_that_is_used_again_is_another_socket(pump: Pump) -> None:
    heard: list[bytes] = []

    def take(data: bytes) -> bool:
        heard.append(data)
        return False

    for turn in range(3):
        ours, theirs = pair()
        theirs.sendall(bytes([turn]))
        assert pump.read(ours, take, 60.0) is True
        ours.close()
        theirs.close()
    assert heard == [b"\0", b"\1", b"\2"]


def test_waiting_costs_next_to_nothing(pump: Pump) -> None:
    """Level-triggered readiness of a descriptor nobody reads must not spin."""
    ours, theirs = pair()
    reader = gevent.spawn(pump.read, ours, lambda data: True, 60.0)
    gevent.sleep(0)
    began = time.process_time()
    gevent.sleep(0.3)
    assert time.process_time() - began < 0.1
    theirs.close()
    reader.get(timeout=3)
