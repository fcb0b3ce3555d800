"""`agentd serve` under a service manager."""

import json
import shutil
import signal
import socket

import pytest
from agentd_process import Agentd
from fault_house import ROOT


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """The socket systemd would listen on."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(20)
    name = str(tmp_path / "notify")
    listener.bind(name)
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    yield listener
    listener.close()


def hear(listener, wanted: str) -> str:
    """The first message that begins with `wanted`; pulses of the watchdog come in between."""
    for _ in range(200):
        state = listener.recv(400).decode()
        if state.startswith(wanted):
            return state
    raise AssertionError(f"no {wanted}")


def test_ready_pulse_reload_and_stop(tmp_path, manager):
    root = tmp_path / "root"
    for folder in ("scenarios", "objections", "voices"):
        shutil.copytree(ROOT / folder, root / folder)
    agentd = Agentd(
        tmp_path / "agentd",
        paths={"root": str(root)},
        server={"esl_port": 0, "audio_port": 0},
    )
    try:
        hear(manager, "READY=1")
        assert "STATUS=0 calls" in hear(manager, "WATCHDOG=1")
        file = root / "scenarios" / "scenario_finance.json"
        whole = file.read_text()
        file.write_text(whole[:-20])
        agentd.process.send_signal(signal.SIGHUP)
        hear(manager, "RELOADING=1")
        hear(manager, "READY=1")
        agentd.wait_said("read again")
        told = [
            json.loads(line) for line in agentd.log.splitlines() if "the one before stays" in line
        ]
        assert str(file) in told[0]["error"]
        hear(manager, "WATCHDOG=1")  # it goes on
        agentd.process.send_signal(signal.SIGTERM)
        assert "draining 0 calls" in hear(manager, "STOPPING=1")
        assert agentd.process.wait(20) == 0
    finally:
        agentd.process.kill()
