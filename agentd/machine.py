"""What agentd needs of the machine: settings, folders, disk, clock, time zone, ports.

Each function yields findings for `agentd check`; none raises on what it may find, and what is
written to see whether it can be is removed.
"""

import ctypes
import errno
import ipaddress
import itertools
import os
import re
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from agentd.config import Settings

OK, WARNING, ERROR = "ok", "warning", "error"

FREE_WARNING = 1 << 30  # bytes
FREE_ERROR = 100 << 20
INODES_ERROR = 100
# What FreeSWITCH ships, and what our own files ship, as the event socket's password.
KNOWN_PASSWORDS = frozenset({"ClueCon", "CHANGE-ME"})
ZONE = "Europe/Paris"
_TIME_ERROR = 5  # of adjtimex(2): nothing has synchronised the clock


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `mend` is empty when there is nothing to mend."""

    name: str
    status: str
    detail: str
    mend: str = ""


def config(settings: Settings, file: Path | None) -> Iterator[Finding]:
    """The settings themselves. `file`: the one they were read from, None when from none."""
    if file is None:
        yield Finding("config", OK, "no agentd.toml: every setting has its default")
    else:
        yield from _config_file(settings, file)
    server = settings.server
    if not _is_loopback(server.host):
        yield Finding(
            "config",
            WARNING,
            f"[server] host {server.host} is not loopback: whoever reaches it can hold calls",
            "set it to 127.0.0.1, or keep others out with a firewall",
        )
    named = ("esl_port", "audio_port", "metrics_port")
    for first, second in itertools.combinations(named, 2):
        if getattr(server, first) == getattr(server, second) not in (0, None):
            yield Finding(
                "config",
                ERROR,
                f"[server] {first} and {second} are both {getattr(server, first)}",
                "give them two numbers",
            )
    if settings.switch.password in KNOWN_PASSWORDS:
        yield Finding(
            "config",
            WARNING,
            "[switch] password is one that everybody knows",
            "choose another, here and in event_socket.conf.xml",
        )
    if any(known in settings.store.url for known in KNOWN_PASSWORDS):
        yield Finding(
            "config", WARNING, "[store] url holds a password that everybody knows", "choose another"
        )


def _config_file(settings: Settings, file: Path) -> Iterator[Finding]:
    secret = settings.switch.password or urlsplit(settings.store.url).password
    mode = file.stat().st_mode
    if secret and mode & stat.S_IROTH:
        yield Finding(
            "config",
            WARNING,
            f"{file} holds a password, and everybody on this machine may read it",
            f"chmod o-r {file}",
        )
    else:
        yield Finding("config", OK, str(file))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def folders(settings: Settings) -> Iterator[Finding]:
    """Those that are read are there; those that are written can be."""
    for name in ("scenarios", "objections", "voices"):
        path = settings.path(name)
        if not path.is_dir():
            yield Finding(
                f"folder {name}", ERROR, f"{path} does not exist", f"set [paths] {name}, or make it"
            )
        elif not os.access(path, os.R_OK | os.X_OK):
            yield Finding(
                f"folder {name}", ERROR, f"{path} may not be read", f"chmod u+rx {path}, or chown"
            )
        else:
            yield Finding(f"folder {name}", OK, str(path))
    written = {
        "var": (settings.paths.root.resolve() / "var", "calls are spooled in it"),
        "audio": (settings.path("audio"), "what has no recording is synthesised into it"),
    }
    if settings.call.record:
        written["recordings"] = (settings.path("recordings"), "calls are recorded into it")
    for name, (path, why) in written.items():
        fault = _unwritable(path)
        if fault:
            yield Finding(
                f"folder {name}",
                ERROR,
                f"{path}: {fault}",
                f"let the user agentd runs as write there: {why}",
            )
        else:
            yield Finding(f"folder {name}", OK, f"{path} can be written")
    yield from _readable_by_the_switch(settings.path("audio"))
    if settings.call.record:
        yield from _writable_by_the_switch(settings.path("recordings"))


def _unwritable(path: Path) -> str:
    """Why no file can be made in a folder, or in the one it would be made in; "" when it can."""
    try:
        with tempfile.NamedTemporaryFile(dir=_nearest(path), prefix=".agentd-check."):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _nearest(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _readable_by_the_switch(audio: Path) -> Iterator[Finding]:
    """FreeSWITCH opens the recordings itself, as a user of its own."""
    closed = [p for p in (audio, *audio.parents) if p.exists() and not p.stat().st_mode & 0o001]
    if closed:
        yield Finding(
            "folder audio",
            WARNING,
            f"{closed[-1]} is closed to other users: FreeSWITCH may not reach the recordings",
            f"chmod o+x {' '.join(map(str, closed))}, or run both as one user",
        )


def _writable_by_the_switch(recordings: Path) -> Iterator[Finding]:
    """FreeSWITCH makes the recordings itself, and agentd must be able to erase them."""
    mode = _nearest(recordings).stat().st_mode
    group = mode & stat.S_ISGID and mode & 0o030 == 0o030
    if os.geteuid() != 0 and not group and mode & 0o003 != 0o003:
        yield Finding(
            "folder recordings",
            WARNING,
            f"{recordings} is not setgid and writable for its group: unless FreeSWITCH runs as the "
            "same user, no call is recorded",
            f"mkdir -p {recordings} && chmod 2770 {recordings}, and put FreeSWITCH's user into its "
            "group",
        )


def disk(settings: Settings) -> Iterator[Finding]:
    """Space where files grow; once for each file system."""
    seen = set()
    root = settings.paths.root.resolve()
    for folder in (root / "var", settings.path("recordings"), settings.path("audio")):
        place = _nearest(folder)
        device = place.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(place).free
        status = ERROR if free < FREE_ERROR else WARNING if free < FREE_WARNING else OK
        mend = "" if status == OK else "free some: facts of calls are kept there"
        yield Finding("disk", status, f"{free / 2**30:.1f} GiB free at {place}", mend)
        inodes = os.statvfs(place)
        if inodes.f_files and inodes.f_favail < INODES_ERROR:
            yield Finding(
                "disk", ERROR, f"{inodes.f_favail} files more fit at {place}", "remove small files"
            )


def clock(_: Settings) -> Iterator[Finding]:
    """Is it set, and does something keep it right?"""
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if now < 1_760_000_000:
        yield Finding("clock", ERROR, f"{shown} is in the past", "set it, and run an NTP client")
    elif _unsynchronised():
        yield Finding(
            "clock",
            WARNING,
            f"{shown}, and nothing keeps it right",
            "run an NTP client: calling hours are law",
        )
    else:
        yield Finding("clock", OK, shown)


def _unsynchronised() -> bool:
    """What the kernel says; False where it does not say (no such call, or not allowed)."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return False
    return state == _TIME_ERROR


def time_zone(_: Settings) -> Iterator[Finding]:
    """The zones are known, and this machine's is that of the people called."""
    try:
        zone = ZoneInfo(ZONE)
    except (KeyError, OSError, ValueError):
        yield Finding("time zone", ERROR, f"{ZONE} is not known", "apt-get install tzdata")
        return
    winter, summer = (datetime(2026, month, 1, 12, tzinfo=zone) for month in (1, 7))
    if f"{winter:%z} {summer:%z}" != "+0100 +0200":
        yield Finding(
            "time zone",
            ERROR,
            f"{ZONE} is {winter:%z} in winter and {summer:%z} in summer: its data is broken",
            "apt-get install --reinstall tzdata",
        )
        return
    asked = os.environ.get("TZ", "").removeprefix(":")
    if asked and not re.search(r"\d|^/", asked) and not _known(asked):
        yield Finding(
            "time zone",
            ERROR,
            f"TZ={asked} is not a zone: UTC is used instead",
            f"set TZ={ZONE}, or unset it",
        )
        return
    here = datetime.now().astimezone()
    if here.utcoffset() != here.astimezone(zone).utcoffset():
        yield Finding(
            "time zone",
            WARNING,
            f"this machine is at {here:%Z} ({here:%z}), {ZONE} at {here.astimezone(zone):%z}: "
            'a call-back "demain à dix heures" is kept in the machine\'s time',
            f"timedatectl set-timezone {ZONE}, or set TZ={ZONE} for agentd",
        )
    else:
        yield Finding("time zone", OK, f"{here:%Z} ({here:%z}), as {ZONE}")


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        return False
    return True


def ports(settings: Settings) -> Iterator[Finding]:
    """Can the listeners be opened? Taken is a warning: agentd itself may have them."""
    for name, port in (
        ("event-socket port", settings.server.esl_port),
        ("audio port", settings.server.audio_port),
        ("metrics port", settings.server.metrics_port),
    ):
        if port is None:
            continue
        where = f"{settings.server.host}:{port}"
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                settings.server.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)  # a port that another merely bound with REUSEADDR is found here
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            yield Finding(
                name,
                WARNING if taken else ERROR,
                f"{where}: {error.strerror or error}",
                "fine if agentd is running; else set another [server] port"
                if taken
                else "set [server] host to an address of this machine, and ports above 1023",
            )
        else:
            yield Finding(name, OK, f"{where} is free")
