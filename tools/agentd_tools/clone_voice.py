"""`agent-tools clone-voice`: every line a voice needs, rendered by its engine."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from agentd import lines
from agentd.catalog import Catalog
from agentd.cli import settings_of
from agentd.config import Settings
from agentd.errors import BadInput, MissingResource
from agentd.observe import logs
from agentd.speech import consent, xtts
from agentd.speech.consent import Use
from agentd.speech.library import AudioLibrary
from agentd.speech.recogniser import open_recogniser
from agentd.speech.synthesis import CLONING, Voice, VoiceFile, open_voice, read_voice
from agentd_tools.clean import clean
from agentd_tools.masters import Done, orphans, prune, read_mono
from agentd_tools.quality import pitch_hz, voiced
from agentd_tools.render import Bench, Progress, render
from agentd_tools.verify import HeardBack

SEPARATOR = "audio-separator"
PICO_HZ = 193.0  # median pitch of Pico's French voice at pitch 100, measured on its own lines


@click.command("clone-voice")
@click.argument("voice", required=False)
@click.option("--scenario", "scenarios", multiple=True, help="Name or file; may be repeated.")
@click.option("--theme", "themes", multiple=True, help="Its answers only; may be repeated.")
@click.option("--all", "whole", is_flag=True, help="Every theme and every scenario of this voice.")
@click.option("--force", is_flag=True, help="Render again what has not changed.")
@click.option("--prune", "pruning", is_flag=True, help="With --all: remove what no line uses.")
@click.option(
    "--check/--no-check",
    "checking",
    default=True,
    help="Recognise each recording back, and render bad ones again.",
)
@click.option("--accept-licence", is_flag=True, help="Of the engine's weights; kept, asked once.")
@click.option("--dry-run", is_flag=True, help="Say what would be rendered, and do nothing.")
@click.option("--quiet", is_flag=True, help="One line at the end.")
@click.pass_context
def clone_voice(
    ctx: click.Context,
    voice: str | None,
    scenarios: tuple[str, ...],
    themes: tuple[str, ...],
    whole: bool,
    force: bool,
    pruning: bool,
    checking: bool,
    accept_licence: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Render VOICE's recordings: masters at 22,050 Hz and copies at the rates of lines.

    Without VOICE, list the voices there are. A voice with samples of a person needs their
    consent.yaml. Only what is missing is rendered, or whose text or voice settings changed; a run
    that was interrupted goes on where it stopped. A person's own recordings of lines, in
    voices/VOICE/recorded, always win. With the engine xtts, under 30 s of clean speech is quick
    mode, to 120 s standard, more fine-tuning: more of the samples conditions the voice; the model
    is not trained. Exit 1 when a line could not be rendered; the others are.

    \b
    agent-tools clone-voice julie --scenario finance
    """
    settings = settings_of(ctx)
    logs.configure(settings.log.model_copy(update={"json_lines": False}))  # for a person
    if voice is None:
        _list(settings)
        return
    if not (scenarios or themes or whole):
        raise BadInput("nothing to render", mend="give --scenario, --theme or --all")
    if pruning and not whole:
        raise BadInput("--prune needs to know every line", mend="give --all with it")
    library = AudioLibrary(settings, voice)
    folder = settings.path("voices", voice)
    file = read_voice(folder)
    clips = lines.everything(settings, voice) if whole else []
    clips += lines.chosen(settings, scenarios, themes)
    clips = list({clip.key: clip for clip in clips}.values())
    given = _permission(settings, voice, file, _uses(settings, voice, scenarios, themes, whole))

    def say(text: str) -> None:
        if not quiet:
            click.echo(text)

    if dry_run:
        missing = library.missing(clips)
        click.echo(f"{voice}: {len(missing)} of {len(clips)} lines have no recording of their text")
        return
    if file.engine == "xtts" and consent.has_samples(folder):
        say(xtts.told(xtts.mode_of(xtts.seconds_of(sorted(folder.glob("*.wav"))))))
    if consent.has_samples(folder):
        clean(folder, settings.path("models", SEPARATOR), consent=given, told=say)
        file = _described(folder, file, say)
    _licence(settings, voice, file, accept_licence)
    speaker = open_voice(settings, voice)
    if file.engine == "xtts" and consent.has_samples(folder):
        seconds = xtts.seconds_of(xtts.samples_of(folder))
        say(f"{seconds:.0f} s of clean speech: {xtts.told(xtts.mode_of(seconds))}")
    check = _check(settings, say) if checking else None
    bench = Bench(library, voice, speaker, folder / consent.RECORDED, check, given)

    def told(step: Progress) -> None:
        error = step.recording.word_error
        heard = "" if error is None else f"  word error {error:.2f}"
        say(
            f"  {step.number}/{step.of} {step.clip.key}{heard}, "
            f"{step.left_s // 60:.0f}:{step.left_s % 60:02.0f} left"
        )

    done = render(bench, clips, force=force, told=told)
    _report(voice, speaker, len(clips), done, quiet)
    if whole:
        _unused(library, {clip.key for clip in clips}, pruning)
    if done.failed:
        click.echo(f"agent-tools: {len(done.failed)} lines could not be rendered", err=True)
        ctx.exit(1)


def _list(settings: Settings) -> None:
    """The voices of the voices folder: engine, samples, consent."""
    folders = sorted(f for f in settings.path("voices").glob("*") if f.is_dir())
    if not folders:
        raise BadInput(
            f"no voices in {settings.path('voices')}",
            mend="make one with agent-tools youtube-extract, or a folder with a voice.yaml",
        )
    for folder in folders:
        samples = sorted(folder.glob("*.wav"))
        said = "synthetic speaker, nobody is imitated"
        if samples or read_voice(folder).engine in CLONING:
            seconds = xtts.seconds_of(samples)
            said = f"{len(samples)} samples, {seconds:.0f} s ({xtts.mode_of(seconds)}), "
            try:
                record = consent.require(folder, date.today())
                said += f"consent until {record.expiry}"
            except BadInput as error:
                said += f"NO CONSENT: {str(error.args[0]).splitlines()[0]}"
        click.echo(f"{folder.name:16}{read_voice(folder).engine:8}{said}")
    click.echo("agent-tools clone-voice VOICE --all renders the lines of one")


def _uses(
    settings: Settings,
    voice: str,
    scenarios: tuple[str, ...],
    themes: tuple[str, ...],
    whole: bool,
) -> list[Use]:
    """What the recordings are for."""
    catalog = Catalog(settings)
    held = [catalog.scenario(name) for name in scenarios]
    wanted = [Use(theme=theme) for theme in themes]
    if whole:
        every = [catalog.scenario(name) for name in catalog.scenario_names()]
        held += [scenario for scenario in every if scenario.voice == voice]
        wanted += [Use(theme=theme) for theme in catalog.themes() if theme != "general"]
    return [*(Use(s.theme, s.name, s.company) for s in held), *wanted]


def _permission(settings: Settings, voice: str, file: VoiceFile, uses: list[Use]) -> str:
    """Id of the consent under which a person's voice may be used; empty for a synthetic speaker.

    A folder with samples is a person's, whichever engine speaks: fails closed.
    """
    folder = settings.path("voices", voice)
    if file.engine not in CLONING and not consent.has_samples(folder):
        return ""
    return consent.require(folder, date.today(), uses).id


def _licence(settings: Settings, voice: str, file: VoiceFile, accepted: bool) -> None:
    model = settings.path("models", file.model or "xtts-v2")
    if file.engine != "xtts" or not model.is_dir() or xtts.acknowledged(model):
        return
    click.echo(xtts.LICENCE_TEXT)
    terminal = sys.stdin.isatty()
    if accepted or (terminal and click.confirm("May you use it, and do you accept it?")):
        xtts.acknowledge(model)
        click.echo(f"kept in {model / xtts.ACKNOWLEDGED}")
        return
    raise BadInput(
        f"the licence of {model} was not accepted",
        mend=f"agent-tools clone-voice {voice} --accept-licence, if you may; or engine: pico",
    )


def _described(folder: Path, file: VoiceFile, say: Callable[[str], None]) -> VoiceFile:
    """voice.yaml for a voice that was just extracted: the default engine at the speaker's pitch."""
    described = folder / "voice.yaml"
    if described.exists():
        return file
    found = []
    for sample in xtts.samples_of(folder):
        sound = read_mono(sample, 16_000)
        pitch = pitch_hz(sound.astype(float) / 32768, 16_000, voiced(sound, 16_000))
        found += [] if pitch is None else [pitch]
    hz = sorted(found)[len(found) // 2] if found else PICO_HZ
    percent = round(min(200.0, max(50.0, 100 * hz / PICO_HZ)))
    described.write_text(
        f"# Pico, a synthetic speaker, at the pitch of the samples ({hz:.0f} Hz). It does not\n"
        "# imitate them: engine: xtts does (docs/voices.md).\n"
        f"engine: pico\npitch: {percent}\n",
        encoding="utf-8",
    )
    say(
        f"{described}: Pico at {percent} % of its pitch, near the samples' {hz:.0f} Hz. Pico does "
        "not imitate; engine: xtts does"
    )
    return read_voice(folder)


def _check(settings: Settings, say: Callable[[str], None]) -> HeardBack | None:
    try:
        return HeardBack(open_recogniser(settings))
    except MissingResource as error:
        click.echo(
            f"agent-tools: recordings are not recognised back: {error.args[0]} ({error.mend})",
            err=True,
        )
        return None


def _report(voice: str, speaker: Voice, count: int, done: Done, quiet: bool) -> None:
    for clip, error in done.failed:
        click.echo(f"agent-tools: {clip.key}: {error}", err=True)
    if not quiet:
        for clip, problem in done.doubtful:
            click.echo(f"  listen to {clip.key}: {problem}")
    click.echo(f"{voice}: {done.rendered} of {count} lines rendered by {speaker.name}")
    if done.errors:
        mean = sum(done.errors) / len(done.errors)
        click.echo(
            f"{voice}: {done.checked} recordings recognised back, word error {mean:.3f} in the "
            f"mean, {max(done.errors):.2f} at most; {len(done.doubtful)} to listen to"
        )


def _unused(library: AudioLibrary, wanted: set[str], pruning: bool) -> None:
    unused = orphans(library, wanted)
    if pruning:
        prune(library, unused)
        click.echo(f"{len(unused)} recordings removed that no line uses")
    elif unused:
        some = ", ".join(unused[:3]) + (", ..." if len(unused) > 3 else "")
        click.echo(f"{len(unused)} recordings are used by no line: {some}; --prune removes them")
