"""`agent-tools setup-audio` as a person runs it; levels, rates, lengths measured on its files."""

import hashlib

import numpy as np
import pyloudnorm
import pytest
import soundfile
from agentd_tools.background import AT_LEAST_S
from agentd_tools.masters import true_peak_db

from agentd.dialogue.actions import Clip
from agentd.speech import provenance
from agentd.speech.library import AudioLibrary, write_wav

RATES = (8_000, 16_000)


def db(share):
    return 20 * np.log10(share)


def rms(sound):
    return np.sqrt(np.mean(sound**2))


def loudness(path):
    sound, rate = soundfile.read(path)
    return pyloudnorm.Meter(rate).integrated_loudness(sound)


@pytest.fixture
def rendered(tools, hum, settings):
    assert tools("clone-voice", "julie", "--theme", "general", "--quiet").exit_code == 0
    return AudioLibrary(settings, "julie")


@pytest.fixture
def street(project):
    """44.1 kHz stereo, 12 s: noise with a swell."""
    random = np.random.default_rng(5)
    sound = random.normal(0, 0.05, (44_100 * 12, 2)) * np.linspace(0.3, 1, 44_100 * 12)[:, None]
    soundfile.write(project / "ma rue (été).flac", sound, 44_100)
    return project / "ma rue (été).flac"


def backgrounds(settings, name):
    return {rate: settings.path("audio", "background", str(rate), name) for rate in RATES}


def test_a_background_is_8_db_under_speech(tools, settings, rendered, street):
    result = tools("setup-audio", "--background", street)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "background ma-rue-t.wav: -28 LUFS" in result.stdout
    speech = [rendered.path(key, 16_000) for key in rendered.manifest().recordings]
    spoken = np.median([loudness(path) for path in speech])
    for rate, path in backgrounds(settings, "ma-rue-t.wav").items():
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (rate, 1, "PCM_16")
        assert info.duration >= AT_LEAST_S
        assert abs(loudness(path) - (spoken - 8)) < 0.2


@pytest.mark.speech
def test_8_db_holds_against_the_embedded_voice_too(tools, settings, project, speech_models):
    """By loudness exactly; by plain RMS within what telephone bands and pauses explain."""
    (project / "models").symlink_to(speech_models)
    assert tools("clone-voice", "julie", "--theme", "general", "--quiet").exit_code == 0
    assert tools("setup-audio", "--make-background", "office").exit_code == 0
    library = AudioLibrary(settings, "julie")
    for rate, path in backgrounds(settings, "office.wav").items():
        sounds = [
            soundfile.read(library.path(key, rate))[0] for key in library.manifest().recordings
        ]
        spoken = db(rms(np.concatenate(sounds)))
        assert 7 <= spoken - db(rms(soundfile.read(path)[0])) <= 11
        long = [s for s in sounds if s.size > rate]
        median = np.median([pyloudnorm.Meter(rate).integrated_loudness(s) for s in long])
        assert abs(loudness(path) - (median - 8)) < 0.3
        assert max(np.abs(s).max() for s in sounds) < 0.99  # nothing clipped by resampling


def test_another_loudness_of_speech_takes_the_background_along(tools, settings, street):
    assert tools("setup-audio", "--background", street, "--lufs", "-16").exit_code == 0
    for path in backgrounds(settings, "ma-rue-t.wav").values():
        assert abs(loudness(path) + 24) < 0.2


def test_a_made_background_is_kept(tools, settings):
    assert tools("setup-audio", "--make-background", "office").exit_code == 0
    paths = backgrounds(settings, "office.wav").values()
    before = [path.stat().st_mtime_ns for path in paths]
    assert "there already" in tools("setup-audio", "--make-background", "office").stdout
    assert [path.stat().st_mtime_ns for path in paths] == before
    next(iter(paths)).unlink()
    assert tools("setup-audio", "--make-background", "office").exit_code == 0
    assert all(path.exists() for path in paths)


def test_a_voice_is_levelled_and_copied_again(tools, settings, rendered, hum):
    key = "objections/general_obj_trop_cher"
    t = np.arange(22_050 * 2) / 22_050
    quiet = np.zeros(22_050)
    spoken = 3_000 * np.sin(2 * np.pi * 440 * t)
    mine = np.concatenate([quiet, spoken, quiet]).astype(np.int16)
    write_wav(rendered.path(key), mine, 22_050)
    result = tools("setup-audio", "--voice", "julie", "--lufs", "-23")
    assert (result.exit_code, result.stderr) == (0, "")
    recordings = rendered.manifest().recordings
    assert f"julie: {len(recordings)} recordings at -23 LUFS" in result.stdout
    for rate in (22_050, *RATES):
        assert abs(loudness(rendered.path(key, rate)) + 23) < 0.2
        assert abs(soundfile.info(rendered.path(key, rate)).duration - 2.06) < 0.01  # trimmed
    assert abs(recordings[key].duration_ms - 2_060) < 10
    data = rendered.path(key).read_bytes()
    assert recordings[key].sha256 == hashlib.sha256(data).hexdigest()
    # ... and clone-voice sees nothing to do.
    assert "julie: 0 of" in tools("clone-voice", "julie", "--theme", "general").stdout
    assert rendered.find(Clip(key, recordings[key].text), 8_000) is not None


def test_the_volume_of_a_voice_is_kept(tools, settings, rendered, project):
    (project / "voices/julie/voice.yaml").write_text("volume: 50\n")
    assert "at -26.0206 LUFS" in tools("setup-audio", "--voice", "julie").stdout
    key = "objections/general_obj_trop_cher"
    assert abs(loudness(rendered.path(key, 16_000)) + 26.02) < 0.2


def test_copies_are_resampled_well(rendered, tools, settings):
    """A sweep through copies at 8 kHz: the band passes, what is above it does not fold back."""
    key = "objections/general_obj_trop_cher"

    def tone(hz):
        t = np.arange(22_050 * 2) / 22_050
        sound = (0.8 * 32767 * np.sin(2 * np.pi * hz * t)).astype(np.int16)
        write_wav(rendered.path(key), sound, 22_050)
        tools("setup-audio", "--voice", "julie", "--lufs", "-12")
        master, _ = soundfile.read(rendered.path(key))
        copies = {rate: soundfile.read(rendered.path(key, rate))[0] for rate in RATES}
        return master, copies

    for hz, rates in ((300, RATES), (3_000, RATES), (6_500, (16_000,))):
        master, copies = tone(hz)
        for rate in rates:
            assert abs(copies[rate].size / rate - master.size / 22_050) < 0.001
            assert abs(db(rms(copies[rate]) / rms(master))) < 0.1
            spectrum = np.abs(np.fft.rfft(copies[rate] * np.hanning(copies[rate].size)))
            peak = spectrum.argmax()
            assert abs(peak * rate / copies[rate].size - hz) < 2
            spectrum[max(0, peak - 20) : peak + 21] = 0
            assert db(spectrum.max() / (0.25 * copies[rate].size)) < -60
            assert np.abs(copies[rate]).max() < 1.0
    master, copies = tone(6_500)
    assert db(rms(copies[8_000][800:-800]) / rms(master)) < -60


def test_a_recording_that_is_gone_costs_no_other(tools, rendered):
    key = "objections/general_obj_trop_cher"
    rendered.path(key).unlink()
    before = rendered.path("rail_returns/01").read_bytes()
    result = tools("setup-audio", "--voice", "julie", "--lufs", "-25")
    assert result.exit_code == 1
    assert f"{key}: {rendered.path(key)} is not a sound file" in result.stderr
    assert rendered.path("rail_returns/01").read_bytes() != before
    after = hashlib.sha256(rendered.path("rail_returns/01").read_bytes()).hexdigest()
    assert rendered.manifest().recordings["rail_returns/01"].sha256 == after


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"bonjour", "is not a sound file that can be read"),
        ("cut.wav", b"RIFF\x24\0\0\0WAVEfmt ", "is not a sound file that can be read"),
        ("empty.wav", b"", "is not a sound file that can be read"),
        ("none.wav", None, "is not a sound file that can be read"),
    ],
)
def test_a_broken_file_is_named(tools, project, settings, name, content, said):
    file = project / name
    if content is not None:
        file.write_bytes(content)
    result = tools("setup-audio", "--background", file)
    assert result.exit_code == 2
    assert f"{file} {said}" in result.stderr
    assert "Traceback" not in result.output
    assert not settings.path("audio", "background").exists()


def test_sounds_of_nothing_are_refused_by_name(tools, project, settings):
    soundfile.write(project / "no.wav", np.zeros(0), 8_000)
    soundfile.write(project / "still.wav", np.zeros(80_000), 8_000)
    soundfile.write(project / "nan.wav", np.full(8_000, np.nan), 8_000, subtype="FLOAT")
    for name, said in (("no", "holds no sound"), ("still", "only silence"), ("nan", "no numbers")):
        result = tools("setup-audio", "--background", project / f"{name}.wav")
        assert result.exit_code == 2
        assert f"{name}.wav" in result.stderr
        assert said in result.stderr
    assert not list(settings.path("audio").rglob("*.wav"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to do"),
        (["--make-background", "office", "--background", "x.wav"], "give one of them"),
        (["--make-background", "sea"], "'sea' is not 'office'"),
        (["--make-background", "office", "--lufs", "-5"], "from -40 to -10"),
        (["--make-background", "office", "--lufs", "nan"], "from -40 to -10"),
        (["--voice", "julie"], "the voice julie has no recordings"),
        (["--voice", "anne"], "no voice 'anne'"),
        (["--voice", "../julie"], "cannot be the name of a voice"),
    ],
)
def test_bad_input(tools, arguments, said):
    result = tools("setup-audio", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_dry_run_changes_nothing_but_sees_bad_input(tools, settings, rendered, street, project):
    before = {f: f.stat().st_mtime_ns for f in rendered.folder.rglob("*") if f.is_file()}
    result = tools("setup-audio", "--voice", "julie", "--background", street, "--dry-run")
    assert result.exit_code == 0
    assert "recordings at -20 LUFS" in result.stdout
    assert "background ma-rue-t.wav" in result.stdout
    after = {f: f.stat().st_mtime_ns for f in rendered.folder.rglob("*") if f.is_file()}
    assert after == before
    assert not settings.path("audio", "background").exists()
    (project / "bad.wav").write_bytes(b"RIFF")
    assert tools("setup-audio", "--background", "bad.wav", "--dry-run").exit_code == 2


def test_the_plan_says_what_becomes_of_each_recording(tools, settings, rendered):
    key = "objections/general_obj_trop_cher"
    t = np.arange(22_050 * 2) / 22_050
    loud = np.concatenate([np.zeros(11_025), 6_000 * np.sin(2 * np.pi * 440 * t)]).astype(np.int16)
    write_wav(rendered.path(key), loud, 22_050)
    shown = tools("setup-audio", "--voice", "julie", "--lufs", "-23", "--dry-run").stdout
    (line,) = [line for line in shown.splitlines() if line.startswith(f"  {key}: ")]
    level = loudness(rendered.path(key))  # with its silence; the plan's is without
    now, gain = (float(line.split()[at]) for at in (1, 3))
    assert abs(now - level) < 0.5
    assert abs(now + gain + 23) < 0.11
    assert "0.47 s of silence cut" in line
    assert len([line for line in shown.splitlines() if "LUFS," in line]) >= 74


def test_peaks_between_the_samples_count(tools, settings, rendered):
    """A tone at a quarter of the rate, its peaks 45 degrees off: 3 dB over its highest sample."""
    key = "rail_returns/01"
    n = np.arange(22_050 * 2)
    shape = np.where(n % 2_205 < 60, 1.0, 0.02)  # loud peaks in a quiet sound
    tone = shape * np.sin(2 * np.pi * n / 4 + np.pi / 4)
    write_wav(rendered.path(key), (tone * 20_000).astype(np.int16), 22_050)
    tools("setup-audio", "--voice", "julie", "--lufs", "-10")
    master, _ = soundfile.read(rendered.path(key), dtype="int16")
    assert -1.2 < true_peak_db(master, 22_050) <= -0.95
    assert 20 * np.log10(np.abs(master).max() / 32768) < -2  # by samples alone it would be louder
    for rate in RATES:
        copy, _ = soundfile.read(rendered.path(key, rate))
        assert np.abs(copy).max() < 1.0


def test_originals_are_kept_once(tools, settings, rendered):
    key = "objections/general_obj_trop_cher"
    first = rendered.path(key).read_bytes()
    tools("setup-audio", "--voice", "julie", "--lufs", "-25")
    tools("setup-audio", "--voice", "julie", "--lufs", "-18")
    assert (rendered.folder / "originals" / f"{key}.wav").read_bytes() == first
    assert rendered.path(key).read_bytes() != first
    assert provenance.read(rendered.path(key)).engine == "hum"  # still said in the file


def test_a_background_that_is_replaced_is_kept(tools, settings, street, project):
    tools("setup-audio", "--background", street)
    path = backgrounds(settings, "ma-rue-t.wav")[8_000]
    before = path.read_bytes()
    assert provenance.read(path).kind == "ambience"
    assert "replaces" in tools("setup-audio", "--background", street, "--dry-run").stdout
    tools("setup-audio", "--background", street, "--lufs", "-16")
    assert path.read_bytes() != before
    kept = settings.path("audio", "background", "originals", "8000", "ma-rue-t.wav")
    assert kept.read_bytes() == before
