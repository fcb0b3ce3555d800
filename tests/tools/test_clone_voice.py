"""`agent-tools clone-voice` as a person runs it."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from agentd_tools.verify import Verdict

from agentd import lines
from agentd.speech import provenance
from agentd.speech.library import AudioLibrary, Manifest

ROOT = Path(__file__).parents[2]
RATES = (22_050, 16_000, 8_000)


def edit(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def everything(settings):
    return {clip.key: clip.text for clip in lines.everything(settings, "julie")}


def test_every_line_is_rendered_at_every_rate(tools, hum, settings):
    result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 0
    assert "not recognised back: no Whisper model" in result.stderr
    wanted = everything(settings)
    assert len(wanted) > 60
    assert {k.partition("/")[0] for k in wanted} == {
        "objections", "rail_returns", "phrases", "scenarios",
    }  # fmt: skip
    library = AudioLibrary(settings, "julie")
    recordings = library.manifest().recordings
    assert {k: r.text for k, r in recordings.items()} == wanted
    for key, recording in recordings.items():
        for rate in RATES:
            info = soundfile.info(library.path(key, rate))
            assert (info.samplerate, info.channels, info.subtype) == (rate, 1, "PCM_16")
            assert abs(info.frames * 1000 / rate - recording.duration_ms) < 2
    assert f"julie: {len(wanted)} of {len(wanted)} lines rendered by hum" in result.stdout
    assert re.search(r"  \d+/\d+ objections/general_obj_trop_cher, 0:\d\d left\n", result.stdout)
    assert not list(library.folder.rglob("*.part"))


def test_lines_for_each_contact_are_not_rendered(tools, hum, settings):
    tools("clone-voice", "julie", "--all", "--quiet")
    assert "scenarios/finance/Hello" not in everything(settings)  # it says {first_name}
    assert not any("{" in text for text in hum.said)


def test_nothing_is_rendered_twice(tools, hum):
    tools("clone-voice", "julie", "--all", "--quiet")
    hum.said.clear()
    result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 0
    assert "julie: 0 of" in result.stdout
    assert hum.said == []


def test_only_what_changed_is_rendered_again(tools, hum, project, settings):
    tools("clone-voice", "julie", "--all", "--quiet")
    library = AudioLibrary(settings, "julie")
    before = {k: library.path(k).read_bytes() for k in everything(settings)}
    hum.said.clear()
    edit(project / "scenarios/scenario_finance.json", "Puis-je faire", "Puis-je vous faire")
    edit(project / "objections/rail_returns.yaml", "Ça vous parle ?", "Cela vous parle ?")
    library.path("phrases/bye_technical", 8_000).unlink()
    result = tools("clone-voice", "julie", "--all")
    assert "julie: 3 of" in result.stdout
    assert len(hum.said) == 3
    changed = {k for k, data in before.items() if library.path(k).read_bytes() != data}
    assert changed == {"scenarios/finance/Is_Leads", "rail_returns/01"}
    assert library.path("phrases/bye_technical", 8_000).exists()


def test_another_setting_of_the_voice_renders_all_again(tools, hum, settings):
    tools("clone-voice", "julie", "--theme", "general", "--quiet")
    count = len(hum.said)
    hum.settings = "hum 2"
    tools("clone-voice", "julie", "--theme", "general", "--quiet")
    assert len(hum.said) == 2 * count


def test_a_master_that_is_not_the_one_of_the_manifest_is_made_again(tools, hum, settings):
    """As a run leaves it that was killed between an edited line's master and the manifest."""
    tools("clone-voice", "julie", "--theme", "general", "--quiet")
    library = AudioLibrary(settings, "julie")
    good = library.path("rail_returns/01").read_bytes()
    library.path("rail_returns/01").write_bytes(library.path("rail_returns/02").read_bytes())
    assert "1 of" in tools("clone-voice", "julie", "--theme", "general").stdout
    assert library.path("rail_returns/01").read_bytes() == good


def test_force_renders_all_again(tools, hum):
    tools("clone-voice", "julie", "--scenario", "finance", "--quiet")
    count = len(hum.said)
    tools("clone-voice", "julie", "--scenario", "finance", "--force", "--quiet")
    assert len(hum.said) == 2 * count


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_persons_recording_is_never_rendered_over(tools, hum, settings, force):
    tools("clone-voice", "julie", "--all", "--quiet")
    library = AudioLibrary(settings, "julie")
    key = "objections/general_obj_trop_cher"
    master = library.path("rail_returns/01").read_bytes()
    library.path(key).write_bytes(master)
    manifest = Manifest(dict(library.manifest().recordings))
    manifest.recordings[key] = msgspec.structs.replace(
        manifest.recordings[key], recorded=True, sha256="", engine="Anne, at a microphone"
    )
    (library.folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    library.path(key, 8_000).unlink()
    assert tools("clone-voice", "julie", "--all", "--quiet", *force).exit_code == 0
    assert library.path(key).read_bytes() == master
    # ... and its copies are made from it.
    copy, made_from = soundfile.info(library.path(key, 8_000)), soundfile.info(library.path(key))
    assert abs(copy.duration - made_from.duration) < 0.002
    kept = library.manifest().recordings[key]
    assert (kept.recorded, kept.engine) == (True, "Anne, at a microphone")


def test_a_failing_line_costs_no_other(tools, hum, settings):
    hum.fails_on = "convient"
    wanted = everything(settings)
    failing = {k for k, text in wanted.items() if "convient" in text}
    assert 0 < len(failing) < 10
    result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 1
    assert set(AudioLibrary(settings, "julie").manifest().recordings) == set(wanted) - failing
    for key in failing:
        assert f"agent-tools: {key}: the voice is hoarse" in result.stderr
    assert f"{len(failing)} lines could not be rendered" in result.stderr
    hum.fails_on = "\0"
    result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 0
    assert f"julie: {len(failing)} of {len(wanted)} lines" in result.stdout


def test_an_interrupted_run_goes_on_where_it_was(tools, hum, settings, monkeypatch):
    def interrupted(text, render=hum.render):
        if len(hum.said) == 30:
            raise KeyboardInterrupt
        return render(text)

    monkeypatch.setattr(hum, "render", interrupted)
    assert tools("clone-voice", "julie", "--all", "--quiet").exit_code == 1
    kept = len(AudioLibrary(settings, "julie").manifest().recordings)
    assert kept >= 20
    monkeypatch.undo()
    monkeypatch.setattr("agentd_tools.clone_voice.open_voice", lambda *_: hum)
    total = len(everything(settings))
    monkeypatch.chdir(settings.path("audio").parent)
    result = tools("clone-voice", "julie", "--all", "--quiet")
    assert f"julie: {total - kept} of {total}" in result.stdout


def test_what_a_killed_run_had_not_finished_is_swept_and_calls_keep_theirs(tools, hum, settings):
    folder = settings.path("audio", "julie")
    left = [folder / "22050/objections/tmpx.part", folder / "manifest.json.part"]
    theirs = folder / "cache/8000/tmpy.part"
    for file in (*left, theirs):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
    assert tools("clone-voice", "julie", "--theme", "general", "--no-check").exit_code == 0
    assert [file.exists() for file in left] == [False, False]
    assert theirs.exists()


def test_what_no_line_uses_is_said_then_removed(tools, hum, project, settings):
    tools("clone-voice", "julie", "--all", "--quiet")
    library = AudioLibrary(settings, "julie")
    file = project / "scenarios/scenario_finance.json"
    edit(file, '      "reprompt": "Vous préférez plutôt le matin ou l\'après-midi ?"\n', "")
    edit(file, '"Quel moment vous convient le mieux ?",', '"Quel moment vous convient le mieux ?"')
    gone = "scenarios/finance/Confirm_Time.reprompt"
    library.path("phrases/of_old", 8_000).write_bytes(b"RIFF")  # in no manifest
    (library.folder / "8000/tmpabc.part").write_bytes(b"RI")  # of a run that was killed
    result = tools("clone-voice", "julie", "--all", "--quiet")
    assert result.exit_code == 0
    assert f"2 recordings are used by no line: phrases/of_old, {gone}; --prune" in result.stdout
    assert library.path(gone).exists()
    assert "2 recordings removed" in tools("clone-voice", "julie", "--all", "--prune").stdout
    for rate in RATES:
        assert not library.path(gone, rate).exists()
    assert not library.path("phrases/of_old", 8_000).exists()
    assert not list(library.folder.rglob("*.part"))
    assert set(library.manifest().recordings) == set(everything(settings))


def test_a_persons_recording_is_never_removed(tools, hum, settings):
    tools("clone-voice", "julie", "--all", "--quiet")
    library = AudioLibrary(settings, "julie")
    manifest = Manifest(dict(library.manifest().recordings))
    one = manifest.recordings["rail_returns/01"]
    manifest.recordings["phrases/own"] = msgspec.structs.replace(one, recorded=True)
    (library.folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    library.path("phrases/own").write_bytes(library.path("rail_returns/01").read_bytes())
    assert "0 recordings removed" in tools("clone-voice", "julie", "--all", "--prune").stdout
    assert library.path("phrases/own").exists()
    assert "phrases/own" in library.manifest().recordings


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"null", b'{"recordings": {"a": 3}}'])
def test_a_corrupt_manifest_is_told_and_left_alone(tools, hum, settings, content):
    file = AudioLibrary(settings, "julie").folder / "manifest.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 2
    assert f"{file} cannot be read" in result.stderr
    assert "agent-tools clone-voice julie --all" in result.stderr
    assert "Traceback" not in result.output
    assert file.read_bytes() == content
    assert hum.said == []


def test_two_runs_do_not_write_one_voice(tools, hum, settings):
    folder = AudioLibrary(settings, "julie").folder
    folder.mkdir(parents=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 2
    assert "another run is writing" in result.stderr
    assert tools("clone-voice", "julie", "--all", "--quiet").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["julie"], "give --scenario, --theme or --all"),
        (["julie", "--theme", "general", "--prune"], "give --all with it"),
        (["julie", "--theme", "sushi"], "unknown theme 'sushi'"),
        (["julie", "--scenario", "nope"], "no scenario 'nope'"),
        (["../julie", "--all"], "cannot be the name of a voice"),
    ],
)
def test_bad_input(tools, hum, arguments, said):
    result = tools("clone-voice", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_an_unknown_voice_lists_those_there_are(tools):
    result = tools("clone-voice", "anne", "--all")
    assert result.exit_code == 2
    assert "no voice 'anne'" in result.stderr
    assert "use one of: julie" in result.stderr


def test_a_full_disk_is_told(tools, hum, settings, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    result = tools("clone-voice", "julie", "--theme", "general", "--quiet")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.output
    assert not AudioLibrary(settings, "julie").manifest().recordings


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng here")
def test_warnings_are_not_among_what_was_done(tools):
    result = tools("clone-voice", "julie", "--scenario", "nope")  # without Pico, espeak-ng speaks
    assert "espeak-ng speaks instead" in result.stderr
    assert result.stdout == ""


@pytest.mark.speech
def test_the_command_itself_with_the_embedded_voice(project, settings, speech_models):
    """A process of its own, as it is installed: real threads, real Pico."""
    (project / "models").symlink_to(speech_models)
    command = [
        *(sys.executable, "-c", "from agentd_tools.cli import main; main()"),
        *("--config", str(project / "agentd.toml"), "clone-voice", "julie"),
        *("--theme", "general", "--quiet"),
    ]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tools'}"}
    outputs = [
        subprocess.run(
            command, cwd="/", env=environ, capture_output=True, text=True, timeout=100, check=False
        )
        for _ in range(2)
    ]
    assert [(o.returncode, o.stderr) for o in outputs] == [(0, ""), (0, "")]
    count = len(lines.chosen(settings, (), ("general",)))
    assert f"{count} of {count} lines rendered by SVOX Pico fr-FR\n" in outputs[0].stdout
    assert f"{count} recordings recognised back, word error 0." in outputs[0].stdout
    assert outputs[1].stdout.startswith("julie: 0 of")
    master = project / "audio/julie/22050/objections/general_obj_trop_cher.wav"
    assert 3 < soundfile.info(master).duration < 15


def heard_as(monkeypatch, judge):
    """Recordings are judged by judge(text, samples) -> Verdict instead of by a recogniser."""
    monkeypatch.setattr(
        "agentd_tools.clone_voice._check", lambda *_: lambda text, samples, rate: judge(text)
    )


def test_a_bad_recording_is_rendered_again_and_the_best_kept(tools, hum, settings, monkeypatch):
    errors = {}

    def judge(text):
        bad = "convient" in text
        errors[text] = errors.get(text, 1.2) - 0.2
        return Verdict(errors[text] if bad else 0.1, "", "word error" if bad else "")

    heard_as(monkeypatch, judge)
    monkeypatch.setattr(hum, "another", lambda attempt: hum if attempt <= 2 else None)
    result = tools("clone-voice", "julie", "--all")
    assert result.exit_code == 0
    recordings = AudioLibrary(settings, "julie").manifest().recordings
    tries = {key: r.attempt for key, r in recordings.items() if "convient" in r.text}
    assert tries
    assert set(tries.values()) == {2}  # the third was heard best
    assert {r.attempt for k, r in recordings.items() if k not in tries} == {0}
    assert all(f"listen to {key}: word error" in result.stdout for key in tries)
    assert "recordings recognised back, word error 0.1" in result.stdout
    hum.said.clear()
    assert "julie: 0 of" in tools("clone-voice", "julie", "--all").stdout  # not tried for ever
    assert hum.said == []


def test_what_was_rendered_unchecked_is_checked_by_the_next_run(tools, hum, settings, monkeypatch):
    tools("clone-voice", "julie", "--all", "--no-check", "--quiet")
    hum.said.clear()
    heard_as(monkeypatch, lambda text: Verdict(0.05))
    assert "word error 0.05" in tools("clone-voice", "julie", "--all").stdout
    assert hum.said == []
    recordings = AudioLibrary(settings, "julie").manifest().recordings
    assert {r.word_error for r in recordings.values()} == {0.05}


def record(project, key, text=None, seconds=2.0):
    """A person's recording of a line, 48 kHz stereo with silence around it."""
    t = np.arange(int(48_000 * seconds)) / 48_000
    spoken = np.concatenate([np.zeros(24_000), 0.3 * np.sin(2 * np.pi * 330 * t), np.zeros(9_000)])
    file = project / "voices/julie/recorded" / f"{key}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, np.stack([spoken, spoken], 1), 48_000)
    if text is not None:
        file.with_suffix(".txt").write_text(text, encoding="utf-8")
    return file


def test_a_persons_recording_always_wins(tools, hum, project, settings):
    tools("clone-voice", "julie", "--all", "--quiet")
    key = "objections/general_obj_trop_cher"
    file = record(project, key)
    before = file.read_bytes()
    hum.said.clear()
    result = tools("clone-voice", "julie", "--all")
    assert "julie: 1 of" in result.stdout
    assert hum.said == []
    library = AudioLibrary(settings, "julie")
    kept = library.manifest().recordings[key]
    assert (kept.recorded, kept.engine) == (True, "a person")
    made = provenance.read(library.path(key, 8_000))
    assert (made.kind, made.synthetic) == ("human recording", False)
    assert abs(kept.level_db + 20) < 0.3
    assert abs(soundfile.info(library.path(key)).duration - 2.06) < 0.05
    assert "julie: 0 of" in tools("clone-voice", "julie", "--all", "--quiet").stdout
    assert tools("clone-voice", "julie", "--all", "--force", "--quiet").exit_code == 0
    assert library.manifest().recordings[key].recorded
    record(project, key, seconds=3.0)  # recorded again
    assert "julie: 1 of" in tools("clone-voice", "julie", "--all").stdout
    assert library.manifest().recordings[key].duration_ms > 3_000
    assert file.read_bytes() != before  # ours never wrote it


def test_a_persons_recording_of_another_text_is_kept_and_not_used(tools, hum, project, settings):
    key = "scenarios/finance/Is_Leads"
    file = record(project, key)
    before = file.read_bytes()
    tools("clone-voice", "julie", "--all", "--quiet")
    edit(project / "scenarios/scenario_finance.json", "Puis-je faire", "Puis-je vous faire")
    result = tools("clone-voice", "julie", "--all")
    assert f"listen to {key}: was recorded with another text" in result.stdout
    library = AudioLibrary(settings, "julie")
    assert not library.manifest().recordings[key].recorded
    assert file.read_bytes() == before
    assert "julie: 0 of" in tools("clone-voice", "julie", "--all").stdout
    new = "Puis-je vous faire établir une simulation personnalisée ?"
    file.with_suffix(".txt").write_text(new, encoding="utf-8")  # it does say that, says the person
    tools("clone-voice", "julie", "--all")
    assert library.manifest().recordings[key].recorded


def test_a_recording_marked_by_hand_outlives_a_changed_text(tools, hum, project, settings):
    tools("clone-voice", "julie", "--all", "--quiet")
    library = AudioLibrary(settings, "julie")
    key = "scenarios/finance/Is_Leads"
    mine = library.path("rail_returns/01").read_bytes()
    library.path(key).write_bytes(mine)
    manifest = Manifest(dict(library.manifest().recordings))
    manifest.recordings[key] = msgspec.structs.replace(manifest.recordings[key], recorded=True)
    (library.folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    edit(project / "scenarios/scenario_finance.json", "Puis-je faire", "Puis-je vous faire")
    assert tools("clone-voice", "julie", "--all", "--quiet").exit_code == 0
    assert (library.folder / "originals" / f"{key}.wav").read_bytes() == mine


def test_every_file_says_where_it_comes_from(tools, hum, settings):
    tools("clone-voice", "julie", "--scenario", "finance", "--quiet")
    library = AudioLibrary(settings, "julie")
    for key, recording in library.manifest().recordings.items():
        for rate in RATES:
            made = provenance.read(library.path(key, rate))
            assert made == recording.provenance
            assert (made.kind, made.engine, made.consent) == ("synthetic voice", "hum", "")
            assert made.text_sha256 == provenance.of_text(recording.text)


# -- a person's voice ---------------------------------------------------------------------------


@pytest.fixture
def anne(project):
    """A voice with a person's sample, and no consent yet."""
    folder = project / "voices/anne"
    folder.mkdir()
    (folder / "voice.yaml").write_text("engine: pico\n")
    soundfile.write(folder / "anne-01.wav", np.zeros(22_050), 22_050)
    return folder


def agree(folder, **changes):
    proof = folder / "consent.pdf"
    proof.write_bytes(b"signed")
    data = {
        "speaker": "Anne Exemple", "date": "2026-01-02", "scope": ["telephone"],
        "expiry": "2099-01-01", "proof": proof.name,
        "sha256": hashlib.sha256(b"signed").hexdigest(),
    }  # fmt: skip
    lines = [f"{k}: {v}" for k, v in (data | changes).items()]
    (folder / "consent.yaml").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (None, "consent.yaml is missing: the voice anne is a person's"),
        ({"expiry": "2026-01-03"}, "the consent of Anne Exemple has expired on 2026-01-03"),
        ({"scope": "theme:crypto"}, "Anne Exemple did not agree to theme general"),
        ({"sha256": "f" * 64}, "is not the document it was"),
    ],
)
@pytest.mark.parametrize("engine", ["pico", "xtts"])
def test_nobody_is_imitated_without_consent(tools, hum, anne, settings, engine, changes, said):
    (anne / "voice.yaml").write_text(f"engine: {engine}\n")
    if changes is not None:
        agree(anne, **changes)
    result = tools("clone-voice", "anne", "--theme", "general")
    assert result.exit_code == 2
    assert said in result.stderr
    assert hum.said == []
    assert not settings.path("audio", "anne").exists()
    listed = tools("clone-voice").stdout
    assert "julie           pico    synthetic speaker, nobody is imitated" in listed
    assert ("NO CONSENT" in listed) == (changes is None or "scope" not in changes)


def test_samples_without_speech_are_named(tools, hum, anne):
    agree(anne)
    result = tools("clone-voice", "anne", "--theme", "general")
    assert result.exit_code == 2
    assert "anne-01.wav holds no speech (0.0 s)" in result.stderr
    assert not (anne / "clean").exists()
    assert [f for f in anne.iterdir() if f.name.startswith(".clean")] == []


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("xtts", "pip install 'agentd[voice]'"),
        ("piper\nmodel: piper/none.onnx", "agentd models fetch piper-fr"),
        ("piper", "model is missing; piper needs a voice"),
    ],
)
def test_an_engine_that_is_missing_names_what_to_install(tools, anne, engine, said, monkeypatch):
    monkeypatch.setattr("agentd.speech.xtts.find_spec", lambda name: None)
    monkeypatch.setattr("agentd_tools.clone_voice.clean", lambda *_, **__: [])
    (anne / "voice.yaml").write_text(f"engine: {engine}\n")
    agree(anne)
    result = tools("clone-voice", "anne", "--theme", "general")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_dry_run_renders_nothing(tools, hum, settings):
    result = tools("clone-voice", "julie", "--theme", "general", "--dry-run")
    count = len(lines.chosen(settings, (), ("general",)))
    assert f"julie: {count} of {count} lines have no recording of their text" in result.stdout
    assert hum.said == []
    assert not settings.path("audio", "julie").exists()


def test_a_disk_that_fills_at_the_80th_of_them(tools, hum, settings, monkeypatch):
    """ENOSPC from there on: what is there is whole, what is not is named, the next run goes on."""
    wrote = []

    def write(self, samples, real=soundfile.SoundFile.write):
        wrote.append(self)
        if len(wrote) > 3 * 60 + 1:
            raise OSError(28, "No space left on device")
        real(self, samples)

    monkeypatch.setattr(soundfile.SoundFile, "write", write)
    result = tools("clone-voice", "julie", "--all", "--no-check", "--quiet")
    total = len(everything(settings))
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    library = AudioLibrary(settings, "julie")
    kept = library.manifest().recordings
    assert 50 <= len(kept) <= 61 < total
    for key, recording in kept.items():
        assert hashlib.sha256(library.path(key).read_bytes()).hexdigest() == recording.sha256
        assert all(soundfile.info(library.path(key, rate)).frames for rate in RATES)
    assert not list(library.folder.rglob("*.part"))
    monkeypatch.undo()
    monkeypatch.setattr("agentd_tools.clone_voice.open_voice", lambda *_: hum)
    monkeypatch.chdir(settings.path("audio").parent)
    result = tools("clone-voice", "julie", "--all", "--no-check", "--quiet")
    assert f"julie: {total - len(kept)} of {total}" in result.stdout
