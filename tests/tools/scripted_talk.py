"""Two people who talk by turns, made by Pico at two pitches: who speaks when is known."""

import hashlib
from pathlib import Path

import numpy as np
from agentd_tools.diarize import Turn

from agentd.speech.library import tighten, trim
from agentd.speech.pico import PicoVoice

RATE = 16_000
HOST = (
    "Bonjour et bienvenue dans cette émission consacrée au logement.",
    "Aujourd'hui nous parlons de crédit immobilier avec une invitée.",
    "Comment avez-vous commencé dans ce métier ?",
    "Et qu'est-ce qui a changé depuis dix ans ?",
)
GUEST = (
    "Merci de m'avoir invitée, je suis ravie d'être avec vous.",
    "J'ai commencé dans une petite agence de Nantes, il y a vingt ans.",
    "À cette époque, tout se faisait encore sur papier.",
    "Les familles comparent davantage, et elles ont bien raison.",
)


def speak(models: Path, text: str, pitch: int) -> np.ndarray:
    """int16 at RATE."""
    voice = PicoVoice(models / "pico", pitch=pitch, speed=90)
    return tighten(trim(voice.render(text), RATE), RATE)


def talk(models: Path, pitches=(80, 120), seed=1, gap=(0.6, 0.9)):
    """(sound -1 to 1 at RATE, turns): each says two sentences, then the other."""
    random = np.random.default_rng(seed)
    parts, turns, at = [], [], 0
    for number in range(len(HOST)):
        for who, said in enumerate((HOST, GUEST)):
            for text in (said[number], said[(number + 1) % len(said)]):
                sound = speak(models, text, pitches[who])
                turns.append(Turn(at / RATE, (at + sound.size) / RATE, who))
                pause = np.zeros(int(RATE * random.uniform(*gap)), np.int16)
                parts += [sound, pause]
                at += sound.size + pause.size
    wide = np.concatenate(parts) / 32768
    return wide + random.normal(0, 0.0008, wide.size), turns


def agree(folder: Path, **changes) -> Path:
    """consent.yaml with its proof."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signed.pdf").write_bytes(b"signed by Anne")
    data = {
        "speaker": "Anne Exemple", "date": "2026-01-02", "scope": "telephone",
        "expiry": "2099-01-01", "proof": "signed.pdf",
        "sha256": hashlib.sha256(b"signed by Anne").hexdigest(),
    }  # fmt: skip
    file = folder / "consent.yaml"
    file.write_text("\n".join(f"{k}: {v}" for k, v in (data | changes).items()))
    return file
