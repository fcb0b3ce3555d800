"""Native threads for native work: recognition and synthesis block, the loop must not.

Bounded twice: `threads` run, `queue` wait, and one more is refused at once with SpeechError.
"""

from collections.abc import Callable
from typing import Any

from gevent.event import AsyncResult
from gevent.threadpool import ThreadPool

from agentd.errors import SpeechError


class Workers:
    """A pool shared by every call of the process."""

    def __init__(self, threads: int, queue: int) -> None:
        self._pool = ThreadPool(threads)
        self._room = threads + queue
        self.waiting = 0  # submitted and not finished
        self.done = 0
        self.refused = 0

    def submit(self, work: Callable[..., Any], *arguments: Any) -> AsyncResult:
        """Start `work` on a thread; `.get(timeout=...)` waits and raises what it raised.

        Order is kept for nobody: who needs it submits one piece of work at a time.
        Raises SpeechError when the queue is full.
        """
        if self.waiting >= self._room:
            self.refused += 1
            raise SpeechError(
                f"{self.waiting} pieces of native work wait already",
                mend="fewer calls, or more [speech] threads",
            )
        self.waiting += 1
        result: AsyncResult = self._pool.spawn(work, *arguments)
        result.rawlink(self._finished)
        return result

    def close(self) -> None:
        """Let what runs finish, and end the threads."""
        self._pool.kill()

    def _finished(self, _: AsyncResult) -> None:
        self.waiting -= 1
        self.done += 1
