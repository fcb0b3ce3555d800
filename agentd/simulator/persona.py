"""Persona files: a spoken prospect, the line it is on, and how the call must end."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agentd.dialogue.dispositions import Disposition
from agentd.errors import PersonaError

_TURN_KINDS = ("say", "silence", "interrupt", "backchannel", "dtmf", "hangup")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(_Part):
    """The row of the contact file; any extra column is allowed."""

    model_config = ConfigDict(frozen=True, extra="allow")

    first_name: str = ""
    last_name: str = ""
    phone: str = "+33140000000"
    company: str = ""

    def columns(self) -> dict[str, str]:
        """Every column as text."""
        return {name: str(value) for name, value in self.model_dump().items()}


class Line(_Part):
    """What the line does to the prospect's voice."""

    codec: Literal["pcma", "pcmu"] = "pcma"
    noise_db: float | None = Field(-60.0, ge=-100, le=-10, description="dBFS RMS; null: none")
    echo_db: float | None = Field(None, ge=-60, le=0, description="our voice, back after 150 ms")
    loss: float = Field(0.0, ge=0, le=0.5, description="share of 20 ms packets lost")


class SpeakingVoice(_Part):
    """How the prospect speaks: percent of the engine's own."""

    speed: int = Field(100, ge=50, le=200)
    pitch: int = Field(120, ge=50, le=200)


class Turn(_Part):
    """One item; exactly one of the kinds."""

    say: str | None = None
    after: float = Field(0.5, ge=0, le=60, description="s after the agent's last sound")
    silence: float | None = Field(None, gt=0, le=120, description="s")
    interrupt: str | None = None
    backchannel: str | None = None
    at: float = Field(0.8, ge=0, le=60, description="s into the agent's next utterance")
    dtmf: Annotated[str, Field(pattern=r"^[0-9*#A-D]$")] | None = None
    hangup: bool | None = None

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(k for k in _TURN_KINDS if getattr(self, k) is not None)

    @property
    def text(self) -> str:
        """What is said, if anything is."""
        return self.say or self.interrupt or self.backchannel or ""

    @model_validator(mode="after")
    def _one_kind(self) -> "Turn":
        given = [k for k in _TURN_KINDS if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(_TURN_KINDS)} is wanted, got {given}")
        return self


class Expect(_Part):
    """How the call must end; what is not given is not looked at."""

    disposition: Disposition | None = None
    score: int | None = Field(None, ge=0, le=100)
    objections: list[str] | None = None
    interruptions: int | None = Field(None, ge=0)


class Persona(_Part):
    """One file."""

    name: str = Field(pattern=r"^[\w.-]+$")
    description: str = ""
    contact: Contact = Contact()
    line: Line = Line()
    voice: SpeakingVoice = SpeakingVoice()
    answer: Literal["human", "machine", "busy", "no_answer", "reject"] = "human"
    greeting: str = Field("", description="what a machine says")
    beep: bool = Field(False, description="a tone ends the greeting")
    turns: list[Turn] = []
    expect: Expect = Expect()


def parse_persona(text: str, source: str) -> Persona:
    """Raises PersonaError naming the file, the turn or field, and what was expected."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise PersonaError(f"{source}{where}: not valid YAML") from None
    if not isinstance(data, dict):
        raise PersonaError(f"{source}: a persona is a mapping of name, turns, expect, ...")
    phone = data.get("contact") or {}
    if isinstance(phone, dict) and isinstance(phone.get("phone"), int):
        raise PersonaError(
            f"{source}: contact.phone: a number loses its + and zeros", mend="put it in quotes"
        )
    for turn in data.get("turns") or []:
        if isinstance(turn, dict) and isinstance(turn.get("dtmf"), int):
            turn["dtmf"] = str(turn["dtmf"])
    try:
        return Persona.model_validate(data)
    except ValidationError as error:
        lines = [f"{source}: {_place(e)}: {e['msg']}" for e in error.errors()]
        raise PersonaError("\n".join(lines)) from None


def load_personas(path: Path) -> list[Persona]:
    """A file, or every *.yaml of a folder by name. Raises PersonaError."""
    if path.is_dir():
        files = sorted(path.glob("*.yaml"))
        if not files:
            raise PersonaError(f"{path}: no *.yaml in it")
    else:
        files = [path]
    personas = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PersonaError(f"{file}: cannot be read: {error}") from None
        personas.append(parse_persona(text, str(file)))
    return personas


def _place(error: Any) -> str:
    loc = [str(p) for p in error["loc"]]
    if len(loc) > 1 and loc[0] == "turns":
        loc[:2] = [f"turn {int(loc[1]) + 1}"]
    return ".".join(loc) or "the file"
