"""The French part of Whisper's vocabulary: model file, tokenizer, and what is left whole."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from agentd.speech import narrow as module
from agentd.speech.narrow import closed, french, kept_tokens, narrow, renumbered

# 256 bytes, then what merges make of them, then the special ones.
BYTES = [chr(0x100 + i) for i in range(256)]
A, B, C = BYTES[0], BYTES[1], BYTES[2]
MADE = [A + B, A + B + C, C + C, C + C + A]
SPECIAL = ["<|endoftext|>", "<|fr|>"]
NAMES = [*BYTES, *MADE, *SPECIAL]
AB, ABC, CC, CCA, END, FR = range(256, 262)
TOKENIZER: dict[str, Any] = {
    "model": {
        "vocab": {name: i for i, name in enumerate([*BYTES, *MADE, SPECIAL[0]])},
        "merges": [f"{A} {B}", [A + B, C], f"{C} {C}", [C + C, A]],
    },
    "added_tokens": [{"id": END, "content": SPECIAL[0]}, {"id": FR, "content": SPECIAL[1]}],
    "post_processor": {"special_tokens": {"fr": {"ids": [FR], "tokens": ["<|fr|>"]}}},
}
CONFIG = {"suppress_ids": [1, CC], "suppress_ids_begin": [END], "lang_ids": [FR], "other": 7}


def name(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def variable(text: str, shape: tuple[int, ...], data: bytes) -> bytes:
    dims = struct.pack(f"<{len(shape)}I", *shape)
    return name(text) + bytes([len(shape)]) + dims + b"\x04" + struct.pack("<I", len(data)) + data


def model_bin(rows: int, embeddings: str = "decoder/embeddings/weight", version: int = 6) -> bytes:
    """Two values of two bytes a row: its number, twice."""
    table = b"".join(struct.pack("<HH", i, i) for i in range(rows))
    head = struct.pack("<I", version) + name("WhisperSpec") + struct.pack("<II", 3, 3)
    alias = struct.pack("<I", 1) + name("decoder/projection/weight") + name(embeddings)
    return (
        head
        + variable("decoder/activation", (), b"\x01")
        + variable(embeddings, (rows, 2), table)
        + variable("encoder/conv1/weight", (3,), b"abcdef")
        + alias
    )


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    folder = tmp_path / "whisper-base"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (folder / "vocabulary.txt").write_text("\n".join(NAMES) + "\n")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "model.bin").write_bytes(model_bin(len(NAMES)))
    return folder


def test_what_a_piece_is_made_of_is_kept() -> None:
    assert closed(TOKENIZER, {ABC}) == {*range(256), AB, ABC, END, FR}
    assert closed(TOKENIZER, set()) == {*range(256), END, FR}


def test_the_tokenizer_is_renumbered_everywhere() -> None:
    kept = sorted(closed(TOKENIZER, {ABC}))
    made = renumbered(TOKENIZER, {old: new for new, old in enumerate(kept)})
    assert made["model"]["vocab"][A + B + C] == 257
    assert C + C not in made["model"]["vocab"]
    assert made["model"]["merges"] == [f"{A} {B}", [A + B, C]]
    assert [one["id"] for one in made["added_tokens"]] == [258, 259]
    assert made["post_processor"]["special_tokens"]["fr"] == {"ids": [259], "tokens": ["<|fr|>"]}
    assert TOKENIZER["added_tokens"][1]["id"] == FR, "the original is left as it was"


def test_rows_of_the_model_follow(whole: Path) -> None:
    target = whole / "narrow"
    narrow(whole, target, {ABC})
    kept = [*range(256), AB, ABC, END, FR]
    assert (target / "vocabulary.txt").read_text().split("\n")[:-1] == [NAMES[i] for i in kept]
    config = json.loads((target / "config.json").read_text())
    changed = {"suppress_ids": [1], "suppress_ids_begin": [258], "lang_ids": [259]}
    assert config == {**CONFIG, **changed}
    expected = model_bin(len(NAMES)).replace(
        variable(
            "decoder/embeddings/weight",
            (len(NAMES), 2),
            b"".join(struct.pack("<HH", i, i) for i in range(len(NAMES))),
        ),
        variable(
            "decoder/embeddings/weight",
            (len(kept), 2),
            b"".join(struct.pack("<HH", i, i) for i in kept),
        ),
    )
    assert (target / "model.bin").read_bytes() == expected
    assert sorted(p.name for p in whole.iterdir() if p.name.startswith(".")) == []


def test_made_once_and_used_again(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kept_tokens", lambda: frozenset({ABC}))
    made = french(whole)
    assert made.parent == whole
    (whole / "model.bin").unlink()
    assert french(whole) == made


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: (f / "model.bin").write_bytes(model_bin(len(NAMES), version=5)),
        lambda f: (f / "model.bin").write_bytes(model_bin(len(NAMES), embeddings="other")),
        lambda f: (f / "model.bin").write_bytes(model_bin(len(NAMES) - 1)),
        lambda f: (f / "model.bin").write_bytes(model_bin(len(NAMES))[:40]),
        lambda f: (f / "tokenizer.json").write_text("{}"),
        lambda f: (f / "config.json").write_text("["),
        lambda f: (f / "vocabulary.txt").unlink(),
    ],
    ids=["format", "no embeddings", "rows", "cut", "tokenizer", "config", "vocabulary"],
)
def test_a_model_of_another_kind_is_used_whole(
    whole: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any
) -> None:
    monkeypatch.setattr(module, "kept_tokens", lambda: frozenset({ABC}))
    spoil(whole)
    before = sorted(p.name for p in whole.iterdir())
    assert french(whole) == whole
    assert sorted(p.name for p in whole.iterdir()) == before, "something half-made is left"


@pytest.mark.speech
def test_what_is_said_here_is_cut_up_as_before(speech_models: Path) -> None:
    from tokenizers import Tokenizer

    from agentd.speech.candidates import COMMON

    folder = speech_models / "whisper-base"
    before = Tokenizer.from_file(str(folder / "tokenizer.json"))
    after = Tokenizer.from_file(str(french(folder) / "tokenizer.json"))
    assert after.get_vocab_size() < before.get_vocab_size() / 3
    for text in (*COMMON, "Une pompe à chaleur photovoltaïque", "1 234 €", "Zażółć"):
        parts = [t.encode(f" {text}", add_special_tokens=False) for t in (before, after)]
        if text in COMMON:
            assert parts[0].tokens == parts[1].tokens
        assert after.decode(parts[1].ids).strip() == text


def test_the_list_that_ships_is_a_part_of_whispers_vocabulary() -> None:
    kept = kept_tokens()
    assert 8_000 < len(kept) < 20_000
    assert max(kept) < 50_257
