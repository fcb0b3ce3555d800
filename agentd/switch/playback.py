"""Playing: from a Say of several files to commands, and from the switch's events to its end. Pure.

One `playback` a file by `sendmsg execute` with event-lock: they follow each other without a gap,
begin 21 ms after they are asked for, and a break is never lost (measured, `shared/freeswitch.md`).
`via="broadcast"` uses uuid_broadcast instead, for a channel another connection owns; there a break
sent before PLAYBACK_START can be lost, so it waits for it.

Every file is prefixed `{say_id=...,clip=...}`, which FreeSWITCH repeats as headers of its events.
A start offset is `file@@samples` (mod_dptools, playback_function): it seeks in samples of the file,
and `playback_last_offset_pos` then counts from the file's beginning (switch_core_file_seek).

A Say is held by breaking it and playing the rest from where it stopped: sample-exact, the ambience
goes on meanwhile, and the events say what was heard. `uuid_fileman UUID pause` is as fast (20 ms),
but a toggle, which hits whichever file plays when it arrives.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentd.dialogue.events import Event, SayDone, SayFailed, SayStarted
from agentd.errors import SwitchError
from agentd.switch import esl

Via = Literal["sendmsg", "broadcast"]

# A file counts as played to its end this close to it: FreeSWITCH works in frames of 20 ms.
END_TOLERANCE_MS = 40
MAX_WAITING = 32  # Says; more means that somebody asks without listening

_SAY_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_PREFIX = re.compile(r"\{say_id=([^,}]+),clip=(\d+)\}")


@dataclass
class Step:
    """What to do next: commands to send in order, events to deliver in order.

    commands: bytes, and the say_id to `refuse` when the switch says no.
    settle: say_ids to `settle` a while after the commands have been answered.
    """

    commands: list[tuple[bytes, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    settle: list[str] = field(default_factory=list)


@dataclass
class _Clip:
    path: str
    duration_ms: int
    seek_ms: int = 0
    seek_samples: int = 0


@dataclass
class _Say:
    say_id: str
    clips: list[_Clip]  # with the rests of those that were broken
    heard_ms: int = 0  # of this playing: what the offset skips is not heard
    index: int = 0  # the clip that plays or comes next
    started: bool = False
    stopping: bool = False
    breaks: int = 0  # sent
    playing_since_us: int = 0  # 0: no clip is playing
    rate_hz: int = 8000
    held: bool = False  # it is to wait
    broken: Literal["", "asked", "done"] = ""  # for that; done: nothing of it plays


def play_command(uuid: str, say_id: str, clip: int, path: str, seek: int, via: Via) -> bytes:
    """The command that plays one file. seek: samples. Raises SwitchError on an unusable path."""
    spoiled = next((mark for mark in ("@@", "${", "\n", "\r", "\0") if mark in path), "")
    if spoiled or not path.startswith("/"):
        what = f"holds {spoiled!r}" if spoiled else "is not absolute"
        raise SwitchError(f"{path!r} cannot be played: the path {what}", mend="rename the file")
    argument = f"{{say_id={say_id},clip={clip}}}{path}" + (f"@@{seek}" if seek else "")
    if via == "sendmsg":
        return esl.sendmsg("playback", argument, event_lock=True, event_uuid=f"{say_id}/{clip}")
    if "::" in path or "'" in path:
        raise SwitchError(
            f"{path!r} cannot be broadcast: the path holds :: or a quote", mend="rename the file"
        )
    return esl.api(f"uuid_broadcast {uuid} '{argument}' aleg")


class PlaybackTracker:
    """All the Says of one channel. One plays at a time, the others wait here, so that stopping
    one never touches another. Each ends in exactly one SayDone or SayFailed."""

    def __init__(self, uuid: str, *, via: Via = "sendmsg", channel_hz: int = 8000) -> None:
        """channel_hz: what the channel plays at, in which played samples are counted."""
        self._uuid = uuid
        self._via: Via = via
        self._channel_hz = channel_hz
        self._waiting: deque[_Say] = deque()
        self._sent: dict[str, _Say] = {}  # in order; at most one of them is not stopping
        # Settled without a word from the switch; should they begin after all, they are broken.
        self._given_up: deque[str] = deque(maxlen=MAX_WAITING)

    @property
    def busy(self) -> bool:
        """Some Say has not ended."""
        return bool(self._sent or self._waiting)

    def play(
        self, say_id: str, files: Sequence[tuple[str, int]], rate_hz: int, offset_ms: int = 0
    ) -> Step:
        """Play files one after the other.

        files: absolute path and length in ms of each.
        rate_hz: of the files.
        offset_ms: begin this far into them, counted over all of them; what it skips is not part of
            the SayDone's heard_ms.
        """
        if not _SAY_ID.fullmatch(say_id):
            raise ValueError(f"a say_id is letters, digits and _.:-, not {say_id!r}")
        step = Step()
        if say_id in self._sent or any(say.say_id == say_id for say in self._waiting):
            raise ValueError(f"say_id {say_id!r} is already playing")
        say = _from_offset(say_id, files, rate_hz, max(0, offset_ms))
        if not say.clips:
            step.events.append(SayDone(say_id, True, 0))
        elif len(self._waiting) >= MAX_WAITING:
            step.events.append(SayFailed(say_id, f"{MAX_WAITING} Says are already waiting"))
        else:
            self._waiting.append(say)
            self._next(step)
        return step

    def stop(self, say_id: str) -> Step:
        """Stop a Say, playing or waiting; nothing when it has ended."""
        step = Step()
        for say in self._waiting:
            if say.say_id == say_id:
                self._waiting.remove(say)
                step.events.append(SayDone(say_id, False, 0))
                return step
        stopped = self._sent.get(say_id)
        if stopped is None or stopped.stopping:
            return step
        stopped.stopping = True
        if stopped.broken == "done":
            self._finish(stopped, SayDone(say_id, False, stopped.heard_ms), step)
            return step
        if self._via == "sendmsg" or stopped.started:
            self._break(stopped, step)
        step.settle.append(say_id)
        self._next(step)
        return step

    def hold(self, say_id: str) -> Step:
        """Wait where it is; nothing when it plays no more, or holds a file that can only be played
        from its beginning."""
        step = Step()
        say = self._sent.get(say_id)
        if say is None or say.stopping or any("@" in clip.path for clip in say.clips):
            return step
        say.held = True
        if not say.broken and (self._via == "sendmsg" or say.playing_since_us):
            say.broken = "asked"
            step.commands.append((esl.api(f"uuid_break {self._uuid} all"), ""))
            step.settle.append(say_id)
        return step

    def resume(self, say_id: str) -> Step:
        """Go on from there."""
        step = Step()
        say = self._sent.get(say_id)
        if say is not None and say.held:
            say.held = False
            if say.broken == "done":
                self._send(say, step)
        return step

    def settle(self, say_id: str) -> Step:
        """A stopped Say had time to end, a held one to fall silent. A break that came before the
        file began leaves no event at all, so that is taken as done here."""
        step = Step()
        say = self._sent.get(say_id)
        if say is not None and say.broken == "asked" and not say.stopping:
            self._broke(say, 0, step)
        if say is None or not say.stopping:
            return step
        alone = all(other is say or other.stopping for other in self._sent.values())
        if alone and say.breaks < (2 if say.started else 1):
            # Say it once more, unless that would break the Say that follows.
            self._break(say, step)
            step.settle.append(say_id)
            return step
        self._given_up.append(say_id)
        self._finish(say, SayDone(say_id, False, say.heard_ms), step)
        return step

    def refuse(self, say_id: str, reason: str) -> Step:
        """The switch would not take a command of this Say."""
        step = Step()
        say = self._sent.get(say_id)
        if say is not None and not say.stopping:
            self._fail(say, reason, step)
        return step

    def on_message(self, message: esl.Message) -> Step:
        """Take an event of the channel; those that are not about playing give nothing."""
        step = Step()
        name = message.event
        if name not in ("PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE"):
            return step
        argument = message.get("Playback-File-Path") or message.get("Application-Data")
        prefix = _PREFIX.match(argument)
        if prefix is None:
            return step
        say_id, clip = prefix[1], int(prefix[2])
        say = self._sent.get(say_id)
        if say is None:
            if name == "PLAYBACK_START" and say_id in self._given_up:
                step.commands.append((esl.api(f"uuid_break {self._uuid}"), ""))
            return step
        if clip < say.index or clip >= len(say.clips):
            return step  # EXECUTE_COMPLETE of a clip whose PLAYBACK_STOP has been taken
        for skipped in say.clips[say.index : clip]:  # their end was lost on the way
            say.heard_ms += skipped.duration_ms - skipped.seek_ms
        say.index = clip
        if name == "PLAYBACK_START":
            self._started(say, message, step)
        elif name == "PLAYBACK_STOP":
            self._ended(say, message, message.get("Playback-Status") == "done", step)
        elif message.get("Application-Response") == "FILE PLAYED":
            self._ended(say, message, not (say.stopping or say.broken), step)
        elif say.stopping:
            self._finish(say, SayDone(say_id, False, say.heard_ms), step)
        else:
            response = message.get("Application-Response", "no answer").lower()
            self._fail(say, f"{say.clips[clip].path}: {response}", step)
        return step

    def hung_up(self, at_us: int = 0) -> Step:
        """The channel is gone: every Say ends.

        at_us: the switch's clock at the hangup (Event-Date-Timestamp), 0 when unknown.
        """
        step = Step()
        for say in list(self._sent.values()):
            heard = say.heard_ms
            if say.playing_since_us and at_us > say.playing_since_us:
                clip = say.clips[say.index]
                played = (at_us - say.playing_since_us) // 1000
                heard += min(played, clip.duration_ms - clip.seek_ms)
            step.events.append(SayDone(say.say_id, False, heard))
        step.events += [SayDone(say.say_id, False, 0) for say in self._waiting]
        self._sent.clear()
        self._waiting.clear()
        return step

    def _next(self, step: Step) -> None:
        """Send the first waiting Say unless one is playing."""
        while self._waiting and all(say.stopping for say in self._sent.values()):
            say = self._waiting.popleft()
            try:
                self._send(say, step)
            except SwitchError as error:
                step.events.append(SayFailed(say.say_id, error.args[0]))
                continue
            self._sent[say.say_id] = say

    def _send(self, say: _Say, step: Step) -> None:
        """What is left of it. Raises SwitchError on an unusable path."""
        commands = [
            play_command(self._uuid, say.say_id, i, clip.path, clip.seek_samples, self._via)
            for i, clip in enumerate(say.clips)
            if i >= say.index
        ]
        say.broken = ""
        step.commands += [(command, say.say_id) for command in commands]

    def _broke(self, say: _Say, played_ms: int, step: Step) -> None:
        """A Say that is to wait is silent. Its rest is a clip of its own, so that what still comes
        of the old one is not taken for it; those after it were dropped by the break."""
        clip = say.clips[say.index]
        played_ms = min(played_ms, clip.duration_ms - clip.seek_ms)
        seek_ms = clip.seek_ms + played_ms
        rest = _Clip(clip.path, clip.duration_ms, seek_ms, seek_ms * say.rate_hz // 1000)
        say.heard_ms += played_ms
        say.index += 1
        say.clips.insert(say.index, rest)
        say.playing_since_us = 0
        say.broken = "done"
        if not say.held:
            self._send(say, step)

    def _started(self, say: _Say, message: esl.Message, step: Step) -> None:
        stamp = message.get("Event-Date-Timestamp")
        say.playing_since_us = int(stamp) if stamp.isdecimal() else 0
        if not say.started:
            say.started = True
            step.events.append(SayStarted(say.say_id))
        if say.stopping and not say.breaks:
            self._break(say, step)
        elif say.held and not say.broken:  # a broadcast's break had to wait for it
            say.held = False
            held = self.hold(say.say_id)
            step.commands += held.commands
            step.settle += held.settle

    def _ended(self, say: _Say, message: esl.Message, done: bool, step: Step) -> None:
        clip = say.clips[say.index]
        left_ms = clip.duration_ms - clip.seek_ms
        played_ms = self._played_ms(clip, message)
        # A hangup also says "done".
        gone = message.get("Answer-State") == "hangup"
        cut = gone or say.stopping
        if done and not (cut and played_ms < left_ms - END_TOLERANCE_MS):
            say.heard_ms += left_ms
            say.index += 1
            say.playing_since_us = 0
            if say.index == len(say.clips):
                self._finish(say, SayDone(say.say_id, True, say.heard_ms), step)
            elif cut:  # the break that has been sent drops the clips that follow
                self._finish(say, SayDone(say.say_id, False, say.heard_ms), step)
            return
        if say.broken and not cut:
            self._broke(say, played_ms, step)
            return
        say.heard_ms += min(played_ms, left_ms)
        if not cut and say.index + 1 < len(say.clips):
            self._break(say, step)  # somebody else broke it: what follows makes no sense alone
        self._finish(say, SayDone(say.say_id, False, say.heard_ms), step)

    def _played_ms(self, clip: _Clip, message: esl.Message) -> int:
        position = message.get("variable_playback_last_offset_pos")
        if not position.isdecimal():
            return 0
        return max(0, int(position) - clip.seek_samples) * 1000 // self._channel_hz

    def _break(self, say: _Say, step: Step) -> None:
        say.breaks += 1
        step.commands.append((esl.api(f"uuid_break {self._uuid} all"), ""))

    def _fail(self, say: _Say, reason: str, step: Step) -> None:
        if say.index + 1 < len(say.clips):
            self._break(say, step)
        self._finish(say, SayFailed(say.say_id, reason), step)

    def _finish(self, say: _Say, event: Event, step: Step) -> None:
        del self._sent[say.say_id]
        step.events.append(event)
        self._next(step)


def _from_offset(
    say_id: str, files: Sequence[tuple[str, int]], rate_hz: int, offset_ms: int
) -> _Say:
    """Leave out what comes before the offset."""
    clips: list[_Clip] = []
    for path, duration_ms in files:
        if not clips and offset_ms >= duration_ms:
            offset_ms -= duration_ms
            continue
        # FreeSWITCH looks for the first @ of the argument: such a file can only start at its start.
        seek_ms = 0 if clips or "@" in path else offset_ms
        clips.append(_Clip(path, duration_ms, seek_ms, seek_ms * rate_hz // 1000))
    return _Say(say_id, clips, rate_hz=rate_hz)
