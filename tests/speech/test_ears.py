"""The ears with a recogniser that answers at once, on sound made of tones and silence."""

import gevent
import numpy as np
import pytest

from agentd.config import SpeechSettings
from agentd.dialogue import events as ev
from agentd.errors import SpeechError
from agentd.speech.ears import MOST_FAILURES, Ears
from agentd.speech.recogniser import Heard
from agentd.speech.workers import Workers

OUI = Heard("oui", 0.9)


class FakeRecogniser:
    """Hears what the test says, and notes what it was asked."""

    name = "fake"
    streaming = False

    def __init__(self, heard=OUI, error=None):
        self.heard, self.error, self.asked, self.expected = heard, error, [], []

    def warm(self):
        return

    def stream(self, vocabulary=()):
        return self

    def expect(self, phrases):
        self.expected.append(tuple(phrases))

    def _answer(self, kind, utterance):
        self.asked.append((kind, utterance.size))
        if self.error:
            raise self.error
        return self.heard

    def speculate(self, utterance):
        return self._answer("speculate", utterance)

    def final(self, utterance):
        return self._answer("final", utterance)

    def partial(self, utterance):
        return self._answer("partial", utterance).text

    def close(self):
        self.asked.append(("close", 0))


def voice(ms, seed=0):
    """Something webrtcvad calls speech: a voiced buzz with syllables."""
    t = np.arange(16 * ms) / 16_000
    buzz = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20))
    return (2500 * buzz * (1 + 0.5 * np.sin(2 * np.pi * 4 * t))).astype(np.int16).tobytes()


def silence(ms):
    return np.random.default_rng(0).normal(0, 5, 16 * ms).astype(np.int16).tobytes()


@pytest.fixture
def listen():
    workers = Workers(2, 20)

    def make(recogniser, **settings):
        told = []
        ears = Ears(told.append, recogniser, workers, SpeechSettings(**settings))
        return ears, told

    yield make
    workers.close()


def hear(ears, *parts, chunk=640):
    """In real order, with time for recognition between frames, but not in real time."""
    for part in parts:
        for start in range(0, len(part), chunk):
            ears.feed(part[start : start + chunk])
            gevent.sleep(0.0005)
    gevent.sleep(0.05)


def names(told):
    return [type(e).__name__ for e in told]


def test_a_turn_is_a_start_and_one_utterance(listen):
    ears, told = listen(FakeRecogniser())
    hear(ears, silence(500), voice(600), silence(1500))
    assert [n for n in names(told) if n != "Partial"] == ["SpeechStarted", "Utterance"]
    utterance = told[-1]
    assert utterance.text == "oui"
    assert 350 <= utterance.start_ms <= 560
    assert 1000 <= utterance.end_ms <= 1250


def test_what_was_recognised_in_the_pause_is_not_recognised_again(listen):
    recogniser = FakeRecogniser()
    ears, _ = listen(recogniser)
    hear(ears, silence(300), voice(600), silence(1500))
    assert [kind for kind, _ in recogniser.asked] == ["speculate"]


def test_going_on_makes_the_speculation_stale(listen):
    recogniser = FakeRecogniser(Heard("peut-être", 0.9))
    ears, told = listen(recogniser)
    hear(ears, silence(300), voice(600), silence(260), voice(600), silence(1500))
    sizes = [size for kind, size in recogniser.asked if kind == "speculate"]
    assert len(sizes) == 2
    assert sizes[1] > sizes[0] + 600 * 16
    assert names(told).count("Utterance") == 1


def test_a_complete_answer_ends_sooner_than_an_unfinished_one(listen):
    ends = {}
    for text in ("oui", "oui mais"):
        ears, told = listen(FakeRecogniser(Heard(text, 0.9)))
        hear(ears, silence(300), voice(600))
        fed = 0
        while "Utterance" not in names(told) and fed < 3000:
            hear(ears, silence(20))
            fed += 20
        ends[text] = fed
    assert ends["oui"] < 600 < 1000 < ends["oui mais"]


def test_a_failing_recogniser_still_ends_every_turn_and_at_last_the_call(listen):
    ears, told = listen(FakeRecogniser(error=SpeechError("broken")))
    for _ in range(MOST_FAILURES):
        hear(ears, silence(500), voice(500), silence(1500))
    assert names(told).count("SpeechStarted") == names(told).count("Utterance") == MOST_FAILURES
    assert all(e.text == "" for e in told if isinstance(e, ev.Utterance))
    assert names(told).count("Fault") == 1


def test_somebody_talking_over_us_interrupts_and_a_cough_does_not(listen):
    ears, told = listen(FakeRecogniser())
    ears.agent_speaking("s1", interruptible=True)
    hear(ears, silence(500), voice(200), silence(1200))
    assert "Interruption" not in names(told)
    hear(ears, voice(900), silence(1200))
    assert [e.say_id for e in told if isinstance(e, ev.Interruption)] == ["s1"]


def test_what_cannot_be_interrupted_is_not(listen):
    ears, told = listen(FakeRecogniser())
    ears.agent_speaking("s1", interruptible=False)
    hear(ears, silence(300), voice(1500), silence(1200))
    assert "Interruption" not in names(told)


def test_what_is_expected_reaches_the_recogniser(listen):
    recogniser = FakeRecogniser()
    ears, _ = listen(recogniser)
    ears.listen("Q1", ("oui", "j'en ai un"))
    hear(ears, silence(300), voice(500), silence(1500))
    assert recogniser.expected == [("oui", "j'en ai un")]


def test_odd_chunks_are_heard_alike(listen):
    ears, told = listen(FakeRecogniser())
    hear(ears, silence(500) + voice(600) + silence(1500), chunk=333)
    assert [n for n in names(told) if n != "Partial"] == ["SpeechStarted", "Utterance"]


def test_nothing_is_told_after_close(listen):
    recogniser = FakeRecogniser()
    ears, told = listen(recogniser)
    hear(ears, silence(300), voice(500))
    ears.close()
    before = len(told)
    hear(ears, silence(1500), voice(500), silence(1500))
    assert len(told) == before
    assert ("close", 0) in recogniser.asked


def test_noise_is_no_speech(listen):
    ears, told = listen(FakeRecogniser())
    hiss = np.random.default_rng(1).normal(0, 40, 16 * 3000).astype(np.int16).tobytes()
    hear(ears, hiss)
    assert told == []
