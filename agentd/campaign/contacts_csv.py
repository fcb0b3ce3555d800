"""Contacts from a CSV file as people have it: any usual encoding and separator, French headers.

The file is read twice, a piece at a time: once to know its encoding, once for its rows. Memory does
not grow with it. A row that cannot be used is given back with its line and the reason; it never
stops the rest.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from agentd.campaign.gates.number import fault
from agentd.campaign.gates.places import fold
from agentd.errors import BadInput
from agentd.numbers import e164

_PIECE = 1 << 16
_SEPARATORS = (";", ",", "\t", "|")
MOST_COLUMNS = 200
MOST_TEXT = 2_000  # characters of one value

HEADERS: dict[str, tuple[str, ...]] = {
    "phone": (
        "phone", "telephone", "tel", "numero", "numero_de_telephone", "numero_telephone",
        "num_tel", "no_tel", "n_de_telephone", "n_telephone", "phone_number", "telephone_1",
        "tel_1", "telephone_fixe", "tel_fixe", "fixe", "mobile", "portable", "telephone_portable",
        "telephone_mobile", "tel_portable", "tel_mobile", "gsm",
    ),
    "first_name": ("first_name", "firstname", "prenom", "prenoms", "given_name"),
    "last_name": (
        "last_name", "lastname", "nom", "nom_de_famille", "surname", "family_name", "name",
    ),
    "company": (
        "company", "societe", "entreprise", "raison_sociale", "organisation", "organization",
        "company_name", "nom_societe", "nom_de_la_societe", "nom_entreprise", "enseigne",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One usable row. phone: E.164. columns: the others, by normalised header, empty ones left out.
    line: where it begins in the file, counted from 1."""

    line: int
    phone: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejected:
    """One row that cannot be used, and why."""

    line: int
    reason: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """What a file is: how to read it, how large it is in bytes, and the SHA-256 of its content."""

    encoding: str
    separator: str
    headers: tuple[str, ...]
    size: int
    sha256: str


class ContactsFile:
    """A CSV of contacts. Raises BadInput when it cannot be read, or names no telephone column."""

    def __init__(self, path: Path) -> None:
        self.path = path
        encoding, size, digest = scan(path)
        with path.open(encoding=encoding, errors="replace", newline="") as text:
            separator, record = _header(path, text)
        self._fields = _fields(path, record)
        self.shape = Shape(encoding, separator, tuple(record), size, digest)
        self.read_bytes = 0  # so far, for whoever shows progress

    def rows(self) -> Iterator[Row | Rejected]:
        """Every row but the header and the empty ones, in order."""
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise BadInput(f"{self.path}: cannot be read ({error.strerror})") from None
        with raw, self._text(raw) as text:
            reader = csv.reader(text, delimiter=self.shape.separator)
            begins = 1
            while True:
                try:
                    values = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Rejected(begins, f"cannot be read as CSV ({error}): an unclosed quote?")
                    begins = reader.line_num + 1
                    continue
                line, begins = begins, reader.line_num + 1
                self.read_bytes = raw.tell()
                if line > 1 and any(value.strip() for value in values):
                    yield self._row(line, values)

    def _row(self, line: int, values: list[str]) -> Row | Rejected:
        def refuse(reason: str) -> Rejected:
            return Rejected(line, reason, tuple(v[:MOST_TEXT] for v in values[:MOST_COLUMNS]))

        extra = [value for value in values[len(self._fields) :] if value.strip()]
        if extra:
            known = len(self._fields)
            return refuse(f"{len(values)} values for {known} columns: a separator in a value?")
        if any("\ufffd" in value for value in values):
            return refuse(f"has bytes that are not {self.shape.encoding}")
        given: dict[str, str] = {}
        columns: dict[str, str] = {}
        phones: list[str] = []
        for (kind, name), value in zip(self._fields, values, strict=False):
            clean = " ".join(value.replace("\0", "").split())
            if not clean:
                continue
            if len(clean) > MOST_TEXT:
                return refuse(f"column {name!r}: {len(clean)} characters, {MOST_TEXT} at most")
            if kind == "phone":
                phones.append(clean)
            elif kind:
                given.setdefault(kind, clean)
            else:
                columns[name] = clean
        if not phones:
            return refuse("no telephone number")
        reason = ""
        for written in phones:  # a file with `fixe` and `mobile`: the first that can be called
            number, reason = _number(written)
            if number:
                return Row(line, number, **given, columns=columns)
        return refuse(reason)

    def _text(self, raw: BinaryIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(raw, encoding=self.shape.encoding, errors="replace", newline="")


def _number(written: str) -> tuple[str, str]:
    """E.164 and "", or "" and why not; the number itself is in the report's row."""
    if "e+" in written.lower():
        return "", "telephone number shortened by a spreadsheet (3,36E+10): format it as text"
    digits = sum(c.isdigit() for c in written)
    if digits == 0:
        return "", "no digit in the telephone number"
    if digits > 15:
        return "", "more digits than a telephone number has: two numbers in one cell?"
    number = e164(written)
    if not number.startswith("+"):
        return "", f"{digits} digits: no telephone number of France has that many"
    reason = fault(number)
    return ("", reason) if reason else (number, "")


def scan(path: Path) -> tuple[str, int, str]:
    """Encoding, bytes, and SHA-256 of a file."""
    digest = hashlib.sha256()
    size = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8 = True
    head = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                head = head or piece
                size += len(piece)
                digest.update(piece)
                if utf8:
                    try:
                        decoder.decode(piece)
                    except UnicodeDecodeError:
                        utf8 = False
        if utf8:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                utf8 = False
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
    if head.startswith(b"PK\x03\x04") or head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadInput(f"{path}: is a spreadsheet, not a CSV", mend="save it as CSV (UTF-8)")
    sample = head[:4096]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be"
    return "utf-8-sig" if utf8 else "cp1252"


def separator_of(text: io.TextIOWrapper) -> str:
    """What separates the values of a file, with or without a header."""
    return _best(text)[2]


def _header(path: Path, text: io.TextIOWrapper) -> tuple[str, list[str]]:
    """The separator with which most headers are known, and the first record read with it."""
    best = _best(text)
    if not best[3]:
        raise BadInput(f"{path}: no header in the first line")
    return best[2], best[3]


def _best(text: io.TextIOWrapper) -> tuple[int, int, str, list[str]]:
    known = {name for names in HEADERS.values() for name in names}
    best: tuple[int, int, str, list[str]] = (-1, -1, _SEPARATORS[0], [])
    for separator in _SEPARATORS:
        text.seek(0)
        try:
            record = next(csv.reader(text, delimiter=separator), [])
        except csv.Error:
            continue
        found = sum(fold(name) in known for name in record)
        if (found, len(record)) > best[:2]:
            best = (found, len(record), separator, record)
    return best


def _fields(path: Path, record: list[str]) -> list[tuple[str, str]]:
    """(field of a Row or "", name) of each column."""
    if len(record) > MOST_COLUMNS:
        raise BadInput(f"{path}: {len(record)} columns, {MOST_COLUMNS} at most")
    kinds = {name: kind for kind, names in HEADERS.items() for name in names}
    fields = []
    for index, header in enumerate(record, start=1):
        name = fold(header) or f"column_{index}"
        fields.append((kinds.get(name, ""), name))
    if not any(kind == "phone" for kind, _ in fields):
        raise BadInput(
            f"{path}: line 1 names no telephone column (found: {', '.join(record)[:200]})",
            mend="name one column `telephone` (or phone, tel, mobile, portable); names are read "
            "from the first line",
        )
    return fields
