"""The voice of one call: what the engine wants said becomes files, and the switch plays them.

What is recorded is played at once; what is not is synthesised first, on the pool, never on the
loop. Every Say ends in one SayDone or SayFailed: the first from the leg, the second from here.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent

from agentd.dialogue import actions as act
from agentd.dialogue import events as ev
from agentd.errors import SpeechError, explained, is_expected
from agentd.observe.stopwatch import Stopwatch
from agentd.speech.library import AudioLibrary
from agentd.speech.workers import Job
from agentd.switch.leg import Leg

if TYPE_CHECKING:
    from agentd.server import House

SYNTHESIS_TIMEOUT_S = 4.0


class Mouth:
    """Says what one call says. `says` are those asked for and not over, by id."""

    def __init__(
        self,
        leg: Leg,
        house: "House",
        library: AudioLibrary,
        post: Callable[[ev.Event], None],
        clock: Stopwatch,
        log: Any,
    ) -> None:
        self._leg = leg
        self._house = house
        self._library = library
        self._post = post
        self._clock = clock
        self._log = log
        self._rate = house.settings.voice.rate_hz
        self._preparing: dict[str, gevent.Greenlet] = {}
        self._job: Job | None = None  # of the Say being prepared
        self._ahead: dict[str, Job] = {}  # text -> its synthesis, begun before it is said
        self.says: dict[str, act.Say] = {}

    def say(self, say: act.Say) -> None:
        """Play at once when every clip is recorded; otherwise synthesise first, off the hub."""
        self.says[say.say_id] = say
        found = [self._find(clip) for clip in say.clips]
        if all(found):
            self._play(say, [path for path in found if path is not None])
        else:
            self._preparing[say.say_id] = gevent.spawn(self._prepare, say)

    def prepare(self, clips: Iterable[act.Clip]) -> None:
        """Begin the synthesis of what will be said soon."""
        self._ahead = {text: job for text, job in self._ahead.items() if not job.ready()}
        for clip in clips:
            if clip.text not in self._ahead and self._library.find(clip, self._rate) is None:
                try:
                    self._ahead[clip.text] = self._synthesis(clip)
                except SpeechError:  # no room now: it is tried again when it is said
                    return

    def stop(self, say_id: str) -> None:
        """Stop a Say that plays, or is not begun yet."""
        preparing = self._preparing.pop(say_id, None)
        if preparing is not None:
            preparing.kill(block=False)
            self._give_up()
            self._post(ev.SayDone(say_id, completed=False, heard_ms=0))
        else:
            self._leg.stop(say_id)

    def hold(self, say_id: str) -> None:
        """Hold a Say that plays."""
        self._leg.hold(say_id)

    def resume(self, say_id: str) -> None:
        """Go on with it."""
        self._leg.resume(say_id)

    def over(self, say_id: str) -> bool:
        """A Say has ended; true when nothing more is to be said."""
        self.says.pop(say_id, None)
        return not self.says

    def close(self) -> None:
        """The call is over."""
        for greenlet in self._preparing.values():
            greenlet.kill(block=False)

    def _prepare(self, say: act.Say) -> None:
        try:
            paths = []
            for clip in say.clips:
                path = self._library.find(clip, self._rate)
                if path is None:
                    with self._clock.stage("synthesis"):
                        self._job = self._ahead.pop(clip.text, None) or self._synthesis(clip)
                        path = self._job.get(timeout=SYNTHESIS_TIMEOUT_S)
                paths.append(path)
            self._play(say, paths)
        except gevent.Timeout:
            self._give_up()
            self._post(ev.SayFailed(say.say_id, "synthesis took too long"))
        except Exception as error:  # noqa: BLE001 - without a SayFailed the call would fall silent
            said, trace = explained(error), not is_expected(error)
            self._log.error("say failed", say=say.say_id, error=said, exc_info=trace)
            self._post(ev.SayFailed(say.say_id, said))
        finally:
            self._preparing.pop(say.say_id, None)

    def _give_up(self) -> None:
        """What is being synthesised is not wanted any more, and may be what hangs: recognition
        waits for the same threads."""
        jobs, self._ahead, self._job = [self._job, *self._ahead.values()], {}, None
        for job in jobs:
            if job is not None and not job.ready() and not job.cancel():
                job.abandon()

    def _synthesis(self, clip: act.Clip) -> Job:
        return self._house.workers.submit(self._library.synthesise, clip, self._rate)

    def _find(self, clip: act.Clip) -> Path | None:
        """A recording of it, or what an earlier call has synthesised."""
        path = self._library.find(clip, self._rate)
        kept = path is not None and self._library.is_cached(path)
        self._house.metrics.said(
            "synthesised" if path is None else "cached" if kept else "recorded"
        )
        return path

    def _play(self, say: act.Say, paths: list[Path]) -> None:
        self._clock.asked(say.say_id)
        self._leg.play(
            say.say_id,
            [(path, self._library.duration_ms(path)) for path in paths],
            rate_hz=self._rate,
            offset_ms=say.offset_ms,
        )
