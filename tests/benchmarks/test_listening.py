"""The bench's ears in audio time: what a recognition costs reaches the call as that much audio."""

import numpy as np
import pytest

from agentd.dialogue.events import Interruption, Utterance
from agentd.speech.recogniser import Heard
from benchmarks.listening import Deaf, Listener


class Slow(Deaf):
    """Says "oui", 700 ms after it was asked."""

    def recall(self, kind, samples, phrases):
        self.took = 0.7
        return Heard("oui", 0.9)


def voice(ms):
    t = np.arange(16 * ms) / 16_000
    sound = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20))
    return frames(sound * 3_000)


def frames(sound):
    raw = sound.astype(np.int16).tobytes()
    return [raw[at : at + 640] for at in range(0, len(raw), 640)]


def silence(ms):
    return frames(np.zeros(16 * ms))


@pytest.mark.parametrize(("memory", "after"), [(Slow(), 180 + 700), (Deaf(), 740)])
def test_a_recognition_takes_its_time_of_audio(memory, after):
    listener = Listener(memory)
    listener.hear(silence(500) + voice(400) + silence(2_500))
    ((ms, utterance),) = [(m, e) for m, e in listener.events if isinstance(e, Utterance)]
    assert ms == pytest.approx(900 + after, abs=100)
    assert utterance.end_ms == pytest.approx(900, abs=60)
    listener.close()


def test_listening_stops_at_what_is_waited_for():
    listener = Listener(Deaf())
    listener.ears.agent_speaking("s1", True)
    assert listener.hear(silence(300) + voice(2_000), lambda e: isinstance(e, Interruption))
    assert 700 < listener.ms < 1_100
    listener.close()
