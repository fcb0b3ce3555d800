import time
from collections import Counter

import gevent
import numpy as np
import pytest
from gevent import monkey
from gevent.event import AsyncResult
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_sounds import noise, vowel

from agentd.config import SpeechSettings
from agentd.dialogue.events import (
    Fault,
    Interruption,
    Overlap,
    Partial,
    SpeechStarted,
    Utterance,
)
from agentd.errors import SpeechError
from agentd.speech import ears as ears_module
from agentd.speech.bargein import Tuning as Barge
from agentd.speech.ears import Ears
from agentd.speech.frames import FRAME_BYTES
from agentd.speech.recogniser import Heard
from agentd.speech.workers import NotBegun, Workers

NativeEvent = monkey.get_original("threading", "Event")
OUI = Heard("oui", 0.9)


class Stream:
    """Says what it is told to say, and notes what it was asked."""

    def __init__(self, owner):
        self.owner = owner
        self.closed = False
        self.inside = 0

    def _answer(self, kind, samples):
        assert not self.closed, "used after it was closed"
        assert self.inside == 0, "two threads in one stream"
        self.inside += 1
        try:
            self.owner.asked.append((kind, samples.size // 16))
            self.owner.samples.append(samples)
            answer = self.owner.answers.pop(0) if self.owner.answers else self.owner.usual
            if isinstance(answer, Exception):
                raise answer
            return answer(kind) if callable(answer) else answer
        finally:
            self.inside -= 1

    def expect(self, phrases):
        self.owner.expected.append(tuple(phrases))

    def partial(self, samples):
        return self._answer("partial", samples).text

    def speculate(self, samples):
        return self._answer("speculate", samples)

    def final(self, samples):
        return self._answer("final", samples)

    def close(self):
        assert self.inside == 0, "closed while a thread is in it"
        self.closed = True


class Recogniser:
    name = "fake"

    def __init__(self, usual=OUI, *answers, streaming=False):
        self.usual, self.answers, self.streaming = usual, list(answers), streaming
        self.asked, self.samples, self.expected, self.streams = [], [], [], []

    def warm(self):
        pass

    def stream(self, vocabulary=()):
        self.streams.append(Stream(self))
        return self.streams[-1]

    @property
    def kinds(self):
        return [kind for kind, _ in self.asked]


class DoneJob(AsyncResult):
    seconds = 0.0

    def cancel(self):
        return False

    def abandon(self):
        pass


class Inline:
    """Workers that are done at once, on this thread."""

    def submit(self, work, *arguments, later=False):
        job = DoneJob()
        try:
            job.set(work(*arguments))
        except Exception as error:  # noqa: BLE001 - as Workers does
            job.set_exception(error)
        return job


class Full:
    def submit(self, work, *arguments, later=False):
        raise SpeechError("full")


class Line:
    """Ears, what they said, and sound to feed them."""

    def __init__(self, recogniser=None, workers=None, barge=None, **options):
        self.recogniser = recogniser or Recogniser()
        self.events = []
        self.ears = Ears(
            self.events.append,
            self.recogniser,
            workers or Inline(),
            SpeechSettings(**options),
            barge=barge or Barge(),
        )

    def hear(self, sound, chunk=FRAME_BYTES):
        raw = (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes()
        for start in range(0, len(raw), chunk):
            self.ears.feed(raw[start : start + chunk])
            gevent.sleep(0)
        gevent.sleep(0)
        return self

    def silence(self, seconds, chunk=FRAME_BYTES):
        return self.hear(noise(seconds, -65), chunk)

    def voice(self, seconds, db=-20, chunk=FRAME_BYTES):
        return self.hear(vowel(seconds, db), chunk)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def texts(self):
        return [event.text for event in self.of(Utterance)]


def wait_for(until, timeout=5.0):
    deadline = time.monotonic() + timeout
    while not until():
        assert time.monotonic() < deadline, "never happened"
        gevent.sleep(0.005)


# -- turns ----------------------------------------------------------------------------------


def test_a_turn_is_told_in_order_with_its_times():
    line = Line().silence(1).voice(0.5).silence(1)
    assert [type(event) for event in line.events] == [SpeechStarted, Partial, Utterance]
    started, partial, utterance = line.events
    assert started.at_ms == pytest.approx(1000, abs=60)
    assert partial.text == utterance.text == "oui"
    assert utterance.start_ms == started.at_ms
    assert utterance.end_ms == pytest.approx(1500, abs=80)
    assert utterance.confidence == 0.9


def test_times_count_from_the_answer_not_from_the_first_sound():
    line = Line()
    line.ears.base_ms = 340
    line.silence(1).voice(0.5).silence(1)
    assert line.of(SpeechStarted)[0].at_ms == pytest.approx(1340, abs=60)
    assert line.ears.audio_ms == 2500


@pytest.mark.parametrize("chunk", [640, 320, 641, 7, 64_000])
def test_how_the_bytes_are_cut_changes_nothing(chunk):
    sound = np.concatenate([noise(1, -65), vowel(0.5), noise(1, -65)])
    line, other = Line().hear(sound), Line().hear(sound, chunk)
    assert other.of(SpeechStarted) == line.of(SpeechStarted)
    assert [u.start_ms for u in other.of(Utterance)] == [u.start_ms for u in line.of(Utterance)]
    if chunk < 64_000:  # two seconds at once leave no time to decode before the end
        assert other.of(Utterance) == line.of(Utterance)


def test_silence_and_clicks_say_nothing():
    line = Line().silence(2).hear(noise(0.02, -15)).silence(2)
    assert line.events == []
    assert line.recogniser.asked == []


def test_no_audio_at_all_is_nothing():
    line = Line()
    line.ears.feed(b"")
    line.ears.close()
    assert line.events == []
    assert line.recogniser.streams[0].closed


def test_the_sound_before_speech_was_noticed_is_recognised_too():
    line = Line().silence(1).voice(0.5).silence(1)
    _, ms = line.recogniser.asked[0]
    assert ms == pytest.approx(240 + 500 + 180, abs=80)


def test_the_speculation_at_the_pause_is_the_answer_at_the_end():
    line = Line().silence(1).voice(0.5).silence(1)
    assert line.recogniser.kinds == ["speculate"]


def test_a_complete_answer_ends_the_turn_sooner_than_an_unfinished_one():
    def silence_needed(text):
        line = Line(Recogniser(Heard(text, 0.9))).silence(1).voice(0.5)
        began = line.ears.audio_ms
        while not line.of(Utterance) and line.ears.audio_ms < began + 3000:
            line.silence(0.02)
        return line.ears.audio_ms - began

    quick, usual, patient = map(silence_needed, ("oui", "il fait beau", "oui mais"))
    assert quick == pytest.approx(300, abs=80)
    assert usual == pytest.approx(740, abs=80)
    assert patient == pytest.approx(1200, abs=80)


@pytest.mark.parametrize(
    ("heard", "ms"),
    [
        (Heard("oui", 0.9), 300),
        (Heard("oui", 0.6), 740),  # perhaps only the beginning of something
        (Heard("oui", 0.9, ("oui mais",)), 740),
        (Heard("oui", 0.6, ("oui mais",)), 740),
        (Heard("j'ai fini de payer", 0.9), 300),  # expected as a whole at this step
        (Heard("", 0.1), 740),
    ],
)
def test_how_sure_the_recogniser_is_decides_how_soon_a_turn_is_over(heard, ms):
    line = Line(Recogniser(heard))
    line.ears.listen("Q1", ("J'ai fini de payer !",))
    line.silence(1).voice(0.5)
    began = line.ears.audio_ms
    while not line.of(Utterance) and line.ears.audio_ms < began + 3000:
        line.silence(0.02)
    assert line.ears.audio_ms - began == pytest.approx(ms, abs=80)


def test_speech_that_goes_on_is_recognised_whole():
    answers = (Heard("oui mais", 0.9), Heard("oui mais c'est trop cher", 0.8))
    line = Line(Recogniser(OUI, *answers)).silence(1).voice(0.4).silence(0.3).voice(0.6).silence(1)
    assert line.texts == ["oui mais c'est trop cher"]
    assert [p.text for p in line.of(Partial)] == ["oui mais", "oui mais c'est trop cher"]
    first, second = line.recogniser.asked
    assert second[1] > first[1] + 800


def test_two_turns_are_two_utterances():
    line = Line(Recogniser(OUI, OUI, Heard("non", 0.8)))
    line.silence(1).voice(0.4).silence(1).voice(0.4).silence(1)
    assert line.texts == ["oui", "non"]
    assert len(line.of(SpeechStarted)) == 2


def test_a_turn_without_end_is_cut():
    line = Line(max_utterance_ms=1000).silence(1)
    for _ in range(10):
        line.voice(0.2).silence(0.06)
    line.silence(1)
    assert len(line.of(Utterance)) == len(line.of(SpeechStarted)) >= 2
    assert all(u.end_ms - u.start_ms <= 1000 for u in line.of(Utterance))


def test_expectations_reach_the_recogniser_once():
    line = Line()
    line.ears.listen("Q1", ("oui", "j'en ai un"))
    line.silence(1).voice(0.4).silence(1).voice(0.4).silence(1)
    assert line.recogniser.expected == [("oui", "j'en ai un")]


def test_what_is_not_sure_enough_is_unclear_never_a_guess():
    doubtful = Heard("ne m'appelez plus", 0.2, ("je m'appelle",))
    line = Line(Recogniser(doubtful), confidence_floor=0.35).silence(1).voice(0.5).silence(1)
    (utterance,) = line.of(Utterance)
    assert (utterance.text, utterance.confidence) == ("", 0.2)
    assert utterance.alternatives == ("ne m'appelez plus", "je m'appelle")


# -- a recogniser that streams --------------------------------------------------------------


def test_a_streaming_recogniser_is_fed_during_speech_and_asked_at_the_end():
    line = Line(Recogniser(streaming=True)).silence(1).voice(1.2).silence(1)
    kinds = line.recogniser.kinds
    assert kinds.count("partial") >= 3
    assert kinds[-1] == "final"
    assert kinds.count("final") == 1
    sizes = [ms for _, ms in line.recogniser.asked]
    assert sizes == sorted(sizes), "a streaming recogniser is never given less than before"
    assert line.texts == ["oui"]


def test_a_streaming_recogniser_s_failed_partial_costs_nothing():
    line = Line(Recogniser(OUI, RuntimeError("decoder"), streaming=True))
    line.silence(1).voice(1.0).silence(1)
    assert line.texts == ["oui"]


# -- what goes wrong ------------------------------------------------------------------------


def test_a_failed_speculation_is_tried_again_at_the_end():
    line = Line(Recogniser(OUI, RuntimeError("native"))).silence(1).voice(0.5).silence(1)
    assert line.recogniser.kinds == ["speculate", "final"]
    assert line.texts == ["oui"]
    assert not line.of(Fault)


def test_a_recogniser_that_always_fails_gives_empty_turns_and_one_fault():
    line = Line(Recogniser(RuntimeError("native")))
    for _ in range(4):
        line.silence(1).voice(0.4).silence(1)
    assert line.texts == ["", "", "", ""]
    assert [u.confidence for u in line.of(Utterance)] == [0, 0, 0, 0]
    (fault,) = line.of(Fault)
    assert "native" in fault.reason
    assert line.ears.unheard == 4


def test_failures_that_are_not_in_a_row_are_no_fault():
    error = SpeechError("once")
    line = Line(Recogniser(OUI, error, error, OUI, error, error, OUI))
    for _ in range(3):
        line.silence(1).voice(0.4).silence(1)
    assert not line.of(Fault)


def test_a_full_pool_gives_an_empty_turn_and_is_no_fault():
    line = Line(workers=Full())
    for _ in range(5):
        line.silence(1).voice(0.4).silence(1)
    assert line.texts == [""] * 5
    assert line.ears.unheard == 5
    assert not line.of(Fault)


def test_a_stream_that_was_refused_its_end_is_not_used_for_the_next_turn():
    """What it was fed of this turn must not be heard in the next."""
    line = Line(Recogniser(streaming=True))
    line.silence(1).voice(1.0)
    workers, line.ears._workers = line.ears._workers, Full()
    line.silence(1)
    line.ears._workers = workers
    line.voice(1.0).silence(1)
    assert line.texts == ["", "oui"]
    first, second = line.recogniser.streams
    assert first.closed
    assert not second.closed


# -- time -----------------------------------------------------------------------------------


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


# -- while we speak -------------------------------------------------------------------------


def test_a_person_who_goes_on_interrupts_once():
    line = Line().silence(1)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.silence(0.5).voice(1.5).silence(1)
    (interruption,) = line.of(Interruption)
    assert interruption.say_id == "say-1"
    assert interruption.at_ms == pytest.approx(1500 + 460, abs=80)
    assert line.texts == ["oui"]


@pytest.mark.parametrize("seconds", [0.12, 0.26, 0.34])
def test_a_short_sound_does_not(seconds):
    line = Line().silence(1)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.silence(0.5).voice(seconds).silence(1)
    assert not line.of(Interruption)
    assert line.texts == ["oui"], "it is heard all the same"


def test_a_short_sound_is_waited_out():
    line = Line().silence(1)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.silence(0.5).voice(0.3).silence(1)
    begun, over = line.of(Overlap)
    assert (begun.over, over.over) == (False, True)
    assert begun.at_ms == pytest.approx(1500 + 80, abs=60)
    assert over.at_ms == pytest.approx(1800 + 360, abs=60)


def test_without_holding_on_there_is_only_the_interruption():
    line = Line(barge=Barge(hesitate=False)).silence(1)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.silence(0.5).voice(1.5).silence(1)
    assert not line.of(Overlap)
    assert len(line.of(Interruption)) == 1


def test_a_say_that_may_not_be_interrupted_is_not_but_what_is_said_is_heard():
    line = Line().silence(1)
    line.ears.agent_speaking("disclosure", interruptible=False)
    line.silence(0.5).voice(1.5).silence(1)
    assert not line.of(Interruption)
    assert line.texts == ["oui"]


def test_speech_that_begins_over_ours_and_goes_on_after_is_one_turn():
    line = Line().silence(1)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.silence(0.5).voice(0.4)
    line.ears.agent_silent()
    line.voice(0.6).silence(1)
    assert not line.of(Interruption)
    (utterance,) = line.of(Utterance)
    assert utterance.start_ms == pytest.approx(1500, abs=60)
    assert utterance.end_ms == pytest.approx(2500, abs=100)


def test_speech_going_on_when_we_begin_may_interrupt_us():
    line = Line().silence(1).voice(0.5)
    line.ears.agent_speaking("say-2", interruptible=True)
    line.voice(0.7).silence(1)
    assert [i.say_id for i in line.of(Interruption)] == ["say-2"]
    assert len(line.of(Utterance)) == 1


def test_each_say_is_judged_anew():
    line = Line().silence(1)
    for say in ("a", "b"):
        line.ears.agent_speaking(say, interruptible=True)
        line.voice(0.7).silence(1.0)
        line.ears.agent_silent()
    assert [i.say_id for i in line.of(Interruption)] == ["a", "b"]


@pytest.mark.parametrize("echo_db", [-30, -40])
def test_our_own_echo_is_no_speech(echo_db):
    """Ours is at -20 dBFS, the echo that much below; the person has not been heard yet."""
    line = Line().silence(1)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.voice(3, db=-20 + echo_db)
    line.ears.agent_silent()
    line.voice(0.2, db=-20 + echo_db).silence(1)  # the last of it comes back after its end
    assert line.events == []


def test_once_the_person_was_heard_a_loud_echo_is_no_speech_either():
    line = Line().silence(1).voice(1.0, db=-20).silence(1)
    told = len(line.events)
    line.ears.agent_speaking("say-1", interruptible=True)
    line.voice(3, db=-38)
    assert len(line.events) == told
    line.voice(1.0, db=-20).silence(1)
    assert len(line.of(Interruption)) == 1


def test_a_quiet_person_is_heard_when_we_are_silent():
    line = Line().silence(1).voice(0.5, db=-42).silence(1)
    assert line.texts == ["oui"]


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
