"""Objections by the thousand, and difflib as the original matched them: made entries among "
"real ones."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import product
from time import perf_counter

from agentd.dialogue.objections import Entry, Matcher
from agentd.dialogue.text import normalise
from benchmarks.bar import Bar, at_least, at_most, best_us, quantile

_THINGS = (
    "le chauffage,la chaudière,le toit,la fenêtre,la voiture,le camion,la mutuelle,le téléphone,"
    "la télévision,la connexion,le fauteuil,la photocopieuse,la caisse,le logiciel,la livraison,"
    "le jardin,la piscine,le portail,la serrure,la cuisine,la douche,le monte-charge,le parking,"
    "la formation,le diplôme,la caution,le vélo,la tondeuse,le store,la bibliothèque"
).split(",")
_COMPLAINTS = (
    "est en panne depuis,arrive en retard à cause de,ne marche pas avec,a été rayé par,"
    "fait trop de bruit pour,se remplace par,est fourni avec,dépend de,abîme,consomme autant que,"
    "ressemble à,plaît à,est loin de,passe avant,remplace,se loue avec,a été refusé par,gêne,"
    "est réservé à,s'installe sans"
).split(",")
_WHOM = (
    "le voisin", "ma tante", "la mairie", "le facteur", "mon cousin", "le gardien", "l'école",
    "le notaire", "la copropriété", "mon chien",
)  # fmt: skip


def made_entries(number: int) -> list[Entry]:
    """So many entries that have little to do with each other, three ways to say each."""
    made = []
    for at, (whom, thing, how) in enumerate(product(_WHOM, _THINGS, _COMPLAINTS)):
        if at == number:
            break
        said = f"{thing} {how} {whom}"
        made.append(
            Entry(
                id=f"many_obj_{at}",
                theme="many",
                type="objection",
                canonical=said,
                keywords=(),
                phrasings=(f"mais {said} chez nous", f"{said} vous savez"),
                response="Je comprends.",
            )
        )
    return made


def bars(
    real: Sequence[Entry], test: Sequence[tuple[str, str]], ordinary: Sequence[str]
) -> Iterator[Bar]:
    """real: a theme's entries with general's; test: (id, phrasing) of them; ordinary: answers."""
    for entries in (100, 5000):
        made = made_entries(entries - len(real))
        begun = perf_counter()
        matcher = Matcher([*real, *made])
        built = perf_counter() - begun
        texts = [*(text for _, text in test), *ordinary, *(one.phrasings[0] for one in made[::50])]
        taken = best_us(matcher.match, texts, 3)
        right = sum((m := matcher.match(text)) is not None and m.id == id for id, text in test)
        false = sum(matcher.match(text) is not None for text in ordinary)
        name = f"objections_{entries}"
        yield Bar(f"{name}_build_s", round(built, 2), "s", len(real) + len(made))
        most = 2 if entries == 100 else 10
        p99 = quantile(taken, 0.99) / 1000
        yield at_most(f"{name}_p99_ms", p99, "ms", len(taken), most, "best of 3 of each")
        yield Bar(
            f"{name}_right", round(right / len(test), 4), "share", len(test), note="real ones"
        )
        asked = made[:: max(1, len(made) // 200)]
        hits = sum(
            (m := matcher.match(f"alors chez moi {one.canonical} figurez-vous")) is not None
            and m.id == one.id
            for one in asked
        )
        yield Bar(f"{name}_made_right", round(hits / len(asked), 4), "share", len(asked))
        yield Bar(f"{name}_false", round(false / len(ordinary), 4), "share", len(ordinary))
    yield from _against_difflib(real, test, ordinary)


def _against_difflib(
    real: Sequence[Entry], test: Sequence[tuple[str, str]], ordinary: Sequence[str]
) -> Iterator[Bar]:
    """The original's way: difflib over every keyword and phrasing, the best ratio from .6 on."""
    matcher = Matcher(real)
    known = [
        (one.id, normalise(text))
        for one in real
        for text in (one.canonical, *one.keywords, *one.phrasings)
    ]

    def by_difflib(text: str) -> str | None:
        said = normalise(text)
        compare = SequenceMatcher(b=said)
        best, found = 0.6, None
        for id, form in known:
            compare.set_seq1(form)
            if compare.real_quick_ratio() > best and compare.quick_ratio() > best:
                ratio = compare.ratio()
                if ratio > best:
                    best, found = ratio, id
        return found

    some = list(test)[:60]  # it takes its time
    theirs_us = best_us(by_difflib, [text for _, text in some], 1)
    ours_us = best_us(matcher.match, [text for _, text in some], 3)
    theirs = sum(by_difflib(text) == id for id, text in some) / len(some)
    hits = sum((m := matcher.match(text)) is not None and m.id == id for id, text in some)
    ours = hits / len(some)
    false = sum(by_difflib(text) is not None for text in ordinary[:60]) / min(60, len(ordinary))
    note = f"of the same {len(some)} phrasings, {len(known)} known forms"
    yield Bar("difflib_right", round(theirs, 4), "share", len(some), note=note)
    yield Bar("difflib_false", round(false, 4), "share", min(60, len(ordinary)))
    yield at_least("difflib_gain_right", ours - theirs, "share", len(some), 0.0, f"ours {ours:.3f}")
    speed = quantile(theirs_us, 0.5) / quantile(ours_us, 0.5)
    yield at_least("difflib_speed_ratio", speed, "times", len(some), 10, "median against median")
