"""What a scenario is: its steps, its rules, its sentences, every default resolved.

Made by `scenario.parse_scenario`, and immutable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentd.dialogue import personalities
from agentd.dialogue.actions import Clip
from agentd.dialogue.scoring import normalise_weights
from agentd.dialogue.text import fields, fill

HELLO, IS_LEADS, CONFIRM_TIME, BYE = "Hello", "Is_Leads", "Confirm_Time", "Bye"
# Columns of the agent itself; contact columns may not override them.
AGENT_COLUMNS = ("agent_name", "agent_company", *personalities.COLUMNS)

Own = Literal["recording_notice", "transfer", "voicemail"]
_OWN: tuple[Own, ...] = ("recording_notice", "transfer", "voicemail")
_TEXT = "a sentence to be said aloud, 1 to 2000 characters"
_EXAMPLES = "a list of short answers as a recogniser writes them"

Sentence = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
OptionalSentence = Annotated[str, Field(max_length=2000)]
Examples = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200, pattern=r"\w")], ...],
    Field(strict=False, max_length=50),
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Step(_Model):
    """One step of the rail. Defaults that depend on the step are resolved by `parse_scenario`."""

    text: Sentence = Field(description=_TEXT)
    question: OptionalSentence = Field(
        "", description="the closing question, said after text and alone when asked again"
    )
    interruptible: bool = Field(True, description="true or false")
    wait: bool = Field(True, description="true when an answer is awaited, else false")
    max_turns: int = Field(2, ge=1, le=10, description="a whole number from 1 to 10")
    on_deny: Literal["next", "rebuttal", "goodbye"] = Field(
        "next", description='"next", "rebuttal" or "goodbye"'
    )
    rebuttal: OptionalSentence = Field("", description=_TEXT)
    reprompt: OptionalSentence = Field("", description=_TEXT)
    determinant: bool = Field(False, description="true when a yes scores, else false")
    affirm_examples: Examples = Field((), description=_EXAMPLES)
    deny_examples: Examples = Field((), description=_EXAMPLES)


class TransferTo(_Model):
    """Where a call goes when the prospect wants a person."""

    target: str = Field(
        pattern=r"^\S{1,200}$", description="a dialplan extension or a SIP URI, without spaces"
    )
    text: OptionalSentence = Field("", description=_TEXT)


class QualificationRules(_Model):
    """When a call is a lead. Weights are normalised to 100 by `parse_scenario`."""

    lead_threshold: int = Field(70, ge=50, le=100, description="a whole number from 50 to 100")
    scoring_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        description="an object: step name to a weight of 0 or more"
    )


@dataclass(frozen=True)
class Line:
    """One recording a scenario needs. `columns` names what only a contact can fill in."""

    key: str
    text: str
    columns: tuple[str, ...] = ()

    @property
    def renderable(self) -> bool:
        """True when the recording can be made before any call."""
        return not self.columns


class Scenario(_Model):
    """A valid scenario, every default resolved."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="small letters, digits, _ or -"
    )
    version: int = Field(1, ge=1, description="a whole number from 1")
    agent_mode: Literal[True] = Field(description="true")
    description: str = Field("", max_length=2000, description="free text")
    theme: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="the name of an objections file"
    )
    objective: Literal["lead", "rdv", "transfer"] = Field(
        "lead", description='"lead", "rdv" or "transfer"'
    )
    agent_name: Sentence = Field(description="the name the agent gives")
    company: Sentence = Field(description="for whom the agent calls")
    personality: str = Field("", max_length=64, description="the name of an agent profile")
    voice: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="the name of a voice folder"
    )
    background: str = Field(
        "",
        pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.wav$",
        description="a .wav file name without folder, or empty",
    )
    rail: tuple[str, ...] = Field(
        strict=False, description="Hello, Q1 to Qn, Is_Leads, Confirm_Time (optional), Bye"
    )
    steps: dict[str, Step] = Field(description="an object with one member a step of the rail")
    qualification_rules: QualificationRules = Field(
        description="an object with lead_threshold and scoring_weights"
    )
    transfer: TransferTo | None = Field(None, description="an object with a target")
    stop_when_unreachable: bool = Field(True, description="true or false")
    recording_notice: OptionalSentence = Field("", description=_TEXT)
    voicemail: OptionalSentence = Field(
        "", description="a message to leave on answering machines, or empty: we hang up"
    )
    amd: bool | None = Field(
        None,
        description="false: nobody listens for machines here; true: also where [amd] does not; "
        "left out: as [amd] has it",
    )
    facts: Annotated[tuple[Sentence, ...], Field(strict=False, max_length=100)] = Field(
        (), description="a list of sentences the agent may rely on"
    )

    @cached_property
    def weights(self) -> dict[str, int]:
        """Determinant step -> points, adding up to 100."""
        given = self.qualification_rules.scoring_weights
        return normalise_weights({s: given[s] for s in self.rail if given.get(s, 0) > 0})

    @property
    def threshold(self) -> int:
        """Points that make a lead."""
        return self.qualification_rules.lead_threshold

    def after(self, step: str) -> tuple[str, ...]:
        """The steps that follow `step` on the rail."""
        return self.rail[self.rail.index(step) + 1 :]

    def columns(self, contact: Mapping[str, str]) -> dict[str, str]:
        """What texts may be filled with: the contact's columns and the agent's own."""
        return {
            **contact,
            **personalities.personality(self.personality).columns,
            "agent_name": self.agent_name,
            "agent_company": self.company,
        }

    def clip(self, step: str, part: str = "") -> Clip:
        """The unfilled clip of a step, or of its `question`, `rebuttal` or `reprompt`."""
        held = self.steps[step]
        return Clip(self._key(f"{step}.{part}" if part else step), getattr(held, part or "text"))

    def own_clip(self, part: Own) -> Clip | None:
        """The unfilled clip of a scenario-wide sentence, None when the scenario has none."""
        if part == "transfer":
            text = self.transfer.text if self.transfer else ""
        else:
            text = self.voicemail if part == "voicemail" else self.recording_notice
        return Clip(self._key(part), text) if text.strip() else None

    def lines(self) -> Iterator[Line]:
        """Every sentence of the scenario with its recording key, in the order of the rail."""
        for step in self.rail:
            for part in ("", "question", "rebuttal", "reprompt"):
                yield from self._line(self.clip(step, part))
        for part in _OWN:
            own = self.own_clip(part)
            if own is not None:
                yield from self._line(own)

    def _line(self, clip: Clip) -> Iterator[Line]:
        if not clip.text.strip():
            return
        wanted = tuple(sorted(fields(clip.text) - set(AGENT_COLUMNS)))
        text = clip.text if wanted else fill(clip.text, self.columns({}))
        yield Line(clip.key, text, wanted)

    def _key(self, part: str) -> str:
        return f"scenarios/{self.name}/{part}"
