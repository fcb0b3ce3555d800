from agentd.speech.bargein import BargeIn, Tuning
from agentd.speech.frames import FRAME_MS

TUNING = Tuning()
LOUD, ECHO = 900.0, 90.0


def judged(pattern):
    """pattern: (voiced, rms, ms); when it was called an interruption, in ms, or None."""
    judge, now = BargeIn(TUNING), 0
    for voiced, rms, length in pattern:
        for _ in range(length // FRAME_MS):
            now += FRAME_MS
            if judge.feed(voiced, rms):
                return now
    return None


def test_somebody_who_goes_on_interrupts():
    assert judged([(False, 20, 200), (True, LOUD, 900)]) == 200 + TUNING.voiced_ms


def test_a_backchannel_does_not():
    assert judged([(True, LOUD, 300), (False, 20, 2000), (True, LOUD, 300)]) is None


def test_our_own_echo_does_not():
    assert judged([(True, ECHO, 5000)]) is None


def test_it_is_said_once():
    judge = BargeIn(TUNING)
    assert sum(judge.feed(True, LOUD) for _ in range(200)) == 1
