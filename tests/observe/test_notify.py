import os
import socket

import pytest

from agentd.observe.notify import Notifier


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    """What systemd listens on, and its name as a service gets it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(2)
    if request.param == "file":
        name = shown = str(tmp_path / "notify")
    else:
        name, shown = f"\0agentd-test-{os.getpid()}", f"@agentd-test-{os.getpid()}"
    listener.bind(name)
    yield listener, shown
    listener.close()


def test_what_systemd_hears(manager):
    listener, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready()
    assert listener.recv(200) == b"READY=1"
    notifier.reloading()
    state, when = listener.recv(200).decode().split("\n")
    assert state == "RELOADING=1"
    assert int(when.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.stopping("2 calls")
    assert listener.recv(200) == b"STOPPING=1\nSTATUS=2 calls"
    notifier.alive("2 calls")
    assert listener.recv(200) == b"WATCHDOG=1\nSTATUS=2 calls"


def test_without_systemd_nothing_is_sent_and_nothing_fails(tmp_path):
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


@pytest.mark.parametrize(
    ("environ", "every"),
    [
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000"}, 15.0),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "@x"}, None),
        ({"WATCHDOG_USEC": "30000000"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_waits(environ, every):
    assert Notifier(environ).watchdog_s == every
