"""Ears whose recogniser takes its time: what is decoded when, and what is given up."""

import time
from collections import Counter

import gevent
import numpy as np
import pytest
from ears_line import OUI, Full, Line, Recogniser, wait_for
from gevent import monkey
from gevent.event import AsyncResult
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_sounds import noise, vowel

from agentd.dialogue.events import (
    Fault,
    Partial,
    SpeechStarted,
    Utterance,
)
from agentd.speech import ears as ears_module
from agentd.speech.frames import FRAME_BYTES
from agentd.speech.recogniser import Heard
from agentd.speech.workers import NotBegun, Workers

NativeEvent = monkey.get_original("threading", "Event")


@pytest.fixture
def workers():
    workers = Workers(threads=2, queue=8)
    yield workers
    workers.close()


@pytest.fixture
def gate():
    gate = NativeEvent()
    yield gate
    gate.set()


def held(gate, heard):
    """An answer that comes when the gate opens."""

    def answer(kind):
        assert gate.wait(10)
        return heard

    return answer


def test_a_turn_that_ends_while_it_is_decoded_is_decoded_once(workers, gate):
    line = Line(Recogniser(OUI, held(gate, OUI)), workers).silence(1).voice(0.5).silence(1.5)
    assert line.texts == []
    gate.set()
    wait_for(lambda: line.texts == ["oui"])
    gevent.sleep(0.05)
    assert line.recogniser.kinds == ["speculate"]
    assert len(line.of(Utterance)) == 1


def test_turns_that_come_faster_than_they_are_decoded_keep_their_order(workers, gate):
    answers = (held(gate, Heard("un", 0.9)), Heard("deux", 0.9), Heard("trois", 0.9))
    line = Line(Recogniser(OUI, *answers), workers).silence(1)
    for _ in range(3):
        line.voice(0.4).silence(1)
    assert line.texts == []
    gate.set()
    wait_for(lambda: len(line.texts) == 3)
    assert line.texts == ["un", "deux", "trois"]
    starts = [u.start_ms for u in line.of(Utterance)]
    assert starts == [s.at_ms for s in line.of(SpeechStarted)]


def test_a_stale_speculation_is_not_told(workers, gate):
    answers = (held(gate, Heard("oui", 0.9)), Heard("oui mais non", 0.9))
    line = Line(Recogniser(OUI, *answers), workers)
    line.silence(1).voice(0.4).silence(0.24).voice(0.4)
    gate.set()
    gevent.sleep(0.05)
    assert not line.of(Partial)
    line.silence(0.3)
    wait_for(lambda: line.of(Partial))
    line.silence(1)
    wait_for(lambda: line.texts == ["oui mais non"])


def test_a_recognition_that_never_ends_is_left_behind(workers, gate, monkeypatch):
    monkeypatch.setattr(ears_module, "FINAL_TIMEOUT_S", 0.1)
    line = Line(Recogniser(OUI, held(gate, OUI)), workers)
    line.silence(1).voice(0.4).silence(1)
    wait_for(lambda: len(line.of(Utterance)) == 1)
    line.voice(0.4).silence(1)
    wait_for(lambda: len(line.of(Utterance)) == 2)
    stuck, used = line.recogniser.streams
    assert stuck.inside == 1
    assert not stuck.closed, "closed under the thread that is in it"
    gate.set()
    wait_for(lambda: stuck.closed)
    assert not used.closed
    assert line.texts[-1] == "oui"


def test_a_call_that_ends_during_a_decode_says_nothing_more(workers, gate):
    line = Line(Recogniser(OUI, held(gate, OUI)), workers).silence(1).voice(0.5).silence(1)
    before = len(line.events)
    line.ears.close()
    line.ears.close()
    line.voice(0.5).silence(1)
    stream = line.recogniser.streams[0]
    assert not stream.closed, "closed under the thread that is in it"
    gate.set()
    wait_for(lambda: stream.closed)
    assert len(line.events) == before


def test_a_frame_costs_far_less_than_it_lasts():
    line = Line(workers=Full())
    sound = np.concatenate([vowel(5), noise(5, -60)])
    raw = (sound * 32767).astype(np.int16).tobytes()
    chunks = [raw[i : i + FRAME_BYTES] for i in range(0, len(raw), FRAME_BYTES)]
    times = []
    for chunk in chunks:
        began = time.perf_counter()
        line.ears.feed(chunk)
        times.append(time.perf_counter() - began)
    assert sorted(times)[len(times) // 2] < 0.001


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("vs"), st.sampled_from((0.02, 0.1, 0.3, 0.7, 1.3))), max_size=14
    ),
    st.lists(st.sampled_from((OUI, Heard("", 0.0), Heard("oui mais", 0.9), ValueError("x")))),
    st.booleans(),
)
def test_every_speech_started_is_followed_by_exactly_one_utterance(script, answers, streaming):
    line = Line(Recogniser(OUI, *answers, streaming=streaming)).silence(0.5)
    for kind, seconds in script:
        line.voice(seconds) if kind == "v" else line.silence(seconds)
    line.silence(2)
    order = [type(e).__name__ for e in line.events if isinstance(e, SpeechStarted | Utterance)]
    assert order == ["SpeechStarted", "Utterance"] * (len(order) // 2)
    counts = Counter(order)
    assert counts["SpeechStarted"] == counts["Utterance"]
    if any(seconds >= 0.3 for kind, seconds in script if kind == "v"):
        assert order


class Slow:
    """Workers whose work waits until it is let go, in the order it is done then."""

    def __init__(self):
        self.jobs = []

    def submit(self, work, *arguments, later=False):
        job = WaitingJob(work, arguments)
        self.jobs.append(job)
        return job


class WaitingJob(AsyncResult):
    seconds = 0.0

    def __init__(self, work, arguments):
        super().__init__()
        self.work, self.arguments, self.begun = work, arguments, False

    def cancel(self):
        if not self.begun:
            self.set_exception(NotBegun("given up"))
        return not self.begun

    def abandon(self):
        pass

    def do(self):
        self.begun = True
        self.set(self.work(*self.arguments))


def test_a_look_at_a_pause_that_is_over_holds_up_no_answer():
    """He paused, went on, and has finished; the machine is busy and has looked at nothing yet."""
    slow = Slow()
    line = Line(workers=slow)
    line.silence(0.5).voice(0.6).silence(0.24).voice(0.6).silence(1.5)
    early, *rest = slow.jobs
    with pytest.raises(NotBegun):
        early.get(block=False)
    while rest:
        for job in rest:
            job.do()
            gevent.sleep(0)
        rest = [job for job in slow.jobs if not job.ready()]
    gevent.sleep(0)
    assert len(line.of(Utterance)) == 1
    assert line.ears.unheard == 0
    assert line.of(Fault) == []
