"""Playing into a call: the text of the commands, and following what became of them. Pure.

Prompts are played by `sendmsg execute playback` with event-lock: it starts in 21 ms, queues without
a gap and loses no break. `uuid_broadcast` (110 to 165 ms, 100 ms gaps, a break within 90 ms is
lost, and it mutes the background) is kept for calls that another connection owns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentd.dialogue import events as ev
from agentd.switch import esl

OVERSHOOT_MS = 40  # what a playback may lack of its file's length and still count as whole


@dataclass(frozen=True)
class File:
    """One file to play. start_ms: begin this far into it."""

    path: Path
    duration_ms: int
    start_ms: int = 0


def argument(say_id: str, number: int, file: File, rate_hz: int) -> str:
    """What `playback` is given: the file, where in it to begin, and the id that comes back.

    `file@@samples` is the start offset of switch_ivr_play_file, in samples of the file.
    """
    path = str(file.path)
    if any(c in path for c in "\r\n{}@!"):
        raise ValueError(f"{path!r} cannot be played: its name holds one of {{}}@! or a line break")
    offset = f"@@{file.start_ms * rate_hz // 1000}" if file.start_ms else ""
    return f"{{say_id={say_id},clip={number}}}{path}{offset}"


def play(say_id: str, files: Sequence[File], rate_hz: int) -> list[bytes]:
    """Commands that play the files one after the other on our own channel."""
    return [
        esl.execute("playback", argument(say_id, number, file, rate_hz), lock=True)
        for number, file in enumerate(files)
    ]


def broadcast(uuid: str, say_id: str, files: Sequence[File], rate_hz: int) -> list[bytes]:
    """The same into a call another connection owns, by api commands."""
    return [
        esl.command(f"api uuid_broadcast {uuid} {argument(say_id, number, file, rate_hz)} aleg")
        for number, file in enumerate(files)
    ]


def from_offset(files: Sequence[File], offset_ms: int) -> list[File]:
    """What is left of the files after `offset_ms` of them."""
    left = []
    for file in files:
        if offset_ms >= file.duration_ms:
            offset_ms -= file.duration_ms
            continue
        left.append(File(file.path, file.duration_ms, offset_ms))
        offset_ms = 0
    return left


class Tracker:
    """Follows the Says of one call through the switch's events.

    A Say becomes exactly one SayDone or SayFailed, even when it is stopped before it began, its
    file is missing, or the channel goes away.
    """

    def __init__(self, rate_hz: int = 8000) -> None:
        self.rate_hz = rate_hz
        self._says: dict[str, _Say] = {}

    def begin(self, say_id: str, files: Sequence[File]) -> None:
        """Commands for `files` are being sent."""
        self._says[say_id] = _Say(list(files))

    def stop(self, say_id: str) -> list[ev.Event]:
        """A break is being sent. What has not begun to play never will."""
        say = self._says.get(say_id)
        if say is None:
            return []
        say.stopped = True
        return []

    def stopped_in_silence(self, say_id: str) -> list[ev.Event]:
        """The break was answered and nothing of the Say was playing."""
        say = self._says.get(say_id)
        if say is None or say.playing:
            return []
        return self._end(say_id, completed=False)

    def handle(self, event: esl.Event) -> list[ev.Event]:
        """What an event of the switch means for the Says."""
        say_id = event.headers.get("say_id") or _say_id(event)
        say = self._says.get(say_id)
        if say is None:
            return []
        if event.name == "PLAYBACK_START":
            return self._started(say_id, say)
        if event.name == "PLAYBACK_STOP":
            return self._ended(say_id, say, event)
        if event.name == "CHANNEL_EXECUTE_COMPLETE":
            answer = event.headers.get("Application-Response", "")
            if answer in ("FILE NOT FOUND", "PLAYBACK ERROR"):
                del self._says[say_id]
                where = event.headers.get("Application-Data", "").rpartition("}")[2]
                return [ev.SayFailed(say_id, f"{answer}: {where}")]
        return []

    def hung_up(self) -> list[ev.Event]:
        """The channel is gone: what played was cut short."""
        return [one for say_id in list(self._says) for one in self._end(say_id, completed=False)]

    def _started(self, say_id: str, say: "_Say") -> list[ev.Event]:
        say.playing = True
        if say.number == 0:
            return [ev.SayStarted(say_id)]
        return []

    def _ended(self, say_id: str, say: "_Say", event: esl.Event) -> list[ev.Event]:
        say.playing = False
        file = say.files[min(say.number, len(say.files) - 1)]
        length = file.duration_ms - file.start_ms
        heard = self._heard_ms(event, file)
        whole = event.headers.get("Playback-Status") == "done" and heard >= length - OVERSHOOT_MS
        say.heard_ms += length if whole else min(heard, length)
        say.number += 1
        if not whole or say.stopped:
            last = whole and say.number == len(say.files)
            return self._end(say_id, completed=last and not say.stopped)
        if say.number == len(say.files):
            return self._end(say_id, completed=True)
        return []

    def _heard_ms(self, event: esl.Event, file: File) -> int:
        """Samples really played; the position counts from the file's beginning."""
        text = event.headers.get("variable_playback_last_offset_pos", "")
        if not text.isdigit():
            return file.duration_ms - file.start_ms
        position = int(text) * 1000 // self.rate_hz
        # A playback that began at an offset reports its position in the file.
        return position - file.start_ms if position >= file.start_ms else position

    def _end(self, say_id: str, completed: bool) -> list[ev.Event]:
        say = self._says.pop(say_id)
        return [ev.SayDone(say_id, completed, say.heard_ms)]


class _Say:
    def __init__(self, files: list[File]) -> None:
        self.files = files
        self.number = 0
        self.heard_ms = 0  # of this playing; what an offset skipped does not count
        self.playing = False
        self.stopped = False


def _say_id(event: esl.Event) -> str:
    """The id in the `{say_id=...}` prefix, for events that do not carry it as a header."""
    data = event.headers.get("Application-Data") or event.headers.get("Playback-File-Path", "")
    if not data.startswith("{"):
        return ""
    pairs = data[1 : data.find("}")].split(",")
    return next((p.partition("=")[2] for p in pairs if p.startswith("say_id=")), "")
