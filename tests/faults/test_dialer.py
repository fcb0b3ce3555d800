"""A whole campaign: dialer, exchange and agentd in one process."""

import json
import urllib.error
import urllib.request
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

from agentd import spools
from agentd.campaign.dialer import Dialer
from agentd.campaign.retry import callback_at
from agentd.cli.dial import dial_all
from agentd.errors import ClockError, SwitchError
from agentd.observe.notify import Notifier
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.exchange import Exchange
from agentd.store import campaigns, clock, dialling
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
    assert switch.odometer.most_at_once <= 3
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


def test_settings_that_are_changed_hold_from_the_next_call_on(world: World) -> None:
    add_contacts(world.repo, 8)
    make_campaign(world.repo, max_concurrent=1, retry={"NO_ANSWER": {"attempts": 1, "delay_s": 0}})
    switch = world.exchange(personas=[persona("quiet", turns=[{"silence": 20}])])
    start_campaign(world.repo)
    run = gevent.spawn(world.dialer(switch).run)
    until(lambda: switch.calls == 1, 10)
    told = campaigns.get(world.repo, "c").settings
    campaigns.set_settings(world.repo, "c", {**told, "max_concurrent": 3, "gateways": ["two"]})
    until(lambda: switch.odometer.most_at_once == 3, 15)
    campaigns.set_settings(world.repo, "c", {**told, "max_concurrent": 3, "gateways": []})  # broken
    assert run.get(timeout=60) == "done"
    assert switch.odometer.most_at_once == 3
    rows = [row for row in campaigns.results(world.repo, "c") if row["attempts"]]
    begun = sorted((a["begun_at"], a["gateway"]) for row in rows for a in row["attempts"])
    assert begun[-1][1] == "two"
    assert len(begun) == 8


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
    """At 30 times the speed of life: ten calls a minute by two dialers, and agentd holds who takes
    theirs. Both limits are reached, and neither is passed, as the switch itself has counted."""
    add_contacts(world.repo, 40)
    once = {"NO_ANSWER": {"attempts": 1, "delay_s": 0}}
    make_campaign(world.repo, max_concurrent=4, per_minute=10, retry=once)
    clock = SimulatedClock(TUESDAY, speed=30)
    quiet = persona("quiet", turns=[{"silence": 20}])  # 2.3 s: two silences, and goodbye
    switch = world.exchange(personas=[GHOST, PROUD, LEAVES, quiet], clock=clock)
    start_campaign(world.repo)
    began = clock.now
    runs = [gevent.spawn(world.dialer(switch).run) for _ in range(2)]
    gevent.joinall(runs, timeout=110, raise_error=True)
    assert [run.value for run in runs] == ["done", "done"]
    seen = switch.odometer
    assert (seen.total, seen.live) == (40, 0)
    assert seen.most_a_minute == 10
    assert seen.most_at_once == 4
    assert set(world.ledger.placed().values()) == {1}
    assert clock.now - began >= timedelta(minutes=3)  # thirty begin after the first ten
    assert {row["state"] for row in campaigns.results(world.repo, "c")} == {"done"}
    gevent.sleep(0.1)


def test_a_slow_store_does_not_put_two_minutes_into_one_of_the_switch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt is recorded long before its originate: the minute counts from when it came."""
    add_contacts(world.repo, 8)
    make_campaign(world.repo, max_concurrent=8, per_minute=2)
    clock = SimulatedClock(TUESDAY, speed=60)
    switch = world.exchange(personas=[GHOST], clock=clock)
    start_campaign(world.repo)
    real, begun = dialling.begin, []

    def slow(repo: Repo, asked: dialling.Asked) -> dialling.Looked:
        looked = real(repo, asked)
        if looked.begun is not None:
            begun.append(looked.begun.id)
            gevent.sleep(0.8 if len(begun) % 4 == 1 else 0.0)  # 48 s of the campaign's
        return looked

    monkeypatch.setattr(dialling, "begin", slow)
    with gevent.Timeout(60):
        assert world.dialer(switch).run() == "done"
    assert switch.odometer.total == 8
    assert switch.odometer.most_a_minute <= 2


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


def test_an_opt_out_that_a_dead_agentd_spooled_is_heard_before_anybody_is_called(
    world: World,
) -> None:
    phones = add_contacts(world.repo, 2)
    make_campaign(world.repo)
    root = world.house.settings.paths.root
    spool = spools.folder_of(root) / "never-again"
    entries = [
        {
            "method": "start_call",
            "arguments": {
                "call_id": "earlier",
                "scenario": "short",
                "version": 1,
                "phone": phones[0],
                "contact": {},
                "answered_at": (TUESDAY - timedelta(days=1)).isoformat(),
            },
        },
        {
            "method": "record",
            "arguments": {
                "call_id": "earlier",
                "kind": "suppression",
                "data": {"phone": phones[0], "reason": "optout"},
                "at_ms": 5,
                "seq": 1,
            },
        },
    ]
    spool.mkdir(parents=True)
    (spool / "earlier.jsonl").write_text("\n".join(map(json.dumps, entries)) + "\n")
    switch = world.exchange(personas=[GHOST])
    start_campaign(world.repo)
    with gevent.Timeout(30):
        assert world.dialer(switch).run() == "done"
    assert list(world.ledger.placed()) == [phones[1]]
    refused = {row["phone"]: row for row in campaigns.results(world.repo, "c")}[phones[0]]
    assert (refused["state"], refused["reason"].partition(":")[0]) == ("refused", "suppression")


def test_a_clock_far_from_the_database_s_places_no_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_contacts(world.repo, 1)
    make_campaign(world.repo)
    switch = world.exchange(personas=[GHOST])
    start_campaign(world.repo)
    monkeypatch.setattr(clock, "skew", lambda repo: clock.Skew(-47.0, 0.01))
    with pytest.raises(ClockError, match="47 s apart"):
        world.dialer(switch).run()
    # One that is set wrongly while it dials says so, and goes on when it is mended.
    off = [clock.Skew(0.0, 0.01)] * 2 + [clock.Skew(-47.0, 0.01)]
    monkeypatch.setattr(clock, "skew", lambda repo: off[0] if len(off) == 1 else off.pop(0))
    campaigns.set_state(world.repo, "c", "paused", now=TUESDAY)
    dialer = world.dialer(switch, lease_s=1)
    run = gevent.spawn(dialer.run)
    until(lambda: "47 s apart" in dialer._note(), 10)
    campaigns.set_state(world.repo, "c", "running", now=TUESDAY)
    gevent.sleep(0.5)
    assert world.ledger.placed() == {}
    off[0] = clock.Skew(0.2, 0.01)
    assert run.get(timeout=30) == "done"
    assert len(world.ledger.placed()) == 1
    assert dialer.clock.skew_s == 0.2


def test_the_service_shows_what_it_does_over_http(world: World) -> None:
    """`agentd campaign dial`: every campaign that runs, its metrics, and whether it is able."""
    phones = add_contacts(world.repo, 3)
    world.repo.suppress(phones[2], "letter", "")
    make_campaign(world.repo, max_concurrent=1)
    quiet = persona("quiet", turns=[{"silence": 20}])
    numbers = dict(zip(phones, ("ghost", "quiet", "quiet"), strict=True))
    switch = world.exchange(personas=[quiet, GHOST], numbers=numbers)
    start_campaign(world.repo)
    waits = {"lease_s": 2, "metrics_port": 0}
    settings = switch_settings(world.house.settings, switch.address, **waits)
    stop: list[Callable[[], None]] = []
    service = gevent.spawn(dial_all, settings, world.repo, Notifier({}), stop.append)
    until(lambda: world.house.watch.said("metrics"), 10)
    where = world.house.watch.said("metrics")[0]["address"]

    def get(path: str) -> tuple[int, str]:
        def ask() -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://{where}{path}", timeout=3) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        answer: tuple[int, str] = gevent.get_hub().threadpool.apply(ask)
        return answer

    until(lambda: 'agentd_dialer_calls{campaign="c",state="talking"} 1.0' in get("/metrics")[1], 20)
    until(lambda: 'agentd_dialer_last_minute{campaign="c"} 2.0' in get("/metrics")[1])
    page = get("/metrics")[1]
    for line in (
        'agentd_dialer_attempts_total{campaign="c",disposition="UNREACHABLE",trunk="no"} 1.0',
        'agentd_dialer_originates_total{campaign="c",gateway="one"} 2.0',
        'agentd_dialer_circuit{campaign="c",gateway="one",state="closed"} 1.0',
        'agentd_dialer_circuit{campaign="c",gateway="agentd",state="open"} 0.0',
        'agentd_dialer_concurrent_limit{campaign="c"} 1.0',
        'agentd_dialer_switch_up{campaign="c"} 1.0',
    ):
        assert line in page
    assert get("/health")[0] == 200
    code, body = get("/ready")
    assert code == 200
    assert json.loads(body)["campaigns"] == {"c": {"calls": 1, "switch": True, "store": True}}
    refused = 'agentd_dialer_refusals_total{campaign="c",gate="suppression"} 1.0'
    until(lambda: refused in get("/metrics")[1], 20)
    stop[0]()
    until(lambda: get("/ready")[0] == 503)
    service.get(timeout=20)


def test_an_instant_that_was_agreed_is_read_with_its_offset() -> None:
    assert callback_at({"start": "2026-12-01T10:00:00+01:00"}) == datetime.fromisoformat(
        "2026-12-01T10:00+01:00"
    )
    for data in (None, {}, {"start": None}, {"start": "demain"}, {"start": "2026-12-01T10:00"}):
        assert callback_at(data) is None
