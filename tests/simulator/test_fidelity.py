"""The simulated switch against what a real FreeSWITCH wrote, message by message.

Each recording is played again: what its client sent is sent at the same moments, and every answer
and event must come in the same order, with the same headers, within one media tick and a half.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from agentd.simulator.channel import Channel
from agentd.simulator.effects import Close, Send
from agentd.simulator.playing import TICK_MS, Sound
from agentd.simulator.wire import Switch

DATA = Path(__file__).parent / "data"
UUID = "11111111-2222-3333-4444-555555555555"
LATE_S = 0.032


def recorded(name: str) -> list[dict[str, Any]]:
    """The channel's id in them is UUID."""
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def sound(path: str) -> Sound | None:
    """The files of the recordings: p700_1s.wav is a second of a tone of 700 Hz."""
    found = re.search(r"(\d+)_(\d+)s\.wav$", path)
    if found is None:
        return None
    t = np.arange(int(found[2]) * 8000) / 8000
    return Sound.of((9800 * np.sin(2 * np.pi * int(found[1]) * t)).astype(np.int16))


def messages(data: bytes) -> list[dict[str, Any]]:
    """Bytes of the switch as the recordings have them; framing that does not add up fails."""
    found: list[dict[str, Any]] = []
    while data:
        head, mark, data = data.partition(b"\n\n")
        assert mark, head
        headers = [line.split(": ", 1) for line in head.decode().split("\n")]
        assert all(len(h) == 2 for h in headers), headers
        named = dict(headers)
        if named.get("Event-Name") == "CHANNEL_DATA":
            found.append({"kind": "data", "names": [h[0] for h in headers]})
            continue
        size = int(named.get("Content-Length", "0"))
        body, data = data[:size], data[size:]
        assert len(body) == size
        if named["Content-Type"] == "text/event-plain":
            inner, mark, rest = body.partition(b"\n\n")
            assert mark
            headers = [line.split(": ", 1) for line in inner.decode().split("\n")]
            values = dict(headers)
            assert len(rest) == int(values.get("Content-Length", "0"))
            names = [h[0] for h in headers]
            found.append({"kind": "event", "names": names, "values": values, "body": rest.decode()})
        else:
            found.append({"kind": named["Content-Type"], "head": headers, "body": body.decode()})
    return found


def replay(name: str, dialled: str = "silent") -> tuple[list[tuple[float, Any]], list[Any]]:
    """(time, message) of the simulated switch, and the recording."""
    recording = recorded(name)
    channel = Channel(UUID, datetime(2026, 11, 23, tzinfo=UTC), dialled=dialled, codec="PCMU")
    switch = Switch(channel, sound)
    got: list[tuple[float, Any]] = []

    def take(now: float) -> None:
        for effect in switch.drain():
            if isinstance(effect, Send):
                got.extend((now, message) for message in messages(effect.data))
            elif isinstance(effect, Close):
                got.append((now, "eof"))
            elif type(effect).__name__ == "ForkStart":
                opening.append(now)

    opening: list[float] = []
    sent = [e for e in recording if "sent" in e]
    far_end = None
    if name.startswith("far_end"):
        far_end = next(e["t"] for e in recording if event_name(e.get("got")) == "CHANNEL_HANGUP")
    tick, last = 0, recording[-1]["t"] + 1.5
    while tick * TICK_MS / 1000 <= last:
        now = tick * TICK_MS / 1000
        while sent and sent[0]["t"] <= now:
            # What comes at a moment waits for the tick after it, as the real session does.
            switch.receive(sent[0]["sent"].encode())
            take(sent[0]["t"])
            sent.pop(0)
        if far_end is not None and now + TICK_MS / 1000 > far_end:
            far_end = None
            switch.hang_up("NORMAL_CLEARING", by_peer=True)
        switch.tick()
        take(now + TICK_MS / 1000)
        for _ in range(len(opening)):
            opening.pop()
            switch.fork_event("connect")
            take(now + TICK_MS / 1000)
        tick += 1
    return got, recording


def event_name(message: Any) -> str:
    if not isinstance(message, dict):
        return ""
    return str(message.get("values", {}).get("Event-Name", ""))


def essence(message: Any) -> Any:
    """What must be the same; ids, counters and wall times are not."""
    if message == "eof":
        return "eof"
    if message["kind"] == "data":
        return "data"
    if message["kind"] == "event":
        keep = (
            "Event-Name",
            "Event-Subclass",
            "Answer-State",
            "Application",
            "Application-Data",
            "Application-Response",
            "Playback-File-Path",
            "Playback-Status",
            "Hangup-Cause",
            "Job-Command",
            "Job-Command-Arg",
            "Channel-State",
        )
        values = {k: unquote(v) for k, v in message["values"].items() if k in keep}
        if values.get("Application") == "socket":
            values.pop("Application-Response", None)
        return values
    head = {k: v for k, v in message["head"] if k not in ("Content-Length", "Job-UUID")}
    reply = head.get("Reply-Text", "")
    if "Job-UUID" in reply and "deadbeef" not in reply:
        head["Reply-Text"] = "+OK Job-UUID: X"
    body = message.get("body", "")
    if body.startswith("UP "):  # status: numbers of another machine
        body = re.sub(r"\d+", "0", body).split("\n")[1]
    return head, body


def compared(items: list[Any]) -> list[Any]:
    """Without what races in the recordings: the park, and the linger notice among last events."""
    kept = [i for i in items if not (isinstance(i, dict) and i.get("Event-Name") == "CHANNEL_PARK")]
    notices = [i for i in kept if isinstance(i, tuple) and "Linger-Time" in i[0]]
    return [i for i in kept if i not in notices] + notices


@pytest.mark.parametrize(
    ("name", "dialled"),
    [
        ("basic", "silent"),
        ("far_end_linger", "anshang_1500"),
        ("far_end_no_linger", "anshang_1500"),
        ("locks", "silent"),
        ("broadcast", "silent"),
        ("fork", "play"),
    ],
)
def test_the_same_messages_in_the_same_order_at_the_same_times(name: str, dialled: str) -> None:
    got, recording = replay(name, dialled)
    wanted = [(e["t"], e.get("got", "eof")) for e in recording if "sent" not in e]
    got = got[: len(wanted) + 3]
    ours, theirs = compared([essence(m) for _, m in got]), compared([essence(m) for _, m in wanted])
    assert ours[: len(theirs)] == theirs
    if theirs[-1] == "eof":
        assert len(ours) == len(theirs)
    for event in ("CHANNEL_EXECUTE", "PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE"):
        ours_at = [t for t, m in got if event_name(m) == event]
        theirs_at = [t for t, m in wanted if event_name(m) == event]
        assert len(ours_at) >= len(theirs_at)
        for our, their in zip(ours_at, theirs_at, strict=False):
            assert abs(our - their) <= LATE_S, (event, our, their)


def test_gapless_prompts_of_the_recipe() -> None:
    """In the recording an undelivered reply separates nothing: two locked files follow at once."""
    got, recording = replay("recipe")
    wanted = [(e["t"], e["got"]) for e in recording if "got" in e]
    ours = [essence(m) for _, m in got if event_name(m).startswith(("PLAYBACK", "CHANNEL_EXECUTE"))]
    theirs = [
        essence(m) for _, m in wanted if event_name(m).startswith(("PLAYBACK", "CHANNEL_EXECUTE"))
    ]
    assert ours[: len(theirs)] == theirs
    stops = [t for t, m in got if event_name(m) == "PLAYBACK_STOP"]
    assert stops[1] - stops[0] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["basic", "far_end_no_linger", "broadcast", "fork"])
def test_the_same_headers(name: str) -> None:
    got, recording = replay(name)
    wanted = [e["got"] for e in recording if "names" in e.get("got", {})]
    for message in wanted:
        kind = event_name(message) or "data"
        same = [
            m
            for _, m in got
            if isinstance(m, dict)
            and "names" in m
            and (event_name(m) or "data") == kind
            and (kind in ("data", "CHANNEL_HANGUP") or essence(m) == essence(message))
        ]
        if kind == "CHANNEL_PARK":
            continue
        assert same, kind
        ours, theirs = same[0]["names"], message["names"]
        if kind == "data":
            assert ours == theirs
        elif kind == "CHANNEL_HANGUP_COMPLETE":
            # The real one counts packets too, which nobody here sends.
            assert all(_counted(n) for n in set(theirs) - set(ours))
        else:
            loops = {"variable_current_loop", "variable_total_loops"}
            # Left over from one application to the next, and the Reason header of one BYE.
            other = {"variable_current_application_response", "variable_sip_reason"}
            assert set(ours) ^ set(theirs) <= loops | other, kind
            block = [n for n in theirs if not n.startswith("variable_")]
            assert [n for n in ours if not n.startswith("variable_")] == block


def _counted(name: str) -> bool:
    """Headers of CHANNEL_HANGUP_COMPLETE that say what this switch does not measure."""
    return bool(
        re.match(
            r"variable_(sip_reason|rtp_audio_|.*(wait|progress|resurrect|bridge|hold|flow|profile|answers?ec|"
            r"answerm|answeru|udur|billu|digits|caller_id))",
            name,
        )
    )


def test_a_break_says_what_was_heard() -> None:
    got, recording = replay("locks")
    theirs = [
        int(e["got"]["values"]["variable_playback_last_offset_pos"])
        for e in recording
        if event_name(e.get("got")) == "CHANNEL_EXECUTE_COMPLETE"
        and "variable_playback_last_offset_pos" in e["got"]["values"]
    ]
    ours = [
        int(m["values"]["variable_playback_last_offset_pos"])
        for _, m in got
        if event_name(m) == "CHANNEL_EXECUTE_COMPLETE"
        and "variable_playback_last_offset_pos" in m["values"]
    ]
    assert len(ours) >= len(theirs)
    for our, their in zip(ours, theirs, strict=False):
        assert abs(our - their) <= 320
