"""Each check, shown ok and shown broken. What a person sees of it: cli/test_cli_check.py."""

import hashlib
import os
import shutil
import socket
import sqlite3
import time
from collections import namedtuple

import msgspec
import numpy as np
import pytest
from checked_house import Hum, build, switch
from switch.fakes import Listener

from agentd import checks, config, machine, models
from agentd.campaign.gates import hours
from agentd.checks import ERROR, OK, WARNING, run_all
from agentd.errors import SpeechError
from agentd.speech.library import write_wav

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def root(tmp_path, monkeypatch):
    build(tmp_path)
    monkeypatch.setattr(checks, "open_voice", lambda settings, name: Hum())
    monkeypatch.setattr(machine, "_unsynchronised", lambda: False)
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield tmp_path
    monkeypatch.undo()
    time.tzset()


def found(root, **environ):
    """Findings by name; the worst of each name first."""
    file = root / "agentd.toml"
    settings = config.load(file, environ={f"AGENTD_{k}": v for k, v in environ.items()})
    by_name = {}
    for finding in run_all(settings, file):
        by_name.setdefault(finding.name, []).append(finding)
    order = (ERROR, WARNING, OK)
    return {n: sorted(f, key=lambda f: order.index(f.status)) for n, f in by_name.items()}


def worst(root, name, **environ):
    return found(root, **environ)[name][0]


def assert_broken(finding, status, detail, mend):
    assert finding.status == status, finding
    assert detail in finding.detail
    assert mend in finding.mend


def scenario_file(root):
    return root / "scenarios/scenario_finance.json"


def edit(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_where_nothing_is_wrong_all_is_ok(tmp_path, root):
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with Listener(switch()) as port:
        build(tmp_path, port)
        findings = [f for many in found(tmp_path).values() for f in many]
    # Without a language model calls are held, freestyle from recordings; it is said all the same.
    (model,) = [f for f in findings if f.name == "language model"]
    assert (model.status, "recorded" in model.detail) == (WARNING, True)
    findings.remove(model)
    assert [f for f in findings if f.status != OK] == []
    assert all(f.mend == "" for f in findings)
    assert {f.name for f in findings} >= {
        "config", "folder scenarios", "folder var", "folder audio", "disk", "clock", "time zone",
        "gates", "database", "recogniser", "voice julie", "objections", "scenario finance",
        "event-socket port", "audio port", "FreeSWITCH", "module mod_audio_fork",
    }  # fmt: skip


def test_looking_changes_nothing(root):
    def everything():
        return {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}

    found(root)  # SQLite opens its write-ahead log beside the file
    shutil.rmtree(root / "audio")
    before = everything()
    found(root)
    assert set(everything()) == set(before)
    assert not (root / "audio").exists()


# -- config -----------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["ClueCon", "CHANGE-ME"])
def test_a_password_everybody_knows(root, password, monkeypatch):
    monkeypatch.setattr(checks, "InboundSession", None)  # what comes after is another check
    finding = worst(root, "config", SWITCH_PASSWORD=password)
    assert_broken(finding, WARNING, "[switch] password", "event_socket.conf.xml")
    assert password not in finding.detail
    url = f"postgresql://agentd:{password}@127.0.0.1:1/x"
    assert_broken(worst(root, "config", STORE_URL=url), WARNING, "[store] url", "another")


def test_a_password_in_a_file_that_everybody_may_read(root):
    file = root / "agentd.toml"
    file.write_text(file.read_text() + '[switch]\npassword = "hush"\n')
    assert worst(root, "config").status == OK
    file.chmod(0o644)
    finding = worst(root, "config")
    assert_broken(finding, WARNING, "everybody on this machine may read it", f"chmod o-r {file}")
    file.write_text("[server]\nesl_port = 0\naudio_port = 0\n")
    assert worst(root, "config").status == OK  # nothing to hide


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", OK), ("localhost", OK), ("127.0.0.2", OK), ("0.0.0.0", WARNING)],
)
def test_a_listener_that_others_reach(root, host, status):
    assert worst(root, "config", SERVER_HOST=host).status == status


def test_one_port_for_two_listeners(root):
    finding = worst(root, "config", SERVER_ESL_PORT="8084", SERVER_AUDIO_PORT="8084")
    assert_broken(finding, ERROR, "both 8084", "two numbers")


# -- folders, disk ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scenarios", "objections", "voices"])
def test_a_folder_that_is_not_there(root, name):
    shutil.rmtree(root / name)
    finding = worst(root, f"folder {name}")
    assert_broken(finding, ERROR, f"{root / name} does not exist", f"set [paths] {name}")


@pytest.mark.parametrize("name", ["audio", "recordings"])
def test_a_folder_that_cannot_be_written(root, name):
    """A file in its place: root may write anywhere else."""
    (root / "in-the-way").write_text("")
    environ = {f"PATHS_{name.upper()}": "in-the-way", "CALL_RECORD": "true"}
    finding = worst(root, f"folder {name}", **environ)
    assert_broken(finding, ERROR, "Not a directory", "let the user agentd runs as write there")


def test_a_full_or_read_only_disk_is_seen_by_writing(root, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(machine.tempfile, "NamedTemporaryFile", refuse)
    assert_broken(worst(root, "folder var"), ERROR, "Read-only file system", "write there")


def test_recordings_are_looked_at_when_calls_are_recorded(root):
    assert "folder recordings" not in found(root)
    assert worst(root, "folder recordings", CALL_RECORD="true").status == OK


def test_audio_that_freeswitch_cannot_reach(root):
    (root / "audio").chmod(0o700)
    finding = worst(root, "folder audio")
    assert_broken(finding, WARNING, "FreeSWITCH may not reach", f"chmod o+x {root / 'audio'}")


@pytest.mark.parametrize(
    ("free", "status"),
    [(50 << 20, ERROR), (500 << 20, WARNING), (50 << 30, OK)],
)
def test_disk(root, monkeypatch, free, status):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: Usage(1 << 40, 0, free))
    finding = worst(root, "disk")
    assert finding.status == status
    assert ("free some" in finding.mend) == (status != OK)


def test_no_inodes(root, monkeypatch):
    real = os.statvfs(root)
    full = os.statvfs_result([*real[:7], 3, *real[8:]])
    monkeypatch.setattr(machine.os, "statvfs", lambda path: full)
    assert_broken(worst(root, "disk"), ERROR, "3 files more fit", "remove small files")


# -- clock, zone ------------------------------------------------------------------------------


def test_a_clock_that_was_never_set(root, monkeypatch):
    monkeypatch.setattr(machine.time, "time", lambda: 86_400.0)
    assert_broken(worst(root, "clock"), ERROR, "is in the past", "NTP")


def test_a_clock_that_nothing_keeps_right(root, monkeypatch):
    monkeypatch.setattr(machine, "_unsynchronised", lambda: True)
    assert_broken(worst(root, "clock"), WARNING, "nothing keeps it right", "NTP")


def test_the_kernel_is_asked_and_may_refuse(monkeypatch):
    assert machine._unsynchronised() in (True, False)

    class Libc:
        state = 5

        def adjtimex(self, buffer):
            return self.state

    monkeypatch.setattr(machine.ctypes, "CDLL", lambda name: Libc())
    assert machine._unsynchronised()
    for state in (0, 1, -1):  # right, a leap second to come, not allowed to ask
        Libc.state = state
        assert not machine._unsynchronised()
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda name: object())
    assert not machine._unsynchronised()


@pytest.mark.parametrize(
    ("zone", "status", "said"),
    [
        ("Europe/Paris", OK, "as Europe/Paris"),
        ("Europe/Brussels", OK, "as Europe/Paris"),
        (":Europe/Paris", OK, "as Europe/Paris"),
        ("Asia/Tokyo", WARNING, "this machine is at JST (+0900)"),
        ("Europe/Pari", ERROR, "TZ=Europe/Pari is not a zone"),
    ],
)
def test_the_zone_of_the_machine(root, monkeypatch, zone, status, said):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    finding = worst(root, "time zone")
    assert finding.status == status
    assert said in finding.detail
    assert ("TZ=Europe/Paris" in finding.mend) == (status != OK)


def test_no_zone_data(root, monkeypatch):
    def unknown(name):
        raise KeyError(name)

    monkeypatch.setattr(machine, "ZoneInfo", unknown)
    assert_broken(worst(root, "time zone"), ERROR, "not known", "apt-get install tzdata")


def test_gates_that_cannot_answer(root, monkeypatch):
    """As where the machine knows no zones: the first call would find out."""

    def unknown(name):
        raise KeyError(name)

    monkeypatch.setattr(hours, "ZoneInfo", unknown)
    assert_broken(worst(root, "gates"), ERROR, "hours (+33)", "tzdata")


def test_broken_zone_data(root, monkeypatch):
    """As where every zone's file is a copy of another's."""
    tokyo = machine.ZoneInfo("Asia/Tokyo")
    monkeypatch.setattr(machine, "ZoneInfo", lambda name: tokyo)
    assert_broken(worst(root, "time zone"), ERROR, "its data is broken", "--reinstall tzdata")


# -- database ---------------------------------------------------------------------------------


def test_no_database_yet(root):
    finding = worst(root, "database", STORE_URL="sqlite:///var/other.sqlite3")
    assert_broken(finding, ERROR, "does not exist yet", "agentd db migrate")


def test_a_database_of_another_kind(root):
    (root / "var/other.sqlite3").write_bytes(b"not a database" * 100)
    finding = worst(root, "database", STORE_URL="sqlite:///var/other.sqlite3")
    assert finding.status == ERROR
    assert "other.sqlite3" in finding.detail


def test_a_database_without_its_schema(root):
    sqlite3.connect(root / "var/empty.sqlite3").execute("create table x (y)").connection.close()
    finding = worst(root, "database", STORE_URL="sqlite:///var/empty.sqlite3")
    assert_broken(finding, ERROR, "", "agentd db migrate")


def test_a_database_that_cannot_be_reached(root):
    pytest.importorskip("psycopg2")
    url = "postgresql://agentd:hush@127.0.0.1:1/agentd"
    started = time.monotonic()
    finding = worst(root, "database", STORE_URL=url)
    assert finding.status == ERROR
    assert finding.mend
    assert "hush" not in finding.detail + finding.mend
    assert time.monotonic() - started < 10


def test_a_url_that_is_none(root):
    finding = worst(root, "database", STORE_URL="mysql://root:hush@h/x")
    assert finding.status == ERROR
    assert "hush" not in finding.detail + finding.mend


# -- models and voices --------------------------------------------------------------------------


def whisper(root, monkeypatch, **changed):
    """A Whisper folder whose pins are what it holds, save what is `changed`."""
    shutil.rmtree(root / "models/vosk-fr")
    folder = root / "models/whisper-base"
    folder.mkdir()
    pins = {}
    for name in models.MODELS["whisper-base"].marks:
        (folder / name).write_bytes(name.encode())
        pins[name] = models._sha256(folder / name)
    model = msgspec.structs.replace(models.MODELS["whisper-base"], sha256=pins)
    monkeypatch.setitem(models.MODELS, "whisper-base", model)
    return folder


def test_no_recogniser(root):
    shutil.rmtree(root / "models")
    assert_broken(worst(root, "recogniser"), ERROR, "no Whisper model", "fetch whisper-base")
    finding = worst(root, "recogniser", SPEECH_RECOGNISER="vosk")
    assert_broken(finding, ERROR, "no Vosk model", "agentd models fetch vosk-fr")


def test_the_embedded_recogniser_is_for_trying_things_out(root, monkeypatch):
    whisper(root, monkeypatch)
    assert_broken(worst(root, "recogniser"), WARNING, "trying things out", "fetch vosk-fr")


def test_a_model_that_is_not_what_was_fetched(root, monkeypatch):
    (whisper(root, monkeypatch) / "model.bin").write_bytes(b"cut sho")
    finding = worst(root, "recogniser")
    assert_broken(finding, ERROR, "model.bin: not what was fetched", "whisper-base --force")


def test_a_model_of_somebodys_own_is_not_compared(root, monkeypatch):
    folder = whisper(root, monkeypatch)
    folder.rename(folder.with_name("mine"))
    (folder.with_name("mine") / "model.bin").write_bytes(b"finer")
    assert worst(root, "recogniser", SPEECH_WHISPER_MODEL="mine").status == WARNING


def test_a_voice_that_cannot_speak(root, monkeypatch):
    class Hoarse(Hum):
        def render(self, text):
            raise SpeechError("Pico: resource is broken", mend="agentd models fetch pico")

    monkeypatch.setattr(checks, "open_voice", lambda settings, name: Hoarse())
    assert_broken(worst(root, "voice julie"), ERROR, "resource is broken", "fetch pico")


def test_no_engine_and_a_bad_voice_file(root, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert_broken(worst(root, "voice julie"), ERROR, "no Pico voice", "agentd models fetch pico")
    (root / "voices/julie/voice.yaml").write_text("speed: fast")
    assert_broken(worst(root, "voice julie"), ERROR, "voice.yaml: speed", "")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng here")
def test_espeak_in_place_of_pico(root, monkeypatch):
    monkeypatch.undo()
    assert_broken(worst(root, "voice julie"), WARNING, "stands in for Pico", "fetch pico")
    assert worst(root, "voice julie", VOICE_ENGINE="espeak").status == OK


# -- objections, scenarios and their audio ------------------------------------------------------


def test_broken_objections(root):
    file = root / "objections/energie.yaml"
    file.write_text("- id: [")
    finding = worst(root, "objections")
    assert_broken(finding, ERROR, "energie.yaml", "")
    assert worst(root, "scenario finance").status == OK  # of another theme


def test_no_scenarios(root):
    scenario_file(root).unlink()
    assert_broken(worst(root, "scenarios"), WARNING, "none", "agentd scenario lint")


def test_a_broken_scenario_costs_no_other(root):
    (root / "scenarios/scenario_bad.json").write_text("{")
    findings = found(root)
    assert_broken(findings["scenario bad"][0], ERROR, "scenario_bad.json: not valid JSON", "commas")
    assert findings["scenario finance"][0].status == OK


def test_a_scenario_without_its_disclosure(root):
    edit(scenario_file(root), "la voix artificielle de ", "")
    problems = [f.detail for f in found(root)["scenario finance"] if f.status == ERROR]
    assert any("does not say that the voice is artificial" in p for p in problems)


def test_a_scenario_of_an_unknown_theme_or_voice(root, monkeypatch):
    edit(scenario_file(root), '"theme": "general"', '"theme": "sushi"')
    assert_broken(worst(root, "scenario finance"), ERROR, "unknown theme 'sushi'", "general")
    edit(scenario_file(root), '"theme": "sushi"', '"theme": "general"')
    edit(scenario_file(root), '"voice": "julie"', '"voice": "anne"')
    monkeypatch.undo()
    assert_broken(worst(root, "scenario finance"), ERROR, "no voice 'anne'", "julie")


def test_two_scenarios_of_one_name(root):
    shutil.copy(scenario_file(root), root / "scenarios/scenario_zebra.json")
    assert worst(root, "scenario finance").status == OK
    finding = worst(root, "scenario zebra")
    assert_broken(finding, WARNING, "also that of scenario_finance.json", "a name of its own")


def test_a_line_without_a_recording(root):
    (root / "audio/julie/8000/phrases/bye_optout.wav").unlink()
    finding = worst(root, "scenario finance")
    assert_broken(finding, WARNING, "(phrases/bye_optout)", "agent-tools clone-voice julie")
    assert "1 of " in finding.detail
    assert str(scenario_file(root)) in finding.mend


def test_an_edited_line(root):
    edit(scenario_file(root), "Puis-je faire", "Puis-je vous faire")
    assert_broken(worst(root, "scenario finance"), WARNING, "scenarios/finance/Is_Leads", "clone")


def test_no_recordings_at_all(root):
    shutil.rmtree(root / "audio/julie")
    finding = worst(root, "scenario finance")
    assert_broken(finding, WARNING, "lines have no recording", "clone-voice julie")
    assert ", ...)" in finding.detail


def test_a_line_at_the_rate_of_another_line(root):
    file = root / "agentd.toml"
    file.write_text(file.read_text() + "[voice]\nrate_hz = 16000\n")
    finding = worst(root, "scenario finance")
    assert_broken(finding, WARNING, "lines have no recording", "clone-voice")


def broken(path, how):
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-300])
    elif how == "silent":
        write_wav(path, np.zeros(0, np.int16), 8_000)
    elif how == "another rate":
        write_wav(path, np.zeros(800, np.int16), 16_000)
    elif how == "mp3":
        path.write_bytes(b"\xff\xfb\x90\x00" * 100)


@pytest.mark.parametrize("how", ["empty", "cut", "silent", "another rate", "mp3"])
def test_a_recording_that_cannot_be_played(root, how):
    broken(root / "audio/julie/8000/rail_returns/01.wav", how)
    finding = worst(root, "scenario finance")
    assert_broken(finding, ERROR, "not 8000 Hz mono WAV files: rail_returns/01", "--force")
    broken(root / "audio/background/8000/office.wav", how)
    assert any("office.wav is not" in f.detail for f in found(root)["scenario finance"])


def test_a_corrupt_manifest(root):
    (root / "audio/julie/manifest.json").write_text("{")
    finding = worst(root, "scenario finance")
    assert_broken(finding, ERROR, "manifest.json cannot be read", "clone-voice julie --all")


def test_a_background_that_is_missing(root):
    (root / "audio/background/8000/office.wav").unlink()
    finding = worst(root, "scenario finance")
    assert_broken(finding, WARNING, "calls go without", "setup-audio --make-background office")
    edit(scenario_file(root), '"office.wav"', '"rue.wav"')
    assert_broken(worst(root, "scenario finance"), WARNING, "rue.wav", "setup-audio --background")


# -- ports ------------------------------------------------------------------------------------


def test_a_port_that_is_taken(root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        finding = worst(root, "audio port", SERVER_AUDIO_PORT=port)
        assert_broken(finding, WARNING, f"127.0.0.1:{port}: ", "fine if agentd is running")
    assert worst(root, "audio port", SERVER_AUDIO_PORT=port).status == OK


@pytest.mark.parametrize("host", ["192.0.2.1", "nosuch.invalid"])
def test_an_address_that_is_not_of_this_machine(root, host):
    assert_broken(worst(root, "event-socket port", SERVER_HOST=host), ERROR, host, "[server] host")


# -- the switch -------------------------------------------------------------------------------


def with_switch(root, port):
    file = root / "agentd.toml"
    file.write_text(f'{file.read_text()}[switch]\nport = {port}\npassword = "correct horse"\n')
    return root


def test_without_a_password_the_switch_is_not_looked_at(root):
    assert_broken(worst(root, "FreeSWITCH"), WARNING, "not looked at", "event_socket.conf.xml")


def test_a_switch_with_all_it_needs(root):
    with Listener(switch()) as port:
        findings = found(with_switch(root, port))
    assert findings["FreeSWITCH"][0].status == OK
    assert "1.10.12" in findings["FreeSWITCH"][0].detail
    assert all(findings[f"module {m}"][0].status == OK for m in checks.NEEDED_MODULES)


def test_another_version(root):
    with Listener(switch(version="FreeSWITCH Version 1.8.7")) as port:
        assert_broken(worst(with_switch(root, port), "FreeSWITCH"), WARNING, "1.8.7", "1.10")


def test_where_a_module_comes_from(root, tmp_path):
    here = tmp_path / "mod_sofia.so"
    here.touch()
    os.utime(here, (1_700_000_000, 1_700_000_000))
    rows = [
        {"type": "api", "name": "sofia", "ikey": "mod_sofia", "filename": str(here)},
        {"type": "api", "name": "x", "ikey": "mod_audio_fork", "filename": "/far/fork.so"},
    ]
    with Listener(switch(listing=msgspec.json.encode({"rows": rows}).decode())) as port:
        findings = found(with_switch(root, port))
    assert findings["module mod_sofia"][0].detail == f"loaded from {here}, of 2023-11-14"
    assert findings["module mod_audio_fork"][0].detail == "loaded from /far/fork.so"
    assert findings["module mod_commands"][0].detail == "loaded"


def test_without_mod_avmd_calls_can_be_held(root):
    with Listener(switch(without=("mod_avmd",))) as port:
        findings = found(with_switch(root, port))
    assert_broken(findings["module mod_avmd"][0], WARNING, "not loaded", "modules.conf.xml")


@pytest.mark.parametrize("module", checks.NEEDED_MODULES)
def test_a_module_that_is_not_loaded(root, module):
    with Listener(switch(without=(module,))) as port:
        findings = found(with_switch(root, port))
    assert_broken(findings[f"module {module}"][0], ERROR, "not loaded", "modules.conf.xml")
    others = [m for m in checks.NEEDED_MODULES if m != module]
    assert all(findings[f"module {m}"][0].status == OK for m in others)


def test_a_wrong_password(root):
    with Listener(switch(password="another")) as port:
        finding = worst(with_switch(root, port), "FreeSWITCH")
    assert_broken(finding, ERROR, "the password is refused", "[switch] password")
    assert "correct horse" not in finding.detail + finding.mend


def test_a_closed_port(root):
    with Listener(switch()) as port:
        pass
    finding = worst(with_switch(root, port), "FreeSWITCH")
    assert_broken(finding, ERROR, f"127.0.0.1:{port}: cannot connect", "start FreeSWITCH")


def test_a_port_where_nobody_speaks(root, monkeypatch):
    monkeypatch.setattr(checks, "SWITCH_TIMEOUT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        finding = worst(with_switch(root, silent.getsockname()[1]), "FreeSWITCH")
    assert_broken(finding, ERROR, "nothing within 0.2 s", "[switch] host and port")


def test_a_switch_that_goes_away_meanwhile(root):
    with Listener(switch(dies_at="mod_audio_fork")) as port:
        findings = found(with_switch(root, port))
    assert findings["FreeSWITCH"][0].status == ERROR
    assert findings["module mod_event_socket"][0].status == OK


# -- what no check may do -----------------------------------------------------------------------


def test_a_check_that_breaks_hides_no_other(root, monkeypatch):
    def explode(settings):
        raise ZeroDivisionError("at the end of the world")
        yield

    monkeypatch.setattr(machine, "clock", explode)
    findings = found(root)
    assert_broken(findings["clock"][0], ERROR, "ZeroDivisionError", "report it")
    assert findings["FreeSWITCH"]


def test_a_folder_that_may_not_even_be_looked_at(root, monkeypatch):
    def refuse(settings):
        raise PermissionError(13, "Permission denied", "/root/agentd")
        yield

    monkeypatch.setattr(machine, "disk", refuse)
    assert_broken(worst(root, "disk"), ERROR, "/root/agentd", "permissions")


@pytest.mark.parametrize(
    ("scope", "voice", "scenario"),
    [(None, ERROR, ERROR), ("telephone", OK, OK), ("theme:crypto", OK, ERROR)],
)
def test_a_persons_voice_wants_consent_that_covers_the_scenario(root, scope, voice, scenario):
    folder = root / "voices/julie"
    write_wav(folder / "julie-001.wav", np.zeros(100, np.int16), 22_050)
    if scope is not None:
        (folder / "signed.pdf").write_bytes(b"signed")
        (folder / "consent.yaml").write_text(
            f"speaker: Julie Exemple\ndate: 2026-01-02\nscope: {scope}\nexpiry: 2099-01-01\n"
            f"proof: signed.pdf\nsha256: {hashlib.sha256(b'signed').hexdigest()}\n"
        )
    by_name = found(root)
    assert by_name["voice julie"][0].status == voice
    worst_of = by_name.get("scenario finance")[0]
    assert (worst_of.status == ERROR) == (scenario == ERROR)
    if scenario == ERROR:
        assert "consent" in worst_of.detail


@pytest.mark.parametrize(
    ("seconds", "status", "detail"),
    [
        (0.4, OK, "0.4 s ahead of this machine's"),
        (-3.0, WARNING, "3.0 s behind this machine's"),
        (45.0, ERROR, "no dialer starts with it"),
    ],
)
def test_the_database_s_clock_against_ours(root, monkeypatch, seconds, status, detail):
    monkeypatch.setattr(checks, "skew", lambda repo: checks.Skew(seconds, 0.01))
    finding = worst(root, "database clock")
    assert finding.status == status
    assert detail in finding.detail
    assert ("NTP" in finding.mend) == (status != OK)


def test_a_file_has_no_clock_of_its_own(root):
    assert "database clock" not in found(root)


def test_facts_that_an_agentd_left_behind(root):
    spool = root / "var/spool/8084"
    spool.mkdir(parents=True)
    (spool / "call.jsonl").write_text("{}\n")
    assert_broken(worst(root, "spool"), WARNING, "8084 (1)", "agentd db recover")
    assert (spool / "call.jsonl").exists(), "looked at only"
