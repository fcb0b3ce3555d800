"""A copy of a SQLite database while it is written to: SQLite's own online backup.

Copying the file instead would lose what is still in its write-ahead log, or tear a page in two.
"""

import os
import sqlite3
from pathlib import Path

from agentd.errors import BadInput, StoreError

PAGES = 2_000  # a step's; between two, writers get their turn
PAUSE_S = 0.01


def copy(file: Path, out: Path) -> int:
    """Bytes of the copy of `file` at `out`, which is put in place whole, for its owner's eyes only.

    Raises BadInput when `out` cannot be written, StoreError when `file` is no whole database.
    """
    part = out.with_name(f".{out.name}.new")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BadInput(
            f"{out}: cannot be written ({error.strerror})", mend="name a file this user may write"
        ) from None
    try:
        _copy(file, part)
        part.replace(out)
    except sqlite3.Error as error:
        raise StoreError(f"{file}: cannot be copied: {error}") from None
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
    return out.stat().st_size


def _copy(file: Path, part: Path) -> None:
    source = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        target = sqlite3.connect(part)
        try:
            source.backup(target, pages=PAGES, sleep=PAUSE_S)
            # One file, without a log beside it, until it is opened again as a store.
            target.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = target.execute("PRAGMA integrity_check").fetchone()
        finally:
            target.close()
    finally:
        source.close()
    if verdict != "ok":
        raise StoreError(f"{file}: is damaged: {verdict}", mend="restore an earlier copy")
