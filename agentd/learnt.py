"""What matchers have learnt, kept as files: a restart need not learn it again.

Learning a theme takes some two seconds, reading what was learnt some hundredths. A file is named
by everything it depends on (the entries, the ordinary answers and the code that learns), so that
one is never wrong, only unused; the latest FILES are kept. Where none can be written, none is.
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import structlog

from agentd.dialogue.objections import Entry, Matcher

log = structlog.get_logger(component="learnt")

FOLDER = Path("var/learnt")  # under the root of [paths]
FILES = 16
_SOURCES = (
    *("objections.py", "ridge.py", "lexical.py", "sounds.py", "spoken.py", "text.py"),
    *("ordinary.py", "ordinary_answers.txt"),
)


def matcher(entries: Sequence[Entry], folder: Path) -> Matcher:
    """The matcher of these entries: as read from `folder`, or learnt now and kept there.

    Raises ObjectionsError when two entries have the same id.
    """
    file = folder / f"{_name(entries)}.npz"
    try:
        with np.load(file, allow_pickle=False) as kept:
            made = Matcher(entries, dict(kept))
        os.utime(file)
    except FileNotFoundError:
        pass
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("cannot be read, learnt again", file=str(file), error=str(error))
    else:
        return made
    made = Matcher(entries)
    try:
        _keep(made, file)
    except OSError as error:
        log.debug("what was learnt cannot be kept", folder=str(folder), error=str(error))
    return made


def _name(entries: Sequence[Entry]) -> str:
    told = hashlib.sha256(_code())
    told.update(msgspec.json.encode(sorted(entries, key=lambda entry: entry.id)))
    return told.hexdigest()[:32]


@lru_cache(maxsize=1)
def _code() -> bytes:
    told = hashlib.sha256(np.__version__.encode())
    for name in _SOURCES:
        told.update(files("agentd.dialogue").joinpath(name).read_bytes())
    return told.digest()


def _keep(made: Matcher, file: Path) -> None:
    learnt = made.learnt()
    if learnt is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: another process may be reading.
    handle, part = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            np.savez(out, **learnt)
        os.replace(part, file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    kept = sorted(file.parent.glob("*.npz"), key=lambda path: path.stat().st_mtime)
    for old in kept[:-FILES]:
        old.unlink(missing_ok=True)
