"""A campaign dialled through a real FreeSWITCH: originate, its causes, whom the call is about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import gevent
import pytest
from live_deployment import Deployed
from live_phone import Phone
from live_switch import LiveSwitch, until

from agentd import config
from agentd.campaign import gates
from agentd.campaign import settings as campaign_settings
from agentd.campaign.dialer import Dialer
from agentd.campaign.gates import hours
from agentd.campaign.gates.case import CampaignRules, Case
from agentd.campaign.gates.case import Contact as Who
from agentd.config import Settings
from agentd.store import campaigns
from agentd.store.models import Consent, Contact

# The last digits are kept for fiction; somewhere French it is nearly always a lawful hour.
TERRITORIES = ("+3319900", "+59059000", "+26226299", "+68729", "+59629900", "+50841")
COLUMNS = {"ville": 'L\'Haÿ, {les} "Roses"=94', "note": "a|b\\c ^^:d [e] ${f} 100%25"}
LAST_NAME = 'D\'Été, de "la" Tour'


@pytest.fixture
def lawful() -> str:
    """The beginning of a number whose owner may be called now, as a business."""
    now = datetime.now(UTC)
    for prefix in TERRITORIES:
        case = Case(Who("x", f"{prefix}0001", company="x"), CampaignRules("live"), now)
        if not hours.examine(case).refusals:
            return prefix
    pytest.skip("nobody in France may be called at this hour (Sunday?)")


def people(deployed: Deployed, phones: list[str]) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "id": f"c{i}",
            "phone": phone,
            "first_name": "Claire",
            "last_name": LAST_NAME,
            "company": "Dubois & Fils, SARL",
            "columns": COLUMNS,
            "source": "",
            "created_at": now,
            "updated_at": now,
        }
        for i, phone in enumerate(phones)
    ]
    grounds = [
        {
            "id": f"g{i}",
            "phone": phone,
            "who": "",
            "basis": "legitimate_interest",
            "theme": "*",
            "given_at": now - timedelta(days=1),
            "channel": "",
            "wording": "",
            "proof": "",
            "proof_sha256": "",
            "recorded_at": now,
            "recorded_by": "test",
        }
        for i, phone in enumerate(phones)
    ]
    deployed.repo.run(lambda db: Contact.insert_many(rows).execute(db))
    deployed.repo.run(lambda db: Consent.insert_many(grounds).execute(db))


def dialled(
    deployed: Deployed, switch: LiveSwitch, phones: list[str], port: int, **told: Any
) -> tuple[Settings, Dialer]:
    """A campaign over these numbers, all of them at the phone of this SIP port."""
    people(deployed, phones)
    data = {
        "caller_ids": ["+33162000001"],
        "gateways": [f"sofia/internal/{{number}}@127.0.0.1:{port}"],
        "ring_s": 6,
        "per_minute": 600,
        "max_concurrent": 1,
        "retry": {"UNREACHABLE": {"attempts": 1, "delay_s": 0}},
        "trunk_attempts": 1,
        **told,
    }
    kept = campaign_settings.parse(data, "test").model_dump(mode="json")
    repo = deployed.repo
    campaigns.create(repo, "live", "finance", kept, simulated=False)
    campaigns.add_contacts(repo, "live", datetime.now(UTC))
    campaigns.set_state(repo, "live", "running", now=datetime.now(UTC))
    place = {"host": switch.host, "port": switch.port, "password": switch.password}
    waits = {"lease_s": 4, "settle_s": 8, "grace_s": 2}
    base = config.load().model_dump(mode="json")
    settings = Settings.model_validate({**base, "switch": place, "dialer": waits})
    return settings, Dialer(settings, repo, "live")


def test_a_call_is_placed_held_and_its_contact_decided(
    switch: LiveSwitch, deployed: Deployed, phones: Callable[..., Phone], lawful: str
) -> None:
    number = f"{lawful}0001"
    phone = phones(user=number)
    deployed.start()
    _, dialer = dialled(deployed, switch, [number], phone.port)
    run = gevent.spawn(dialer.run)
    until(lambda: phone.in_call, 20, "the phone did not ring")
    gevent.sleep(1.0)
    phone.press("9")
    assert run.get(timeout=40) == "done"
    (row,) = campaigns.results(deployed.repo, "live")
    assert row["disposition"] == "OPT_OUT"
    (call,) = row["calls"]
    (attempt,) = row["attempts"]
    assert call["call_id"] == call["channel"] == attempt["id"]
    assert call["phone"] == number
    assert call["contact"]["last_name"] == LAST_NAME
    assert {name: call["contact"][name] for name in COLUMNS} == COLUMNS
    assert attempt["answered_at"]
    told = campaigns.explain(deployed.repo, "live", number)
    assert set(told["attempts"][0]["evidence"]["gates"]) == {name for name, _ in gates.GATES}


def test_a_number_that_is_not_there_is_not_called_again(
    switch: LiveSwitch, deployed: Deployed, phones: Callable[..., Phone], lawful: str
) -> None:
    phone = phones(user=f"{lawful}0001")
    deployed.start()
    _, dialer = dialled(deployed, switch, [f"{lawful}0002"], phone.port)
    assert gevent.spawn(dialer.run).get(timeout=30) == "done"
    (row,) = campaigns.results(deployed.repo, "live")
    assert (row["disposition"], row["attempts"][0]["sip_status"]) == ("UNREACHABLE", 404)


def test_a_trunk_that_does_not_answer_fails_without_counting(
    switch: LiveSwitch, deployed: Deployed, lawful: str
) -> None:
    deployed.start()
    _, dialer = dialled(deployed, switch, [f"{lawful}0003"], 5999)
    assert gevent.spawn(dialer.run).get(timeout=30) == "done"
    (row,) = campaigns.results(deployed.repo, "live")
    assert (row["disposition"], row["attempts"][0]["cause"]) == (
        "FAILED",
        "NORMAL_TEMPORARY_FAILURE",
    )
    assert "the trunk failed" in row["reason"]


def test_a_dialer_that_dies_while_it_rings_is_followed_by_the_next(
    switch: LiveSwitch, deployed: Deployed, phones: Callable[..., Phone], lawful: str
) -> None:
    number = f"{lawful}0004"
    phone = phones(user=number)
    deployed.start()
    settings, dialer = dialled(deployed, switch, [number], phone.port)
    run = gevent.spawn(dialer.run)
    until(lambda: phone.in_call, 20, "the phone did not ring")
    run.kill(block=False)  # as good as dead: it says nothing to store or switch any more
    dialer.link.stop()
    dialer._following.kill()
    again = Dialer(settings, deployed.repo, "live")
    after = gevent.spawn(again.run)
    until(lambda: again.calls == 1, 15, "the attempt was not taken over")
    phone.press("9")
    assert after.get(timeout=40) == "done"
    (row,) = campaigns.results(deployed.repo, "live")
    assert (row["disposition"], len(row["attempts"])) == ("OPT_OUT", 1)
