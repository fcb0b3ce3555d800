"""The points kept, and their pictures. Drawing needs the extra `bench` (matplotlib)."""

import fcntl
import sys
from pathlib import Path

import msgspec

from benchmarks.curves.point import Point
from benchmarks.served import ROOT

FOLDER = ROOT / "docs" / "performance"
KEPT = FOLDER / "curves.jsonl"

# picture -> title, x, y, logarithmic axes, curves
PICTURES: dict[str, tuple[str, str, str, str, tuple[str, ...]]] = {
    "calls-cpu": (
        "Processor of agentd, by calls held",
        "calls held at once",
        "% of one core",
        "",
        ("calls_cpu",),
    ),
    "calls-memory": (
        "Memory of agentd, by calls held",
        "calls held at once",
        "MB resident",
        "",
        ("calls_memory",),
    ),
    "objections": (
        "One look for an objection",
        "entries of the theme",
        "ms of processor",
        "xy",
        ("match_cpu",),
    ),
    "objections-memory": (
        "A theme in memory, made once",
        "entries of the theme",
        "MB",
        "x",
        ("match_memory",),
    ),
    "scenarios": (
        "A whole call's decisions",
        "questions of the scenario",
        "ms of processor",
        "",
        ("scenario_call",),
    ),
    "scenarios-journal": (
        "What a call writes into its journal",
        "questions of the scenario",
        "KB",
        "",
        ("scenario_stored",),
    ),
    "contacts-import": (
        "Importing contacts with their consent",
        "contacts",
        "s of processor",
        "xy",
        ("import_cpu",),
    ),
    "contacts-size": (
        "Contacts, consents and a campaign on disk",
        "contacts",
        "MB",
        "xy",
        ("contacts_size",),
    ),
    "contacts-dial": (
        "Deciding, recording and closing one call",
        "contacts of the campaign",
        "ms of processor",
        "x",
        ("dial_cpu", "gates_cpu"),
    ),
}
NAMES = {"gates_cpu": "the gates alone, "}


def read() -> list[Point]:
    """Those kept so far."""
    if not KEPT.exists():
        return []
    lines = KEPT.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Point) for line in lines if line]


def keep(point: Point) -> None:
    """In the place of the one for the same x."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:  # two curves may be measured at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        _replace(point)


def _replace(point: Point) -> None:
    """Calls held are a mean: 19.9 is 20."""

    def same(other: Point) -> bool:
        near = abs(other.x - point.x) <= 0.05 * max(other.x, point.x)
        return near and (other.curve, other.series) == (point.curve, point.series)

    points = [other for other in read() if not same(other)] + [point]
    points.sort(key=lambda p: (p.curve, p.series, p.x))
    KEPT.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in points))


def everything() -> None:
    """Every picture there are points of."""
    try:
        import matplotlib
    except ImportError:
        print("pictures are not drawn: pip install 'agentd[bench]'", file=sys.stderr)
        return
    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "agentd", "svg.fonttype": "none", "font.size": 9}
    points = read()
    for name, (title, x, y, log, curves) in PICTURES.items():
        chosen = [point for point in points if point.curve in curves]
        if chosen:
            _picture(FOLDER / f"{name}.svg", title, (x, y), log, chosen)


def _picture(file: Path, title: str, axes: tuple[str, str], log: str, points: list[Point]) -> None:
    from matplotlib import pyplot

    figure, plot = pyplot.subplots(figsize=(5.4, 3.2))
    lines: dict[str, list[Point]] = {}
    for point in points:
        lines.setdefault(NAMES.get(point.curve, "") + point.series, []).append(point)
    for label, line in lines.items():
        line.sort(key=lambda point: point.x)
        plot.plot([p.x for p in line], [p.y for p in line], marker="o", markersize=3, label=label)
    if "x" in log:
        plot.set_xscale("log")
    if "y" in log:
        plot.set_yscale("log")
    else:
        plot.set_ylim(bottom=0)
    plot.set(title=title, xlabel=axes[0], ylabel=axes[1])
    plot.grid(visible=True, alpha=0.3)
    if len(lines) > 1:
        plot.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
