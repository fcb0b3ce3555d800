"""What `agentd check` looks at. Each check yields findings; none raises, none changes anything."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from agentd import lines
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.lint import lint
from agentd.errors import AgentdError
from agentd.speech.library import AudioLibrary
from agentd.speech.recogniser import open_recogniser
from agentd.speech.synthesis import open_voice
from agentd.store.repo import Repo
from agentd.switch.inbound import InboundSession

OK, WARNING, ERROR = "ok", "warning", "error"

FREE_DISK_WARNING = 1 << 30  # bytes
NEEDED_MODULES = (
    "mod_event_socket",
    "mod_audio_fork",
    "mod_dptools",
    "mod_commands",
    "mod_sndfile",
    "mod_dialplan_xml",
    "mod_sofia",
)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `mend` is empty when there is nothing to mend."""

    name: str
    status: str
    detail: str
    mend: str = ""


def run_all(settings: Settings) -> Iterator[Finding]:
    """Every check, in the order a person would mend them."""
    for name, check in _CHECKS.items():
        try:
            yield from check(settings)
        except AgentdError as error:
            yield Finding(name, ERROR, str(Exception.__str__(error)), error.mend)
        except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
            yield Finding(
                name, ERROR, f"{type(error).__name__}: {error}", "this is a bug: report it"
            )


def _folders(settings: Settings) -> Iterator[Finding]:
    for name in ("scenarios", "objections", "voices"):
        path = settings.path(name)
        if path.is_dir():
            yield Finding(f"folder {name}", OK, str(path))
        else:
            yield Finding(
                f"folder {name}", ERROR, f"{path} does not exist", f"set [paths] {name}, or make it"
            )
    var = settings.paths.root.resolve() / "var"
    try:
        var.mkdir(parents=True, exist_ok=True)
        probe = var / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "folder var",
            ERROR,
            f"{var}: {error.strerror}",
            "let the user agentd runs as write there: calls are spooled in it",
        )
    free = shutil.disk_usage(settings.paths.root.resolve()).free
    status = OK if free > FREE_DISK_WARNING else WARNING
    yield Finding(
        "disk", status, f"{free / 2**30:.1f} GiB free", "" if status == OK else "free some"
    )


def _clock(_: Settings) -> Iterator[Finding]:
    now = time.time()
    if now < 1_700_000_000:
        yield Finding("clock", ERROR, "the clock is before 2023", "set it, and run an NTP client")
    else:
        yield Finding("clock", OK, time.strftime("%Y-%m-%d %H:%M:%S %Z"))
    try:
        ZoneInfo("Europe/Paris")
        yield Finding("time zones", OK, "Europe/Paris is known")
    except KeyError:
        yield Finding("time zones", ERROR, "no zone data", "apt-get install tzdata")


def _store(settings: Settings) -> Iterator[Finding]:
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        report = repo.check()
    finally:
        repo.close()
    if report.ok:
        yield Finding("database", OK, report.detail)
    else:
        yield Finding("database", ERROR, report.detail, report.mend)


def _recogniser(settings: Settings) -> Iterator[Finding]:
    recogniser = open_recogniser(settings)
    yield Finding("recogniser", OK, recogniser.name)
    if recogniser.name.startswith("whisper"):
        yield Finding(
            "recogniser",
            WARNING,
            "the embedded Whisper is for trying things out",
            "agentd models fetch vosk-fr, for production",
        )


def _scenarios(settings: Settings) -> Iterator[Finding]:
    catalog = Catalog(settings)
    files = sorted(settings.path("scenarios").glob("scenario_*.json"))
    if not files:
        yield Finding(
            "scenarios", WARNING, "none", "agentd scenario lint a file of yours into place"
        )
    for file in files:
        name = f"scenario {file.stem.removeprefix('scenario_')}"
        try:
            yield from _scenario(settings, catalog, file, name)
        except AgentdError as error:
            yield Finding(name, ERROR, Exception.__str__(error), error.mend)


def _scenario(settings: Settings, catalog: Catalog, file: Path, name: str) -> Iterator[Finding]:
    scenario = catalog.scenario(str(file))
    problems = [f for f in lint(scenario, themes=catalog.themes()) if f.level == ERROR]
    for problem in problems:
        yield Finding(name, ERROR, problem.message, problem.mend)
    voice = open_voice(settings, scenario.voice)
    library = AudioLibrary(settings, scenario.voice)
    clips = lines.of_scenario(catalog, scenario)
    missing = library.missing(clips)
    if missing:
        yield Finding(
            name,
            WARNING,
            f"{len(missing)} of {len(clips)} lines have no recording: {voice.name} says them live",
            f"agent-tools clone-voice {scenario.voice} --scenario {file}",
        )
    elif not problems:
        yield Finding(name, OK, f"{len(clips)} lines recorded in the voice {scenario.voice}")
    background = scenario.background
    if background:
        path = settings.path("audio", "background", str(settings.voice.rate_hz), background)
        if not path.exists():
            yield Finding(
                name,
                WARNING,
                f"background {background} is missing: calls go without",
                f"agent-tools setup-audio --background {background}, or --make-background office",
            )


def _ports(settings: Settings) -> Iterator[Finding]:
    for name, port in (
        ("event-socket port", settings.server.esl_port),
        ("audio port", settings.server.audio_port),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.server.host, port))
                yield Finding(name, OK, f"{settings.server.host}:{port} is free")
            except OSError as error:
                yield Finding(
                    name,
                    WARNING,
                    f"{settings.server.host}:{port}: {error.strerror}",
                    "fine if agentd is running; else set another [server] port",
                )


def _switch(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.switch.host}:{settings.switch.port}"
    if not settings.switch.password:
        yield Finding(
            "FreeSWITCH",
            WARNING,
            "not looked at: no [switch] password",
            "set it to that of event_socket.conf.xml to check the switch too",
        )
        return
    with InboundSession(
        settings.switch.host, settings.switch.port, settings.switch.password
    ) as session:
        version = session.api("version").strip()
        yield Finding("FreeSWITCH", OK, f"{version} at {where}")
        for module in NEEDED_MODULES:
            if session.api(f"module_exists {module}").strip() == "true":
                yield Finding(f"module {module}", OK, "loaded")
            else:
                yield Finding(
                    f"module {module}",
                    ERROR,
                    "not loaded",
                    f"load {module}, and add it to autoload_configs/modules.conf.xml",
                )


_CHECKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "folders": _folders,
    "clock": _clock,
    "database": _store,
    "recogniser": _recogniser,
    "scenarios": _scenarios,
    "ports": _ports,
    "FreeSWITCH": _switch,
}
