"""Whatever happens to a call, in whatever order, it stays a call."""

from collections.abc import Callable
from typing import Any

from dialogue_driver import CONTACT, TABLE, brain, scenario, standing
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.dialogue import actions, engine, events
from agentd.dialogue.actions import Action, AskFreestyle, AskIntent, Hangup, Record, Say
from agentd.dialogue.intents import Intent
from agentd.dialogue.state import Phase

BRAINS = [
    brain(scenario(**changes))
    for changes in (
        {},
        {"transfer": {"target": "conseiller"}, "background": ""},
        {"stop_when_unreachable": False, "steps": {"Q1": {"max_turns": 1, "on_deny": "goodbye"}}},
        {
            "steps": {
                "Q2": {"max_turns": 4},
                "Confirm_Time": {"text": "On rappelle.", "question": ""},
            }
        },
    )
]

_TEXTS = st.one_of(
    st.sampled_from([prefix for prefix, _, _ in TABLE]),
    st.sampled_from(["", "euh", "mmh", "demain", "blabla"]),
    st.text(max_size=30),
)
_ASK_IDS = st.integers(0, 9).map(lambda n: f"m{n}")
_SAY_IDS = st.integers(0, 20).map(lambda n: f"s{n}")
_MS = st.integers(-(10**6), 10**9)

# A step of a random call: an event of any kind, or one that fits what is going on ("live").
_WILD = st.one_of(
    st.builds(events.Answered, contact=st.just(CONTACT), when=st.just(""), seed=st.integers()),
    st.builds(events.SayStarted, _SAY_IDS),
    st.builds(events.SayDone, _SAY_IDS, st.booleans(), _MS),
    st.builds(events.SayFailed, _SAY_IDS, st.just("x")),
    st.builds(events.SpeechStarted, _MS),
    st.builds(events.Interruption, _SAY_IDS, _MS),
    st.builds(events.Overlap, _SAY_IDS, _MS, st.booleans()),
    st.builds(events.Partial, _TEXTS, _MS),
    st.builds(
        events.Utterance, _TEXTS, st.floats(0, 1), _MS, _MS, st.lists(_TEXTS, max_size=2).map(tuple)
    ),
    st.builds(events.FreestyleSentence, _ASK_IDS, _TEXTS, st.booleans()),
    st.builds(events.FreestyleFailed, _ASK_IDS, st.just("x")),
    st.builds(events.IntentGuessed, _ASK_IDS, st.sampled_from([*Intent, "nonsense"])),
    st.builds(events.TimerFired, st.text(max_size=8)),
    st.builds(events.Dtmf, st.sampled_from("0123456789*#A")),
    st.builds(events.TransferDone, st.booleans()),
    st.builds(events.Fault, st.just("x"), st.booleans()),
    st.just(events.DrainRequested()),
    st.builds(events.HungUp, st.just("NORMAL_CLEARING"), st.booleans()),
)
_LIVE = st.one_of(
    st.just("say_started"),
    st.just("say_done"),
    st.just("say_done"),
    st.just("say_failed"),
    st.just("say_cut"),
    st.just("interruption"),
    st.sampled_from(["overlap", "overlap_over"]),
    st.sampled_from(["sentence", "last", "end", "ask_failed"]),
    st.sampled_from(list(Intent)).map(lambda intent: f"guessed {intent}"),
    st.just("speaks"),
    st.just("timer ask"),
    st.sampled_from(["silence", "answer", "say", "transfer", "call", "filler", "hold"]).map(
        lambda k: f"timer {k}"
    ),
    _TEXTS.map(lambda text: f"says {text}"),
    _TEXTS.map(lambda text: f"says {text}"),
)


def _live(step: str, state: engine.CallState, now: int) -> events.Event | None:
    """The event a live step stands for where the call is, None when it does not apply."""
    kind, _, rest = step.partition(" ")
    if kind == "says":
        return events.Utterance(rest, 0.9, now - 500, now)
    if kind == "timer":
        timer_id = state.timers.get(rest)
        return events.TimerFired(timer_id) if timer_id else None
    if kind == "speaks":
        return events.SpeechStarted(now)
    asked: dict[str, Callable[[str], events.Event]] = {
        "sentence": lambda ask: events.FreestyleSentence(ask, "Cela dépend de vous."),
        "last": lambda ask: events.FreestyleSentence(ask, "Un conseiller vous le dira.", True),
        "end": lambda ask: events.FreestyleSentence(ask, "", True),
        "ask_failed": lambda ask: events.FreestyleFailed(ask, "x"),
        "guessed": lambda ask: events.IntentGuessed(ask, rest),
    }
    if kind in asked:
        return asked[kind](state.asked.ask_id) if state.asked is not None else None
    if state.speech is None:
        return None
    say_id = state.speech.say_id
    made: dict[str, events.Event] = {
        "say_started": events.SayStarted(say_id),
        "say_done": events.SayDone(say_id, True, 2000),
        "say_cut": events.SayDone(say_id, False, 700),
        "say_failed": events.SayFailed(say_id, "x"),
        "interruption": events.Interruption(say_id, now),
        "overlap": events.Overlap(say_id, now),
        "overlap_over": events.Overlap(say_id, now, over=True),
    }
    return made[kind]


class Watched:
    """A call that checks the rules of the engine at every event."""

    def __init__(self, held: engine.Brain) -> None:
        self.brain = held
        self.state = engine.new_state()
        self.ended = self.gone = False
        self.records: list[Record] = []
        self.said: list[str] = []
        self.asks: list[str] = []

    def feed(self, event: events.Event, now: int) -> None:
        asked = engine.handle(self.brain, self.state, event, now)
        self.state = self._stored()
        self.gone = self.gone or isinstance(event, events.HungUp)
        for action in asked:
            assert actions.decode(actions.encode(action)) == action
            assert isinstance(action, Record) or not (self.ended or self.gone)
            self._watch(action)
        assert 0 <= self.state.score <= 100
        assert len(self.state.heard) <= 8
        assert len(self.state.talk) <= 6
        self._never_silent()

    def _never_silent(self) -> None:
        """Whoever has the floor, something will happen next: it is being said, or a timer runs."""
        state = self.state
        if state.phase is Phase.OPEN:
            assert state.speech is None or state.speech.held == ("hold" in state.timers)
            assert state.speech is not None or state.timers.keys() & {"silence", "answer", "ask"}
        if state.phase is Phase.CLOSING:
            assert state.speech is not None or state.timers.keys() & {"answer", "machine"}
        if state.asked is not None and not state.asked.over:
            assert state.phase is Phase.OPEN
            assert state.speech is not None or "ask" in state.timers

    def _stored(self) -> engine.CallState:
        again = engine.restore(engine.dump(self.state))
        assert again == self.state
        return again

    def _watch(self, action: Action) -> None:
        match action:
            case Hangup():
                self.ended = True
            case Record():
                self.records.append(action)
                if action.kind == "step":
                    step = self.brain.scenario.steps[action.data["name"]]
                    assert 1 <= action.data["turns"] <= step.max_turns
            case (
                AskFreestyle(ask_id=ask_id, within_s=within_s)
                | AskIntent(ask_id=ask_id, within_s=within_s)
            ):
                assert ask_id not in self.asks
                assert 0 < within_s <= self.brain.timing.freestyle_s
                assert not self.state.suppressed
                self.asks.append(ask_id)
            case Say():
                if any(clip.key.startswith("freestyle/") for clip in action.clips):
                    assert not self.state.suppressed
                assert action.say_id not in self.said
                assert action.offset_ms >= 0
                self.said.append(action.say_id)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [record.data for record in standing(self.records) if record.kind == kind]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(BRAINS),
    st.sampled_from([None, {}, {"freestyle": True}, {"freestyle": True, "second_opinion": True}]),
    st.lists(st.one_of(_LIVE, _LIVE, _LIVE, _WILD), max_size=40),
)
def test_a_call_stays_a_call(
    held: engine.Brain, answered: dict[str, bool] | None, steps: list[str | events.Event]
) -> None:
    call = Watched(held)
    now = 0
    if answered is not None:
        call.feed(events.Answered(CONTACT, "2025-06-02T10:00:00+02:00", **answered), now)
    optout = False
    for step in steps:
        now += 400
        event = _live(step, call.state, now) if isinstance(step, str) else step
        if event is None:
            continue
        began = call.state.phase is not Phase.NEW
        if began and isinstance(event, events.Utterance):
            heard = (event.text, *event.alternatives)
            optout = optout or (
                bool(event.text.strip())
                and any(text.startswith("ne me rappelez plus") for text in heard)
            )
        if isinstance(event, events.IntentGuessed) and event.intent == Intent.OPTOUT:
            asked = call.state.asked
            optout = optout or (
                asked is not None
                and (asked.ask_id, asked.kind, asked.over) == (event.ask_id, "intent", False)
            )
        if began and isinstance(event, events.Dtmf):
            optout = optout or event.digit == "9"
        call.feed(event, now)
    call.feed(events.HungUp("NORMAL_CLEARING"), now + 400)
    call.feed(events.HungUp("NORMAL_CLEARING"), now + 400)

    assert len(call.of("disposition")) == 1
    assert len(call.of("suppression")) <= 1
    assert not optout or call.of("suppression")
    steps_recorded = [data["name"] for data in call.of("step")]
    assert len(set(steps_recorded)) == len(steps_recorded)
    scores = [data["score"] for data in call.of("score")]
    assert scores == sorted(scores)
    end = call.of("disposition")[0]
    if end["disposition"] == "LEAD":
        assert end["score"] >= held.scenario.threshold
    if end["disposition"] == "NOT_INTERESTED":
        assert end["score"] < held.scenario.threshold


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BRAINS), st.booleans(), st.lists(_TEXTS, max_size=60), st.data())
def test_a_call_that_is_heard_out_always_ends(
    held: engine.Brain, model: bool, texts: list[str], data: st.DataObject
) -> None:
    """Talk at every turn, then fall silent: the agent always reaches Hangup or a transfer."""
    state = engine.new_state()
    now = 0
    opening = events.Answered(CONTACT, "", freestyle=model, second_opinion=model)
    asked = engine.handle(held, state, opening, now)
    script = iter(texts)
    for _ in range(200):
        if any(isinstance(action, Hangup) for action in asked) or state.phase is Phase.OVER:
            return
        now += 3000
        text = next(script, None)
        event: events.Event
        if state.speech is not None:
            event = events.SayDone(state.speech.say_id, True, 2500)
        elif state.phase is Phase.TRANSFERRING:
            event = events.TransferDone(False)
        elif state.asked is not None:
            event = data.draw(
                st.sampled_from(
                    [
                        events.TimerFired(state.timers["ask"]),
                        events.FreestyleSentence(state.asked.ask_id, "Cela dépend.", False),
                        events.FreestyleSentence(state.asked.ask_id, "Cela dépend.", True),
                        events.FreestyleFailed(state.asked.ask_id, "x"),
                        events.IntentGuessed(state.asked.ask_id, "question"),
                    ]
                )
            )
        elif text is not None:
            event = events.Utterance(text, 0.9, now - 400, now - 100)
        else:
            event = events.TimerFired(state.timers["silence"])
        asked = engine.handle(held, state, event, now)
    raise AssertionError("the call never ended")
