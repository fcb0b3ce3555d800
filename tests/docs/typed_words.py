"""Is a command that is shown one that exists? Each program's words are held against what defines
them: the argument parser, the Makefile, setup.cfg, systemd/. Nothing is run here."""

import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = re.compile(r"(agentd[a-z-]*)(@[0-9*]+|@PORT)?(\.service|\.timer)?")


class Wrong(Exception):
    """No such thing; says what there is."""


def of_parser(program: str, words: Sequence[str], *, whole: bool = True) -> None:
    """Words for `agentd` or `agent-tools`. whole: nothing may be missing, and every value must be
    one that its option takes; else only that subcommands and options exist (prose leaves out)."""
    import click  # here: a command that is run should not wait for it

    if program == "agentd":
        from agentd.cli import cli as root
    else:
        from agentd_tools.cli import cli as root
    command: click.Command = root
    context, rest = None, list(words)
    while isinstance(command, click.Group):
        names = command.list_commands(click.Context(command))
        at = next((i for i, w in enumerate(rest) if not w.startswith("-") and w in names), None)
        if at is None:
            if whole and not set(rest) & {"--help", "--version"}:
                raise Wrong(f"{program}: {' '.join(rest)!r} has none of {', '.join(names)}")
            wrong = [w for w in rest if not w.startswith("-") and re.fullmatch(r"[a-z-]+", w)]
            if wrong and not whole:
                raise Wrong(f"{program}: no {wrong[0]!r} among {', '.join(names)}")
            break
        context = command.make_context(program, rest[: at + 1], parent=context)
        command, rest = command.get_command(context, rest[at]) or command, rest[at + 1 :]
    known = {o for p in command.get_params(click.Context(command)) for o in p.opts}
    known |= {o for p in command.params for o in p.secondary_opts}
    for word in rest:
        option = word.partition("=")[0]
        if re.fullmatch(r"-[A-Za-z]|--[a-z][a-z-]*", option) and option not in known:
            raise Wrong(f"{program} {command.name}: no option {option}; it has {sorted(known)}")
    if whole and not isinstance(command, click.Group) and "--help" not in rest:
        try:
            command.make_context(command.name, rest, parent=context)
        except click.ClickException as error:
            raise Wrong(f"{program} {' '.join(words)}: {error.format_message()}") from None


def of_make(words: Sequence[str]) -> None:
    """Targets and variables of the Makefile; what a target would do is looked at by make itself."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    given = [word for word in words if "=" in word]
    for word in given:
        name = word.partition("=")[0]
        if not re.search(rf"^{re.escape(name)}\s*\?=", makefile, re.MULTILINE):
            raise Wrong(f"make: {name} is no variable of the Makefile")
    for target in (word for word in words if "=" not in word):
        if not re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE):
            raise Wrong(f"make: no target {target}")
    environ = {**os.environ, "PATH": os.environ.get("DOCS_PATH", os.environ["PATH"])}
    done = subprocess.run(
        ["make", "--dry-run", *words],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Wrong(f"make --dry-run {' '.join(words)}: {done.stderr.strip()}")


def of_pip(words: Sequence[str]) -> None:
    """What is installed must be what setup.cfg pins, extras must be its extras."""
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    setup = configparser.ConfigParser()
    setup.read_string(text)
    if words[:1] != ["install"]:
        raise Wrong(f"pip: only install is used, not {words[:1]}")
    for word in words[1:]:
        if "==" in word and word not in text:
            raise Wrong(f"pip: setup.cfg does not pin {word}")
        for extra in re.findall(r"^agentd\[([a-z,]+)\]$", word):
            if missing := set(extra.split(",")) - set(setup["options.extras_require"]):
                raise Wrong(f"pip: no extra {missing}")


def of_units(words: Sequence[str]) -> None:
    """systemctl and journalctl: units that systemd/ has, or that are not ours."""
    for word in words:
        found = UNIT.fullmatch(word)
        if found is None:
            continue
        name = found[1] + ("@" if found[2] else "") + (found[3] or ".service")
        if not (ROOT / "systemd" / name).is_file():
            raise Wrong(f"systemd/ has no {name}")


def of_pytest(words: Sequence[str]) -> None:
    """Files of tests there are."""
    for word in words:
        if word.startswith("tests") and not (ROOT / word.partition("::")[0]).exists():
            raise Wrong(f"pytest: no {word}")


def of_python(words: Sequence[str]) -> None:
    """python -m MODULE of this repository; families of benchmarks."""
    if words[:1] != ["-m"] or not (ROOT / words[1].replace(".", "/")).exists():
        raise Wrong(f"python: {' '.join(words)!r} runs no module of this repository")
    if words[1] == "benchmarks":
        from benchmarks.__main__ import FAMILIES
        from benchmarks.load import options

        if words[2:3] == ["load"]:
            try:
                options().parse_args(words[3:])
            except SystemExit:
                raise Wrong(f"benchmarks load: no such options: {' '.join(words[3:])}") from None
        elif unknown := [word for word in words[2:] if word.islower() and word not in FAMILIES]:
            raise Wrong(f"benchmarks: no {unknown}; there are {', '.join(FAMILIES)}")


def of_curl(words: Sequence[str]) -> None:
    """An address of ours: only paths that are served."""
    for word in words:
        path = re.sub(r"https?://[^/]+", "", word) if "://" in word else None
        if path is not None and path not in ("/metrics", "/health", "/ready"):
            raise Wrong(f"curl: agentd serves no {path}")


def anything(words: Sequence[str]) -> None:
    """A program whose words are not ours to judge."""


# Outside programs: what their words are held against, and why they are not run.
OUTSIDE: dict[str, tuple[Callable[[Sequence[str]], None], str]] = {
    "make": (of_make, "takes minutes and writes into the checkout: .ci/run and test_deploy do"),
    "pip": (of_pip, "would download"),
    "systemctl": (of_units, "needs systemd; tests/test_deploy.py has the units verified by it"),
    "journalctl": (of_units, "needs systemd's journal"),
    "systemd-sysusers": (anything, "would make users; tests/test_deploy.py looks at what it reads"),
    "systemd-tmpfiles": (anything, "would make folders of the system"),
    "usermod": (anything, "would change users"),
    "chown": (anything, "would need root"),
    "pg_dump": (anything, "needs a PostgreSQL: tests/store/test_backup.py types these lines"),
    "pg_restore": (anything, "the same"),
    "dropdb": (anything, "the same"),
    "createdb": (anything, "the same"),
    "git": (anything, "would change the checkout"),
    "fs_cli": (anything, "needs a FreeSWITCH: tests/live"),
    "apt-get": (anything, "would change the system"),
    "pytest": (of_pytest, "a test that runs the tests would not end"),
    "python": (of_python, "benchmarks take minutes; they are run by hand"),
    "curl": (of_curl, "needs a running agentd: tests/observe asks each path"),
}
# Commands of ours that are not run as they stand: the words, what is done instead, and why.
PARSE = "parse"
# Seconds each: really run on the first page that a reader sees, parsed on the others.
ONCE = ("agentd check", "agentd simulate")
OURS: tuple[tuple[str, str, str], ...] = (
    ("agentd serve", PARSE, "ends when it is told to: tests/faults start it"),
    ("agentd models fetch", "--dry-run", "would download"),
    ("agentd campaign start", PARSE, "dials on a real switch: tests/live, tests/faults"),
    ("agentd campaign dial", PARSE, "the same, until it is told to stop"),
    ("agentd campaign watch", PARSE, "ends with its campaign: tests/cli/test_campaign.py"),
    ("agentd campaign rehearse", PARSE, "minutes of spoken calls: make demo-campaign"),
    ("agentd understand --model", PARSE, "needs a language model: make test-llm"),
    ("agent-tools youtube-extract", PARSE, "tests/tools/test_voice_chain.py runs the chain"),
    ("agent-tools clone-voice", "--dry-run", "rendering takes minutes: the same test"),
    ("agent-tools setup-audio", "--dry-run", "the same"),
    ("agent-tools create-scenario --from", "", ""),
    ("agent-tools create-scenario", PARSE, "asks a person: tests/tools/test_create_scenario.py"),
)


def treatment(program: str, words: Sequence[str]) -> tuple[str, str]:
    """("", "") to run it, (PARSE or an option to add, why) else. A rule's words may stand anywhere
    in the command, in their order."""
    typed = [program, *words]
    if " ".join(typed[:2]) in ONCE and os.environ.get("DOCS_PAGE") != "README.md":
        return PARSE, "README.md's test runs it"
    for rule, instead, why in OURS:
        at = iter(typed)
        if all(word in at for word in rule.split()):
            return instead, why
    return "", ""


def check_mention(text: str) -> bool:
    """A code span: False when it is no command. Raises Wrong."""
    words = text.replace("'", "").replace('"', "").split()
    while words and (re.fullmatch(r"[A-Z_]+=\S*", words[0]) or words[0] == "sudo"):
        words = words[1:]
    if not words:
        return False
    program = words[0].removeprefix(".venv/bin/")
    rest = words[1 : next((i for i, w in enumerate(words) if w in ("|", "&&", ";")), None)]
    if program in ("agentd", "agent-tools") and rest:
        for choice in rest[0].split("|"):
            of_parser(program, [choice, *rest[1:]], whole=False)
        return True
    if program in OUTSIDE and rest:
        OUTSIDE[program][0](rest)
        return True
    return False


def main(program: str, words: list[str]) -> int:
    """Behind a program's name in the sandbox: the exit status; the command itself is replaced."""
    try:
        if program in OUTSIDE:
            OUTSIDE[program][0](words)
            return _did("checked", OUTSIDE[program][1], program, words)
        instead, why = treatment(program, words)
        if instead == PARSE:
            of_parser(program, words)
            return _did("parsed", why, program, words)
    except Wrong as error:
        print(error, file=sys.stderr)
        return 97
    _did("run", why and f"with {instead}: {why}", program, words)
    module = {"agentd": "agentd", "agent-tools": "agentd_tools"}[program]
    added = [instead] if instead and instead not in words else []
    os.execv(sys.executable, [sys.executable, "-m", module, *words, *added])


def _did(what: str, why: str, program: str, words: Sequence[str]) -> int:
    with open(os.environ["DOCS_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps([what, why, " ".join((program, *words))]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
