"""python -m agentd_tools.manual FOLDER: man pages, written from the command lines' own parsers.

FOLDER/man1 gets agentd(1), agentd-COMMAND(1) with its subcommands, agent-tools(1) and one page for
each tool; FOLDER/man5 gets agentd.toml(5), from the settings' own model. `make install` runs it.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from agentd.cli import cli as agentd
from agentd.config import Settings
from agentd_tools.cli import cli as agent_tools

_EXIT = (
    ("0", "Done, or the answer is yes."),
    ("1", "Done, and the answer is no: a check failed, somebody is undecided, a file differs."),
    ("2", "What was asked could not be done; the message says why, and how to mend it."),
)
_FILES = (
    ("agentd.toml", "Settings: the file of --config, or AGENTD_CONFIG, or ./agentd.toml."),
    ("AGENTD_SECTION_FIELD", "A variable that wins over the file: AGENTD_SERVER_ESL_PORT=8084."),
)


def pages() -> dict[str, str]:
    """Path below a man folder -> roff."""
    made = {"man5/agentd.toml.5": _settings_page()}
    for program, root in (("agentd", agentd), ("agent-tools", agent_tools)):
        context = click.Context(root, info_name=program)
        names = root.list_commands(context)
        others = [f"{program}-{name}" for name in names]
        made[f"man1/{program}.1"] = _page(program, [*others, "agentd.toml"], root, context)
        for name in names:
            command = root.get_command(context, name)
            assert command is not None
            page = f"{program}-{name}"
            under = click.Context(command, info_name=name, parent=context)
            made[f"man1/{page}.1"] = _page(page, [program, "agentd.toml"], command, under)
    return made


def write(folder: Path) -> list[Path]:
    """Every page, into FOLDER/man1 and FOLDER/man5."""
    written = []
    for name, text in pages().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _page(name: str, also: list[str], command: click.Command, context: click.Context) -> str:
    lines = [
        f".TH {_quoted(name.upper())} 1 {_quoted('')} agentd {_quoted('agentd manual')}",
        ".SH NAME",
        f"{_escaped(name)} \\- {_escaped(_first_sentence(command))}",
        ".SH SYNOPSIS",
        *_synopsis(command, context),
        ".SH DESCRIPTION",
        *_prose(command.help or ""),
    ]
    options = [*_options(command, context)]
    if options:
        lines += [".SH OPTIONS", *options]
    if isinstance(command, click.Group):
        lines += [".SH COMMANDS", *_subcommands(command, context)]
    if command.epilog:
        lines += [".SH EXAMPLES", *_examples(command.epilog)]
    lines += [".SH EXIT STATUS", *_table(_EXIT), ".SH FILES AND VARIABLES", *_table(_FILES)]
    sections = {"agentd.toml": 5}
    seen = ", ".join(f"\\fB{_escaped(o)}\\fR({sections.get(o, 1)})" for o in also)
    return "\n".join([*lines, ".SH SEE ALSO", seen]) + "\n"


def _subcommands(group: click.Group, context: click.Context) -> Iterator[str]:
    """One subsection each; of the program itself, only what the page of each is about."""
    whole = context.parent is not None
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        under = click.Context(command, info_name=name, parent=context)
        if not whole:
            yield from _table([(name, _first_sentence(command))])
            continue
        yield f".SS {_quoted(f'{under.command_path} {_usage(command, under)}')}"
        yield from _prose(command.help or "")
        yield from _options(command, under)
        if command.epilog:
            yield ".PP"
            yield from _examples(command.epilog)


def _synopsis(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group) and context.parent is not None:
        for name in command.list_commands(context):
            yield f"\\fB{_escaped(context.command_path)} {_escaped(name)}\\fR ..."
            yield ".br"
        return
    yield f"\\fB{_escaped(context.command_path)}\\fR {_escaped(_usage(command, context))}"


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join(command.collect_usage_pieces(context))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        names, text = record or ("", "")
        told_once = context.parent is not None and context.parent.parent is not None
        if text and not (told_once and names == "--help"):
            yield ".TP"
            yield f"\\fB{_escaped(names)}\\fR"
            yield _escaped(" ".join(text.split()))


def _examples(epilog: str) -> Iterator[str]:
    yield ".nf"
    for line in epilog.split("\n"):
        if line.startswith("  "):
            yield _escaped(line)
    yield ".fi"


def _prose(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _table(rows: Any) -> Iterator[str]:
    for name, text in rows:
        yield ".TP"
        yield f"\\fB{_escaped(name)}\\fR"
        yield _escaped(text)


def _first_sentence(command: click.Command) -> str:
    text = " ".join((command.help or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.;])\s", text)[0].rstrip(".;")


def _settings_page() -> str:
    lines = [
        f".TH AGENTD.TOML 5 {_quoted('')} agentd {_quoted('agentd manual')}",
        ".SH NAME",
        "agentd.toml \\- settings of agentd",
        ".SH DESCRIPTION",
        *_prose(
            "TOML: one table a section. What is left out has its default. A variable wins over "
            "the file: AGENTD_SERVER_ESL_PORT=8084 is [server] esl_port. A setting that does not "
            "exist, or a value out of its range, is refused by name. The same as a JSON Schema: "
            "agentd schema config."
        ),
    ]
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        lines += [f".SH [{_escaped(section)}]", *_prose(model.__doc__ or "")]
        for name, setting in model.model_fields.items():
            default = setting.default
            shown = "none" if default is None else str(default) or "empty"
            lines += [".TP", f"\\fB{_escaped(name)}\\fR = {_escaped(shown)}"]
            lines.append(_escaped(setting.description or "") or "\\&")
    return "\n".join([*lines, ".SH SEE ALSO", "\\fBagentd\\fR(1)"]) + "\n"


def _escaped(text: str) -> str:
    """As roff takes it: nothing in it is a request or an escape, hyphens can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace('"', "\\(dq") + '"'


def main(arguments: list[str]) -> int:
    """The exit status."""
    if len(arguments) != 1:
        print("usage: python -m agentd_tools.manual FOLDER", file=sys.stderr)
        return 2
    print(f"{len(write(Path(arguments[0])))} man pages in {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
