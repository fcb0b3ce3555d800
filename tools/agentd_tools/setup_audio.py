"""`agent-tools setup-audio`: levels, copies at the rates of lines, backgrounds."""

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from agentd.cli import settings_of
from agentd.config import Settings
from agentd.errors import BadInput
from agentd.speech.library import LINE_RATES, AudioLibrary, write_wav
from agentd.speech.provenance import AMBIENCE, Provenance
from agentd.speech.synthesis import read_voice
from agentd_tools import background
from agentd_tools.masters import TARGET_LUFS, plan, read_mono, refresh, sha256

MADE = {"office": background.office}


@click.command("setup-audio")
@click.option("--voice", help="Level and copy every recording of this voice again.")
@click.option("--background", "file", type=click.Path(path_type=Path), help="Ambience to loop.")
@click.option("--make-background", type=click.Choice(sorted(MADE)), help="Make one instead.")
@click.option("--lufs", default=TARGET_LUFS, show_default=True, help="Loudness of speech.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--quiet", is_flag=True, help="Nothing but what is wrong.")
@click.pass_context
def setup_audio(
    ctx: click.Context,
    voice: str | None,
    file: Path | None,
    make_background: str | None,
    lufs: float,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Prepare audio for the line: level, trim, copies at 8 and 16 kHz, seamless backgrounds.

    A background is set 8 dB under speech by loudness, and at least a minute long: FreeSWITCH leaves
    20 ms of silence at each of its seams.
    """
    settings = settings_of(ctx)
    if not (voice or file or make_background):
        raise BadInput("nothing to do", mend="give --voice, --background or --make-background")
    if file is not None and make_background:
        raise BadInput("--background and --make-background", mend="give one of them")
    if not -40 <= lufs <= -10:
        raise BadInput(f"--lufs {lufs}: from -40 to -10 is expected")
    if file is not None:
        read_mono(file)  # bad input is told before anything is done
    failed = _level(settings, voice, lufs, dry_run) if voice else 0
    if file is not None or make_background:
        # A scenario names its background by plain letters.
        stem = make_background or re.sub(r"[^A-Za-z0-9._-]+", "-", Path(file or "").stem).strip("-")
        name = f"{stem or 'background'}.wav"
        _background(settings, name, file, make_background, lufs, dry_run, quiet)
    ctx.exit(1 if failed else 0)


def _level(settings: Settings, voice: str, lufs: float, dry_run: bool) -> int:
    """How many recordings could not be levelled."""
    library = AudioLibrary(settings, voice)
    lufs += 20 * math.log10(read_voice(settings.path("voices", voice)).volume / 100)
    count = len(library.manifest().recordings)
    if not count:
        raise BadInput(
            f"the voice {voice} has no recordings", mend=f"agent-tools clone-voice {voice} --all"
        )
    click.echo(f"{voice}: {count} recordings at {lufs:g} LUFS, copies at 8 and 16 kHz")
    if dry_run:
        for step in plan(settings, voice, lufs):
            level = "?" if step.lufs is None else f"{step.lufs:.1f}"
            cut = f", {step.cut_s:.2f} s of silence cut" if step.cut_s > 0.005 else ""
            click.echo(f"  {step.key}: {level} LUFS, {step.gain_db:+.1f} dB{cut}")
        return 0
    failed = refresh(settings, voice, lufs).failed
    for clip, error in failed:
        click.echo(f"agent-tools: {clip.key}: {error}", err=True)
    return len(failed)


def _background(
    settings: Settings,
    name: str,
    file: Path | None,
    made: str | None,
    lufs: float,
    dry_run: bool,
    quiet: bool,
) -> None:
    targets = {r: settings.path("audio", "background", str(r), name) for r in LINE_RATES}
    if made and all(t.exists() for t in targets.values()):
        if not quiet:
            click.echo(f"background {name}: there already")
        return
    level = lufs - background.BELOW_SPEECH_DB
    click.echo(
        f"background {name}: {level:g} LUFS, looped, at {' and '.join(map(str, targets))} Hz"
    )
    if dry_run:
        for target in targets.values():
            click.echo(f"  {'replaces' if target.exists() else 'makes'} {target}")
        return
    source: Callable[[int], background.Floats] = MADE[made or "office"]
    sounds = {
        rate: source(rate) if file is None else read_mono(file, rate).astype(np.float64) / 32768
        for rate in targets
    }
    origin = Provenance(
        kind=AMBIENCE,
        engine=f"made: {made}" if made else "",
        source_sha256="" if file is None else sha256(file),
    )
    for rate, target in targets.items():
        looped = background.loop(sounds[rate], rate)
        kept = settings.path("audio", "background", "originals", str(rate), name)
        try:
            if target.exists() and not made:
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(target, kept)
            write_wav(target, background.at_loudness(looped, rate, level), rate, origin, name)
        except BadInput as error:
            raise BadInput(f"{file}: {error.args[0]}", mend=error.mend) from None
