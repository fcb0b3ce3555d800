"""Objections and questions, and finding the one that was meant. Pure.

What separates one entry from the others, and all of them from ordinary answers, is learnt from
how each is known to be said (`learner`). Keywords lift their entry. A wrong answer is worse than
none: less likely than THRESHOLD, or too close to another entry, the matcher abstains.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
import yaml

from agentd.dialogue.learner import Learner
from agentd.dialogue.lexical import features, stems
from agentd.dialogue.neighbours import Neighbours
from agentd.dialogue.ordinary import ORDINARY
from agentd.dialogue.polarity import is_plain
from agentd.dialogue.spoken import spoken
from agentd.errors import ObjectionsError

# Examples that are learnt in closed form, which takes cubic time and square memory.
MOST_LEARNT = 8_000
FEW = 30  # phrasings; administrators write five
THRESHOLD = 0.37
MARGIN = 0.02
LONGEST_RESPONSE = 400  # characters: 20 s of speech
# How likely the first entry is the right one, by logistic regression on phrasings nothing was
# learnt from (docs/decisions.md): what the scores of the first entry, of the next one and of
# "ordinary" count for; then the logarithm of the number of words, for the more are said, the less
# score each of them leaves; and what speaks against any entry to begin with.
_WEIGHING = {
    Learner: (9.2, -4.7, -3.4, 2.8, -7.9),
    Neighbours: (12.2, -3.4, -7.1, 2.5, -7.0),
}
_KEYWORD = 0.12  # what a whole keyword adds to its entry
_OWN_THEME = 0.03  # when two entries are as likely, the theme's wins over general
_LONGEST = 600  # characters read of an utterance: a minute of speech
# What may stand around an entry's own words and change nothing.
_COURTESY = re.compile(
    r"^(?:(?:alors|mais|donc|et|oh|la|ecoutez|bonjour|merci|monsieur|madame) )+"
    r"|(?: (?:merci|monsieur|madame|mademoiselle|hein|la|alors|franchement))+$"
)
_BUT = re.compile(r"\bmais\b|\bpar contre\b|\bsauf que\b")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it is built


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
    """Finds entries. Built once a theme (some two seconds); `match` takes about 0.3 ms.

    Up to MOST_LEARNT examples are learnt from; of more, the nearest ones are looked for.

    Raises ObjectionsError when two entries have the same id.
    """

    def __init__(self, entries: Iterable[Entry], learner: Learner | None = None) -> None:
        """learner: another's of the same entries."""
        self.entries: dict[str, Entry] = {}
        for entry in entries:
            if entry.id in self.entries:
                raise ObjectionsError(
                    f"{entry.id}: two entries have this id",
                    mend="give each entry of a theme and of general its own id",
                )
            self.entries[entry.id] = entry
        self._ids = sorted(self.entries)
        own = {e.theme for e in self.entries.values()} - {"general"}
        self._favour = np.array(
            [_OWN_THEME * (self.entries[i].theme in own) for i in self._ids], np.float32
        )
        known: dict[str, set[int]] = defaultdict(set)
        for number, entry_id in enumerate(self._ids):
            entry = self.entries[entry_id]
            for text in (entry.canonical, *entry.phrasings):
                known[spoken(text)].add(number)
        self.learner: Learner | Neighbours = learner or self._learn(known)
        # What the theme and general both answer, the theme answers.
        mine = set(np.flatnonzero(self._favour).tolist())
        owners = {said: (o & mine) or o for said, o in known.items()}
        self._known = {said: next(iter(o)) for said, o in owners.items() if len(o) == 1}
        self._weighing = _WEIGHING[type(self.learner)]
        self._keywords = self._distinct_keywords()

    def _learn(self, known: Mapping[str, set[int]]) -> Learner | Neighbours:
        # An entry's own words are never ordinary, whatever our list of those says.
        none = len(self._ids)
        ordinary = [said for said in map(spoken, ORDINARY) if said not in known]
        examples = [(n, features(said)) for said, owners in known.items() for n in sorted(owners)]
        examples += [(none, features(said)) for said in ordinary]
        if len(examples) > MOST_LEARNT:
            return Neighbours(examples, none + 1)
        return Learner(examples, none + 1, few=FEW)

    def match(self, text: str) -> Match | None:
        """The entry meant by `text`, or None: it abstains. Never raises."""
        best: tuple[float, float, int] | None = None
        for said in _parts(text):
            number = self._known.get(said)
            if number is None:
                number = self._known.get(_plainly(said))
            found = (1.0, 1.0, number) if number is not None else self._likely(said)
            if found is not None and (best is None or found[:2] > best[:2]):
                best = found
        if best is None or best[0] < THRESHOLD or best[1] < MARGIN:
            return None
        return Match(self._ids[best[2]], round(best[0], 3))

    def _likely(self, said: str) -> tuple[float, float, int] | None:
        """Score, lead over the next entry, and number of the likeliest entry.

        None for a plain yes or no, however it is put: only an entry's own words may be one.
        """
        if not said or not self._ids or is_plain(said):
            return None
        likely = self.learner.scores(features(said))
        ordinary = float(likely[-1])
        scores = likely[:-1] + self._favour
        roots = stems(said)
        spread = f" {' '.join(roots)} "
        for root in set(roots):
            for keyword, number in self._keywords.get(root, ()):
                if keyword in spread:
                    scores[number] += _KEYWORD
        best = int(np.argmax(scores))
        top = float(scores[best])
        scores[best] = -np.inf
        second = float(scores.max()) if len(scores) > 1 else 0.0
        seen = (top, second, ordinary, math.log1p(len(said.split())), 1.0)
        evidence = sum(weight * value for weight, value in zip(self._weighing, seen, strict=True))
        return 1 / (1 + math.exp(-evidence)), top - second, best

    def _distinct_keywords(self) -> dict[str, list[tuple[str, int]]]:
        """Stems of keywords by the first of them; one that several entries claim tells nothing."""
        claims: dict[str, set[int]] = defaultdict(set)
        for number, entry_id in enumerate(self._ids):
            for keyword in self.entries[entry_id].keywords:
                key = " ".join(stems(keyword))
                if key:
                    claims[f" {key} "].add(number)
        distinct: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for key, owners in claims.items():
            if len(owners) == 1:
                distinct[key.split()[0]].append((key, next(iter(owners))))
        return dict(distinct)


def _plainly(said: str) -> str:
    """Without courtesies at either end, where two words remain: one alone says too little."""
    bare = _COURTESY.sub("", said)
    return bare if " " in bare else said


def _parts(text: str) -> list[str]:
    """The utterance, and what follows a "mais": there the objection stands."""
    said = spoken(text[:_LONGEST])
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
    for field, said in (
        ("canonical", (entry.canonical,)),
        ("phrasings", entry.phrasings),
        ("keywords", entry.keywords),
    ):
        if not said or not all(map(spoken, said)):
            faults.append(f"{field}: words are expected, and no empty text")
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
        data = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise ObjectionsError(
            f"{source}{where}: not valid YAML: {problem}", mend="mend the file there"
        ) from None
    except (ValueError, RecursionError) as error:  # an impossible date, brackets without end
        raise ObjectionsError(
            f"{source}: not valid YAML: {error}", mend="put it in quotes"
        ) from None
    if not isinstance(data, list) or not data:
        raise ObjectionsError(
            f"{source}: a list of entries is expected, got {type(data).__name__}",
            mend="begin each entry with `- id:`",
        )
    return data
