"""Man pages: one for each command, whole, and what groff understands."""

import re
import shutil
import subprocess

import click
import pytest
from agentd_tools import manual

from agentd.config import Settings


def test_every_command_has_a_page_with_its_options_and_examples():
    made = manual.pages()
    for program, root in (("agentd", manual.agentd), ("agent-tools", manual.agent_tools)):
        context = click.Context(root, info_name=program)
        for name in root.list_commands(context):
            page = made[f"man1/{program}-{name}.1"].replace("\\-", "-")
            assert f"{program}-{name} - " in page
            assert re.search(rf"^ *{program} {name}", page, re.MULTILINE), "no example"
            for option in _options(root.get_command(context, name)):
                assert option in page, f"{name}: {option}"
            assert f"{program}-{name}" in made[f"man1/{program}.1"].replace("\\-", "-")


def _options(command):
    under = command.commands.values() if isinstance(command, click.Group) else []
    own = [o for p in command.params if isinstance(p, click.Option) for o in p.opts]
    return own + [option for one in under for option in _options(one)]


def test_every_setting_is_in_agentd_toml_5():
    page = manual.pages()["man5/agentd.toml.5"]
    for section, field in Settings.model_fields.items():
        assert f".SH [{section}]" in page
        for name in field.annotation.model_fields:
            assert f"\\fB{name}\\fR = " in page


def test_nothing_a_help_says_is_a_request_of_roff():
    assert manual._escaped(".TH\n'x \\n -y") == "\\&.TH\n\\&'x \\en \\-y"
    assert manual._quoted('a "b"') == '"a \\(dqb\\(dq"'


def test_groff_has_nothing_to_say(tmp_path):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    assert manual.main([str(tmp_path)]) == 0
    files = sorted(tmp_path.rglob("*.[15]"))
    assert len(files) == len(manual.pages())
    for file in files:
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-P-cbou", str(file)],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        assert done.stderr == "", file.name
        assert "SYNOPSIS" in done.stdout or file.suffix == ".5"


def test_without_a_folder_it_says_how_it_is_used(capsys):
    assert manual.main([]) == 2
    assert "FOLDER" in capsys.readouterr().err
