"""Both listeners on loopback: admission, drain, garbage, streams found by their token."""

import socket
from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event
from websockets.frames import Frame, Opcode

from agentd.dialogue.events import HungUp
from agentd.errors import AgentdError
from agentd.switch import servers
from agentd.switch.leg import Leg
from agentd.switch.servers import AudioServer, EslServer

from .fakes import UUID, WIRE, Peer

LOCAL = ("127.0.0.1", 0)
UPGRADE = (WIRE / "fork_upgrade.http").read_bytes()


def until(true: Callable[[], object], timeout: float = 3.0) -> None:
    with gevent.Timeout(timeout, AssertionError("it never came")):
        while not true():
            gevent.sleep(0.002)


# -- calls ---------------------------------------------------------------------------------------


class Calls:
    """What an EslServer is given: holds each call until it hangs up or `release`."""

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self.release = Event()
        self.broken = False

    def __call__(self, leg: Leg) -> None:
        self.legs.append(leg)
        if self.broken:
            raise RuntimeError("a bug")
        over = Event()
        leg.on_event(lambda event: over.set() if isinstance(event, HungUp) else None)
        gevent.wait([over, self.release], timeout=5, count=1)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def esl(calls: Calls) -> Iterator[EslServer]:
    server = EslServer(LOCAL, calls, 2, connect_s=0.3)
    server.start()
    with gevent.Timeout(15):
        yield server
        calls.release.set()
        server.stop(timeout=1)


def dial(server: EslServer | AudioServer) -> socket.socket:
    return socket.create_connection(server.address, timeout=5)


def test_a_call_is_taken_and_closed(esl: EslServer, calls: Calls) -> None:
    peer = Peer(dial(esl))
    until(lambda: calls.legs)
    assert calls.legs[0].uuid == UUID
    assert esl.calls == 1
    assert not esl.wait_idle(0.01)
    peer.hang_up()
    assert peer.closed.wait(2)
    assert "exit" in peer.got
    assert esl.wait_idle(1)
    assert esl.calls == 0


def test_beyond_the_limit_a_call_is_hung_up(esl: EslServer, calls: Calls) -> None:
    held = [Peer(dial(esl)) for _ in range(2)]
    until(lambda: len(calls.legs) == 2)
    third = Peer(dial(esl))
    assert third.closed.wait(2)
    assert third.got == ["connect", f"api uuid_kill {UUID} SWITCH_CONGESTION"]
    assert esl.refused == 1
    held[0].hang_up()
    until(lambda: esl.calls == 1)
    fourth = Peer(dial(esl))
    until(lambda: len(calls.legs) == 3)
    for peer in (*held, fourth):
        peer.close()


def test_draining_takes_no_call_and_keeps_those_it_has(esl: EslServer, calls: Calls) -> None:
    held = Peer(dial(esl))
    until(lambda: calls.legs)
    esl.drain()
    with pytest.raises(ConnectionRefusedError):  # the dialplan goes to its next host at once
        dial(esl)
    assert esl.calls == 1
    held.hang_up()
    assert esl.wait_idle(3)


def test_who_connected_just_before_the_drain_is_told(esl: EslServer, calls: Calls) -> None:
    late = Peer(dial(esl))
    esl.drain()
    assert late.closed.wait(2)
    assert late.got[-1] == f"api uuid_kill {UUID} NORMAL_TEMPORARY_FAILURE"
    assert not calls.legs
    assert esl.wait_idle(3)


def test_garbage_costs_itself(esl: EslServer, calls: Calls) -> None:
    silent = [dial(esl) for _ in range(2)]
    web = dial(esl)
    web.sendall(b"GET / HTTP/1.1\r\n\r\n")
    gone = dial(esl)
    gone.close()
    with gevent.Timeout(3):
        while web.recv(100):
            pass
        for sock in silent:
            while sock.recv(100):
                pass
    assert esl.wait_idle(1)
    peer = Peer(dial(esl))
    until(lambda: calls.legs)
    peer.close()


def test_a_bug_in_a_call_hangs_it_up(esl: EslServer, calls: Calls) -> None:
    calls.broken = True
    peer = Peer(dial(esl))
    assert peer.closed.wait(3)
    assert f"api uuid_kill {UUID} NORMAL_CLEARING" in peer.got
    assert esl.wait_idle(1)


@pytest.mark.parametrize("make", [lambda a: EslServer(a, lambda leg: None, 1), AudioServer])
def test_a_port_in_use_is_explained(make: Callable[[tuple[str, int]], EslServer]) -> None:
    with (
        socket.create_server(LOCAL) as taken,
        pytest.raises(AgentdError, match=r"cannot listen on 127.0.0.1:\d+") as caught,
    ):
        make(taken.getsockname()).start()
    assert "another port" in caught.value.mend


# -- audio ---------------------------------------------------------------------------------------


class Ear:
    """The callbacks of one expected stream."""

    def __init__(self, server: AudioServer, token: str) -> None:
        self.audio = b""
        self.opened: list[str] = []
        self.closed: list[int] = []
        self.url = server.expect(token, self.on_audio, self.opened.append, self.closed.append)

    def on_audio(self, data: bytes) -> None:
        self.audio += data


@pytest.fixture
def audio(monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioServer]:
    monkeypatch.setattr(servers, "HANDSHAKE_S", 0.3)
    server = AudioServer(LOCAL)
    server.start()
    with gevent.Timeout(10):
        yield server
        server.stop(timeout=0.1)


def fork(server: AudioServer, path: str) -> tuple[socket.socket, bytes]:
    """A fork as mod_audio_fork opens it; its socket and the head of the answer."""
    sock = dial(server)
    sock.sendall(UPGRADE.replace(b"/stream?x=1", path.encode()))
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1)
    return sock, head


def frame(data: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    return Frame(opcode, data).serialize(mask=True)


def test_a_stream_reaches_its_call(audio: AudioServer) -> None:
    ear, other = Ear(audio, "secret"), Ear(audio, "another")
    assert ear.url == f"ws://127.0.0.1:{audio.address[1]}/secret"
    sock, head = fork(audio, "/secret/1")
    assert head.startswith(b"HTTP/1.1 101 ")
    sock.sendall(frame(b"{}", Opcode.TEXT) + frame(bytes(64_000)) + frame(b"\x01\x00" * 320))
    until(lambda: len(ear.audio) == 64_640)
    assert ear.opened == ["{}"]
    sock.sendall(frame(b"\x03\xe8", Opcode.CLOSE))
    until(lambda: ear.closed == [1000])
    assert (other.audio, other.opened, other.closed) == (b"", [], [])


def test_the_url_can_be_another() -> None:
    server = AudioServer(LOCAL, "ws://switch-side.example:9000/")
    assert Ear(server, "t").url == "ws://switch-side.example:9000/t"


def test_without_metadata_it_opens_with_the_audio(audio: AudioServer) -> None:
    ear = Ear(audio, "secret")
    sock, _ = fork(audio, "/secret")
    sock.sendall(frame(b"ab"))
    until(lambda: ear.audio == b"ab")
    assert ear.opened == [""]
    sock.close()
    until(lambda: ear.closed == [1006])


@pytest.mark.parametrize("path", ["/", "/unknown", "/unknown/1", "/secret/x", "/secret/-1"])
def test_an_unknown_stream_is_refused(audio: AudioServer, path: str) -> None:
    ear = Ear(audio, "secret")
    sock, head = fork(audio, path)
    assert head.startswith(b"HTTP/1.1 404 ")
    while sock.recv(100):
        pass
    assert ear.opened == []


def test_a_later_attempt_takes_over(audio: AudioServer) -> None:
    ear = Ear(audio, "secret")
    first, _ = fork(audio, "/secret/1")
    first.sendall(frame(b"aa"))
    until(lambda: ear.audio == b"aa")
    second, _ = fork(audio, "/secret/2")
    second.sendall(frame(b"bb"))
    until(lambda: ear.audio == b"aabb")
    assert first.recv(100) == Frame(Opcode.CLOSE, b"\x03\xe9").serialize(mask=False)
    _, head = fork(audio, "/secret/1")
    assert head.startswith(b"HTTP/1.1 409 ")
    second.sendall(frame(b"cc"))
    until(lambda: ear.audio == b"aabbcc")
    assert ear.closed == []


def test_forget_closes_the_stream_and_refuses_later_ones(audio: AudioServer) -> None:
    ear = Ear(audio, "secret")
    sock, _ = fork(audio, "/secret/1")
    sock.sendall(frame(b"aa"))
    until(lambda: ear.audio == b"aa")
    audio.forget("secret")
    audio.forget("secret")
    assert sock.recv(100) == Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False)
    _, head = fork(audio, "/secret/2")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert ear.closed == []


def test_a_graceful_end_is_closed_by_us(audio: AudioServer) -> None:
    ear = Ear(audio, "secret")
    sock, _ = fork(audio, "/secret/1")
    sock.sendall(frame(b"aa") + frame(b""))
    until(lambda: ear.closed == [1000])
    assert sock.recv(100) == Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False)


def test_slow_and_hostile_peers_are_dropped(audio: AudioServer) -> None:
    ear = Ear(audio, "secret")
    slow, garbage, huge = dial(audio), dial(audio), fork(audio, "/secret/1")[0]
    slow.sendall(b"GET /secret HTTP/1.1\r\n")
    garbage.sendall(b"\x16\x03\x01" + bytes(40_000))
    huge.sendall(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"mask")
    with gevent.Timeout(3):
        for sock in (slow, garbage, huge):
            try:
                while sock.recv(4096):
                    pass
            except OSError:
                pass
    until(lambda: ear.closed == [1009])
    assert fork(audio, "/secret/2")[1].startswith(b"HTTP/1.1 101 ")


def test_a_failing_callback_ends_its_stream_only(audio: AudioServer) -> None:
    def bug(data: bytes) -> None:
        raise RuntimeError("a bug")

    closed: list[int] = []
    audio.expect("bad", bug, on_close=closed.append)
    ear = Ear(audio, "good")
    bad, good = fork(audio, "/bad/1")[0], fork(audio, "/good/1")[0]
    bad.sendall(frame(b"aa"))
    good.sendall(frame(b"bb"))
    until(lambda: closed == [1006])
    until(lambda: ear.audio == b"bb")
