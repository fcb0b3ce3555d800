"""`agent-tools`: prepares voices and audio. The same settings as `agentd`."""

import importlib
from pathlib import Path
from typing import Any

import click

from agentd.cli.examples import epilog, shown_in
from agentd.errors import AgentdError
from agentd_tools.examples import FIRST, TOOLS

_COMMANDS = {
    "youtube-extract": ("agentd_tools.youtube_extract", "youtube_extract", "Samples of a voice."),
    "clone-voice": ("agentd_tools.clone_voice", "clone_voice", "Render every line a voice needs."),
    "setup-audio": ("agentd_tools.setup_audio", "setup_audio", "Line copies and backgrounds."),
    "create-scenario": ("agentd_tools.create_scenario", "create_scenario", "Ask, then write one."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        shown_in(command, TOOLS, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Errors of ours are a message and an exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except AgentdError as error:
            click.echo(f"agent-tools: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, epilog=epilog(FIRST))
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="agentd.toml to read (default: AGENTD_CONFIG, then ./agentd.toml).",
)
@click.pass_context
def cli(ctx: click.Context, config_file: Path | None) -> None:
    """Prepare voices and audio for agentd."""
    ctx.obj = config_file


def main() -> None:
    """Run the `agent-tools` command line."""
    cli(prog_name="agent-tools")
