"""SVOX Pico in process, through ctypes.

pico2wave has its language folder built in and costs a process a sentence; the library takes the
path, and says 6 s of speech in 40 ms. An engine is not thread-safe: one each thread, behind a lock.
ctypes releases the GIL in every call.
"""

import ctypes as c
import math
import threading
import weakref
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from agentd.errors import MissingResource, SpeechError

LIBRARY = Path("lib/libttspico.so.0")
LANGUAGE = (Path("lang/fr-FR_ta.bin"), Path("lang/fr-FR_nk0_sg.bin"))  # text analysis, then sound
RATE_HZ = 16_000

_MEMORY = 2_500_000  # bytes Pico works in, all it ever takes
_VOICE = b"agentd"
_BUSY, _IDLE = 201, 200  # PICO_STEP_BUSY, PICO_STEP_IDLE of picodefs.h
_CHUNK = 4096
_LONGEST = 32_000  # bytes of one text: sizes are 16 bits
# At its own level of 100 Pico clips a third of our sentences; at 85 none.
_LEVEL = 80
ATTEMPTS = 2  # other ways to say a text that could not be understood


class PicoVoice:
    """Pico's French voice. `render` is native work: RTF .007 on one core."""

    name = "SVOX Pico fr-FR"
    licence = "Apache-2.0"
    rate_hz = RATE_HZ
    consent = ""  # a synthetic speaker: nobody is imitated
    parallel = True

    def __init__(
        self, folder: Path, *, speed: int = 100, pitch: int = 100, volume: int = 100
    ) -> None:
        """folder: as `agentd models fetch pico` leaves it. speed, pitch, volume: percent.

        volume is not rendered but told as `level_db`: rendered, it would be levelled away or clip.
        Raises MissingResource when the folder lacks a file, SpeechError when it cannot be used.
        """
        for part in (LIBRARY, *LANGUAGE):
            if not (folder / part).is_file():
                raise MissingResource(
                    f"no Pico voice in {folder} ({part} is missing)",
                    mend="agentd models fetch pico",
                )
        self._folder = folder
        self._levels = {"speed": speed, "pitch": pitch, "volume": volume}
        self._tags = (
            f'<volume level="{_LEVEL}"><speed level="{speed}"><pitch level="{pitch}">',
            "</pitch></speed></volume>",
        )
        self.level_db = 20 * math.log10(volume / 100)
        self.settings = f"pico speed={speed} pitch={pitch} volume={volume}"
        self._local = threading.local()

    def another(self, attempt: int) -> "PicoVoice | None":
        """Slower."""
        slower = slowed(self._levels["speed"], attempt)
        levels = {**self._levels, "speed": slower or 100}
        return None if slower is None else PicoVoice(self._folder, **levels)

    def render(self, text: str) -> NDArray[np.int16]:
        """Speech for a text, int16 mono 16 kHz; the same each time. Raises SpeechError.

        What is no text (half of a surrogate pair, a NUL) is left out.
        """
        data = (self._tags[0] + escape(text.replace("\0", " ")) + self._tags[1]).encode(
            errors="ignore"
        ) + b"\0"
        if len(data) > _LONGEST:
            raise SpeechError(
                f"a text of {len(data)} bytes is too long for Pico",
                mend=f"keep it under {_LONGEST} bytes: say it in several sentences",
            )
        engine: _Engine | None = getattr(self._local, "engine", None)
        if engine is None:
            engine = self._local.engine = _Engine(self._folder)
        samples = np.frombuffer(engine.say(data), np.int16)
        if not samples.any():
            raise SpeechError("Pico finds nothing to say in the text", mend="write words")
        return samples


def slowed(speed: int, attempt: int) -> int | None:
    """Percent of an engine's pace at which a text is tried again: 8 points less each time, twice.

    Recognisers and people follow slower speech better; slower than 60 nobody speaks.
    """
    slower = speed - 8 * attempt
    return slower if attempt <= ATTEMPTS and slower >= 60 else None


class _Engine:
    """One native engine, used by one thread."""

    def __init__(self, folder: Path) -> None:
        try:
            self._lib = c.CDLL(str(folder / LIBRARY))
        except OSError as error:
            raise SpeechError(
                f"{folder / LIBRARY} cannot be loaded: {error}", mend="agentd models fetch pico"
            ) from None
        memory = c.create_string_buffer(_MEMORY)
        self._system = c.c_void_p()
        self._check(self._lib.pico_initialize(memory, c.c_uint(_MEMORY), c.byref(self._system)))
        resources: list[c.c_void_p] = []
        self._engine = c.c_void_p()
        # Its memory and its two open files are given back when nothing uses the engine any more.
        end = weakref.finalize(self, _end, self._lib, self._system, self._engine, resources, memory)
        end.atexit = False
        self._check(self._lib.pico_createVoiceDefinition(self._system, _VOICE))
        for part in LANGUAGE:
            resource = c.c_void_p()
            path = str(folder / part).encode()
            self._check(self._lib.pico_loadResource(self._system, path, c.byref(resource)))
            resources.append(resource)
            name = c.create_string_buffer(200)
            self._check(self._lib.pico_getResourceName(self._system, resource, name))
            self._check(self._lib.pico_addResourceToVoiceDefinition(self._system, _VOICE, name))
        self._check(self._lib.pico_newEngine(self._system, _VOICE, c.byref(self._engine)))

    def say(self, text: bytes) -> bytes:
        spoken = bytearray()
        buffer = c.create_string_buffer(_CHUNK)
        taken, got, kind = c.c_int16(), c.c_int16(), c.c_int16()
        # Also where its noise generator starts: without it a text never sounds the same twice.
        self._check(self._lib.pico_resetEngine(self._engine, c.c_int32(0)))
        while text:
            self._check(
                self._lib.pico_putTextUtf8(self._engine, text, c.c_int16(len(text)), c.byref(taken))
            )
            if not taken.value:
                raise SpeechError("Pico takes no more text")
            text = text[taken.value :]
            status = _BUSY
            while status == _BUSY:
                status = self._lib.pico_getData(
                    self._engine, buffer, c.c_int16(_CHUNK), c.byref(got), c.byref(kind)
                )
                spoken += buffer.raw[: got.value]
            if status != _IDLE:
                raise SpeechError(f"Pico failed with status {status}")
        return bytes(spoken)

    def _check(self, status: int) -> None:
        if status < 0:
            message = c.create_string_buffer(200)
            self._lib.pico_getSystemStatusMessage(self._system, c.c_int(status), message)
            raise SpeechError(f"Pico: {message.value.decode(errors='replace') or status}")


def _end(
    lib: c.CDLL,
    system: c.c_void_p,
    engine: c.c_void_p,
    resources: list[c.c_void_p],
    memory: object,
) -> None:
    """Pico closes a resource's file only when it is unloaded, and unloads none in use."""
    if engine:
        lib.pico_disposeEngine(system, c.byref(engine))
    lib.pico_releaseVoiceDefinition(system, _VOICE)
    for resource in resources:
        lib.pico_unloadResource(system, c.byref(resource))
    lib.pico_terminate(c.byref(system))
