"""Who has picked up: a person, an answering machine, a screening assistant, the network? Pure.

We speak at once, whoever it is: a person's "allô ?" is answered without delay. Meanwhile the other
side is judged by
- words, wherever a recogniser has read some (`machine_words`);
- cadence: a person says a second or two and hears us out; a machine talks on, over us too;
- tones: a beep after speech, or before anybody spoke; a fax; the special information tone.

A person is assumed until something speaks against it, and only words or a beep after a long
speech undo what cadence has said. Times are ms since the answer, counted in audio.
"""

from collections.abc import Sequence

import msgspec

from agentd.dialogue.events import Amd, Event, GreetingOver, Verdict
from agentd.speech.beep import Tone
from agentd.speech.frames import FRAME_MS
from agentd.speech.machine_words import Speaker, greets, hinted, holds, who

REMEMBERED = 200  # characters of what was said before


class Tuning(msgspec.Struct, frozen=True):
    """Milliseconds, counted from the answer where nothing else is said."""

    window_ms: int = 20_000  # how long somebody may still turn out to be a machine
    first_within_ms: int = 4_000  # speech that begins later is no greeting
    gap_ms: int = 600  # a longer silence ends a run of speech
    human_pause_ms: int = 800  # of silence after a short greeting: somebody waits for us
    human_most_ms: int = 2_600  # of speech in it
    long_ms: int = 4_600  # one run of speech nobody could read
    long_hinted_ms: int = 2_800  # ... whose first words are a machine's rather than a person's
    long_read_ms: int = 6_500  # ... or whose words could be a person's
    share: float = 0.55  # of a run that has to be voice
    looks_ms: tuple[int, ...] = (1_300, 1_900, 2_600, 3_400, 4_400, 6_000, 8_000, 11_000)
    beep_after_ms: int = 2_000  # of speech, before a beep is a machine's
    beep_after_person_ms: int = 3_500  # ... of what was taken for a person's greeting
    beep_within_ms: int = 2_500  # of the end of that speech
    settle_ms: int = 1_000  # of silence (or three times as long in all): it might ask for a message
    machine_silence_ms: int = 2_500  # a greeting without a beep is over
    screening_silence_ms: int = 1_100
    after_beep_ms: int = 160  # the machine's recording begins


class Detector:
    """One call, from its first sound. Every method returns the events it brings about, in order."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self.verdict: Verdict | None = None
        self._now = 0
        self._run_ms = 0  # the run of speech going on, its gaps included; 0: none
        self._voiced_ms = 0  # of it
        self._speech_ms = 0  # voice in all
        self._began = 0  # when the run did
        self._silence_ms = 0  # since the last voice
        self._last_voice = 0
        self._looks = 0
        self._read = False  # words of the run have been read
        self._hinted = False  # and they are rather a machine's
        self._person = False  # it began as persons do
        self._last = ""  # how they were read last
        self._before = ""  # those of the runs before it
        self._pending = ""  # an announcement's words, and since when
        self._pending_since = 0
        self._waiting = False  # for the end of what a machine says
        self._ready_at: int | None = None

    @property
    def over(self) -> bool:
        """Nothing is to be expected any more."""
        return self._now > self._tuning.window_ms and not self._waiting

    @property
    def wants_words(self) -> bool:
        """What has been said so far should be read now. True once each time."""
        looks = self._tuning.looks_ms
        if self.verdict in ("machine", "announcement") or self._looks >= len(looks):
            return False
        if self._now > self._tuning.window_ms or self._run_ms < looks[self._looks]:
            return False
        while self._looks < len(looks) and self._run_ms >= looks[self._looks]:
            self._looks += 1
        return True

    def feed(self, now_ms: int, voiced: bool, tone: Tone | None, sounding: bool) -> list[Event]:
        """One frame. voiced: a voice, not our echo. sounding: a tone is being held, which voice
        activity may take for one."""
        self._now = now_ms
        events: list[Event] = []
        self._voice(voiced and not sounding)
        if tone is not None:
            events += self._tone(tone)
        if self.verdict is None or self.verdict == "human":
            events += self._cadence()
        if self.verdict is None and now_ms > self._tuning.window_ms:
            events += self._decide("undecided", "nothing told")
        settled = max(self._silence_ms, (now_ms - self._pending_since) // 3)
        if self._pending and settled >= self._tuning.settle_ms:
            events += self._decide("announcement", f"words: {self._pending}")
        return events + self._greeting_over(sounding)

    def words(self, texts: Sequence[str]) -> list[Event]:
        """Readings of what is being said, or has just been said, best first."""
        if not texts or self._now > self._tuning.window_ms or self.verdict == "announcement":
            return []
        # A recogniser's turns end where a machine breathes, within its sentence.
        self._last = texts[0]
        first = texts[0]
        if self._before:
            first = f"{self._before} {first}"
        found = who((*texts, first))
        self._person = self._person or greets(first)
        if found is None and self.verdict is None and not self._person:
            found = who((first,), opening=True)
            self._hinted = found is None and hinted(first)
        if found is None:
            self._read = self._read or any(len(text.split()) >= 3 for text in texts)
            if self.verdict == "screening" and any(map(holds, texts)):
                return self._decide("screening", "words: asks us to hold")
            return []
        speaker, why = found
        if speaker is Speaker.MACHINE:
            return self._decide("machine", f"words: {why}")
        if speaker is Speaker.SCREENING and self.verdict != "machine":
            return self._decide("screening", f"words: {why}")
        if speaker is Speaker.ANNOUNCEMENT and self.verdict != "machine" and not self._pending:
            self._pending, self._pending_since = why, self._now
        return []

    def beep(self) -> list[Event]:
        """The switch has heard a beep (avmd), about 0.2 s into it."""
        return self._beeped("beep heard by the switch", self._tuning.after_beep_ms + 300)

    # -- evidence ----------------------------------------------------------------------------

    def _voice(self, voiced: bool) -> None:
        if voiced:
            if not self._run_ms:
                self._began, self._voiced_ms, self._looks = self._now, 0, 0
                self._read = self._hinted = False
                self._before, self._last = f"{self._before} {self._last}"[-REMEMBERED:].strip(), ""
            self._run_ms = self._now - self._began + FRAME_MS
            self._voiced_ms += FRAME_MS
            self._speech_ms += FRAME_MS
            self._silence_ms, self._last_voice = 0, self._now
            return
        self._silence_ms += FRAME_MS
        if self._run_ms and self._silence_ms > self._tuning.gap_ms:
            self._run_ms = 0

    def _cadence(self) -> list[Event]:
        tuning = self._tuning
        if self._began > tuning.first_within_ms or not self._speech_ms:
            return []
        if self._run_ms:
            most = tuning.long_read_ms if self._read else tuning.long_ms
            if self._hinted:
                most = tuning.long_hinted_ms
            dense = self._voiced_ms >= tuning.share * self._run_ms
            if self.verdict is None and self._run_ms - self._silence_ms >= most and dense:
                return self._decide("machine", f"talks on for {self._run_ms} ms")
            return []
        if self.verdict or self._pending or self._silence_ms < tuning.human_pause_ms:
            return []
        if self._speech_ms <= tuning.human_most_ms:
            return self._decide("human", f"{self._speech_ms} ms of speech, then silence")
        return []

    def _tone(self, tone: Tone) -> list[Event]:
        if tone.what == "sit":
            return self._decide("announcement", "special information tone")
        if tone.what == "long":
            return self._decide("machine", f"tone of {tone.hz:.0f} Hz, {tone.ms} ms: a fax")
        if tone.what == "ended":
            why = f"beep of {tone.hz:.0f} Hz, {tone.ms} ms"
            return self._beeped(why, self._tuning.after_beep_ms)
        return []

    def _beeped(self, why: str, wait_ms: int) -> list[Event]:
        if self._now > self._tuning.window_ms and not self._waiting:
            return []
        events = []
        if self.verdict in (None, "human", "screening"):
            tuning, person = self._tuning, self.verdict == "human"
            least = tuning.beep_after_person_ms if person else tuning.beep_after_ms
            near = self._now - self._last_voice <= tuning.beep_within_ms
            spoke = self._speech_ms >= least and near
            if not spoke and (self._speech_ms or self.verdict is not None):
                return []  # a kitchen's or a lorry's
            events = self._decide("machine", why)
        if self.verdict == "machine":
            self._ready_at = self._now + wait_ms
        return events

    def _greeting_over(self, sounding: bool) -> list[Event]:
        """A machine or an assistant has said what it says, and listens."""
        if self._ready_at is not None:
            if self._now < self._ready_at or sounding:
                return []
            self._ready_at, self._waiting = None, False
            return [GreetingOver("beep", self._now)]
        tuning = self._tuning
        wanted = (
            tuning.screening_silence_ms
            if self.verdict == "screening"
            else tuning.machine_silence_ms
        )
        if self._waiting and self._silence_ms >= wanted and not sounding:
            # A beep may still come, and is told then.
            self._waiting = False
            return [GreetingOver("silence", self._now)]
        return []

    def _decide(self, verdict: Verdict, why: str) -> list[Event]:
        if self.verdict in ("machine", "announcement") or (
            verdict == self.verdict and verdict != "screening"
        ):
            return []
        self.verdict = verdict
        self._pending = ""
        self._waiting = verdict in ("machine", "screening")
        return [Amd(verdict, self._now, why)]
