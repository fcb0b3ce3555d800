"""The player against the measured figures of the fact sheet, sections 1 to 3."""

from collections.abc import Callable

import numpy as np
import pytest

from agentd.simulator.playing import (
    AFTER_BREAK_TICKS,
    LEAD_TICKS,
    TICK,
    Application,
    Player,
    Samples,
    Sound,
    Told,
    split_argument,
)

INSTANT = ("set", "hangup")


def tone(ticks: float, level: int = 5_000) -> Sound:
    return Sound.of(np.full(round(ticks * TICK), level, np.int16))


class Bench:
    """A player whose events and sound are written down, tick by tick."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Told]] = []
        self.ran: list[str] = []
        self.now = 0
        self.player = Player(
            lambda t: self.told.append((self.now, t)), lambda a: self.ran.append(a.name), INSTANT
        )
        self.prompts: list[Samples] = []
        self.sent: list[Samples] = []
        self.number = 0

    def play(
        self, sound: Sound | None, *, locked: bool = True, broadcast: bool = False, start: int = 0
    ) -> str:
        self.number += 1
        name = f"f{self.number}"
        self.player.queue(Application("playback", name, name, locked, sound, start, {}, broadcast))
        return name

    def run(self, ticks: int, at: dict[int, Callable[[], object]] | None = None) -> None:
        for _ in range(ticks):
            if at and self.now in at:
                at[self.now]()
            prompt, sent = self.player.tick()
            self.prompts.append(prompt)
            self.sent.append(sent)
            self.now += 1

    def when(self, event: str, **headers: str) -> list[int]:
        return [
            at
            for at, told in self.told
            if told.name == event and headers.items() <= told.headers.items()
        ]

    def heard(self, track: list[Samples] | None = None) -> list[bool]:
        return [bool(frame.any()) for frame in (track or self.prompts)]


def test_locked_playbacks_follow_without_a_gap() -> None:
    bench = Bench()
    for ticks in (50, 50, 25):
        bench.play(tone(ticks))
    bench.run(130)
    assert bench.heard() == [True] * 125 + [False] * 5
    assert bench.when("PLAYBACK_START") == [0, 50, 100]
    assert bench.when("PLAYBACK_STOP") == [50, 100, 125]
    names = [told.name for _, told in bench.told[:5]]
    assert names == [
        *("CHANNEL_EXECUTE", "PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE"),
        "CHANNEL_EXECUTE",
    ]


def test_a_last_frame_that_is_not_full_is_filled_with_silence() -> None:
    bench = Bench()
    bench.play(tone(1.5))
    bench.run(3)
    assert len(bench.prompts[1]) == TICK
    assert not bench.prompts[1][TICK // 2 :].any()
    assert bench.told[2][1].variables["playback_last_offset_pos"] == str(TICK * 3 // 2)


def test_break_stops_at_the_next_tick_and_says_what_was_played() -> None:
    bench = Bench()
    bench.play(tone(250))
    following = bench.play(tone(10))
    bench.run(22, at={20: lambda: bench.player.ask_break(False)})
    assert bench.when("PLAYBACK_STOP", **{"Playback-Status": "break"}) == [20]
    stop = next(told for _, told in bench.told if told.name == "PLAYBACK_STOP")
    assert stop.variables["playback_last_offset_pos"] == "3200"
    assert stop.variables["playback_ms"] == "2048"  # read ahead
    assert bench.when("PLAYBACK_START", **{"Playback-File-Path": following}) == [20]
    assert bench.player.breaks == 1


def test_break_all_drops_what_waits_whatever_it_is() -> None:
    bench = Bench()
    bench.play(tone(250))
    bench.play(tone(10))
    bench.player.queue(Application("set", "a=b", "x", True))
    bench.run(60, at={20: lambda: bench.player.ask_break(True)})
    assert bench.heard() == [True] * 20 + [False] * 40
    assert bench.ran == []


def test_break_while_idle_harms_nothing() -> None:
    bench = Bench()
    bench.player.ask_break(True)
    bench.player.ask_break(False)
    bench.run(1)
    bench.play(tone(10))
    bench.run(12)
    assert sum(bench.heard()) == 10


def test_an_unlocked_playback_preempts_and_the_first_resumes() -> None:
    bench = Bench()
    bench.play(tone(50), locked=False)
    bench.play(tone(50), locked=False)
    bench.run(101)
    assert bench.when("CHANNEL_EXECUTE") == [0, 0]
    assert bench.when("PLAYBACK_STOP", **{"Playback-File-Path": "f2"}) == [50]
    assert bench.when("PLAYBACK_STOP", **{"Playback-File-Path": "f1"}) == [100]


@pytest.mark.parametrize(("locked", "at"), [(True, 30), (False, 5)])
def test_set_waits_behind_a_locked_playback_only(locked: bool, at: int) -> None:
    bench = Bench()
    bench.play(tone(30), locked=locked)
    setting = Application("set", "a=b", "x", False)
    bench.run(40, at={5: lambda: bench.player.queue(setting)})
    assert bench.when("CHANNEL_EXECUTE", Application="set") == [at]


def test_broadcasts_wait_and_leave_gaps() -> None:
    bench = Bench()
    for _ in range(2):
        bench.play(tone(50), broadcast=True)
    bench.run(120)
    assert bench.when("PLAYBACK_START") == [LEAD_TICKS, LEAD_TICKS + 50 + LEAD_TICKS]


@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("tick", [2, 3, 4])
def test_a_break_during_the_lead_of_a_broadcast_is_lost(everything: bool, tick: int) -> None:
    bench = Bench()
    bench.play(tone(50), broadcast=True)
    bench.run(70, at={tick: lambda: bench.player.ask_break(everything)})
    assert sum(bench.heard()) == 50
    assert bench.when("PLAYBACK_STOP", **{"Playback-Status": "done"}) == [LEAD_TICKS + 50]


def test_break_all_right_after_a_broadcast_drops_it() -> None:
    bench = Bench()
    bench.play(tone(50), broadcast=True)
    bench.player.ask_break(True)
    bench.run(70)
    assert bench.told == []


def test_a_broadcast_after_a_break_waits_longer() -> None:
    bench = Bench()
    bench.play(tone(250), broadcast=True)
    bench.play(tone(10), broadcast=True)
    bench.run(60, at={25: lambda: bench.player.ask_break(False)})
    stop, start = bench.when("PLAYBACK_STOP")[0], bench.when("PLAYBACK_START")[1]
    assert (start - stop) * 20 == 160


def test_a_missing_file_makes_no_playback_events() -> None:
    bench = Bench()
    bench.play(None)
    bench.play(tone(5))
    bench.run(10)
    first = [told for _, told in bench.told[:2]]
    assert [told.name for told in first] == ["CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"]
    assert first[1].headers["Application-Response"] == "FILE NOT FOUND"
    assert sum(bench.heard()) == 5


def test_a_hangup_in_the_middle_says_done() -> None:
    bench = Bench()
    bench.play(tone(250))
    bench.play(tone(10))
    bench.run(18)
    bench.player.stop()
    stop = next(told for _, told in bench.told if told.name == "PLAYBACK_STOP")
    assert stop.headers["Playback-Status"] == "done"
    assert stop.variables["playback_last_offset_pos"] == "2880"
    bench.run(5)
    assert not any(bench.heard()[-5:])


def test_an_offset_begins_inside_the_file() -> None:
    samples = np.arange(1, 10 * TICK + 1).astype(np.int16)
    bench = Bench()
    bench.play(Sound.of(samples), start=3 * TICK + 7)
    bench.run(8)
    assert bench.prompts[0][0] == 3 * TICK + 8
    assert bench.when("PLAYBACK_STOP") == [7]


def test_an_unknown_application_runs_without_an_event() -> None:
    bench = Bench()
    bench.player.queue(Application("nosuchapp", "x", "u", False))
    bench.run(1)
    assert bench.ran == ["nosuchapp"]
    assert bench.told == []


def test_sleep_delays_what_follows() -> None:
    bench = Bench()
    bench.player.queue(Application("sleep", "200", "u", True))
    bench.play(tone(5))
    bench.run(20)
    assert bench.when("PLAYBACK_START") == [10]


def test_a_looped_background_is_mixed_under_prompts_with_a_seam() -> None:
    bench = Bench()
    assert bench.player.displace("/bg.wav", tone(50, 1_000).samples, "ml", 0)
    assert not bench.player.displace("/bg.wav", tone(50, 1_000).samples, "ml", 0)
    bench.run(20)
    bench.play(tone(20))
    bench.run(90)
    levels = [int(frame[0]) for frame in bench.sent]
    assert levels[:20] == [1_000] * 20
    assert levels[20:40] == [6_000] * 20
    assert [i for i, level in enumerate(levels) if level == 0] == [50, 101]
    assert not any(frame.any() for frame in bench.prompts[40:])
    assert bench.player.replace("/bg.wav")
    assert not bench.player.replace("/bg.wav")
    bench.run(1)
    assert not bench.sent[-1].any()


def test_the_background_survives_a_break_and_is_muted_by_a_broadcast() -> None:
    bench = Bench()
    bench.player.displace("/bg.wav", tone(500, 1_000).samples, "ml", 0)
    bench.play(tone(100))
    bench.run(10)
    bench.player.ask_break(True)
    bench.run(5)
    assert all(bench.heard(bench.sent))
    bench.play(tone(10), broadcast=True)
    bench.run(9)
    assert bench.heard(bench.sent)[-9:] == [False] * (LEAD_TICKS + AFTER_BREAK_TICKS) + [True]


def test_without_silence_when_idle_the_background_needs_a_prompt() -> None:
    bench = Bench()
    bench.player.idle_silence = False
    bench.player.displace("/bg.wav", tone(500, 1_000).samples, "ml", 0)
    bench.run(5)
    bench.play(tone(5))
    bench.run(10)
    assert bench.heard(bench.sent) == [False] * 5 + [True] * 5 + [False] * 5


def test_flags_of_displace() -> None:
    bench = Bench()
    bench.player.displace("/once.wav", tone(10, 1_000).samples, "m", 0)
    bench.run(15)
    assert sum(bench.heard(bench.sent)) == 10
    bench.player.displace("/replaces.wav", tone(100, 1_000).samples, "l", 1)
    bench.play(tone(100))
    bench.run(60)
    assert int(bench.sent[20][0]) == 1_000
    assert int(bench.sent[-1][0]) == 5_000  # after its limit of one second


def test_mixing_clips_rather_than_wraps() -> None:
    bench = Bench()
    bench.player.displace("/loud.wav", tone(5, 30_000).samples, "m", 0)
    bench.play(tone(5, 30_000))
    bench.run(1)
    assert int(bench.sent[0][0]) == 32_767


def test_speech_ahead() -> None:
    samples = np.concatenate([tone(5).samples, np.zeros(20 * TICK, np.int16), tone(5).samples])
    bench = Bench()
    bench.play(Sound.of(np.concatenate([samples, np.zeros(10 * TICK, np.int16)])))
    ahead = []
    for _ in range(45):
        bench.run(1)
        ahead.append(bench.player.speech_ahead)
    assert ahead == [True] * 29 + [False] * 16


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("/a.wav", ({}, "/a.wav", 0)),
        ("{say_id=s1,clip=0}/a b.wav@@800", ({"say_id": "s1", "clip": "0"}, "/a b.wav", 800)),
        ("/odd@@name.wav", ({}, "/odd@@name.wav", 0)),
        ("{broken/a.wav", ({}, "{broken/a.wav", 0)),
    ],
)
def test_split_argument(argument: str, parts: tuple[dict[str, str], str, int]) -> None:
    assert split_argument(argument) == parts
