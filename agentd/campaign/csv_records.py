"""Records of a CSV that may be broken: what is wrong with one costs that one.

`csv.reader` takes a quote that nobody closes for the beginning of a value that goes on for as long
as the file does, and rows vanish in it without a word. Here such a row is given up alone, and
reading goes on with the line after it. Memory does not grow with a line or a value.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator

MOST_LINES = 100  # of one record: a value with line breaks is an address, not a file
MOST_LINE = 1 << 20  # characters; what follows is not looked at


class _Lines:
    """Lines for a csv.reader, which can be given back."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._again: deque[tuple[int, str]] = deque()
        self._number = 0
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) == MOST_LINES:
            raise csv.Error(f"a value of more than {MOST_LINES} lines")
        if self._again:
            self.taken.append(self._again.popleft())
        else:
            self.taken.append((self._number + 1, self._read()))
            self._number += 1
        return self.taken[-1][1]

    def _read(self) -> str:
        line = self._text.readline(MOST_LINE)
        if not line:
            raise StopIteration
        rest = line
        while len(rest) == MOST_LINE and rest[-1] not in "\r\n":
            rest = self._text.readline(MOST_LINE)
        return line

    def give_back(self) -> None:
        """All that was taken, but the first."""
        self._again.extendleft(reversed(self.taken[1:]))


class Records:
    """Iterates over (line it begins on, values), with a csv.Error for values where there are none.
    text: opened with newline=""."""

    def __init__(self, text: io.TextIOWrapper, separator: str) -> None:
        self._lines = _Lines(text)
        self._separator = separator

    def __iter__(self) -> Iterator[tuple[int, list[str] | csv.Error]]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self._separator, strict=True)
        while True:
            lines.taken = []
            try:
                values: list[str] | csv.Error = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                lines.give_back()
                values = self._alone(lines.taken[0][1], error)
            yield lines.taken[0][0], values

    def _alone(self, line: str, error: csv.Error) -> list[str] | csv.Error:
        """A line by itself, read as kindly as can be: `"ACME" SARL;0199001234` is a row, and one
        with a quote left open is none."""
        try:
            values = next(csv.reader([line], delimiter=self._separator), [])
        except csv.Error:
            return error
        return error if any("\n" in value or "\r" in value for value in values) else values
