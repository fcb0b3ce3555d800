"""Native threads for native work: recognition and synthesis block, the loop must not.

Bounded twice: `threads` run, `queue` wait, and one more is refused at once with SpeechError. A
thread that hangs in native code cannot be ended: `abandon` puts another in its place, MOST_LOST
times at most.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.threadpool import ThreadPool

from agentd.errors import SpeechError

MOST_LOST = 8  # threads that hang, before no more are put in their place
CLOSE_S = 10.0  # what runs is given this long to finish
# Of these threads, and of those an engine starts on them: where the cores are full, the event loop
# and the switch come first. A frame that waits 20 ms is heard, a recognition that does is not.
NICE = 5


class NotBegun(SpeechError):
    """It was taken out of the queue (`Job.cancel`)."""


class Job(AsyncResult):  # type: ignore[misc]  # gevent is not typed
    """One piece of work. `.get(timeout=...)` waits for it, and raises what it raised."""

    def __init__(self, owner: "Workers", work: Callable[..., Any], arguments: tuple[Any, ...]):
        super().__init__()
        self._owner = owner
        self.call: tuple[Callable[..., Any], tuple[Any, ...]] | None = (work, arguments)
        self.seconds = 0.0  # it ran, once it is over

    def cancel(self) -> bool:
        """Take it out of the queue; False when it runs or has run, and cannot be stopped."""
        return self._owner.withdraw(self)

    def abandon(self) -> None:
        """It has run too long: another thread takes the place of the one it holds."""
        self._owner.replace(self)


class Workers:
    """A pool shared by every call of the process. For the greenlets of one thread only."""

    def __init__(self, threads: int, queue: int) -> None:
        # ThreadPool.spawn waits, without a limit, when all its threads are busy. Ours start work
        # only when one is free, so one thread more than that is never waited for.
        self._pool = ThreadPool(threads + 1)
        self._threads = threads
        self._room = queue
        self._queue: deque[Job] = deque()
        self._later: deque[Job] = deque()
        self._running: set[Job] = set()
        self._lost: set[Job] = set()
        self._closed = False
        self.busy = 0
        self.done = 0
        self.refused = 0

    @property
    def threads(self) -> int:
        """How many work at one time."""
        return self._threads

    @property
    def lost(self) -> int:
        """Threads that hang, and have been replaced."""
        return len(self._lost)

    @property
    def depth(self) -> int:
        """Pieces of work not begun."""
        return len(self._queue) + len(self._later)

    @property
    def waiting(self) -> int:
        """Pieces of work not finished, those given up included."""
        return self.busy + len(self._lost) + self.depth

    def submit(self, work: Callable[..., Any], *arguments: Any, later: bool = False) -> Job:
        """Have `work` done on a thread, first come first served. Never waits.

        later: once nothing else waits; for what nobody waits for.
        Order of completion is kept for nobody: who needs it submits one piece at a time.
        Raises SpeechError when the queue is full.
        """
        if self._closed or (self.busy >= self._threads and self.depth >= self._room):
            self.refused += 1
            raise SpeechError(
                f"{self.waiting} pieces of native work wait already",
                mend="fewer calls, or more [speech] threads",
            )
        job = Job(self, work, arguments)
        (self._later if later else self._queue).append(job)
        self._start()
        return job

    def withdraw(self, job: Job) -> bool:
        """See Job.cancel."""
        for queue in (self._queue, self._later):
            if job in queue:
                queue.remove(job)
                break
        else:
            return False
        job.set_exception(NotBegun("given up before it was begun"))
        return True

    def replace(self, job: Job) -> None:
        """See Job.abandon."""
        if job not in self._running or self._closed or len(self._lost) >= MOST_LOST:
            return
        self._running.discard(job)
        self._lost.add(job)
        self._pool.maxsize += 1
        self.busy -= 1
        self._start()

    def close(self) -> None:
        """Give up what waits, let what runs finish (for CLOSE_S at most), and end the threads."""
        self._closed = True
        for job in (*self._queue, *self._later):
            job.cancel()
        with gevent.Timeout(CLOSE_S, False):
            self._pool.kill()

    def _start(self) -> None:
        while self.depth and self.busy < self._threads:
            job = (self._queue or self._later).popleft()
            call, job.call = job.call, None  # audio in the arguments is not kept with the result
            assert call is not None, "a job is begun once"
            self.busy += 1
            self._running.add(job)
            self._pool.spawn(_run, *call).rawlink(lambda native, job=job: self._end(job, native))

    def _end(self, job: Job, native: AsyncResult) -> None:
        """In the hub, when a thread is free again."""
        if job in self._lost:  # it has come back after all
            self._lost.discard(job)
            self._pool.maxsize -= 1
        else:
            self._running.discard(job)
            self.busy -= 1
        self.done += 1
        if native.successful():
            value, error, job.seconds = native.value
        else:  # the pool itself failed
            value, error = None, SpeechError(f"native work was lost: {native.exception}")
        if error is None:
            job.set(value)
        else:
            job.set_exception(error)
        if not self._closed:
            self._start()


def _run(
    work: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[Any, Exception | None, float]:
    """In the thread. An exception is handed over as a value: gevent would print it too."""
    if os.getpriority(os.PRIO_PROCESS, 0) < NICE:  # 0: this thread
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    began = time.monotonic()
    try:
        return work(*arguments), None, time.monotonic() - began
    except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
        return None, error, time.monotonic() - began
