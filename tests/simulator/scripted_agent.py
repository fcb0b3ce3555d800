"""A tiny agent for tests of the simulator: an event-socket server and an audio-fork server."""

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
from gevent.server import StreamServer
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol


@dataclass
class Heard:
    """What the audio fork brought."""

    request: str = ""
    texts: list[str] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    closed_by: int = 0
    refuse: bool = False
    delay_s: float = 0.0

    @property
    def audio(self) -> bytes:
        return b"".join(self.frames)


class AudioSink:
    """Takes audio forks and keeps what they send."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.connections: list[socket.socket] = []
        self.protocols: list[ServerProtocol] = []
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.server_port}/audio?x=1"

    def stop(self) -> None:
        self._server.stop(timeout=1)

    def say(self, text: str) -> None:
        self.protocols[-1].send_text(text.encode())
        self.connections[-1].sendall(b"".join(self.protocols[-1].data_to_send()))

    def _serve(self, sock: socket.socket, address: object) -> None:
        heard = self.heard
        protocol = ServerProtocol(max_size=None)
        self.connections.append(sock)
        self.protocols.append(protocol)
        while data := sock.recv(65_536):
            if not heard.request:
                heard.request = data.partition(b"\r\n\r\n")[0].decode()
                gevent.sleep(heard.delay_s)
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Request):
                    if heard.refuse:
                        protocol.send_response(protocol.reject(403, "no"))
                    else:
                        protocol.send_response(protocol.accept(event))
                elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                    heard.texts.append(bytes(event.data).decode())
                elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                    heard.frames.append(bytes(event.data))
                elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                    heard.closed_by = struct.unpack("!H", event.data[:2])[0]
            out = b"".join(protocol.data_to_send())
            if out:
                sock.sendall(out)
            if heard.refuse or heard.closed_by:
                break
        sock.close()


class Client:
    """The event socket as a script sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.text = ""
        self.uuid = ""
        self._reader = gevent.spawn(self._read)

    def _read(self) -> None:
        try:
            while data := self.sock.recv(65_536):
                self.text += data.decode()
        except OSError:
            pass

    def send(self, text: str) -> None:
        self.sock.sendall(text.encode() + b"\n\n")

    def wait(self, text: str, timeout: float = 5.0, count: int = 1) -> None:
        with gevent.Timeout(timeout, AssertionError(f"no {text!r} in {self.text[-600:]!r}")):
            while self.text.count(text) < count:
                gevent.sleep(0.005)

    def connect(self) -> None:
        self.send("connect")
        self.wait("Control: full\n\n")
        self.uuid = self.text.partition("\nUnique-ID: ")[2].partition("\n")[0]
        self.send("linger 1")
        self.send("myevents")
        self.send(
            "event plain PLAYBACK_START PLAYBACK_STOP DTMF CHANNEL_HANGUP_COMPLETE CUSTOM "
            "mod_audio_fork::connect mod_audio_fork::disconnect"
        )
        self.wait("enabled plain")

    def play(self, path: object) -> None:
        self.send(
            "sendmsg\ncall-command: execute\nexecute-app-name: playback\n"
            f"execute-app-arg: {path}\nevent-lock: true"
        )

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        self.send(f"sendmsg\ncall-command: hangup\nhangup-cause: {cause}")
        self.wait("Event-Name: CHANNEL_HANGUP_COMPLETE")


class ScriptedAgent:
    """Runs `script(client)` for every call; what it raises fails the test at `stop`."""

    def __init__(self, script: Callable[[Client], None]) -> None:
        self._script = script
        self.clients: list[Client] = []
        self.errors: list[BaseException] = []
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self._server.server_port)

    def stop(self) -> None:
        self._server.stop(timeout=1)
        for error in self.errors:
            raise error

    def _serve(self, sock: socket.socket, address: object) -> None:
        client = Client(sock)
        self.clients.append(client)
        try:
            self._script(client)
        except BaseException as error:  # noqa: BLE001 - told by `stop`
            self.errors.append(error)
        finally:
            sock.close()
