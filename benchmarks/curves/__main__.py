"""make curves: how cost grows. `python -m benchmarks.curves [CURVES...] [--sizes N,N]`

CURVES: contacts, postgres, objections, scenarios, calls; none of them is all of them. Points go to
docs/performance/curves.jsonl, in the place of those measured before, and the pictures are drawn
anew: docs/performance/*.svg. `draw` alone draws what is there.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402

import msgspec  # noqa: E402

from benchmarks.curves import calls, contacts, dialogue, draw  # noqa: E402
from benchmarks.curves.point import Point  # noqa: E402

CURVES: dict[str, Callable[..., Iterator[Point]]] = {
    "contacts": lambda *sizes: contacts.points(sizes or contacts.SIZES, ("SQLite",)),
    "postgres": lambda *sizes: contacts.points(sizes or contacts.SIZES, ("PostgreSQL",)),
    "objections": lambda *sizes: dialogue.objections(sizes or dialogue.ENTRIES),
    "scenarios": lambda *sizes: dialogue.scenarios(sizes or dialogue.QUESTIONS),
    "calls": lambda *sizes: calls.points(sizes or calls.CALLS),
    "whisper": lambda *sizes: calls.points(sizes or calls.REAL, real=True),
}


def main(asked: list[str]) -> int:
    """The exit status."""
    sizes: tuple[int, ...] = ()
    if "--sizes" in asked:
        at = asked.index("--sizes")
        sizes = tuple(int(part) for part in asked[at + 1].split(","))
        asked = asked[:at] + asked[at + 2 :]
    unknown = [name for name in asked if name not in (*CURVES, "draw")]
    if unknown:
        print(f"unknown: {', '.join(unknown)}. Use: {', '.join(CURVES)}, draw", file=sys.stderr)
        return 2
    for name in asked or CURVES:
        if name != "draw":
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            for point in CURVES[name](*sizes):
                print(msgspec.json.encode(point).decode(), flush=True)
                draw.keep(point)
    draw.everything()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
