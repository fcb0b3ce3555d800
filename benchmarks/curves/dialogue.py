"""Scenarios of 3 to 10 questions, themes of 80 to 5,000 entries: what the dialogue costs."""

import json
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue import actions, engine, events
from agentd.dialogue.brain import Brain
from agentd.dialogue.objections import Entry, Matcher
from agentd.dialogue.scenario import parse_scenario
from benchmarks.bar import quantile
from benchmarks.curves.point import Point, of_work
from benchmarks.many_entries import made_entries
from benchmarks.served import ROOT

ENTRIES = (80, 160, 320, 640, 1_250, 2_500, 5_000)
QUESTIONS = (3, 4, 5, 6, 7, 8, 9, 10)  # more is refused
SAID = (
    "oui", "non merci", "c'est trop cher vos taux", "je n'ai pas le temps là tout de suite",
    "vous êtes un robot", "d'où vous avez mon numéro", "ça dépend de ce que vous proposez",
    "j'en ai déjà un", "pourquoi pas", "rappelez-moi demain matin",
)  # fmt: skip
ROUNDS = 30
CALLS = 20
MS_A_CHARACTER = 60


def objections(sizes: tuple[int, ...]) -> Iterator[Point]:
    """A theme's real entries, and made ones beside them."""
    catalog = Catalog(Settings())
    real = list(catalog.entries("finance"))
    for size in sizes:
        entries = [*real, *made_entries(max(0, size - len(real)))][:size]
        matcher, built = of_work(lambda entries=entries: Matcher(entries))  # type: ignore[misc]
        texts = [*SAID, *(one.phrasings[0] for one in entries[:: max(1, size // 40)])]
        matcher.match(texts[0])
        taken = []
        for text in texts * ROUNDS:
            began = time.thread_time_ns()
            matcher.match(text)
            taken.append((time.thread_time_ns() - began) / 1e6)
        yield Point("match_cpu", "median", size, round(statistics.median(taken), 4), len(taken))
        yield Point("match_cpu", "99 %", size, round(quantile(taken, 0.99), 4), len(taken))
        yield Point("match_build", "built once", size, round(built, 3))
        held, peak = _memory(entries)
        yield Point("match_memory", "held", size, round(held, 1))
        yield Point("match_memory", "most while it is made", size, round(peak, 1))


def _memory(entries: list[Entry]) -> tuple[float, float]:
    """MB a matcher holds, and at most while it is made: what Python and numpy were given."""
    tracemalloc.start()
    matcher = Matcher(entries)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del matcher
    return held / 2**20, peak / 2**20


def scenarios(sizes: tuple[int, ...]) -> Iterator[Point]:
    """The finance scenario with its questions said again and again; a prospect who says yes."""
    catalog = Catalog(Settings())
    plain = json.loads((ROOT / "scenarios" / "scenario_finance.json").read_text())
    shipped = catalog.brain("finance")
    for size in sizes:
        text = json.dumps(_longer(plain, size))
        scenario, read = of_work(lambda text=text: parse_scenario(text, "bench"))  # type: ignore[misc]
        brain = Brain(scenario, shipped.matcher, shipped.returns, shipped.timing, 0.35)
        runs = [_call(brain) for _ in range(CALLS)]
        whole = statistics.median(cpu for cpu, *_ in runs)
        _, handled, rows, stored, memory = runs[0]
        yield Point("scenario_read", "read and checked", size, round(read * 1000, 2))
        yield Point("scenario_call", "a call's decisions", size, round(whole * 1000, 2), CALLS)
        yield Point("scenario_event", "an event", size, round(whole * 1000 / handled, 4), handled)
        yield Point("scenario_journal", "journal rows", size, rows)
        yield Point("scenario_stored", "journal", size, round(stored / 1024, 1))
        yield Point("scenario_memory", "the engine's memory", size, round(memory / 1024, 2))


def _longer(plain: dict[str, Any], questions: int) -> dict[str, Any]:
    """So many questions between Hello and the end."""
    made: dict[str, Any] = json.loads(json.dumps(plain))
    kinds = [plain["steps"]["Q1"], plain["steps"]["Q2"]]
    names = [f"Q{number + 1}" for number in range(questions)]
    for number, name in enumerate(names):
        made["steps"][name] = {**kinds[number % 2], "determinant": True}
    made["rail"] = ["Hello", *names, "Is_Leads", "Confirm_Time", "Bye"]
    rules = made["qualification_rules"]
    rules["scoring_weights"] = dict.fromkeys(names, 1) | {"Is_Leads": max(1, questions)}
    return made


def _call(brain: Brain) -> tuple[float, int, int, int, int]:
    """(seconds of processor, events, journal rows, their bytes, most of the engine's memory)."""
    state = engine.new_state()
    now, spent, handled, rows, stored, memory = 0, 0.0, 0, 0, 0, 0
    inbox: list[events.Event] = [
        events.Answered(
            contact={"first_name": "Jean", "last_name": "Dupont"},
            when="2026-11-24T11:00:00+01:00",
            seed=1,
        )
    ]
    open_ = True
    while open_:
        event = inbox.pop(0)
        began = time.thread_time()
        asked = engine.handle(brain, state, event, now)
        spent += time.thread_time() - began
        handled += 1
        texts = [events.encode(event), *map(actions.encode, asked)]
        rows, stored = rows + len(texts), stored + sum(map(len, texts))
        memory = max(memory, len(engine.dump(state)))
        for action in asked:
            match action:
                case actions.Say(say_id=say_id, text=text):
                    took = len(text) * MS_A_CHARACTER
                    inbox.append(events.SayStarted(say_id))
                    inbox.append(events.SayDone(say_id, True, took))
                    now += took
                case actions.Hangup():
                    open_ = False
        if not inbox:
            said = "demain matin" if state.step == "Confirm_Time" else "oui d'accord"
            inbox += [events.SpeechStarted(now + 500), events.Partial(said, now + 900)]
            inbox.append(events.Utterance(said, 0.95, now + 500, now + 1_100))
            now += 1_400
    return spent, handled, rows, stored, memory
