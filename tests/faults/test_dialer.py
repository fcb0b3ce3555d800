"""A whole campaign: dialer, exchange and agentd in one process."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import gevent
import pytest
from campaign_house import (
    BUSY,
    GHOST,
    LATER,
    LEAD,
    LEAVES,
    OPTS_OUT,
    PROUD,
    TUESDAY,
    Ledger,
    add_contacts,
    exchange,
    make_campaign,
    persona,
    start_campaign,
    switch_settings,
)
from fault_house import House, until

from agentd.campaign.dialer import Dialer
from agentd.campaign.retry import callback_at
from agentd.errors import SwitchError
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.exchange import Exchange
from agentd.store import campaigns
from agentd.store.repo import Repo


class World:
    """An agentd with a store of its own, an exchange, and dialers."""

    def __init__(self, house: House, repo: Repo, folder: Path) -> None:
        self.house, self.repo = house, repo
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.exchanges: list[Exchange] = []
        self.dialers: list[Dialer] = []

    def exchange(self, **options: Any) -> Exchange:
        made = exchange(options.pop("agentds", [self.house.address]), self.ledger, **options)
        self.exchanges.append(made)
        return made

    def dialer(self, switch: Exchange, **waits: Any) -> Dialer:
        given = {"lease_s": 10, **waits}  # a loaded machine is slow, and no dialer dies here
        settings = switch_settings(self.house.settings, switch.address, **given)
        self.dialers.append(Dialer(settings, self.repo, "c"))
        return self.dialers[-1]

    def stop(self) -> None:
        for switch in self.exchanges:
            switch.stop()


@pytest.fixture
def world(houses: Callable[..., House], tmp_path: Path) -> Iterator[World]:
    repo = Repo(f"sqlite:////{tmp_path}/c.sqlite3")
    repo.migrate()
    house = houses(repo=repo, server={"max_calls": 50})
    made = World(house, repo, tmp_path)
    yield made
    made.stop()
    gevent.sleep(0.1)


def dispositions(repo: Repo) -> dict[str, str | None]:
    return {row["phone"]: row["disposition"] for row in campaigns.results(repo, "c")}


def test_every_contact_gets_the_disposition_its_call_had(world: World) -> None:
    personas = [LEAD, LEAVES, OPTS_OUT, BUSY, LATER, GHOST, PROUD]
    phones = add_contacts(world.repo, len(personas))
    make_campaign(world.repo, retry={"NO_ANSWER": {"attempts": 3, "delay_s": 7200}})
    numbers = {phone: who.name for phone, who in zip(phones, personas, strict=True)}
    switch = world.exchange(personas=personas, numbers=numbers)
    start_campaign(world.repo)
    dialer = world.dialer(switch)
    with gevent.Timeout(60):
        assert dialer.run() == "done"
    wanted = ["LEAD", "HANGUP", "OPT_OUT", "BUSY", "HANGUP", "UNREACHABLE", "REJECTED"]
    assert dispositions(world.repo) == dict(zip(phones, wanted, strict=True))
    assert switch.problems == []
    placed = world.ledger.placed()
    # Busy four times is the frequency cap's four as well; the number that does not exist, once.
    assert [placed[phone] for phone in phones] == [1, 1, 1, 4, 3, 1, 1]
    results = {row["phone"]: row for row in campaigns.results(world.repo, "c")}
    lead = results[phones[0]]
    assert lead["score"] == 100
    call = lead["calls"][0]
    assert call["contact"]["ville"] == "L'Haÿ-les-Roses = 94"
    assert call["contact"]["note"] == "a,b|c\\d"
    assert call["contact"]["last_name"] == '"N0" {x}'
    assert call["call_id"] == lead["attempts"][-1]["id"]
    assert lead["attempts"][0]["caller_id"] == "+33162000001"
    told = campaigns.explain(world.repo, "c", phones[0])
    gates = told["attempts"][0]["evidence"]["gates"]
    assert gates["hours"]["allowed"]
    assert gates["consent"]["ground"] == "g00000"


def test_without_consent_nobody_is_called_and_the_article_is_kept(world: World) -> None:
    phones = add_contacts(world.repo, 3, consent=False)
    make_campaign(world.repo)
    switch = world.exchange()
    start_campaign(world.repo)
    with gevent.Timeout(20):
        assert world.dialer(switch).run() == "done"
    assert world.ledger.placed() == {}
    for row in campaigns.results(world.repo, "c"):
        assert row["state"] == "refused"
        assert "L. 223-1" in row["reason"]
    assert campaigns.status(world.repo, "c").refusals == {"consent": len(phones)}


def test_neither_limit_is_overshot_by_two_dialers(world: World) -> None:
    add_contacts(world.repo, 24)
    make_campaign(world.repo, max_concurrent=3)
    switch = world.exchange(personas=[LEAVES])
    start_campaign(world.repo)
    runs = [gevent.spawn(world.dialer(switch).run) for _ in range(2)]
    gevent.joinall(runs, timeout=60, raise_error=True)
    assert [run.value for run in runs] == ["done", "done"]
    assert switch.most_at_once <= 3
    assert set(world.ledger.placed().values()) == {1}
    assert set(dispositions(world.repo).values()) == {"HANGUP"}


def test_a_gateway_that_fails_rests_and_the_other_takes_its_calls(world: World) -> None:
    add_contacts(world.repo, 8)
    make_campaign(world.repo, breaker_after=2, max_concurrent=2)
    switch = world.exchange(personas=[LEAVES], dead_gateways=["one"])
    start_campaign(world.repo)
    with gevent.Timeout(60):
        assert world.dialer(switch).run() == "done"
    assert set(dispositions(world.repo).values()) == {"HANGUP"}
    tried = [a["gateway"] for row in campaigns.results(world.repo, "c") for a in row["attempts"]]
    assert 2 <= Counter(tried)["one"] <= 4  # then its circuit is open
    answers = Counter(e["answer"] for e in world.ledger.entries() if "placed" in e)
    assert answers["human"] == 8


def test_the_whole_trunk_down_loses_nobody(world: World) -> None:
    add_contacts(world.repo, 4)
    make_campaign(world.repo, breaker_after=1, breaker_rest_s=0.3, max_concurrent=1)
    switch = world.exchange(personas=[LEAVES], dead_gateways=["one", "two"])
    start_campaign(world.repo)
    run = gevent.spawn(world.dialer(switch).run)
    until(lambda: len(world.ledger.placed()) >= 1 and world.dialers[0]._note(), 10)
    switch.dead_gateways.clear()
    assert run.get(timeout=60) == "done"
    assert set(dispositions(world.repo).values()) == {"HANGUP"}


def test_paused_it_places_nothing_stopped_it_hangs_up(world: World) -> None:
    add_contacts(world.repo, 6)
    make_campaign(world.repo, max_concurrent=2)
    switch = world.exchange(personas=[persona("quiet", turns=[{"silence": 20}])])
    start_campaign(world.repo)
    run = gevent.spawn(world.dialer(switch).run)
    until(lambda: switch.calls == 2, 10)
    now = world.dialers[0].clock.now
    campaigns.set_state(world.repo, "c", "paused", now=now)
    until(lambda: switch.calls == 0, 20)
    before = len(world.ledger.placed())
    gevent.sleep(0.6)
    assert len(world.ledger.placed()) == before
    campaigns.set_state(world.repo, "c", "running", now=now)
    until(lambda: switch.calls == 2, 10)
    campaigns.set_state(world.repo, "c", "stopped", now=now)
    assert run.get(timeout=20) == "stopped"
    assert switch.calls == 0
    assert all(row["state"] != "calling" for row in campaigns.results(world.repo, "c"))


def test_a_real_campaign_does_not_dial_a_simulator_nor_the_other_way(world: World) -> None:
    add_contacts(world.repo, 1)
    make_campaign(world.repo, simulated=False)
    switch = world.exchange()
    start_campaign(world.repo)
    with gevent.Timeout(20), pytest.raises(SwitchError, match="this switch is a simulator"):
        world.dialer(switch).run()
    assert world.ledger.placed() == {}


def test_the_event_socket_lost_in_mid_call_costs_nothing(world: World) -> None:
    add_contacts(world.repo, 2)
    make_campaign(world.repo, max_concurrent=2)
    switch = world.exchange(personas=[LEAD])
    start_campaign(world.repo)
    run = gevent.spawn(world.dialer(switch).run)
    until(lambda: switch.calls == 2, 10)
    for client in list(switch._clients):
        client.close()
    assert run.get(timeout=40) == "done"
    assert set(dispositions(world.repo).values()) == {"LEAD"}
    assert set(world.ledger.placed().values()) == {1}


def test_answered_and_held_by_no_agentd_stops_the_dialling(world: World) -> None:
    add_contacts(world.repo, 8)
    make_campaign(world.repo, max_concurrent=1, breaker_rest_s=60)
    switch = world.exchange(personas=[LEAVES], agentds=[("127.0.0.1", 1)])
    start_campaign(world.repo)
    dialer = world.dialer(switch, settle_s=1)
    run = gevent.spawn(dialer.run)
    until(lambda: "not held by any agentd" in dialer._note(), 30)
    gevent.sleep(0.5)
    assert len(world.ledger.placed()) == 3
    run.kill()


def test_600_calls_an_hour_through_the_switch_never_overshoot(world: World) -> None:
    """At 30 times the speed of life: ten calls a minute, and as many at once as come of it."""
    add_contacts(world.repo, 60)
    make_campaign(world.repo, max_concurrent=50, per_minute=10)
    clock = SimulatedClock(TUESDAY, speed=30)
    switch = world.exchange(personas=[GHOST, PROUD], clock=clock)
    start_campaign(world.repo)
    with gevent.Timeout(100):
        assert world.dialer(switch).run() == "done"
    begun = sorted(
        datetime.fromisoformat(attempt["begun_at"])
        for row in campaigns.results(world.repo, "c")
        for attempt in row["attempts"]
    )
    assert len(begun) == len(world.ledger.placed()) == 60
    for i, at in enumerate(begun):
        assert sum(at - timedelta(seconds=59.99) < other for other in begun[: i + 1]) <= 10
    minutes = (begun[-1] - begun[0]).total_seconds() / 60
    assert minutes >= 5.0  # 50 intervals of 6 s at the quickest; a loaded machine is slower


def test_a_callback_is_called_first_at_its_time(world: World) -> None:
    """`callback` data with a start, as the engine keeps it, decides the hour."""
    phones = add_contacts(world.repo, 2)
    make_campaign(world.repo, max_concurrent=1)
    switch = world.exchange(personas=[LEAVES])
    start_campaign(world.repo)
    at = TUESDAY + timedelta(days=1, hours=1)
    attempt = {}

    def said(repo: Repo, call: str) -> dict[str, Any] | None:
        kept = real(repo, call)
        if kept and kept["ended_at"] and not attempt:
            attempt[call] = at
            callback = {"text": "demain", "start": at.isoformat(), "end": None}
            return {**kept, "disposition": "CALLBACK", "callback": callback}
        return kept

    real = campaigns.call_end
    with pytest.MonkeyPatch.context() as patch, gevent.Timeout(60):
        patch.setattr(campaigns, "call_end", said)
        assert world.dialer(switch).run() == "done"
    rows = {row["phone"]: row for row in campaigns.results(world.repo, "c")}
    (called,) = [row for row in rows.values() if len(row["attempts"]) == 2]
    first, second = called["attempts"]
    assert first["disposition"] == "CALLBACK"
    assert at <= datetime.fromisoformat(second["begun_at"]) < at + timedelta(minutes=5)
    assert {row["disposition"] for row in rows.values()} == {"HANGUP"}
    assert set(rows) == set(phones)


def test_an_instant_that_was_agreed_is_read_with_its_offset() -> None:
    assert callback_at({"start": "2026-12-01T10:00:00+01:00"}) == datetime.fromisoformat(
        "2026-12-01T10:00+01:00"
    )
    for data in (None, {}, {"start": None}, {"start": "demain"}, {"start": "2026-12-01T10:00"}):
        assert callback_at(data) is None
