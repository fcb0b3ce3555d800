"""Sound files as the switch plays them, read once and off the loop."""

import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import soundfile
import soxr
from gevent.threadpool import ThreadPool

from agentd.simulator.playing import RATE_HZ, Sound

KEPT = 512  # files; the longest unused goes
LONGEST_S = 900.0

_Key = tuple[str, int, int]


class SoundFiles:
    """Shared by the calls of a process. `load` may wait, `get` never does."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Sound] = OrderedDict()
        self._pool = ThreadPool(1)

    def load(self, path: str) -> None:
        """Have the file ready for `get`; nothing happens where it cannot be read."""
        key = _key(path)
        if key is not None and key not in self._kept:
            sound = self._pool.apply(_read, (path,))
            if sound is not None:
                self._kept[key] = sound
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)

    def get(self, path: str) -> Sound | None:
        """The sound, or None where there is none to play."""
        key = _key(path)
        if key is None or key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]


def _key(path: str) -> _Key | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return path, found.st_mtime_ns, found.st_size


def _read(path: str) -> Sound | None:
    if not Path(path).is_absolute():
        return None  # FreeSWITCH would look in its own sounds folder
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > LONGEST_S * file.samplerate:
                return None
            rate = file.samplerate
            samples = file.read(dtype="int16", always_2d=True)
    except (OSError, soundfile.SoundFileError):
        return None
    mono = np.ascontiguousarray(samples[:, 0])
    if rate != RATE_HZ:
        mono = soxr.resample(mono, rate, RATE_HZ)
    return Sound.of(np.asarray(mono, np.int16))
