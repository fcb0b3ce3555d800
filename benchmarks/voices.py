"""How long the recordings of a voice take with the default engine, and whether they are understood.

150 lines of the shipped objections and scenario, into a folder of its own: rendered, rendered
again with nothing changed, then each recognised back by the recogniser of calls.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agentd_tools.masters import Done
from agentd_tools.render import Bench, render
from agentd_tools.verify import HeardBack

from agentd import config, lines
from agentd.config import Settings
from agentd.dialogue.actions import Clip
from agentd.speech.library import AudioLibrary
from agentd.speech.recogniser import open_recogniser
from agentd.speech.synthesis import open_voice
from benchmarks.bar import Bar, at_least, at_most, quantile

ROOT = Path(__file__).parent.parent
FILES = 150
VOICE = "julie"


def bars(files: int = FILES) -> Iterator[Bar]:
    """Seconds of each run, and the word error of what was rendered."""
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder))
        clips = lines.everything(settings, VOICE)[:files]
        speaker = open_voice(settings, VOICE)
        library = AudioLibrary(settings, VOICE)
        recorded = settings.path("voices", VOICE, "recorded")
        note = f"{speaker.name}, masters and copies at 8 and 16 kHz, {os.cpu_count()} cores"
        bench = Bench(library, VOICE, speaker, recorded)
        took, done = _timed(bench, clips)
        yield at_least("voices_files", done.rendered, "files", len(clips), files)
        yield at_most("voices_render_s", took, "s", done.rendered, 180, note)
        took, done = _timed(bench, clips)
        again = f"{done.rendered} rendered again"
        yield at_most("voices_render_again_s", took, "s", len(clips), 5, again)
        recogniser = open_recogniser(settings)
        recogniser.warm()
        checked = Bench(library, VOICE, speaker, recorded, HeardBack(recogniser))
        took, done = _timed(checked, clips)
        heard = f"{recogniser.name}; {len(done.doubtful)} to listen to; includes re-rendering"
        yield Bar("voices_recognise_back_s", round(took, 1), "s", done.checked, note=heard)
        if done.errors:
            mean = sum(done.errors) / len(done.errors)
            yield Bar("voices_word_error_mean", round(mean, 4), "share", done.checked, note=heard)
            worst = quantile(done.errors, 0.95)
            yield Bar("voices_word_error_p95", round(worst, 4), "share", done.checked)


def _timed(bench: Bench, clips: list[Clip]) -> tuple[float, Done]:
    began = time.monotonic()
    done = render(bench, clips, told=lambda step: None)
    return time.monotonic() - began, done


def _settings(folder: Path) -> Settings:
    """The project's, with its audio elsewhere."""
    named = {"root": ROOT, "audio": folder / "audio"}
    base = config.load(ROOT / "agentd.toml") if (ROOT / "agentd.toml").exists() else Settings()
    return base.model_copy(update={"paths": base.paths.model_copy(update=named)})
