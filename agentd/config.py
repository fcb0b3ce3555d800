"""One frozen Settings: defaults, then agentd.toml, then AGENTD_* variables; read once.

A variable's name is the section and the field joined by one underscore:
`AGENTD_SERVER_ESL_PORT=8084` sets `[server] esl_port`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agentd.errors import ConfigError

PREFIX = "AGENTD_"
# Variables that are not settings: the config file itself, and what tests read.
_NOT_SETTINGS = ("AGENTD_CONFIG", "AGENTD_TEST_")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ServerSettings(_Section):
    """Listeners and limits of `agentd serve`."""

    host: str = Field("127.0.0.1", description="address listened on; loopback unless needed")
    esl_port: int = Field(
        8084, ge=0, le=65535, description="FreeSWITCH's socket application connects here"
    )
    audio_port: int = Field(8085, ge=0, le=65535, description="mod_audio_fork connects here")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="/metrics, /health and /ready; none when left out"
    )
    audio_url: str = Field("", description="how the switch reaches us; empty: from host and port")
    max_calls: int = Field(
        50, ge=1, le=10_000, description="more are hung up on with SWITCH_CONGESTION"
    )
    drain_s: float = Field(60.0, ge=0, description="SIGTERM: seconds calls may still go on")


class SwitchSettings(_Section):
    """The FreeSWITCH inbound event socket, used by `agentd check`."""

    host: str = Field("127.0.0.1", description="of FreeSWITCH's event socket")
    port: int = Field(8021, ge=1, le=65535, description="of FreeSWITCH's event socket")
    password: str = Field("", repr=False, description="of FreeSWITCH's event socket")


class StoreSettings(_Section):
    """Where calls are kept: a SQLite or PostgreSQL URL."""

    url: str = Field(
        "sqlite:///var/agentd.sqlite3",
        description="sqlite:///FILE, or postgresql://user:password@host/name",
    )


class PathSettings(_Section):
    """Folders; relative ones are taken from `root`."""

    root: Path = Field(Path("."), description="what the others count from; itself from this file")
    scenarios: Path = Field(Path("scenarios"), description="scenario_NAME.json files")
    objections: Path = Field(Path("objections"), description="one YAML file a theme")
    voices: Path = Field(Path("voices"), description="one folder a voice, with its voice.yaml")
    audio: Path = Field(Path("audio"), description="rendered speech and backgrounds")
    models: Path = Field(Path("models"), description="recognisers, voices, language models")
    recordings: Path = Field(Path("var/recordings"), description="calls recorded by the switch")


class SpeechSettings(_Section):
    """Ears: voice activity, endpointing, recognition."""

    recogniser: Literal["auto", "vosk", "whisper"] = Field(
        "auto", description="auto: Vosk when its model is there, else Whisper"
    )
    vosk_model: Path = Field(Path("vosk-fr"), description="a folder under [paths] models")
    whisper_model: Path = Field(Path("whisper-base"), description="a folder under [paths] models")
    threads: int = Field(2, ge=1, le=64, description="native threads shared by every call")
    queue: int = Field(64, ge=1, description="recognitions waiting before new ones are refused")
    vad_level: int = Field(2, ge=0, le=3, description="webrtcvad aggressiveness")
    endpoint_ms: int = Field(740, ge=100, le=3000, description="silence that ends a turn")
    endpoint_quick_ms: int = Field(300, ge=100, le=3000, description="after a complete answer")
    endpoint_patient_ms: int = Field(1200, ge=100, le=5000, description="after an unfinished one")
    max_utterance_ms: int = Field(
        15_000, ge=1000, le=60_000, description="a turn that goes on is cut there"
    )
    confidence_floor: float = Field(0.35, ge=0, le=1, description="below it: unclear")


class AmdSettings(_Section):
    """Answering machine detection."""

    enabled: bool = Field(True, description="false: whoever picks up is a person")
    window_s: float = Field(20.0, ge=1, le=60, description="how long it may still be a machine")
    long_greeting_ms: int = Field(
        4600,
        ge=2000,
        le=20_000,
        description="unbroken speech at the start, unread: a machine",
    )
    machine_s: float = Field(40.0, gt=0, le=180, description="a greeting's, before a message")
    screening_s: float = Field(25.0, gt=0, le=120, description="until somebody comes")


class BargeinSettings(_Section):
    """Being interrupted."""

    hold: bool = Field(True, description="fall silent as soon as somebody speaks, then decide")


class VoiceSettings(_Section):
    """Voice: what renders text when no recording exists."""

    engine: Literal["auto", "pico", "espeak"] = Field(
        "auto", description="renders what has no recording; auto: Pico, else espeak"
    )
    rate_hz: Literal[8000, 16000] = Field(
        8000, description="of the line: 8000 (PCMA, PCMU) or 16000 (G.722)"
    )

    @field_validator("rate_hz", mode="before")
    @classmethod
    def _from_variable(cls, value: Any) -> Any:
        """An environment variable is text."""
        return int(value) if isinstance(value, str) and value.isdigit() else value


class DialogueSettings(_Section):
    """Waiting times of the conversation, in seconds."""

    silence_s: float = Field(5.0, gt=0, le=60, description="before a reprompt")
    answer_timeout_s: float = Field(20.0, gt=0, le=120, description="a turn that never ends")
    max_call_s: float = Field(600.0, gt=0, description="hard limit of one call")


class LlmSettings(_Section):
    """The language model that answers what no recording does."""

    model: Path | None = Field(None, description="a GGUF file; relative: under [paths] models")
    unfit: bool = Field(False, description="use a model whose French is unfit to be said (tests)")
    second_opinion: bool = Field(True, description="ask it what rules abstain from")
    deadline_s: float = Field(
        2.5, gt=0, le=30, description="from the prospect's last sound to ours, else a recording"
    )
    filler_s: float = Field(1.2, ge=0, le=30, description="then a short recorded one; 0: none")
    parallel: int = Field(8, ge=1, le=64, description="calls answered at once")
    queue: int = Field(32, ge=0, le=1000, description="that wait beyond them")
    context: int = Field(768, ge=256, le=8192, description="tokens of one call's own part")
    max_tokens: int = Field(80, ge=8, le=400, description="of one answer")
    temperature: float = Field(0.4, ge=0, le=2, description="0: always the likeliest word")
    threads: int = Field(0, ge=0, le=256, description="0: all cores but one")
    gpu_layers: int = Field(0, ge=-1, description="layers on the GPU; -1: all")


class CallSettings(_Section):
    """What is kept of a call."""

    record: bool = Field(
        False, description="both sides, once the notice is heard; erased when objected to"
    )
    journal: bool = Field(True, description="what `agentd replay` needs")


class DialerSettings(_Section):
    """`agentd campaign start` and `agentd campaign dial`: waiting times in seconds, and a port."""

    lease_s: float = Field(20.0, ge=1, le=600, description="a dialer unheard of so long is dead")
    settle_s: float = Field(20.0, ge=1, le=600, description="for agentd to keep a call's end")
    orphan_s: float = Field(60.0, ge=1, le=3600, description="and when that agentd seems dead")
    grace_s: float = Field(
        5.0, ge=0.5, le=60, description="before a call not seen is taken as gone"
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="/metrics, /health and /ready of `agentd campaign dial`, on [server] host",
    )


class RetentionSettings(_Section):
    """How many days personal data is kept: what `agentd db retention --apply` goes by."""

    contacts_days: int = Field(1095, ge=61, description="a contact after its last sign of life")
    calls_days: int = Field(1095, ge=61, description="a call: words, score, disposition")
    recordings_days: int = Field(180, ge=0, description="its sound")
    journal_days: int = Field(90, ge=0, description="its journal, which `agentd replay` needs")
    checks_days: int = Field(1825, ge=61, description="answers of suppression lists (hashes)")


class LogSettings(_Section):
    """Structured logs on standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG holds personal data; the others never do"
    )
    json_lines: bool = Field(True, description="false: for people")


class Settings(_Section):
    """Everything agentd can be told, validated."""

    server: ServerSettings = ServerSettings()
    switch: SwitchSettings = SwitchSettings()
    store: StoreSettings = StoreSettings()
    paths: PathSettings = PathSettings()
    speech: SpeechSettings = SpeechSettings()
    amd: AmdSettings = AmdSettings()
    bargein: BargeinSettings = BargeinSettings()
    voice: VoiceSettings = VoiceSettings()
    dialogue: DialogueSettings = DialogueSettings()
    llm: LlmSettings = LlmSettings()
    call: CallSettings = CallSettings()
    dialer: DialerSettings = DialerSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()

    def path(self, name: str, *parts: str | Path) -> Path:
        """Absolute path of folder `name` of `[paths]`, joined with `parts`."""
        root = self.paths.root.resolve()
        return root.joinpath(getattr(self.paths, name), *parts)


def load(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    file: agentd.toml; None means AGENTD_CONFIG, then ./agentd.toml when there is one. Relative
        folders count from `[paths] root`, and that from the file's folder.
    Raises ConfigError naming the file or the variable, the field, and what was expected.
    """
    environ = os.environ if environ is None else environ
    named = file or (Path(environ["AGENTD_CONFIG"]) if environ.get("AGENTD_CONFIG") else None)
    source = named or Path("agentd.toml")
    data: dict[str, Any] = {}
    if named is not None or source.exists():
        data = _read(source)
        data.setdefault("paths", {})
        if isinstance(data["paths"], dict):
            given = data["paths"].get("root", ".")
            if isinstance(given, str):
                data["paths"]["root"] = str(source.resolve().parent / given)
    origin = _merge_environ(data, environ)
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, source, origin) for e in error.errors())) from None


def _read(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{source}: cannot be read ({error.strerror})",
            mend="give an existing file with --config or AGENTD_CONFIG",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from None


def _merge_environ(data: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put AGENTD_* variables into `data`; say which variable each value came from."""
    origin: dict[tuple[str, ...], str] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable.startswith(_NOT_SETTINGS):
            continue
        section, _, field = variable[len(PREFIX) :].lower().partition("_")
        if not isinstance(data.setdefault(section, {}), dict):
            continue  # the validation error names the section
        data[section][field] = value
        origin[(section, field)] = variable
    return origin


def _explain(error: Any, source: Path, origin: Mapping[tuple[str, ...], str]) -> str:
    where = tuple(str(part) for part in error["loc"])
    place = origin.get(where[:2]) or f"{source}: {'.'.join(where)}"
    got = "" if error["type"] == "missing" or "password" in where else f", got {error['input']!r}"
    if error["type"] == "extra_forbidden":
        return f"{place}: no such setting"
    return f"{place}: {error['msg']}{got}"
