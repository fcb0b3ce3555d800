"""What a CSV file is before its rows are read: encoding, separator, header, kinds of columns.

A header is the first line that is not empty; Excel's `sep=;` before it is heeded.
"""

import codecs
import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from agentd.campaign.gates.places import fold
from agentd.errors import BadInput

_PIECE = 1 << 16
_SEPARATORS = (";", ",", "\t", "|")
_EXCEL = re.compile(r"sep=(.)\s*", re.IGNORECASE)
MOST_HEADER = 1 << 16  # characters of a line
_BLANK_LINES = 20  # before the header, at most
MOST_COLUMNS = 200

HEADERS: dict[str, tuple[str, ...]] = {
    "phone": (
        "phone", "telephone", "tel", "numero", "numero_de_telephone", "numero_telephone",
        "phone_number", "fixe", "mobile", "portable", "gsm",
    ),
    "first_name": (
        "first_name", "firstname", "prenom", "prenoms", "given_name", "prenom_contact",
        "prenom_client",
    ),
    "last_name": (
        "last_name", "lastname", "nom", "nom_de_famille", "surname", "family_name", "name",
        "nom_contact", "nom_client",
    ),
    "company": (
        "company", "societe", "entreprise", "raison_sociale", "organisation", "organization",
        "company_name", "nom_societe", "nom_de_la_societe", "nom_entreprise", "enseigne",
        "nom_de_l_entreprise", "etablissement",
    ),
}  # fmt: skip
_KINDS = {name: kind for kind, names in HEADERS.items() for name in names}
# `Tél. bureau`, `N° de portable`: a word of these makes a telephone column...
_PHONE_WORDS = {"tel", "telephone", "phone", "mobile", "portable", "gsm"}
# ... and a word of these makes it something about one.
_ABOUT_WORDS = {"type", "date", "statut", "status", "operateur", "indicatif", "code", "optin", "ok"}


@dataclass(frozen=True)
class Shape:
    """What a file is: how to read it, how large it is in bytes, the SHA-256 of its content, and the
    line its header ends on."""

    encoding: str
    separator: str
    headers: tuple[str, ...]
    header_ends: int
    size: int
    sha256: str


def kind_of(header: str) -> str:
    """What a column holds: phone, first_name, last_name, company, or "" for the operator's own."""
    name = fold(header)
    if name in _KINDS:
        return _KINDS[name]
    words = set(name.split("_"))
    return "phone" if words & _PHONE_WORDS and not words & _ABOUT_WORDS else ""


def shape_of(path: Path) -> Shape:
    """Look at a file, the whole of it once. Raises BadInput when it cannot be read, is empty, or
    is no text. Its header may be none: whether one is needed is the reader's to say."""
    encoding, size, digest = _scan(path)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        separator, record, ends = _head(text)
    return Shape(encoding, separator, tuple(record), ends, size, digest)


def fields_of(path: Path, headers: tuple[str, ...]) -> list[tuple[str, str]]:
    """(kind, normalised name) of each column. Raises BadInput when none is a telephone."""
    if len(headers) > MOST_COLUMNS:
        raise BadInput(f"{path}: {len(headers)} columns, {MOST_COLUMNS} at most")
    fields = [
        (kind_of(header), fold(header) or f"column_{index}")
        for index, header in enumerate(headers, start=1)
    ]
    if not any(kind == "phone" for kind, _ in fields):
        found = "".join(c if c.isprintable() else "?" for c in ", ".join(headers)[:200])
        raise BadInput(
            f"{path}: its header names no telephone column (found: {found})",
            mend="name one column `telephone` (or phone, tel, mobile, portable) in the first line",
        )
    return fields


def _head(text: io.TextIOWrapper) -> tuple[str, list[str], int]:
    """Separator, header and the line it ends on: of the separators, the one with which most headers
    are known, then most columns found."""
    before, said = 0, ""
    text.seek(0)
    while line := text.readline(MOST_HEADER):
        excel = _EXCEL.fullmatch(line)
        if excel:
            said = excel[1]
        elif line.strip() or before == _BLANK_LINES:
            break
        before += 1
    best: tuple[int, int, str, list[str], int] = (-1, -1, said or _SEPARATORS[0], [], before)
    for separator in [said] if said else _SEPARATORS:
        text.seek(0)
        for _ in range(before):
            text.readline()
        try:
            reader = csv.reader(text, delimiter=separator)
            record = next(reader, [])
        except (csv.Error, TypeError):
            continue
        found = sum(bool(kind_of(name)) for name in record)
        if (found, len(record)) > best[:2]:
            best = (found, len(record), separator, record, before + reader.line_num)
    return best[2:]


def _scan(path: Path) -> tuple[str, int, str]:
    """Encoding, bytes, and SHA-256 of a file."""
    digest = hashlib.sha256()
    size = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8 = True
    head = b""
    try:
        with path.open("rb") as file:
            while True:
                piece = file.read(_PIECE)
                head = head or piece
                size += len(piece)
                digest.update(piece)
                if utf8:
                    try:
                        decoder.decode(piece, final=not piece)
                    except UnicodeDecodeError:
                        utf8 = False
                if not piece:
                    break
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror})", mend="give a CSV file that exists"
        ) from None
    if size == 0:
        raise BadInput(f"{path}: is empty", mend="give a CSV file with a header and rows")
    return _encoding(path, head, utf8), size, digest.hexdigest()


def _encoding(path: Path, head: bytes, utf8: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadInput(f"{path}: is a spreadsheet, not a CSV", mend="save it as CSV (UTF-8)")
    sample = head[:4096]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be"
    return "utf-8-sig" if utf8 else "cp1252"
