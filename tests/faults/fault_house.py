"""A house for faults: a real agentd server, the simulated switch, and a recogniser that is a table.

Speech is not the point here, so prospects hum: every text has a pitch of its own, and the scripted
recogniser reads the pitch. Recordings are 0.25 s of tone, so that a whole call takes seconds.
"""

import contextlib
import json
import os
import time
import traceback
import uuid
import wave
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import structlog
from gevent.hub import Hub

from agentd import lines
from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.replay import replay
from agentd.llm.generator import Generator
from agentd.server import Server
from agentd.simulator.files import SoundFiles
from agentd.simulator.persona import Persona
from agentd.simulator.switch import Outcome, SimulatedCall
from agentd.speech.recogniser import Heard
from agentd.store.repo import CallReport, Repo

ROOT = Path(__file__).parents[2]
RATE = 8_000
YES = "oui"
ASKED = "quelle est la couleur de vos yeux"  # what no entry answers
TEXTS = (YES, "non merci", "demain matin", "ne m'appelez plus", "c'est trop cher", ASKED)
YESES = [{"say": YES, "after": 0.36}]
STRAIGHT = YESES * 4 + [{"say": "demain matin", "after": 0.36}]
PITCH_HZ, PITCH_STEP_HZ = 200, 40
SCENARIO = "short"


def pitch(text: str) -> int:
    return PITCH_HZ + PITCH_STEP_HZ * TEXTS.index(text)


def hum(text: str, seconds: float = 0.3) -> np.ndarray:
    """What a voice detector takes for a voice: harmonics of a pitch shaped by formants."""
    t = np.arange(round(seconds * RATE)) / RATE
    sound = np.sin(2 * np.pi * pitch(text) * t)
    for k in range(2, 3_400 // pitch(text)):
        f = pitch(text) * k
        loud = sum(np.exp(-(((f - formant) / 180) ** 2)) for formant in (600, 1100, 2500))
        sound += 0.6 * (0.03 + loud) * np.sin(2 * np.pi * f * t)
    return np.asarray(sound / np.abs(sound).max() * 12_000, np.int16)


VOICE = {text: hum(text) for text in TEXTS}


class ScriptedStream:
    def __init__(self, owner: "ScriptedRecogniser") -> None:
        self._owner = owner

    def expect(self, phrases: object) -> None:
        pass

    def partial(self, utterance: np.ndarray) -> str:
        return self.final(utterance).text

    def speculate(self, utterance: np.ndarray) -> Heard:
        return self.final(utterance)

    def final(self, utterance: np.ndarray) -> Heard:
        self._owner.trouble()
        spectrum = np.abs(np.fft.rfft(utterance.astype(np.float64), 16_000))
        lowest, highest = PITCH_HZ - 10, PITCH_HZ + PITCH_STEP_HZ * len(TEXTS)
        peak = lowest + int(np.argmax(spectrum[lowest:highest]))
        return Heard(TEXTS[round((peak - PITCH_HZ) / PITCH_STEP_HZ)], 0.95)

    def close(self) -> None:
        self._owner.closed += 1


class ScriptedRecogniser:
    """Reads the pitch of a hum. `trouble` is called, on the native thread, before each reading."""

    name = "scripted"
    streaming = False

    def __init__(self, trouble: Callable[[], None] = lambda: None) -> None:
        self.trouble = trouble
        self.opened = self.closed = 0

    def warm(self) -> None:
        pass

    def stream(self, vocabulary: object = ()) -> ScriptedStream:
        self.opened += 1
        return ScriptedStream(self)


def settings_for(root: Path, **sections: dict[str, Any]) -> Settings:
    """Short waits, ports of the system's choice; `sections` overrides."""
    data: dict[str, dict[str, Any]] = {
        "server": {"esl_port": 0, "audio_port": 0, "drain_s": 0},
        "store": {"url": f"sqlite:////{root}/var/calls.sqlite3"},
        "paths": {"root": root},
        "speech": {
            "endpoint_ms": 200,
            "endpoint_quick_ms": 120,
            "endpoint_patient_ms": 300,
        },
        "dialogue": {"silence_s": 1.0, "answer_timeout_s": 3.0, "max_call_s": 30.0},
    }
    for name, values in sections.items():
        data.setdefault(name, {}).update(values)
    return Settings.model_validate(data)


def make_root(folder: Path) -> Path:
    """Everything `agentd serve` needs, with a voice that takes 0.25 s for whatever it says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenarios").mkdir()
    scenario = json.loads((ROOT / "scenarios" / "scenario_finance.json").read_text())
    scenario["name"] = SCENARIO
    scenario["voice"] = "tone"
    scenario["background"] = "hum.wav"
    hello = scenario["steps"]["Hello"]
    hello["text"] = hello["text"].replace("{first_name} {last_name}", "Madame")
    text = json.dumps(scenario, ensure_ascii=False)
    (folder / "scenarios" / f"scenario_{SCENARIO}.json").write_text(text)
    os.symlink(ROOT / "objections", folder / "objections")
    (folder / "voices").mkdir()
    t = np.arange(round(0.25 * RATE)) / RATE
    tone = (6_000 * np.sin(2 * np.pi * 500 * t)).astype("<i2")
    master = folder / "tone.wav"
    _wav(master, tone)
    background = folder / "audio" / "background" / str(RATE) / "hum.wav"
    background.parent.mkdir(parents=True)
    _wav(background, (tone / 60).astype("<i2"))
    settings = settings_for(folder)
    recordings = {}
    for clip in lines.everything(settings, "tone"):
        file = folder / "audio" / "tone" / str(RATE) / f"{clip.key}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        os.link(master, file)
        recordings[clip.key] = {
            "text": clip.text,
            "sha256": "",
            "engine": "tone",
            "duration_ms": 250,
        }
    manifest = folder / "audio" / "tone" / "manifest.json"
    manifest.write_text(json.dumps({"recordings": recordings}))
    return folder


def _wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


class Watch:
    """What went to the log, and every traceback that would have been shown."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.tracebacks: list[str] = []

    def __call__(self, logger: object, method: str, entry: dict[str, Any]) -> dict[str, Any]:
        self.entries.append({**entry, "level": method})
        if entry.get("exc_info") or method == "exception":
            self.tracebacks.append(f"logged: {entry}")
        raise structlog.DropEvent

    def said(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["event"] == event]

    @contextlib.contextmanager
    def on(self) -> Iterator["Watch"]:
        before, shown = structlog.get_config(), Hub.print_exception

        def print_exception(hub: Hub, context: object, kind: Any, *rest: Any) -> None:
            lines = traceback.format_exception(kind, *rest)
            self.tracebacks.append(f"printed, in {context}: {''.join(lines)}")

        structlog.configure(processors=[self], wrapper_class=structlog.BoundLogger)
        Hub.print_exception = print_exception
        try:
            yield self
        finally:
            Hub.print_exception = shown
            structlog.configure(**before)


# Not found with `gc.get_objects`: that holds tuples other threads are still building, and CPython
# then refuses to finish them (a SystemError in whatever they were doing).
_spawned: "weakref.WeakSet[gevent.Greenlet]" = weakref.WeakSet()
gevent.Greenlet.add_spawn_callback(_spawned.add)


def alive() -> int:
    """Greenlets not finished, in this process."""
    return sum(not greenlet.dead for greenlet in list(_spawned))


def until(true: Callable[[], object], timeout: float = 5.0, what: str = "it never came") -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, what
        gevent.sleep(0.02)


class Caller:
    """Places calls to an agentd, and looks into its store. Needs `address`."""

    def __init__(self, settings: Settings, repo: Repo) -> None:
        self.settings = settings
        self.repo = repo
        self.files = SoundFiles()
        self.catalog = Catalog(settings)

    @property
    def address(self) -> tuple[str, int]:
        raise NotImplementedError

    def call(
        self,
        turns: list[dict[str, Any]] | None = None,
        *,
        call_id: str = "",
        kind: type[SimulatedCall] = SimulatedCall,
        longest_s: float = 25.0,
        variables: dict[str, str] | None = None,
        **options: Any,
    ) -> "Placed":
        """A call placed now, in a greenlet."""
        persona = Persona.model_validate(
            {"name": "p", "turns": STRAIGHT if turns is None else turns}
        )
        call_id = call_id or str(uuid.uuid4())
        given = {
            "agentd_scenario": SCENARIO,
            "agentd_call_id": call_id,
            "agentd_phone": "+33199000102",
            "agentd_contact_first_name": "Claire",
            **(variables or {}),
        }
        given = {name: value for name, value in given.items() if value}
        call = kind(persona, VOICE, self.address, given, self.files, longest_s=longest_s, **options)
        return Placed(self, call_id, call)


class House(Caller):
    """One agentd in this process, and calls to it."""

    def __init__(
        self,
        root: Path,
        watch: Watch,
        repo: Repo | None = None,
        recogniser: ScriptedRecogniser | None = None,
        generator: Generator | None = None,
        **sections: dict[str, Any],
    ) -> None:
        self.root = root
        self.watch = watch
        settings = settings_for(root, **sections)
        super().__init__(settings, repo or Repo(settings.store.url, root=root))
        self.recogniser = recogniser or ScriptedRecogniser()
        self.server = Server(
            settings, repo=self.repo, recogniser=self.recogniser, generator=generator
        )
        self.server.start()
        self.stopped = False
        self._greenlets = alive()

    @property
    def address(self) -> tuple[str, int]:
        return self.server.esl_address

    def settle(self, more: int = 0) -> None:
        """After it: no call, no stream, no greenlet that was not there before, no traceback.

        more: greenlets of the test's own.
        """
        server = self.server
        until(lambda: server.calls == 0, what="a call is stuck")
        until(lambda: server._esl.calls == 0, what="a connection is stuck")
        until(lambda: not server._audio._calls, what="an audio stream is awaited for ever")
        most = self._greenlets + more
        until(lambda: alive() <= most, what=f"{alive()} greenlets, there were {self._greenlets}")
        assert self.watch.tracebacks == []

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.server.stop()


class Placed:
    """A call under way."""

    def __init__(self, house: Caller, call_id: str, call: SimulatedCall) -> None:
        self.id = call_id
        self.call = call
        self.house = house
        self.greenlet = gevent.spawn(call.run)

    def outcome(self, timeout: float = 30.0) -> Outcome:
        """What the switch knows at the end."""
        outcome: Outcome = self.greenlet.get(timeout=timeout)
        return outcome

    def kept(self) -> CallReport:
        """What the store holds once agentd has ended the call."""
        found: list[CallReport] = []

        def ended() -> bool:
            report = self.house.repo.load_call(self.id)
            if report is not None and report.ended_at is not None:
                found.append(report)
            return bool(found)

        until(ended, 8.0, f"call {self.id} was not ended in the store")
        return found[0]

    def whole(self) -> CallReport:
        """As `kept`; and the journal, run again, gives what was done."""
        report = self.kept()
        rows = self.house.repo.journal(self.id)
        assert rows, "no journal"
        brain = self.house.catalog.brain(report.scenario)
        assert replay(brain, rows) is None
        facts = [
            json.loads(text) for _, way, text in rows if way == "action" and '"Record"' in text
        ]
        turns: list[dict[str, Any]] = []
        end: dict[str, Any] = {}
        for fact in facts:
            data = fact["data"]
            if fact["kind"] == "turn":
                turns.append(data)
            elif fact["kind"] == "retraction":  # it went on: its first part is no turn of its own
                back = ("prospect", data["start_ms"])
                turns = [t for t in turns if (t["who"], t["start_ms"]) != back]
                end = {} if data["disposition"] else end
            elif fact["kind"] == "disposition":
                assert not end, "two dispositions"
                end = data
        assert [(t["who"], t["text"]) for t in turns] == [
            (t["who"], t["text"]) for t in report.turns
        ]
        assert end["disposition"] == report.disposition
        return report
