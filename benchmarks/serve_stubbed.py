"""`agentd serve` with a recogniser that costs nothing and always hears "oui": what is left is what
agentd itself does for a call."""

from gevent import monkey

monkey.patch_all()

from collections.abc import Sequence  # noqa: E402

from agentd import server  # noqa: E402
from agentd.__main__ import main  # noqa: E402
from agentd.config import Settings  # noqa: E402
from agentd.speech.recogniser import Heard, Recogniser, Samples, Stream  # noqa: E402


class _Stream:
    def expect(self, phrases: Sequence[str]) -> None: ...

    def partial(self, utterance: Samples) -> str:
        return "oui"

    def speculate(self, utterance: Samples) -> Heard:
        return Heard("oui", 0.95)

    def final(self, utterance: Samples) -> Heard:
        return Heard("oui", 0.95)

    def close(self) -> None: ...


class Stubbed:
    """A Recogniser."""

    name = "stubbed"
    streaming = False

    def warm(self) -> None:
        """Nothing to load."""

    def stream(self, vocabulary: Sequence[str] = ()) -> Stream:
        """One for a call."""
        return _Stream()


def _opened(settings: Settings) -> Recogniser:
    return Stubbed()


if __name__ == "__main__":
    vars(server)["open_recogniser"] = _opened
    main()
