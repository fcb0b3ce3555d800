"""The dialer's transactions, on both databases: attempts, leases, limits, what follows."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import gevent
import pytest

from agentd.campaign.gates.case import Attempt as Tried
from agentd.campaign.gates.case import CampaignRules, Decision, Refusal
from agentd.errors import BadInput
from agentd.store import audit, campaigns, dialling, leases
from agentd.store.campaign_models import Attempt
from agentd.store.campaign_models import Refusal as RefusalRow
from agentd.store.dialling import Asked, Ended, Follow
from agentd.store.models import Contact

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
MACHINE = datetime(2026, 11, 24, 22, tzinfo=UTC)
LEASE = timedelta(seconds=20)
ZONES = ["Indian/Reunion", "Indian/Mayotte"]
ALLOWED = Decision(True, (), {"gates": {"hours": {"allowed": True, "zones": ZONES}}})
DONE = Follow(None, reason="decided by the call")


def people(repo, count):
    rows = [
        {
            "id": f"c{i:03d}",
            "phone": f"+3319900{i:04d}",
            "first_name": "Zoé",
            "last_name": "",
            "company": "",
            "columns": {"ville": "Sète"},
            "source": "a.csv" if i % 2 else "b.csv",
            "created_at": NOW,
            "updated_at": NOW,
        }
        for i in range(count)
    ]
    repo.run(lambda db: Contact.insert_many(rows).execute(db))


@pytest.fixture
def campaign(repo):
    people(repo, 10)
    campaigns.create(repo, "c", "finance", {"max_concurrent": 5}, simulated=False)
    campaigns.add_contacts(repo, "c", NOW)
    campaigns.set_state(repo, "c", "running", now=NOW)
    return repo


def asked(attempt, decide=lambda case: ALLOWED, **fields):
    given = {
        "campaign": "c",
        "dialer": "d1",
        "attempt": attempt,
        "rules": CampaignRules("c", caller_id="+33162000001"),
        "decide": decide,
        "choose": lambda failures: "trunk",
        "now": NOW,
        "machine": MACHINE,
        "lease": LEASE,
        "most_active": 5,
        "most_begun": 60,
        "patience": timedelta(days=14),
        "simulated": False,
        **fields,
    }
    return Asked(**given)


def refuse(retry_at=None):
    refusals = (Refusal("hours", "art. D. 223-9", "too early", retry_at),)
    gates = {"hours": {"allowed": False, "refusals": []}}
    return lambda case: Decision(False, refusals, {"gates": gates})


def place(repo, contact):
    return next(r for r in campaigns.results(repo, "c") if r["contact"] == contact)


def test_an_attempt_is_recorded_with_its_evidence_and_sealed(campaign):
    begun = dialling.begin(campaign, asked("a1")).begun
    assert (begun.id, begun.contact, begun.phone) == ("a1", "c000", "+33199000000")
    assert begun.columns["ville"] == "Sète"
    assert begun.zone == "Indian/Reunion", "the first the hours were judged by"
    assert place(campaign, "c000")["state"] == "calling"
    told = campaigns.explain(campaign, "c", "+33199000000")
    assert told["attempts"][0]["evidence"] == ALLOWED.evidence
    acts = campaign.run(lambda db: [(e.act, e.key) for e in audit.entries(db)], "read")
    assert ("call.allowed", "attempt a1") in acts


def test_said_twice_it_is_one_attempt_at_one_contact(campaign):
    first, second = (dialling.begin(campaign, asked("a1")).begun for _ in range(2))
    assert first == second
    assert dialling.load(campaign, "c", NOW).active == 1


@pytest.mark.parametrize(
    ("limits", "most"), [({"most_active": 3}, 3), ({"most_begun": 4, "most_active": 9}, 4)]
)
def test_limits_hold_for_dialers_that_begin_at_once(campaign, place_of, limits, most):
    other = place_of.repo(migrated=False)

    def dial(repo, who):
        return [dialling.begin(repo, asked(f"{who}{n}", dialer=who, **limits)) for n in range(5)]

    jobs = [gevent.spawn(dial, repo, who) for repo, who in ((campaign, "d1"), (other, "d2"))]
    gevent.joinall(jobs, raise_error=True)
    begun = [looked.begun for job in jobs for looked in job.value if looked.begun]
    assert len(begun) == most
    assert max(Counter(b.contact for b in begun).values()) == 1
    assert any(looked.full for job in jobs for looked in job.value)


@pytest.fixture
def place_of(place):
    return place


def test_a_refusal_for_good_decides_and_a_passing_one_is_asked_again(campaign):
    looked = dialling.begin(campaign, asked("a1", refuse()))
    assert (looked.begun, looked.refused, looked.gates) == (None, 10, {"hours": 10})
    assert place(campaign, "c000")["state"] == "refused"
    assert "art. D. 223-9" in place(campaign, "c000")["reason"]
    people_left = campaigns.status(campaign, "c")
    assert people_left.contacts == {"refused": 10}
    assert people_left.refusals == {"hours": 10}
    assert campaign.run(lambda db: RefusalRow.select().count(db), "read") == 10


def test_a_refusal_until_tomorrow_waits_and_one_until_next_year_decides(campaign):
    tomorrow = NOW + timedelta(days=1)
    dialling.begin(campaign, asked("a1", refuse(tomorrow)))
    row = place(campaign, "c000")
    assert (row["state"], row["next_at"]) == ("ready", tomorrow.isoformat(timespec="seconds"))
    load = dialling.load(campaign, "c", NOW)
    assert (load.ready, load.waiting_until) == (False, tomorrow)
    dialling.begin(campaign, asked("a2", refuse(NOW + timedelta(days=365)), now=tomorrow))
    assert place(campaign, "c000")["state"] == "refused"


def test_nothing_begins_unless_the_campaign_runs(campaign):
    campaigns.set_state(campaign, "c", "paused", now=NOW)
    assert dialling.begin(campaign, asked("a1")).held
    assert dialling.load(campaign, "c", NOW).active == 0


def test_a_contact_that_another_campaign_is_calling_waits(campaign):
    campaigns.create(campaign, "other", "finance", {}, simulated=False)
    campaigns.add_contacts(campaign, "other", NOW, "b.csv")
    campaigns.set_state(campaign, "other", "running", now=NOW)
    first = dialling.begin(campaign, asked("a1")).begun
    second = dialling.begin(campaign, asked("a2", campaign="other")).begun
    assert first.contact == "c000"
    assert second.contact == "c002"


def test_the_first_end_that_is_said_stays(campaign):
    dialling.begin(campaign, asked("a1"))
    assert dialling.close(campaign, "a1", Ended(NOW, "LEAD", score=90), lambda counts: DONE)
    assert not dialling.close(campaign, "a1", Ended(NOW, "FAILED"), lambda counts: DONE)
    row = place(campaign, "c000")
    assert (row["state"], row["disposition"], row["score"]) == ("done", "LEAD", 90)
    assert not dialling.close(campaign, "never", Ended(NOW, "FAILED"), lambda counts: DONE)


def test_what_follows_is_decided_from_what_has_been(campaign):
    seen = []
    for n, (disposition, trunk) in enumerate(
        [("FAILED", True), ("FAILED", True), ("BUSY", False), ("NO_ANSWER", False), ("BUSY", False)]
    ):
        at = NOW + timedelta(hours=n)
        dialling.begin(campaign, asked(f"a{n}", now=at))

        def follow(counts, at=at):
            seen.append((counts.attempts, counts.same, counts.trunk))
            return Follow(at + timedelta(minutes=1), 0, "again")

        dialling.close(campaign, f"a{n}", Ended(at, disposition, trunk=trunk), follow)
    assert seen == [(0, 0, 1), (0, 0, 2), (1, 1, 0), (2, 1, 0), (3, 2, 0)]
    assert [a["disposition"] for a in place(campaign, "c000")["attempts"]] == [
        *("FAILED", "FAILED", "BUSY", "NO_ANSWER", "BUSY")
    ]


def test_callbacks_come_first(campaign):
    dialling.begin(campaign, asked("a1"))
    at = NOW + timedelta(hours=2)
    dialling.close(campaign, "a1", Ended(NOW, "CALLBACK"), lambda counts: Follow(at, 0, ""))
    assert dialling.begin(campaign, asked("a2")).begun.contact == "c001"
    assert dialling.begin(campaign, asked("a3", now=at)).begun.contact == "c000"


def test_what_a_dead_dialer_left_is_taken_over_once(campaign, place):
    dialling.begin(campaign, asked("a1"))
    dialling.begin(campaign, asked("a2"))
    dialling.answered(campaign, "a2", NOW)
    later = MACHINE + LEASE + timedelta(seconds=1)

    def adopt(who, at):
        return leases.adopt(campaign, who, "c", (), machine=at, until=at + LEASE)

    assert adopt("d2", MACHINE + LEASE / 2) == []
    taken = adopt("d2", later)
    assert {(open_.id, open_.answered_at) for open_ in taken} == {("a1", None), ("a2", NOW)}
    assert adopt("d3", later) == []
    assert {open_.id for open_ in leases.open_of(campaign, "d2")} == {"a1", "a2"}


def test_a_dialer_that_lives_keeps_its_leases_and_finds_what_it_took_for_lost(campaign):
    dialling.begin(campaign, asked("a1"))
    later = MACHINE + 3 * LEASE
    leases.beat(campaign, "d1", "c", ("host", 7), machine=later, until=later + LEASE)
    assert leases.adopt(campaign, "d2", "c", (), machine=later, until=later + LEASE) == []
    mine = {"a1": None}
    assert leases.adopt(campaign, "d1", "c", mine, machine=later, until=later + LEASE) == []
    (found,) = leases.adopt(campaign, "d1", "c", (), machine=later, until=later + LEASE)
    assert found.id == "a1"


def test_a_real_campaign_does_not_count_simulated_attempts_nor_those_that_never_rang(campaign):
    for n, (simulated, counted) in enumerate([(False, True), (True, True), (False, False)]):
        dialling.begin(campaign, asked(f"a{n}", simulated=simulated))
        ended = Ended(NOW, "BUSY", counted=counted)
        dialling.close(campaign, f"a{n}", ended, lambda counts: Follow(NOW, 0, ""))

    def tried(simulated):
        return campaign.run(
            lambda db: dialling.attempts_of(db, "+33199000000", simulated=simulated), "read"
        )

    assert tried(False) == [Tried(NOW, "BUSY", "c")]
    assert len(tried(True)) == 2


def test_a_campaign_ends_when_everybody_is_decided(campaign):
    assert campaigns.finish(campaign, "c", NOW) is None
    dialling.begin(campaign, asked("a1", refuse()))
    assert campaigns.finish(campaign, "c", NOW) == "done"
    assert campaigns.get(campaign, "c").state == "done"


def test_draining_it_is_stopped_when_the_last_call_ends(campaign):
    dialling.begin(campaign, asked("a1"))
    campaigns.set_state(campaign, "c", "draining", now=NOW)
    assert campaigns.finish(campaign, "c", NOW) is None
    dialling.close(campaign, "a1", Ended(NOW, "LEAD"), lambda counts: DONE)
    assert campaigns.finish(campaign, "c", NOW) == "stopped"
    with pytest.raises(BadInput, match="cannot be paused next"):
        campaigns.set_state(campaign, "c", "paused", now=NOW)


def test_contacts_are_put_in_once_by_file_or_all(repo):
    people(repo, 10)
    campaigns.create(repo, "c", "finance", {}, simulated=False)
    assert campaigns.add_contacts(repo, "c", NOW, "a.csv") == 5
    assert campaigns.add_contacts(repo, "c", NOW) == 5
    assert campaigns.add_contacts(repo, "c", NOW) == 0
    with pytest.raises(BadInput, match="one already"):
        campaigns.create(repo, "c", "finance", {}, simulated=False)


def test_a_forgotten_contact_takes_its_attempts_along(campaign):
    dialling.begin(campaign, asked("a1"))
    campaign.run(lambda db: Contact.delete().where(Contact.id == "c000").execute(db))
    assert campaign.run(lambda db: Attempt.select().count(db), "read") == 0
    with pytest.raises(BadInput, match="no contact"):
        campaigns.explain(campaign, "c", "c000")


def test_a_call_counts_until_a_minute_after_the_switch_had_it(campaign):
    """Not from its recording: the originate may have been long on its way."""

    def begun(seconds):
        return dialling.load(campaign, "c", NOW + timedelta(seconds=seconds)).begun

    for name in ("late", "soon", "never"):
        dialling.begin(campaign, asked(name))
    dialling.placed(campaign, "soon", NOW + timedelta(seconds=1))
    dialling.placed(campaign, "late", NOW + timedelta(seconds=48))
    dialling.placed(campaign, "late", NOW + timedelta(seconds=500))  # the first stays
    ended = Ended(NOW + timedelta(seconds=90), "FAILED", counted=False, trunk=True)
    assert [begun(s) for s in (0, 60, 62, 107, 109)] == [3, 3, 2, 2, 1]  # "never" is open
    dialling.close(campaign, "never", ended, lambda counts: DONE)
    assert [begun(s) for s in (109, 149, 151)] == [1, 1, 0]
    full = dialling.begin(campaign, asked("a", now=NOW + timedelta(seconds=62), most_begun=2))
    assert full.full
    assert dialling.begin(
        campaign, asked("a", now=NOW + timedelta(seconds=151), most_begun=1)
    ).begun


def test_an_end_that_is_told_with_its_placing_keeps_it(campaign):
    dialling.begin(campaign, asked("a1"))
    at = NOW + timedelta(seconds=3)
    ended = Ended(NOW + timedelta(seconds=5), "BUSY", placed_at=at)
    dialling.close(campaign, "a1", ended, lambda counts: DONE)
    kept = campaign.run(
        lambda db: next(iter(Attempt.select().where(Attempt.id == "a1").dicts().execute(db))),
        "read",
    )
    assert kept["placed_at"] == at
    assert dialling.load(campaign, "c", NOW + timedelta(seconds=64)).begun == 0


def test_contacts_that_are_due_are_counted_up_to_a_bound(campaign, monkeypatch):
    assert dialling.due(campaign, "c", NOW) == 10
    assert dialling.due(campaign, "c", NOW - timedelta(seconds=1)) == 0
    monkeypatch.setattr(dialling, "DUE_MOST", 4)
    assert dialling.due(campaign, "c", NOW) == 4
