"""Whole simulated calls against a scripted agent, in real time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import numpy as np
import pytest
import soundfile
from gevent.pool import Pool
from scripted_agent import AudioSink, Client, ScriptedAgent

from agentd.simulator.files import SoundFiles
from agentd.simulator.judge import measure
from agentd.simulator.persona import Persona
from agentd.simulator.playing import Samples
from agentd.simulator.switch import Outcome, SimulatedCall

RATE = 8_000


def tone(seconds: float, hz: int = 500, level: float = 8_000) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(level * np.sin(2 * np.pi * hz * t), np.int16)


@pytest.fixture
def sink() -> Iterator[AudioSink]:
    sink = AudioSink()
    yield sink
    sink.stop()


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    """0.6 s, at 22,050 Hz: the switch resamples."""
    t = np.arange(round(0.6 * 22_050)) / 22_050
    file = tmp_path / "prompt.wav"
    soundfile.write(file, (0.3 * np.sin(2 * np.pi * 500 * t)), 22_050)
    return file


def place(
    script: Callable[[Client], None], turns: list[dict[str, object]], **persona: object
) -> tuple[SimulatedCall, Outcome]:
    agent = ScriptedAgent(script)
    who = Persona.model_validate({"name": "test", "turns": turns, **persona})
    call = SimulatedCall(
        who,
        {text: tone(0.4, 300) for text in who.texts},
        agent.address,
        {"agentd_call_id": "c1"},
        SoundFiles(),
        longest_s=8.0,
    )
    with gevent.Timeout(15):
        outcome = call.run()
    agent.stop()
    return call, outcome


def test_a_call_from_answer_to_hangup(sink: AudioSink, prompt: Path) -> None:
    clients: list[Client] = []

    def script(client: Client) -> None:
        clients.append(client)
        client.connect()
        assert "variable_agentd_call_id: c1\n" in client.text
        assert "variable_send_silence_when_idle: -1\n" in client.text
        client.send(f"api uuid_audio_fork {client.uuid} start {sink.url} mono 16k bug meta data")
        client.wait("mod_audio_fork%3A%3Aconnect")
        client.play("{say_id=s1}" + str(prompt))
        client.wait("Playback-Status: done")
        gevent.sleep(1.2)  # 0.5 s until the prospect answers, which takes 0.4 s
        client.play("{say_id=s2}" + str(prompt))
        client.wait("Playback-Status: done", count=2)
        client.hangup("USER_BUSY")

    call, outcome = place(script, [{"say": "oui"}, {"say": "non"}])
    assert outcome.problems == []
    assert outcome.cause == "USER_BUSY"
    assert [one.text for one in outcome.spoken] == ["oui"]
    assert outcome.unused == 1
    assert "say_id: s1\n" in clients[0].text
    assert sink.heard.texts == ["meta data"]
    assert sink.heard.closed_by == 1000

    recorder = call.recorder
    timing = measure(recorder.said, recorder.prompt, outcome.spoken, outcome.cuts_ms)
    assert timing.answers == [pytest.approx(300, abs=80)]
    stereo = recorder.stereo
    assert stereo.shape[1] == 2
    said_at = outcome.spoken[0].start_ms * RATE // 1000
    assert np.abs(stereo[said_at + 800 : said_at + 2_400, 0]).max() > 7_000
    assert np.abs(stereo[said_at : said_at + 2_000, 1]).max() < 50
    # The fork heard what the left channel holds, at twice the rate, from its start to its end.
    heard = np.frombuffer(sink.heard.audio, "<i2")
    assert len(heard) == pytest.approx(2 * len(stereo), rel=0.1)
    assert np.abs(heard).max() == pytest.approx(8_000, rel=0.1)


def test_an_interruption_breaks_off_the_prompt(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    soundfile.write(long, tone(5.0), RATE)

    def script(client: Client) -> None:
        client.connect()
        client.play(long)
        client.wait("PLAYBACK_START")
        gevent.sleep(0.9)
        client.send(f"api uuid_break {client.uuid} all")
        client.wait("Playback-Status: break")
        gevent.sleep(0.2)
        client.hangup()

    call, outcome = place(script, [{"interrupt": "non", "at": 0.5}])
    timing = measure(call.recorder.said, call.recorder.prompt, outcome.spoken, outcome.cuts_ms)
    assert timing.interrupts == [pytest.approx(400, abs=80)]
    assert timing.overlap_ms == pytest.approx(400, abs=80)


def test_the_prospect_presses_a_key_and_hangs_up(prompt: Path) -> None:
    def script(client: Client) -> None:
        client.connect()
        client.play(prompt)
        client.wait("DTMF-Digit: 9")
        client.play(prompt)
        client.wait("CHANNEL_HANGUP_COMPLETE")
        client.wait("variable_sip_hangup_disposition: recv_bye")
        client.wait("Content-Disposition: linger")

    _, outcome = place(script, [{"dtmf": "9"}, {"hangup": True}])
    assert outcome.cause == "NORMAL_CLEARING"
    assert outcome.problems == []


def test_a_machine_speaks_at_once_and_beeps(prompt: Path) -> None:
    def script(client: Client) -> None:
        client.connect()
        gevent.sleep(0.6)
        client.hangup()

    call, outcome = place(script, [], answer="machine", greeting="laissez un message", beep=True)
    assert outcome.spoken[0].kind == "greeting"
    assert outcome.spoken[0].start_ms == 0
    assert np.abs(call.recorder.stereo[:1_600, 0]).max() > 7_000


def test_an_agent_that_leaves_is_a_problem() -> None:
    def script(client: Client) -> None:
        client.connect()
        gevent.sleep(0.1)

    _, outcome = place(script, [{"say": "oui"}])
    assert outcome.problems == ["agentd closed the connection during the call"]


def test_a_call_that_never_ends_is_ended() -> None:
    agent = ScriptedAgent(lambda client: (client.connect(), client.wait("HANGUP_COMPLETE", 9)))
    call = SimulatedCall(
        Persona(name="endless"), {}, agent.address, {}, SoundFiles(), longest_s=0.5
    )
    with gevent.Timeout(8):
        outcome = call.run()
    agent.stop()
    assert outcome.cause == "ALLOTTED_TIMEOUT"
    assert "still going on after 0.5 s" in outcome.problems[0]


def test_nobody_listens() -> None:
    agent = ScriptedAgent(lambda client: None)
    address = agent.address
    agent.stop()
    call = SimulatedCall(Persona(name="x"), {}, address, {}, SoundFiles())
    outcome = call.run()
    assert "nobody answers" in outcome.problems[0]


def test_a_missing_file_is_told_and_nothing_is_played(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.connect()
        client.play(tmp_path / "none.wav")
        client.wait("FILE%20NOT%20FOUND")
        (tmp_path / "broken.wav").write_bytes(b"RIFF????WAVE")
        client.play(tmp_path / "broken.wav")
        client.wait("FILE%20NOT%20FOUND", count=4)
        client.hangup()

    call, _ = place(script, [])
    assert not call.recorder.prompt.any()


def test_many_calls_at_once_keep_time(prompt: Path) -> None:
    def script(client: Client) -> None:
        client.connect()
        client.play(prompt)
        client.wait("Playback-Status: done", timeout=8)
        client.hangup()

    agent = ScriptedAgent(script)
    files = SoundFiles()
    calls = [
        SimulatedCall(Persona(name=f"p{n}"), {}, agent.address, {}, files, seed=n)
        for n in range(12)
    ]
    with gevent.Timeout(20):
        outcomes = list(Pool(12).imap(lambda call: call.run(), calls))
    agent.stop()
    assert all(outcome.problems == [] for outcome in outcomes)
    for call in calls:
        loud = np.nonzero(np.abs(call.recorder.prompt) > 300)[0]
        assert (loud[-1] - loud[0]) / RATE == pytest.approx(0.6, abs=0.03)


def test_changed_files_are_read_again(tmp_path: Path) -> None:
    files, path = SoundFiles(), tmp_path / "a.wav"
    soundfile.write(path, tone(0.1), RATE)
    assert files.get(str(path)) is None  # not loaded: never waits
    files.load(str(path))
    first = files.get(str(path))
    soundfile.write(path, tone(0.2), RATE)
    files.load(str(path))
    second = files.get(str(path))
    assert first is not None
    assert second is not None
    assert len(second.samples) == 2 * len(first.samples)
    assert files.get("relative.wav") is None
