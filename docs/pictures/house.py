"""python docs/pictures/house.py > docs/pictures/house.svg: the picture of docs/architecture.md."""

from xml.sax.saxutils import escape

INK, PAPER, WALL = "#1f2933", "#ffffff", "#8895a7"
SOFT, PURE, WIRE = "#f2f4f7", "#e3f1e5", "#fdf1d8"
FONT = "font-family='ui-sans-serif, Helvetica, Arial, sans-serif'"


def box(x: int, y: int, w: int, h: int, title: str, *lines: str, fill: str = SOFT) -> str:
    """A room: its name in bold, what is in it under it."""
    parts = [
        f"<rect x='{x}' y='{y}' width='{w}' height='{h}' rx='6' fill='{fill}' stroke='{WALL}'/>",
        f"<text x='{x + 10}' y='{y + 21}' font-weight='bold' font-size='15'>{escape(title)}</text>",
    ]
    for number, line in enumerate(lines):
        parts.append(
            f"<text x='{x + 10}' y='{y + 41 + 16 * number}' font-size='12.5'>{escape(line)}</text>"
        )
    return "\n".join(parts)


def arrow(x1: int, y1: int, x2: int, y2: int, text: str = "", dx: int = 0, dy: int = -6) -> str:
    """From one room to another; text stands at its middle."""
    middle = ((x1 + x2) // 2 + dx, (y1 + y2) // 2 + dy)
    label = (
        f"<text x='{middle[0]}' y='{middle[1]}' font-size='11.5' text-anchor='middle' "
        f"fill='#52606d'>{escape(text)}</text>"
    )
    return (
        f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{INK}' stroke-width='1.4' "
        f"marker-end='url(#head)'/>{label if text else ''}"
    )


def picture() -> str:
    """The whole SVG."""
    parts = [
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1000 660' role='img' "
        f"aria-label='The rooms of agentd and what flows between them' {FONT} fill='{INK}'>",
        "<defs><marker id='head' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' "
        f"markerHeight='7' orient='auto'><path d='M0 0 8 4 0 8z' fill='{INK}'/></marker></defs>",
        f"<rect width='1000' height='660' fill='{PAPER}'/>",
        f"<rect x='190' y='20' width='640' height='620' rx='10' fill='none' stroke='{INK}' "
        "stroke-width='2'/>",
        "<text x='204' y='44' font-size='13' fill='#52606d'>one agentd process, one core</text>",
        box(20, 210, 140, 150, "FreeSWITCH", "calls, dialplan", "mod_audio_fork", "SIP trunk"),
        box(860, 50, 120, 100, "files", "scenarios", "objections", "audio, models"),
        box(860, 180, 120, 80, "database", "SQLite or", "PostgreSQL"),
        box(860, 285, 120, 80, "var/spool", "ledger.py: facts", "while it is away"),
        box(860, 450, 120, 90, "operator", "Prometheus", "systemd", "terminal"),
        box(210, 60, 230, 60, "server.py", "listeners, limit, drain, reload", fill=WIRE),
        box(460, 60, 180, 60, "cli/", "one module a noun", fill=WIRE),
        box(660, 60, 150, 60, "catalog.py", "read when changed", fill=WIRE),
        box(380, 160, 260, 100, "call.py", "one greenlet a call: bounded inbox,",
            "engine, executor; with mouth.py,", "ledger.py, improviser.py", fill=WIRE),
        box(210, 160, 140, 100, "switch/", "event socket", "audio fork", "playback, originate"),
        box(210, 300, 140, 110, "speech/", "VAD, endpointing", "barge-in, AMD",
            "recognisers, voices", "native threads"),
        box(380, 300, 260, 110, "dialogue/", "events in, actions out: intents,",
            "objections, rail, scoring, times,", "linter. No clock, no socket,", "no random source",
            fill=PURE),
        box(670, 160, 140, 100, "store/", "the only queries", "migrations, audit", "own threads"),
        box(670, 300, 140, 110, "llm/", "prompt, guard: pure", "llama.cpp on a",
            "thread of its own"),
        box(210, 450, 290, 90, "campaign/", "contacts CSV, gates/ (pure, one a law),",
            "pacing, retry (pure); dialer.py wires", "switch, store and gates"),
        box(520, 450, 290, 90, "observe/", "logs, metrics, health and readiness,",
            "what systemd is told, the live view"),
        box(210, 560, 600, 64, "simulator/", "a switch that speaks like FreeSWITCH, with spoken "
            "prospects: simulate, rehearse, tests", fill=WIRE),
        arrow(160, 230, 208, 230), arrow(208, 250, 160, 250),
        arrow(160, 330, 208, 340),
        arrow(350, 195, 378, 195), arrow(378, 225, 350, 225),
        arrow(350, 330, 395, 262),
        arrow(500, 262, 500, 298), arrow(530, 298, 530, 262),
        arrow(640, 210, 668, 210), arrow(640, 254, 690, 298),
        arrow(810, 215, 858, 225), arrow(640, 236, 858, 320),
        arrow(858, 90, 812, 90), arrow(690, 122, 610, 158),
        arrow(810, 495, 858, 495),
        arrow(380, 122, 430, 158),
        "<text x='516' y='284' font-size='11.5' text-anchor='end' dx='-22' fill='#52606d'>events"
        "</text><text x='540' y='284' font-size='11.5' fill='#52606d'>actions</text>",
        "<text x='20' y='400' font-size='11.5' fill='#52606d'>green: pure</text>",
        "<text x='20' y='418' font-size='11.5' fill='#52606d'>yellow: wires rooms</text>",
        "<text x='20' y='436' font-size='11.5' fill='#52606d'>grey: a room, or outside</text>",
        "</svg>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print(picture(), end="")
