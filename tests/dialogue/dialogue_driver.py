"""Drives the engine as a call would, on a virtual clock: no sleeping, no audio, no recogniser.

`Line` is the executor of tests: it plays every Say out at a steady pace, keeps the timers, and
sends back what the switch and the ears would. `words` understands by a fixed table, so that tests
of the engine say nothing about the rules of understanding.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from agentd.dialogue import actions, engine, events
from agentd.dialogue.actions import Action, Hangup, Listen, Record, Say, StartTimer, Stop
from agentd.dialogue.brain import Brain, Timing
from agentd.dialogue.events import Event
from agentd.dialogue.intents import Intent, Sentiment
from agentd.dialogue.objections import Entry, Matcher
from agentd.dialogue.rail_returns import RailReturn
from agentd.dialogue.scenario import Scenario, parse_scenario
from agentd.dialogue.state import CallState
from agentd.dialogue.understanding import Expectation, Meaning

ROOT = Path(__file__).parents[2]
MS_PER_CHAR = 60
CONTACT = {"first_name": "Jean", "last_name": "Dupont", "company": ""}

# What the fake understanding makes of an utterance: the first prefix that fits.
TABLE: tuple[tuple[str, Intent, str | None], ...] = (
    ("ne me rappelez plus", Intent.OPTOUT, None),
    ("c'est une erreur", Intent.WRONG_PERSON, None),
    ("passez-moi quelqu'un", Intent.HUMAN, None),
    ("rappelez-moi", Intent.CALLBACK, None),
    ("vos taux sont trop élevés", Intent.OBJECTION, "taux"),
    ("ça ne m'intéresse pas", Intent.OBJECTION, "pas_interesse"),
    ("je n'aime pas ça", Intent.OBJECTION, None),
    ("c'est gratuit", Intent.QUESTION, "gratuit"),
    ("quel âge avez-vous", Intent.QUESTION, None),
    ("pardon", Intent.REPEAT, None),
    ("allô", Intent.GREETING, None),
    ("oui mais vos taux", Intent.OBJECTION, "taux"),
    ("non mais c'est gratuit", Intent.QUESTION, "gratuit"),
    ("oui", Intent.AFFIRM, None),
    ("d'accord", Intent.AFFIRM, None),
    ("non", Intent.DENY, None),
)

# What may be an opt-out, for it.
PERHAPS = "vous insistez"

ENTRIES = tuple(
    Entry(
        id=name,
        theme="finance",
        type=kind,
        canonical=name,
        keywords=(name,),
        phrasings=(),
        response=response,
        refusal=refusal,
    )
    for name, kind, response, refusal in (
        ("taux", "objection", "Le taux dépend de votre dossier.", False),
        ("pas_interesse", "objection", "Je comprends, deux questions suffisent.", True),
        ("gratuit", "faq", "La simulation est gratuite.", False),
        ("general_faq_conseiller", "faq", "Un conseiller humain peut vous rappeler.", False),
    )
)


class Returns:
    """Three rail returns, in turn."""

    TEXTS = ("Ça vous parle ?", "Vous êtes d'accord ?", "C'est plus clair ?")

    def pick(self, seed: int, used: Any, after: str, preferred: Any = ()) -> RailReturn:
        number = (seed + len(used)) % len(self.TEXTS)
        return RailReturn(id=f"{number:02d}", text=self.TEXTS[number])


def words(text: str, matcher: Matcher, expectation: Expectation | None = None) -> Meaning:
    """Understanding by table."""
    found = ((intent, entry) for prefix, intent, entry in TABLE if text.startswith(prefix))
    intent, objection = next(found, (Intent.UNCLEAR, None))
    score = 1.0 if objection else 0.0
    maybe = text.startswith(PERHAPS)
    return Meaning(text, intent, 0.9, Sentiment.NEUTRAL, objection, score, maybe_optout=maybe)


def raw_scenario() -> dict[str, Any]:
    """The fixed scenario of engine tests: the finance rail, sentences of its own."""
    data: dict[str, Any] = json.loads(
        (ROOT / "tests/calls/scenario.json").read_text(encoding="utf-8")
    )
    return data


def scenario(**changes: Any) -> Scenario:
    """That scenario with top-level members changed; `steps` are merged step by step."""
    data = raw_scenario()
    for name, step in changes.pop("steps", {}).items():
        data["steps"][name] = {**data["steps"].get(name, {}), **step}
    data.update(changes)
    return parse_scenario(json.dumps(data), "test")


@cache
def _matcher() -> Matcher:
    """It learns for half a second, and nothing in it changes."""
    return Matcher(ENTRIES)


def brain(given: Scenario | None = None, **timing: Any) -> Brain:
    """A brain with the fakes above."""
    return Brain(given or scenario(), _matcher(), Returns(), Timing(**timing), 0.35, words)


class Line:
    """One call on a virtual clock.

    now: milliseconds since the answer. actions: everything asked for so far. journal: rows as the
    store keeps them. Methods that speak first let the Say in the air be heard to its end, unless
    they are given `at` (milliseconds into that Say).
    """

    def __init__(self, held: Brain, **answered: Any) -> None:
        self.brain = held
        self.state: CallState = engine.new_state()
        self.now = 0
        self.actions: list[Action] = []
        self.journal: list[tuple[int, str, str]] = []
        self.timers: dict[str, float] = {}
        self.saying: Say | None = None
        self.begun_ms = 0
        self.mute = False  # a Say is asked for, and does not begin
        self.send(
            events.Answered(**{"contact": CONTACT, "when": "2025-06-02T10:00:00+02:00"} | answered)
        )

    # --- plumbing

    def send(self, event: Event) -> list[Action]:
        """Give the engine one event now; perform what it asks for, and what follows from that."""
        before = len(self.actions)
        inbox = [event]
        while inbox:
            coming = inbox.pop(0)
            self.journal.append((self.now, "event", events.encode(coming)))
            asked = engine.handle(self.brain, self.state, coming, self.now)
            self.actions += asked
            for action in asked:
                self.journal.append((self.now, "action", actions.encode(action)))
                inbox += self._perform(action)
            if inbox:
                self.now += 20
        return self.actions[before:]

    def _perform(self, action: Action) -> list[Event]:
        """Do what an action asks; the events it leads to 20 ms later."""
        match action:
            case Say():
                self.saying, self.begun_ms = action, self.now
                return [] if self.mute else [events.SayStarted(action.say_id)]
            case Stop(say_id=say_id) if self.saying and self.saying.say_id == say_id:
                heard = self.now - self.begun_ms
                self.saying = None
                return [events.SayDone(say_id, False, heard)]
            case StartTimer(timer_id=timer_id, seconds=seconds):
                self.timers[timer_id] = self.now + seconds * 1000
            case actions.CancelTimer(timer_id=timer_id):
                self.timers.pop(timer_id, None)
        return []

    def hear_out(self) -> None:
        """Let every Say in the air be heard to its end."""
        while self.saying is not None:
            self.hear_out_one()

    def hear_out_one(self) -> None:
        """Let the Say in the air be heard to its end, not what follows it."""
        say = self.saying
        assert say is not None
        whole = len(say.text) * MS_PER_CHAR - say.offset_ms
        self.now = max(self.now, self.begun_ms + whole)
        self.saying = None
        self.send(events.SayDone(say.say_id, True, whole))

    def passes_on(self, memory: str | None = None) -> list[Action]:
        """The agentd that holds the call dies; another takes it over a moment later."""
        memory = engine.dump(self.state).decode() if memory is None else memory
        self.state, self.saying, self.timers = engine.new_state(), None, {}
        self.now += 150
        return self.send(events.Resumed(memory))

    # --- what a prospect does

    def says(
        self, text: str, *, after_ms: int = 500, confidence: float = 0.9, **more: Any
    ) -> list[Action]:
        """The prospect answers once we have finished speaking; the actions this leads to."""
        self.hear_out()
        self.now += after_ms
        before = len(self.actions)
        self.send(events.SpeechStarted(self.now))
        start = self.now
        self.now += 700
        self.send(events.Utterance(text, confidence, start, self.now - 300, **more))
        return self.actions[before:]

    def talks_over(self, text: str, *, at: int, meant: bool = True) -> list[Action]:
        """The prospect speaks `at` milliseconds into our Say; `meant`: so the ears judge."""
        assert self.saying is not None, "nothing to talk over"
        say_id = self.saying.say_id
        start = self.now = self.begun_ms + at
        before = len(self.actions)
        self.send(events.SpeechStarted(start))
        self.now += 200
        if meant:
            self.send(events.Interruption(say_id, self.now))
        self.now += 600
        self.send(events.Utterance(text, 0.9, start, self.now - 300))
        return self.actions[before:]

    def goes_on(self, text: str, *, at: int, **more: Any) -> list[Action]:
        """The prospect, taken for silent, speaks on `at` milliseconds into our answer; the ears
        hold it at once. Negative: before its first sound."""
        before = len(self.actions)
        start = self.now = self.begun_ms + at
        self.send(events.SpeechStarted(start))
        if self.saying is not None:
            self.now += 60
            self.send(events.Overlap(self.saying.say_id, self.now))
        self.now += 740
        self.send(events.Utterance(text, 0.9, start, self.now - 300, **more))
        return self.actions[before:]

    def stays_silent(self) -> list[Action]:
        """Nobody speaks until the silence timer runs out."""
        self.hear_out()
        return self.run_out("silence")

    def run_out(self, kind: str) -> list[Action]:
        """The live timer of a kind runs out."""
        timer_id = next(t for t in self.timers if t.startswith(f"{kind}-"))
        self.now = max(self.now, int(self.timers.pop(timer_id)))
        before = len(self.actions)
        self.send(events.TimerFired(timer_id))
        return self.actions[before:]

    def model(self, text: str, *, last: bool = False, after_ms: int = 300) -> list[Action]:
        """The language model has a sentence for what it was asked last."""
        self.now += after_ms
        before = len(self.actions)
        self.send(events.FreestyleSentence(f"m{self.state.asks}", text, last))
        return self.actions[before:]

    def model_fails(self, reason: str = "guard: price") -> list[Action]:
        """Nothing (more) comes from it."""
        self.now += 100
        before = len(self.actions)
        self.send(events.FreestyleFailed(f"m{self.state.asks}", reason))
        return self.actions[before:]

    def hangs_up(self) -> list[Action]:
        """The channel goes."""
        return self.send(events.HungUp("NORMAL_CLEARING"))

    # --- what came of it

    def of(self, kind: type[Action]) -> list[Any]:
        """Every action of one type so far."""
        return [action for action in self.actions if isinstance(action, kind)]

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Data of every Record of a kind that was not retracted."""
        return [r.data for r in standing(self.of(Record)) if r.kind == kind]

    @property
    def last_said(self) -> str:
        """Text of the newest Say."""
        return str(self.of(Say)[-1].text)

    @property
    def last_keys(self) -> list[str]:
        """Recording keys of the newest Say, without the scenario's folder."""
        return [clip.key.removeprefix("scenarios/test/") for clip in self.of(Say)[-1].clips]

    @property
    def disposition(self) -> tuple[str, int] | None:
        """(disposition, score), None while undecided."""
        found = self.records("disposition")
        assert len(found) <= 1
        return (found[0]["disposition"], found[0]["score"]) if found else None

    @property
    def outcomes(self) -> dict[str, str]:
        """Step -> outcome, as recorded."""
        return {data["name"]: data["outcome"] for data in self.records("step")}

    @property
    def ended(self) -> bool:
        """Hangup was asked for."""
        return bool(self.of(Hangup))

    @property
    def listening_for(self) -> Listen:
        """What the ears were told last."""
        found: Listen = self.of(Listen)[-1]
        return found


def standing(records: Iterable[Record]) -> list[Record]:
    """Those of a call's Records that hold, as the store has them: without what was retracted."""
    found: list[Record] = []
    for record in records:
        if record.kind == "retraction":
            data = record.data
            found = [r for r in found if not _retracted(r, data)]
            if data["callback"]:
                found.remove([r for r in found if r.kind == "callback"][-1])
        found.append(record)
    return found


def _retracted(record: Record, data: dict[str, Any]) -> bool:
    match record.kind:
        case "turn":
            turn = record.data
            return turn["who"] == "prospect" and turn["start_ms"] == data["start_ms"]
        case "step":
            return record.data["name"] in data["steps"]
        case "score":
            return bool(record.data["score"] > data["score"])
        case "disposition":
            return bool(data["disposition"])
    return False


TRANSFER = {"target": "conseiller"}
# The driver's calls are answered on Monday 2025-06-02 at ten.
TOMORROW_AT_TEN = {"start": "2025-06-03T10:00:00+02:00", "end": "2025-06-03T10:30:00+02:00"}


def to_step(line: Line, step: str) -> Line:
    """Say yes until a step is being asked."""
    while line.state.step != step:
        line.says("oui")
    return line
