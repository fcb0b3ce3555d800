"""The leg against a scripted FreeSWITCH that answers as recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import pytest

from agentd.dialogue.events import (
    Beep,
    Dtmf,
    Event,
    Fault,
    HungUp,
    SayDone,
    SayFailed,
    SayStarted,
    TransferDone,
)
from agentd.errors import SwitchError, SwitchGone, SwitchTimeout
from agentd.switch import forkwatch
from agentd.switch.leg import SUBSCRIBE, Leg

from .fakes import UUID, WIRE, Peer, api, connect_reply, event, notice, pair

ONE = [(Path("/a/one.wav"), 1000)]


@dataclass
class Call:
    leg: Leg
    peer: Peer
    events: list[Event] = field(default_factory=list)

    def wait(self, kind: type[Event], timeout: float = 3.0) -> Event:
        with gevent.Timeout(timeout, AssertionError(f"no {kind.__name__} in {self.events}")):
            while not any(isinstance(e, kind) for e in self.events):
                gevent.sleep(0.002)
        return next(e for e in self.events if isinstance(e, kind))

    def starts(self, say: str, clip: int = 0) -> None:
        path = f"{{say_id={say},clip={clip}}}/a/one.wav"
        self.peer.send(event("PLAYBACK_START", Playback_File_Path=path))

    def stops(self, say: str, samples: int, status: str, clip: int = 0, **more: str) -> None:
        path = f"{{say_id={say},clip={clip}}}/a/one.wav"
        more["variable__playback__last__offset__pos"] = str(samples)
        self.peer.send(
            event("PLAYBACK_STOP", Playback_File_Path=path, Playback_Status=status, **more)
        )


MakeCall = Callable[..., Call]


@pytest.fixture
def call() -> Iterator[MakeCall]:
    made: list[Call] = []

    def make(answer: Callable[[str], bytes | None] = lambda command: None) -> Call:
        ours, theirs = pair()
        peer = Peer(theirs, answer)
        one = Call(Leg.accept(ours), peer)
        one.leg.on_event(one.events.append)
        made.append(one)
        return one

    with gevent.Timeout(20):
        yield make
        for one in made:
            one.peer.close()
            one.leg.close()
            assert [e for e in one.events if isinstance(e, HungUp)] == one.events[-1:]


def test_accept_as_the_switch_wants_it(call: MakeCall) -> None:
    one = call()
    one.peer.wait_for("playback_terminators")
    assert one.peer.got == [
        "connect",
        "linger 5",
        "myevents",
        SUBSCRIBE,
        f"api uuid_setvar {UUID} playback_terminators none",
    ]
    assert SUBSCRIBE.startswith("event plain PLAYBACK_START PLAYBACK_STOP DTMF CUSTOM mod_audio")
    assert one.leg.uuid == UUID
    assert one.leg.rate_hz == 8000
    assert one.leg.variables["sip_req_uri"] == "silent@127.0.0.1:5060"
    assert one.leg.dialled == one.leg.headers["Caller-Destination-Number"] == "silent"


def test_a_say_from_start_to_end(call: MakeCall) -> None:
    one = call()
    one.leg.play("s1", [*ONE, (Path("/a/two.wav"), 500)], 8000)
    assert "{say_id=s1,clip=1}/a/two.wav" in one.peer.wait_for("clip=1")
    one.starts("s1")
    one.stops("s1", 8000, "done")
    one.starts("s1", 1)
    one.stops("s1", 4000, "done", 1)
    assert one.wait(SayDone) == SayDone("s1", True, 1500)
    assert one.events == [SayStarted("s1"), SayDone("s1", True, 1500)]


def test_interrupt_then_say_something_else(call: MakeCall) -> None:
    one = call()
    one.leg.play("s1", ONE, 8000)
    one.starts("s1")
    one.wait(SayStarted)
    one.leg.stop("s1")
    one.leg.play("s2", ONE, 8000)
    one.peer.wait_for("say_id=s2")
    broken = [line for line in one.peer.got if "uuid_break" in line or "say_id" in line]
    assert broken[1] == f"api uuid_break {UUID} all"
    one.stops("s1", 1600, "break")
    one.starts("s2")
    one.stops("s2", 8000, "done")
    one.wait(SayDone)
    with gevent.Timeout(2):
        while len(one.events) < 4:
            gevent.sleep(0.002)
    assert one.events == [
        SayStarted("s1"),
        SayDone("s1", False, 200),
        SayStarted("s2"),
        SayDone("s2", True, 1000),
    ]


def test_a_stop_before_the_start_settles(call: MakeCall) -> None:
    one = call()
    one.leg.play("s1", ONE, 8000)
    one.leg.stop("s1")
    assert one.wait(SayDone, 1.0) == SayDone("s1", False, 0)


def test_a_refused_playback_fails(call: MakeCall) -> None:
    one = call(
        lambda command: (
            b"Content-Type: command/reply\nReply-Text: -ERR memory error\n\n"
            if "playback\n" in command
            else None
        )
    )
    one.leg.play("s1", ONE, 8000)
    assert one.wait(SayFailed) == SayFailed("s1", "not taken by the switch: -ERR memory error")


def test_dtmf(call: MakeCall) -> None:
    one = call()
    one.peer.send(event("DTMF", DTMF_Digit="9", DTMF_Duration="2000"))
    assert one.wait(Dtmf) == Dtmf("9")


def test_far_end_hangup_as_recorded(call: MakeCall) -> None:
    one = call()
    recording = (WIRE / "far_end_hangup.bin").read_bytes()
    one.peer.send(recording[recording.index(b"Content-Length: 6545") :])
    assert one.wait(HungUp) == HungUp("NORMAL_CLEARING", False)


def test_far_end_hangup_without_linger_as_recorded(call: MakeCall) -> None:
    one = call()
    recording = (WIRE / "no_linger.bin").read_bytes()
    # From the first event after the replies to the end of the connection.
    one.peer.send(recording[recording.index(b"text/event-plain") - 36 :])
    one.peer.close()
    assert one.wait(HungUp) == HungUp("NORMAL_CLEARING", False)


def test_hangup_in_the_middle_of_a_say_tells_what_was_heard_first(call: MakeCall) -> None:
    one = call()
    one.leg.play("s1", ONE, 8000)
    one.starts("s1")
    one.peer.send(event("CHANNEL_HANGUP", Hangup_Cause="NORMAL_CLEARING"))
    gevent.sleep(0.02)
    one.stops("s1", 2880, "done", Answer_State="hangup")
    one.wait(HungUp)
    assert one.events == [
        SayStarted("s1"),
        SayDone("s1", False, 360),
        HungUp("NORMAL_CLEARING", False),
    ]


def test_hangup_without_the_playback_stop(call: MakeCall) -> None:
    one = call()
    one.leg.play("s1", ONE, 8000)
    one.peer.send(
        event(
            "PLAYBACK_START",
            Playback_File_Path="{say_id=s1,clip=0}/a/one.wav",
            Event_Date_Timestamp="5000000",
        ),
        event("CHANNEL_HANGUP", Hangup_Cause="USER_BUSY", Event_Date_Timestamp="5250000"),
    )
    one.wait(HungUp)
    assert one.events[1:] == [SayDone("s1", False, 250), HungUp("USER_BUSY", False)]


@pytest.mark.parametrize(
    ("data", "cause"),
    [(b"", "CRASH"), (notice("disconnect"), "UNSPECIFIED"), (notice("linger"), "UNSPECIFIED")],
)
def test_an_end_without_a_hangup_event(call: MakeCall, data: bytes, cause: str) -> None:
    one = call()
    one.leg.play("s1", ONE, 8000)
    one.starts("s1")
    one.wait(SayStarted)
    one.peer.send(data)
    if data != notice("linger"):
        one.peer.close()
    one.wait(HungUp)
    assert one.events[1:] == [SayDone("s1", False, 0), HungUp(cause, False)]


def test_our_hangup(call: MakeCall) -> None:
    one = call()
    one.leg.hangup("USER_BUSY")
    one.leg.hangup("NORMAL_CLEARING")
    assert one.wait(HungUp) == HungUp("USER_BUSY", True)
    assert [c for c in one.peer.got if "kill" in c] == [f"api uuid_kill {UUID} USER_BUSY"]
    assert not one.leg.alive


def test_a_hangup_the_switch_ignores_ends_all_the_same(
    call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentd.switch.leg.HANGUP_S", 0.1)
    one = call(lambda command: api("-ERR No such channel!\n") if "kill" in command else None)
    one.leg.hangup()
    assert one.wait(HungUp, 1.0) == HungUp("NORMAL_CLEARING", True)


def test_close_hangs_up_then_exits(call: MakeCall) -> None:
    one = call()
    one.leg.close()
    assert one.peer.got[-2:] == [f"api uuid_kill {UUID} NORMAL_CLEARING", "exit"]
    assert one.peer.closed.wait(1)


def test_nothing_is_said_after_the_hangup(call: MakeCall) -> None:
    one = call()
    one.peer.hang_up()
    one.wait(HungUp)
    one.leg.play("s1", ONE, 8000)
    one.leg.stop("s1")
    one.leg.transfer("1000")
    one.peer.send(event("DTMF", DTMF_Digit="1"))
    gevent.sleep(0.05)
    assert one.events == [HungUp("NORMAL_CLEARING", False)]


def test_events_before_the_callback_are_kept() -> None:
    ours, theirs = pair()
    peer = Peer(theirs)
    leg = Leg.accept(ours)
    peer.send(event("DTMF", DTMF_Digit="9"))
    gevent.sleep(0.02)
    one = Call(leg, peer)
    leg.on_event(one.events.append)
    assert one.wait(Dtmf) == Dtmf("9")
    leg.close()
    peer.close()


def test_a_failing_callback_does_not_stop_the_events(call: MakeCall) -> None:
    ours, theirs = pair()
    peer = Peer(theirs)
    leg = Leg.accept(ours)
    seen: list[Event] = []

    def callback(happened: Event) -> None:
        seen.append(happened)
        raise ValueError

    leg.on_event(callback)
    peer.send(event("DTMF", DTMF_Digit="1"), event("DTMF", DTMF_Digit="2"))
    peer.hang_up()
    with gevent.Timeout(2):
        while len(seen) < 3:
            gevent.sleep(0.002)
    leg.close()
    peer.close()
    assert [type(e) for e in seen] == [Dtmf, Dtmf, HungUp]


# -- background, transfer ------------------------------------------------------------------------


def test_background(call: MakeCall) -> None:
    one = call()
    one.leg.start_background(Path("/a/bg one.wav"))
    one.leg.start_background(Path("/a/b.wav"))
    one.leg.stop_background()
    one.leg.stop_background()
    assert [c for c in one.peer.got if "displace" in c] == [
        f"api uuid_displace {UUID} start '/a/bg one.wav' 0 ml",
        f"api uuid_displace {UUID} stop '/a/bg one.wav'",
        f"api uuid_displace {UUID} start /a/b.wav 0 ml",
        f"api uuid_displace {UUID} stop /a/b.wav",
    ]


def test_a_refused_background_is_an_error(call: MakeCall) -> None:
    one = call(
        lambda command: api("-ERR Cannot displace session!\n") if "displace" in command else None
    )
    with pytest.raises(SwitchError, match="Cannot displace"):
        one.leg.start_background(Path("/a/b.wav"))
    with pytest.raises(SwitchError, match="absolute"):
        one.leg.start_background(Path("b.wav"))


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("1000", f"api uuid_transfer {UUID} 1000"),
        (
            "sip:help@example.org:5080",
            f"api uuid_transfer {UUID} 'bridge:sofia/external/sip:help@example.org:5080' inline",
        ),
    ],
)
def test_transfer(call: MakeCall, target: str, command: str) -> None:
    one = call()
    one.leg.transfer(target)
    assert one.wait(TransferDone) == TransferDone(True)
    assert command in one.peer.got
    one.peer.send(notice("disconnect"))
    one.peer.close()
    assert one.wait(HungUp) == HungUp("BLIND_TRANSFER", True)


@pytest.mark.parametrize("target", ["", "1000 inline", "x' inline", "-both", "sip:a@b'"])
def test_an_unsafe_transfer_target(call: MakeCall, target: str) -> None:
    one = call()
    one.leg.transfer(target)
    done = one.wait(TransferDone)
    assert isinstance(done, TransferDone)
    assert not done.ok
    assert not any("uuid_transfer" in c for c in one.peer.got)


def test_a_refused_transfer(call: MakeCall) -> None:
    one = call(lambda command: api("-ERR\n") if "transfer" in command else None)
    one.leg.transfer("1000")
    assert one.wait(TransferDone) == TransferDone(False, "-ERR")
    assert one.leg.alive


# -- the audio fork ------------------------------------------------------------------------------

URL = "ws://127.0.0.1:8085/secret"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkwatch, "WATCH_S", 0.08)
    monkeypatch.setattr(forkwatch, "RETRY_S", 0.02)


def forks(peer: Peer) -> list[str]:
    return [
        c.removeprefix(f"api uuid_audio_fork {UUID} ") for c in peer.got if "uuid_audio_fork" in c
    ]


@pytest.mark.usefixtures("hurried")
def test_fork_starts_and_stops(call: MakeCall) -> None:
    one = call()
    one.leg.start_fork(URL, {"call": "l'été"})
    one.peer.wait_for("uuid_audio_fork")
    one.peer.send(event("CUSTOM", Event_Subclass="mod_audio_fork::connect"))
    gevent.sleep(0.2)
    one.leg.stop_fork()
    one.peer.wait_for("stop agentd1")
    assert forks(one.peer) == [
        f'start {URL}/1 mono 16k agentd1 {{"call": "l\\u0027\\u00e9t\\u00e9"}}',
        "stop agentd1",
    ]


@pytest.mark.usefixtures("hurried")
def test_a_silent_fork_is_started_again_under_a_new_name(call: MakeCall) -> None:
    one = call()
    one.leg.start_fork(URL)
    one.peer.wait_for(f"start {URL}/2")
    one.leg.audio_came()
    gevent.sleep(0.2)
    assert forks(one.peer) == [
        f"start {URL}/1 mono 16k agentd1",
        "stop agentd1",
        f"start {URL}/2 mono 16k agentd2",
    ]


@pytest.mark.usefixtures("hurried")
def test_a_fork_that_never_starts_is_a_fault(call: MakeCall) -> None:
    one = call()
    one.leg.start_fork(URL)
    fault = one.wait(Fault)
    assert fault == Fault("no audio from the switch after 4 attempts, 0 lost")
    gevent.sleep(0.2)
    assert len([c for c in forks(one.peer) if c.startswith("start")]) == 4
    assert forks(one.peer)[-1] == "stop agentd4"


@pytest.mark.usefixtures("hurried")
def test_a_refused_or_failed_fork_is_tried_again_soon(call: MakeCall) -> None:
    refusals = iter([api("-ERR Operation Failed\n")])
    one = call(lambda command: next(refusals, None) if " start ws" in command else None)
    one.leg.start_fork(URL)
    one.peer.wait_for(f"start {URL}/2")
    one.peer.send(
        event("CUSTOM", b'{"reason":"x"}', Event_Subclass="mod_audio_fork::connect_failed")
    )
    one.peer.wait_for(f"start {URL}/3")
    one.leg.audio_came()
    one.peer.send(event("CUSTOM", Event_Subclass="mod_audio_fork::disconnect"))
    one.peer.wait_for(f"start {URL}/4")


@pytest.mark.usefixtures("hurried")
def test_a_fork_that_is_lost_again_and_again_is_a_fault(call: MakeCall) -> None:
    one = call()
    one.leg.start_fork(URL)
    for attempt in range(1, 8):
        if any(isinstance(e, Fault) for e in one.events):
            break
        one.peer.wait_for(f"start {URL}/{attempt}")
        one.peer.send(event("CUSTOM", Event_Subclass="mod_audio_fork::connect"))
        one.peer.send(event("CUSTOM", Event_Subclass="mod_audio_fork::disconnect"))
        gevent.sleep(0.06)
    assert isinstance(one.wait(Fault), Fault)


def test_a_beep_told_twice_is_one(call: MakeCall) -> None:
    one = call()
    for number in ("10484", "10484", "10490"):
        one.peer.send(
            event(
                "CUSTOM",
                Event_Subclass="avmd::beep",
                Event_Sequence=number,
                Beep_Status="DETECTED",
                Frequency="848.914745",
            )
        )
    gevent.sleep(0.1)
    assert [e for e in one.events if isinstance(e, Beep)] == [Beep(848.914745), Beep(848.914745)]


# -- accepting badly -----------------------------------------------------------------------------


def test_static_mode_is_hung_up_and_explained() -> None:
    static = (WIRE / "static_mode.bin").read_bytes()
    ours, theirs = pair()
    peer = Peer(theirs, lambda c: static[: static.index(b"\n\n") + 2] if c == "connect" else None)
    with gevent.Timeout(5), pytest.raises(SwitchError, match="single quotes"):
        Leg.accept(ours)
    peer.wait_for("uuid_kill")
    assert peer.closed.wait(1)


def test_a_refused_subscription_is_hung_up() -> None:
    ours, theirs = pair()
    refused = b"Content-Type: command/reply\nReply-Text: -ERR command not found\n\n"
    peer = Peer(theirs, lambda command: refused if command == "myevents" else None)
    with gevent.Timeout(5), pytest.raises(SwitchError, match="refused myevents"):
        Leg.accept(ours)
    assert f"api uuid_kill {UUID} NORMAL_TEMPORARY_FAILURE" in peer.got


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", SwitchTimeout),
        (b"GET / HTTP/1.1\r\n\r\n", SwitchGone),
        (b"Content-Type: command/reply\nReply-Text: +OK\n\n", SwitchError),
        (connect_reply().replace(UUID.encode(), b"x%0A%0Aapi%20shutdown"), SwitchError),
    ],
)
def test_not_freeswitch(data: bytes, error: type[SwitchError]) -> None:
    ours, theirs = pair()
    theirs.sendall(data)
    with gevent.Timeout(3), pytest.raises(error):
        Leg.accept(ours, timeout=0.2)
    got = b""
    with gevent.Timeout(3):
        while chunk := theirs.recv(1000):
            got += chunk
    assert got == b"connect\n\n"


def test_refuse_hangs_up_before_it_closes() -> None:
    ours, theirs = pair()
    peer = Peer(theirs)
    with gevent.Timeout(3):
        Leg.refuse(ours, "SWITCH_CONGESTION")
    assert peer.got == ["connect", f"api uuid_kill {UUID} SWITCH_CONGESTION"]


def test_recording(call: MakeCall) -> None:
    one = call()
    one.leg.start_recording(Path("/rec/a b.wav"))
    one.leg.stop_recording(Path("/rec/a b.wav"))
    asked = [line for line in one.peer.got if "RECORD" in line or "uuid_record" in line]
    assert asked == [
        f"api uuid_setvar {UUID} RECORD_STEREO true",
        f"api uuid_record {UUID} start '/rec/a b.wav'",
        f"api uuid_record {UUID} stop '/rec/a b.wav'",
    ]


def test_a_recording_the_switch_refuses(call: MakeCall) -> None:
    def answer(command: str) -> bytes | None:
        return api("-ERR Cannot record session!\n") if "uuid_record" in command else None

    one = call(answer)
    with pytest.raises(SwitchError, match="refused uuid_record"):
        one.leg.start_recording(Path("/rec/a.wav"))
