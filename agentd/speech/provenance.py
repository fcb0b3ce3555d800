"""Where a sound file comes from, written into the file itself.

AI Act (EU 2024/1689) art. 50(2): synthetic audio is marked as such in a machine-readable way. The
mark is a LIST INFO chunk, which players and switches skip: `title` is the recording's key,
`software` who made it, `comment` a JSON object with everything. No text of a call and no name of a
person stands in it: texts by their hash, speakers by the id of their consent.
"""

import hashlib
from pathlib import Path

import msgspec
import soundfile

SOFTWARE = "agentd"
SYNTHETIC, HUMAN, AMBIENCE = "synthetic voice", "human recording", "ambience"


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of how a file was made. `made` is a day, as 2026-11-24."""

    kind: str
    voice: str = ""
    engine: str = ""
    settings: str = ""
    licence: str = ""
    text_sha256: str = ""
    consent: str = ""
    made: str = ""
    source_sha256: str = ""

    @property
    def synthetic(self) -> bool:
        """Was it made by a machine?"""
        return self.kind == SYNTHETIC


def of_text(text: str) -> str:
    """How a text is named in a file's metadata."""
    return hashlib.sha256(text.encode()).hexdigest()


def mark(file: soundfile.SoundFile, provenance: Provenance, title: str = "") -> None:
    """Write it into a file that is open for writing, before its samples."""
    if title:
        file.title = title
    file.software = SOFTWARE
    if provenance.made:
        file.date = provenance.made
    if provenance.licence:
        file.license = provenance.licence
    file.comment = msgspec.json.encode(provenance).decode()


def read(path: Path) -> Provenance | None:
    """What a file says of itself; None when it says nothing. Raises OSError, SoundFileError."""
    with soundfile.SoundFile(path) as file:
        comment = file.comment
    try:
        return msgspec.json.decode(comment, type=Provenance)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
