"""The exchange over its event socket: authentication, originate and the order of what it tells."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gevent
import pytest

from agentd.errors import SwitchError
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.dialling import Refused, read
from agentd.simulator.exchange import Exchange, PhoneBook
from agentd.simulator.persona import Persona
from agentd.switch.esl import Message
from agentd.switch.inbound import InboundSession
from agentd.switch.keeper import Keeper

EVENTS = (
    *("CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_ANSWER", "CHANNEL_HANGUP"),
    *("CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY", "BACKGROUND_JOB"),
)
START = datetime(2026, 11, 24, 10, tzinfo=UTC)


def made(answer: str, **fields: object) -> Exchange:
    persona = Persona.model_validate({"name": answer, "answer": answer, **fields})
    exchange = Exchange(
        PhoneBook([persona]), lambda p: {}, [], "pw", clock=SimulatedClock(START), dead_gateways="d"
    )
    exchange.start()
    return exchange


class Dialling:
    """One originate, and everything the switch told of it."""

    def __init__(self, exchange: Exchange, gateway: str = "g", ring_s: int = 1) -> None:
        self.told: list[Message] = []
        with InboundSession(*exchange.address, "pw") as session:
            for event in EVENTS:
                session.on(event, self.told.append)
            session.command("event plain " + " ".join(EVENTS))
            variables = f"origination_uuid=u1,originate_timeout={ring_s}"
            line = f"originate {{{variables}}}sofia/gateway/{gateway}/+33199000001 x XML y"
            session.background(line, "job")
            with gevent.Timeout(5):
                while not [m for m in self.told if m.event == "BACKGROUND_JOB"]:
                    gevent.sleep(0.02)
            gevent.sleep(0.1)

    def of(self, name: str) -> Message:
        (found,) = [m for m in self.told if m.event == name]
        return found


@pytest.mark.parametrize(
    ("answer", "cause", "status"),
    [
        ("busy", "USER_BUSY", "486"),
        ("reject", "CALL_REJECTED", "603"),
        ("no_answer", "NO_ANSWER", ""),
        ("invalid_number", "UNALLOCATED_NUMBER", "404"),
        ("unreachable", "NO_USER_RESPONSE", "480"),
        ("trunk_down", "NORMAL_TEMPORARY_FAILURE", "503"),
    ],
)
def test_a_call_nobody_takes_ends_as_measured(answer: str, cause: str, status: str) -> None:
    exchange = made(answer)
    call = Dialling(exchange)
    assert call.of("BACKGROUND_JOB").text == f"-ERR {cause}\n"
    ended = call.of("CHANNEL_HANGUP_COMPLETE")
    assert ended.get("Hangup-Cause") == ended.get("variable_hangup_cause") == cause
    assert ended.get("variable_sip_term_status") == status
    assert ended.get("Unique-ID") == "u1"
    assert ended.get("Caller-Channel-Answered-Time") == "0"
    assert not [m for m in call.told if m.event == "CHANNEL_ANSWER"]
    order = [m.event for m in call.told if m.event != "BACKGROUND_JOB"]
    assert order[0] == "CHANNEL_CREATE"
    assert order[-3:] == ["CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY"]
    exchange.stop()


def test_a_dead_gateway_refuses_every_call() -> None:
    exchange = made("busy")
    call = Dialling(exchange, gateway="d")
    assert call.of("BACKGROUND_JOB").text == "-ERR NORMAL_TEMPORARY_FAILURE\n"
    exchange.stop()


def test_answered_with_no_agentd_the_dialplan_ends_it() -> None:
    exchange = made("human")
    call = Dialling(exchange)
    assert call.of("BACKGROUND_JOB").text == "+OK u1\n"
    assert call.of("CHANNEL_ANSWER").get("Answer-State") == "answered"
    ended = call.of("CHANNEL_HANGUP_COMPLETE")
    assert ended.get("Hangup-Cause") == "NORMAL_TEMPORARY_FAILURE"
    assert ended.get("Caller-Channel-Answered-Time") != "0"
    exchange.stop()


@pytest.fixture
def ringing() -> Iterator[Exchange]:
    exchange = made("no_answer")
    yield exchange
    exchange.stop()


def test_a_ringing_call_exists_until_it_is_killed(ringing: Exchange) -> None:
    with InboundSession(*ringing.address, "pw") as session:
        line = "originate {origination_uuid=u1}sofia/gateway/g/+33199000001 x XML y"
        session.background(line, "job")
        gevent.sleep(0.1)
        assert session.api("uuid_exists u1") == "true"
        session.background(line, "job2")  # its uuid again: refused, the first unharmed
        gevent.sleep(0.1)
        assert ringing.problems == ["the uuid u1 was used twice"]
        assert session.api("uuid_kill u1") == "+OK"
        gevent.sleep(0.1)
        assert session.api("uuid_exists u1") == "false"
        with pytest.raises(SwitchError):
            session.api("uuid_kill u1")


def test_the_password_is_asked_for(ringing: Exchange) -> None:
    with pytest.raises(SwitchError, match="password is refused"):
        InboundSession(*ringing.address, "wrong").connect()


def test_a_connection_that_is_kept_comes_back(ringing: Exchange) -> None:
    ups: list[int] = []
    keeper = Keeper(
        ringing.address, "pw", ["BACKGROUND_JOB"], lambda m: None, lambda k: ups.append(1)
    )
    keeper.start()
    assert keeper.wait_up(5)
    for client in list(ringing._clients):
        client.close()
    with gevent.Timeout(5):
        while len(ups) < 2 or not keeper.up:
            gevent.sleep(0.05)
    assert keeper.api("uuid_exists x") == "false"
    keeper.stop()
    with pytest.raises(SwitchError):
        keeper.api("status")


def test_the_clock_goes_forward_only_and_outlives_its_process(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = SimulatedClock(START, file=file)
    clock.advance_to(START + timedelta(days=1))
    clock.advance_to(START)
    again = SimulatedClock(START, file=file)
    assert timedelta(days=1) <= again.now - START < timedelta(days=1, seconds=30)
    with pytest.raises(ValueError, match="no instant"):
        SimulatedClock(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("{a=b", "Parse Error"),
        ("{a=b}sofia/gateway/g/1", "USAGE"),
        ("{a=b}user/1000 x XML y", "CHAN_NOT_IMPLEMENTED"),
    ],
)
def test_what_freeswitch_would_not_begin_is_refused(said: str, refused: str) -> None:
    with pytest.raises(Refused, match=refused):
        read(said)


def test_an_unquoted_socket_ends_at_its_first_blank() -> None:
    assert read("{}sofia/gateway/g/1 &socket(h:1 async full)").target == "&socket(h:1"
    assert read("{}sofia/gateway/g/1 '&socket(h:1 async full)'").target == "&socket(h:1 async full)"
    assert read("{a='x,y',b=z}sofia/gateway/g/1 x XML y").variables == {"a": "x,y", "b": "z"}
