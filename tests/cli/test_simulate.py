"""`agentd simulate` as a person meets it. The whole spoken call is marked `speech`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gevent
import pytest
import soundfile
from click.testing import CliRunner, Result

from agentd.cli import cli
from agentd.simulator.persona import parse_persona
from agentd.simulator.run import Simulation
from agentd.simulator.voices import Voices, beep, hum

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "scenario_finance.json"
PERSONAS = ROOT / "scenarios" / "personas"
KEYS = [
    "persona",
    "disposition",
    "score",
    "steps",
    "objections",
    "interruptions",
    "turns",
    "latency_ms",
    "late_ticks",
    "recording",
    "passed",
    "failures",
]
PICO = ROOT / "models" / "pico"
MODELS = PICO.is_dir() and (ROOT / "models" / "whisper-base" / "model.bin").is_file()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "agentd.toml"
    file.write_text(f'[paths]\nroot = "{ROOT}"\n[store]\nurl = "sqlite:////{tmp_path}/s.sqlite3"\n')
    return file


def run(config: Path, *arguments: object) -> Result:
    return CliRunner().invoke(
        cli, ["--config", str(config), "simulate", *map(str, arguments)], prog_name="agentd"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.json", "--persona", PERSONAS], ["none.json"]),
        ([SCENARIO, "--persona", "none.yaml"], ["none.yaml", "cannot be read"]),
        ([SCENARIO, "--persona", ROOT / "docs"], ["no *.yaml"]),
        ([SCENARIO, "--persona", PERSONAS, "--connect", "nowhere"], ["HOST:PORT"]),
        ([SCENARIO, "--persona", PERSONAS, "--connect", "h:99999"], ["HOST:PORT"]),
        ([SCENARIO], ["--persona"]),
        ([SCENARIO, "--persona", PERSONAS, "--repeat", "0"], ["--repeat"]),
    ],
)
def test_bad_input_is_told_and_exits_2(
    config: Path, arguments: list[object], words: list[str]
) -> None:
    result = run(config, *arguments)
    assert result.exit_code == 2, result.output
    for word in words:
        assert word in result.output
    assert "Traceback" not in result.output


def test_a_broken_persona_is_named_with_its_turn(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("name: p\nturns: [{say: oui}, {sey: non}]")
    result = run(config, SCENARIO, "--persona", file)
    assert result.exit_code == 2
    assert f"{file}: turn 2: sey: there is no such key" in result.output


def test_an_output_folder_that_cannot_be_made(config: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    result = run(config, SCENARIO, "--persona", PERSONAS / "busy.yaml", "--out", out)
    assert result.exit_code == 2
    assert str(out) in result.output


def unanswered(config: Path, tmp_path: Path, expect: str, *options: str) -> Result:
    """A call that never reaches agentd, judged against `expect`."""
    file = tmp_path / "p.yaml"
    file.write_text(f"name: p\nanswer: busy\nexpect: {{disposition: {expect}}}")
    options = ("--out", str(tmp_path / "out"), "--connect", "127.0.0.1:9", *options)
    return run(config, SCENARIO, "--persona", file, *options)


def test_json_is_the_format_and_nothing_else(config: Path, tmp_path: Path) -> None:
    result = unanswered(config, tmp_path, "BUSY", "--json", "--repeat", "2")
    assert result.exit_code == 0, result.output
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [list(one) for one in objects] == [KEYS, KEYS]
    assert objects[0]["disposition"] == "BUSY"
    assert objects[0]["latency_ms"] == {"answer": [], "interrupt": []}
    kept = sorted(f.name for f in (tmp_path / "out").iterdir() if f.suffix != ".sqlite3")
    assert kept == ["p-1.json", "p-1.txt", "p-2.json", "p-2.txt"]
    assert json.loads((tmp_path / "out" / "p-1.json").read_text()) == objects[0]


def test_an_expectation_that_does_not_hold_exits_1_and_says_which(
    config: Path, tmp_path: Path
) -> None:
    result = unanswered(config, tmp_path, "LEAD", "--repeat", "2")
    assert result.exit_code == 1
    assert "disposition: expected LEAD, got BUSY" in result.output
    assert "0 of 2 calls ended as expected" in result.output


class FakeReport:
    """What a store would give for a call."""

    disposition, score, interruptions = "LEAD", 100, 1
    ended_at = "2026-11-23T10:00:00+00:00"

    def __init__(self) -> None:
        self.objections = ["x"]
        self.steps = [{"name": "Q1", "outcome": "affirm", "turns": 1}]
        self.turns = [
            {"who": "agent", "text": "Bonjour.", "start_ms": 0, "end_ms": 900, "interrupted": True}
        ]


class FakeRepo:
    """A store in which a call ends a moment after the channel has gone."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load_call(self, call_id: str) -> FakeReport | None:
        self.asked.append(call_id)
        return FakeReport() if len(self.asked) > 2 else None


@pytest.fixture
def voices(tmp_path: Path) -> Voices:
    """No synthesis is needed for a hum."""
    return Voices(tmp_path / "none", tmp_path / "cache")


def test_a_result_is_what_the_store_kept(tmp_path: Path, voices: Voices) -> None:
    sys.path.insert(0, str(ROOT / "tests" / "simulator"))
    from scripted_agent import Client, ScriptedAgent

    def script(client: Client) -> None:
        client.connect()
        gevent.sleep(0.3)
        client.hangup()

    agent = ScriptedAgent(script)
    repo = FakeRepo()
    simulation = Simulation(SCENARIO, agent.address, repo, tmp_path, voices)  # type: ignore[arg-type]
    persona = parse_persona(
        "name: p\nturns: [{backchannel: mmh}]\ncontact: {first_name: Zoé, phone: '+33199000001'}\n"
        "expect: {score: 60}",
        "p.yaml",
    )
    with gevent.Timeout(20):
        (result,) = simulation.run([persona])
    agent.stop()
    assert result.json["disposition"] == "LEAD"
    assert result.json["failures"] == ["score: expected 60, got 100"]
    assert not result.json["passed"]
    assert list(result.json) == KEYS
    assert "Bonjour.  [interrupted]" in result.text
    told = agent.clients[0].text
    assert f"variable_agentd_scenario: {SCENARIO}\n" in told
    assert "variable_agentd_contact_first_name: Zo%C3%A9\n" in told
    assert "variable_agentd_phone: %2B33199000001\n" in told
    assert f"variable_agentd_call_id: {repo.asked[0]}\n" in told
    samples, rate = soundfile.read(result.json["recording"], always_2d=True)
    assert rate == 8_000
    assert samples.shape[1] == 2
    assert samples.shape[0] >= 0.3 * rate


def test_sounds_made_here() -> None:
    assert 0.3 < len(hum()) / 8_000 < 0.4
    assert 0.5 < len(beep()) / 8_000 < 1.0


@pytest.mark.speech
@pytest.mark.skipif(not PICO.is_dir(), reason="`agentd models fetch pico` has not been run")
def test_prospects_are_synthesised_once(tmp_path: Path) -> None:
    persona = parse_persona("name: p\nturns: [{say: 'oui je vous écoute'}, {say: mmh}]", "p.yaml")
    cache = tmp_path / "cache"
    made = Voices(PICO, cache).of(persona)
    assert 0.6 < len(made["oui je vous écoute"]) / 8_000 < 2.0
    (file,) = cache.iterdir()
    again = Voices(tmp_path / "no-pico-any-more", cache).of(persona)
    assert (again["oui je vous écoute"] == made["oui je vous écoute"]).all()
    paused = Voices(PICO, cache).say("mmh [0.8] mmh", persona.voice)
    assert len(paused) == 2 * len(hum()) + 6_400
    other = parse_persona(
        "name: p\nvoice: {pitch: 70}\nturns: [{say: 'oui je vous écoute'}]", "p.yaml"
    )
    Voices(PICO, cache).of(other)
    assert len(list(cache.iterdir())) == 2
    assert file.exists()


def passes(scenario: Path, persona: Path, out: Path) -> dict[str, Any]:
    """What `agentd simulate --json`, in a process of its own, prints of a call that ends as the
    persona wants."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "agentd", "simulate", str(scenario), "--json"),
            *("--persona", str(persona), "--out", str(out)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.speech
@pytest.mark.skipif(not MODELS, reason="`make models` has not been run")
def test_a_spoken_call_from_a_shell(tmp_path: Path) -> None:
    """The shortest whole call, in a process of its own: standard output holds JSON only."""
    result = passes(SCENARIO, PERSONAS / "optout-dtmf.yaml", tmp_path)
    assert result["disposition"] == "OPT_OUT"
    assert Path(result["recording"]).is_file()


@pytest.mark.speech
@pytest.mark.skipif(not MODELS, reason="`make models` has not been run")
def test_who_pauses_in_mid_sentence_is_understood_whole(tmp_path: Path) -> None:
    """The yes before the pause moves the rail on, and is taken back; no point of it is kept. (What
    Whisper makes of the words is no matter here: one time in some it hears "non mais".)"""
    persona = tmp_path / "pauses.yaml"
    persona.write_text(
        "name: pauses\nturns:\n"
        "  - {say: oui je vous écoute}\n"
        '  - {say: "oui [0.8] mais c\'est trop cher"}\n'
        "  - {hangup: true}\n"
        "expect: {disposition: HANGUP, score: 0}\n",
        encoding="utf-8",
    )
    result = passes(SCENARIO, persona, tmp_path)
    said = [turn["text"] for turn in result["turns"] if turn["who"] == "prospect"]
    assert len(said) == 2, "both parts are one turn"
    assert "Q1" not in [step["name"] for step in result["steps"] if step["outcome"] == "affirm"]


@pytest.mark.speech
@pytest.mark.skipif(not MODELS, reason="`make models` has not been run")
def test_a_message_is_left_on_a_machine_after_its_beep(tmp_path: Path) -> None:
    """Greeting and beep as sound, words as the recogniser reads them."""
    result = passes(
        SCENARIO.with_name("scenario_crypto.json"), PERSONAS / "voicemail.yaml", tmp_path
    )
    assert result["disposition"] == "VOICEMAIL"
    greeting, message = [turn for turn in result["turns"] if turn["who"] == "agent"]
    assert message["text"].startswith("Bonjour, ici Sophie, la voix artificielle")
    assert greeting["end_ms"] < 6_000 < message["start_ms"]
    sound, rate = soundfile.read(result["recording"], dtype="int16")
    loud = [n for n, v in enumerate(abs(sound[:, 0].astype(int))) if v > 3_000]
    assert message["start_ms"] > loud[-1] * 1000 / rate  # nothing is said over the beep
