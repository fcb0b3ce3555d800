"""A machine of its own for one page: a checkout, an installed house, and the programs it may use.

Absolute paths of the documentation are taken from the sandbox's own root; programs that reach
outside are stand-ins that check their words (typed_words.py). What is not there is not found.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from shown_commands import ROOT, Shown
from typed_words import OUTSIDE

HERE = Path(__file__).parent
# Real programs a page may use; anything else is told as unknown.
REAL = """
    awk basename bash cat cp cut date dirname env expr find grep gzip head id install ln ls
    mkdir mktemp mv printf rm sed sh sleep sort sqlite3 tail tar tee test touch tr true uniq
""".split()
OURS = ("agentd", "agent-tools")
PASSED_ON = '#!/bin/sh\n[ "$1" = -u ] && shift 2\nexec "$@"\n'  # sudo
MOVED = ("/etc/", "/var/lib/", "/var/backups/", "/usr/local/", "/path/to/")
LIMIT_S = 240  # on a machine that does much else

SAMPLES = {
    "clients.csv": "prénom;nom;téléphone;société;code_postal\n"
    "Zoé;Dupont;0199001234;;75001\nJean;Durand;0199001029;;67000\nBad;Row;12;;\n",
    "fleet.csv": "first_name,last_name,phone,company\nAnne,Petit,0199001301,Exemple SA\n",
    "optins.csv": "téléphone;date d'accord\n0199001302;01/09/2026\n0199001303;2026-09-02\n",
    "opposition.csv": "0199001304\n0199001305\n",
    "sent.csv": "0199001306\n0199001307\n",
    "returned.csv": "0199001306\n",
    "form.pdf": "%PDF-1.4 a form that was signed\n",
    "export.pdf": "%PDF-1.4 what the web site exported\n",
    "spring.toml": 'max_concurrent = 20\nper_minute = 10\nring_s = 25\nsector = "banque"\n',
    "interview.m4a": "",
}


@dataclass
class Sandbox:
    """`run` types one line into it; folder and variables last to the end of its block."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, text: str, block: int = 0) -> subprocess.CompletedProcess[str]:
        """As a person would, in the checkout. Exit 127: a program that is not known here."""
        for prefix in MOVED:
            text = text.replace(prefix, f"{self.root}{prefix}")
        kept = self.root / f"shell-{block}"
        before = f". {kept}\n" if kept.exists() else ""
        after = f"status=$?; {{ export -p; echo \"cd '$PWD'\"; }} > {kept}; exit $status"
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{before}{text}\n{after}"],
            cwd=self.root / "checkout",
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def log(self) -> list[tuple[str, str, str]]:
        """What became of each command of ours and of outside: (what, why, its words)."""
        file = Path(self.environ["DOCS_LOG"])
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [tuple(json.loads(line)) for line in lines]


def build(root: Path, page: str) -> Sandbox:
    """The machine as a reader of `page` has it before its first line."""
    checkout = root / "checkout"
    for name in ("objections", "voices", "dialplan", "freeswitch-conf", "monitoring"):
        shutil.copytree(ROOT / name, checkout / name)
    shutil.copytree(ROOT / "scenarios", checkout / "scenarios")
    # One short call stands for all of them: `make personas` holds the others.
    for file in (checkout / "scenarios/personas").iterdir():
        if file.stem != "optout-dtmf":
            file.unlink()
    for name in ("Makefile", "agentd.example.toml", "setup.cfg"):
        shutil.copy(ROOT / name, checkout / name)
    skipped = shutil.ignore_patterns("cache", "16000")
    if (ROOT / "audio").is_dir():
        shutil.copytree(ROOT / "audio", checkout / "audio", ignore=skipped, copy_function=_link)
    (checkout / "models").symlink_to(ROOT / "models")
    for name, text in SAMPLES.items():
        (checkout / name).write_text(text, encoding="utf-8")
    # What youtube-extract and clone-voice would have left of a voice anne, without the samples.
    for folder in ("voices", "audio"):
        if (checkout / folder / "julie").is_dir():
            shutil.copytree(
                checkout / folder / "julie", checkout / folder / "anne", copy_function=_link
            )
    _installed(root, checkout)
    _programs(root / "bin")
    (checkout / ".venv").mkdir()
    (checkout / ".venv/bin").symlink_to(root / "bin")
    return Sandbox(root, _environ(root, page))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def _installed(root: Path, checkout: Path) -> None:
    for name in ("var/lib", "var/backups", "etc/agentd", "etc/freeswitch", "usr/local/lib/agentd"):
        (root / name).mkdir(parents=True)
    (root / "var/lib/agentd").symlink_to(checkout)
    config = root / "etc/agentd/agentd.toml"
    config.write_text('[paths]\nroot = "../../var/lib/agentd"\n', encoding="utf-8")
    config.chmod(0o600)


def _programs(folder: Path) -> None:
    folder.mkdir()
    for name in REAL:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    for name in (*OURS, *OUTSIDE):
        _script(
            folder / name, f'#!/bin/sh\nexec {sys.executable} {HERE / "typed_words.py"} {name} "$@"'
        )
    _script(folder / "sudo", PASSED_ON)


def _script(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def _environ(root: Path, page: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("LANG", "LC_ALL", "TZ", "TMPDIR")}
    return kept | {
        "HOME": str(root),
        "PATH": str(root / "bin"),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tools"))),
        "PYTHONIOENCODING": "utf-8",
        "DOCS_PAGE": page,
        "DOCS_PATH": os.environ["PATH"],
        "DOCS_LOG": str(root / "log"),
        "AGENTD_CONFIG": str(root / "etc/agentd/agentd.toml"),
        # No switch, and ports that nobody else has.
        "AGENTD_SWITCH_PORT": str(_closed_port()),
        "AGENTD_SERVER_ESL_PORT": "0",
        "AGENTD_SERVER_AUDIO_PORT": "0",
    }


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def named_files(markdown: str) -> dict[str, str]:
    """Blocks that begin with `# NAME` of a file are that file."""
    from markdown_it import MarkdownIt

    found = {}
    for token in MarkdownIt().parse(markdown):
        if token.type == "fence" and token.info in ("yaml", "toml"):
            first = token.content.partition("\n")[0]
            if first.startswith("# ") and first.endswith((".yaml", ".toml")):
                found[first[2:]] = token.content
                if token.info == "yaml":
                    yaml.safe_load(token.content)
    return found


def told(shown: Shown, done: subprocess.CompletedProcess[str], wanted: int) -> str:
    """What is wrong, and how to mend it."""
    said = (done.stderr or done.stdout).strip()[-600:]
    mend = "mend the page, or what it says"
    if done.returncode == 127:
        mend = (
            "a program the sandbox does not have: add it to REAL (docs_sandbox.py) when it may be "
            "run, else to OUTSIDE (typed_words.py) with a check of its words and the reason"
        )
    elif done.returncode == 97:
        mend = "the page shows what does not exist: mend the page"
    elif done.returncode != wanted:
        mend += "; an exit status that is a verdict goes into VERDICTS (test_docs_commands.py)"
    return f"{shown.place}: {shown.text}\n  exit {done.returncode}, not {wanted}: {said}\n  {mend}"
