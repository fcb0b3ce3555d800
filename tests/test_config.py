import os
import re
import tomllib
from pathlib import Path

import pytest

from agentd import config
from agentd.errors import ConfigError

ROOT = Path(__file__).parents[1]


def test_defaults_need_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config.load(environ={}).server.esl_port == 8084


def test_a_variable_wins_over_the_file(tmp_path):
    file = tmp_path / "agentd.toml"
    file.write_text("[server]\nesl_port = 9000\naudio_port = 9001\n")
    settings = config.load(file, environ={"AGENTD_SERVER_ESL_PORT": "9100"})
    assert (settings.server.esl_port, settings.server.audio_port) == (9100, 9001)


def test_relative_folders_count_from_the_file(tmp_path):
    file = tmp_path / "agentd.toml"
    file.write_text("")
    assert config.load(file, environ={}).path("models", "x") == tmp_path / "models" / "x"


@pytest.mark.parametrize(
    ("text", "environ", "named"),
    [
        ("[server]\nesl_port = 70000\n", {}, r"agentd\.toml: server\.esl_port: .*70000"),
        ("[server]\nport = 1\n", {}, r"agentd\.toml: server\.port: no such setting"),
        ("[serveur]\n", {}, r"agentd\.toml: serveur: no such setting"),
        ("", {"AGENTD_SPEECH_VAD_LEVEL": "9"}, r"AGENTD_SPEECH_VAD_LEVEL: .*9"),
        ("", {"AGENTD_SPEECH_NOPE": "9"}, r"AGENTD_SPEECH_NOPE: no such setting"),
        ("[server\n", {}, r"agentd\.toml: not valid TOML"),
    ],
)
def test_errors_name_the_place(tmp_path, text, environ, named):
    file = tmp_path / "agentd.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=named) as error:
        config.load(file, environ=environ)
    assert error.value.exit_code == 2


def test_every_error_is_told_at_once(tmp_path):
    file = tmp_path / "agentd.toml"
    file.write_text("[server]\nesl_port = -1\n[dialogue]\nsilence_s = 0\n")
    with pytest.raises(ConfigError) as error:
        config.load(file, environ={})
    assert "esl_port" in str(error.value)
    assert "silence_s" in str(error.value)


def test_a_missing_named_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "none.toml", environ={})


def test_a_password_is_never_shown(tmp_path):
    file = tmp_path / "agentd.toml"
    file.write_text('[switch]\npassword = ["s3cret"]\n')
    with pytest.raises(ConfigError) as error:
        config.load(file, environ={})
    assert "s3cret" not in str(error.value)
    assert "s3cret" not in repr(config.SwitchSettings(password="s3cret"))


def test_the_example_file_holds_the_defaults(tmp_path):
    """The example is documentation: what it says must load, and be what happens without it."""
    text = (ROOT / "agentd.example.toml").read_text()
    file = tmp_path / "agentd.toml"
    file.write_text(text)
    loaded = config.load(file, environ={}).model_dump()
    default = config.load(environ={}).model_dump() if not os.path.exists("agentd.toml") else None
    loaded["paths"].pop("root")
    if default is not None:
        default["paths"].pop("root")
        assert loaded == default
    assert set(tomllib.loads(text)) == set(config.Settings.model_fields)
    assert not re.search(r"\t", text)


def test_a_rate_may_come_from_a_variable(tmp_path):
    assert config.load(None, {"AGENTD_VOICE_RATE_HZ": "16000"}).voice.rate_hz == 16_000
    with pytest.raises(ConfigError, match="AGENTD_VOICE_RATE_HZ"):
        config.load(None, {"AGENTD_VOICE_RATE_HZ": "22050"})


def test_a_relative_root_counts_from_the_file(tmp_path):
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "agentd.toml"
    file.write_text('[paths]\nroot = "../var"\n')
    assert config.load(file, {}).path("scenarios") == tmp_path / "var" / "scenarios"
