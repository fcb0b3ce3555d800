"""`--help` of every command ends with examples, and each is a command line that would be taken."""

import re
import shlex

import click
import pytest
import typed_words
from agentd_tools.cli import cli as agent_tools
from agentd_tools.examples import FIRST as FIRST_TOOLS
from agentd_tools.examples import TOOLS

from agentd.cli import cli as agentd
from agentd.cli.examples import AGENTD, FIRST

EXAMPLES = [
    pytest.param(program, words, line, id=f"{program} {words} {number}")
    for program, table in (
        ("agentd", AGENTD | {"": FIRST}),
        ("agent-tools", TOOLS | {"": FIRST_TOOLS}),
    )
    for words, lines in table.items()
    for number, line in enumerate(lines)
]


def leaves(command, words=""):
    context = click.Context(command)
    if not isinstance(command, click.Group):
        yield words, command
        return
    for name in command.list_commands(context):
        yield from leaves(command.get_command(context, name), f"{words} {name}".strip())


@pytest.mark.parametrize(
    ("program", "table", "root"), [("agentd", AGENTD, agentd), ("agent-tools", TOOLS, agent_tools)]
)
def test_every_command_has_examples_and_every_option_a_help(program, table, root):
    commands = dict(leaves(root))
    assert set(table) == set(commands)
    for words, command in commands.items():
        assert command.help, words
        assert "Examples:" in command.get_help(click.Context(command)), words
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{program} {words}: {option.opts} says nothing"


def test_a_group_shows_the_first_example_of_each_of_its_commands():
    context = click.Context(agentd)
    campaign = agentd.get_command(context, "campaign")
    shown = campaign.get_help(click.Context(campaign))
    for words, lines in AGENTD.items():
        if words.startswith("campaign "):
            assert lines[0].splitlines()[0] in shown
    assert "agentd check" in agentd.get_help(context)
    assert "create-scenario" in agent_tools.get_help(click.Context(agent_tools))


@pytest.mark.parametrize(("program", "words", "line"), EXAMPLES)
def test_an_example_is_taken_by_the_parser(program, words, line):
    typed = shlex.split(line.replace("\\\n", " "))
    stages = " ".join(shlex.quote(word) for word in typed).split(" '|' ")
    ours = [stage for stage in stages if re.search(rf"(^| ){program} ", stage)]
    assert len(ours) == 1, line
    taken = shlex.split(ours[0])
    taken = taken[taken.index(program) + 1 :]
    cut = next((i for i, word in enumerate(taken) if word in (">", "<")), len(taken))
    assert " ".join(taken).startswith(words)
    typed_words.of_parser(program, taken[:cut])
