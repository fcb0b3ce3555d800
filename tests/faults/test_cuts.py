"""The connection of the switch is cut at every step of the protocol, and in the middle of each."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from fault_house import YESES, House, Placed, Watch

from agentd.simulator.switch import SimulatedCall

STEPS = 20  # messages of the switch: replies, api answers, events
ADMISSION = 3  # the answer to the last subscription
# Before it, in its first header, in its middle (a body, where it has one), and after it.
WHERE = ("before", "in the header", "in the middle", "after")


class Cut(SimulatedCall):
    """Sends so many whole messages, and a part of the next; then the connection is gone."""

    whole = 0
    where = ""
    cut = False

    def _write(self) -> None:
        sent = 0
        while not self.cut:
            self._wake.wait(timeout=30.0)
            self._wake.clear()
            while self._outbox and not self.cut:
                data = self._outbox.popleft()
                last = sent == self.whole
                self._socket.sendall(data[: self._length(data)] if last else data)
                sent += 1
                if last:
                    self._break_off()

    def _length(self, data: bytes) -> int:
        n = len(data)
        return {"before": 0, "in the header": 7, "in the middle": n // 2, "after": n}[self.where]

    def _break_off(self) -> None:
        """As a process that ends (a FIN) or is killed with data unread (a reset)."""
        self.cut = True
        if self.whole % 2:
            option = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        else:
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._outbox.clear()
        self.switch.closed = self._closing = True
        self.switch.cause = "CUT"


def parts(step: int) -> list[str]:
    return [where for where in WHERE if step == 0 or where != "before"]


@pytest.fixture(scope="module")
def swept(root: Path) -> Iterator[dict[tuple[int, str], Placed]]:
    with Watch().on() as watch:
        house = House(root, watch, server={"max_calls": 200})
        placed: dict[tuple[int, str], Placed] = {}
        for step in range(STEPS):
            for where in parts(step):
                one = house.call(YESES * 2, kind=Cut)
                assert isinstance(one.call, Cut)
                one.call.whole, one.call.where = step, where
                placed[step, where] = one
            gevent.sleep(0.02)
        for one in placed.values():
            one.outcome()
        house.settle()
        yield placed
        house.stop()


@pytest.mark.parametrize("step", range(STEPS))
def test_the_connection_is_cut(swept: dict[tuple[int, str], Placed], step: int) -> None:
    for where in parts(step):
        one = swept[step, where]
        assert isinstance(one.call, Cut)
        assert one.call.cut, "the call was over before"
        if one.house.repo.load_call(one.id) is None:
            # The dialer knows of it; for agentd it was never a call.
            assert step < ADMISSION or step == ADMISSION
            continue
        assert step >= ADMISSION
        report = one.whole()
        assert (report.disposition, report.hangup_cause) == ("FAILED", "CRASH"), where
        assert report.reason == "CRASH"
