"""Whisper with the French part of its vocabulary.

A multilingual Whisper knows 51,865 pieces of words and weighs each of them for every piece it
writes; a French telephone call needs a quarter of them. The same model without the other rows of
its output layer writes the same words (any word can still be put together from smaller pieces),
takes a fifth less time an utterance and 38 MB less memory. It is made once, beside the model it is
made from, when that is first loaded.
"""

import json
import os
import shutil
import struct
import tempfile
import zlib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

import structlog

log = structlog.get_logger(component="whisper")

EMBEDDINGS = b"decoder/embeddings/weight\0"
_FORMAT = 6  # of CTranslate2's model.bin: the only one read here
_LISTS = ("suppress_ids", "suppress_ids_begin", "lang_ids")


def french(folder: Path) -> Path:
    """The folder of the narrowed model of `folder`, made now when there is none yet.

    Native-thread work: 1 s the first time. `folder` itself when it cannot be made: that model is
    slower, and right.
    """
    try:
        tokens = kept_tokens()
        target = folder / f"french-{zlib.crc32(repr(sorted(tokens)).encode()):08x}"
        if not target.is_dir():
            narrow(folder, target, tokens)
    except (OSError, ValueError, KeyError, struct.error) as error:
        log.warning("vocabulary not narrowed, the whole one is used", error=str(error))
        return folder
    return target


def kept_tokens() -> frozenset[int]:
    """Ids of the pieces that frequent French words are made of (`tools/french_tokens.py`)."""
    text = files("agentd.speech").joinpath("french_tokens.txt").read_text(encoding="ascii")
    bits = zlib.decompress(b64decode(text))
    return frozenset(i for i in range(len(bits) * 8) if bits[i // 8] >> i % 8 & 1)


def narrow(folder: Path, target: Path, tokens: Iterable[int]) -> None:
    """Write the model of `folder` with only `tokens` (and what they are made of) to `target`.

    Whole or not at all; another process may do the same. Raises OSError, and ValueError, KeyError
    or struct.error for a model of another kind.
    """
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    names = (folder / "vocabulary.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    kept = sorted(
        closed(tokenizer, tokens) | set(range(len(tokenizer["model"]["vocab"]), len(names)))
    )
    number = {old: new for new, old in enumerate(kept)}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name in _LISTS:
        config[name] = [number[i] for i in config[name] if i in number]
    with tempfile.TemporaryDirectory(dir=folder, prefix=".narrow.") as made:
        work = Path(made) / "model"
        work.mkdir()
        work.chmod(0o755)
        _write(work / "vocabulary.txt", "".join(f"{names[i]}\n" for i in kept))
        _write(work / "config.json", json.dumps(config))
        _write(work / "tokenizer.json", json.dumps(renumbered(tokenizer, number)))
        for extra in folder.glob("preprocessor_config.json"):
            shutil.copy(extra, work)
        with (folder / "model.bin").open("rb") as whole, (work / "model.bin").open("wb") as part:
            _copy(whole, part, kept, len(names))
        try:
            os.rename(work, target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise


def closed(tokenizer: dict[str, Any], tokens: Iterable[int]) -> set[int]:
    """`tokens`, with the pieces that byte-pair merges make them from, and every special one: so
    that words are cut up as before."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    names = {number: name for name, number in vocabulary.items()}
    parts = {"".join(pair): pair for pair in _merges(tokenizer)}
    kept = {*tokens, *range(256), *(one["id"] for one in tokenizer["added_tokens"])}
    waiting = [names[i] for i in kept if i in names]
    while waiting:
        for part in parts.get(waiting.pop(), ()):
            if vocabulary[part] not in kept:
                kept.add(vocabulary[part])
                waiting.append(part)
    return kept


def renumbered(tokenizer: dict[str, Any], number: dict[int, int]) -> dict[str, Any]:
    """The tokenizer with the tokens of `number` (old id -> new id) only."""
    model = tokenizer["model"]
    vocabulary = {name: number[i] for name, i in model["vocab"].items() if i in number}
    merges = [
        pair
        for pair, (one, other) in zip(model["merges"], _merges(tokenizer), strict=True)
        if one in vocabulary and other in vocabulary and one + other in vocabulary
    ]
    changed = {**tokenizer, "model": {**model, "vocab": vocabulary, "merges": merges}}
    changed["added_tokens"] = [
        {**one, "id": number[one["id"]]} for one in tokenizer["added_tokens"]
    ]
    changed["post_processor"] = _with_ids(tokenizer.get("post_processor"), number)
    return changed


def _merges(tokenizer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of pieces, however the file writes them."""
    for pair in tokenizer["model"]["merges"]:
        one, other = pair if isinstance(pair, list) else pair.split(" ")
        yield one, other


def _with_ids(part: Any, number: dict[int, int]) -> Any:
    if isinstance(part, dict):
        return {
            key: [number[i] for i in value] if key == "ids" else _with_ids(value, number)
            for key, value in part.items()
        }
    return [_with_ids(one, number) for one in part] if isinstance(part, list) else part


def _copy(whole: BinaryIO, part: BinaryIO, kept: list[int], rows: int) -> None:
    """model.bin, its embeddings (which are its output layer too) with the rows of `kept` only."""
    (version,) = struct.unpack("<I", _take(whole, part, 4))
    if version != _FORMAT:
        raise ValueError(f"model.bin is of format {version}, not {_FORMAT}")
    _take_name(whole, part)
    _, variables = struct.unpack("<II", _take(whole, part, 8))
    found = False
    for _ in range(variables):
        name = _take_name(whole, part)
        (rank,) = _take(whole, part, 1)
        shape = struct.unpack(f"<{rank}I", whole.read(4 * rank))
        kind = whole.read(1)
        (size,) = struct.unpack("<I", whole.read(4))
        data = whole.read(size)
        if name == EMBEDDINGS:
            if shape[0] != rows or size % rows:
                raise ValueError(f"{shape[0]} embeddings for {rows} tokens")
            row, found = size // rows, True
            data = b"".join(data[i * row : (i + 1) * row] for i in kept)
            shape = (len(kept), *shape[1:])
        part.write(struct.pack(f"<{rank}I", *shape) + kind + struct.pack("<I", len(data)) + data)
    if not found:
        raise ValueError("model.bin holds no embeddings")
    shutil.copyfileobj(whole, part)


def _take(whole: BinaryIO, part: BinaryIO, size: int) -> bytes:
    data = whole.read(size)
    part.write(data)
    return data


def _take_name(whole: BinaryIO, part: BinaryIO) -> bytes:
    (length,) = struct.unpack("<H", _take(whole, part, 2))
    return _take(whole, part, length)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
