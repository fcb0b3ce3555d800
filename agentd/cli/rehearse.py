"""A campaign rehearsed: a simulated switch with spoken prospects, an agentd and a dialer, here."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import gevent
import yaml

from agentd.campaign.dialer import Dialer
from agentd.campaign.gates.hours import CONSUMER_WINDOWS, closed, next_open
from agentd.campaign.gates.places import METROPOLE
from agentd.cli.campaign import write_results
from agentd.config import Settings
from agentd.errors import BadInput
from agentd.observe.campaign_view import Watch
from agentd.server import Server
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.exchange import Exchange, PhoneBook
from agentd.simulator.persona import Persona, load_personas
from agentd.simulator.playing import Samples
from agentd.simulator.recorder import Recorder
from agentd.simulator.voices import Voices
from agentd.store import campaigns
from agentd.store.repo import Repo

PARIS = ZoneInfo("Europe/Paris")
PASSWORD = "rehearsal"
LOOK_EVERY_S = 1.0


def rehearse(
    settings: Settings,
    repo: Repo,
    name: str,
    personas: Path,
    numbers: Path | None,
    out: Path,
    at: str,
) -> bool:
    """Is every contact decided? Raises BadInput on what cannot be rehearsed."""
    row = campaigns.get(repo, name)
    if not row.simulated:
        raise BadInput(
            f"campaign {name} is a real one: its contacts would be taken for called",
            mend="make one with --simulated, in a store of its own (AGENTD_STORE_URL)",
        )
    book = PhoneBook(people := load_personas(personas), _numbers(numbers, people))
    recordings = out / "recordings"
    try:
        recordings.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror}") from None
    start = _start(at)
    click.echo(f"simulated time: {start:%A %d %B %Y, %H:%M %Z}; nobody is really called")
    most = int(row.settings.get("max_concurrent", 1))
    server_part = settings.server.model_copy(
        update={
            "host": "127.0.0.1",
            "esl_port": 0,
            "audio_port": 0,
            "metrics_port": None,
            "audio_url": "",
            "max_calls": max(most, settings.server.max_calls),
        }
    )
    # A store connection of its own: a server closes it when it stops.
    server = Server(settings.model_copy(update={"server": server_part}))
    server.start()
    exchange = Exchange(
        book,
        _Spoken(settings),
        [server.esl_address],
        PASSWORD,
        clock=SimulatedClock(start),
        on_recording=lambda uuid, recorder: _keep(recordings / f"{uuid}.wav", recorder),
    )
    exchange.start()
    try:
        state = _dial(settings, repo, name, exchange)
    finally:
        exchange.stop()
        server.stop()
    for problem in exchange.problems:
        click.echo(f"the switch noticed: {problem}", err=True)
    for file in (out / "results.csv", out / "results.json"):
        count = write_results(repo, name, file, recordings)
        click.echo(f"{file}: {count} contacts")
    return state == "done"


def _dial(settings: Settings, repo: Repo, name: str, exchange: Exchange) -> str:
    host, port = exchange.address
    switch = settings.switch.model_copy(update={"host": host, "port": port, "password": PASSWORD})
    own = settings.model_copy(update={"switch": switch})
    dialer = Dialer(own, repo, name)
    native = gevent.get_hub().threadpool
    native.apply(dialer.warm_up, (own,))
    campaigns.set_state(repo, name, "running", now=datetime.now(UTC))
    run = gevent.spawn(dialer.run)
    with Watch(sys.stdout) as view:
        while not run.ready():
            view.show(campaigns.status(repo, name))
            run.join(LOOK_EVERY_S)
        view.show(campaigns.status(repo, name))
    return str(run.get())


class _Spoken:
    """Voices of the prospects, each rendered once and off the loop."""

    def __init__(self, settings: Settings) -> None:
        cache = settings.paths.root.resolve() / ".cache" / "prospects"
        self._voices = Voices(settings.path("models", "pico"), cache)
        self._made: dict[str, Mapping[str, Samples]] = {}

    def __call__(self, persona: Persona) -> Mapping[str, Samples]:
        if persona.name not in self._made:
            native = gevent.get_hub().threadpool
            self._made[persona.name] = native.apply(self._voices.of, (persona,))
        return self._made[persona.name]


def _keep(file: Path, recorder: Recorder) -> None:
    gevent.get_hub().threadpool.apply(recorder.write, (file,))


def _start(at: str) -> datetime:
    if at:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise BadInput(f"--at {at}: 2026-12-01T10:30+01:00 is a form that is read") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)
    now = datetime.now(PARIS)
    if not closed(now, METROPOLE, CONSUMER_WINDOWS):
        return now
    return next_open(now, (METROPOLE,), CONSUMER_WINDOWS) or now


def _numbers(file: Path | None, people: list[Persona]) -> dict[str, str]:
    if file is None:
        return {}
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"--numbers {file}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInput(f"--numbers {file}: not valid YAML") from None
    known = {persona.name for persona in people}
    if not isinstance(data, dict):
        raise BadInput(f'--numbers {file}: lines of "+33199000001": persona are wanted')
    unknown = sorted(str(name) for name in data.values() if name not in known)
    if unknown:
        raise BadInput(f"--numbers {file}: no persona {unknown[0]!r}")
    return {str(number): str(name) for number, name in data.items()}
