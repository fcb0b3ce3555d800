"""Spools of agentds that are gone: an opt-out must not wait for a process that never comes back.

Each agentd spools into a folder of its own under `var/spool` (`agentd.ledger`) and holds a lock
beside it while it lives; the kernel drops the lock with the process, however that ends. A folder
that nobody holds may be written to the store by whoever comes by: the dialer before it dials,
another agentd, `agentd db recover`.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

from agentd.ledger import recover
from agentd.observe import logs

if TYPE_CHECKING:
    from agentd.store.repo import Repo

log = logs.get("spools")

HOLD_WITHIN_S = 5.0  # somebody may be writing what the last one left


def folder_of(root: Path) -> Path:
    """Where every agentd of a house spools. root: `[paths] root`."""
    return root.resolve() / "var" / "spool"


class Held:
    """A spool folder that is ours until `release`, or the end of the process."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def release(self) -> None:
        """Somebody else may have it."""
        os.close(self._handle)


def hold(spool: Path) -> Held | None:
    """Make a spool folder ours; None when another has it or the lock cannot be made: calls are
    held all the same, and the store is told twice at worst, which changes nothing."""
    deadline = time.monotonic() + HOLD_WITHIN_S
    try:
        spool.parent.mkdir(parents=True, exist_ok=True)
        while True:
            handle = _take(spool)
            if handle is not None:
                return Held(handle)
            if time.monotonic() > deadline:
                log.warning("spool is another process's", spool=spool.name)
                return None
            gevent.sleep(0.1)
    except OSError as error:
        log.warning("spool cannot be locked", spool=spool.name, error=str(error))
        return None


def abandoned(root: Path) -> dict[Path, int]:
    """Spools with facts in them and no agentd, and how many calls' each holds."""
    found = {}
    for spool in sorted(f for f in folder_of(root).glob("*") if f.is_dir()):
        calls = sum(file.is_file() for file in spool.glob("*.jsonl"))
        if not calls:
            continue
        with _ours(spool) as free:
            if free:
                found[spool] = calls
    return found


def waiting(root: Path) -> int:
    """Calls with facts that are in no database yet, whoever's they are."""
    return sum(file.is_file() for file in folder_of(root).glob("*/*.jsonl"))


def set_aside(root: Path) -> list[Path]:
    """Spooled calls that the store refused for good: a person must look at them."""
    return sorted(folder_of(root).glob("*/*.refused"))


def write_abandoned(repo: "Repo", root: Path) -> int:
    """Write them to the store; how many calls were. Stops at what the store or the disk refuses."""
    written = 0
    for spool in abandoned(root):
        with _ours(spool) as free:
            if free:
                written += recover(repo, spool)
    if written:
        log.warning("spooled calls of an agentd that is gone were written", calls=written)
    return written


@contextmanager
def _ours(spool: Path) -> Iterator[bool]:
    """The lock, if nobody has it, while the block lasts."""
    try:
        handle = _take(spool)
    except OSError as error:  # another user's
        log.warning("spool cannot be looked at", spool=spool.name, error=str(error))
        handle = None
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _take(spool: Path) -> int | None:
    handle = os.open(
        spool.with_name(f"{spool.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660
    )
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
