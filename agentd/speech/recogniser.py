"""What a recogniser must offer, and which one the settings choose.

A `Stream` belongs to one call. Everything on it but `close` is native work: call it on `Workers`,
one call at a time for one stream.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from agentd.config import Settings
from agentd.errors import MissingResource

RATE_HZ = 16_000
Samples = NDArray[np.int16]


class Heard(msgspec.Struct, frozen=True):
    """What an utterance was taken for.

    confidence: 0 to 1, about the share of such texts that are right, whatever the recogniser.
    alternatives: other readings, best first.
    """

    text: str
    confidence: float
    alternatives: tuple[str, ...] = ()


NOTHING = Heard("", 0.0)


class Stream(Protocol):
    """One call's recognition. `utterance` is always the whole of it so far: int16 mono 16 kHz."""

    def expect(self, phrases: Sequence[str]) -> None:
        """Answers likely next; they bias, they do not restrict."""

    def partial(self, utterance: Samples) -> str:
        """What has been said so far; only called when the recogniser is `streaming`."""

    def speculate(self, utterance: Samples) -> Heard:
        """What was said, should the utterance turn out to end here. It may go on."""

    def final(self, utterance: Samples) -> Heard:
        """What was said. The stream is then ready for the next utterance."""

    def close(self) -> None:
        """Give back what the stream holds."""


class Recogniser(Protocol):
    """A loaded model, shared by every call of the process."""

    @property
    def name(self) -> str:
        """For logs, `check` and benchmarks: engine and model."""

    @property
    def streaming(self) -> bool:
        """Work is spread over the utterance by `partial`, rather than done when it ends."""

    def warm(self) -> None:
        """Load and run once, so that the first call is as fast as the hundredth. Native work."""

    def stream(self, vocabulary: Sequence[str] = ()) -> Stream:
        """A new stream. vocabulary: phrases of the call's theme, for the whole call."""


def open_recogniser(settings: Settings) -> Recogniser:
    """The recogniser of `[speech] recogniser`; `auto` prefers Vosk when its model is there.

    Nothing is loaded before `warm`. Raises MissingResource when the model is not on disk.
    """
    speech = settings.speech
    vosk = settings.path("models", speech.vosk_model)
    whisper = settings.path("models", speech.whisper_model)
    if speech.recogniser == "vosk" or (speech.recogniser == "auto" and vosk.is_dir()):
        if not (vosk / "am").is_dir():
            raise MissingResource(
                f"no Vosk model in {vosk}",
                mend="agentd models fetch vosk-fr, or set [speech] vosk_model to its folder",
            )
        from agentd.speech.vosk_engine import VoskRecogniser

        return VoskRecogniser(vosk)
    if not (whisper / "model.bin").is_file():
        raise MissingResource(
            f"no Whisper model in {whisper}", mend="agentd models fetch whisper-base"
        )
    from agentd.speech.whisper_engine import WhisperRecogniser

    return WhisperRecogniser(whisper, speech.confidence_floor, parallel=speech.threads)
