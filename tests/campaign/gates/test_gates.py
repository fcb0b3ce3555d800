"""Every gate refuses what its article forbids, and nothing gets past one that breaks."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.campaign.gates import GATES, decide
from agentd.campaign.gates.case import (
    Attempt,
    CampaignRules,
    Case,
    Check,
    Consent,
    Contact,
    Finding,
)
from agentd.campaign.gates.places import TERRITORIES

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=PARIS)  # a Tuesday
PROVEN = Consent("k1", "consent", datetime(2026, 9, 1, tzinfo=UTC), proof_sha256="a" * 64)
INTEREST = Consent("k2", "legitimate_interest", datetime(2026, 9, 1, tzinfo=UTC))


def case(**changes) -> Case:
    """A consumer in Paris who may be called."""
    given = {
        "contact": Contact("c1", "+33199001234"),
        "campaign": CampaignRules("autumn", theme="finance", caller_id="+33162001234"),
        "now": NOON,
        "consents": (PROVEN,),
        "suppressions": (Check("internal", False, NOON, "internal"),),
    }
    return Case(**{**given, **changes})


def business(**changes) -> Case:
    given = {"contact": Contact("c2", "+33199001235", company="ACME"), "consents": (INTEREST,)}
    return case(**{**given, **changes})


def refused(subject: Case) -> set[str]:
    return {refusal.gate for refusal in decide(subject).refusals}


def at(text: str, zone: str = "Europe/Paris") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_who_may_be_called_is():
    for subject in (case(), business()):
        decision = decide(subject)
        assert decision.allowed
        assert decision.refusals == ()
        assert set(decision.evidence["gates"]) == {name for name, _ in GATES}
        assert json.loads(json.dumps(decision.evidence)) == decision.evidence
        assert "+33" not in json.dumps(decision.evidence).replace(
            subject.campaign.caller_id, ""
        ).replace('"territory": "+33"', "")


# -- fail closed -----------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [name for name, _ in GATES])
def test_a_gate_that_breaks_refuses_and_is_named(broken):
    def breaks(_: Case) -> Finding:
        raise KeyError("+33199001234")

    gates = [(name, breaks if name == broken else gate) for name, gate in GATES]
    decision = decide(case(), gates)
    assert not decision.allowed
    assert [r.gate for r in decision.refusals] == [broken]
    assert decision.retry_at is None
    assert "+33199001234" not in decision.refusals[0].reason


def test_without_gates_nobody_is_called():
    assert not decide(case(), []).allowed


def test_an_instant_without_zone_is_refused_by_all():
    assert len(decide(case(now=datetime(2026, 11, 24, 11))).refusals) == len(GATES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact": Contact("c1", "")},
        {"contact": Contact("c1", "garbage")},
        {"contact": Contact("c1", "+33199001234", columns={"fuseau horaire": "Mars/Olympus"})},
        {"campaign": CampaignRules("x", caller_id="+33162001234", zone="Nowhere/AtAll")},
        {"campaign": CampaignRules("x", caller_id="+33162001234", audience="anyone")},
        {"attempts": (Attempt(datetime(2026, 11, 1)),)},
        {"consents": None},
        {"suppressions": None},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    assert not decide(case(**wrong)).allowed


def test_a_zone_that_does_not_exist_is_said():
    contact = Contact("c1", "+33199001234", columns={"fuseau": "Mars/Olympus"})
    reasons = {r.gate: r.reason for r in decide(case(contact=contact)).refusals}
    assert set(reasons) == {"hours", "frequency"}
    assert "Mars/Olympus" in reasons["hours"]


@given(
    phone=st.one_of(st.text(max_size=20), st.from_regex(r"\+[0-9]{1,15}", fullmatch=True)),
    zone=st.text(max_size=20),
    theme=st.text(max_size=20),
    caller=st.text(max_size=20),
    columns=st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_no_text_makes_it_raise(phone, zone, theme, caller, columns):
    rules = CampaignRules("x", theme=theme, caller_id=caller, zone=zone)
    decision = decide(case(contact=Contact("c", phone, columns=columns), campaign=rules))
    json.dumps(decision.evidence)


# -- consent ---------------------------------------------------------------------------------


def test_a_consumer_without_consent_is_refused_with_the_article():
    decision = decide(case(consents=()))
    (refusal,) = decision.refusals
    assert refusal.gate == "consent"
    assert "L. 223-1" in refusal.article
    assert "2025-594" in refusal.article


@pytest.mark.parametrize(
    ("ground", "allowed"),
    [
        (PROVEN, True),
        (replace(PROVEN, proof_sha256=""), False),
        (replace(PROVEN, revoked_at=NOON), False),
        (replace(PROVEN, revoked_at=NOON + timedelta(seconds=1)), True),
        (replace(PROVEN, expires_at=NOON), False),
        (replace(PROVEN, given_at=NOON + timedelta(seconds=1)), False),
        (replace(PROVEN, theme="finance"), True),
        (replace(PROVEN, theme="crypto"), False),
        (replace(PROVEN, basis="legitimate_interest"), False),
        (replace(PROVEN, basis="contract", theme="finance"), True),
        (replace(PROVEN, basis="contract"), False),
        (replace(PROVEN, basis="hearsay"), False),
    ],
)
def test_which_ground_allows_a_consumer(ground, allowed):
    assert decide(case(consents=(ground,))).allowed is allowed


def test_a_business_needs_a_recorded_ground():
    assert refused(business(consents=())) == {"consent"}
    assert "RGPD" in decide(business(consents=())).refusals[0].article
    assert refused(business(consents=(replace(INTEREST, revoked_at=NOON),))) == {"consent"}


def test_a_campaign_may_take_everybody_for_a_consumer():
    rules = replace(business().campaign, audience="consumer")
    assert refused(business(campaign=rules)) == {"consent"}
    rules = replace(case().campaign, audience="business")
    assert decide(case(campaign=rules, consents=(INTEREST,))).allowed


def test_before_the_opt_in_law_a_consumer_needs_bloctel_instead():
    before = at("2026-08-10T19:59")
    bloctel = Check("bloctel", False, before - timedelta(days=29), "bloctel")
    internal = Check("internal", False, before, "internal")
    assert decide(case(now=before, consents=(), suppressions=(internal, bloctel))).allowed
    stale = replace(bloctel, checked_at=before - timedelta(days=31))
    for checks in ((internal,), (internal, stale)):
        assert refused(case(now=before, consents=(), suppressions=checks)) == {"suppression"}
    after = at("2026-08-11T10:00")
    assert refused(case(now=after, consents=())) == {"consent"}


# -- suppression -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["internal", "imported", "bloctel"])
def test_a_listed_number_is_refused(kind):
    checks = (*case().suppressions, Check(f"the {kind}", True, NOON, kind))
    decision = decide(case(suppressions=checks))
    assert [r.gate for r in decision.refusals] == ["suppression"]
    assert decision.retry_at is None


def test_a_required_list_that_was_not_asked_refuses():
    assert refused(case(suppressions=())) == {"suppression"}
    rules = replace(case().campaign, required_lists=("internal", "partner"))
    assert refused(case(campaign=rules)) == {"suppression"}


# -- hours -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "consumer", "company"),
    [
        ("2026-11-24T08:59", False, False),
        ("2026-11-24T09:00", False, True),
        ("2026-11-24T10:00", True, True),
        ("2026-11-24T12:59:59.999999", True, True),
        ("2026-11-24T13:00", False, True),
        ("2026-11-24T14:00", True, True),
        ("2026-11-24T19:59:59", True, True),
        ("2026-11-24T20:00", False, False),
        ("2026-11-28T11:00", False, True),  # Saturday
        ("2026-11-28T09:59", False, False),
        ("2026-11-28T18:00", False, False),
        ("2026-11-29T11:00", False, False),  # Sunday
        ("2026-12-25T11:00", False, False),  # Christmas, a Friday
        ("2027-05-06T11:00", False, False),  # Ascension
    ],
)
def test_the_windows(local, consumer, company):
    assert ("hours" not in refused(case(now=at(local)))) is consumer
    assert ("hours" not in refused(business(now=at(local)))) is company


@pytest.mark.parametrize(
    ("phone", "columns", "zone", "opens", "shuts"),
    [
        ("+262692001234", {}, "Indian/Reunion", "10:00", "19:59"),
        ("+262639011234", {}, "Indian/Mayotte", "10:00", "19:59"),
        ("+262709001234", {}, "Indian/Mayotte", "10:00", "18:59"),  # either island
        ("+590690001234", {}, "America/Guadeloupe", "10:00", "19:59"),
        ("+594694001234", {}, "America/Cayenne", "10:00", "19:59"),
        ("+596696001234", {}, "America/Martinique", "10:00", "19:59"),
        ("+508411234", {}, "America/Miquelon", "10:00", "19:59"),
        ("+687251234", {}, "Pacific/Noumea", "10:00", "19:59"),
        ("+681721234", {}, "Pacific/Wallis", "10:00", "19:59"),
        ("+689401234", {}, "Pacific/Tahiti", "10:00", "18:59"),  # Gambier is an hour ahead
        ("+33639981234", {"Code Postal": "97400"}, "Indian/Reunion", "10:00", "19:59"),
        ("+33639981234", {"fuseau_horaire": "Pacific/Noumea"}, "Pacific/Noumea", "10:00", "19:59"),
    ],
)
def test_hours_are_those_where_the_person_is(phone, columns, zone, opens, shuts):
    contact = Contact("c", phone, columns=columns)
    for local in (opens, shuts):
        now = at(f"2026-11-25T{local}", zone)
        assert "hours" not in refused(case(contact=contact, now=now))
    for local in (time.fromisoformat(opens), time.fromisoformat(shuts)):
        step = timedelta(minutes=-1 if local.hour == 10 else 1)
        moment = datetime.combine(date(2026, 11, 25), local, ZoneInfo(zone)) + step
        assert "hours" in refused(case(contact=contact, now=moment))


def test_a_campaigns_zone_is_for_numbers_that_tell_none():
    rules = replace(case().campaign, zone="Indian/Reunion")
    early = at("2026-11-24T08:00")  # 11:00 in Réunion
    assert "hours" not in refused(case(campaign=rules, now=early))
    rules = replace(rules, zone="Europe/Paris")
    guadeloupe = Contact("c", "+590690001234")
    assert "hours" in refused(case(campaign=rules, contact=guadeloupe))  # 06:00 there


def test_holidays_of_alsace_moselle_and_overseas():
    good_friday = at("2027-03-26T11:00")
    for postcode, closed in (("67000", True), ("57000", True), ("75001", False), ("1000", False)):
        contact = Contact("c", "+33199001234", columns={"cp": postcode})
        assert ("hours" in refused(case(contact=contact, now=good_friday))) is closed
    reunion = Contact("c", "+262692001234")
    assert "hours" in refused(case(contact=reunion, now=at("2027-12-20T11:00", "Indian/Reunion")))


PHONES = st.sampled_from(
    ["+33199001234", "+33639981234", *(f"{code}690001234" for code in TERRITORIES)]
)
INSTANTS = st.datetimes(
    datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC), allow_imaginary=False
)


@given(INSTANTS, PHONES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_instant_outside_the_windows_is_ever_allowed(now, phone, company):
    """Said again in other words than the gate's: in every zone of the number's territory."""
    contact = Contact("c", phone, company="ACME" if company else "")
    if "hours" in refused(case(contact=contact, now=now)):
        return
    territory = next(places for code, places in TERRITORIES.items() if phone.startswith(code))
    for place in territory if not phone.startswith("+262690") else TERRITORIES["+262"]:
        local = now.astimezone(ZoneInfo(place.zone))
        hour = local.hour + local.minute / 60
        if company:
            weekday_ok = local.weekday() <= 4 and 9 <= hour < 20
            assert weekday_ok or (local.weekday() == 5 and 10 <= hour < 18)
        else:
            assert local.weekday() <= 4
            assert 10 <= hour < 13 or 14 <= hour < 20
        assert (local.month, local.day) not in {
            (1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25),
        }  # fmt: skip


@given(INSTANTS, PHONES, st.booleans())
@settings(max_examples=150, deadline=None)
def test_when_to_try_again_is_later_and_lawful(now, phone, company):
    contact = Contact("c", phone, company="ACME" if company else "")
    refusals = [r for r in decide(case(contact=contact, now=now)).refusals if r.gate == "hours"]
    if not refusals:
        return
    retry = refusals[0].retry_at
    assert retry is not None
    assert now < retry < now + timedelta(days=21)
    assert "hours" not in refused(case(contact=contact, now=retry))


# -- frequency -------------------------------------------------------------------------------


def attempts(*days_ago: int, disposition: str = "NO_ANSWER") -> tuple[Attempt, ...]:
    return tuple(Attempt(NOON - timedelta(days=d), disposition, f"campaign {d}") for d in days_ago)


def test_four_attempts_in_thirty_days_whatever_the_campaign():
    assert decide(case(attempts=attempts(1, 2, 3))).allowed
    decision = decide(case(attempts=attempts(1, 2, 3, 29)))
    assert [r.gate for r in decision.refusals] == ["frequency"]
    assert "D. 223-9" in decision.refusals[0].article
    assert decision.retry_at == at("2026-11-25T00:00")
    assert decide(case(attempts=attempts(1, 2, 3, 30))).allowed


@pytest.mark.parametrize("disposition", ["NOT_INTERESTED", "OPT_OUT"])
def test_sixty_full_days_of_rest_after_a_refusal(disposition):
    decision = decide(case(attempts=attempts(60, disposition=disposition)))
    assert [r.gate for r in decision.refusals] == ["frequency"]
    assert decision.retry_at == at("2026-11-25T00:00")
    assert decide(case(attempts=attempts(61, disposition=disposition))).allowed


@given(st.lists(st.integers(0, 120), max_size=12), st.integers(0, 120))
@settings(max_examples=100, deadline=None)
def test_never_a_fifth_attempt_in_any_thirty_days(days, ahead):
    """Dialling whenever the gate lets us never gives five attempts within thirty days."""
    made: list[datetime] = []
    start = at("2026-11-24T00:00")
    for day in sorted({*days, ahead}):
        moment = start + timedelta(days=day, hours=11)
        done = tuple(Attempt(m, "NO_ANSWER") for m in made)
        if "frequency" not in refused(case(now=moment, attempts=done)):
            made.append(moment)
    for first in made:
        assert sum(first <= m < first + timedelta(days=30) for m in made) <= 4


# -- caller id, sector, dates, number ---------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "allowed"),
    [
        ("+33162001234", True),
        ("0270 00 12 34", True),
        ("0948001234", True),
        ("+590947512345", True),
        ("0947812345", True),
        ("0612345678", False),
        ("+33712345678", False),
        ("+262692001234", False),
        ("0199001234", False),
        ("0937001234", False),
        ("0800123456", False),
        ("", False),
        ("anonymous", False),
        ("+4915112345678", False),
    ],
)
def test_which_number_may_be_shown(shown, allowed):
    rules = replace(case().campaign, caller_id=shown)
    assert ("caller_id" not in refused(case(campaign=rules))) is allowed


def test_the_ranges_are_those_of_the_day():
    rules = replace(case().campaign, caller_id="0199001234")
    assert "caller_id" not in refused(case(campaign=rules, now=at("2022-12-30T11:00")))
    assert "caller_id" in refused(case(campaign=rules, now=at("2023-01-02T11:00")))
    for mobile in ("0639980000", "0712345678"):
        rules = replace(case().campaign, caller_id=mobile)
        assert "caller_id" in refused(case(campaign=rules, now=at("2022-12-30T11:00")))


@pytest.mark.parametrize(
    ("theme", "article"),
    [
        ("rénovation énergétique", "L. 223-1 al. 5"),
        ("Panneaux solaires", "L. 223-1 al. 5"),
        ("adaptation_logement", "L. 223-1 al. 5"),
        ("CPF", "L. 6323-8-1"),
    ],
)
def test_banned_sectors_want_a_contract_about_it(theme, article):
    rules = replace(case().campaign, theme=theme)
    decision = decide(case(campaign=rules))
    assert [r.gate for r in decision.refusals] == ["sector"]
    assert article in decision.refusals[0].article
    contract = replace(PROVEN, basis="contract", theme=theme)
    assert decide(case(campaign=rules, consents=(contract,))).allowed
    over = replace(contract, expires_at=NOON)
    assert "sector" in refused(case(campaign=rules, consents=(PROVEN, over)))


def test_supply_of_energy_and_businesses_are_not_banned():
    assert decide(case(campaign=replace(case().campaign, theme="energie"))).allowed
    rules = replace(case().campaign, sector="isolation")
    assert "sector" in refused(case(campaign=rules))
    assert decide(business(campaign=rules)).allowed


def test_the_dates_of_the_campaign():
    early = replace(case().campaign, starts_at=NOON + timedelta(hours=1))
    decision = decide(case(campaign=early))
    assert [r.gate for r in decision.refusals] == ["campaign_dates"]
    assert decision.retry_at == early.starts_at
    over = decide(case(campaign=replace(case().campaign, ends_at=NOON)))
    assert [r.gate for r in over.refusals] == ["campaign_dates"]
    assert over.retry_at is None


@pytest.mark.parametrize(
    "phone", ["+33899123456", "+33800123456", "+3225551234", "+331990012", "0199001234", "+33"]
)
def test_numbers_nobody_may_be_called_under(phone):
    assert "number" in refused(case(contact=Contact("c", phone)))


def test_try_again_when_the_last_reason_is_gone():
    late = at("2026-11-24T21:00")
    rules = replace(case().campaign, starts_at=at("2026-12-01T00:00"))
    assert decide(case(campaign=rules, now=late)).retry_at == at("2026-12-01T00:00")
    assert decide(case(campaign=rules, now=late, consents=())).retry_at is None
