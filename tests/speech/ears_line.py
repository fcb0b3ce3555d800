"""Ears with a recogniser and workers of the test's own, and sound to feed them."""

import time

import gevent
import numpy as np
from gevent.event import AsyncResult
from speech_sounds import noise, vowel

from agentd.config import SpeechSettings
from agentd.dialogue.events import (
    Utterance,
)
from agentd.errors import SpeechError
from agentd.speech.bargein import Tuning as Barge
from agentd.speech.ears import Ears
from agentd.speech.frames import FRAME_BYTES
from agentd.speech.recogniser import Heard

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
