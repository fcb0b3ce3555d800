"""Calls through a real FreeSWITCH and a real phone, with what this project ships."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import gevent
import numpy as np
import pytest
import soundfile
from live_deployment import Deployed
from live_phone import RATE, Phone
from live_switch import LiveCall, LiveSwitch, until

from agentd.dialogue.phrases import phrase
from agentd.store.repo import CallReport

ROOT = Path(__file__).parents[2]
Voice = Callable[[str], np.ndarray]

PRICE = "c'est trop cher vos taux"
LEAD = ("oui bonjour", "oui", "oui", "oui d'accord", "demain à dix heures")
ECHO_MS = 400


def ended(deployed: Deployed, call: LiveCall, timeout: float = 20.0) -> CallReport:
    """What the store holds at the end; the channel is gone then."""

    def kept() -> CallReport | None:
        report = deployed.repo.load_call(call.id) or deployed.repo.load_call(call.uuid)
        return report if report is not None and report.ended_at is not None else None

    until(kept, timeout, "the call was not ended in the store")
    until(lambda: not call.exists, 5, "the channel is left")
    gevent.sleep(0.2)  # its last event
    report = kept()
    assert report is not None
    return report


def answer(phone: Phone, call: LiveCall, sound: np.ndarray, after: float) -> float:
    """Speak when it is our turn; when we had finished."""
    call.turn(after)
    seconds = phone.say(sound)
    gevent.sleep(seconds)
    return time.monotonic()


def converse(phone: Phone, call: LiveCall, voice: Voice, texts: tuple[str, ...]) -> None:
    at = 0.0
    for text in texts:
        at = answer(phone, call, voice(text), at)


def rms(sound: np.ndarray) -> np.ndarray:
    """Level of each 20 ms."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160).astype(float)
    return np.asarray(np.sqrt((frames**2).mean(axis=1)))


def test_a_whole_call(switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice) -> None:
    deployed.start()
    call = switch.originate(phone.uri)
    converse(phone, call, voice, (*LEAD[:2], PRICE, *LEAD[2:]))
    report = ended(deployed, call)
    assert (report.disposition, call.cause) == ("LEAD", "NORMAL_CLEARING")
    said = [t["text"] for t in report.turns if t["who"] == "agent"]
    assert "voix artificielle" in said[0]
    until(lambda: not phone.in_call)
    level = rms(phone.heard())
    spoken = level > 400
    assert spoken.mean() > 0.3, "the phone heard no agent"
    # The ambience goes on between prompts: what is not speech is not silence either.
    under = level[50:-50][~spoken[50:-50]]
    assert np.median(under) > 5, "no background"
    assert (level[50:-50] < 1).mean() < 0.02, "the line went dead between prompts"


def test_do_not_call_again(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    deployed.start()
    call = switch.originate(phone.uri, number=102)
    converse(phone, call, voice, ("ne m'appelez plus jamais",))
    report = ended(deployed, call)
    assert report.disposition == "OPT_OUT"
    assert deployed.repo.suppressed("+33199000102")


def test_a_recorded_call(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    deployed.start(call={"record": True})
    call = switch.originate(phone.uri)
    converse(phone, call, voice, LEAD)
    report = ended(deployed, call)
    assert report.disposition == "LEAD"
    sound, rate = soundfile.read(report.recording, dtype="int16", always_2d=True)
    assert (rate, sound.shape[1]) == (RATE, 2)
    prospect, agent = rms(sound[:, 0]), rms(sound[:, 1])
    assert (prospect > 400).mean() > 0.05
    assert (agent > 400).mean() > 0.2
    # Begun after the notice, with the prospect's first answer in it, before the agent's next words.
    # (Over the ambience; the notice's last 40 ms are under way when the switch says it is played.)
    assert np.argmax(prospect > 400) < 5 + np.argmax(agent[5:] > 1_500)
    begun = report.turns[0]["end_ms"]
    last = max(turn["end_ms"] for turn in report.turns)
    assert abs(len(sound) * 1000 / rate - (last - begun)) < 1_500
    # The ambience is on the agent's side, and nothing of ours on the prospect's.
    assert np.median(agent[agent < 400]) > 5
    assert np.median(prospect) < 10  # silence in A-law is 8


def test_a_call_that_may_not_be_recorded(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    deployed.start(call={"record": True})
    call = switch.originate(phone.uri)
    call.turn(0.0)
    until(lambda: list(deployed.recordings.rglob("*.wav")), 5, "nothing is recorded")
    at = time.monotonic()
    gevent.sleep(phone.say(voice("je ne veux pas être enregistré")))
    call.turn(at)
    assert list(deployed.recordings.rglob("*.wav")) == []
    assert "recording_stopped.wav" in call.played
    phone.hang_up()
    assert ended(deployed, call).recording is None


def test_the_prospect_interrupts(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    deployed.start()
    call = switch.originate(phone.uri)
    at = answer(phone, call, voice(LEAD[0]), 0.0)
    until(lambda: call.playing and call.of("PLAYBACK_START")[-1][0] > at)
    gevent.sleep(0.8)
    assert call.playing
    begun = time.monotonic()
    phone.say(voice("attendez attendez, j'ai une question s'il vous plaît"))
    broke = [e for e in call.of("PLAYBACK_STOP") if e[1].get("Playback-Status") == "break"]
    until(
        lambda: (
            broke.extend(
                e for e in call.of("PLAYBACK_STOP") if e[1].get("Playback-Status") == "break"
            )
            or broke
        ),
        5,
        "the agent spoke on",
    )
    assert broke[0][0] - begun < 2.0
    phone.hang_up()
    assert ended(deployed, call).disposition == "HANGUP"


def test_a_backchannel_is_waited_out(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    deployed.start()
    call = switch.originate(phone.uri)
    at = answer(phone, call, voice(LEAD[0]), 0.0)
    until(lambda: call.playing and call.of("PLAYBACK_START")[-1][0] > at)
    gevent.sleep(0.8)
    begun = time.monotonic()
    phone.say(voice("d'accord"))
    silent = call.turn(begun, timeout=15)
    after = [(t, m) for t, m in call.of("PLAYBACK_STOP") if t > begun]
    assert after[0][1].get("Playback-Status") == "break"
    assert after[0][0] - begun < 0.8, "it was not held at once"
    # The rest is played from the sample where the break came, in the same file.
    stopped = int(after[0][1].get("variable_playback_last_offset_pos"))
    again = next(m for t, m in call.of("CHANNEL_EXECUTE") if t > after[0][0])
    path, _, offset = unquote(again.get("Application-Data")).partition("@@")
    assert abs(int(offset) - stopped) <= 8
    assert path.rpartition("/")[2] in call.played
    assert 0.3 < next(t for t, _ in call.of("PLAYBACK_START") if t > after[0][0]) - after[0][0] < 2
    assert after[-1][1].get("Playback-Status") == "done"
    assert silent > after[0][0]
    phone.hang_up()
    report = ended(deployed, call)
    assert [t["interrupted"] for t in report.turns if t["who"] == "agent"][:2] == [False, False]


def test_a_key_is_an_answer(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    deployed.start()
    call = switch.originate(phone.uri, number=103)
    until(lambda: call.playing)
    phone.press("9")
    assert ended(deployed, call).disposition == "OPT_OUT"
    assert deployed.repo.suppressed("+33199000103")


def test_a_star_does_not_cut_a_prompt(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    deployed.start()
    call = switch.originate(phone.uri)
    until(lambda: call.playing)
    phone.press("*")
    call.turn(0.0)
    assert call.of("PLAYBACK_STOP")[0][1].get("Playback-Status") == "done"
    phone.hang_up()
    ended(deployed, call)


def test_the_prospect_hangs_up_in_a_prompt(
    switch: LiveSwitch, deployed: Deployed, phone: Phone
) -> None:
    deployed.start()
    call = switch.originate(phone.uri)
    until(lambda: call.playing)
    gevent.sleep(1.0)
    phone.hang_up()
    report = ended(deployed, call)
    assert report.disposition == "HANGUP"
    (turn,) = report.turns
    assert 600 < turn["end_ms"] - turn["start_ms"] < 2_000, "what was really heard"


def test_calls_beyond_the_limit(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    agentd = deployed.start(max_calls=2)
    held = [switch.originate(phone.uri) for _ in range(2)]
    until(lambda: all(call.playing for call in held))
    refused = [switch.originate(phone.uri) for _ in range(10)]
    until(lambda: all(call.cause for call in refused), 10, "a call was left parked")
    assert {call.cause for call in refused} == {"SWITCH_CONGESTION"}
    assert len(agentd.said("call refused")) == 10
    assert all(call.exists for call in held)
    for call in held:
        switch.api(f"uuid_kill {call.uuid}")
        ended(deployed, call)


def test_nobody_listens(switch: LiveSwitch, phone: Phone) -> None:
    call = switch.originate(phone.uri)
    until(lambda: call.cause, 15)
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"


def test_killed_in_mid_call(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    first, second = deployed.start(), deployed.start(second=True)
    call = switch.originate(phone.uri)
    converse(phone, call, voice, LEAD[:2])
    call.turn(time.monotonic())
    at = time.monotonic()
    first.kill()
    at = answer(phone, call, voice(LEAD[2]), at)
    for text in LEAD[3:]:
        at = answer(phone, call, voice(text), at)
    report = ended(deployed, call)
    assert (report.disposition, call.cause) == ("LEAD", "NORMAL_CLEARING")
    assert second.said("call taken over from an agentd that died")
    said = " ".join(t["text"] for t in report.turns if t["who"] == "agent")
    assert said.count(phrase("resumed").text) == 1
    assert said.count("voix artificielle") == 1
    level = rms(phone.heard())
    assert (level[50:-50] < 1).mean() < 0.05, "the line went dead"


def test_killed_in_a_prompt(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    first, second = deployed.start(), deployed.start(second=True)
    call = switch.originate(phone.uri)
    until(lambda: call.playing)
    gevent.sleep(1.0)
    first.kill()
    # The switch plays the prompt to its end before the dialplan goes on.
    until(lambda: second.said("call taken over from an agentd that died"), 15)
    until(lambda: any("resumed" in name for name in call.played), 5, f"{call.played}")
    starts = call.of("PLAYBACK_START")
    until(lambda: len(call.of("PLAYBACK_STOP")) >= len(starts) - 1)
    phone.hang_up()
    assert ended(deployed, call).disposition == "HANGUP"


def test_both_killed(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    first, second = deployed.start(), deployed.start(second=True)
    call = switch.originate(phone.uri)
    until(lambda: call.playing)
    first.kill()
    until(lambda: second.said("call taken over from an agentd that died"), 15)
    second.kill()
    until(lambda: call.cause, 20, "nobody holds the call, and it goes on")
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"


def test_a_stopped_agentd_says_goodbye(
    switch: LiveSwitch, deployed: Deployed, phone: Phone
) -> None:
    agentd = deployed.start(drain_s=0.5)
    call = switch.originate(phone.uri)
    until(lambda: call.playing)
    agentd.terminate()
    report = ended(deployed, call)
    assert agentd.end() == 0
    assert report.disposition == "FAILED"
    assert any(name.startswith("bye") for name in call.played), call.played


def test_a_draining_agentd_sends_calls_to_the_other(
    switch: LiveSwitch, deployed: Deployed, phone: Phone
) -> None:
    first, second = deployed.start(drain_s=20), deployed.start(second=True)
    held = switch.originate(phone.uri)
    until(lambda: held.playing)
    first.terminate()
    until(lambda: first.said("draining"))
    other = switch.originate(phone.uri)
    until(lambda: other.playing)
    assert second.said("call answered")
    assert held.exists
    for call in held, other:
        switch.api(f"uuid_kill {call.uuid}")
        ended(deployed, call)
    assert first.end() == 0


def test_a_test_phone_calls_in(
    switch: LiveSwitch, deployed: Deployed, phone: Phone, voice: Voice
) -> None:
    deployed.start()
    phone.dial("sip:7000@127.0.0.1")
    call = switch.incoming()
    converse(phone, call, voice, ("non merci ça ne m'intéresse pas",))
    call.turn(time.monotonic())
    phone.hang_up()
    report = ended(deployed, call)
    assert report.scenario == "finance"
    assert report.turns[1]["who"] == "prospect"


@pytest.fixture
def to_a_person(tmp_path: Path) -> str:
    """The scenario, with somebody to transfer to; its file."""
    scenario = json.loads((ROOT / "scenarios" / "scenario_finance.json").read_text())
    scenario["name"] = "live-transfer"
    scenario["transfer"] = {"target": "human", "text": "Je vous passe un conseiller."}
    file = tmp_path / "scenario_live-transfer.json"
    file.write_text(json.dumps(scenario))
    return str(file)


@pytest.fixture
def person(switch: LiveSwitch, phones: Callable[..., Phone]) -> Phone:
    """Who takes transfers: where the switch's `agentd_human` says, on this machine."""
    found = re.fullmatch(r".*sip:(\w+)@127\.0\.0\.1:(\d+)", switch.variable("agentd_human"))
    if found is None:
        pytest.skip("agentd_human of the dialplan names no phone of 127.0.0.1")
    return phones(found[1], int(found[2]))


def test_transferred_to_a_person(
    switch: LiveSwitch,
    deployed: Deployed,
    phone: Phone,
    person: Phone,
    voice: Voice,
    to_a_person: str,
) -> None:
    deployed.start()
    call = switch.originate(phone.uri, agentd_scenario=to_a_person)
    answer(phone, call, voice("je veux parler à un conseiller"), 0.0)
    until(lambda: person.in_call, 20, f"nobody was called: {call.played}")
    until(lambda: deployed.repo.load_call(call.id).disposition, 10)
    gevent.sleep(1.0)
    assert call.exists, "the prospect was hung up on"
    begun = time.monotonic()
    phone.say(np.tile(voice("bonjour"), 3))
    gevent.sleep(2.0)
    phone.hang_up()
    until(lambda: not person.in_call, 10)
    heard = rms(person.heard())
    assert (heard > 400).sum() > 25, "the person does not hear the prospect"
    report = ended(deployed, call)
    assert report.disposition == "TRANSFERRED"
    assert time.monotonic() - begun < 15


def test_started_without_quotes(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    """The socket is then neither async nor full: hung up, and the log says why."""
    agentd = deployed.start()
    call = switch.call(f"sofia/internal/{phone.uri}", "&socket(127.0.0.1:8084)")
    until(lambda: call.cause, 15, "the call was left parked")
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"
    assert "async full" in agentd.said("a connection came to nothing")[0]["error"]


def test_check_of_the_switch(switch: LiveSwitch, deployed: Deployed, tmp_path: Path) -> None:
    file = tmp_path / "agentd.toml"
    file.write_text(
        f'[switch]\nhost = "{switch.host}"\nport = {switch.port}\npassword = "{switch.password}"\n'
    )
    environ = {**os.environ, "AGENTD_PATHS_ROOT": str(ROOT)}
    command = [sys.executable, "-m", "agentd", "check", "--json", "--config", str(file)]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    found = {f["name"]: f for f in map(json.loads, done.stdout.splitlines())}
    assert found["FreeSWITCH"]["status"] == "ok", found["FreeSWITCH"]
    modules = {name: f["status"] for name, f in found.items() if name.startswith("module ")}
    assert set(modules.values()) == {"ok"}
    assert "module mod_audio_fork" in modules


def test_what_prometheus_reads(switch: LiveSwitch, deployed: Deployed, phone: Phone) -> None:
    agentd = deployed.start(metrics_port=0)
    call = switch.originate(phone.uri)
    until(lambda: call.playing)
    address = agentd.said("ready")[0]["metrics"]

    def page(path: str) -> str:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=3) as answer:
            return answer.read().decode()

    assert 'agentd_calls_held{phase="open"} 1.0' in page("/metrics")
    assert json.loads(page("/ready"))["calls"] == 1
    phone.hang_up()
    ended(deployed, call)
    until(lambda: 'agentd_calls_total{disposition="HANGUP"} 1.0' in page("/metrics"))
