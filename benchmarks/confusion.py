"""Shares with their confidence, and who was taken for whom."""

import math
import sys
from collections import Counter
from collections.abc import Iterable


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927, without continuity correction)."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.959964, hits / n
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def between(hits: int, n: int) -> str:
    """The interval, for a note."""
    low, high = wilson(hits, n)
    return f"{hits} of {n}, 95 % between {low:.3f} and {high:.3f}"


def show(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """A confusion matrix on standard error: a row for what it was, a column for what was said."""
    counted = Counter(pairs)
    rows = sorted({true for true, _ in counted})
    columns = sorted({said for _, said in counted})
    width = max(len(c) for c in columns) + 2
    first = max(len(r) for r in rows) + 2
    lines = [title, " " * first + "".join(c.rjust(width) for c in columns)]
    for row in rows:
        n = sum(counted[row, c] for c in columns)
        cells = "".join(str(counted[row, c]).rjust(width) for c in columns)
        right = counted[row, row]
        low, high = wilson(right, n)
        share = f"   {right / n:.3f} [{low:.3f}, {high:.3f}]" if row in columns else ""
        lines.append(row.ljust(first) + cells + share)
    print("\n".join(lines), file=sys.stderr, flush=True)
