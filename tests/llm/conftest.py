"""The real engine with the small model; without them its tests are skipped, and say why."""

import importlib.util
import os
from pathlib import Path

import pytest
from llm_brief import BRIEF

from agentd import config
from agentd.llm import prompt
from agentd.llm.engine import LlamaEngine


@pytest.fixture(scope="session")
def gguf() -> Path:
    """The model's file. With AGENTD_TEST_LLM set, nothing may be missing."""
    file = config.load().path("models", "smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    missing = []
    if importlib.util.find_spec("llama_cpp") is None:
        missing.append("llama-cpp-python is not installed")
    if not file.is_file():
        missing.append(f"no {file}")
    if missing:
        reason = f"{', '.join(missing)}: make llm"
        if os.environ.get("AGENTD_TEST_LLM"):
            pytest.fail(reason)
        pytest.skip(reason)
    return file


@pytest.fixture(scope="module")
def engine(gguf: Path):
    """Warm, and told in this thread's event loop."""
    made = LlamaEngine(gguf, parallel=4, queue=4, context=384)
    made.warm([prompt.system(BRIEF)])
    made.open()
    yield made
    made.close()
