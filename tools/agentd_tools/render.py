"""Lines rendered by a voice: only what changed, checked, never half-written.

A recording is addressed by what decides how it sounds: its text, and the engine with its settings.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from agentd.dialogue.actions import Clip
from agentd.dialogue.text import normalise as plain
from agentd.errors import AgentdError
from agentd.speech import provenance
from agentd.speech.library import (
    MASTER_HZ,
    AudioLibrary,
    Int16,
    Manifest,
    Recording,
    made_by,
    provenance_of,
    resample,
    say,
    trim,
    write_wav,
)
from agentd.speech.provenance import Provenance
from agentd.speech.recogniser import RATE_HZ
from agentd.speech.synthesis import Voice
from agentd_tools.masters import (
    RATES,
    TARGET_LUFS,
    Done,
    alone,
    copies,
    described,
    keep_original,
    loudness,
    normalise,
    read_mono,
    sha256,
    write_manifest,
)
from agentd_tools.verify import Check, Verdict, shape

SAVE_EVERY = 25  # lines between two writings of the manifest
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True)
class Progress:
    """After each line. left_s: seconds the rest will take, at the pace so far."""

    clip: Clip
    number: int
    of: int
    left_s: float
    recording: Recording


@dataclass(frozen=True)
class Bench:
    """What a run works with. recorded: folder of a person's recordings; consent: its id."""

    library: AudioLibrary
    name: str
    voice: Voice
    recorded: Path
    check: Check | None = None
    consent: str = ""

    def human(self, key: str) -> Path | None:
        """A person's recording of a line, if there is one."""
        found = (self.recorded / f"{key}{end}" for end in SOUNDS)
        return next((file for file in found if file.is_file()), None)


def render(
    bench: Bench, clips: Sequence[Clip], *, force: bool = False, told: Callable[[Progress], None]
) -> Done:
    """Render what is missing or stale, and check what was not. told(progress) after each.

    A line that fails is reported and costs no other. The manifest is written as lines are finished,
    also when the run is interrupted, so that the next goes on where it was. Raises AgentdError when
    another run has this voice, SpeechError on a manifest that cannot be read.
    """
    done, library = Done(), bench.library
    with alone(library.folder):
        _sweep(library.folder)
        manifest = Manifest(dict(library.manifest().recordings))
        threads = (os.cpu_count() or 1) if bench.voice.parallel else 1
        pool = ThreadPoolExecutor(threads)
        began = time.monotonic()
        changed = 0
        jobs: dict[Future[Recording], tuple[Clip, bool]] = {}
        try:
            for clip in clips:
                known = manifest.recordings.get(clip.key)
                if force or not _fresh(bench, known, clip):
                    jobs[pool.submit(_render_one, bench, known, clip)] = clip, True
                elif bench.check is not None and known is not None and known.word_error is None:
                    jobs[pool.submit(_check_one, bench, known, clip)] = clip, False
            for job in as_completed(jobs):
                clip, rendering = jobs[job]
                try:
                    made = job.result()
                except AgentdError as error:
                    done.failed.append((clip, error))
                    continue
                before = manifest.recordings.get(clip.key)
                manifest.recordings[clip.key] = made
                changed += 1
                done.rendered += rendering or before is None or before.sha256 != made.sha256
                pace = (time.monotonic() - began) / changed
                left = len(jobs) - changed - len(done.failed)
                told(Progress(clip, changed, len(jobs), pace * left, made))
                if changed % SAVE_EVERY == 0:
                    write_manifest(library.folder, manifest)
        finally:
            pool.shutdown(cancel_futures=True)
            changed += _keep_finished(jobs, manifest)
            if changed:
                write_manifest(library.folder, manifest)
        _sum_up(bench, manifest, clips, done)
    return done


def _sweep(folder: Path) -> None:
    """Files that a run that was killed had not finished; those of calls (`cache`) are theirs."""
    for part in folder.rglob("*.part"):
        if "cache" not in part.relative_to(folder).parts:
            part.unlink(missing_ok=True)


def _keep_finished(jobs: dict[Future[Recording], tuple[Clip, bool]], manifest: Manifest) -> int:
    """What an interrupted run had finished goes into the manifest too; how many there were."""
    kept = 0
    for job, (clip, _) in jobs.items():
        if job.done() and not job.cancelled() and job.exception() is None:
            kept += manifest.recordings.get(clip.key) != job.result()
            manifest.recordings[clip.key] = job.result()
    return kept


def _sum_up(bench: Bench, manifest: Manifest, clips: Sequence[Clip], done: Done) -> None:
    for clip in clips:
        known = manifest.recordings.get(clip.key)
        if known is None:
            continue
        if known.word_error is not None:
            done.checked += 1
            done.errors.append(known.word_error)
        if known.problem:
            done.doubtful.append((clip, known.problem))
        elif not known.recorded and bench.human(clip.key) is not None:
            done.doubtful.append(
                (clip, "was recorded with another text: synthesised until it is recorded again")
            )


def _fresh(bench: Bench, known: Recording | None, clip: Clip) -> bool:
    if known is None or known.text != clip.text:
        return False
    if not all(bench.library.path(clip.key, rate).exists() for rate in RATES):
        return False
    human = bench.human(clip.key)
    if human is not None and _wins(human, known, clip):
        return known.recorded and known.source == sha256(human)
    # A run cut off between a master and the manifest leaves a master of another text.
    return (known.recorded and not known.source) or (
        known.engine == made_by(bench.voice)
        and known.sha256 == sha256(bench.library.path(clip.key))
    )


def _wins(human: Path, known: Recording | None, clip: Clip) -> bool:
    """Does a person's recording say this line? What it says stands beside it in a .txt; without
    one, it is taken to say what the line was when the recording was first seen."""
    words = human.with_suffix(".txt")
    if words.is_file():
        return plain(words.read_text(encoding="utf-8", errors="replace")) == plain(clip.text)
    if known is None or known.source != sha256(human):
        return True
    return known.recorded and known.text == clip.text


def _render_one(bench: Bench, known: Recording | None, clip: Clip) -> Recording:
    human = bench.human(clip.key)
    if human is not None and _wins(human, known, clip):
        return _adopt(bench, human, clip)
    path = bench.library.path(clip.key)
    if known is not None and known.recorded and path.exists():
        if known.text == clip.text and not known.source:
            master = read_mono(path)  # marked by hand as a person's: only its copies are ours
            copies(bench.library, clip.key, master, known.provenance)
            return described(known, path, master)
        keep_original(bench.library, clip.key)  # it says another text now, but it is a person's
    best = _best(bench, clip)
    made = provenance_of(bench.voice, bench.name, clip.text)
    write_wav(path, best.master, MASTER_HZ, made, clip.key)
    copies(bench.library, clip.key, best.master, made)
    source = "" if human is None else sha256(human)
    recording = Recording(
        clip.text, "", made_by(bench.voice), 0, source=source, attempt=best.attempt, provenance=made
    )
    return described(_judged(recording, best.verdict), path, best.master)


def _adopt(bench: Bench, human: Path, clip: Clip) -> Recording:
    """A person's recording made into a master; the file itself stays as it was given."""
    path = bench.library.path(clip.key)
    master = normalise(trim(read_mono(human), MASTER_HZ), MASTER_HZ)
    source = sha256(human)
    made = Provenance(
        kind=provenance.HUMAN,
        voice=bench.name,
        text_sha256=provenance.of_text(clip.text),
        consent=bench.consent,
        made=date.today().isoformat(),
        source_sha256=source,
    )
    write_wav(path, master, MASTER_HZ, made, clip.key)
    copies(bench.library, clip.key, master, made)
    recording = Recording(
        clip.text, "", "a person", 0, recorded=True, source=source, provenance=made
    )
    return described(_judged(recording, _judge(bench, clip, master, None)), path, master)


def _check_one(bench: Bench, known: Recording, clip: Clip) -> Recording:
    """A recording of an earlier run, checked; rendered again when it is bad and a machine's."""
    master = read_mono(bench.library.path(clip.key))
    verdict = _judge(bench, clip, master, None)
    if verdict.problem and not known.recorded:
        return _render_one(bench, known, clip)
    return _judged(known, verdict)


@dataclass(frozen=True)
class _Try:
    attempt: int
    master: Int16
    verdict: Verdict


def _best(bench: Bench, clip: Clip) -> _Try:
    """The first rendering that is good, else the best of all."""
    tries: list[_Try] = []
    for attempt, voice in enumerate(_ways(bench.voice, checked=bench.check is not None)):
        spoken = resample(say(voice, clip.text), voice.rate_hz, MASTER_HZ)
        target = TARGET_LUFS + voice.level_db
        master = normalise(spoken, MASTER_HZ, target)
        tries.append(_Try(attempt, master, _judge(bench, clip, master, target)))
        if not tries[-1].verdict.problem:
            break
    return min(tries, key=lambda one: one.verdict.badness)


def _ways(voice: Voice, *, checked: bool) -> Iterator[Voice]:
    yield voice
    attempt = 0
    while checked:
        attempt += 1
        other = voice.another(attempt)
        if other is None:
            return
        yield other


def _judge(bench: Bench, clip: Clip, master: Int16, target: float | None) -> Verdict:
    level = loudness(master, MASTER_HZ)
    off = None if target is None or level is None else level - target
    problem = shape(clip.text, master, MASTER_HZ, off)
    if bench.check is None:
        return Verdict(None, problem=problem)
    verdict = bench.check(clip.text, resample(master, MASTER_HZ, RATE_HZ), RATE_HZ)
    return verdict if not problem else Verdict(verdict.word_error, verdict.heard, problem)


def _judged(recording: Recording, verdict: Verdict) -> Recording:
    error = verdict.word_error
    return msgspec.structs.replace(
        recording,
        word_error=None if error is None else round(error, 3),
        problem=verdict.problem,
    )
