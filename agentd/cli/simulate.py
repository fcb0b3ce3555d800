"""`agentd simulate`: calls agentd exactly as FreeSWITCH would, with a spoken prospect."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

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
    type=click.Path(path_type=Path, exists=True),
    help="A persona file, or a folder of them.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/simulate"),
    show_default=True,
    help="Recordings, transcripts and results go here.",
)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--repeat", type=click.IntRange(1, 100_000), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call, and nothing else.")
@click.option(
    "--connect",
    metavar="HOST:PORT",
    help="Call a running agentd (which shares this database) instead of one of our own.",
)
@click.pass_context
def simulate(
    ctx: click.Context,
    scenario: Path,
    persona_path: Path,
    out: Path,
    concurrency: int,
    repeat: int,
    as_json: bool,
    connect: str | None,
) -> None:
    """Hold spoken calls without a telephone, and judge them.

    Exit 0 when every expectation of the personas holds, 1 when one does not, 2 on bad input.

    \b
    agentd simulate scenarios/scenario_finance.json --persona scenarios/personas
    """
    from agentd.catalog import Catalog
    from agentd.simulator import report
    from agentd.simulator.persona import load_personas
    from agentd.simulator.run import Simulation

    settings = settings_of(ctx)
    personas = load_personas(persona_path)
    catalog = Catalog(settings)
    catalog.brain(catalog.scenario(str(scenario)))  # bad input is told before anything starts
    file = catalog.scenario_file(str(scenario))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror}") from None
    failed = 0
    with _agentd(settings, out, connect, concurrency) as (address, repo):
        simulation = Simulation(
            file,
            address,
            repo,
            out,
            settings.path("models", "pico"),
            settings.paths.root.resolve() / ".cache" / "prospects",
        )
        count = len(personas) * repeat
        for result in simulation.run(personas, concurrency, repeat):
            failed += not result["passed"]
            if as_json:
                click.echo(msgspec.json.encode(result).decode())
            else:
                click.echo(report.transcript(result))
    if not as_json and count > 1:
        click.echo(f"{count - failed} of {count} calls ended as expected")
    ctx.exit(1 if failed else 0)


@contextmanager
def _agentd(
    settings: Settings, out: Path, connect: str | None, concurrency: int
) -> Iterator[tuple[tuple[str, int], "Repo"]]:
    """An agentd to call, and the database it keeps calls in."""
    from agentd.store.repo import Repo

    if connect is not None:
        host, _, port = connect.rpartition(":")
        if not host or not port.isdigit():
            raise BadInput(f"--connect {connect}: HOST:PORT is wanted")
        repo = Repo(settings.store.url, root=settings.paths.root)
        try:
            yield (host, int(port)), repo
        finally:
            repo.close()
        return
    from agentd.server import Server

    own = settings.model_copy(
        update={
            "server": settings.server.model_copy(
                update={
                    "host": "127.0.0.1",
                    "esl_port": 0,
                    "audio_port": 0,
                    "audio_url": "",
                    "max_calls": max(concurrency, settings.server.max_calls),
                }
            ),
            "log": settings.log.model_copy(update={"level": "WARNING", "json_lines": False}),
        }
    )
    logs.configure(own.log)
    repo = Repo(f"sqlite:////{(out / 'agentd.sqlite3').resolve()}")
    server = Server(own, repo)
    server.start()
    try:
        yield server.esl_address, repo
    finally:
        server.stop()
