"""What ears tell of a line: turns, faults, and who speaks over us."""

import numpy as np
import pytest
from ears_line import OUI, Full, Line, Recogniser
from speech_sounds import noise, vowel

from agentd.dialogue.events import (
    Fault,
    Interruption,
    Overlap,
    Partial,
    SpeechStarted,
    Utterance,
)
from agentd.errors import SpeechError
from agentd.speech.bargein import Tuning as Barge
from agentd.speech.recogniser import Heard

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


def test_a_turn_taken_for_over_that_goes_on_is_heard_with_what_came_before():
    line = Line().silence(1).voice(0.5).silence(0.9).voice(0.5).silence(1)
    first, second = line.of(Utterance)
    assert (first.goes_on, second.goes_on) == (False, True)
    assert second.start_ms == pytest.approx(2400, abs=80)
    (_, short), (_, whole) = line.recogniser.asked
    assert whole == pytest.approx(short + 120 + 240 + 500 + 180, abs=80)
    assert np.array_equal(line.recogniser.samples[1][: short * 16], line.recogniser.samples[0])


@pytest.mark.parametrize(
    ("ours_s", "pause_s", "joins"), [(0.2, 0.7, True), (0.2, 0.9, False), (None, 2.4, False)]
)
def test_what_answers_us_is_a_turn_of_its_own(ours_s, pause_s, joins):
    line = Line().silence(1).voice(0.5).silence(0.4)
    if ours_s is not None:
        line.silence(ours_s).ears.agent_speaking("s1", True)
    line.silence(pause_s - (ours_s or 0)).voice(0.6).silence(1)
    assert [u.goes_on for u in line.of(Utterance)] == [False, joins]


def test_what_follows_a_short_line_of_ours_answers_it():
    line = Line().silence(1).voice(0.5).silence(0.6)
    line.ears.agent_speaking("s1", True)
    line.silence(0.3).ears.agent_silent()
    line.silence(0.2).voice(0.6).silence(1)
    assert [u.goes_on for u in line.of(Utterance)] == [False, False]


def test_a_recogniser_that_streams_hears_each_part_once():
    line = Line(Recogniser(streaming=True)).silence(1).voice(0.5).silence(1).voice(0.5).silence(1)
    assert [u.goes_on for u in line.of(Utterance)] == [False, False]


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
