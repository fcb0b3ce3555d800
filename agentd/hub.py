"""Models that only their makers' hub holds: which files, of which revision, under which licence.

Revisions are commits, so that what they name never changes; hashes stand here where the hub's own
pages show them, and nowhere else.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentd.errors import AgentdError

TOKENS = ("HF_TOKEN", "HUGGINGFACE_TOKEN", "HUGGING_FACE_HUB_TOKEN")
SITE = "https://huggingface.co"


@dataclass(frozen=True)
class HubModel:
    """One repository of the hub. `files` are patterns of what is fetched; `marks` must be there.

    strip: folder of the repository whose files lie directly in ours. gated: wants a token of
    somebody who has accepted its conditions.
    """

    name: str
    what: str
    repository: str
    revision: str
    licence: str
    megabytes: int
    files: tuple[str, ...]
    marks: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)
    strip: str = ""
    gated: bool = False

    @property
    def source(self) -> str:
        """From where, for a person."""
        token = f"; wants a token of yours in {TOKENS[0]}" if self.gated else ""
        return f"{SITE}/{self.repository} at {self.revision}{token}"


HUB = (
    HubModel(
        "xtts-v2",
        "voice cloning: XTTS v2.0.3, for coqui-tts",
        "coqui/XTTS-v2",
        "8b3db4399dee942f7a5ea9abe08f8dce0993b13f",
        "CPML 1.0 (non-commercial)",
        1_870,
        ("config.json", "model.pth", "vocab.json", "LICENSE.txt"),
        ("config.json", "model.pth", "vocab.json"),
        {"model.pth": "98f7297340c09d9d33cb3e2580f8cfb02e8b496270e2cf678ffcfe38b535d218"},
    ),
    HubModel(
        "pyannote",
        "who speaks when: pyannote speaker-diarization-community-1",
        "pyannote/speaker-diarization-community-1",
        "main",
        "CC-BY-4.0",
        35,
        ("*",),
        ("config.yaml",),
        gated=True,
    ),
    HubModel(
        "piper-fr",
        "French voice for piper: siwis, medium",
        "rhasspy/piper-voices",
        "fdd9ff593f474a02a17a0f0745b8c8c7ea9829c2",
        "MIT; its data: see MODEL_CARD",
        64,
        tuple(
            f"fr/fr_FR/siwis/medium/{name}"
            for name in ("fr_FR-siwis-medium.onnx", "fr_FR-siwis-medium.onnx.json", "MODEL_CARD")
        ),
        ("fr_FR-siwis-medium.onnx", "fr_FR-siwis-medium.onnx.json"),
        strip="fr/fr_FR/siwis/medium",
    ),
)


def fetcher(model: HubModel) -> Callable[[Path, Path], None]:
    """What fetches it: (work, target) -> None, as `agentd.models` calls it."""

    def fetch(work: Path, target: Path) -> None:
        token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), None)
        if model.gated and token is None:
            raise AgentdError(
                f"{model.name} is gated: {SITE}/{model.repository} wants its conditions accepted",
                mend=f"accept them there, make a token, and set {TOKENS[0]}",
            )
        got = Path(_snapshot(model, work / "snapshot", token)) / model.strip
        for file in [f for f in got.rglob("*") if f.is_file() and ".cache" not in f.parts]:
            kept = target / file.relative_to(got)
            kept.parent.mkdir(parents=True, exist_ok=True)
            file.rename(kept)

    return fetch


def _snapshot(model: HubModel, folder: Path, token: str | None) -> Any:
    import huggingface_hub

    try:
        return huggingface_hub.snapshot_download(
            model.repository,
            revision=model.revision,
            allow_patterns=list(model.files),
            local_dir=folder,
            token=token,
        )
    except Exception as error:  # noqa: BLE001 - its client raises what its transport does
        said = str(error).strip().splitlines()[:1]
        raise AgentdError(
            f"{model.name} cannot be fetched: {type(error).__name__}: {' '.join(said)}",
            mend=f"fetch {', '.join(model.files)} of {SITE}/{model.repository} where the network "
            f"allows, and put them into models/{model.name}",
        ) from None
