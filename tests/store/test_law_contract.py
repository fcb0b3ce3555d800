"""What the law's tables promise, of both databases alike."""

import json
from datetime import UTC, datetime, timedelta

import gevent
import pytest

from agentd.campaign.gates import decide
from agentd.campaign.gates.case import CampaignRules
from agentd.errors import StoreError
from agentd.store import audit, campaigns, law
from agentd.store.campaign_models import Attempt
from agentd.store.consents import Consents
from agentd.store.contacts import Contacts, Counts, Ground, Import, Person
from agentd.store.repo import Repo
from agentd.store.retention import Limits, Retention
from agentd.store.rights import Rights
from agentd.store.suppressions import Source, Suppressions

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ZOE = "+33199001234"
RULES = CampaignRules("autumn", theme="finance", caller_id="+33162001234")
PROOF = Ground("consent", NOW - timedelta(days=9), wording="oui", proof_sha256="a" * 64)


def run_of(at: datetime = NOW, source: str = "a.csv", **more) -> Import:
    return Import(source, at, "tester", **more)


def bring(repo: Repo, *people: Person, **more) -> Counts:
    return Contacts(repo).import_batch(people or [Person(ZOE, "Zoé")], run_of(**more))


def contact(repo: Repo, phone: str = ZOE) -> dict:
    return next(row for row in Contacts(repo).page() if row["phone"] == phone)


def source(name: str = "partner", kind: str = "imported", at: datetime = NOW, key: str = "k"):
    return Source(name, kind, "list.csv", "b" * 64, at, "tester", f"{key} {name}")


def decision(repo: Repo, now: datetime = NOW, phone: str = ZOE):
    key = contact(repo, phone)["id"]
    return decide(repo.run(lambda db: law.evidence_for(db, key, RULES, now)))


def a_call(repo: Repo, call_id: str, phone: str, at: datetime, name: str = "Zoé") -> None:
    repo.start_call(call_id, "finance", 1, phone, {"first_name": name}, at)
    turn = {"who": "prospect", "text": "mon secret", "start_ms": 0, "end_ms": 9}
    repo.record(call_id, "turn", turn, 9, 1)
    repo.record(call_id, "disposition", {"disposition": "LEAD"}, 10, 2)
    repo.journal_append(call_id, [(1, 1, "event", "{}")])
    repo.finish_call(call_id, at + timedelta(minutes=1), "NORMAL_CLEARING", f"{call_id}.wav")


# -- contacts --------------------------------------------------------------------------------


def test_one_contact_a_number_however_often_it_is_imported(repo):
    first = bring(
        repo,
        Person(ZOE, "Zoé", "", "", {"ville": "Lyon"}),
        Person(ZOE, "Chloé", "Dupont", "", {"ville": "Paris", "âge": "30"}),
        Person("+33199001235", "Jean"),
    )
    assert first == Counts(new=2, known=0, repeated=1)
    kept = contact(repo)
    assert (kept["first_name"], kept["last_name"]) == ("Zoé", "Dupont")
    assert kept["columns"] == {"ville": "Lyon", "âge": "30"}
    # A later batch of the same run is the same file; a later run is news, but empties nothing.
    assert bring(repo, Person(ZOE, "Z", company="ACME")) == Counts(repeated=1)
    assert contact(repo)["first_name"] == "Zoé"
    later = bring(repo, Person(ZOE, "Zoë", columns={"ville": "Metz"}), at=NOW + timedelta(hours=1))
    assert later == Counts(known=1)
    again = contact(repo)
    assert (again["first_name"], again["last_name"], again["company"]) == ("Zoë", "Dupont", "ACME")
    assert again["columns"] == {"ville": "Metz", "âge": "30"}
    assert (again["id"], again["created_at"]) == (kept["id"], kept["created_at"])


def test_a_batch_is_kept_whole_or_not_at_all(repo):
    def full(db, ids):
        raise StoreError("no room in this campaign")

    with pytest.raises(StoreError, match="no room"):
        bring(repo, enlist=full)
    assert Contacts(repo).count() == 0
    told = []
    bring(repo, enlist=lambda db, ids: told.extend(ids))
    assert told == [contact(repo)["id"]]


def test_text_a_database_cannot_hold_is_kept_as_far_as_it_can(repo):
    bring(repo, Person(ZOE, "a\0b", "\ud800", columns={"x": "\udfff"}))
    assert contact(repo)["first_name"] == "ab"


def test_contacts_are_listed_by_pages_and_found_by_name(repo):
    people = [Person(f"+331990000{n:02d}", f"N{n}", company="ACME & Fils") for n in range(10)]
    bring(repo, *people)
    store = Contacts(repo)
    assert [row["phone"] for row in store.page(limit=3)] == [p.phone for p in people[:3]]
    assert [row["phone"] for row in store.page(people[7].phone)] == [p.phone for p in people[8:]]
    assert len(store.page(like="acme & f")) == 10
    assert [row["first_name"] for row in store.page(like="n7")] == ["N7"]


# -- grounds, lists, evidence ----------------------------------------------------------------


def test_evidence_is_what_the_gates_decide_on(repo):
    bring(repo)
    assert [r.gate for r in decision(repo).refusals] == ["consent"]
    key = Consents(repo).add(ZOE, "Zoé", PROOF, "tester")
    assert Consents(repo).add(ZOE, "Zoé", PROOF, "tester") == key
    allowed = decision(repo)
    assert allowed.allowed
    assert allowed.evidence["gates"]["consent"]["ground"] == key
    assert ZOE not in json.dumps(allowed.evidence)
    Suppressions(repo).add("01 99 00 12 34", "asked", "", "tester", "s1")
    assert [r.gate for r in decision(repo).refusals] == ["suppression"]
    assert repo.run(lambda db: law.evidence_for(db, "nobody", RULES, NOW), "read") is None


def test_a_suppression_said_in_a_call_counts_at_the_next_dialling(repo):
    bring(repo)
    Consents(repo).add(ZOE, "Zoé", PROOF, "tester")
    repo.start_call("c1", "finance", 1, "0199001234", {}, NOW)
    repo.record("c1", "suppression", {"reason": "asked", "text": "arrêtez"}, 1, 1)
    repo.record("c1", "suppression", {"reason": "asked", "text": "arrêtez"}, 1, 1)  # said again
    assert "suppression" in {r.gate for r in decision(repo).refusals}
    acts = [e for e in repo.run(lambda db: audit.page(db), "read") if e.act == "suppress.call"]
    assert len(acts) == 1
    assert "arrêtez" not in acts[0].detail


def test_calls_count_as_attempts_however_the_switch_wrote_the_number(repo):
    bring(repo)
    Consents(repo).add(ZOE, "Zoé", PROOF, "tester")
    for n, written in enumerate([ZOE, "0199001234", "33199001234"]):
        a_call(repo, f"c{n}", written, NOW - timedelta(days=n + 1))
    assert decision(repo).allowed
    a_call(repo, "c9", "0033199001234", NOW - timedelta(days=20))
    assert [r.gate for r in decision(repo).refusals] == ["frequency"]


def test_a_ground_imported_with_the_contacts_holds_and_a_reimport_revives_nothing(repo):
    interest = Ground("legitimate_interest", NOW - timedelta(days=1), wording="annuaire")
    bring(repo, Person(ZOE, "Zoé", company="ACME"), ground=interest)
    assert decision(repo).allowed
    assert Consents(repo).revoke(ZOE, "mail", "tester", "r1", suppress=False, at=NOW) == 1
    bring(repo, Person(ZOE, "Zoé", company="ACME"), ground=interest, at=NOW + timedelta(hours=1))
    assert [r.gate for r in decision(repo).refusals] == ["consent"]
    assert Consents(repo).revoke(ZOE, "mail", "tester", "r2") == 0
    assert {r.gate for r in decision(repo).refusals} == {"consent", "suppression"}


def test_lists_from_outside(repo):
    bring(repo)
    Consents(repo).add(ZOE, "Zoé", PROOF, "tester")
    store = Suppressions(repo)
    store.begin(source())
    assert decision(repo).allowed
    store.put(source(), [ZOE, "+33199001235", ZOE])
    assert store.finish(source()) == 2
    assert [r.gate for r in decision(repo).refusals] == ["suppression"]
    newer = source(at=NOW + timedelta(days=1), key="newer")
    store.begin(newer)
    store.put(newer, ["+33199001235"])
    assert store.finish(newer, replace=True) == 1
    assert decision(repo).allowed
    with pytest.raises(ValueError, match="kind imported"):
        store.begin(source(kind="bloctel"))
    assert [(r["name"], r["entries"]) for r in store.lists()] == [("internal", 0), ("partner", 1)]


def test_bloctel_speaks_only_of_the_numbers_it_was_given(repo):
    before = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    bring(repo, Person(ZOE), Person("+33199001235"), Person("+33199001236"))
    store = Suppressions(repo)
    asked = source("bloctel", "bloctel", before - timedelta(days=3))
    store.begin(asked)
    store.answer(asked, {ZOE: False, "+33199001235": True})
    assert store.finish(asked) == 1
    assert decision(repo, before).allowed
    for phone in ("+33199001235", "+33199001236"):
        assert [r.gate for r in decision(repo, before, phone).refusals][:1] == ["suppression"]
    # Asking at dialling makes no answer younger.
    assert not decision(repo, before + timedelta(days=28)).allowed


def test_every_question_to_a_list_is_logged_with_its_answer(repo, place):
    bring(repo)
    Suppressions(repo).check(ZOE, NOW)
    decision(repo)
    decision(repo)
    Suppressions(repo).add(ZOE, "asked", "", "tester", "s1")
    decision(repo, NOW + timedelta(seconds=1))
    rows = place.sql("SELECT list, via, listed FROM check_log ORDER BY at, via")
    assert [(name, via, bool(listed)) for name, via, listed in rows] == [
        ("internal", "command", False),
        ("internal", "dial", False),
        ("internal", "dial", True),
    ]
    assert ZOE not in str(place.sql("SELECT * FROM check_log"))


def test_without_its_key_the_list_says_nothing(repo, place):
    bring(repo)
    place.sql("DELETE FROM secret")
    with pytest.raises(StoreError):
        decision(repo)


# -- the trail -------------------------------------------------------------------------------


def trail(repo: Repo, count: int = 5) -> None:
    for n in range(count):
        repo.run(
            lambda db, n=n: audit.append(db, "test", {"n": n}, key=f"t{n}", actor="tester", at=NOW)
        )


def verdict(repo: Repo, expect: str = "") -> audit.Verdict:
    return repo.run(lambda db: audit.verify(db, expect), "read")


def test_many_writers_at_once_make_one_chain(place):
    stores = [place.repo() for _ in range(3)]
    writers = [
        gevent.spawn(
            store.run, lambda db, k=f"{n}.{m}": audit.append(db, "t", {}, key=k, actor="x")
        )
        for n, store in enumerate(stores)
        for m in range(8)
    ]
    gevent.joinall(writers, timeout=30, raise_error=True)
    assert verdict(stores[0]).ok
    assert verdict(stores[0]).entries == len(writers)


def unguard(place) -> None:
    if place.kind == "postgres":
        place.sql("ALTER TABLE audit DISABLE TRIGGER ALL")
    else:
        place.sql("DROP TRIGGER audit_no_update")
        place.sql("DROP TRIGGER audit_no_delete")


def test_an_act_said_twice_is_kept_once(repo):
    trail(repo)
    trail(repo)
    assert verdict(repo).entries == 5


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET act = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"]
)
def test_the_database_refuses_to_change_the_trail(repo, place, statement):
    trail(repo)
    with pytest.raises(Exception, match="append-only"):
        place.sql(statement)
    assert verdict(repo).ok


@pytest.mark.parametrize("column", ["at", "actor", "act", "detail", "key", "previous", "hash"])
def test_a_change_of_anything_is_found_where_it_is(repo, place, column):
    trail(repo)
    unguard(place)
    place.sql(f"UPDATE audit SET {column} = 'forged' WHERE seq = 3")
    found = verdict(repo)
    assert (found.ok, found.broken_at) == (False, 3)


def test_a_missing_entry_is_found_and_a_cut_tail_against_a_noted_head(repo, place):
    trail(repo)
    head = verdict(repo).head
    assert verdict(repo, head).ok
    unguard(place)
    place.sql("DELETE FROM audit WHERE seq = 5")
    assert verdict(repo).ok  # a shorter trail is a whole one,
    assert verdict(repo, head).broken_at == 5  # unless its head was noted
    place.sql("DELETE FROM audit WHERE seq = 2")
    assert (verdict(repo).ok, verdict(repo).broken_at) == (False, 2)


def test_a_trail_written_anew_shows_against_a_noted_head(repo, place):
    trail(repo)
    head = verdict(repo).head
    unguard(place)
    place.sql("DELETE FROM audit")
    repo.run(lambda db: audit.append(db, "other", {}, key="o", actor="x", at=NOW))
    trail(repo, 4)
    assert verdict(repo).ok
    assert not verdict(repo, head).ok


# -- rights ----------------------------------------------------------------------------------


def test_everything_held_is_exported_and_everything_erased(repo, place):
    bring(repo, Person(ZOE, "Zoé", "Dupont"), Person("+33199001235", "Jean"))
    Consents(repo).add(ZOE, "Zoé", PROOF, "tester")
    a_call(repo, "c1", "01 99 00 12 34", NOW - timedelta(days=3))
    a_call(repo, "c2", ZOE, NOW - timedelta(days=2))
    repo.suppress(ZOE, "asked", "laissez-moi", "c2")
    a_call(repo, "other", "+33199001235", NOW - timedelta(days=2), "Jean")
    decision(repo)
    rights = Rights(repo)
    held = rights.export(ZOE, "tester", "e1")
    json.dumps(held)
    assert [c["first_name"] for c in held["contacts"]] == ["Zoé"]
    assert [c["call_id"] for c in held["calls"]] == ["c1", "c2"]
    assert held["calls"][0]["turns"][0]["text"] == "mon secret"
    assert held["calls"][0]["journal"]
    assert held["recordings"] == ["c1.wav", "c2.wav"]
    assert rights.recordings(ZOE) == (["c1", "c2"], ["c1.wav", "c2.wav"])
    assert [len(held[k]) for k in ("consents", "suppression", "checks", "audit")] == [1, 1, 1, 1]

    done = rights.forget(ZOE, "tester", "f1")
    assert (done.contacts, done.consents, done.calls) == (1, 1, 2)
    assert rights.forget(ZOE, "tester", "f2").calls == 0
    after = rights.export(ZOE, "tester", "e2")
    assert [after[k] for k in ("contacts", "consents", "calls", "recordings")] == [[]] * 4
    assert repo.suppressed(ZOE)
    everything = str(
        [
            place.sql(f'SELECT * FROM "{table}"')
            for table in ("contact", "consent", "call", "turn", "fact", "suppression", "audit")
        ]
    )
    for gone in (ZOE, "0199001234", "01 99 00 12 34", "Zoé", "Dupont", "laissez-moi"):
        assert gone not in everything
    assert repo.load_call("other") is not None
    assert verdict(repo).ok


def test_nobody_is_erased_in_mid_call_but_not_called_again(repo):
    bring(repo)
    repo.start_call("c1", "finance", 1, ZOE, {}, NOW)
    with pytest.raises(StoreError, match="goes on"):
        Rights(repo).forget(ZOE, "tester", "f1")
    assert repo.suppressed(ZOE)
    assert repo.load_call("c1") is not None


def an_attempt(repo: Repo, place, attempt: str, phone: str, at: datetime, ended: bool) -> None:
    """As the dialler records it, in a campaign that is over."""
    campaigns.create(repo, attempt, "finance", {}, simulated=False)
    key = contact(repo, phone)["id"]
    repo.run(lambda db: campaigns.enlist(db, [key], name=attempt, now=at))
    place.sql("UPDATE campaign_contact SET state = 'done' WHERE campaign = ?", attempt)
    row = {
        "id": attempt,
        "campaign": attempt,
        "contact": key,
        "number": 1,
        "dialer": "d",
        "lease_until": at,
        "gateway": "g",
        "caller_id": "+33162001234",
        "simulated": False,
        "evidence": {"allowed": True},
        "begun_at": at,
        "recorded_at": at,
        "ended_at": at if ended else None,
    }
    repo.run(lambda db: Attempt.insert(row).execute(db))


def test_attempts_are_exported_and_go_with_the_person(repo, place):
    bring(repo)
    an_attempt(repo, place, "a1", ZOE, NOW, ended=False)
    rights = Rights(repo)
    held = rights.export(ZOE, "tester", "e1")
    assert [row["evidence"] for row in held["attempt"]] == [{"allowed": True}]
    assert [row["campaign"] for row in held["campaign_contact"]] == ["a1"]
    with pytest.raises(StoreError, match="goes on"):  # it rings
        rights.forget(ZOE, "tester", "f1")
    with pytest.raises(StoreError, match="goes on"):
        rights.recordings(ZOE)
    place.sql("UPDATE attempt SET ended_at = ?", NOW.isoformat(timespec="milliseconds"))
    assert rights.forget(ZOE, "tester", "f2").contacts == 1
    assert place.sql("SELECT count(*) FROM attempt") == [(0,)]
    assert place.sql("SELECT count(*) FROM campaign_contact") == [(0,)]


def test_retention_keeps_whom_a_campaign_has_tried_or_has_yet_to_decide(repo, place):
    people = [Person(f"+3319900000{n}") for n in range(4)]
    bring(repo, *people, at=NOW - timedelta(days=1200))
    an_attempt(repo, place, "recent", people[0].phone, NOW - timedelta(days=9), ended=True)
    an_attempt(repo, place, "old", people[1].phone, NOW - timedelta(days=1150), ended=True)
    an_attempt(repo, place, "open", people[2].phone, NOW - timedelta(days=1150), ended=False)
    campaigns.create(repo, "waiting", "finance", {}, simulated=False)
    key = contact(repo, people[3].phone)["id"]
    repo.run(lambda db: campaigns.enlist(db, [key], name="waiting", now=NOW))
    limits = Limits.of(NOW, contacts=1095, calls=1095, recordings=180, journal=90, checks=1825)
    assert Retention(repo).expire(limits, print, "tester", "r1")["contacts"] == 1
    kept = [row["phone"] for row in Contacts(repo).page()]
    assert kept == [people[n].phone for n in (0, 2, 3)]


def test_retention_takes_what_is_older_and_nothing_else(repo):
    bring(repo, at=NOW - timedelta(days=1200))
    bring(repo, Person("+33199001235"), at=NOW - timedelta(days=1200))
    bring(repo, Person("+33199001236"), at=NOW - timedelta(days=100))
    Consents(repo).add("+33199001235", "", PROOF, "tester")
    for days in (10, 100, 400, 1200):
        a_call(repo, f"c{days}", "+33140000001", NOW - timedelta(days=days))
    Suppressions(repo).check(ZOE, NOW - timedelta(days=2000))
    Suppressions(repo).check(ZOE, NOW - timedelta(days=20))
    limits = Limits.of(NOW, contacts=1095, calls=1095, recordings=180, journal=90, checks=1825)
    store = Retention(repo)
    wanted = {"recordings": 2, "journal": 3, "calls": 1, "contacts": 1, "checks": 1}
    assert store.overdue(limits) == wanted
    erased: list[str] = []
    assert store.expire(limits, erased.append, "tester", "r1") == wanted
    assert sorted(erased) == ["c1200.wav", "c400.wav"]
    assert set(store.overdue(limits).values()) == {0}
    assert sorted(repo.calls()) == ["c10", "c100", "c400"]
    assert [r["phone"] for r in Contacts(repo).page()] == ["+33199001235", "+33199001236"]
    assert repo.load_call("c400").recording is None
    assert repo.journal("c10") != []


def test_a_recording_that_cannot_be_removed_is_kept_track_of(repo):
    a_call(repo, "c1", ZOE, NOW - timedelta(days=400))
    limits = Limits.of(NOW, contacts=1095, calls=1095, recordings=180, journal=90, checks=1825)

    def refuses(path: str) -> None:
        raise PermissionError(13, "no", path)

    with pytest.raises(PermissionError):
        Retention(repo).expire(limits, refuses, "tester", "r1")
    assert repo.load_call("c1").recording == "c1.wav"
