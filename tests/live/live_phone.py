"""A SIP phone: baresip, answering by itself, told over its control port what to say."""

import json
import signal
import socket
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

RATE = 8_000
SILENCE_S = 120  # after what is said: baresip ends the call at the end of a file
MODULES = Path("/usr/lib/baresip/modules")
CONFIG = """\
call_max_calls 20
sip_listen 127.0.0.1:{sip}
audio_source aufile,{silence}
audio_player aufile,{folder}/unused.wav
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""


class Phone:
    """Started at once; `user`@127.0.0.1:`sip` can be called. It records what it hears."""

    def __init__(self, folder: Path, user: str = "prospect", port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._user = user
        self.port = port or _free(socket.SOCK_DGRAM)
        self._control = _free(socket.SOCK_STREAM)
        self._silence = folder / "silence.wav"
        _write(self._silence, np.zeros(SILENCE_S * RATE, np.int16))
        # Not in `folder`, whose path may hold what baresip takes for syntax.
        self._home = tempfile.TemporaryDirectory(prefix="agentd-phone-")
        home = Path(self._home.name)
        (home / "config").write_text(
            CONFIG.format(
                sip=self.port,
                control=self._control,
                silence=self._silence,
                folder=folder,
                rate=RATE,
                modules=MODULES,
            )
        )
        (home / "accounts").write_text(
            f"<sip:{user}@127.0.0.1:{self.port}>;regint=0;answermode=auto;audio_codecs=pcma\n"
        )
        (home / "contacts").touch()
        with (folder / "phone.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["baresip", "-f", str(home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 10
        while True:
            try:
                self.tell("listcalls")
                return
            except OSError:
                assert time.monotonic() < deadline, (folder / "phone.log").read_text()[-500:]
                assert self._process.poll() is None, (folder / "phone.log").read_text()[-500:]
                time.sleep(0.1)

    @property
    def uri(self) -> str:
        """Where the switch finds it."""
        return f"sip:{self._user}@127.0.0.1:{self.port}"

    def tell(self, command: str, parameters: str = "") -> str:
        """A command of baresip's menu, without its slash; what it answers."""
        message = json.dumps({"command": command, "params": parameters, "token": "t"})
        with socket.create_connection(("127.0.0.1", self._control), 2) as sock:
            sock.settimeout(2)
            sock.sendall(f"{len(message)}:{message},".encode())
            return sock.recv(65_536).decode("utf-8", "replace")

    def say(self, samples: np.ndarray) -> float:
        """Speak (int16, 8 kHz) into the call, now; seconds it takes."""
        file = self._folder / f"said-{time.monotonic_ns()}.wav"
        _write(file, np.concatenate([samples, np.zeros(SILENCE_S * RATE, np.int16)]))
        self.tell("ausrc", f"aufile,{file}")
        return len(samples) / RATE

    def press(self, digit: str) -> None:
        """A key of the phone, by RFC 4733."""
        self.tell("sndcode", digit)

    def dial(self, uri: str) -> None:
        self.tell("dial", uri)

    def hang_up(self) -> None:
        self.tell("hangup")

    @property
    def in_call(self) -> bool:
        return "Active calls (0)" not in self.tell("listcalls")

    def heard(self) -> np.ndarray:
        """What came from the switch in the latest call, once it has ended: int16, 8 kHz."""
        file = max(self._folder.glob("dump-*-dec.wav"), key=lambda f: f.stat().st_mtime)
        with wave.open(str(file)) as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (RATE, 1)
            return np.frombuffer(sound.readframes(sound.getnframes()), np.int16)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=3)
        self._home.cleanup()


def _write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def _free(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
