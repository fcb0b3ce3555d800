"""Files that are lists of numbers: suppression lists, and what Bloctel gives back.

Bloctel answers a file with the same file from which the numbers of its list are taken out (art.
R. 223-2 code de la consommation: « fichiers de prospection actualisés desquels sont retirées [...]
les coordonnées des consommateurs inscrits »). So what was sent and is not in what came back is
listed, and what is in both is not. Its web service's shape is published to its customers alone and
could not be established: `OppositionService` is where a client of it, or of another, would stand.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from agentd.campaign.contacts_csv import Rejected
from agentd.campaign.csv_records import Records
from agentd.campaign.csv_shape import kind_of, shape_of
from agentd.numbers import e164


class OppositionService(Protocol):
    """A service that is asked number by number who must not be called."""

    name: str

    def check(self, numbers: Sequence[str]) -> Mapping[str, bool]:
        """Is each of these numbers (E.164) listed? One that is missing was not answered for.

        Raises AgentdError when there is no answer: nobody may be called on it then.
        """
        ...


class ReturnedFile:
    """Bloctel by files: `sent` to it, `returned` by it. Holds the returned numbers in memory, some
    80 bytes each. Raises BadInput when a file cannot be read."""

    name = "bloctel"

    def __init__(self, returned: Path) -> None:
        self._kept = {int(n[1:]) for n in numbers(returned) if isinstance(n, str)}

    def check(self, numbers: Sequence[str]) -> Mapping[str, bool]:
        """See OppositionService."""
        return {number: int(number[1:]) not in self._kept for number in numbers}


def numbers(path: Path) -> Iterator[str | Rejected]:
    """Every number of a file in E.164, and rows that have none. One a line, or a CSV: its telephone
    columns when a header names any, else the first value of a row that is a number. Raises BadInput
    when the file cannot be read."""
    shape = shape_of(path)
    named = [i for i, header in enumerate(shape.headers) if kind_of(header) == "phone"]
    first = shape.header_ends + 1 if named else 1
    with path.open(encoding=shape.encoding, errors="replace", newline="") as text:
        for line, values in Records(text, shape.separator):
            if isinstance(values, csv.Error):
                yield Rejected(line, f"cannot be read as CSV ({values}): an unclosed quote?")
            elif line >= first and any(value.strip() for value in values):
                found = _numbers(values, named)
                yield from found
                if not found:
                    yield Rejected(line, "no telephone number", tuple(values))


def _numbers(values: list[str], columns: list[int]) -> list[str]:
    """Of each of these columns; without any, the first value that is one."""
    chosen = [values[i] for i in columns if i < len(values)] if columns else values
    found = []
    for value in chosen:
        number = e164(value) if sum(c.isdigit() for c in value) >= 6 else ""
        if number.startswith("+"):
            found.append(number)
    return found if columns else found[:1]
