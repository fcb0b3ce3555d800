"""One part of the soak: an agentd, a caller, samples every few seconds, and what they say."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gevent
import msgspec

from agentd.config import Settings
from benchmarks.bar import Bar, at_least, at_most
from benchmarks.served import ROOT, Served
from benchmarks.soak import checks, flat, matched, samples
from benchmarks.soak.houses import House
from benchmarks.soak.plan import Plan
from benchmarks.soak.samples import Sample

EVERY_S = 5.0
IDLE_S = 120.0  # until all calls are over, after the last was placed
SETTLED_S = 12.0  # then, before what is left is counted
MEMORY_MB = 1_536
BYTES_A_CALL = 500
MB_AN_HOUR = 2.0
WAL_MB = 64
ENOUGH = 200  # calls of a third, for their mean size to be one
SAME_SIZE = 0.1  # of the database a call: last third against the one before


@dataclass(frozen=True)
class Ran:
    """idle: before the first call that counts, and after the last; more_files: open then that were
    not before, by what they are. log: entries by level and
    event. ended: is agentd still the process it was?"""

    name: str
    samples: list[Sample]
    idle: tuple[Sample, Sample]
    more_files: Counter[str]
    found: checks.Found
    left: dict[str, int]
    log: Counter[str]
    tracebacks: int
    survived: bool
    recogniser: str


def run(
    name: str, folder: Path, house: House, *, calls: int, seconds: float, at_once: int, share: float
) -> Ran:
    """Hold the calls. share: of them recognised by the real recogniser."""
    matched.keep(folder / "voices", house.sounds)
    environ = {"AGENTD_TEST_VOICES": str(folder / "voices"), "AGENTD_TEST_SHARE": str(share)}
    sections = {**house.settings, "server": {"max_calls": 2 * at_once}}
    cut = frozenset(kind.name for kind in house.kinds if kind.cut_s is not None)
    taken: list[Sample] = []
    with Served(folder, sections, ("-m", "benchmarks.soak.serve"), environ) as served:
        checker = checks.Checker(
            Settings.model_validate(sections), f"sqlite:////{served.database}", cut
        )
        plan = Plan(
            host="127.0.0.1",
            port=served.esl,
            voices=str(folder / "voices"),
            concurrency=at_once,
            calls=sum(kind.weight for kind in house.kinds),
            seconds=house.call_s * 20,
            apart_s=house.call_s / at_once,
            longest_s=house.longest_s,
            kinds=house.kinds,
        )
        began = time.monotonic()
        _say(f"{name}: warming up with {plan.calls} calls")
        _call(plan, folder, served, checker, [], began, house.root)
        before = _idle(served, began, house.root)
        files = samples.files_of(served.process.pid)
        plan = msgspec.structs.replace(plan, calls=calls, seconds=seconds, seed=2)
        _say(f"{name}: {calls} calls in {seconds / 3600:.2f} h at most, {at_once} at once")
        _call(plan, folder, served, checker, taken, began, house.root)
        after = _idle(served, began, house.root)
        more_files = samples.files_of(served.process.pid) - files
        deadline = time.monotonic() + IDLE_S
        while checker.look() and time.monotonic() < deadline:
            gevent.sleep(1.0)
        checker.look(last=True)
        survived, left = served.alive, checker.left()
    checker.close()
    checker.judge_missing(served.log.read_text(errors="replace"))
    log, tracebacks = _log(served.log)
    return Ran(
        name,
        taken,
        (before, after),
        more_files,
        checker.found,
        left,
        log,
        tracebacks,
        survived,
        "matched" if share < 1 else "real",
    )


def _call(
    plan: Plan,
    folder: Path,
    served: Served,
    checker: checks.Checker,
    taken: list[Sample],
    began: float,
    root: Path,
) -> None:
    file = folder / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    with (folder / "caller.log").open("ab") as log:
        caller = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak.caller", str(file)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    reader = gevent.spawn(_read, caller, checker, folder / "calls.jsonl")
    try:
        told = time.monotonic()
        while caller.poll() is None:
            due = time.monotonic() + EVERY_S
            try:
                taken.append(samples.take(served, caller.pid, time.monotonic() - began, root))
                samples.keep(taken[-1], folder / "samples.csv")
            except OSError as error:
                if not served.alive:
                    raise RuntimeError(f"agentd is gone: {served.log}") from error
            checker.look()
            if taken and time.monotonic() - told > 60:
                told = time.monotonic()
                last = taken[-1]
                _say(
                    f"  {last.t_s:.0f} s: {last.ended} ended, {last.held} held, "
                    f"{last.memory_kb / 1024:.1f} MB, {last.files} files, "
                    f"{last.greenlets} greenlets, {len(checker.found.wrong)} wrong"
                )
            reader.join(timeout=max(0.2, due - time.monotonic()))
    finally:
        if caller.poll() is None:
            caller.terminate()
        caller.wait()
        reader.join(timeout=10)


def _read(caller: "subprocess.Popen[bytes]", checker: checks.Checker, kept: Path) -> None:
    assert caller.stdout is not None
    with kept.open("ab") as out:
        for line in caller.stdout:
            out.write(line)
            checker.over(json.loads(line))


def _idle(served: Served, began: float, root: Path) -> Sample:
    """Once no call is held, and what ends after a call has ended."""
    deadline = time.monotonic() + IDLE_S
    while time.monotonic() < deadline:
        found = served.metrics()
        if not found.get("agentd_calls_held") and not found["agentd_audio_streams"]:
            break
        gevent.sleep(0.5)
    gevent.sleep(SETTLED_S)
    return samples.take(served, 0, time.monotonic() - began, root)


def _log(file: Path) -> tuple[Counter[str], int]:
    entries: Counter[str] = Counter()
    tracebacks = 0
    for line in file.read_text(errors="replace").splitlines():
        tracebacks += "Traceback" in line
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("level") in ("warning", "error"):
                entries[f"{entry['level']}: {entry.get('event')}"] += 1
    return entries, tracebacks


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# -- what they say ------------------------------------------------------------------------------


def bars(ran: Ran, *, timed: bool) -> Iterator[Bar]:
    """The verdicts. timed: growth is judged by the hour, else by the call."""
    name, found, left = f"soak_{ran.name}", ran.found, ran.left
    before, after = ran.idle
    judged = ran.samples[flat.last_two_thirds([s.t_s for s in ran.samples])]
    first, last = judged[0], judged[-1]
    took = last.t_s - first.t_s
    calls = after.ended - before.ended
    ends = Counter[str]()
    for (_, end), count in found.ends.items():
        ends[end] += count
    note = ", ".join(f"{end} {count}" for end, count in ends.most_common())
    yield at_least(f"{name}_calls", calls, "calls", 1, 1, f"{ran.recogniser}; {note}")
    yield Bar(f"{name}_hours", round((ran.samples[-1].t_s - ran.samples[0].t_s) / 3600, 3), "h", 1)
    wrong = "; ".join(found.wrong[:3])
    note = (
        f"{found.recorded} recordings, {found.journalled} journals, {found.replayed} replayed; "
        f"{found.refused} refused, {found.never_calls} cut before they were calls, {found.late} "
        f"ended more than {checks.SOON_S:.0f} s after the hangup"
    )
    yield at_most(
        f"{name}_calls_wrong", len(found.wrong), "calls", found.looked_at, 0, wrong or note
    )
    yield at_most(f"{name}_calls_not_taken", found.not_taken, "calls", found.looked_at, 0)
    failed = sum(
        n for (kind, end), n in found.ends.items() if end == "FAILED" and "dies" not in kind
    )
    yield at_most(
        f"{name}_calls_failed", failed, "calls", found.looked_at, 0, "but a switch that died"
    )
    open_ = sum(
        left[part] for part in ("not ended", "without disposition", "remembered", "spooled")
    )
    yield at_most(f"{name}_left_open", open_, "rows", left["calls"], 0, json.dumps(left))
    yield at_most(f"{name}_tracebacks", ran.tracebacks, "", 1, 0, json.dumps(dict(ran.log)))
    yield at_least(f"{name}_survived", int(ran.survived), "", 1, 1, "the same process throughout")
    yield from _memory(name, ran, judged, timed=timed)
    for what in ("files", "greenlets", "threads"):
        yield from _count(f"{name}_{what}", what, ran, judged)
    yield from _database(name, ran)
    agentd = (last.agentd_cpu_s - first.agentd_cpu_s) / took
    caller = (max(s.caller_cpu_s for s in judged) - first.caller_cpu_s) / took
    held = sum(s.held for s in judged) / len(judged)
    note = f"{held:.1f} calls held on average; the caller took {caller:.2f}"
    yield Bar(f"{name}_agentd_cores", round(agentd, 3), "cores", len(judged), note=note)
    a_call = (last.agentd_cpu_s - first.agentd_cpu_s) / max(1, last.ended - first.ended)
    yield Bar(f"{name}_cpu_a_call", round(a_call * 1000, 1), "ms", last.ended - first.ended)
    late = (last.late_stalls - first.late_stalls) / max(1, last.stalls - first.stalls)
    yield Bar(
        f"{name}_loop_late", round(late * 100, 2), "%", last.stalls - first.stalls, note="25 ms"
    )


def _memory(name: str, ran: Ran, judged: list[Sample], *, timed: bool) -> Iterator[Bar]:
    peak = max(sample.memory_kb for sample in ran.samples) / 1024
    yield at_most(f"{name}_memory_peak_mb", round(peak, 1), "MB", len(ran.samples), MEMORY_MB)
    kb = [float(sample.memory_kb) for sample in judged]
    held = [float(sample.held) for sample in judged]
    if timed:
        grows = flat.drift(kb, held, [sample.t_s / 3600 for sample in judged])
        value, error, most, unit = grows.slope / 1024, grows.error / 1024, MB_AN_HOUR, "MB/h"
    else:
        grows = flat.drift(kb, held, [float(sample.ended) for sample in judged])
        value, error, most, unit = grows.slope * 1024, grows.error * 1024, BYTES_A_CALL, "B/call"
    before, after = ran.idle
    note = (
        f"last two thirds, {grows.mean / 1024:.1f} MB on average; standard error {error:.2f}; idle "
        f"{before.memory_kb / 1024:.1f} before, {after.memory_kb / 1024:.1f} MB after"
    )
    yield at_most(f"{name}_memory_grows", value, unit, len(judged), most, note)


def _count(name: str, what: str, ran: Ran, judged: list[Sample]) -> Iterator[Bar]:
    """The same with no call as before; and not more while as many are held. Threads are made when
    they are first wanted: as many as in the first third are no growth."""
    before, after = (getattr(sample, what) for sample in ran.idle)
    third = ran.samples[: len(ran.samples) - len(judged)]
    allowed = before
    if what == "threads" and third:
        allowed = max(before, *(getattr(sample, what) for sample in third))
    values = [float(getattr(sample, what)) for sample in judged]
    held = [float(sample.held) for sample in judged]
    grows = flat.drift(values, held, [sample.t_s for sample in judged])
    note = f"{before} before; {max(values):.0f} at most with {max(held):.0f} calls held"
    if what == "files" and ran.more_files:
        note += f"; new: {dict(ran.more_files)}"
    yield at_most(f"{name}_left", after - allowed, "", 1, 0, note)
    yield at_most(
        f"{name}_grow", max(0.0, grows.least * grows.span), "", len(judged), 1.0, "95 % at least"
    )


def _database(name: str, ran: Ran) -> Iterator[Bar]:
    taken = ran.samples
    third = len(taken) // 3

    def a_call(first: Sample, last: Sample) -> float:
        return (last.database_kb - first.database_kb) / max(1, last.ended - first.ended)

    earlier, later = a_call(taken[third], taken[2 * third]), a_call(taken[2 * third], taken[-1])
    note = f"{earlier:.1f} KB a call in the second third, {later:.1f} in the last"
    more = later / earlier - 1 if earlier > 0 else 0.0
    counted = taken[-1].ended - taken[2 * third].ended
    if counted >= ENOUGH:
        yield at_most(f"{name}_database_grows", more, "of a call", counted, SAME_SIZE, note)
    else:
        yield Bar(f"{name}_database_grows", round(more, 4), "of a call", counted, note=note)
    wal = max(sample.wal_kb for sample in taken) / 1024
    yield at_most(f"{name}_wal_mb", round(wal, 1), "MB", len(taken), WAL_MB)
    synthesised = max(sample.synthesised for sample in taken)
    yield at_most(
        f"{name}_synthesised", synthesised, "files", len(taken), 2_001, "kept in the cache"
    )
