"""`agentd simulate`: call agentd exactly as FreeSWITCH would, with a spoken prospect."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.cli import settings_of
from agentd.config import Settings
from agentd.errors import BadInput
from agentd.observe import logs

if TYPE_CHECKING:
    from agentd.store.repo import Repo


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--persona",
    "persona_path",
    required=True,
    type=click.Path(path_type=Path),
    help="A persona file, or a folder of them.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/simulate"),
    show_default=True,
    help="Where recordings, transcripts and results go.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1_000),
    default=1,
    show_default=True,
    help="Calls held at once.",
)
@click.option(
    "--repeat", type=click.IntRange(1, 100_000), default=1, show_default=True, help="Of each."
)
@click.option(
    "--per-minute",
    type=click.FloatRange(0, min_open=True),
    help="Calls begun in a minute at most; without it as fast as --concurrency allows.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call, and nothing else.")
@click.option(
    "--connect",
    metavar="HOST:PORT",
    help="Call the agentd that listens there; its store must be the configured one.",
)
@click.pass_context
def simulate(
    ctx: click.Context,
    scenario: Path,
    persona_path: Path,
    out: Path,
    concurrency: int,
    repeat: int,
    per_minute: float | None,
    as_json: bool,
    connect: str | None,
) -> None:
    """Hold spoken calls without a telephone, and judge them.

    Exit 0 when every `expect` holds, 1 when one does not, 2 on bad input.
    """
    from agentd.catalog import Catalog
    from agentd.simulator import report
    from agentd.simulator.persona import load_personas
    from agentd.simulator.run import Simulation
    from agentd.simulator.voices import Voices

    settings = settings_of(ctx)
    # On standard error, and only what is wrong: standard output belongs to the results.
    level = "WARNING" if settings.log.level == "INFO" else settings.log.level
    log_part = settings.log.model_copy(update={"level": level, "json_lines": False})
    logs.configure(log_part)
    personas = load_personas(persona_path)
    # What is wrong with the scenario is told before anything is started.
    catalog = Catalog(settings)
    catalog.brain(catalog.scenario(str(scenario)))
    file = catalog.scenario_file(str(scenario))
    address = None if connect is None else _address(connect)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror}") from None
    cache = settings.paths.root.resolve() / ".cache" / "prospects"
    voices = Voices(settings.path("models", "pico"), cache)
    results = []
    with _agentd(settings, out, address, concurrency) as (reached, repo):
        simulation = Simulation(file, reached, repo, out, voices)
        # What has been read stays: a collector that looks at it all makes a tick late.
        gc.collect()
        gc.freeze()
        for result in simulation.run(
            personas, concurrency=concurrency, repeat=repeat, per_minute=per_minute
        ):
            click.echo(report.encode(result.json) if as_json else result.text)
            results.append(result.json)
    if not as_json and len(results) > 1:
        click.echo(report.summary(sorted(results, key=lambda r: str(r["persona"]))))
    ctx.exit(0 if all(r["passed"] for r in results) else 1)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise BadInput(
            f"--connect {text}: HOST:PORT is wanted", mend="for example --connect 127.0.0.1:8084"
        )
    return host.strip("[]"), int(port)


@contextmanager
def _agentd(
    settings: Settings, out: Path, address: tuple[str, int] | None, concurrency: int
) -> Iterator[tuple[tuple[str, int], "Repo"]]:
    """An agentd to call, and the store it writes to."""
    from agentd.store.repo import Repo

    if address is not None:
        repo = Repo(settings.store.url, root=settings.paths.root)
        try:
            yield address, repo
        finally:
            repo.close()
        return
    from agentd.server import Server

    server_part = settings.server.model_copy(
        update={
            "host": "127.0.0.1",
            "esl_port": 0,
            "audio_port": 0,
            "metrics_port": None,
            "audio_url": "",
            "max_calls": max(concurrency, settings.server.max_calls),
        }
    )
    own = settings.model_copy(update={"server": server_part})
    repo = Repo(f"sqlite:////{(out / 'agentd.sqlite3').resolve()}")
    server = Server(own, repo=repo)
    server.start()
    try:
        yield server.esl_address, repo
    finally:
        server.stop()
