import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.simulator.commands import LONGEST, Command, CommandParser, CommandTooLong, words

STREAM = (
    b"connect\n\n"
    b"\r\nevent plain CUSTOM a::b\n\n"
    b"sendmsg 11-22\ncall-command: execute\nexecute-app-name: playback\n"
    b"content-type: text/plain\ncontent-length: 11\n\n/a\n\nb\xc3\xa9.wav"
    b"sendmsg\r\nCall-Command: hangup\r\nhangup-cause: USER_BUSY\r\n\r\n"
    b"api status\n\n"
)
COMMANDS = [
    Command("connect"),
    Command("event plain CUSTOM a::b"),
    Command(
        "sendmsg 11-22",
        {
            "call-command": "execute",
            "execute-app-name": "playback",
            "content-type": "text/plain",
            "content-length": "11",
        },
        "/a\n\nbé.wav",
    ),
    Command("sendmsg", {"call-command": "hangup", "hangup-cause": "USER_BUSY"}),
    Command("api status"),
]


def test_commands_whole() -> None:
    assert CommandParser().feed(STREAM) == COMMANDS
    assert COMMANDS[1].verb == "event"
    assert COMMANDS[1].rest == "plain CUSTOM a::b"


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_commands_in_pieces(cuts: list[int]) -> None:
    parser, found = CommandParser(), []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(edges):
        found += parser.feed(STREAM[start:end])
    assert found == COMMANDS


def test_a_command_without_end_is_refused() -> None:
    parser = CommandParser()
    assert parser.feed(b"x" * LONGEST) == []
    with pytest.raises(CommandTooLong):
        parser.feed(b"x")
    with pytest.raises(CommandTooLong):
        CommandParser().feed(b"sendmsg\ncontent-length: 999999999\n\n")


@given(st.binary(max_size=300))
def test_garbage_is_no_exception(data: bytes) -> None:
    for command in CommandParser().feed(data + b"\n\n"):
        assert isinstance(command.verb, str)


def test_words_as_the_switch_splits_them() -> None:
    assert words('u start ws://h/a mono 8k bug2 {"a": 1, "b": "x y"}', 7) == [
        *("u", "start", "ws://h/a", "mono", "8k", "bug2"),
        '{"a": 1, "b": "x y"}',
    ]
    assert words("u send_text '{\"n\": 5}'", 7) == ["u", "send_text", '{"n": 5}']
    assert words("  a   b ", 7) == ["a", "b"]
    assert words("", 7) == []
