"""Saying: the commands, and what the switch's recorded events mean."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.dialogue.events import Event, SayDone, SayFailed, SayStarted
from agentd.switch import esl
from agentd.switch.esl import EslParser, Kind, Message
from agentd.switch.playback import MAX_WAITING, PlaybackTracker, Step

WIRE = Path(__file__).parent / "wire"
UUID = "3ae5a405-736a-41e0-8f93-0ffd0bbfe8ea"
BREAK = esl.api(f"uuid_break {UUID} all")
FILES = [("/a/one.wav", 1000), ("/a/two.wav", 2000)]


def recorded(event: str) -> dict[str, str]:
    """Headers of the last recorded event of this name."""
    messages = EslParser().feed((WIRE / "two_playbacks.bin").read_bytes())
    return dict([m for m in messages if m.event == event][-1].headers)


START = recorded("PLAYBACK_START")
STOP = recorded("PLAYBACK_STOP")
COMPLETE = recorded("CHANNEL_EXECUTE_COMPLETE")


def start(say: str, clip: int, path: str = "/a/one.wav", **more: str) -> Message:
    prefix = f"{{say_id={say},clip={clip}}}"
    return Message(Kind.EVENT, {**START, "Playback-File-Path": prefix + path, **more})


def stop(say: str, clip: int, samples: int, status: str = "done", **more: str) -> Message:
    headers = {
        **STOP,
        "Playback-File-Path": f"{{say_id={say},clip={clip}}}/a/one.wav",
        "Playback-Status": status,
        "variable_playback_last_offset_pos": str(samples),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return Message(Kind.EVENT, headers)


def complete(say: str, clip: int, response: str = "FILE PLAYED", **more: str) -> Message:
    argument = f"{{say_id={say},clip={clip}}}/a/one.wav"
    return Message(
        Kind.EVENT,
        {**COMPLETE, "Application-Data": argument, "Application-Response": response, **more},
    )


def feed(tracker: PlaybackTracker, *messages: Message) -> list[Event]:
    return [event for message in messages for event in tracker.on_message(message).events]


def sent(step: Step) -> list[bytes]:
    return [data for data, _ in step.commands]


def playing(files: Sequence[tuple[str, int]] = FILES, **options: int) -> PlaybackTracker:
    tracker = PlaybackTracker(UUID)
    tracker.play("s1", files, 8000, **options)
    return tracker


def test_commands_of_two_clips() -> None:
    step = PlaybackTracker(UUID).play("s1", FILES, 8000)
    assert sent(step) == [
        b"sendmsg\ncall-command: execute\nexecute-app-name: playback\n"
        b"execute-app-arg: {say_id=s1,clip=0}/a/one.wav\nevent-lock: true\nEvent-UUID: s1/0\n\n",
        b"sendmsg\ncall-command: execute\nexecute-app-name: playback\n"
        b"execute-app-arg: {say_id=s1,clip=1}/a/two.wav\nevent-lock: true\nEvent-UUID: s1/1\n\n",
    ]
    assert step.events == []


def test_commands_by_broadcast() -> None:
    step = PlaybackTracker(UUID, via="broadcast").play("s1", [("/a/b c.wav", 100)], 8000)
    assert sent(step) == [
        f"api uuid_broadcast {UUID} '{{say_id=s1,clip=0}}/a/b c.wav' aleg\n\n".encode()
    ]


def test_played_to_the_end() -> None:
    tracker = playing()
    assert feed(
        tracker,
        start("s1", 0),
        stop("s1", 0, 8000),
        complete("s1", 0),
        start("s1", 1),
        stop("s1", 1, 16_000),
        complete("s1", 1),
    ) == [SayStarted("s1"), SayDone("s1", True, 3000)]
    assert not tracker.busy


def test_stopped_in_the_second_clip() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0), stop("s1", 0, 8000), complete("s1", 0), start("s1", 1))
    step = tracker.stop("s1")
    assert sent(step) == [BREAK]
    assert step.settle == ["s1"]
    assert sent(tracker.stop("s1")) == []
    assert feed(tracker, stop("s1", 1, 3200, "break")) == [SayDone("s1", False, 1400)]
    assert tracker.settle("s1") == Step()


def test_a_clip_that_ends_just_as_it_is_stopped_was_completed() -> None:
    tracker = playing(FILES[:1])
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    assert feed(tracker, stop("s1", 0, 8000)) == [SayDone("s1", True, 1000)]


def test_stopped_just_as_a_clip_ends_the_rest_is_dropped() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    assert feed(tracker, stop("s1", 0, 8000)) == [SayDone("s1", False, 1000)]


def test_stopped_before_it_began_leaves_no_event_so_it_settles() -> None:
    tracker = playing()
    step = tracker.stop("s1")
    assert (sent(step), step.events) == ([BREAK], [])
    assert tracker.settle("s1").events == [SayDone("s1", False, 0)]
    # Should it begin after all, it is broken and nothing more is said of it.
    late = tracker.on_message(start("s1", 0))
    assert sent(late) == [esl.api(f"uuid_break {UUID}")]
    assert feed(tracker, stop("s1", 0, 160, "break"), complete("s1", 0)) == []


def test_a_lost_break_is_said_again() -> None:
    tracker = playing(FILES[:1])
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    again = tracker.settle("s1")
    assert (sent(again), again.events, again.settle) == ([BREAK], [], ["s1"])
    last = tracker.settle("s1")
    assert (sent(last), last.events) == ([], [SayDone("s1", False, 0)])


def test_a_lost_break_is_not_said_again_over_the_next_say() -> None:
    tracker = playing(FILES[:1])
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    tracker.play("s2", FILES[:1], 8000)
    step = tracker.settle("s1")
    assert (sent(step), step.events) == ([], [SayDone("s1", False, 0)])


def test_broadcast_breaks_only_what_has_begun() -> None:
    tracker = PlaybackTracker(UUID, via="broadcast")
    tracker.play("s1", FILES[:1], 8000)
    assert sent(tracker.stop("s1")) == []
    begun = tracker.on_message(start("s1", 0))
    assert sent(begun) == [BREAK]
    assert feed(tracker, stop("s1", 0, 160, "break")) == [SayDone("s1", False, 20)]


def test_held_and_gone_on_with_from_there() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0))
    held = tracker.hold("s1")
    assert (sent(held), held.events) == ([BREAK], [])
    assert tracker.hold("s1").commands == [], "it is held already"
    assert feed(tracker, stop("s1", 0, 5760, "break"), complete("s1", 0)) == []
    assert tracker.busy
    rest = tracker.resume("s1")
    assert [c.partition(b"arg: ")[2].partition(b"\n")[0] for c in sent(rest)] == [
        b"{say_id=s1,clip=1}/a/one.wav@@5760",
        b"{say_id=s1,clip=2}/a/two.wav",
    ]
    # SayStarted is not said again, and all that was heard adds up.
    assert feed(
        tracker,
        start("s1", 1),
        stop("s1", 1, 8000),
        complete("s1", 1),
        start("s1", 2),
        stop("s1", 2, 16_000),
    ) == [SayDone("s1", True, 3000)]


def test_held_twice_in_one_file() -> None:
    tracker = playing(FILES[:1])
    feed(tracker, start("s1", 0))
    for clip, samples in ((0, 1600), (1, 4800)):
        tracker.hold("s1")
        feed(tracker, stop("s1", clip, samples, "break"), complete("s1", clip))
        tracker.resume("s1")
        feed(tracker, start("s1", clip + 1))
    tracker.stop("s1")
    assert feed(tracker, stop("s1", 2, 6400, "break")) == [SayDone("s1", False, 800)]


def test_resumed_before_it_fell_silent_it_goes_on_when_it_has() -> None:
    tracker = playing(FILES[:1])
    feed(tracker, start("s1", 0))
    tracker.hold("s1")
    assert sent(tracker.resume("s1")) == []
    step = tracker.on_message(stop("s1", 0, 1600, "break"))
    assert b"/a/one.wav@@1600\n" in sent(step)[0]


def test_stopped_while_it_is_held_it_is_over_at_once() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0))
    tracker.hold("s1")
    feed(tracker, stop("s1", 0, 4000, "break"))
    step = tracker.stop("s1")
    assert (sent(step), step.events) == ([], [SayDone("s1", False, 500)])
    falling = playing()
    feed(falling, start("s1", 0))
    falling.hold("s1")
    falling.stop("s1")
    assert feed(falling, stop("s1", 0, 4000, "break")) == [SayDone("s1", False, 500)]


def test_held_between_two_files_the_break_has_dropped_the_second() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0))
    held = tracker.hold("s1")
    assert feed(tracker, stop("s1", 0, 8000)) == []
    assert held.settle == ["s1"]
    assert tracker.settle("s1").commands == []
    rest = tracker.resume("s1")
    assert [b"/a/two.wav\n" in command for command in sent(rest)] == [True]
    assert feed(tracker, start("s1", 2), stop("s1", 2, 16_000)) == [SayDone("s1", True, 3000)]


def test_held_in_its_last_moment_it_was_completed() -> None:
    tracker = playing(FILES[:1])
    feed(tracker, start("s1", 0))
    tracker.hold("s1")
    assert feed(tracker, stop("s1", 0, 8000)) == [SayDone("s1", True, 1000)]
    assert tracker.resume("s1") == Step()
    assert tracker.settle("s1") == Step()


def test_hung_up_while_it_is_held() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0, **{"Event-Date-Timestamp": "1000000"}))
    tracker.hold("s1")
    feed(tracker, stop("s1", 0, 4000, "break"))
    assert tracker.hung_up(9_000_000).events == [SayDone("s1", False, 500)]


def test_what_can_only_begin_at_its_beginning_is_not_held() -> None:
    tracker = playing([("/a/x@y.wav", 1000)])
    feed(tracker, start("s1", 0))
    assert tracker.hold("s1") == Step()


def test_a_broadcast_is_held_once_it_has_begun() -> None:
    tracker = PlaybackTracker(UUID, via="broadcast")
    tracker.play("s1", FILES[:1], 8000)
    assert sent(tracker.hold("s1")) == []
    step = tracker.on_message(start("s1", 0))
    assert (sent(step), step.settle) == ([BREAK], ["s1"])


def test_at_16_khz_the_rest_is_sought_in_samples_of_the_file() -> None:
    tracker = PlaybackTracker(UUID, channel_hz=16_000)
    tracker.play("s1", FILES[:1], 16_000)
    feed(tracker, start("s1", 0))
    tracker.hold("s1")
    feed(tracker, stop("s1", 0, 8000, "break"))
    assert b"/a/one.wav@@8000\n" in sent(tracker.resume("s1"))[0]


def test_one_say_at_a_time() -> None:
    tracker = playing(FILES[:1])
    assert sent(tracker.play("s2", FILES[:1], 8000)) == []
    assert tracker.stop("s2").events == [SayDone("s2", False, 0)]
    tracker.play("s3", FILES[:1], 8000)
    feed(tracker, start("s1", 0))
    step = tracker.on_message(stop("s1", 0, 8000))
    assert step.events == [SayDone("s1", True, 1000)]
    assert b"say_id=s3" in sent(step)[0]


def test_the_next_say_is_sent_after_the_break() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    assert b"say_id=s2" in sent(tracker.play("s2", FILES[:1], 8000))[0]
    assert feed(tracker, stop("s1", 0, 4000, "break"), start("s2", 0)) == [
        SayDone("s1", False, 500),
        SayStarted("s2"),
    ]
    waiting = playing()
    waiting.play("s2", FILES[:1], 8000)
    step = waiting.stop("s1")
    assert sent(step)[0] == BREAK
    assert b"say_id=s2" in sent(step)[1]


def test_a_missing_file_fails_and_drops_the_rest() -> None:
    tracker = playing()
    step = tracker.on_message(complete("s1", 0, "FILE NOT FOUND"))
    assert step.events == [SayFailed("s1", "/a/one.wav: file not found")]
    assert sent(step) == [BREAK]
    last = playing(FILES[:1])
    assert sent(last.on_message(complete("s1", 0, "FILE NOT FOUND"))) == []


def test_broken_by_somebody_else() -> None:
    tracker = playing()
    feed(tracker, start("s1", 0))
    step = tracker.on_message(stop("s1", 0, 4000, "break"))
    assert step.events == [SayDone("s1", False, 500)]
    assert sent(step) == [BREAK]


def test_a_hangup_also_says_done() -> None:
    tracker = playing()
    gone = stop("s1", 0, 2880, Answer_State="hangup")
    assert feed(tracker, start("s1", 0), gone) == [SayStarted("s1"), SayDone("s1", False, 360)]


def test_hung_up_without_a_stop_counts_by_the_switch_clock() -> None:
    tracker = playing()
    tracker.play("s2", FILES, 8000, offset_ms=500)
    feed(tracker, start("s1", 0, **{"Event-Date-Timestamp": "1000000"}))
    assert tracker.hung_up(1_300_000).events == [
        SayDone("s1", False, 300),
        SayDone("s2", False, 0),
    ]
    assert not tracker.busy
    again = playing()
    feed(again, start("s1", 0, **{"Event-Date-Timestamp": "1000000"}))
    assert again.hung_up(9_000_000).events == [SayDone("s1", False, 1000)]
    assert playing().hung_up().events == [SayDone("s1", False, 0)]


@pytest.mark.parametrize(
    ("offset_ms", "arguments"),
    [
        (0, [b"clip=0}/a/one.wav\n", b"clip=1}/a/two.wav\n"]),
        (500, [b"clip=0}/a/one.wav@@4000\n", b"clip=1}/a/two.wav\n"]),
        (1000, [b"clip=0}/a/two.wav\n"]),
        (1250, [b"clip=0}/a/two.wav@@2000\n"]),
        (3000, []),
    ],
)
def test_beginning_at_an_offset(offset_ms: int, arguments: list[bytes]) -> None:
    step = PlaybackTracker(UUID).play("s1", FILES, 8000, offset_ms)
    commands = sent(step)
    assert len(commands) == len(arguments)
    for command, argument in zip(commands, arguments, strict=True):
        assert argument in command
    assert step.events == ([] if arguments else [SayDone("s1", True, 0)])


def test_heard_leaves_the_offset_out_and_positions_count_from_the_file_start() -> None:
    tracker = playing(offset_ms=1250)
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    # Sought to sample 2000, broken at 6000: half a second of it was played.
    assert feed(tracker, stop("s1", 0, 6000, "break")) == [SayDone("s1", False, 500)]
    whole = playing(offset_ms=1250)
    assert feed(whole, start("s1", 0), stop("s1", 0, 16_000))[-1] == SayDone("s1", True, 1750)


def test_file_and_channel_rates_may_differ() -> None:
    tracker = PlaybackTracker(UUID, channel_hz=8000)
    step = tracker.play("s1", FILES[:1], 16_000, offset_ms=500)
    assert b"@@8000\n" in sent(step)[0]  # sought in samples of the file
    feed(tracker, start("s1", 0))
    tracker.stop("s1")
    assert feed(tracker, stop("s1", 0, 8000 + 800, "break")) == [SayDone("s1", False, 100)]


def test_lost_events_do_not_lose_the_say() -> None:
    tracker = playing()
    # The end of clip 0 was dropped, then the PLAYBACK_STOP of clip 1.
    assert feed(
        tracker,
        start("s1", 0),
        start("s1", 1),
        complete("s1", 1, variable_playback_last_offset_pos="16000"),
    ) == [SayStarted("s1"), SayDone("s1", True, 3000)]


@pytest.mark.parametrize(
    "path", ["relative.wav", "/a/b@@8.wav", "/a/${x}.wav", "/a/b\n\napi x.wav"]
)
def test_an_unusable_path_fails_the_say(path: str) -> None:
    tracker = PlaybackTracker(UUID)
    step = tracker.play("s1", [(path, 100)], 8000)
    assert step.commands == []
    assert [type(event) for event in step.events] == [SayFailed]
    assert not tracker.busy


def test_an_at_sign_in_a_path_begins_at_its_start() -> None:
    step = PlaybackTracker(UUID).play("s1", [("/a/x@y.wav", 1000)], 8000, 500)
    assert b"}/a/x@y.wav\n" in sent(step)[0]


def test_refused_by_the_switch() -> None:
    tracker = playing()
    assert tracker.refuse("s1", "no").events == [SayFailed("s1", "no")]
    assert tracker.refuse("s1", "no").events == []


def test_too_many_says() -> None:
    tracker = playing()
    events = [
        event for n in range(MAX_WAITING + 1) for event in tracker.play(f"w{n}", FILES, 8000).events
    ]
    assert [type(event) for event in events] == [SayFailed]


def test_ids_are_checked() -> None:
    tracker = playing()
    for bad in ("a,b", "a}b", "", "s1"):
        with pytest.raises(ValueError, match="say_id"):
            tracker.play(bad, FILES, 8000)


def test_other_events_mean_nothing() -> None:
    tracker = playing()
    messages = EslParser().feed((WIRE / "two_playbacks.bin").read_bytes())
    assert feed(tracker, *messages) == []
    assert tracker.busy


events = st.sampled_from(
    [start, lambda s, c: stop(s, c, 4000), lambda s, c: stop(s, c, 4000, "break"), complete,
     lambda s, c: complete(s, c, "FILE NOT FOUND")]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["play", "stop", "settle", "refuse", "hold", "resume", "event"]),
            st.sampled_from(["s0", "s1", "s2"]),
            st.integers(0, 4),
            events,
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_every_say_ends_exactly_once(script: list[tuple], broadcast: bool) -> None:
    tracker = PlaybackTracker(UUID, via="broadcast" if broadcast else "sendmsg")
    asked: list[str] = []
    seen: list[Event] = []
    for number, (what, say, clip, make) in enumerate(script):
        name = f"{say}.{number}" if what == "play" else next(
            (a for a in reversed(asked) if a.startswith(say)), say
        )  # fmt: skip
        if what == "play":
            asked.append(name)
            step = tracker.play(name, FILES, 8000)
        elif what == "stop":
            step = tracker.stop(name)
        elif what == "settle":
            step = tracker.settle(name)
        elif what == "hold":
            step = tracker.hold(name)
        elif what == "resume":
            step = tracker.resume(name)
        elif what == "refuse":
            step = tracker.refuse(name, "no")
        else:
            step = tracker.on_message(make(name, clip))
        seen += step.events
    seen += tracker.hung_up().events
    ends = [e.say_id for e in seen if isinstance(e, SayDone | SayFailed)]
    assert sorted(ends) == sorted(asked)
    starts = [e.say_id for e in seen if isinstance(e, SayStarted)]
    assert len(starts) == len(set(starts))
    assert all(0 <= e.heard_ms <= 3000 for e in seen if isinstance(e, SayDone))
