"""The api commands of the simulated switch: a line in, FreeSWITCH's answer out. Pure.

Answers are those of the transcripts, line break and all; they say no more than "queued".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentd.simulator.commands import words
from agentd.simulator.effects import ForkDo, ForkStart, RecordStart, RecordStop

if TYPE_CHECKING:
    from agentd.simulator.wire import Switch

FORK_USAGE = (
    "-USAGE: <uuid> [start | stop | send_text | pause | resume | graceful-shutdown ] "
    "[wss-url | path] [mono | mixed | stereo] [8000 | 16000 | 24000 | 32000 | 64000] "
    "[bugname] [metadata]\n"
)
RECORD_USAGE = "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
FORK_FAILED = "-ERR Operation Failed\n"
FORK_OK = "+OK Success\n"
DEFAULT_BUG = "audio_fork"
NO_CHANNEL = "-ERR No such channel!\n"


def answer(switch: "Switch", line: str) -> str:
    """What `api LINE` answers, once it has had its effect."""
    name, _, rest = line.strip().partition(" ")
    handler = _COMMANDS.get(name)
    if handler is None:
        switch.problem(f"agentd used api {name!r}, which this switch lacks")
        return f"-ERR {name} Command not found!\n"
    return handler(switch, rest.strip())


def _ours(switch: "Switch", uuid: str) -> bool:
    return uuid == switch.channel.uuid and not switch.gone


def _status(switch: "Switch", rest: str) -> str:
    seconds, ms = divmod(switch.channel.tick * 20, 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return (
        f"UP 0 years, 0 days, {hours} hours, {minutes} minutes, {seconds % 60} seconds, "
        f"{ms} milliseconds, 0 microseconds\n"
        "FreeSWITCH (Version 1.10.12-release  64bit) is ready\n1 session(s) since startup\n"
        "1 session(s) - peak 1, last 5min 1 \n0 session(s) per Sec out of max 200, peak 1, "
        "last 5min 1 \n1000 session(s) max\nmin idle cpu 0.00/90.00\n"
        "Current Stack Size/Max 240K/8192K\n"
    )


def _exists(switch: "Switch", rest: str) -> str:
    return "true" if _ours(switch, rest) else "false"


def _dump(switch: "Switch", rest: str) -> str:
    if not _ours(switch, rest.partition(" ")[0]):
        return NO_CHANNEL
    _, data = switch.channel.event("CHANNEL_DATA")
    return data.partition(b"\n\n")[2].decode()


def _getvar(switch: "Switch", rest: str) -> str:
    uuid, _, name = rest.partition(" ")
    if not _ours(switch, uuid):
        return NO_CHANNEL
    return switch.channel.variables.get(name.strip(), "_undef_")


def _setvar(switch: "Switch", rest: str) -> str:
    given = words(rest, 3)
    if len(given) < 2:
        return "-USAGE: <uuid> <var> [value]\n"
    if not _ours(switch, given[0]):
        return NO_CHANNEL
    switch.channel.set(given[1], given[2] if len(given) > 2 else "")
    return "+OK\n"


def _setvar_multi(switch: "Switch", rest: str) -> str:
    uuid, _, pairs = rest.partition(" ")
    if not _ours(switch, uuid):
        return NO_CHANNEL
    for pair in pairs.split(";"):
        name, _, value = pair.partition("=")
        switch.channel.set(name.strip(), value)
    return "+OK\n"


def _break(switch: "Switch", rest: str) -> str:
    given = words(rest, 2)
    if not given or not _ours(switch, given[0]):
        return NO_CHANNEL
    switch.player.ask_break(everything="all" in given[1:])
    return "+OK\n"


def _broadcast(switch: "Switch", rest: str) -> str:
    given = words(rest, 3)
    if len(given) < 2:
        return "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"
    if not _ours(switch, given[0]):
        return "-ERR invalid uuid\n"
    name, mark, argument = given[1].partition("::")
    if not mark:
        name, argument = "playback", given[1]
    switch.queue(name, argument, locked=True, broadcast=True)
    return "+OK Message sent\n"


def _kill(switch: "Switch", rest: str) -> str:
    given = words(rest, 2)
    if not given or not _ours(switch, given[0]):
        return NO_CHANNEL
    switch.hang_up(given[1] if len(given) > 1 else "NORMAL_CLEARING", by_peer=False)
    return "+OK\n"


def _transfer(switch: "Switch", rest: str) -> str:
    given = words(rest, 3)
    if len(given) < 2:
        return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"
    if not _ours(switch, given[0]):
        return NO_CHANNEL
    switch.leave(given[1])
    return "+OK\n"


def _displace(switch: "Switch", rest: str) -> str:
    given = words(rest, 5)
    if len(given) < 3 or given[1] not in ("start", "stop"):
        return "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"
    uuid, action, path = given[:3]
    if not _ours(switch, uuid):
        return "-ERR Cannot locate session!\n"
    if action == "stop":
        return FORK_OK if switch.player.replace(path) else "-ERR Cannot stop displace session!\n"
    limit = int(given[3]) if len(given) > 3 and given[3].isdigit() else 0
    flags = given[4] if len(given) > 4 else ""
    file = path.partition("}")[2] if path.startswith("{") else path  # {vol=..} changes nothing
    sound = switch.read(file)
    if sound is None or not switch.player.displace(path, sound.samples, flags, limit):
        return "-ERR Cannot displace session!\n"
    return FORK_OK


def _record(switch: "Switch", rest: str) -> str:
    given = words(rest, 5)
    if len(given) < 3 or given[1] not in ("start", "stop"):
        return RECORD_USAGE
    uuid, action, path = given[:3]
    if not _ours(switch, uuid):
        return "-ERR Cannot locate session!\n"
    if action == "start":
        if not switch.may_write(path):
            return "-ERR Cannot record session!\n"
        if path not in switch.records:  # asked twice for one file it warns in its log only
            switch.records.add(path)
            stereo = switch.channel.variables.get("RECORD_STEREO") == "true"
            switch.add(RecordStart(path, stereo))
        return FORK_OK
    if path not in switch.records:
        return "-ERR Cannot stop record session!\n"
    switch.records.discard(path)
    switch.add(RecordStop(path))
    return FORK_OK


def _audio_fork(switch: "Switch", rest: str) -> str:
    given = words(rest, 7)
    if len(given) < 2:
        return FORK_USAGE
    uuid, action = given[:2]
    if not _ours(switch, uuid):
        return FORK_FAILED
    if action == "start":
        return _fork_start(switch, given)
    if action not in ("stop", "pause", "resume", "graceful-shutdown", "send_text"):
        return FORK_USAGE
    name, text = DEFAULT_BUG, ""
    if len(given) > 3:
        name, text = given[2], given[3]
    elif len(given) == 3:
        is_text = action == "send_text" or given[2][:1] in "{["
        name, text = (DEFAULT_BUG, given[2]) if is_text else (given[2], "")
    if name not in switch.forks:
        return FORK_FAILED
    if action == "stop":
        switch.forks.discard(name)
    switch.add(ForkDo(name, "text" if action == "send_text" else action, text))
    return FORK_OK


def _fork_start(switch: "Switch", given: list[str]) -> str:
    if len(given) == 4:
        # The real module compares the missing word with a null pointer.
        switch.crash("uuid_audio_fork start without a sampling rate crashes FreeSWITCH")
        return FORK_FAILED
    if len(given) < 5 or given[3] not in ("mono", "mixed", "stereo"):
        return FORK_USAGE
    rate = {"8k": "8000", "16k": "16000"}.get(given[4], given[4])
    if not rate.isdigit() or int(rate) == 0 or int(rate) % 8000:
        return FORK_USAGE
    name, metadata = DEFAULT_BUG, ""
    if len(given) == 7:
        name, metadata = given[5], given[6]
    elif len(given) == 6:
        metadata = given[5]
    if name in switch.forks:
        return FORK_FAILED
    switch.forks.add(name)
    switch.add(ForkStart(name, given[2], given[3], int(rate), metadata))
    return FORK_OK


_COMMANDS: dict[str, Callable[["Switch", str], str]] = {
    "status": _status,
    "uuid_exists": _exists,
    "uuid_dump": _dump,
    "uuid_getvar": _getvar,
    "uuid_setvar": _setvar,
    "uuid_setvar_multi": _setvar_multi,
    "uuid_break": _break,
    "uuid_broadcast": _broadcast,
    "uuid_kill": _kill,
    "uuid_transfer": _transfer,
    "uuid_displace": _displace,
    "uuid_record": _record,
    "uuid_audio_fork": _audio_fork,
}
