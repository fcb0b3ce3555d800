"""The language model in this process: one thread, every call a sequence of one batch.

Texts of all calls are written together, one token each a step (continuous batching): eight at once
take little longer than one. The system part of a prompt is evaluated once and its memory shared by
the sequences that begin with it. First sentences come first: prompts are read oldest first, for at
most half of the time while others write theirs, and second sentences wait for both. Requests and
cancellations go to the thread through a queue; what it writes comes back through a watcher of the
event loop, so nothing waits and no lock is shared.
"""

import itertools
import math
import os
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gevent
from gevent.monkey import get_original

from agentd.errors import LlmError
from agentd.llm.admission import Load, Rates, smoothed
from agentd.llm.generator import Ended, Piece, Tell
from agentd.llm.jobs import Job, Prefix, work
from agentd.llm.llama import FIT_FROM, Llama
from agentd.llm.prompt import Prompt

BATCH = 256  # tokens evaluated in one step at most
READ_S = 0.15  # that a step may read, so that neither a cancellation nor a newcomer waits longer
# Tokens. Fewer at once take longer each: 5.8 ms of CPU at 32, 4.4 at 64, 4.2 at 256.
READ_LEAST = 64
MEASURE_EVERY_S = 5.0
PREFIXES = 6  # system parts kept evaluated, those used longest ago forgotten first
PREFIX_TOKENS = 1_200  # of one of them
TAIL_TOKENS = 64  # of what frames the user's part
_CHARS_PER_TOKEN = 2.5  # until prompts have been counted
WARM_TIMEOUT_S = 300.0
TRIAL_TOKENS = 12
_TRIAL = "Prospect : « Bonjour, et qu'est-ce que vous voulez me proposer aujourd'hui, au juste ? »"
_MEASURE = "measure"


class LlamaEngine:
    """A `Generator` on llama.cpp. For the greenlets of one thread, whose event loop it tells."""

    def __init__(
        self,
        file: Path,
        *,
        parallel: int = 8,
        queue: int = 32,
        context: int = 768,
        threads: int = 0,
        gpu_layers: int = 0,
        temperature: float = 0.4,
    ) -> None:
        """file: a GGUF model. parallel: texts written at once. queue: that wait beyond them.
        context: tokens of one call's own part. threads: 0 leaves a core to everything else.

        Raises MissingResource, LlmError. Takes seconds: not on the event loop.
        """
        self._parallel, self._room, self._context = parallel, queue, context
        self._temperature = temperature
        self._llama = Llama(
            file,
            cells=parallel * context + PREFIXES * PREFIX_TOKENS,
            sequences=parallel + PREFIXES,
            batch=BATCH,
            threads=threads or max(1, (os.cpu_count() or 2) - 1),
            gpu_layers=gpu_layers,
        )
        self.name = self._llama.name
        self.fit = self._llama.parameters >= FIT_FROM
        self.size = f"{self._llama.parameters / 1e9:.2f} billion parameters"
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}  # of the event loop: those not ended
        self._waiting: deque[Job] = deque()
        self._active: list[Job] = []
        self._free = list(range(parallel))
        self._prefixes: OrderedDict[str, Prefix] = OrderedDict()
        self._spare = list(range(parallel, parallel + PREFIXES))
        self._rate, self._step, self._step_each = 200.0, 0.05, 0.005
        self._measured = [0.0, 0.0, 0.0]
        self._measured_at = 0.0
        self._per_token = _CHARS_PER_TOKEN
        self._credit_s = 0.0  # of writing, to be matched by reading
        self._in: Any = get_original("queue", "SimpleQueue")()
        self._out: deque[tuple[Job, Piece | Ended]] = deque()
        self._closed = False
        self._stopped: Any = get_original("_thread", "allocate_lock")()
        self._stopped.acquire()
        self._watcher: Any = None
        self._running = False

    # --- for the event loop

    def open(self) -> None:
        """Begin, in the event loop that is to be told."""
        self._watcher = gevent.get_hub().loop.async_()
        self._watcher.start(self._deliver)
        self._running = True
        get_original("_thread", "start_new_thread")(self._run, ())

    @property
    def load(self) -> Load:
        """See Generator."""
        now = time.monotonic()
        return Load(self._parallel, tuple(work(job, now) for job in self._jobs.values()))

    @property
    def rates(self) -> Rates:
        """See Generator."""
        return Rates(self._rate, self._step, self._step_each)

    def tokens(self, prompt: Prompt) -> int:
        """See Generator: by letters, since counting tokens is not the event loop's work."""
        user = int(len(prompt.user) / self._per_token) + 1
        known = self._prefixes.get(prompt.system)
        if known is not None and known.ready:
            return user + len(known.tail)
        return user + int(len(prompt.system) / self._per_token)

    def start(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        grammar: str,
        tell: Tell,
        first: int = 0,
        within_s: float = math.inf,
    ) -> int:
        """See Generator."""
        if self._closed or not self._running:
            raise LlmError("the language model has been closed")
        if len(self._jobs) >= self._parallel + self._room:
            raise LlmError(f"{len(self._jobs)} texts wait for the language model already")
        job = Job(
            next(self._numbers),
            prompt,
            max_tokens,
            grammar,
            tell,
            first=first,
            due=time.monotonic() + within_s,
            estimate=self.tokens(prompt),
        )
        self._jobs[job.number] = job
        self._in.put(job)
        return job.number

    def cancel(self, number: int) -> None:
        """See Generator."""
        job = self._jobs.pop(number, None)
        if job is not None:
            job.cancelled = True
            self._in.put(None)  # wakes the thread

    def ease(self, number: int) -> None:
        """See Generator."""
        job = self._jobs.get(number)
        if job is not None:
            job.eased = True

    def measure(self) -> None:
        """See Generator."""
        now = time.monotonic()
        if self._closed or not self._running or self._jobs:
            return
        if now - self._measured_at >= MEASURE_EVERY_S:
            self._measured_at = now
            self._in.put(_MEASURE)

    def warm(self, systems: Iterable[str]) -> None:
        """See Generator. In any thread, before `open`."""
        for system in list(systems)[:PREFIXES]:
            self._warm(Prompt(system, "Bonjour."))
        for together in (1, min(4, self._parallel)):
            self._measure(together)

    def close(self) -> None:
        """See Generator."""
        if self._closed:
            return
        self._closed = True
        if self._running:
            self._in.put(None)
            native = gevent.get_hub().threadpool
            native.apply(self._stopped.acquire, (True, 30.0))
            self._watcher.stop()
            self._watcher.close()
        else:
            self._llama.close()

    def _deliver(self) -> None:
        while self._out:
            job, news = self._out.popleft()
            if isinstance(news, Ended):
                self._jobs.pop(job.number, None)
            if not job.cancelled and job.tell is not None:
                job.tell(news)

    # --- for the thread

    def _run(self) -> None:
        try:
            while not self._closed:
                self._receive(wait=not (self._active or self._waiting))
                if not self._closed:
                    self._safely(self._turn)
        finally:
            self._llama.close()
            self._stopped.release()

    def _receive(self, *, wait: bool) -> None:
        while wait or not self._in.empty():
            job = self._in.get()
            wait = False
            if job is _MEASURE:
                self._waiting.extend(self._trials(1))
            elif job is not None:
                self._waiting.append(job)

    def _safely(self, turn: Callable[[], None]) -> None:
        """Whatever breaks costs those who were being answered, not those who come after."""
        try:
            turn()
        except Exception as error:  # noqa: BLE001 - the thread lives as long as the process
            for job in [*self._active, *self._waiting]:
                self._end(job, f"{type(error).__name__}: {error}")
            self._waiting.clear()
            self._prefixes.clear()
            self._spare = list(range(self._parallel, self._parallel + PREFIXES))
            self._llama.forget_all()

    def _turn(self) -> None:
        asked = any(job.number for job in (*self._waiting, *self._active))
        if asked:  # trials stand in nobody's way
            self._waiting = deque(job for job in self._waiting if job.number)
        for job in [j for j in self._active if j.cancelled or (asked and not j.number)]:
            self._end(job, "cancelled")
        self._admit()
        rows, wanted, read = self._rows()
        if not rows:
            return
        began = time.perf_counter()
        done = self._llama.decode(rows)
        if done == 1:
            self._end(self._active[-1], "no room in the context")
            return
        if done != 0:
            raise LlmError(f"llama.cpp says {done}")
        seconds, writing = time.perf_counter() - began, len(rows) - read
        self._learn(seconds, read, writing)
        if not writing:
            self._credit_s = 0.0
        elif not read:
            self._credit_s = min(READ_S * 2, self._credit_s + seconds)
        else:
            self._credit_s -= read / self._rate
        for job, row in wanted:
            self._write(job, row)

    def _admit(self) -> None:
        """Give sequences to those who wait, once what they begin with has been evaluated."""
        for job in list(self._waiting):
            if job.cancelled:
                self._waiting.remove(job)
                continue
            try:
                prefix = self._prefix(job.prompt.system)
                if prefix is None or not prefix.ready or not self._free:
                    continue
                self._begin(job, prefix)
            except LlmError as error:  # its own fault: the others go on
                self._tell(job, Ended(str(error)))
            self._waiting.remove(job)

    def _begin(self, job: Job, prefix: Prefix) -> None:
        """Raises LlmError, and nothing has been begun then."""
        user = self._llama.tokens(job.prompt.user, frame=False)
        if len(user) + len(prefix.tail) + job.max_tokens > self._context:
            raise LlmError("the prompt is too long")
        job.sampler = self._llama.sampler(
            temperature=self._temperature, seed=job.number, grammar=job.grammar
        )
        job.sequence = self._free.pop()
        self._llama.copy(prefix.sequence, job.sequence)
        job.position, job.unread = prefix.position, [*user, *prefix.tail]
        self._active.append(job)
        if job.number and len(user) > 8:
            self._per_token = smoothed(self._per_token, len(job.prompt.user) / len(user))

    def _prefix(self, system: str) -> Prefix | None:
        """The system part, begun now if it is new; None while there is no place for it."""
        known = self._prefixes.get(system)
        if known is not None:
            self._prefixes.move_to_end(system)
            return known
        if not self._spare:
            oldest = next((s for s, prefix in self._prefixes.items() if prefix.ready), None)
            if oldest is None:
                return None
            self._spare.append(self._prefixes.pop(oldest).sequence)
        head, tail = self._llama.frame(system)
        tokens = self._llama.tokens(head, frame=True, first=True)
        after = self._llama.tokens(tail, frame=True)
        if len(tokens) > PREFIX_TOKENS or len(after) > TAIL_TOKENS:
            raise LlmError(
                f"the scenario's facts take {len(tokens)} tokens of {PREFIX_TOKENS}",
                mend="shorten the facts of the scenario",
            )
        sequence = self._spare.pop()
        self._llama.forget(sequence)
        made = Prefix(sequence, tokens, after)
        self._prefixes[system] = made
        return made

    def _rows(self) -> tuple[list[tuple[int, int, int, bool]], list[tuple[Job, int]], int]:
        """The next batch; which of its rows are to be written from; how many only read."""
        rows: list[tuple[int, int, int, bool]] = []
        wanted: list[tuple[Job, int]] = []
        writers = [job for job in self._active if job.next is not None]
        first = [job for job in writers if not job.eased]
        unread: list[Prefix | Job] = [p for p in self._prefixes.values() if not p.ready]
        unread += [job for job in self._active if job.unread]
        for job in first or ([] if unread else writers):
            assert job.next is not None, "chosen for it"
            wanted.append((job, len(rows)))
            rows.append((job.next, job.position, job.sequence, True))
            job.position, job.next = job.position + 1, None
        writing = len(rows)
        room = writing + self._reads(writing)
        for one in unread:
            taken, one.unread = one.unread[: room - len(rows)], one.unread[room - len(rows) :]
            for i, token in enumerate(taken):
                last = not one.unread and i == len(taken) - 1 and isinstance(one, Job)
                if last and isinstance(one, Job):
                    wanted.append((one, len(rows)))
                rows.append((token, one.position + i, one.sequence, last))
            one.position += len(taken)
        return rows, wanted, len(rows) - writing

    def _reads(self, writing: int) -> int:
        """Tokens to be read in a step that also writes `writing`: in bites, and none while those
        who write have not had as much time."""
        bite = max(READ_LEAST, int(self._rate * READ_S))
        if writing and self._credit_s * self._rate < min(bite, BATCH - writing):
            return 0
        return min(bite, BATCH - writing)

    def _write(self, job: Job, row: int) -> None:
        assert job.sampler is not None, "it has a sequence"
        token = job.sampler.next(row)
        if self._llama.ends(token):
            self._end(job, "stop")
            return
        job.written += 1
        text = job.sampler.text(self._llama.piece(token))
        if text:
            self._tell(job, Piece(text))
        if job.written >= job.max_tokens:
            self._end(job, "length")
        else:
            job.next = token

    def _end(self, job: Job, reason: str) -> None:
        if job in self._active:
            self._active.remove(job)
            self._llama.forget(job.sequence)
            self._free.append(job.sequence)
        if job.sampler is not None:
            job.sampler.close()
            job.sampler = None
        if not job.cancelled:
            self._tell(job, Ended(reason))

    def _tell(self, job: Job, news: Piece | Ended) -> None:
        self._out.append((job, news))
        if self._watcher is not None:
            self._watcher.send()

    def _learn(self, seconds: float, read: int, writing: int) -> None:
        """Rates, from steps that tell: those that only read, and those that only write."""
        if read >= 16 and not writing:
            self._measured[0] = smoothed(self._measured[0], read / seconds)
            self._rate = self._measured[0]
        elif writing == 1 and not read:
            self._measured[1] = smoothed(self._measured[1], seconds)
            self._step = self._measured[1]
        elif writing > 1 and not read:
            each = max(0.0, seconds - self._step) / (writing - 1)
            self._measured[2] = smoothed(self._measured[2], each)
            self._step_each = self._measured[2]

    # --- before it is opened

    def _warm(self, prompt: Prompt) -> None:
        """Evaluate a system part."""
        prefix = self._prefix(prompt.system)
        until = time.monotonic() + WARM_TIMEOUT_S
        while prefix is not None and not prefix.ready:
            self._turn()
            if time.monotonic() > until:
                raise LlmError(f"the language model has not warmed up in {WARM_TIMEOUT_S:g} s")

    def _measure(self, together: int) -> None:
        """Write a little together, so that rates are known before the first call."""
        self._waiting.extend(self._trials(together))
        while self._waiting or self._active:
            self._turn()
        self._out.clear()

    def _trials(self, together: int) -> list[Job]:
        """Texts for nobody, of the system part used last."""
        if not self._prefixes:
            return []
        prompt = Prompt(next(reversed(self._prefixes)), _TRIAL)
        return [Job(0, prompt, TRIAL_TOKENS, "", None) for _ in range(together)]
