"""`agent-tools clone-voice`: every line a voice needs, rendered by its engine."""

import click

from agentd import lines
from agentd.cli import settings_of
from agentd.dialogue.actions import Clip
from agentd.errors import BadInput
from agentd.speech.library import AudioLibrary
from agentd.speech.synthesis import open_voice
from agentd_tools.render import render


@click.command("clone-voice")
@click.argument("voice")
@click.option("--scenario", "scenarios", multiple=True, help="Name or file; may be repeated.")
@click.option("--theme", "themes", multiple=True, help="Its answers only; may be repeated.")
@click.option("--all", "whole", is_flag=True, help="Every theme and every scenario of this voice.")
@click.option("--force", is_flag=True, help="Render again what has not changed.")
@click.option("--quiet", is_flag=True, help="One line at the end.")
@click.pass_context
def clone_voice(
    ctx: click.Context,
    voice: str,
    scenarios: tuple[str, ...],
    themes: tuple[str, ...],
    whole: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Render VOICE's recordings: masters at 22,050 Hz and copies at the rates of lines.

    Only what is missing, or whose text or voice settings changed; a run that was interrupted goes
    on where it stopped. A person's recording (`recorded` in the manifest) is never rendered over
    while its text holds.

    \b
    agent-tools clone-voice julie --scenario finance
    """
    settings = settings_of(ctx)
    if not (scenarios or themes or whole):
        raise BadInput("nothing to render", mend="give --scenario, --theme or --all")
    speaker = open_voice(settings, voice)
    library = AudioLibrary(settings, voice)
    clips = lines.everything(settings, voice) if whole else []
    clips += lines.chosen(settings, scenarios, themes)
    clips = list({clip.key: clip for clip in clips}.values())

    def told(clip: Clip, rendered: bool) -> None:
        if rendered and not quiet:
            click.echo(f"  {clip.key}")

    count = render(library, speaker, clips, force=force, told=told)
    click.echo(f"{voice}: {count} of {len(clips)} lines rendered by {speaker.name}")
