"""What the recordings do not hold: clients that misbehave, traps, and commands of ours."""

from datetime import UTC, datetime

import pytest
from test_playing import tone

from agentd.simulator.channel import Channel
from agentd.simulator.effects import (
    Close,
    Effect,
    ForkDo,
    ForkStart,
    RecordStart,
    RecordStop,
    Send,
)
from agentd.simulator.playing import Sound
from agentd.simulator.wire import Switch

UUID = "11111111-2222-3333-4444-555555555555"


def make(*, connect: bool = True, idle: str = "-1") -> Switch:
    channel = Channel(UUID, datetime(2026, 11, 23, tzinfo=UTC))
    channel.set("send_silence_when_idle", idle)
    files: dict[str, Sound] = {"/a.wav": tone(50), "/bg.wav": tone(100, 1_000)}
    switch = Switch(channel, files.get)
    if connect:
        say(switch, "connect")
    return switch


def say(switch: Switch, text: str) -> str:
    """Send a command; what the switch sends at once."""
    switch.receive(text.encode() + b"\n\n")
    return sent(switch.drain())


def sent(effects: list[Effect]) -> str:
    return b"".join(e.data for e in effects if isinstance(e, Send)).decode()


def run(switch: Switch, ticks: int) -> str:
    text = ""
    for _ in range(ticks):
        switch.tick()
        text += sent(switch.drain())
    return text


EXECUTE = (
    "sendmsg\ncall-command: execute\nexecute-app-name: {}\nexecute-app-arg: {}\nevent-lock: true"
)


def test_channel_variables_are_in_the_answer_to_connect() -> None:
    switch = make(connect=False)
    switch.channel.set("agentd_contact_first_name", "Zoé\r\nReply-Text: forged")
    answer = say(switch, "connect")
    assert "variable_agentd_contact_first_name: Zo%C3%A9%0D%0AReply-Text%3A%20forged\n" in answer
    assert answer.count("\n\n") == 1
    assert answer.endswith("Socket-Mode: async\nControl: full\n\n")


def test_only_what_was_asked_for_is_told() -> None:
    switch = make()
    say(switch, "myevents")
    say(switch, EXECUTE.format("playback", "/a.wav"))
    switch.dtmf("5")
    switch.fork_event("connect")
    told = run(switch, 55)
    assert told.count("Event-Name: CHANNEL_EXECUTE\n") == 1
    assert "PLAYBACK" not in told
    assert "DTMF" not in told
    assert "CUSTOM" not in told
    say(switch, "event plain PLAYBACK_START DTMF CUSTOM mod_audio_fork::connect")
    switch.dtmf("9")
    switch.fork_event("connect")
    switch.fork_event("disconnect")
    told = sent(switch.drain())
    assert "DTMF-Digit: 9\n" in told
    assert told.count("Event-Subclass") == 1
    assert say(switch, "noevents").endswith("+OK no longer listening for events\n\n")
    switch.dtmf("1")
    assert switch.drain() == []


def test_variables_in_front_of_a_file_come_back_as_headers() -> None:
    switch = make()
    say(switch, "event plain PLAYBACK_START PLAYBACK_STOP")
    say(switch, EXECUTE.format("playback", "{say_id=s7,clip=1}/a.wav@@4000"))
    told = run(switch, 60)
    assert told.count("\nsay_id: s7\n") == 2
    assert "Playback-File-Path: %7Bsay_id%3Ds7,clip%3D1%7D/a.wav\n" in told  # without its offset
    assert "variable_playback_last_offset_pos: 8000\n" in told


def test_a_hangup_message_waits_behind_a_locked_playback() -> None:
    switch = make()
    say(switch, EXECUTE.format("playback", "/a.wav"))
    run(switch, 10)
    say(switch, "sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY")
    run(switch, 10)
    assert not switch.gone
    run(switch, 35)
    assert switch.cause == "USER_BUSY"


def test_hangup_without_linger_ends_the_connection() -> None:
    switch = make()
    say(switch, "sendmsg\ncall-command: hangup\nhangup-cause: CALL_REJECTED")
    switch.tick()
    effects = switch.drain()
    assert isinstance(effects[-1], Close)
    assert sent(effects).endswith(
        "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
    )
    assert switch.cause == "CALL_REJECTED"


@pytest.mark.parametrize(("linger", "ticks"), [("linger 1", 85), ("linger 3", 185)])
def test_linger_lasts_its_seconds_and_most_of_another(linger: str, ticks: int) -> None:
    switch = make()
    say(switch, linger)
    switch.hang_up("NORMAL_CLEARING", by_peer=True)
    assert "Content-Disposition: linger" in run(switch, 1)
    assert "UP 0 years" in say(switch, "api status")
    assert say(switch, f"api uuid_exists {UUID}").endswith("false")
    run(switch, ticks - 2)
    assert not switch.closed
    assert "Content-Disposition: disconnect" in run(switch, 2)


def test_nothing_is_told_to_a_client_that_has_left() -> None:
    """Between the hangup and its last events: what was sent then kept the call's writer waiting."""
    switch = make()
    say(switch, "linger 5")
    say(switch, "myevents")
    say(switch, f"api uuid_kill {UUID}")
    assert "+OK bye" in say(switch, "exit")
    assert run(switch, 20) == ""


def test_exit_ends_the_linger_at_once() -> None:
    switch = make()
    say(switch, "linger")
    switch.hang_up("NORMAL_CLEARING", by_peer=True)
    run(switch, 400)
    assert not switch.closed
    assert "+OK bye" in say(switch, "exit")
    assert switch.closed
    assert switch.problems == []


@pytest.mark.parametrize(("connect", "after_ms"), [(False, 9e9), (True, 2.0)])
def test_a_client_that_leaves_too_early_makes_a_zombie(connect: bool, after_ms: float) -> None:
    switch = make(connect=connect)
    switch.peer_closed(after_ms)
    assert "stays parked" in switch.problems[0]


def test_a_client_that_leaves_later_ends_the_call() -> None:
    switch = make()
    switch.peer_closed(500.0)
    assert switch.cause == "NORMAL_CLEARING"
    assert switch.problems == ["agentd closed the connection during the call"]


def test_a_client_that_says_nothing_is_given_up_after_25_seconds() -> None:
    switch = make(connect=False)
    run(switch, 1_239)
    assert not switch.closed
    run(switch, 1)
    assert switch.closed
    assert "never sent connect" in switch.problems[0]


def test_a_fork_without_a_rate_crashes_the_switch() -> None:
    switch = make()
    say(switch, f"api uuid_audio_fork {UUID} start ws://127.0.0.1:1/a mono")
    assert switch.closed
    assert "without a sampling rate" in switch.problems[0]


def test_forks() -> None:
    switch = make()
    fork = f"api uuid_audio_fork {UUID} "
    for line, answer in (
        ('start ws://h:1/a mono 16k bug1 {"a": 1, "b": 2}', "+OK Success"),
        ("start ws://h:1/a mono 16k bug1 again", "-ERR Operation Failed"),
        ('start ws://h:1/a mono 8k {"a":1}', "+OK Success"),
        ("start ws://h:1/a quadro 8k x y", "-USAGE"),
        ("start ws://h:1/a mono 11k x y", "-USAGE"),
        ("send_text bug1 '{\"n\": 5}'", "+OK Success"),
        ("pause bug1", "+OK Success"),
        ("stop bug1", "+OK Success"),
        ("stop bug1", "-ERR Operation Failed"),
        ("dance bug1", "-USAGE"),
    ):
        switch.receive((fork + line + "\n\n").encode())
        effects = switch.drain()
        assert answer in sent(effects), line
        others = [e for e in effects if not isinstance(e, Send)]
        if line.startswith("start") and answer.startswith("+OK"):
            assert isinstance(others[0], ForkStart)
            metadata = '{"a": 1, "b": 2}' if "bug1" in line else '{"a":1}'
            assert others[0].metadata == metadata
            assert others[0].rate_hz == (16_000 if "16k" in line else 8_000)
        elif line.startswith("send_text"):
            assert others == [ForkDo("bug1", "text", '{"n": 5}')]
        elif answer.startswith("+OK"):
            assert others == [ForkDo("bug1", line.partition(" ")[0])]
    switch.hang_up("NORMAL_CLEARING", by_peer=True)
    switch.tick()
    assert ForkDo("audio_fork", "hangup") in switch.drain()


def test_displace() -> None:
    switch = make()
    displace = f"api uuid_displace {UUID} "
    assert "+OK Success" in say(switch, displace + "start /bg.wav 0 ml")
    assert "-ERR Cannot displace" in say(switch, displace + "start /bg.wav 0 ml")
    assert "-ERR Cannot displace" in say(switch, displace + "start /none.wav 0 ml")
    _, frame = switch.tick()
    assert int(frame[0]) == 1_000
    assert "+OK Success" in say(switch, displace + "stop /bg.wav")
    assert "-ERR Cannot stop" in say(switch, displace + "stop /bg.wav")


def test_the_background_needs_send_silence_when_idle_before_the_socket() -> None:
    switch = make(idle="")
    say(switch, f"api uuid_displace {UUID} start /bg.wav 0 ml")
    say(switch, EXECUTE.format("set", "send_silence_when_idle=-1"))
    run(switch, 3)
    assert not switch.tick()[1].any()


def test_transfer_takes_the_channel_away_without_a_hangup() -> None:
    switch = make()
    say(switch, "linger")
    say(switch, "event plain ALL")
    assert say(switch, f"api uuid_transfer {UUID} 5000 XML default").endswith("+OK\n")
    told = run(switch, 1)
    assert switch.transferred == "5000"
    assert "CHANNEL_HANGUP" not in told
    assert "Content-Disposition: disconnect" in told


def test_other_calls_cannot_be_touched() -> None:
    switch = make()
    other = UUID.replace("1", "9")
    assert "-ERR invalid session id" in say(
        switch, f"sendmsg {other}\ncall-command: hangup\nhangup-cause: USER_BUSY"
    )
    for line in (f"uuid_break {other} all", f"uuid_kill {other}", f"uuid_getvar {other} x"):
        assert "No such channel" in say(switch, f"api {line}")
    assert "invalid uuid" in say(switch, f"api uuid_broadcast {other} /a.wav aleg")
    assert not switch.gone


def test_variables_by_api() -> None:
    switch = make()
    assert "+OK" in say(switch, f"api uuid_setvar {UUID} colour deep blue")
    assert say(switch, f"api uuid_getvar {UUID} colour").endswith("deep blue")
    assert say(switch, f"api uuid_getvar {UUID} none").endswith("_undef_")
    assert "variable_colour: deep%20blue\n" in say(switch, f"api uuid_dump {UUID}")


def test_what_this_switch_lacks_is_said() -> None:
    switch = make()
    assert "Command not found" in say(switch, "api sofia status")
    say(switch, EXECUTE.format("voicemail", "x"))
    run(switch, 1)
    assert switch.cause == "DESTINATION_OUT_OF_ORDER"
    assert len(switch.problems) == 2


def test_a_filter_keeps_other_events_away() -> None:
    switch = make()
    say(switch, "event plain ALL")
    say(switch, "filter Event-Name DTMF")
    switch.fork_event("connect")
    switch.dtmf("3")
    told = sent(switch.drain())
    assert "DTMF-Digit" in told
    assert "CUSTOM" not in told


def test_a_recording_is_begun_and_ended() -> None:
    switch = make()
    say(switch, f"api uuid_setvar {UUID} RECORD_STEREO true")
    switch.receive(f"api uuid_record {UUID} start /rec/a.wav\n\n".encode())
    begun = switch.drain()
    assert RecordStart("/rec/a.wav", stereo=True) in begun
    assert sent(begun).endswith("+OK Success\n")
    assert "+OK Success" in say(switch, f"api uuid_record {UUID} start /rec/a.wav")
    switch.receive(f"api uuid_record {UUID} stop /rec/a.wav\n\n".encode())
    ended = switch.drain()
    assert isinstance(ended[0], RecordStop), "complete before it is said to be"
    assert "-ERR Cannot stop record" in say(switch, f"api uuid_record {UUID} stop /rec/a.wav")
    assert "-ERR Cannot locate" in say(switch, "api uuid_record other start /rec/a.wav")
    assert "-USAGE" in say(switch, f"api uuid_record {UUID} pause")


def test_a_hangup_completes_recordings_and_a_closed_folder_has_none() -> None:
    switch = make()
    say(switch, f"api uuid_record {UUID} start /rec/a.wav")
    switch.hang_up("NORMAL_CLEARING", by_peer=True)
    switch.tick()
    assert RecordStop("/rec/a.wav") in switch.drain()
    closed = make()
    closed.may_write = lambda path: False
    assert "-ERR Cannot record" in say(closed, f"api uuid_record {UUID} start /rec/a.wav")


def test_a_client_that_closes_at_the_hangup_still_gets_its_recording() -> None:
    switch = make()
    say(switch, f"api uuid_record {UUID} start /rec/a.wav")
    switch.hang_up("NORMAL_CLEARING", by_peer=True)
    switch.peer_closed(1_000)
    assert RecordStop("/rec/a.wav") in switch.drain()
    switch.tick()
    assert switch.drain() == [], "and once"
