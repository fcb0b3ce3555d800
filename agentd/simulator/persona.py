"""Persona files: a spoken prospect, the line it is on, and how the call must end."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agentd.dialogue.dispositions import Disposition
from agentd.errors import PersonaError

KINDS = ("say", "silence", "interrupt", "backchannel", "dtmf", "hangup")
# Which modifier each kind takes: `after` counts from the agent's last sound, `at` from its first.
MODIFIERS = {
    "say": ("after",),
    "silence": (),
    "interrupt": ("at",),
    "backchannel": ("at",),
    "dtmf": ("after", "at"),
    "hangup": ("after", "at"),
}
# How a call ends that nobody takes: the hangup cause, and the SIP status where there is one
# (measured: shared/freeswitch.md section 5).
UNTAKEN: dict[str, tuple[str, int | None]] = {
    "busy": ("USER_BUSY", 486),
    "no_answer": ("NO_ANSWER", None),
    "reject": ("CALL_REJECTED", 603),
    "unreachable": ("NO_USER_RESPONSE", 480),
    "invalid_number": ("UNALLOCATED_NUMBER", 404),
    "trunk_down": ("NORMAL_TEMPORARY_FAILURE", 503),
}
# fmt: off
Answer = Literal[
    "human", "machine",
    "busy", "no_answer", "reject", "unreachable", "invalid_number", "trunk_down",
]
# fmt: on
# A pause of so many seconds in the middle of what is said: "oui [0.8] mais c'est trop cher".
PAUSE = re.compile(r"\[(\d(?:\.\d+)?)\]")
LONGEST_FILE = 256 * 1024  # bytes


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Contact(_Part):
    """The contact's columns; any extra one is a column too."""

    model_config = ConfigDict(frozen=True, extra="allow")

    first_name: str = Field(default="", description="fills {first_name} in texts")
    last_name: str = Field(default="", description="fills {last_name}")
    phone: str = Field(
        default="+33140000000", pattern=r"^\+?[0-9*#]{2,20}$", description="the number called"
    )
    company: str = Field(default="", description="fills {company}")

    @model_validator(mode="before")
    @classmethod
    def _texts(cls, columns: Any) -> Any:
        for name, value in columns.items() if isinstance(columns, dict) else ():
            if not isinstance(value, str) and value is not None:
                raise ValueError(f"column {name} must be text: put {value!r} in quotes")
            if not str(name).isidentifier():
                raise ValueError(f"column {name!r}: letters, digits and _ are wanted")
        if isinstance(columns, dict):
            return {name: "" if value is None else value for name, value in columns.items()}
        return columns

    def columns(self) -> dict[str, str]:
        """Every column but the phone."""
        return {k: str(v) for k, v in self.model_dump().items() if k != "phone"}


class Line(_Part):
    """The telephone line between the prospect and the switch."""

    codec: Literal["pcma", "pcmu"] = Field(default="pcma", description="of the trunk")
    noise_db: float | None = Field(
        default=-60.0, ge=-90, le=-10, description="dBFS RMS; null: none"
    )
    echo_db: float | None = Field(default=None, ge=-60, le=0, description="the agent, 150 ms later")
    loss: float = Field(default=0.0, ge=0, le=0.5, description="share of 20 ms packets lost")


class Manner(_Part):
    """How the prospect speaks, in percent of the engine's own; None: the simulator's choice."""

    speed: int | None = Field(default=None, ge=50, le=200, description="percent")
    pitch: int | None = Field(default=None, ge=50, le=200, description="percent")


class Turn(_Part):
    """One item: exactly one kind, and the modifier that goes with it."""

    say: str | None = Field(
        default=None, min_length=1, description="said once the agent has finished"
    )
    silence: float | None = Field(default=None, gt=0, le=120, description="seconds")
    interrupt: str | None = Field(
        default=None, min_length=1, description="said over the agent, who must stop"
    )
    backchannel: str | None = Field(
        default=None, min_length=1, description="said over the agent, who must go on"
    )
    dtmf: str | None = Field(
        default=None, pattern=r"^[0-9*#A-D]{1,20}$", description="keys pressed"
    )
    hangup: Literal[True] | None = Field(default=None, description="hangs up")
    after: float | None = Field(
        default=None, ge=0, le=60, description="s after the agent's last sound"
    )
    at: float | None = Field(
        default=None, ge=0, le=60, description="s into the agent's next utterance"
    )

    @field_validator("dtmf", mode="before")
    @classmethod
    def _digits(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one_kind(self) -> "Turn":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise ValueError(f"exactly one of {', '.join(KINDS)} is wanted, found {found}")
        for name in ("after", "at"):
            if getattr(self, name) is not None and name not in MODIFIERS[given[0]]:
                may = " or ".join(MODIFIERS[given[0]]) or "nothing"
                raise ValueError(f"{given[0]} takes {may} beside it, not {name}")
        if self.text and not all(part.strip() for part in PAUSE.split(self.text)[::2]):
            raise ValueError("words are expected before and after a pause: oui [0.8] mais non")
        if self.after is not None and self.at is not None:
            raise ValueError("after and at exclude each other")
        return self

    @cached_property
    def kind(self) -> str:
        """One of KINDS."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def text(self) -> str:
        """What is said; empty for the kinds that say nothing."""
        return self.say or self.interrupt or self.backchannel or ""


class Expect(_Part):
    """How the call must end; a key that is absent is not looked at."""

    disposition: Disposition | None = Field(default=None, description="how the call ends")
    score: int | None = Field(default=None, ge=0, le=100, description="points reached")
    objections: tuple[str, ...] | None = Field(
        default=None, description="ids of the answers given, in their order"
    )
    interruptions: int | None = Field(
        default=None, ge=0, description="how often the agent was stopped"
    )


class Persona(_Part):
    """One persona file."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80, description="results bear it"
    )
    description: str = Field(default="", description="for people")
    contact: Contact = Field(default=Contact(), description="the contact's columns")
    line: Line = Field(default=Line(), description="the telephone line")
    voice: Manner = Field(default=Manner(), description="how the prospect speaks")
    answer: Answer = Field(default="human", description="who takes the call, or how it ends")
    earlier: tuple[Answer, ...] = Field(
        default=(), description="how the first calls to this number end, for a dialer that retries"
    )
    rings: float = Field(default=0.0, ge=0, le=120, description="s before somebody takes the call")
    greeting: str = Field(default="", description="said at once; a machine must have one")
    beep: bool = Field(default=False, description="a tone ends a machine's greeting")
    turns: tuple[Turn, ...] = Field(
        default=(), description="used one by one, each time the agent has finished speaking"
    )
    expect: Expect = Field(default=Expect(), description="how the call must end")

    @model_validator(mode="after")
    def _fits(self) -> "Persona":
        if self.answer == "machine" and not self.greeting:
            raise ValueError("greeting: a machine says something; give its words")
        if self.beep and self.answer != "machine":
            raise ValueError("beep: only a machine beeps (answer: machine)")
        if any(answer not in UNTAKEN for answer in self.earlier):
            raise ValueError(f"earlier: calls nobody takes: {', '.join(UNTAKEN)}")
        if self.answer in UNTAKEN and (self.turns or self.greeting):
            raise ValueError(f"turns: a call that ends in {self.answer} is never spoken on")
        return self

    @property
    def texts(self) -> list[str]:
        """Everything this prospect says, once each."""
        said = [self.greeting, *(turn.text for turn in self.turns)]
        return [text for text in dict.fromkeys(said) if text]


def parse_persona(text: str, source: str) -> Persona:
    """Raises PersonaError naming the file, the turn and field, what was expected, how to mend."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an impossible date
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise PersonaError(
            f"{source}{where}: not valid YAML: {problem}",
            mend="put texts that hold ' : # { or [ in double quotes",
        ) from None
    if not isinstance(data, dict):
        raise PersonaError(
            f"{source}: expected a mapping with name, turns, expect...; got {_kind_of(data)}"
        )
    try:
        return Persona.model_validate(data)
    except ValidationError as error:
        problems = [_explain(e, source) for e in error.errors()]
        raise PersonaError("\n".join(problems), mend=_MEND) from None


_MEND = "the format is in docs/scenarios.md, and scenarios/personas/ holds examples"


def load_persona(path: Path) -> Persona:
    """One file. Raises PersonaError."""
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise PersonaError(f"{path}: larger than {LONGEST_FILE} bytes; is it a persona?")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PersonaError(
            f"{path}: cannot be read ({error.strerror})", mend="give a persona file or a folder"
        ) from None
    except UnicodeDecodeError as error:
        raise PersonaError(
            f"{path}: not UTF-8 (byte {error.start})", mend="save as UTF-8"
        ) from None
    return parse_persona(text, str(path))


def load_personas(path: Path) -> list[Persona]:
    """A file, or every *.yaml and *.yml of a folder in the order of their names.

    Raises PersonaError, also when two files give the same name or the folder holds none.
    """
    if not path.is_dir():
        return [load_persona(path)]
    files = sorted(f for f in path.iterdir() if f.suffix in (".yaml", ".yml") and f.is_file())
    if not files:
        raise PersonaError(f"{path}: no *.yaml in this folder", mend=_MEND)
    seen: dict[str, Path] = {}
    personas = []
    for file in files:
        persona = load_persona(file)
        if persona.name in seen:
            raise PersonaError(
                f"{file}: name: {persona.name!r} is the name in {seen[persona.name]} too",
                mend="results are kept by name: give each persona its own",
            )
        seen[persona.name] = file
        personas.append(persona)
    return personas


def _explain(error: Any, source: str) -> str:
    where = [str(part) for part in error["loc"]]
    place = source
    if where[:1] == ["turns"] and len(where) > 1:
        place += f": turn {int(where[1]) + 1}"
        where = where[2:]
    field = ".".join(where)
    place += f": {field}" if field else ""
    if error["type"] == "extra_forbidden":
        return f"{place}: there is no such key"
    if error["type"] == "missing":
        return f"{place}: is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    got = "" if error["type"] == "value_error" else f", got {error['input']!r}"
    return f"{place}: {message}{got}"


def _kind_of(data: Any) -> str:
    names = {type(None): "nothing", list: "a list", str: "a text"}
    return names.get(type(data), type(data).__name__)
