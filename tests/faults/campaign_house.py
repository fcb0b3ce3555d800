"""A campaign in a house for faults: a simulated exchange, an agentd, contacts, and what to ask the
ledger of the exchange afterwards."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fault_house import SCENARIO, STRAIGHT, VOICE

from agentd.campaign import settings as campaign_settings
from agentd.config import Settings
from agentd.simulator.clock import SimulatedClock
from agentd.simulator.exchange import Exchange, PhoneBook
from agentd.simulator.persona import Persona
from agentd.store import campaigns
from agentd.store.models import Consent, Contact
from agentd.store.repo import Repo

PASSWORD = "hush"
CALLER_ID = "+33162000001"  # an ARCEP range for automated platforms
TUESDAY = datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))


def persona(name: str, **fields: Any) -> Persona:
    return Persona.model_validate({"name": name, **fields})


LEAD = persona("lead", turns=STRAIGHT)
LEAVES = persona("leaves", turns=[{"hangup": True, "at": 0.1}])
OPTS_OUT = persona("opts-out", turns=[{"dtmf": "9", "at": 0.1}])
BUSY = persona("busy", answer="busy")
LATER = persona("later", answer="human", earlier=["busy", "no_answer"], turns=LEAVES.turns)
GHOST = persona("ghost", answer="invalid_number")
PROUD = persona("proud", answer="reject")
EVERYBODY = (LEAD, LEAVES, OPTS_OUT, BUSY, LATER, GHOST, PROUD)


def phone(number: int) -> str:
    """Kept for fiction by ARCEP: 01 99 00 and 06 39 98."""
    return f"+3319900{number:04d}" if number < 10_000 else f"+3363998{number - 10_000:04d}"


def add_contacts(repo: Repo, count: int, consent: bool = True, source: str = "test") -> list[str]:
    """Their numbers; each consents, so that the gates let them through."""
    now = datetime.now(UTC)
    given = TUESDAY - timedelta(days=30)
    people, grounds = [], []
    for i in range(count):
        people.append(
            {
                "id": f"c{i:05d}",
                "phone": phone(i),
                "first_name": "Zoé, d'Été",
                "last_name": f'"N{i}" {{x}}',
                "company": "",
                "columns": {"ville": "L'Haÿ-les-Roses = 94", "note": "a,b|c\\d"},
                "source": source,
                "created_at": now,
                "updated_at": now,
            }
        )
        grounds.append(
            {
                "id": f"g{i:05d}",
                "phone": phone(i),
                "who": "",
                "basis": "consent",
                "theme": "*",
                "given_at": given,
                "channel": "web",
                "wording": "J'accepte d'être appelé.",
                "proof": "form.pdf",
                "proof_sha256": "0" * 64,
                "recorded_at": given,
                "recorded_by": "test",
            }
        )

    def write(db: Any) -> None:
        for start in range(0, count, 50):
            Contact.insert_many(people[start : start + 50]).execute(db)
            if consent:
                Consent.insert_many(grounds[start : start + 50]).execute(db)

    repo.run(write)
    return [person["phone"] for person in people]


def make_campaign(repo: Repo, name: str = "c", simulated: bool = True, **told: Any) -> None:
    data = {
        "caller_ids": [CALLER_ID],
        "gateways": ["one", "two"],
        "ring_s": 5,
        "max_concurrent": 10,
        "per_minute": 6000,
        **told,
    }
    parsed = campaign_settings.parse(data, "test")
    campaigns.create(repo, name, SCENARIO, parsed.model_dump(mode="json"), simulated=simulated)
    campaigns.add_contacts(repo, name, TUESDAY - timedelta(hours=1))


def start_campaign(repo: Repo, name: str = "c") -> None:
    campaigns.set_state(repo, name, "running", now=TUESDAY)


def switch_settings(settings: Settings, address: tuple[str, int], **dialer: Any) -> Settings:
    data = settings.model_dump(mode="json")
    data["switch"] = {"host": address[0], "port": address[1], "password": PASSWORD}
    data["dialer"] = {"lease_s": 2, "settle_s": 4, "orphan_s": 8, "grace_s": 1, **dialer}
    return Settings.model_validate(data)


class Ledger:
    """What the exchange saw, from outside of the house."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._fd = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def __call__(self, entry: dict[str, Any]) -> None:
        os.write(self._fd, json.dumps(entry).encode() + b"\n")

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def placed(self) -> Counter[str]:
        """How often each number was called."""
        return Counter(e["number"] for e in self.entries() if "placed" in e)


def exchange(
    agentds: Sequence[tuple[str, int]],
    ledger: Ledger,
    personas: Sequence[Persona] = EVERYBODY,
    clock: SimulatedClock | None = None,
    **options: Any,
) -> Exchange:
    made = Exchange(
        PhoneBook(personas, options.pop("numbers", None)),
        lambda persona: VOICE,
        agentds,
        PASSWORD,
        clock=clock or SimulatedClock(TUESDAY),
        ledger=ledger,
        **options,
    )
    made.start()
    return made
