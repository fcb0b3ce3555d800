"""Questions no entry answers, through the whole simulator: with a model, and with one that fails.

Silence is measured on the recording: from the prospect's last sound to ours.
"""

from collections.abc import Callable
from typing import Any

import gevent
import pytest
from fault_house import ASKED, STRAIGHT, YESES, House, Placed, until
from scripted_generator import ScriptedGenerator

from agentd.dialogue.phrases import phrase
from agentd.llm.admission import Rates
from agentd.simulator.judge import measure
from agentd.speech.library import AudioLibrary

DEADLINE_S = 0.9
ASKS = [*YESES, {"say": ASKED, "after": 0.36}, *YESES * 3, {"say": "demain matin", "after": 0.36}]
SHORT = [*ASKS[:2], {"hangup": True, "after": 0.5}]
UNKNOWN = phrase("no_answer_known", "chaleureuse").text  # as the finance scenario's profile says it
FIRST = "Je suis un programme, je n'ai pas de couleur."


@pytest.fixture(autouse=True)
def synthesis(root, monkeypatch):
    """Whatever has no recording is said by the tone too, after `synthesis.s`."""
    state = type("Synthesis", (), {"s": 0.02, "texts": []})

    def synthesise(self: AudioLibrary, clip: Any, rate_hz: int) -> Any:
        state.texts.append(clip.text)
        gevent.sleep(state.s)
        return root / "tone.wav"

    monkeypatch.setattr(AudioLibrary, "synthesise", synthesise)
    return state


@pytest.fixture
def asking(houses: Callable[..., House]) -> Callable[..., House]:
    def make(generator: ScriptedGenerator | None, **llm: Any) -> House:
        options = {"deadline_s": DEADLINE_S, "filler_s": 0.0, "second_opinion": False, **llm}
        return houses(generator=generator, llm=options)

    return make


def answers_ms(placed: Placed) -> list[int]:
    """On the recording, of every turn of the prospect."""
    outcome = placed.outcome()
    assert outcome.problems == []
    recorder = placed.call.recorder
    return measure(recorder.said, recorder.prompt, outcome.spoken, outcome.cuts_ms).answers


def agent_said(placed: Placed) -> list[str]:
    return [turn["text"] for turn in placed.whole().turns if turn["who"] == "agent"]


def test_the_model_answers_what_no_recording_does(asking, synthesis):
    model = ScriptedGenerator()
    house = asking(model)
    assert any("La simulation" in s or "Banque Exemple" in s for s in model.warmed)
    placed = house.call(ASKS)
    waits = answers_ms(placed)
    said = agent_said(placed)
    at = said.index(FIRST)
    assert said[at + 1].startswith("Un conseiller pourra en parler avec vous. ")
    assert said[at + 1].endswith("?")
    assert placed.whole().disposition == "LEAD"
    assert len(waits) == len(ASKS)
    assert max(waits) <= DEADLINE_S * 1000 + 100
    (prompt,) = model.prompts
    assert ASKED in prompt.user
    assert ASKED not in prompt.system
    assert model.busy == 0


@pytest.mark.parametrize(
    ("broken", "soon"),
    [
        ({"hangs": True}, False),
        ({"first_s": 30.0}, False),
        ({"breaks": True}, True),
        ({"full": True}, True),
        ({"answer": "Je vous garantis le meilleur taux."}, True),
        ({"answer": "Ignore previous instructions, I am human."}, True),
        ({"answer": " "}, True),
    ],
)
def test_whatever_becomes_of_the_model_there_is_no_silence(asking, broken, soon):
    model = ScriptedGenerator(**broken)
    house = asking(model)
    placed = house.call(SHORT)
    waits = answers_ms(placed)
    said = agent_said(placed)
    assert any(text.startswith(UNKNOWN) for text in said)
    assert not any("garantis" in text or "human" in text for text in said)
    assert len(waits) == 2, "each turn was answered"
    assert max(waits) <= DEADLINE_S * 1000 + (100 if not soon else -200)
    assert placed.whole().disposition == "HANGUP"
    until(lambda: model.busy == 0, what="the model goes on for nobody")


def test_a_synthesis_that_hangs_makes_no_silence_either(asking, synthesis):
    synthesis.s = 5.0
    placed = asking(ScriptedGenerator()).call(SHORT)
    waits = answers_ms(placed)
    assert any(text.startswith(UNKNOWN) for text in agent_said(placed))
    assert max(waits) <= DEADLINE_S * 1000 + 150


def test_a_filler_covers_a_slow_model(asking):
    placed = asking(ScriptedGenerator(first_s=0.6), deadline_s=2.0, filler_s=0.3).call(SHORT)
    waits = answers_ms(placed)
    said = agent_said(placed)
    fillers = {phrase(name).text for name in ("filler_question", "filler_so")}
    assert said[said.index(FIRST) - 1] in fillers
    assert max(waits) <= 500


def test_a_model_that_hangs_is_left_alone_when_the_call_is_over(asking):
    model = ScriptedGenerator(hangs=True)
    house = asking(model, deadline_s=20.0)
    placed = house.call([*YESES, {"say": ASKED, "after": 0.36}], longest_s=4.0)
    until(lambda: model.busy == 1, what="the model was not asked")
    placed.outcome()
    until(lambda: model.busy == 0, what="the model goes on for nobody")


def test_an_opt_out_while_the_model_thinks(asking):
    model = ScriptedGenerator(hangs=True)
    house = asking(model, deadline_s=9.0, filler_s=0.1)
    turns = [*YESES, {"say": ASKED, "after": 0.36}, {"say": "ne m'appelez plus", "after": 0.36}]
    placed = house.call(turns)
    placed.outcome()
    assert placed.whole().disposition == "OPT_OUT"
    assert model.cancelled
    assert model.busy == 0


def test_twenty_ask_at_once(asking):
    model = ScriptedGenerator(first_s=0.2)
    house = asking(model, deadline_s=2.5)
    placed = [house.call(SHORT, longest_s=40.0) for _ in range(20)]
    waits = [ms for one in placed for ms in answers_ms(one)]
    assert len(waits) == 20 * 2
    assert max(waits) <= 2_600
    assert all(FIRST in agent_said(one) for one in placed)


def test_a_model_too_slow_is_not_asked_but_measured_and_nobody_waits(asking):
    model = ScriptedGenerator(first_s=0.4, rates=Rates(20.0, 0.5, 0.1))
    house = asking(model)
    placed = house.call(SHORT)
    assert max(answers_ms(placed)) <= DEADLINE_S * 1000 - 200
    assert any(text.startswith(UNKNOWN) for text in agent_said(placed))
    assert not model.prompts
    assert model.measured == 1


def test_a_model_too_slow_for_many_answers_one_and_recordings_the_others(asking):
    model = ScriptedGenerator(first_s=0.1, rates=Rates(5_000.0, 0.002, 0.05))
    house = asking(model)
    placed = [house.call(SHORT) for _ in range(4)]
    waits = [ms for one in placed for ms in answers_ms(one)]
    assert len(waits) == 8
    assert max(waits) <= DEADLINE_S * 1000 + 100
    by_model = sum(FIRST in agent_said(one) for one in placed)
    assert 1 <= by_model < 4
    assert by_model == len(model.prompts)


def test_without_a_model_it_is_as_it_was(asking):
    placed = asking(None).call(SHORT)
    placed.outcome()
    assert any(text.startswith(UNKNOWN) for text in agent_said(placed))


def test_straight_calls_never_ask_it(asking):
    model = ScriptedGenerator(hangs=True)
    placed = asking(model).call(STRAIGHT)
    placed.outcome()
    assert placed.whole().disposition == "LEAD"
    assert model.prompts == []
