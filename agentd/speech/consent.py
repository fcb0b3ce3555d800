"""Whose voice may be imitated, for what, and until when: voices/<name>/consent.yaml.

A voice is personal data and belongs to a person (GDPR art. 4 and 7, Code civil art. 9): nothing is
cloned without a record of what its speaker agreed to, and the proof of it kept beside the samples.
The gate fails closed: a record that cannot be read, has run out, was taken back, or whose proof is
not the file it was, allows nothing.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agentd.errors import BadInput

FILE = "consent.yaml"
RECORDED = "recorded"  # folder of a person's own recordings, one WAV a line
EVERYTHING = "telephone"
_KINDS = ("theme", "scenario", "company")
_EXPECTED = {
    "speaker": "the full name of the person who speaks",
    "date": "the day consent was given, as 2026-11-02",
    "scope": f"a list: {EVERYTHING} (any call), or {', '.join(f'{k}:NAME' for k in _KINDS)}",
    "expiry": "the last day it holds, as 2027-11-02",
    "proof": "the name of the signed document, a file beside consent.yaml",
    "sha256": "the SHA-256 of the proof, 64 hexadecimal digits",
    "revoked": "the day consent was taken back, as 2027-01-15; left out while it holds",
}


class VoiceConsent(BaseModel):
    """consent.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: str = Field(min_length=2, max_length=200, pattern=r"\w")
    date: dt.date
    scope: tuple[str, ...] = Field(min_length=1)
    expiry: dt.date
    proof: str = Field(min_length=1, pattern=r"^[^/\\]+$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    revoked: dt.date | None = None

    @field_validator("scope", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("scope")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            kind, _, name = entry.partition(":")
            if entry != EVERYTHING and (kind not in _KINDS or not name.strip()):
                raise ValueError(f"{entry!r} is no scope")
        return value

    @property
    def id(self) -> str:
        """Names this very record in provenance: changes with anything it says."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def covers(self, use: "Use") -> bool:
        """May this be said in the speaker's voice?"""
        names = {f"theme:{use.theme}", f"scenario:{use.scenario}", f"company:{use.company}"}
        agreed = {_plain(entry) for entry in self.scope}
        return EVERYTHING in agreed or not agreed.isdisjoint(_plain(name) for name in names)


@dataclass(frozen=True)
class Use:
    """What a voice is to be used for: a scenario with its theme and company, or a theme alone."""

    theme: str = ""
    scenario: str = ""
    company: str = ""

    def __str__(self) -> str:
        said = f"scenario {self.scenario} of {self.company}" if self.scenario else ""
        return said or f"theme {self.theme}"


def has_samples(folder: Path) -> bool:
    """Are there recordings of a person in a voice's folder, as cloning takes them?"""
    return any(folder.glob("*.wav"))


def require(folder: Path, today: dt.date, uses: Sequence[Use] = ()) -> VoiceConsent:
    """The consent of a voice's folder, if it holds today and covers every use.

    Raises BadInput saying what is wrong and how to mend it.
    """
    file = folder / FILE
    if not file.is_file():
        raise BadInput(
            f"{file} is missing: the voice {folder.name} is a person's, and nobody is imitated "
            "without consent",
            mend=f"write it ({', '.join(list(_EXPECTED)[:-1])}), or give it with agent-tools "
            f"youtube-extract --name {folder.name} --consent FILE",
        )
    consent = read(file)
    judge(consent, file, today)
    missing = [use for use in uses if not consent.covers(use)]
    if missing:
        raise BadInput(
            f"{file}: {consent.speaker} did not agree to {', '.join(map(str, missing))}; scope is "
            f"{', '.join(consent.scope)}",
            mend="ask the speaker and add it to scope with a new proof, or use another voice",
        )
    return consent


def judge(consent: VoiceConsent, file: Path, today: dt.date) -> None:
    """Raises BadInput unless the record holds today and its proof is beside it, unchanged."""
    if consent.date > today:
        raise BadInput(
            f"{file}: date: {consent.date} is in the future", mend="write the day it was given"
        )
    if consent.revoked is not None:
        raise BadInput(
            f"{file}: {consent.speaker} took the consent back on {consent.revoked}",
            mend="use another voice, and remove the samples and recordings of this one",
        )
    if consent.expiry < consent.date:
        raise BadInput(f"{file}: expiry: {consent.expiry} is before {consent.date}, its date")
    if consent.expiry < today:
        raise BadInput(
            f"{file}: the consent of {consent.speaker} has expired on {consent.expiry}",
            mend="ask the speaker again, and write the new date, expiry, proof and sha256",
        )
    proof = file.parent / consent.proof
    try:
        found = sha256(proof)
    except OSError as error:
        raise BadInput(
            f"{file}: proof: {proof} cannot be read ({error.strerror})",
            mend="put the signed document there",
        ) from None
    if found != consent.sha256:
        raise BadInput(
            f"{file}: sha256: {proof} is not the document it was; its SHA-256 is {found}",
            mend="put back the document that was signed; or, when the record is new, write its "
            "hash",
        )


def read(file: Path) -> VoiceConsent:
    """A consent file. Raises BadInput naming file and field."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            f"{file}: cannot be read ({error.strerror})", mend="check the path and its permissions"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise BadInput(f"{file}: expected {', '.join(list(_EXPECTED)[:-1])}")
    return parse(data, str(file))


def parse(data: dict[str, object], source: str) -> VoiceConsent:
    """A consent from what a file or a person said. Raises BadInput with one line a fault."""
    try:
        return VoiceConsent.model_validate(data)
    except ValidationError as error:
        raise BadInput("\n".join(f"{source}: {_explain(e)}" for e in error.errors())) from None


def _explain(error: object) -> str:
    assert isinstance(error, dict)
    field = str(error["loc"][0]) if error["loc"] else "the file"
    if error["type"] == "extra_forbidden":
        return f"{field}: no such field; there are {', '.join(_EXPECTED)}"
    what = "is missing" if error["type"] == "missing" else str(error["msg"])
    return f"{field}: {what}; expected {_EXPECTED.get(field, 'another value')}"


def write(folder: Path, consent: VoiceConsent, proof: Path) -> None:
    """Put the record and a copy of its proof into a voice's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / consent.proof
    if proof.resolve() != kept.resolve():
        kept.write_bytes(proof.read_bytes())
    data = consent.model_dump(mode="python", exclude_none=True) | {"scope": list(consent.scope)}
    (folder / FILE).write_text(
        yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def sha256(file: Path) -> str:
    """Of a file, as hexadecimal digits. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _plain(entry: str) -> str:
    return re.sub(r"\s+", " ", entry.strip()).casefold()
