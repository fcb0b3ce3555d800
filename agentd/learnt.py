"""What is learnt from examples takes seconds to learn and milliseconds to read: it is kept on disk.

A file is named by all that decides what is in it: the examples, and the code that learns from them.
What cannot be read is learnt again, what cannot be written is learnt by the next process too.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import structlog

from agentd.dialogue.learner import Learner, Learnt

log = structlog.get_logger(component="learnt")

MOST = 40  # files; those unread for longest go
_SUFFIX = ".learnt"


class LearntFiles:
    """Of one folder. write: else only what others have left there is used."""

    def __init__(self, folder: Path, *, write: bool) -> None:
        self._folder = folder
        self._write = write

    def get(self, material: bytes, make: Callable[[Learner | None], Learner | None]) -> None:
        """Have `make(learner)` called with what was learnt from `material` before, or with None;
        it gives what it has learnt, which is kept for the next; None is not."""
        file = self._folder / f"{_name(material)}{_SUFFIX}"
        held = _read(file)
        made = make(held)
        if held is None and made is not None and self._write:
            self._keep(file, made)

    def _keep(self, file: Path, learner: Learner) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            data = msgspec.msgpack.encode(learner.learnt)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as scratch:
                scratch.write(data)
            Path(scratch.name).replace(file)
            kept = sorted(self._folder.glob(f"*{_SUFFIX}"), key=os.path.getmtime)
            for old in kept[:-MOST]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.info("what was learnt is not kept", error=str(error))


def _read(file: Path) -> Learner | None:
    try:
        learnt = msgspec.msgpack.decode(file.read_bytes(), type=Learnt)
        learner = Learner.of(learnt)
        os.utime(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        log.info("what was learnt cannot be read", error=str(error))
        return None
    return learner


def _name(material: bytes) -> str:
    return hashlib.sha256(_code() + np.__version__.encode() + material).hexdigest()[:32]


@lru_cache(maxsize=1)
def _code() -> bytes:
    """Of everything that may have a part in it."""
    digest = hashlib.sha256()
    for file in sorted(files("agentd.dialogue").iterdir(), key=lambda file: file.name):
        if file.is_file():
            digest.update(file.name.encode() + file.read_bytes())
    return digest.digest()
