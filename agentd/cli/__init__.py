"""Command line: one click module a noun, imported only when its command is used."""

import importlib
from pathlib import Path
from typing import Any

import click

from agentd import config
from agentd.cli.examples import AGENTD, FIRST, epilog, shown_in
from agentd.errors import AgentdError

# command -> (module, attribute, one-line help): importing a module may load a recogniser.
_COMMANDS = {
    "serve": ("agentd.cli.serve", "serve", "Answer the calls FreeSWITCH sends."),
    "check": ("agentd.cli.check", "check", "Say what is missing or wrong, and how to mend it."),
    "simulate": ("agentd.cli.simulate", "simulate", "Call agentd as FreeSWITCH would."),
    "scenario": ("agentd.cli.scenario", "scenario", "Lint and show scenarios."),
    "replay": ("agentd.cli.replay", "replay", "Run the engine again over a stored call."),
    "understand": ("agentd.cli.understand", "understand", "What would be made of an utterance."),
    "campaign": ("agentd.cli.campaign", "campaign", "Make, run, watch and export campaigns."),
    "contacts": ("agentd.cli.contacts", "contacts", "Import, list, export and erase contacts."),
    "consent": ("agentd.cli.consent", "consent", "The ledger of grounds to call."),
    "suppress": ("agentd.cli.suppress", "suppress", "Numbers that must not be called."),
    "audit": ("agentd.cli.audit", "audit", "The trail of acts, and whether it is whole."),
    "models": ("agentd.cli.models", "models", "List and fetch recognisers and voices."),
    "schema": ("agentd.cli.schema", "schema", "Print JSON Schemas of the files people write."),
    "db": ("agentd.cli.db", "db", "Migrate the database."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        shown_in(command, AGENTD, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Turn our own errors into a message and an exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except AgentdError as error:
            click.echo(f"agentd: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, epilog=epilog(FIRST))
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="agentd.toml to read (default: AGENTD_CONFIG, then ./agentd.toml).",
)
@click.version_option(package_name="agentd")
@click.pass_context
def cli(ctx: click.Context, config_file: Path | None) -> None:
    """agentd: an autonomous French-speaking outbound-call agent for FreeSWITCH."""
    ctx.obj = config_file


def settings_of(ctx: click.Context, override: Path | None = None) -> config.Settings:
    """Settings for a command: its own --config, else the group's, else the default places."""
    return config.load(override or ctx.find_root().obj)
