"""Who picks up, a second time: sentences written by somebody who had not read the rules for words.

Only "allô", "oui ?", "bonjour" and "allô, c'est qui ?" are in the other set too. Measured, never
tuned on: what is learnt from a case here makes the figures of this set worthless.
A full mailbox and a switchboard's recorded welcome are machines; an assistant that asks who calls
is screening; what the network says of a number is an announcement. Where a real text exists
(operators' default greetings, call screening on telephones) it is worded as callers hear it.
"""

from collections.abc import Iterator

from agentd.simulator.persona import Manner
from agentd.simulator.playing import Samples
from benchmarks.sets import sounds
from benchmarks.sets.amd import LISTENS_MS, Case, texts_of

# Neither the tuning half's voices nor the test half's.
MANNERS = (
    Manner(speed=93, pitch=112),
    Manner(speed=108, pitch=95),
    Manner(speed=98, pitch=150),
    Manner(speed=115, pitch=105),
)
CHILD = Manner(speed=104, pitch=175)

_BEEPS = ((425.0, 450), (1_060.0, 400), (1_330.0, 300), (660.0, 500), (950.0, 250), (1_750.0, 350))


def cases() -> Iterator[Case]:
    """64 machines, 166 humans, 34 others."""
    texts, count = texts_of("amd_fresh.tsv"), 0
    persons, children = texts["short"] + texts["long"], texts["child"]

    def case(kind: str, text: str, manner: Manner, *after: Samples | int) -> Case:
        nonlocal count
        count += 1
        begins = (300, 600, 150, 1_000)[count % 4]
        said = sounds.joined(begins, sounds.say(text, manner), *after)
        said = sounds.mixed(said, sounds.silence(LISTENS_MS))[: LISTENS_MS * 8]
        return Case(kind, text, said, sounds.LINES[count % len(sounds.LINES)], begins)

    def within(plain: Case, room: str, seed: int, db: float) -> Case:
        noise = sounds.at(sounds.ROOMS[room](LISTENS_MS, seed), db)
        said = sounds.mixed(plain.said, noise)
        return Case(plain.kind, f"{plain.text} [{room}]", said, plain.line, plain.speaks_ms)

    def voices(n: int) -> tuple[Manner, Manner]:
        return MANNERS[n % 4], MANNERS[(n + 1 + n // 4 % 3) % 4]

    for n, text in enumerate(persons):
        for manner in voices(n):
            yield case("human", text, manner)
    for text in children:
        for speed in (92, 104):
            yield case("human", text, Manner(speed=speed, pitch=CHILD.pitch))
    for n, text in enumerate(persons):
        # Somewhere: the television most often; a telephone that beeps; a microwave oven.
        manner = MANNERS[(n + 3) % 4]
        if n % 4 == 3:
            hz, ms = _BEEPS[n % 6]
            yield case("human", text, manner, 1_000 + 150 * (n % 9), sounds.beep(hz, ms, -26))
        else:
            room = ("television", "television", "babble", "traffic", "music")[n % 5]
            yield within(case("human", text, manner), room, 200 + n, -40.0)
    for n, text in enumerate((*persons[:8], *children[:4])):
        # A television as loud as one a metre away.
        yield within(case("human", text, MANNERS[n % 4]), "television", 300 + n, -36.0)
    for n, text in enumerate(texts["machine"]):
        hz, ms = _BEEPS[n % 6]
        first, second = voices(n)
        yield case("machine", text, first, 600, sounds.beep(hz, ms))
        yield case("machine", text, second)  # without a beep
    for kind in ("screening", "announcement"):
        for n, text in enumerate(texts[kind]):
            for manner in voices(n):
                yield case(kind, text, manner)
