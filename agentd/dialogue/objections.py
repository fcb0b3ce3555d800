"""Objections and questions, and finding the one that was meant. Pure.

An utterance is compared with every way each entry is known to be said: by the stems they share,
weighted by how much each tells entries apart, by the order of words, and by keywords. A wrong
answer is worse than none: below THRESHOLD, or too close to another entry, the matcher abstains.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import msgspec
import yaml
from rapidfuzz import fuzz

from agentd.dialogue.lexical import stems
from agentd.dialogue.spoken import spoken
from agentd.errors import ObjectionsError

THRESHOLD = 0.60
MARGIN = 0.03
LONGEST_RESPONSE = 400  # characters: 20 s of speech
_OVERLAP, _ORDER = 0.72, 0.28  # shares of a score
_KEYWORD = 0.66  # what holds a whole keyword scores at least this
_OWN_THEME = 0.02  # when two entries are as likely, the theme's wins over general
_CANDIDATES = 40  # phrasings looked at closely
_BUT = re.compile(r"\bmais\b|\bpar contre\b|\bsauf que\b")


class Entry(msgspec.Struct, frozen=True):
    """One objection or question.

    refusal: raised twice in a call it is a no.
    """

    id: str
    theme: str
    type: str
    canonical: str
    keywords: tuple[str, ...]
    phrasings: tuple[str, ...]
    response: str
    refusal: bool = False


class Match(msgspec.Struct, frozen=True):
    """The entry that was meant, and how sure that is (0 to 1)."""

    id: str
    score: float


class Matcher:
    """Finds entries. Built once a theme; `match` takes about 0.3 ms for 40 entries."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = {e.id: e for e in entries}
        said = [
            (entry.id, text)
            for entry in self.entries.values()
            for text in (entry.canonical, *entry.phrasings)
        ]
        self._owners = [owner for owner, _ in said]
        self._texts = [" ".join(stems(text)) for _, text in said]
        bags = [_features(text.split()) for text in self._texts]
        spread: dict[str, set[str]] = defaultdict(set)
        for owner, bag in zip(self._owners, bags, strict=True):
            for feature in bag:
                spread[feature].add(owner)
        total = len(self.entries) + 1
        self._weight = {f: math.log(total / len(owners)) for f, owners in spread.items()}
        self._unknown = math.log(total)
        self._norms = [self._norm(bag) for bag in bags]
        self._index: dict[str, list[int]] = defaultdict(list)
        for number, bag in enumerate(bags):
            for feature in bag:
                self._index[feature].append(number)
        self._keywords = self._distinct_keywords()
        home = [e.theme for e in self.entries.values() if e.theme != "general"]
        self._home = home[0] if home else "general"

    def match(self, text: str) -> Match | None:
        """The entry meant by `text`, or None: it abstains."""
        scores: dict[str, float] = {}
        for part in _parts(text):
            for entry, score in self._scores(part).items():
                scores[entry] = max(score, scores.get(entry, 0.0))
        if not scores:
            return None
        ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
        best, score = ranked[0]
        second = ranked[1][1] if len(ranked) > 1 else 0.0
        if score < THRESHOLD or score - second < MARGIN:
            return None
        return Match(best, round(min(1.0, score), 3))

    def _scores(self, text: str) -> dict[str, float]:
        words = stems(text)
        if not words:
            return {}
        bag = _features(words)
        shared: dict[int, float] = defaultdict(float)
        for feature in bag:
            weight = self._weight.get(feature, 0.0) ** 2
            for number in self._index.get(feature, ()):
                shared[number] += weight
        norm = self._norm(bag)
        close = sorted(
            ((s / (norm * self._norms[n] or 1.0), n) for n, s in shared.items()), reverse=True
        )
        joined = " ".join(words)
        scores: dict[str, float] = {}
        for overlap, number in close[:_CANDIDATES]:
            owner = self._owners[number]
            order = fuzz.ratio(joined, self._texts[number]) / 100
            score = _OVERLAP * overlap + _ORDER * order
            scores[owner] = max(score, scores.get(owner, 0.0))
        for keyword, owner in self._keywords:
            if f" {keyword} " in f" {joined} ":
                share = len(keyword.split()) / len(words)
                score = _KEYWORD + 0.2 * share
                scores[owner] = max(score, scores.get(owner, 0.0) + 0.06)
        for owner in scores:
            if self.entries[owner].theme == self._home != "general":
                scores[owner] += _OWN_THEME
        return scores

    def _norm(self, bag: Iterable[str]) -> float:
        return math.sqrt(sum(self._weight.get(f, self._unknown / 2) ** 2 for f in bag))

    def _distinct_keywords(self) -> list[tuple[str, str]]:
        """Keywords by their stems; one that several entries claim tells nothing."""
        claims: dict[str, set[str]] = defaultdict(set)
        for entry in self.entries.values():
            for keyword in entry.keywords:
                key = " ".join(stems(keyword))
                if key:
                    claims[key].add(entry.id)
        return [(k, next(iter(o))) for k, o in claims.items() if len(o) == 1]


def _features(words: list[str]) -> set[str]:
    """Stems and pairs of neighbours."""
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}


def _parts(text: str) -> list[str]:
    """The utterance, and what follows a "mais": there the objection stands."""
    said = spoken(text)
    tail = _BUT.split(said)[-1].strip()
    return [said] if tail == said or not tail else [said, tail]


def parse_entries(text: str, source: str) -> tuple[Entry, ...]:
    """Entries of one theme's file. Raises ObjectionsError naming file, entry and field."""
    data = yaml_list(text, source)
    entries: list[Entry] = []
    faults: list[str] = []
    for number, row in enumerate(data, 1):
        name = row.get("id", f"entry {number}") if isinstance(row, dict) else f"entry {number}"
        try:
            entry = msgspec.convert({"theme": _theme(str(name)), **row}, Entry)
        except (msgspec.ValidationError, TypeError) as error:
            faults.append(f"{source}: {name}: {error}")
            continue
        faults += [f"{source}: {name}: {fault}" for fault in _entry_faults(entry, row)]
        if any(entry.id == other.id for other in entries):
            faults.append(f"{source}: {name}: an entry of this id stands above")
        entries.append(entry)
    if faults:
        raise ObjectionsError(
            "\n".join(faults),
            mend="an entry has id, type, canonical, keywords, phrasings and response",
        )
    return tuple(entries)


def _theme(entry_id: str) -> str:
    return re.split(r"_(?:obj|faq)_", entry_id)[0]


def _entry_faults(entry: Entry, row: dict[str, Any]) -> list[str]:
    faults = []
    if entry.type not in ("objection", "faq"):
        faults.append(f"type: objection or faq is expected, got {entry.type!r}")
    if not re.fullmatch(r"[a-z0-9]+_(obj|faq)_[a-z0-9_]+", entry.id):
        faults.append("id: <theme>_obj_<name> or <theme>_faq_<name> is expected")
    for field in ("phrasings", "keywords"):
        if not all(t.strip() for t in getattr(entry, field)) or not getattr(entry, field):
            faults.append(f"{field}: at least one is expected, and none empty")
    if not entry.response.strip():
        faults.append("response: it is what the agent says, and it is empty")
    if len(entry.response) > LONGEST_RESPONSE:
        faults.append(f"response: {len(entry.response)} characters, {LONGEST_RESPONSE} at most")
    if "{" in entry.response:
        faults.append("response: it is recorded once for everybody, so it can hold no {column}")
    unknown = set(row) - set(Entry.__struct_fields__)
    if unknown:
        faults.append(f"{', '.join(sorted(map(str, unknown)))}: no such field")
    return faults


def yaml_list(text: str, source: str) -> list[Any]:
    """The list a file holds. Raises ObjectionsError naming file and line."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ObjectionsError(f"{source}{where}: not valid YAML") from None
    if not isinstance(data, list) or not data:
        raise ObjectionsError(f"{source}: a list of entries is expected")
    return data
