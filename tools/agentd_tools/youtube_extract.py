"""`agent-tools youtube-extract`: samples of one speaker's voice, from a URL or a file."""

import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import numpy as np

from agentd.cli import settings_of
from agentd.config import Settings
from agentd.errors import AgentdError, BadInput
from agentd.observe import logs
from agentd.speech import consent, xtts
from agentd.speech.consent import VoiceConsent
from agentd.speech.library import MASTER_HZ, Int16, write_wav
from agentd.speech.provenance import HUMAN, Provenance
from agentd_tools import chunks as cutting
from agentd_tools.diarize import RATE_HZ, Diarizer, Turn, open_diarizer
from agentd_tools.masters import resample_wide
from agentd_tools.quality import FRAME_MS, Floats, Mask, Quality, measure, voiced
from agentd_tools.source import Source, fetched, is_url, read

LISTEN_S = 6.0
REPORT = "extract.json"


@click.command("youtube-extract")
@click.argument("source")
@click.option("--name", required=True, help="Of the voice: its folder in voices/.")
@click.option("--speaker", type=click.IntRange(0), help="Which one; asked when there are several.")
@click.option("--speakers", type=click.IntRange(1, 10), help="How many there are: say it if known.")
@click.option("--single-speaker", is_flag=True, help="Only one person speaks: nothing to tell.")
@click.option(
    "--diarizer", type=click.Choice(["auto", "pyannote", "basic"]), default="auto",
    help="auto: pyannote where it is installed, else basic.", show_default=True,
)  # fmt: skip
@click.option(
    "--consent", "consent_file", type=click.Path(path_type=Path, dir_okay=False),
    help="consent.yaml of the speaker, its proof beside it.",
)  # fmt: skip
@click.option("--pause-ms", type=click.IntRange(200, 2000), default=500, show_default=True,
              help="A silence in which may be cut.")  # fmt: skip
@click.option("--replace", is_flag=True, help="Samples the voice has already.")
@click.option("--list", "listing", is_flag=True, help="Only list the speakers.")
@click.pass_context
def youtube_extract(
    ctx: click.Context,
    source: str,
    name: str,
    speaker: int | None,
    speakers: int | None,
    single_speaker: bool,
    diarizer: str,
    consent_file: Path | None,
    pause_ms: int,
    replace: bool,
    listing: bool,
) -> None:
    """Cut samples of one speaker out of SOURCE (a URL or a file) into voices/NAME.

    Nothing is written there without the speaker's consent: --consent FILE, a consent.yaml in the
    folder already, or your answers. Samples are 4 to 10 s, cut where nobody speaks, 22,050 Hz mono.

    \b
    agent-tools youtube-extract interview.m4a --name anne --speakers 2 --consent consent.yaml
    """
    settings = settings_of(ctx)
    logs.configure(settings.log.model_copy(update={"json_lines": False}))
    folder = _folder(settings, name, replace or listing)
    terminal = sys.stdin.isatty()
    # Before minutes of download and work are spent.
    given = None if listing else _consent(folder, consent_file, terminal)
    teller = open_diarizer("single" if single_speaker else diarizer, settings.path("models"))
    with fetched(source) as file:
        recording = read(file)
    click.echo(f"{recording.name}: {recording.seconds:.0f} s, {recording.described}")
    found = _Found.of(recording, teller, speakers)
    click.echo(f"speakers, told apart by {teller.name}:")
    where = settings.paths.root.resolve() / "out" / "extract" / name
    count = _list_speakers(found, where)
    if listing:
        return
    chosen = _choose(speaker, count, terminal)
    cut = cutting.cut(found.voiced, found.turns, chosen, music=found.music, pause_s=pause_ms / 1000)
    _explain(cut, found, pause_ms, file=recording.name)
    assert given is not None
    origin = source if is_url(source) else recording.name
    quality = _write(folder, recording, cut, given, origin)
    for fault in quality.faults:
        click.echo(f"  {fault}")
    click.echo(
        f"{folder}: {len(cut.chunks)} samples, {cut.seconds:.0f} s "
        f"({xtts.mode_of(cut.seconds)} cloning), consent of {given.record.speaker} "
        f"until {given.record.expiry}"
    )
    click.echo(f"next: agent-tools clone-voice {name} --all")


@dataclass(frozen=True)
class _Given:
    """A consent and where its file and proof are now."""

    record: VoiceConsent
    proof: Path


@dataclass(frozen=True)
class _Found:
    sound16: Floats
    voiced: Mask
    turns: list[Turn]
    music: Mask

    @classmethod
    def of(cls, recording: Source, teller: Diarizer, speakers: int | None) -> "_Found":
        sound = resample_wide(recording.sound, recording.rate_hz, RATE_HZ)
        mask = voiced(_int16(sound), RATE_HZ)
        music = cutting.music(sound, RATE_HZ, mask.size)
        turns = []
        if (mask & ~music).sum() * FRAME_MS >= 1_000:
            turns = teller.turns(sound, mask, speakers)
        if not turns:
            raise BadInput(f"{recording.name}: nobody speaks in it")
        return cls(sound, mask, turns, music)


def _folder(settings: Settings, name: str, replace: bool) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise BadInput(
            f"--name {name!r} cannot be the name of a voice", mend="letters, digits, _ and -"
        )
    folder = settings.path("voices", name)
    if consent.has_samples(folder) and not replace:
        raise BadInput(
            f"{folder} has samples already", mend="give another --name, or --replace them"
        )
    if (folder / "voice.yaml").exists() and not consent.has_samples(folder):
        raise BadInput(
            f"{folder} is a voice of its own, without samples", mend="give another --name"
        )
    return folder


def _consent(folder: Path, file: Path | None, terminal: bool) -> _Given:
    """The speaker's consent: from a file, from the folder, or asked. Raises BadInput."""
    own = folder / consent.FILE
    if file is None and own.is_file():
        file = own
    if file is not None:
        record = consent.read(file)
        consent.judge(record, file, date.today())
        return _Given(record, file.parent / record.proof)
    if terminal:
        return _ask_consent()
    raise BadInput(
        f"no consent: {own} is missing, and nobody's voice is taken without it",
        mend="give --consent FILE (speaker, date, scope, expiry, proof, sha256: docs/voices.md)",
    )


def _ask_consent() -> _Given:
    click.echo(
        "A voice belongs to the person who speaks: their written consent is needed\n"
        "(GDPR art. 7, Code civil art. 9), and kept with the samples."
    )
    while True:
        speaker = click.prompt("Speaker, full name")
        day = click.prompt("Consent given on", default=date.today().isoformat())
        scope = click.prompt(
            "Scope: telephone (any call), or theme:NAME, scenario:NAME, company:NAME, comma apart",
            default=consent.EVERYTHING,
        )
        expiry = click.prompt("Holds until (YYYY-MM-DD)")
        proof = Path(click.prompt("Signed document (file)")).expanduser()
        try:
            data: dict[str, object] = {
                "speaker": speaker, "date": day, "scope": scope, "expiry": expiry,
                "proof": proof.name, "sha256": consent.sha256(proof),
            }  # fmt: skip
            record = consent.parse(data, "your answers")
            consent.judge(record, proof.parent / "your answers", date.today())
        except OSError as error:
            click.echo(f"  {proof}: {error.strerror}\n")
        except BadInput as error:
            click.echo(f"  {error}\n")
        else:
            return _Given(record, proof)


def _list_speakers(found: _Found, where: Path) -> int:
    """Each speaker with a few seconds to listen to; how many there are."""
    count = max(turn.speaker for turn in found.turns) + 1
    for number in range(count):
        own = [turn for turn in found.turns if turn.speaker == number]
        seconds = sum(turn.end - turn.start for turn in own)
        parts, have = [], 0.0
        for turn in sorted(own, key=lambda t: t.start - t.end):
            part = found.sound16[int(turn.start * RATE_HZ) : int(turn.end * RATE_HZ)]
            part = part[: int((LISTEN_S - have) * RATE_HZ)]
            parts.append(part)
            have += part.size / RATE_HZ
            if have >= LISTEN_S - 0.1:
                break
        file = where / f"speaker-{number}.wav"
        write_wav(file, _int16(np.concatenate(parts)), RATE_HZ, Provenance(kind=HUMAN))
        click.echo(f"  {number}: {seconds:.1f} s in {len(own)} turns; listen to {file}")
    return count


def _choose(speaker: int | None, count: int, terminal: bool) -> int:
    if speaker is not None:
        if speaker >= count:
            raise BadInput(
                f"--speaker {speaker}: there is no such speaker", mend=f"0 to {count - 1}"
            )
        return speaker
    if count == 1:
        return 0
    if terminal:
        return int(click.prompt("Which speaker", type=click.IntRange(0, count - 1), default=0))
    raise BadInput(
        f"{count} speakers", mend=f"listen to them, then give --speaker 0 to {count - 1}"
    )


def _explain(cut: cutting.Cut, found: _Found, pause_ms: int, *, file: str) -> None:
    left = {
        "under another voice": cut.overlap_s,
        "with music": cut.music_s,
        f"longer than {cutting.LONGEST_S:g} s without a pause of {pause_ms} ms": cut.no_pause_s,
        f"shorter than {cutting.SHORTEST_S:g} s": cut.short_s,
    }
    said = [f"{seconds:.1f} s {why}" for why, seconds in left.items() if seconds >= 0.1]
    if said:
        click.echo(f"left out: {', '.join(said)}")
    if cut.chunks:
        return
    raise BadInput(
        f"{file}: not one sample of {cutting.SHORTEST_S:g} to {cutting.LONGEST_S:g} s of this "
        "speaker alone" + (f" ({', '.join(said)})" if said else ""),
        mend=f"try a smaller --pause-ms than {pause_ms}, another --speaker, or a recording in "
        "which the speaker talks alone and pauses between sentences",
    )


def _write(
    folder: Path, recording: Source, cut: cutting.Cut, given: _Given, origin: str
) -> Quality:
    """The samples, consent and report, all of them or none. The quality of the samples."""
    rate = recording.rate_hz
    parts = [recording.sound[int(c.start * rate) : int(c.end * rate)] for c in cut.chunks]
    quality = measure(_int16(np.concatenate(parts)), rate)
    made = Provenance(
        kind=HUMAN,
        voice=folder.name,
        consent=given.record.id,
        made=date.today().isoformat(),
        source_sha256=recording.sha256,
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as work:
            new = Path(work) / folder.name
            consent.write(new, given.record, given.proof)
            for number, part in enumerate(parts, 1):
                stem = f"{folder.name}-{number:03}"
                sound = resample_wide(part, rate, MASTER_HZ)
                write_wav(new / f"{stem}.wav", _int16(sound), MASTER_HZ, made, stem)
            report = {
                "source": origin,
                "source_sha256": recording.sha256,
                "source_format": recording.described,
                "samples": [
                    {"name": f"{folder.name}-{n:03}.wav", "start_s": c.start, "end_s": c.end}
                    for n, c in enumerate(cut.chunks, 1)
                ],
                "left_out_s": {
                    "overlap": cut.overlap_s, "music": cut.music_s,
                    "no_pause": cut.no_pause_s, "short": cut.short_s,
                },
                "quality": quality.row(),
            }  # fmt: skip
            (new / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
            _into_place(new, folder)
    except OSError as error:
        raise AgentdError(f"{folder} cannot be written: {error.strerror}") from None
    snr = "unknown" if quality.snr_db is None else f"{quality.snr_db:.0f} dB"
    click.echo(
        f"quality: {quality.speech_s:.1f} s of speech, signal to noise {snr}, clipped "
        f"{100 * quality.clipped:.2f} %, sound up to {quality.bandwidth_hz} Hz"
    )
    return quality


def _into_place(new: Path, folder: Path) -> None:
    """A new voice is one rename; samples that are replaced go only once the new ones are there."""
    if not folder.exists():
        new.rename(folder)
        return
    names = {file.name for file in new.iterdir()}
    for file in new.iterdir():
        os.replace(file, folder / file.name)
    for old in folder.glob("*.wav"):
        if old.name not in names:
            old.unlink()
    shutil.rmtree(folder / "clean", ignore_errors=True)
    (folder / "clean.json").unlink(missing_ok=True)


def _int16(sound: Floats) -> Int16:
    samples: Int16 = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    return samples
