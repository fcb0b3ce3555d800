"""What `agentd check` looks at. Each check yields findings; none changes anything.

The machine's part (settings, folders, disk, clock, zone, ports) is in `machine.py`; here is what
needs the rooms: database, models, voices, scenarios and their audio, the switch.
"""

import hashlib
import re
import wave
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from agentd import lines, machine, spools
from agentd.campaign import readiness
from agentd.campaign.dialer import SKEW_REFUSED_S, SKEW_TOLD_S, SYNCHRONISE
from agentd.campaign.gates import GATES, RULES
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.actions import Clip
from agentd.dialogue.lint import lint
from agentd.dialogue.scenario import Scenario
from agentd.errors import AgentdError, SwitchError
from agentd.llm.engine import LlamaEngine
from agentd.machine import ERROR, OK, WARNING, Finding
from agentd.models import MODELS
from agentd.speech import consent
from agentd.speech.library import AudioLibrary
from agentd.speech.recogniser import open_recogniser
from agentd.speech.synthesis import open_voice, read_voice
from agentd.store.clock import Skew, skew
from agentd.store.repo import Repo
from agentd.switch.inbound import InboundSession

__all__ = ["ERROR", "OK", "WARNING", "Finding", "run_all"]

NEEDED_MODULES = (
    "mod_event_socket",
    "mod_audio_fork",
    "mod_dptools",
    "mod_commands",
    "mod_sndfile",
    "mod_dialplan_xml",
    "mod_sofia",
)
USED_MODULES = {"mod_avmd": "the switch then reports no beeps of answering machines"}
TRIED_VERSION = "1.10"
SWITCH_TIMEOUT_S = 5.0
NAMED = 3  # of many things wrong, as many are named
_CHUNK = 1 << 20


def run_all(settings: Settings, config_file: Path | None = None) -> Iterator[Finding]:
    """Every check, in the order a person would mend them.

    config_file: where the settings come from, None when from no file.
    """
    checks: dict[str, Callable[[Settings], Iterable[Finding]]] = {
        "config": lambda s: machine.config(s, config_file),
        "folders": machine.folders,
        "disk": machine.disk,
        "clock": machine.clock,
        "time zone": machine.time_zone,
        "gates": _gates,
        "database": _store,
        "spool": _spools,
        "recogniser": _recogniser,
        "language model": _language_model,
        "voices": _voices,
        "objections": _objections,
        "scenarios": _scenarios,
        "ports": machine.ports,
        "FreeSWITCH": _switch,
    }
    for name, check in checks.items():
        try:
            yield from check(settings)
        except AgentdError as error:
            yield _failure(name, error)
        except OSError as error:
            yield Finding(name, ERROR, str(error), "check that it is there, and its permissions")
        except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
            yield Finding(
                name, ERROR, f"{type(error).__name__}: {error}", "this is a bug: report it"
            )


def _failure(name: str, error: AgentdError) -> Finding:
    return Finding(name, ERROR, str(error.args[0]), error.mend)


def _gates(_: Settings) -> Iterator[Finding]:
    """The law's gates, asked about nobody: one that cannot answer refuses every call."""
    broken = readiness.unable(datetime.now(UTC))
    if broken:
        said = "; ".join(broken[:NAMED])
        yield Finding("gates", ERROR, said, "install tzdata and the pinned version of holidays")
    else:
        yield Finding("gates", OK, f"{len(GATES)} can answer (rules of {RULES})")


def _store(settings: Settings) -> Iterator[Finding]:
    repo = Repo(settings.store.url, root=settings.paths.root)
    try:
        report = repo.check()
        yield Finding("database", OK if report.ok else ERROR, report.detail, report.mend)
        if report.ok:
            yield from _database_clock(skew(repo))
    finally:
        repo.close()


def _database_clock(found: Skew | None) -> Iterator[Finding]:
    """Dialers on several machines go by the database's clock; calls are kept by each one's own."""
    if found is None:  # a file
        return
    off = abs(found.seconds)
    said = f"{off:.1f} s {'ahead of' if found.seconds > 0 else 'behind'} this machine's"
    if off - found.within_s < SKEW_TOLD_S:
        yield Finding("database clock", OK, said)
        return
    refused = off > SKEW_REFUSED_S
    yield Finding(
        "database clock",
        ERROR if refused else WARNING,
        said + (": no dialer starts with it, calling hours are law" if refused else ""),
        SYNCHRONISE,
    )


def _spools(settings: Settings) -> Iterator[Finding]:
    """Facts of calls that wait for an agentd that is gone: an opt-out may be among them."""
    left = spools.abandoned(settings.paths.root)
    if left:
        named = ", ".join(f"{spool.name} ({calls})" for spool, calls in left.items())
        yield Finding(
            "spool",
            WARNING,
            f"facts of calls that no agentd is there to write: {named}",
            "agentd db recover",
        )
    refused = spools.set_aside(settings.paths.root)
    if refused:
        yield Finding(
            "spool",
            WARNING,
            f"{len(refused)} calls the database refuses for good, {refused[0]} the first",
            "look at it (an opt-out may be in it: agentd suppress add NUMBER), then remove it",
        )


def _recogniser(settings: Settings) -> Iterator[Finding]:
    recogniser = open_recogniser(settings)
    if not recogniser.name.startswith("whisper"):
        yield Finding("recogniser", OK, recogniser.name)
        return
    changed = _changed("whisper-base", settings.path("models", settings.speech.whisper_model))
    if changed:
        yield Finding(
            "recogniser",
            ERROR,
            f"{', '.join(changed)}: not what was fetched",
            "agentd models fetch whisper-base --force",
        )
    else:
        yield Finding(
            "recogniser",
            WARNING,
            f"{recogniser.name}: the embedded Whisper is for trying things out",
            "agentd models fetch vosk-fr, for production",
        )


def _changed(name: str, folder: Path) -> list[str]:
    """Files of a fetched model that are missing or not what its pins say."""
    if folder.name != name:
        return []  # somebody's own
    return [
        part
        for part, wanted in MODELS[name].sha256.items()
        if not (folder / part).is_file() or _sha256(folder / part) != wanted
    ]


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _language_model(settings: Settings) -> Iterator[Finding]:
    """What answers what no recording does."""
    name, recordings = "language model", "freestyle is answered from the recorded rail answers"
    wanted = settings.llm
    if wanted.model is None:
        yield Finding(
            name,
            WARNING,
            f"none: {recordings}",
            "set [llm] model to a GGUF file; agentd models list describes one",
        )
        return
    # Loaded whole: a file that is cut or not a model is only known then.
    engine = LlamaEngine(
        settings.path("models", wanted.model), parallel=1, context=256, gpu_layers=wanted.gpu_layers
    )
    found, size = engine.name, engine.size
    engine.close()
    if not engine.fit:
        yield Finding(
            name,
            WARNING,
            f"{found} ({size}): its French is unfit to be said to anybody, "
            + ("and yet it is, since [llm] unfit is true" if wanted.unfit else recordings),
            "name a larger model with [llm] model; agentd models list describes one",
        )
    else:
        yield Finding(name, OK, f"{found} ({size})")


def _voices(settings: Settings) -> Iterator[Finding]:
    """Each voice can speak: not only is its engine there, it says a word."""
    for folder in sorted(f for f in settings.path("voices").glob("*") if f.is_dir()):
        name = f"voice {folder.name}"
        try:
            if consent.has_samples(folder):
                consent.require(folder, date.today())
            voice = open_voice(settings, folder.name)
            voice.render("Bonjour.")
        except AgentdError as error:
            yield _failure(name, error)
            continue
        wanted = read_voice(folder).engine
        if wanted == "pico" and voice.name.startswith("espeak") and settings.voice.engine == "auto":
            yield Finding(
                name,
                WARNING,
                f"{voice.name} stands in for Pico: people and recognisers hardly understand it",
                "agentd models fetch pico",
            )
        else:
            yield Finding(name, OK, voice.name)


def _objections(settings: Settings) -> Iterator[Finding]:
    catalog = Catalog(settings)
    themes = catalog.themes()
    entries = {entry for theme in themes for entry in catalog.matcher(theme).entries}
    returns = len(catalog.returns().all)
    held = catalog.cache_stats()["objections"]
    if held.held < held.misses:
        yield Finding(
            "objections",
            WARNING,
            f"more than the {held.most - 1} themes that are kept: the others are read for "
            f"each call",
            "move what no scenario uses out of the objections folder",
        )
    yield Finding(
        "objections", OK, f"{len(themes)} themes, {len(entries)} entries, {returns} rail returns"
    )


def _scenarios(settings: Settings) -> Iterator[Finding]:
    catalog = Catalog(settings)
    files = sorted(settings.path("scenarios").glob("scenario_*.json"))
    if not files:
        yield Finding(
            "scenarios", WARNING, "none", "agentd scenario lint a file of yours into place"
        )
    most = catalog.cache_stats()["scenarios"].most
    if len(files) > most:
        yield Finding(
            "scenarios",
            WARNING,
            f"{len(files)}, of which {most} are kept in memory: calls of the others read theirs",
            "move what is no longer called with out of the scenarios folder",
        )
    names: dict[str, Path] = {}
    for file in files:
        name = f"scenario {file.stem.removeprefix('scenario_')}"
        try:
            scenario = catalog.scenario(str(file))
            first = names.setdefault(scenario.name, file)
            if first != file:
                yield Finding(
                    name,
                    WARNING,
                    f"its name, {scenario.name!r}, is also that of {first.name}: they share their "
                    "recordings",
                    f"give {file} a name of its own",
                )
            yield from _scenario(settings, catalog, scenario, file, name)
        except AgentdError as error:
            yield _failure(name, error)


def _scenario(
    settings: Settings, catalog: Catalog, scenario: Scenario, file: Path, name: str
) -> Iterator[Finding]:
    problems = [f for f in lint(scenario, themes=catalog.themes()) if f.level == ERROR]
    for problem in problems:
        yield Finding(name, ERROR, f"{problem.place}: {problem.message}", problem.mend)
    folder = settings.path("voices", scenario.voice)
    if consent.has_samples(folder):  # a person's: may it be heard here?
        use = consent.Use(scenario.theme, scenario.name, scenario.company)
        consent.require(folder, date.today(), [use])
    voice = open_voice(settings, scenario.voice)
    library = AudioLibrary(settings, scenario.voice)
    clips = lines.of_scenario(catalog, scenario)
    missing = library.missing(clips)
    render = f"agent-tools clone-voice {scenario.voice} --scenario {file}"
    if missing:
        yield Finding(
            name,
            WARNING,
            f"{len(missing)} of {len(clips)} lines have no recording ({_some(missing)}): "
            f"{voice.name} says them live",
            render,
        )
    unusable = _unusable(library, [c for c in clips if c not in missing], settings.voice.rate_hz)
    if unusable:
        yield Finding(
            name,
            ERROR,
            f"{len(unusable)} recordings are not {settings.voice.rate_hz} Hz mono WAV files: "
            f"{_some(unusable)}",
            f"{render} --force",
        )
    if not (missing or unusable or problems):
        yield Finding(name, OK, f"{len(clips)} lines recorded in the voice {scenario.voice}")
    if scenario.background:
        yield from _background(settings, scenario.background, name)


def _some(clips: list[Clip]) -> str:
    named = ", ".join(clip.key for clip in clips[:NAMED])
    return named + (", ..." if len(clips) > NAMED else "")


def _unusable(library: AudioLibrary, clips: list[Clip], rate_hz: int) -> list[Clip]:
    return [clip for clip in clips if not _plays(library.path(clip.key, rate_hz), rate_hz)]


def _plays(path: Path, rate_hz: int) -> bool:
    """Does the switch play it as it is: a whole mono WAV of 16 bits at this rate?"""
    try:
        with wave.open(str(path)) as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            frames = file.getnframes()
            whole = path.stat().st_size >= frames * 2 + 44
            return shape == (rate_hz, 1, 2) and frames > 0 and whole
    except (wave.Error, EOFError, OSError):
        return False


def _background(settings: Settings, background: str, name: str) -> Iterator[Finding]:
    rate = settings.voice.rate_hz
    path = settings.path("audio", "background", str(rate), background)
    mend = (
        f"agent-tools setup-audio --make-background {Path(background).stem}"
        if background == "office.wav"
        else f"agent-tools setup-audio --background FILE, FILE being your {background}"
    )
    if not path.exists():
        yield Finding(name, WARNING, f"background {background} is missing: calls go without", mend)
    elif not _plays(path, rate):
        yield Finding(name, ERROR, f"{path} is not a {rate} Hz mono WAV file", mend)


def _switch(settings: Settings) -> Iterator[Finding]:
    if not settings.switch.password:
        yield Finding(
            "FreeSWITCH",
            WARNING,
            "not looked at: no [switch] password",
            "set it to that of event_socket.conf.xml to check the switch too",
        )
        return
    where = f"{settings.switch.host}:{settings.switch.port}"
    with InboundSession(
        settings.switch.host,
        settings.switch.port,
        settings.switch.password,
        timeout=SWITCH_TIMEOUT_S,
    ) as session:
        version = session.api("version").strip()
        tried = re.search(rf"\bVersion {re.escape(TRIED_VERSION)}\b", version)
        yield Finding(
            "FreeSWITCH",
            OK if tried else WARNING,
            f"{version} at {where}",
            "" if tried else f"agentd is tried with FreeSWITCH {TRIED_VERSION}",
        )
        files = _module_files(session)
        for module in (*NEEDED_MODULES, *USED_MODULES):
            if session.api(f"module_exists {module}").strip() == "true":
                yield Finding(f"module {module}", OK, f"loaded{files.get(module, '')}")
                continue
            lacking = USED_MODULES.get(module)
            yield Finding(
                f"module {module}",
                ERROR if lacking is None else WARNING,
                "not loaded" if lacking is None else f"not loaded: {lacking}",
                f"load {module}, and add it to autoload_configs/modules.conf.xml",
            )


def _module_files(session: InboundSession) -> dict[str, str]:
    """Of each module, where it comes from and when it was made: FreeSWITCH gives modules no version
    of their own. Empty when it does not say (started with -nosql)."""
    try:
        rows = msgspec.json.decode(session.api("show modules as json"))["rows"]
        files = {row["ikey"]: Path(row["filename"]) for row in rows}
    except (SwitchError, msgspec.DecodeError, KeyError, TypeError):
        return {}
    return {module: f" from {file}{_made(file)}" for module, file in files.items()}


def _made(file: Path) -> str:
    try:
        return f", of {date.fromtimestamp(file.stat().st_mtime)}"
    except OSError:  # on another machine
        return ""
