"""python -m benchmarks [FAMILY...]: one JSON line a bar on standard output; progress on the other.
python -m benchmarks load --real 30,50 --stubbed 250,500: these steps of these ladders only.

Exit 0 when everything asked for was measured, whether or not a bar is met; 2 for an unknown family.
"""

import sys
from collections.abc import Callable, Iterator

from benchmarks.bar import Bar


def _understanding() -> Iterator[Bar]:
    from benchmarks import understanding

    yield from understanding.bars()


def _caches() -> Iterator[Bar]:
    from benchmarks import caches

    yield from caches.bars()


def _speech() -> Iterator[Bar]:
    from benchmarks import speech

    yield from speech.bars()


def _calls() -> Iterator[Bar]:
    from benchmarks import calls

    yield from calls.bars()


def _freestyle() -> Iterator[Bar]:
    from benchmarks import freestyle

    yield from freestyle.bars()


def _ears() -> Iterator[Bar]:
    from benchmarks import answering, bargein, endpointing

    yield from bargein.bars()
    yield from endpointing.bars()
    yield from answering.bars()


def _load() -> Iterator[Bar]:
    from benchmarks import load

    yield from load.bars()


def _campaign() -> Iterator[Bar]:
    from benchmarks import campaign

    yield from campaign.bars()


def _voices() -> Iterator[Bar]:
    from benchmarks import voices

    yield from voices.bars()


FAMILIES: dict[str, Callable[[], Iterator[Bar]]] = {
    "understanding": _understanding,
    "caches": _caches,
    "speech": _speech,
    "freestyle": _freestyle,
    "ears": _ears,
    "calls": _calls,
    "load": _load,
    "campaign": _campaign,
    "voices": _voices,
}


def main(asked: list[str]) -> int:
    """The exit status. asked: names of families; none of them is all of them."""
    if asked[:1] == ["load"] and len(asked) > 1:
        from benchmarks import load

        for bar in load.chosen(asked[1:]):
            print(bar.line(), flush=True)
        return 0
    unknown = [name for name in asked if name not in FAMILIES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}. Use: {', '.join(FAMILIES)}", file=sys.stderr)
        return 2
    for name in asked or FAMILIES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        for bar in FAMILIES[name]():
            print(bar.line(), flush=True)
    return 0


if __name__ == "__main__":
    # The simulator's channel and the ears are greenlets, as in the server.
    from gevent import monkey

    monkey.patch_all()
    sys.exit(main(sys.argv[1:]))
