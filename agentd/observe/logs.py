"""Structured logs on standard error, one event a line, with the call's id where there is one.

Numbers, names and what people say are personal data: they may be logged at DEBUG only.
"""

import logging
import os
import sys
from typing import Any, TextIO, cast

import structlog

from agentd.config import LogSettings


def configure(settings: LogSettings) -> None:
    """Set up structlog for the process: JSON lines for a journal, plain lines for a person."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.json_lines
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default prints local variables: a contact's name and number are among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    if settings.json_lines and _to_journal():
        renderer = _Prioritised(renderer)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.level)),
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Unfailing(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    # Libraries that log through the standard module: warnings and worse, in their own words.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")


# sd-daemon(3): what a line begins with is its priority, and is taken off by the journal.
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}


class _Prioritised:
    """A renderer whose lines `journalctl -p warning` can tell apart."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer

    def __call__(self, logger: Any, method: str, event: Any) -> str:
        priority = _PRIORITIES.get(str(event.get("level", method)), 6)
        return f"<{priority}>{self._renderer(logger, method, event)}"


def _to_journal() -> bool:
    """Does systemd's journal read our standard error? systemd.exec(5), JOURNAL_STREAM."""
    named = os.environ.get("JOURNAL_STREAM", "")
    try:
        held = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # closed, or no file
        return False
    return named == f"{held.st_dev}:{held.st_ino}"


class _Unfailing:
    """A stream that loses what it cannot write: a full disk must end no call."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return 0

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            return


def get(name: str) -> Any:
    """A logger bound to a component name."""
    # Bound at each use: a logger bound here would keep what was configured before `configure`.
    return structlog.get_logger(component=name)
