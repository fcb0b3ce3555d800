"""A small project of its own: one theme, one scenario, a voice that hums instead of speaking."""

import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
import structlog
from agentd_tools.cli import cli
from click.testing import CliRunner

from agentd import config
from agentd.errors import SpeechError

ROOT = Path(__file__).parents[2]


class Hum:
    """A tone whose length and pitch follow from the text; refuses what holds `fails_on`."""

    name = "hum"
    licence = "none"
    rate_hz = 16_000
    level_db = 0.0
    settings = "hum 1"
    consent = ""
    parallel = True
    fails_on = "\0"

    def __init__(self):
        self.said = []

    def another(self, attempt):
        return None

    def render(self, text):
        if self.fails_on in text:
            raise SpeechError("the voice is hoarse")
        self.said.append(text)
        t = np.arange(8_000 + 700 * len(text)) / self.rate_hz
        tone = np.sin(2 * np.pi * (200 + zlib.crc32(text.encode()) % 800) * t)
        return (tone * 9_000).astype(np.int16)


@pytest.fixture
def hum(monkeypatch):
    voice = Hum()
    monkeypatch.setattr("agentd_tools.clone_voice.open_voice", lambda settings, name: voice)
    return voice


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Its folder, made the current one."""
    for name in ("objections/general.yaml", "objections/rail_returns.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "scenarios").mkdir()
    text = (ROOT / "scenarios/scenario_finance.json").read_text(encoding="utf-8")
    text = text.replace('"theme": "finance"', '"theme": "general"')
    (tmp_path / "scenarios/scenario_finance.json").write_text(text, encoding="utf-8")
    (tmp_path / "voices/julie").mkdir(parents=True)
    (tmp_path / "voices/julie/voice.yaml").write_text("engine: pico\n")
    (tmp_path / "agentd.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings(project):
    return config.load(project / "agentd.toml", environ={})


@pytest.fixture
def tools(project):
    """Runs `agent-tools ARGUMENTS` in the project."""
    yield lambda *arguments: CliRunner().invoke(cli, [str(a) for a in arguments])
    structlog.reset_defaults()
