"""Reads many sockets in one greenlet: what an audio stream costs is mostly waking up for it.

A socket that sends every 20 ms and is read by a greenlet of its own costs a failed read, a watcher
and two switches a frame. Here the kernel is asked once for all that can be read, and then again
after a pause in which more gathers.
"""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.monkey import get_original

PACE_S = 0.01  # between two looks: half a frame
AT_ONCE = 64  # sockets read before others get a turn: about 2 ms
CHUNK = 16_384
SWEEP_S = 1.0
_READABLE = 1  # EPOLLIN

Take = Callable[[bytes], bool]


@dataclass(eq=False)
class _Reader:
    take: Take
    heard_at: float  # monotonic
    idle_s: float
    over: AsyncResult = field(default_factory=AsyncResult)


class Pump:
    """For the greenlets of one thread. `start` it first."""

    def __init__(self) -> None:
        self._readers: dict[int, _Reader] = {}
        self._epoll: Any = None
        self._own: list[gevent.Greenlet] = []

    def start(self) -> None:
        """Ready for `read`."""
        if self._epoll is None:
            # gevent takes it out of `select`, as it would block the loop: this one never waits.
            self._epoll = get_original("select", "epoll")()
            self._own = [gevent.spawn(self._run), gevent.spawn(self._sweep)]

    def read(self, sock: socket.socket, take: Take, idle_s: float) -> bool:
        """Give `take` what comes, until it returns False (then True), or all has come (False).

        take: runs in the pump's greenlet and must not wait. Raises what it raises, TimeoutError
        after `idle_s` seconds of silence, OSError when reading fails.
        """
        descriptor = sock.fileno()
        reader = self._readers[descriptor] = _Reader(take, time.monotonic(), idle_s)
        self._epoll.register(descriptor, _READABLE)
        try:
            return bool(reader.over.get())
        finally:
            del self._readers[descriptor]
            if self._epoll is not None:
                self._epoll.unregister(descriptor)

    def close(self) -> None:
        """Nothing is read any more."""
        gevent.killall(self._own)
        self._own = []
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None

    def _run(self) -> None:
        hub = gevent.get_hub()
        ready = hub.loop.io(self._epoll.fileno(), 1)
        try:
            while True:
                hub.wait(ready)
                while found := self._epoll.poll(0):
                    for start in range(0, len(found), AT_ONCE):
                        if start:
                            gevent.sleep(0)
                        self._read(found[start : start + AT_ONCE])
                    gevent.sleep(PACE_S)
        finally:
            ready.close()

    def _read(self, found: list[tuple[int, int]]) -> None:
        """Once from each."""
        now = time.monotonic()
        for descriptor, _ in found:
            reader = self._readers.get(descriptor)
            if reader is None or reader.over.ready():
                continue  # it ended while others were read
            try:
                data = os.read(descriptor, CHUNK)
                reader.heard_at = now
                if not data:
                    reader.over.set(False)
                elif not reader.take(data):
                    reader.over.set(True)
            except BlockingIOError:
                pass
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                reader.over.set_exception(error)

    def _sweep(self) -> None:
        while True:
            gevent.sleep(SWEEP_S)
            self._give_up_on_the_silent(time.monotonic())

    def _give_up_on_the_silent(self, now: float) -> None:
        for reader in list(self._readers.values()):
            if now - reader.heard_at > reader.idle_s and not reader.over.ready():
                reader.over.set_exception(TimeoutError("nothing came"))
