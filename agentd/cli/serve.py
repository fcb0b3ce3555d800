"""`agentd serve`: answer the calls FreeSWITCH sends, until told to stop."""

import signal
from pathlib import Path

import click
import gevent
from gevent.event import Event as Flag

from agentd.cli import settings_of
from agentd.observe import logs


@click.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME",
    help="Start only if this scenario is ready, all its lines recorded. Repeatable.",
)
@click.pass_context
def serve(ctx: click.Context, config_file: Path | None, scenarios: tuple[str, ...]) -> None:
    """Answer the calls FreeSWITCH sends.

    SIGTERM or SIGINT stops taking calls and lets those going on finish, for `[server] drain_s`
    seconds at most; a second one ends at once, exit 1. Exit 2 when it cannot be started as asked:
    a setting, a port in use, a scenario.
    """
    from agentd.server import Server

    settings = settings_of(ctx, config_file)
    logs.configure(settings.log)
    server = Server(settings)
    server.start(scenarios)
    asked = Flag()
    stopping = 0

    def on_signal() -> None:
        nonlocal stopping
        stopping += 1
        asked.set()
        if stopping > 1:
            raise SystemExit(1)

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, on_signal)
    asked.wait()
    server.stop(settings.server.drain_s)
