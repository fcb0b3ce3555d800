"""`agentd serve`: answer the calls FreeSWITCH sends, until told to stop."""

import gc
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import gevent
from gevent.event import Event as Flag

from agentd import heap
from agentd.cli import settings_of
from agentd.observe import logs
from agentd.observe.notify import Notifier

if TYPE_CHECKING:
    from agentd.server import Server


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="agentd.toml to read.",
)
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
    seconds at most; a second one ends at once, exit 1. SIGHUP reads scenarios and objections again;
    a broken one is refused, and calls go on with what was read before. Exit 2 when it cannot be
    started as asked: a setting, a port in use, a scenario.
    """
    heap.tame()
    from agentd.server import Server

    settings = settings_of(ctx, config_file)
    logs.configure(settings.log)
    systemd = Notifier()
    server = Server(settings)
    server.start(scenarios)
    # Models and scenarios stay: the collector need not look at them, which takes 100 ms.
    gc.collect()
    gc.freeze()
    # A recognition's Python gives the loop its turn after 1 ms rather than 5.
    sys.setswitchinterval(0.001)
    asked = Flag()
    stopping = 0

    def on_stop() -> None:
        nonlocal stopping
        stopping += 1
        asked.set()
        if stopping > 1:
            raise SystemExit(1)

    def on_reload() -> None:
        systemd.reloading()
        gevent.spawn(server.reload).link(lambda _: systemd.ready())

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, on_stop)
    gevent.signal_handler(signal.SIGHUP, on_reload)
    systemd.ready()
    # Fed from the hub: one that no longer turns starves the watchdog, and systemd restarts us.
    pulse = gevent.spawn(_pulse, systemd, server)
    asked.wait()
    systemd.stopping(f"draining {server.calls} calls")
    server.stop(settings.server.drain_s)
    pulse.kill()


def _pulse(systemd: Notifier, server: "Server") -> None:
    while systemd.watchdog_s is not None:
        systemd.alive(f"{server.calls} calls")
        gevent.sleep(systemd.watchdog_s)
