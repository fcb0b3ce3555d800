"""`agent-tools youtube-extract` on recordings whose speakers are known."""

import functools
import http.server
import json
import os
import sys
import threading
import types
import wave

import numpy as np
import pytest
import soundfile
from agentd_tools import youtube_extract as command
from agentd_tools.diarize import BasicDiarizer, PyannoteDiarizer, Turn, error_rate
from agentd_tools.quality import voiced
from scripted_talk import RATE, agree, speak, talk

from agentd.errors import MissingResource
from agentd.speech import consent, provenance

METRICS = "PYANNOTE_METRICS_ENABLED"

pytestmark = pytest.mark.speech


@pytest.fixture(scope="session")
def dialogue(speech_models):
    return talk(speech_models)


@pytest.fixture
def interview(project, dialogue):
    soundfile.write(project / "interview.flac", dialogue[0], RATE)
    return project / "interview.flac"


@pytest.fixture
def signed(project):
    return agree(project / "papers")


def extract(tools, file, *more, name="anne"):
    return tools("youtube-extract", file, "--name", name, *more)


def samples(project, name="anne"):
    return sorted((project / "voices" / name).glob("*.wav"))


def test_samples_of_one_speaker_cut_where_nobody_speaks(
    tools, project, interview, signed, dialogue
):
    result = extract(tools, interview, "--speakers", 2, "--speaker", 1, "--consent", signed)
    assert (result.exit_code, result.stderr) == (0, "")
    _, turns = dialogue
    report = json.loads((project / "voices/anne/extract.json").read_text())
    whose = max((0, 1), key=lambda s: sum(
        max(0.0, min(t.end, c["end_s"]) - max(t.start, c["start_s"]))
        for t in turns if t.speaker == s for c in report["samples"]
    ))  # fmt: skip
    files = samples(project)
    assert [f.name for f in files] == [c["name"] for c in report["samples"]]
    assert len(files) >= 3
    for file, chunk in zip(files, report["samples"], strict=True):
        info = soundfile.info(file)
        assert (info.samplerate, info.channels, info.subtype) == (22_050, 1, "PCM_16")
        assert 4.0 <= info.duration <= 10.0
        for turn in turns:  # a sentence is in it whole or not at all, and never another's
            inside = min(turn.end, chunk["end_s"]) - max(turn.start, chunk["start_s"])
            if inside > 0.05:
                assert turn.speaker == whose
                assert inside > turn.end - turn.start - 0.1
        made = provenance.read(file)
        assert made.kind == "human recording"
        assert made.consent == consent.read(signed).id
    assert "speakers, told apart by basic (pitch and cepstrum):" in result.stdout
    assert "quality: " in result.stdout
    assert report["quality"]["snr_db"] > 30
    assert 7_000 <= report["quality"]["bandwidth_hz"] <= 8_000
    assert "next: agent-tools clone-voice anne --all" in result.stdout
    assert (project / "voices/anne/signed.pdf").read_bytes() == b"signed by Anne"


def test_each_speaker_can_be_listened_to_before(tools, project, interview):
    result = extract(tools, interview, "--speakers", 2, "--list")
    assert result.exit_code == 0
    for number in (0, 1):
        file = project / f"out/extract/anne/speaker-{number}.wav"
        assert f"listen to {file}" in result.stdout
        assert 4 < soundfile.info(file).duration <= 6.1
    assert not (project / "voices/anne").exists()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda p: [], "no consent: "),
        (lambda p: ["--consent", agree(p / "x", expiry="2026-02-01")], "expired on 2026-02-01"),
        (lambda p: ["--consent", agree(p / "x", sha256="f" * 64)], "is not the document it was"),
        (lambda p: ["--consent", p / "none.yaml"], "none.yaml: cannot be read"),
    ],
)
def test_no_voice_is_taken_without_consent(tools, project, interview, monkeypatch, prepare, said):
    monkeypatch.setattr(command, "fetched", lambda _: pytest.fail("asked only after the work"))
    result = extract(tools, interview, "--single-speaker", *prepare(project))
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (project / "voices/anne").exists()


def test_several_speakers_want_a_choice(tools, project, interview, signed):
    result = extract(tools, interview, "--speakers", 2, "--consent", signed)
    assert result.exit_code == 2
    assert "give --speaker 0 to 1" in result.stderr
    result = extract(tools, interview, "--speakers", 2, "--speaker", 7, "--consent", signed)
    assert "--speaker 7: there is no such speaker" in result.stderr
    assert not (project / "voices/anne").exists()


def tone(seconds, rate=16_000):
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.mp3", b"bonjour " * 500, "is not a sound or video file that can be read"),
        ("empty.wav", b"", "is not a sound or video file that can be read"),
        ("cut.wav", b"RIFF\x24\0\0\0WAVEfmt ", "is not a sound or video file"),
        ("none.wav", None, "no such file"),
        ("short.wav", tone(3), "3.0 s are too short for a voice"),
        ("silence.wav", np.zeros(16_000 * 20), "holds only silence"),
        ("tone.wav", tone(20), "nobody speaks in it"),
        ("nan.wav", np.full(16_000 * 20, np.nan), "no numbers"),
    ],
)
def test_what_is_no_voice_is_named(tools, project, signed, name, content, said):
    file = project / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        soundfile.write(file, content, 16_000, subtype="FLOAT")
    result = extract(tools, file, "--single-speaker", "--consent", signed)
    assert result.exit_code == 2
    assert said in result.stderr
    assert name in result.stderr
    assert "Traceback" not in result.output
    assert [f.name for f in (project / "voices").iterdir()] == ["julie"]


@pytest.fixture(scope="session")
def alone(speech_models):
    """One person, 48 s."""
    from scripted_talk import GUEST, HOST

    parts = []
    for text in HOST + GUEST:
        parts += [speak(speech_models, text, 110), np.zeros(int(0.7 * RATE), np.int16)]
    return np.concatenate(parts) / 32768


@pytest.mark.parametrize("kind", ["stereo", "crossed", "8-bit", "192 kHz", "clipped"])
def test_formats_people_have(tools, project, signed, alone, kind):
    file = project / "own.wav"
    if kind == "stereo":
        soundfile.write(file, np.stack([alone, 0.5 * alone], 1), RATE)
    elif kind == "crossed":  # a mean of the two would be silence
        soundfile.write(file, np.stack([alone, -alone], 1), RATE)
    elif kind == "8-bit":
        soundfile.write(file, alone, RATE, subtype="PCM_U8")
    elif kind == "192 kHz":
        soundfile.write(file, np.repeat(alone, 12), 192_000)
    else:
        soundfile.write(file, np.clip(alone * 8, -1, 1), RATE)
    result = extract(tools, file, "--single-speaker", "--consent", signed)
    assert result.exit_code == 0, result.output
    assert samples(project)
    assert ("clipped: " in result.stdout) == (kind == "clipped")
    assert {soundfile.info(f).samplerate for f in samples(project)} == {22_050}


def test_two_at_once_are_left_out(tools, project, signed, alone, monkeypatch):
    file = project / "both.wav"
    soundfile.write(file, alone, RATE)
    end = alone.size / RATE

    class Both:
        name = "both"

        def turns(self, sound, voiced, speakers):
            return [Turn(0, end, 0), Turn(self.begins, end, 1)]

    both = Both()
    monkeypatch.setattr(command, "open_diarizer", lambda *_: both)
    both.begins = 0.0
    result = extract(tools, file, "--speaker", 0, "--consent", signed)
    assert result.exit_code == 2
    assert "s under another voice" in result.stderr
    assert "the speaker talks alone" in result.stderr
    assert not (project / "voices/anne").exists()
    both.begins = end / 2
    result = extract(tools, file, "--speaker", 0, "--consent", signed)
    assert result.exit_code == 0
    assert "s under another voice" in result.stdout
    report = json.loads((project / "voices/anne/extract.json").read_text())
    assert max(c["end_s"] for c in report["samples"]) <= end / 2 + 0.2


def test_music_is_left_out(tools, project, signed, alone):
    t = np.arange(RATE * 15) / RATE
    chords = sum(0.04 * np.sin(2 * np.pi * f * t) for f in (220, 277, 330, 440))
    chords[: RATE // 2] *= np.linspace(0, 1, RATE // 2)
    sound = np.concatenate([alone, chords, alone[: RATE * 20]])
    sound[-RATE * 18 : -RATE * 8] += chords[: RATE * 10]  # and under somebody who speaks
    soundfile.write(project / "show.wav", sound, RATE)
    result = extract(tools, project / "show.wav", "--single-speaker", "--consent", signed)
    assert result.exit_code == 0
    assert "s with music" in result.stdout
    report = json.loads((project / "voices/anne/extract.json").read_text())
    quiet_again = sound.size / RATE - 8
    first = alone.size / RATE
    for chunk in report["samples"]:
        assert chunk["end_s"] <= first + 0.3 or chunk["start_s"] >= quiet_again - 1


def test_speech_without_a_pause_is_not_cut_inside_a_word(tools, project, signed, alone):
    dense = alone[np.abs(alone) > 0]  # every pause taken out
    soundfile.write(project / "dense.wav", dense, RATE)
    result = extract(tools, project / "dense.wav", "--single-speaker", "--consent", signed)
    assert result.exit_code == 2
    assert "longer than 10 s without a pause of 500 ms" in result.stderr
    assert "smaller --pause-ms" in result.stderr


def test_a_voice_that_is_there_is_not_touched(tools, project, interview, signed):
    assert (
        extract(tools, interview, "--speakers", 2, "--speaker", 0, "--consent", signed).exit_code
        == 0
    )
    before = {f: f.read_bytes() for f in (project / "voices/anne").iterdir()}
    result = extract(tools, interview, "--speakers", 2, "--speaker", 1, "--consent", signed)
    assert "has samples already" in result.stderr
    assert "is a voice of its own" in extract(tools, interview, name="julie").stderr
    assert "cannot be the name" in extract(tools, interview, name="../x").stderr
    assert {f: f.read_bytes() for f in (project / "voices/anne").iterdir()} == before
    assert extract(tools, interview, "--speakers", 2, "--speaker", 1, "--replace").exit_code == 0
    assert samples(project)[0].read_bytes() != before[samples(project)[0]]


def test_a_full_disk_leaves_nothing(tools, project, interview, signed, monkeypatch):
    wrote = []

    def full(self, data, real=soundfile.SoundFile.write):
        wrote.append(self)
        if len(wrote) > 4:
            raise OSError(28, "No space left on device")
        real(self, data)

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    result = extract(tools, interview, "--speakers", 2, "--speaker", 0, "--consent", signed)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert [f.name for f in (project / "voices").iterdir()] == ["julie"]


def encoded(file, sound):
    """AAC in an m4a, as telephones record."""
    import av

    with av.open(str(file), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        pcm = (sound * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def test_an_m4a_is_read_without_ffmpeg(tools, project, signed, alone):
    encoded(project / "own.m4a", alone)
    result = extract(tools, project / "own.m4a", "--single-speaker", "--consent", signed)
    assert result.exit_code == 0, result.output
    assert "own.m4a: 2" in result.stdout
    assert "aac, 16000 Hz" in result.stdout


@pytest.fixture
def site(project):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(project))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_through_yt_dlp(tools, project, signed, alone, site):
    pytest.importorskip("yt_dlp")
    with wave.open(str(project / "own.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((alone * 32767).astype(np.int16).tobytes())
    result = extract(tools, f"{site}/own.wav", "--single-speaker", "--consent", signed)
    assert result.exit_code == 0, result.output
    report = json.loads((project / "voices/anne/extract.json").read_text())
    assert report["source"] == f"{site}/own.wav"
    gone = extract(tools, f"{site}/none.wav", "--single-speaker", "--consent", signed, name="b")
    assert gone.exit_code == 2
    assert "none.wav cannot be fetched" in gone.stderr
    assert "404" in gone.stderr
    assert "Traceback" not in gone.output


# -- who speaks when ------------------------------------------------------------------------------


@pytest.mark.parametrize("pitches", [(80, 120), (90, 110), (100, 140)])
def test_the_basic_diarizer_on_scripted_talks(speech_models, pitches):
    sound, turns = talk(speech_models, pitches, seed=2)
    mask = voiced((sound * 32767).astype(np.int16), RATE)
    for told in (2, None):
        found = BasicDiarizer().turns(sound, mask, told)
        assert error_rate(turns, found, sound.size / RATE) < 0.05


def test_one_person_is_not_taken_for_two(speech_models, alone):
    mask = voiced((alone * 32767).astype(np.int16), RATE)
    assert {turn.speaker for turn in BasicDiarizer().turns(alone, mask, None)} == {0}


def test_the_error_rate_itself():
    truth = [Turn(0, 10, 0), Turn(10, 20, 1)]
    assert error_rate(truth, [Turn(0, 10, 1), Turn(10, 20, 0)], 20) == 0  # names do not matter
    assert error_rate(truth, [Turn(0, 20, 0)], 20) == pytest.approx(0.5)
    assert error_rate(truth, [Turn(0, 10, 0)], 20) == pytest.approx(0.5)
    assert error_rate(truth, [*truth, Turn(20, 25, 2)], 30) == pytest.approx(0.25)


def test_pyannote_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr("agentd_tools.diarize.find_spec", lambda name: None)
    with pytest.raises(MissingResource, match="is not installed") as caught:
        PyannoteDiarizer(tmp_path / "pyannote", {})
    assert "agentd[voice]" in str(caught.value)
    monkeypatch.setattr("agentd_tools.diarize.find_spec", lambda name: object())
    with pytest.raises(MissingResource, match="no token to ask the hub with") as caught:
        PyannoteDiarizer(tmp_path / "pyannote", {})
    assert "HF_TOKEN" in str(caught.value)
    assert "pyannote" in PyannoteDiarizer(tmp_path / "pyannote", {"HF_TOKEN": "x"}).name


class FakeAnnotation:
    """pyannote.core's, as far as it is used."""

    def __init__(self, *turns):
        self._turns = turns

    def itertracks(self, yield_label=False):
        assert yield_label
        for start, end, label in self._turns:
            yield types.SimpleNamespace(start=start, end=end), "A", label


@pytest.mark.parametrize("version", [3, 4])
def test_pyannote_is_asked_as_its_versions_want_and_tells_its_makers_nothing(
    tmp_path, monkeypatch, version
):
    """4.x (community-1) answers an object with the overlapping turns in speaker_diarization."""
    asked = {}
    annotation = FakeAnnotation((0.0, 2.0, "S1"), (1.5, 9.0, "S0"), (9.5, 11.0, "S1"))

    class Pipeline:
        @classmethod
        def from_pretrained(cls, checkpoint, token=None):
            asked.update(name=checkpoint, token=token, metrics=os.environ.get(METRICS))
            return cls() if "community" in checkpoint else None

        def __call__(self, file, **options):
            asked.update(options, rate=file["sample_rate"], shape=tuple(file["waveform"].shape))
            exclusive = FakeAnnotation()
            return (
                annotation
                if version == 3
                else types.SimpleNamespace(
                    speaker_diarization=annotation, exclusive_speaker_diarization=exclusive
                )
            )

    audio = types.ModuleType("pyannote.audio")
    audio.Pipeline = Pipeline
    torch = types.ModuleType("torch")
    torch.from_numpy = lambda array: array
    for name, module in (
        ("pyannote", types.ModuleType("pyannote")), ("pyannote.audio", audio), ("torch", torch),
    ):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv(METRICS, raising=False)
    monkeypatch.setattr("agentd_tools.diarize.find_spec", lambda name: object())
    diarizer = PyannoteDiarizer(tmp_path / "none", {"HF_TOKEN": "secret"})
    turns = diarizer.turns(np.zeros(RATE * 12), np.zeros(600, bool), 2)
    assert [(t.start, t.end, t.speaker) for t in turns] == [(0, 2, 1), (1.5, 9, 0), (9.5, 11, 1)]
    assert asked == {
        "name": "pyannote/speaker-diarization-community-1", "token": "secret", "metrics": "false",
        "num_speakers": 2, "rate": RATE, "shape": (1, RATE * 12),
    }  # fmt: skip
    monkeypatch.delenv(METRICS, raising=False)
