"""llama.cpp fenced: a model, its context, and what it takes to run several texts in one batch.

Every method but the constructor's belongs to one thread. ctypes releases the GIL during each call.
"""

import codecs
import ctypes
from pathlib import Path
from typing import Any

from agentd.errors import LlmError, MissingResource

# Shorter models' French is unfit to be said to anybody (decisions.md, "Language model").
FIT_FROM = 1_000_000_000  # parameters
_MARK = "\u241fUSER\u241f"


def library() -> Any:
    """The binding. Raises MissingResource when the extra is not installed."""
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingResource(
            f"llama-cpp-python cannot be used: {error}",
            mend="make llm, or pip install 'agentd[llm]'",
        ) from None
    return llama_cpp


_kept: list[Any] = []  # llama.cpp keeps calling it, whatever becomes of the models


def _silence(lib: Any) -> None:
    if not _kept:
        _kept.append(lib.llama_log_callback(lambda level, text, data: None))
        lib.llama_log_set(_kept[0], ctypes.c_void_p(0))


class Llama:
    """One model with one context of `sequences` sequences sharing `cells` tokens of memory."""

    def __init__(
        self, file: Path, *, cells: int, sequences: int, batch: int, threads: int, gpu_layers: int
    ) -> None:
        """Raises MissingResource (no binding, no file), LlmError (not a model)."""
        if not file.is_file():
            raise MissingResource(
                f"no language model at {file}",
                mend="set [llm] model to the path of a GGUF file; agentd models list",
            )
        self._lib = lib = library()
        _silence(lib)
        lib.llama_backend_init()
        options = lib.llama_model_default_params()
        options.n_gpu_layers = gpu_layers
        self._model = lib.llama_model_load_from_file(str(file).encode(), options)
        if not self._model:
            raise LlmError(
                f"{file} is not a model llama.cpp can use", mend="give a whole GGUF file"
            )
        self._vocab = lib.llama_model_get_vocab(self._model)
        context = lib.llama_context_default_params()
        context.n_ctx = cells
        context.n_batch = context.n_ubatch = batch
        context.n_seq_max = sequences
        context.n_threads = context.n_threads_batch = threads
        context.kv_unified = True  # a copied prefix then costs no memory
        context.no_perf = True
        self._context = lib.llama_init_from_model(self._model, context)
        if not self._context:
            lib.llama_model_free(self._model)
            raise LlmError(
                f"{file}: no context of {cells} tokens can be made",
                mend="lower [llm] parallel or context, or give the machine more memory",
            )
        self._words = lib.llama_vocab_n_tokens(self._vocab)
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(batch, 0, 1)
        self._room = batch
        self.parameters = int(lib.llama_model_n_params(self._model))
        self.name = self._meta("general.name") or file.stem
        self._template = lib.llama_model_chat_template(self._model, None)

    def close(self) -> None:
        """Give back the memory."""
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._model)

    # --- text

    def frame(self, system: str) -> tuple[str, str]:
        """What stands before and after the user's part, in the model's own chat format."""
        whole = self._framed(system, _MARK)
        head, found, tail = whole.partition(_MARK)
        if not found:
            raise LlmError("the model's chat template leaves the prompt out")
        return head, tail

    def _framed(self, system: str, user: str) -> str:
        lib = self._lib
        parts = [("system", system), ("user", user)]
        chat = (lib.llama_chat_message * 2)()
        for place, (role, text) in zip(chat, parts, strict=True):
            place.role, place.content = role.encode(), text.encode()
        for template in (self._template, b"chatml"):
            if not template:
                continue
            room = 2 * len(system.encode()) + 2_000
            buffer = ctypes.create_string_buffer(room)
            size = lib.llama_chat_apply_template(template, chat, 2, True, buffer, room)
            if 0 < size <= room:
                return buffer.raw[:size].decode()
        raise LlmError("the model's chat template cannot be used")

    def tokens(self, text: str, *, frame: bool, first: bool = False) -> list[int]:
        """frame: special tokens mean something in it; never so for what people have said."""
        data = text.encode()
        room = len(data) + 16
        out = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), out, room, first, frame)
        if count < 0:
            raise LlmError("a text cannot be tokenised")
        return list(out[:count])

    def piece(self, token: int) -> bytes:
        """What a token stands for; nothing for the special ones."""
        buffer = ctypes.create_string_buffer(128)
        size = self._lib.llama_token_to_piece(self._vocab, token, buffer, 128, 0, False)
        return buffer.raw[:size] if size > 0 else b""

    def ends(self, token: int) -> bool:
        """Whether it ends a text."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    # --- running

    def decode(self, rows: list[tuple[int, int, int, bool]]) -> int:
        """Evaluate (token, position, sequence, whether its logits are wanted). 0: done; 1: no room
        left in memory; less: broken."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = wanted
        return int(self._lib.llama_decode(self._context, batch))

    def copy(self, source: int, target: int) -> None:
        """The target sequence begins with all of the source."""
        self._lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def forget(self, sequence: int) -> None:
        """Free a sequence."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def forget_all(self) -> None:
        """Free every sequence."""
        self._lib.llama_memory_clear(self._memory, True)

    def sampler(self, *, temperature: float, seed: int, grammar: str) -> "Sampler":
        """How the next token of a text is chosen. Raises LlmError for a grammar that is none."""
        lib = self._lib
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if grammar:
            rules = lib.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
            if not rules:
                lib.llama_sampler_free(chain)
                raise LlmError("the grammar cannot be used")
            lib.llama_sampler_chain_add(chain, rules)
        if grammar or temperature <= 0:
            lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_greedy())
        else:
            for link in (
                lib.llama_sampler_init_penalties(self._words, 64, 1.1, 0.0, 0.0),
                lib.llama_sampler_init_top_k(40),
                lib.llama_sampler_init_top_p(0.9, 1),
                lib.llama_sampler_init_temp(temperature),
                lib.llama_sampler_init_dist(seed),
            ):
                lib.llama_sampler_chain_add(chain, link)
        return Sampler(lib, self._context, chain)

    def _meta(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(256)
        size = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, 256)
        return buffer.value.decode(errors="replace") if size > 0 else ""


class Sampler:
    """Of one text."""

    def __init__(self, lib: Any, context: Any, chain: Any) -> None:
        self._lib, self._context, self._chain = lib, context, chain
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def next(self, row: int) -> int:
        """The token that follows row `row` of the batch evaluated last."""
        return int(self._lib.llama_sampler_sample(self._chain, self._context, row))

    def text(self, data: bytes) -> str:
        """Bytes of this text as characters, once they are whole."""
        return self._decoder.decode(data)

    def close(self) -> None:
        """Give back its memory."""
        self._lib.llama_sampler_free(self._chain)
