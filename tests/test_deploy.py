"""What `make install` lays down, and what systemd makes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Installed by the Makefile, without the libraries: those of this interpreter serve."""
    destination = tmp_path_factory.mktemp("tree")
    _install(destination)
    return destination


def _install(destination: Path) -> None:
    settings = [f"DESTDIR={destination}", "PREFIX=/opt/agentd", f"PYTHON={sys.executable}"]
    done = subprocess.run(
        ["make", "install", *settings, "PIP_ARGS=--no-deps"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _run(tree: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AGENTD_", "PYTHONPATH"))}
    environ |= {
        "PYTHON": sys.executable,
        "AGENTD_CONFIG": str(tree / "etc/agentd/agentd.toml"),
    }
    return subprocess.run(
        arguments, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_installed_tree_runs_from_where_it_is(tree, tmp_path):
    agentd = str(tree / "opt/agentd/bin/agentd")
    linted = _run(tree, agentd, "scenario", "lint", "finance", folder=tmp_path)
    assert linted.returncode == 0, linted.stderr
    assert linted.stdout.startswith("finance: ")
    where = _run(
        tree, sys.executable, "-c", "import agentd; print(agentd.__file__)", folder=tmp_path
    )
    assert str(tree) not in where.stdout  # the next line is about the launcher, not about luck
    checked = _run(tree, agentd, "check", "--json", folder=tmp_path)
    assert str(tree / "var/lib/agentd") in checked.stdout, checked.stderr
    tools = _run(tree, str(tree / "opt/agentd/bin/agent-tools"), "--help", folder=tmp_path)
    assert "clone-voice" in tools.stdout
    assert not list(tmp_path.iterdir())


def test_the_manual_is_installed(tree):
    pages = {file.name for file in (tree / "opt/agentd/share/man").rglob("*.[15]")}
    assert {"agentd.1", "agentd-serve.1", "agent-tools.1", "agentd.toml.5"} <= pages
    shown = (tree / "var/lib/agentd/schemas/config.schema.json").is_file()
    named = (
        (tree / "etc/agentd/agentd.toml")
        .read_text()
        .startswith("#:schema ../../var/lib/agentd/schemas/config.schema.json\n")
    )
    assert (shown, named) == (True, True)


def test_installing_again_keeps_what_was_edited(tree):
    config = tree / "etc/agentd/agentd.toml"
    scenario = tree / "var/lib/agentd/scenarios/scenario_finance.json"
    for file in (config, scenario):
        file.write_text(file.read_text() + "\n")
    edited = [config.read_text(), scenario.read_text()]
    _install(tree)
    assert [config.read_text(), scenario.read_text()] == edited


@pytest.mark.parametrize(
    ("unit", "instance", "command"),
    [
        ("agentd@", "agentd@8084", "serve"),
        ("agentd-dialer", "agentd-dialer", "campaign dial"),
        ("agentd-retention", "agentd-retention", "db retention --apply"),
    ],
)
def test_units_are_what_systemd_understands(tree, tmp_path, unit, instance, command):
    assert shutil.which("systemd-analyze"), "tools/system-packages installs it"
    text = (tree / f"usr/lib/systemd/system/{unit}.service").read_text()
    assert f"ExecStart=/opt/agentd/bin/agentd {command}" in text
    # The programs and the user are not on this machine; everything else must be right.
    text = text.replace("/opt/agentd/bin/agentd", "/bin/true").replace("User=agentd", "User=root")
    file = tmp_path / f"{instance}.service"
    file.write_text(text.replace("Group=agentd", "Group=root"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "agentd" in line]
    assert not ours, done.stderr


def test_the_timer_is_one_systemd_understands(tree, tmp_path):
    """Beside the service it starts, as installed."""
    for name in ("agentd-retention.timer", "agentd-retention.service"):
        text = (tree / "usr/lib/systemd/system" / name).read_text()
        text = text.replace("/opt/agentd/bin/agentd", "/bin/true").replace("=agentd\n", "=root\n")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "agentd-retention.timer")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "agentd" in line]
    assert not ours, done.stderr


def test_a_broken_unit_is_seen(tmp_path):
    file = tmp_path / "agentd@8084.service"
    file.write_text("[Service]\nExecStart=/bin/true\nWatchDogs=3\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "WatchDogs" in done.stderr
