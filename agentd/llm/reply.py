"""One answer of the model as it streams in: sentences out, each past the guard. Pure."""

from typing import Protocol

import msgspec

from agentd.llm.sentences import Splitter

MOST = 2  # sentences said of one answer


class Judge(Protocol):
    """`guard.Guard`, as far as it is needed here."""

    def refuses(self, sentence: str) -> str:
        """Why a sentence may not be said; empty when it may."""


class Spoken(msgspec.Struct, frozen=True):
    """A sentence that may be said. last: nothing follows; the text may then be empty."""

    text: str
    last: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The guard will not have it, and nothing more is taken of this answer."""

    reason: str


class Reply:
    """Told what the model writes; `over` once no more of it is wanted."""

    def __init__(self, guard: Judge) -> None:
        self._guard = guard
        self._splitter = Splitter()
        self._said: list[str] = []
        self.over = False

    def feed(self, piece: str) -> list[Spoken | Refused]:
        """What can be said after this piece."""
        if self.over:
            return []
        out: list[Spoken | Refused] = []
        for sentence in self._splitter.feed(piece):
            if not self.over:
                out.append(self._take(sentence))
        if not self.over and self._splitter.too_long:
            out.append(self._refuse("length"))
        return out

    def end(self, *, whole: bool) -> list[Spoken | Refused]:
        """The model has stopped. whole: of itself, not because it was cut off."""
        if self.over:
            return []
        out: list[Spoken | Refused] = []
        rest = self._splitter.rest
        if rest and (whole or rest[-1] in ".!?…"):
            out.append(self._take(rest if rest[-1] in ".!?…" else f"{rest}."))
        if self.over:
            return out
        if not self._said:
            return [self._refuse("nothing said")]
        self.over = True
        if out and isinstance(out[-1], Spoken):
            return [*out[:-1], Spoken(out[-1].text, last=True)]
        return [Spoken("", last=True)]

    def _take(self, sentence: str) -> Spoken | Refused:
        sentence = sentence.strip('«»"“” ')
        reason = self._guard.refuses(sentence)
        if not reason and sentence in self._said:
            reason = "said twice"
        if reason:
            return self._refuse(reason)
        self._said.append(sentence)
        self.over = len(self._said) >= MOST
        return Spoken(sentence, last=self.over)

    def _refuse(self, reason: str) -> Refused:
        self.over = True
        return Refused(reason)
