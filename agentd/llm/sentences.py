"""Sentences out of a stream of pieces of text. Pure."""

import re

# A full stop after one of these ends nothing.
_SHORT = re.compile(r"(?:^|[\s(])(?:M|MM|Mme|Mlle|Dr|Me|St|Ste|etc|cf|p|n|art|[A-Z])\.$")
_END = re.compile(r"[.!?…]+(?=[\s»\"”)]|$)|\n+")
LONGEST = 400  # characters without an end: it is no sentence


class Splitter:
    """`feed` pieces; sentences come out once what follows shows that they have ended."""

    def __init__(self) -> None:
        self._text = ""

    @property
    def rest(self) -> str:
        """What has come of a sentence that has not ended."""
        return self._text.strip()

    @property
    def too_long(self) -> bool:
        """No sentence is this long."""
        return len(self._text) > LONGEST

    def feed(self, piece: str) -> list[str]:
        """Sentences that are now complete, in order, not empty."""
        self._text += piece
        found = []
        start = 0
        for match in _END.finditer(self._text):
            if match.end() == len(self._text) and "\n" not in match[0]:
                break  # "3." may become "3.5": wait for what follows
            head = self._text[start : match.end()]
            if match[0] == "." and _SHORT.search(head):
                continue
            if head.strip():
                found.append(" ".join(head.split()))
            start = match.end()
        self._text = self._text[start:]
        return found
