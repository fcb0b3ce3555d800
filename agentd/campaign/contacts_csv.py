"""Contacts from a CSV file as people have it: any usual encoding and separator, French headers.

The file is read twice, a piece at a time: once to know its encoding, once for its rows. Memory does
not grow with it. A row that cannot be used is given back with its line and the reason; it never
stops the rest.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from agentd.campaign.csv_records import Records
from agentd.campaign.csv_shape import MOST_COLUMNS, fields_of, shape_of
from agentd.campaign.gates.number import fault
from agentd.errors import BadInput
from agentd.numbers import e164

MOST_TEXT = 2_000  # characters of one value


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


class ContactsFile:
    """A CSV of contacts. Raises BadInput when it cannot be read, or names no telephone column."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shape = shape_of(path)
        self._fields = fields_of(path, self.shape.headers)
        self.read_bytes = 0  # so far, for whoever shows progress

    def rows(self) -> Iterator[Row | Rejected]:
        """Every row but the header and the empty ones, in order."""
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise BadInput(f"{self.path}: cannot be read ({error.strerror})") from None
        with raw, self._text(raw) as text:
            for line, values in Records(text, self.shape.separator):
                self.read_bytes = raw.tell()
                if isinstance(values, csv.Error):
                    yield Rejected(line, f"cannot be read as CSV ({values}): an unclosed quote?")
                elif line > self.shape.header_ends and any(value.strip() for value in values):
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


_WORDS = re.compile(r"\([^()0-9]*\)")  # 01 99 00 12 34 (bureau); not the (0) of +33 (0)1
_FLOAT = re.compile(r"(\+?[0-9]{9,15})[.,]0+")  # what a spreadsheet or pandas makes of a number


def _number(written: str) -> tuple[str, str]:
    """E.164 and "", or "" and why not; the number itself is in the report's row."""
    written = _WORDS.sub("", written).strip()
    whole = _FLOAT.fullmatch(written)
    written = whole[1] if whole else written
    if "e+" in written.lower():
        return "", "telephone number shortened by a spreadsheet (3,36E+10): format it as text"
    digits = sum(c.isdigit() for c in written)
    if digits == 0:
        return "", "no digit in the telephone number"
    if digits > 15:
        return "", "more digits than a telephone number has: two numbers in one cell?"
    number = e164(written)
    if not number.startswith("+"):
        if any(c.isalpha() for c in written):
            return "", "letters among the digits of the telephone number"
        return "", f"{digits} digits: no telephone number of France has that many"
    reason = fault(number)
    return ("", reason) if reason else (number, "")
