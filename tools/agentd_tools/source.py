"""A recording to take a voice from: a URL through yt-dlp, or any sound or video file."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soundfile

from agentd.errors import AgentdError, BadInput, MissingResource
from agentd_tools.masters import resample_wide
from agentd_tools.quality import Floats

SHORTEST_S, LONGEST_S = 8.0, 4 * 3600.0
TIMEOUT_S = 30
TOP_HZ = 48_000  # nothing of a voice is above half of it


@dataclass(frozen=True)
class Source:
    """sound: mono, -1 to 1. What it was: for the report."""

    name: str
    sound: Floats
    rate_hz: int
    described: str
    sha256: str

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.sound.size / self.rate_hz


def is_url(given: str) -> bool:
    """A URL, rather than a file?"""
    return re.match(r"https?://", given) is not None


@contextmanager
def fetched(given: str) -> Iterator[Path]:
    """The file itself, or what yt-dlp makes of the URL, for as long as it is needed.

    Raises MissingResource (no yt-dlp), AgentdError (the site says no, no network).
    """
    if not is_url(given):
        yield Path(given)
        return
    if find_spec("yt_dlp") is None:
        raise MissingResource(
            "yt-dlp is not installed: URLs cannot be fetched",
            mend="pip install 'agentd[prepare]', or give a file",
        )
    import yt_dlp

    with tempfile.TemporaryDirectory(prefix="agentd-extract-") as folder:
        options = {
            "format": "bestaudio/best",
            "outtmpl": f"{folder}/source.%(ext)s",
            "noplaylist": True,
            "quiet": True,
            "no_warnings": True,
            "noprogress": True,
            "socket_timeout": TIMEOUT_S,
            "retries": 3,
            "logger": _Silent(),
        }
        try:
            with yt_dlp.YoutubeDL(options) as downloader:
                downloader.extract_info(given, download=True)
        except yt_dlp.utils.DownloadError as error:
            said = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).removeprefix("ERROR: ")
            raise AgentdError(
                f"{given} cannot be fetched: {said.splitlines()[0]}",
                mend="look at the address and the network; or fetch it by hand and give the file",
            ) from None
        files = sorted(Path(folder).glob("source.*"))
        if not files:
            raise AgentdError(f"{given} gave no sound")
        yield files[0]


class _Silent:
    """yt-dlp prints errors by itself; ours are told once."""

    def debug(self, _: str) -> None:
        """Nothing."""

    info = warning = error = debug


def read(file: Path) -> Source:
    """A sound or video file, mono. Raises BadInput when it cannot be used."""
    from agentd_tools.masters import sha256

    if not file.is_file():
        raise BadInput(f"{file}: no such file", mend="give a sound or video file, or a URL")
    try:
        sound, rate, described = _by_soundfile(file)
    except soundfile.SoundFileError:
        sound, rate, described = _by_av(file)
    if not np.isfinite(sound).all():
        raise BadInput(f"{file} holds samples that are no numbers", mend="export it again")
    if rate < 8_000:
        raise BadInput(f"{file}: {rate} samples a second are too few for a voice")
    if rate > TOP_HZ:
        sound, rate = resample_wide(sound, rate, TOP_HZ), TOP_HZ
    seconds = sound.size / rate
    if seconds < SHORTEST_S:
        raise BadInput(
            f"{file}: {seconds:.1f} s are too short for a voice",
            mend=f"{SHORTEST_S:g} s are the least, 30 s to 10 minutes are good",
        )
    if seconds > LONGEST_S:
        raise BadInput(f"{file}: {seconds / 3600:.1f} hours", mend="cut it to under four")
    if float(np.abs(sound).max()) < 0.002:
        raise BadInput(f"{file} holds only silence")
    return Source(file.name, sound, rate, described, sha256(file))


def _by_soundfile(file: Path) -> tuple[Floats, int, str]:
    info = soundfile.info(file)
    if info.duration > LONGEST_S:
        raise BadInput(f"{file}: {info.duration / 3600:.1f} hours", mend="cut it to under four")
    samples, rate = soundfile.read(file, dtype="float64", always_2d=True)
    described = f"{info.format} {info.subtype}, {rate} Hz, {info.channels} channels"
    return _one_channel(samples), int(rate), described


def _one_channel(samples: Floats) -> Floats:
    """The mean; the loudest channel where they take each other out (one of two wires crossed)."""
    mean: Floats = samples.mean(axis=1)
    powers = (samples**2).mean(axis=0)
    loudest = int(powers.argmax())
    if float((mean**2).mean()) < 0.05 * float(powers[loudest]):
        return np.asarray(samples[:, loudest])
    return mean


def _by_av(file: Path) -> tuple[Floats, int, str]:
    """What libsndfile does not know: m4a, webm, mp4, through the FFmpeg inside PyAV."""
    import av

    parts: list[np.ndarray] = []
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise BadInput(f"{file} holds no sound", mend="give a file with an audio track")
            stream = container.streams.audio[0]
            rate = int(stream.rate or 0)
            described = f"{stream.codec_context.name}, {rate} Hz, {stream.channels} channels"
            layout = "mono" if stream.channels == 1 else "stereo"
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            for frame in container.decode(stream):
                parts += [part.to_ndarray() for part in resampler.resample(frame)]
            parts += [part.to_ndarray() for part in resampler.resample(None)]
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise BadInput(
            f"{file} is not a sound or video file that can be read: {error}",
            mend="give a WAV, FLAC, OGG, MP3, M4A, WebM or MP4 file",
        ) from None
    if not parts:
        raise BadInput(f"{file} holds no sound")
    return _one_channel(np.concatenate(parts, axis=1).T.astype(np.float64)), rate, described
