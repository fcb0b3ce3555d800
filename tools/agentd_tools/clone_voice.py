"""`agent-tools clone-voice`: every line a voice needs, rendered by its engine."""

import click

from agentd import lines
from agentd.cli import settings_of
from agentd.dialogue.actions import Clip
from agentd.errors import BadInput
from agentd.observe import logs
from agentd.speech.library import AudioLibrary
from agentd.speech.synthesis import open_voice
from agentd_tools.render import orphans, prune, render


@click.command("clone-voice")
@click.argument("voice")
@click.option("--scenario", "scenarios", multiple=True, help="Name or file; may be repeated.")
@click.option("--theme", "themes", multiple=True, help="Its answers only; may be repeated.")
@click.option("--all", "whole", is_flag=True, help="Every theme and every scenario of this voice.")
@click.option("--force", is_flag=True, help="Render again what has not changed.")
@click.option("--prune", "pruning", is_flag=True, help="With --all: remove what no line uses.")
@click.option("--quiet", is_flag=True, help="One line at the end.")
@click.pass_context
def clone_voice(
    ctx: click.Context,
    voice: str,
    scenarios: tuple[str, ...],
    themes: tuple[str, ...],
    whole: bool,
    force: bool,
    pruning: bool,
    quiet: bool,
) -> None:
    """Render VOICE's recordings: masters at 22,050 Hz and copies at the rates of lines.

    Only what is missing, or whose text or voice settings changed; a run that was interrupted goes
    on where it stopped. A person's recording (`recorded` in the manifest) is never rendered over
    while its text holds. Exit 1 when a line could not be rendered; the others are.

    \b
    agent-tools clone-voice julie --scenario finance
    """
    settings = settings_of(ctx)
    logs.configure(settings.log.model_copy(update={"json_lines": False}))  # for a person
    if not (scenarios or themes or whole):
        raise BadInput("nothing to render", mend="give --scenario, --theme or --all")
    if pruning and not whole:
        raise BadInput("--prune needs to know every line", mend="give --all with it")
    library = AudioLibrary(settings, voice)
    speaker = open_voice(settings, voice)
    clips = lines.everything(settings, voice) if whole else []
    clips += lines.chosen(settings, scenarios, themes)
    clips = list({clip.key: clip for clip in clips}.values())

    def told(clip: Clip) -> None:
        if not quiet:
            click.echo(f"  {clip.key}")

    done = render(library, speaker, clips, force=force, told=told)
    for clip, error in done.failed:
        click.echo(f"agent-tools: {clip.key}: {error}", err=True)
    click.echo(f"{voice}: {done.rendered} of {len(clips)} lines rendered by {speaker.name}")
    if whole:
        _unused(library, {clip.key for clip in clips}, pruning)
    if done.failed:
        click.echo(f"agent-tools: {len(done.failed)} lines could not be rendered", err=True)
        ctx.exit(1)


def _unused(library: AudioLibrary, wanted: set[str], pruning: bool) -> None:
    unused = orphans(library, wanted)
    if pruning:
        prune(library, unused)
        click.echo(f"{len(unused)} recordings removed that no line uses")
    elif unused:
        some = ", ".join(unused[:3]) + (", ..." if len(unused) > 3 else "")
        click.echo(f"{len(unused)} recordings are used by no line: {some}; --prune removes them")
