"""What the two parts of the soak call: a house of tones where a call takes seconds, and ours.

Accelerated is what is said, not the clock: agentd keeps its own timers. In the house of tones a
line of the agent lasts 0.3 s, prospects hum, and turns end after 120 to 300 ms of silence. A call
is then about 7 s instead of 40 and does all that a call does, with a fifth of the audio.
"""

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agentd import lines
from agentd.config import Settings
from agentd.simulator.persona import Persona, load_persona
from agentd.simulator.playing import RATE_HZ, Samples
from agentd.simulator.voices import Voices, beep, hum
from benchmarks.soak.plan import Kind

ROOT = Path(__file__).parents[2]
YES, NO, LATER = "oui", "non merci", "demain matin"
NEVER, DEAR = "ne m'appelez plus", "c'est trop cher"
UNRECORDED = "je refuse d'être enregistré"
WRONG, RECALL = "vous vous trompez de personne", "rappelez-moi demain après-midi"
INTERRUPTS = "oui pourquoi pas"
MACHINE = "vous êtes bien sur le répondeur laissez un message après le bip"
ASKED = "quelle est la couleur de vos yeux"
SECONDS = {MACHINE: 3.2, INTERRUPTS: 0.9}  # others: 0.3
TONE_S, LONG_TONE_S = 0.3, 1.6


@dataclass(frozen=True)
class House:
    """root: `[paths] root`. settings: sections of agentd.toml. sounds: of all that is said. call_s:
    what a call lasts, about. longest_s: what none may."""

    root: Path
    settings: dict[str, dict[str, Any]]
    sounds: dict[str, Samples]
    kinds: list[Kind]
    call_s: float
    longest_s: float


def accelerated(folder: Path) -> House:
    """The house of tones, made in `folder`."""
    root = folder / "root"
    sections: dict[str, dict[str, Any]] = {
        "paths": {
            "root": str(root),
            "objections": str(ROOT / "objections"),
            "models": str(ROOT / "models"),
        },
        "speech": {"endpoint_ms": 200, "endpoint_quick_ms": 120, "endpoint_patient_ms": 300},
        "dialogue": {"silence_s": 1.0, "answer_timeout_s": 4.0, "max_call_s": 60.0},
        "call": {"record": True},
    }
    (root / "voices" / "tone").mkdir(parents=True)
    (root / "scenarios").mkdir()
    _scenario(root, "short", {})
    _scenario(root, "named", {"Q1": "{first_name}, avez-vous un crédit ?"})
    _recordings(root, Settings.model_validate(sections))
    texts = (YES, NO, LATER, NEVER, DEAR, UNRECORDED, WRONG, RECALL, INTERRUPTS, ASKED)
    sounds = {text: chirp(number, SECONDS.get(text, 0.3)) for number, text in enumerate(texts)}
    sounds["mmh"] = hum()
    sounds[MACHINE] = np.concatenate([chirp(len(texts), SECONDS[MACHINE]), beep()])
    return House(root, sections, sounds, _hummed(), call_s=7.0, longest_s=45.0)


def real(folder: Path) -> House:
    """The shipped scenario, voice and personas; what calls write is in `folder`."""
    root = folder / "root"
    audio = root / "audio"
    audio.mkdir(parents=True)
    for voice in ("julie", "background"):
        (audio / voice).mkdir()
        for part in (ROOT / "audio" / voice).iterdir():
            if part.name != "cache":
                (audio / voice / part.name).symlink_to(part)
    folders = {n: str(ROOT / n) for n in ("scenarios", "objections", "voices", "models")}
    sections: dict[str, dict[str, Any]] = {
        "paths": {"root": str(root), **folders},
        "call": {"record": True},
    }
    kinds = _spoken()
    voices = Voices(ROOT / "models" / "pico", ROOT / ".cache" / "prospects")
    sounds: dict[str, Samples] = {}
    for kind in kinds:
        sounds |= voices.of(Persona.model_validate(kind.persona))
    return House(root, sections, sounds, kinds, call_s=35.0, longest_s=180.0)


# -- who calls ----------------------------------------------------------------------------------


def _hummed() -> list[Kind]:
    def say(*texts: str) -> list[dict[str, Any]]:
        return [{"say": text, "after": 0.36} for text in texts]

    lead = say(YES, YES, YES, YES, LATER)
    who: list[tuple[str, int, list[dict[str, Any]], dict[str, Any]]] = [
        ("lead", 4, lead, {}),
        ("named-lead", 2, lead, {"scenario": "named"}),
        ("objection", 2, say(YES, DEAR, YES, YES, YES, LATER), {}),
        ("no-answer-for-that", 1, say(YES, ASKED, YES, YES, YES, LATER), {}),
        ("refusal", 3, say(NO, NO, NO, NO), {}),
        ("opt-out", 2, say(YES, NEVER), {}),
        ("opt-out-by-key", 1, [{"dtmf": "9", "after": 0.36}], {}),
        ("silence", 2, [{"silence": 20}, {"silence": 20}], {}),
        ("hangs-up", 1, [*say(YES, YES), {"hangup": True, "after": 0.4}], {}),
        ("hangs-up-while-we-speak", 2, [*say(YES), {"hangup": True, "at": 0.1}], {}),
        ("voicemail", 2, [], {"answer": "machine", "greeting": MACHINE}),
        ("barge-in", 2, [*say(YES, YES), {"interrupt": INTERRUPTS, "at": 0.3}, *lead[3:]], {}),
        ("backchannel", 1, [*say(YES, YES), {"backchannel": "mmh", "at": 0.4}, *lead[2:]], {}),
        ("refuses-recording", 1, [*say(UNRECORDED), *lead[1:]], {}),
        ("wrong-person", 1, say(WRONG), {}),
        ("callback", 1, say(RECALL), {}),
        ("fork-lost", 1, lead, {"traps": {"lost_fork_s": 1.5}}),
        ("fork-refused", 1, lead, {"traps": {"refused_forks": 1}}),
        ("fork-mute", 1, lead, {"traps": {"mute_forks": 1}}),
        ("fork-late", 1, lead, {"traps": {"late_fork_s": 0.5}}),
        ("switch-dies", 1, lead, {"cut_s": 2.5}),
    ]
    return [_kind(*one) for one in who]


def _kind(
    name: str,
    weight: int,
    turns: list[dict[str, Any]],
    more: dict[str, Any],
    default: str = "short",
) -> Kind:
    persona = {"name": name, "turns": turns}
    persona |= {key: more[key] for key in ("answer", "greeting") if key in more}
    return Kind(
        name,
        more.get("scenario", default),
        persona,
        weight,
        more.get("traps", {}),
        more.get("cut_s"),
    )


SHIPPED = {
    "straight-lead": 4,
    "price-objection": 3,
    "not-interested": 3,
    "interrupts": 2,
    "backchannel": 1,
    "optout": 2,
    "optout-dtmf": 1,
    "two-silences": 1,
    "one-silence-then-yes": 1,
    "hangs-up-midway": 1,
    "voicemail": 2,
    "not-in-service": 1,
    "wrong-person": 1,
    "callback-with-time": 1,
    "asks-to-repeat": 1,
    "asks-unanswerable": 1,
    "deny-at-is-leads": 1,
    "noisy-line": 1,
}


def _spoken() -> list[Kind]:
    kinds = []
    for name, weight in SHIPPED.items():
        persona = load_persona(ROOT / "scenarios" / "personas" / f"{name}.yaml")
        plain = persona.model_dump(mode="json", exclude_none=True)
        plain.pop("contact", None)
        kinds.append(Kind(name, "finance", plain, weight))
    lead = next(kind.persona for kind in kinds if kind.name == "straight-lead")
    turns = lead["turns"]
    faults: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
        ("hangs-up-while-we-speak", [turns[0], {"hangup": True, "at": 0.8}], {}),
        ("fork-lost", turns, {"traps": {"lost_fork_s": 9.0}}),
        ("fork-refused", turns, {"traps": {"refused_forks": 1}}),
        ("switch-dies", turns, {"cut_s": 12.0}),
    ]
    return kinds + [_kind(name, 1, said, more, "finance") for name, said, more in faults]


# -- how the house of tones sounds --------------------------------------------------------------


def chirp(number: int, seconds: float) -> Samples:
    """What a voice detector takes for a voice, and no other number sounds like: harmonics of a
    gliding pitch, shaped by formants. int16 mono 8 kHz."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    first, last = 140 + 22 * (number % 4), 140 + 22 * (number // 4 + 1)
    pitch = first + (last - first) * t / seconds
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    sound = np.sin(phase)
    for k in range(2, 20):
        hz = k * pitch
        loud = sum(np.exp(-(((hz - formant) / 180) ** 2)) for formant in (600, 1100, 2500))
        sound += 0.6 * (0.03 + loud) * np.sin(k * phase) * (hz < 3_400)
    return np.asarray(sound / np.abs(sound).max() * 12_000, np.int16)


def _scenario(root: Path, name: str, texts: dict[str, str]) -> None:
    scenario = json.loads((ROOT / "scenarios" / "scenario_finance.json").read_text())
    scenario |= {"name": name, "voice": "tone", "background": "hum.wav"}
    hello = scenario["steps"]["Hello"]
    hello["text"] = hello["text"].replace("{first_name} {last_name}", "Madame")
    for step, text in texts.items():
        scenario["steps"][step]["text"] = text
    text = json.dumps(scenario, ensure_ascii=False)
    (root / "scenarios" / f"scenario_{name}.json").write_text(text)


def _recordings(root: Path, settings: Settings) -> None:
    """0.3 s for whatever is said; Q2 is long enough to be interrupted."""
    folder = root / "audio" / "tone"
    background = root / "audio" / "background" / str(RATE_HZ) / "hum.wav"
    background.parent.mkdir(parents=True)
    _wav(background, _tone(1.0) // 60)
    recordings = {}
    for clip in lines.everything(settings, "tone"):
        seconds = LONG_TONE_S if clip.key.endswith("/Q2") else TONE_S
        file = folder / str(RATE_HZ) / f"{clip.key}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        _wav(file, _tone(seconds))
        recordings[clip.key] = {
            "text": clip.text,
            "sha256": "",
            "engine": "tone",
            "duration_ms": round(seconds * 1000),
        }
    (folder / "manifest.json").write_text(json.dumps({"recordings": recordings}))


def _tone(seconds: float) -> Samples:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (6_000 * np.sin(2 * np.pi * 500 * t)).astype(np.int16)


def _wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
