"""Vosk: the recogniser for production. Streaming, with word confidences."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentd.errors import SpeechError
from agentd.speech import candidates as cand
from agentd.speech.recogniser import NOTHING, RATE_HZ, Heard, Samples

MOST_IDLE = 64  # recognisers kept for reuse: fresh ones cost 80 ms and decode twice as slowly


class VoskRecogniser:
    """One model, and recognisers that are reset rather than made again."""

    streaming = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._model: Any = None
        self._idle: list[Any] = []

    @property
    def name(self) -> str:
        """Engine and model."""
        return f"vosk ({self._folder.name})"

    def warm(self) -> None:
        """Load the model (seconds) and make one recogniser."""
        with self._lock:
            if self._model is not None:
                return
            import vosk

            vosk.SetLogLevel(-1)
            try:
                self._model = vosk.Model(str(self._folder))
            except Exception as error:  # noqa: BLE001 - vosk raises no other
                raise SpeechError(
                    f"the Vosk model in {self._folder} cannot be loaded: {error}",
                    mend="agentd models fetch vosk-fr",
                ) from None
        self.give_back(self.take())

    def stream(self, vocabulary: Sequence[str] = ()) -> "VoskStream":
        """A new stream. Vosk decodes openly: a grammar would turn any sound into an answer."""
        return VoskStream(self)

    def take(self) -> Any:
        """A native recogniser, reset. Native work when none is idle."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        if self._model is None:
            raise SpeechError("the recogniser was not warmed")
        import vosk

        made = vosk.KaldiRecognizer(self._model, RATE_HZ)
        made.SetWords(True)
        return made

    def give_back(self, recogniser: Any) -> None:
        """Reset and keep for the next utterance."""
        recogniser.Reset()
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(recogniser)


class VoskStream:
    """One call. Holds a native recogniser only while an utterance goes on."""

    def __init__(self, recogniser: VoskRecogniser) -> None:
        self._owner = recogniser
        self._native: Any = None
        self._fed = 0
        self._before: list[dict[str, Any]] = []
        self._expected: tuple[str, ...] = cand.COMMON

    def expect(self, phrases: Sequence[str]) -> None:
        """Answers likely next: they support a reading that sounds like one of them."""
        self._expected = (*phrases, *cand.COMMON)

    def partial(self, utterance: Samples) -> str:
        """What has been said so far."""
        self._feed(utterance)
        going_on = str(json.loads(self._native.PartialResult()).get("partial", ""))
        return " ".join(filter(None, (_text(self._before), going_on)))

    def speculate(self, utterance: Samples) -> Heard:
        """The partial text; how sure it is, Vosk tells only at the end."""
        return Heard(self.partial(utterance), 0.5)

    def final(self, utterance: Samples) -> Heard:
        """What was said; confidence is the mean of the words', and what the step expects."""
        self._feed(utterance)
        words = [*self._before, *json.loads(self._native.FinalResult()).get("result", [])]
        self._rest()
        if not words:
            return NOTHING
        sure = sum(float(w.get("conf", 0.0)) for w in words) / len(words)
        heard = _text(words)
        text, sure = cand.lean(heard, sure, self._expected)
        return Heard(text, round(sure, 3), (heard,) if heard != text else ())

    def close(self) -> None:
        """Give the native recogniser back."""
        if self._native is not None:
            self._rest()

    def _feed(self, utterance: Samples) -> None:
        if self._native is None or utterance.size < self._fed:
            self._rest()
            self._native = self._owner.take()
        new = utterance[self._fed :]
        self._fed = utterance.size
        if new.size and self._native.AcceptWaveform(new.tobytes()):
            # Vosk ended a sentence of its own; the turn may go on.
            self._before += json.loads(self._native.Result()).get("result", [])

    def _rest(self) -> None:
        if self._native is not None:
            self._owner.give_back(self._native)
        self._native, self._fed, self._before = None, 0, []


def _text(words: Sequence[dict[str, Any]]) -> str:
    return " ".join(str(w["word"]) for w in words if w.get("word") != "[unk]")
