"""What commands about people share: the store, who acts, how a number is read."""

import getpass
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from agentd.cli import settings_of
from agentd.config import Settings
from agentd.errors import BadInput
from agentd.numbers import e164
from agentd.store.repo import Repo

TIMEOUT_S = 60.0  # of one batch: a prospect waits for nothing here, a slow disk may take its time


@contextmanager
def opened(ctx: click.Context, timeout_s: float = TIMEOUT_S) -> Iterator[Repo]:
    """The store of the configuration, closed afterwards."""
    settings = settings_of(ctx)
    repo = Repo(settings.store.url, root=settings.paths.root, timeout_s=timeout_s)
    try:
        yield repo
    finally:
        repo.close()


def actor() -> str:
    """Who acts, for the audit trail: the account the command runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def once() -> str:
    """A key under which an act is kept once, however often its writing is tried."""
    return secrets.token_hex(16)


def number_of(phone: str) -> str:
    """A number somebody typed, in E.164. Raises BadInput."""
    number = e164(phone)
    if not number.startswith("+"):
        raise BadInput(
            f"{phone!r}: not a telephone number", mend="write it as 01 99 00 12 34 or +33199001234"
        )
    return number


def private_file(path: Path, mend: str) -> int:
    """A new file for its owner's eyes only, open for writing. Raises BadInput."""
    try:
        return os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})", mend=mend) from None


def synthesised(settings: Settings) -> Iterator[Path]:
    """What was synthesised during calls: names are said in it, and it is made again when wanted."""
    yield from settings.path("audio").glob("*/cache/*/*.wav")
