"""Tables of campaigns. Two clocks: what a campaign decides by (`next_at`, `begun_at`, `ended_at`)
is the campaign's own time, which a simulated switch may supply; leases, and `recorded_at`, are the
machine's."""

import peewee as pw

from agentd.store.models import Json, Text, Utc

EVERYBODY = 10
"""Priority of a contact like any other; the lower is called first."""


class Campaign(pw.Model):
    """state: see `campaign.pacing.State`. simulated: it is dialled on a simulated switch only."""

    name = Text(primary_key=True)
    scenario = Text()
    settings = Json()
    state = Text()
    simulated = pw.BooleanField()
    created_at = Utc()
    running_since = Utc(null=True)
    ended_at = Utc(null=True)
    note = Text(default="")


class CampaignContact(pw.Model):
    """A contact's place in a campaign. state: "ready" (from `next_at` on), "calling" (leased to
    `lease_owner` until `lease_until`), "done" (has a disposition) or "refused" (by a gate, for
    good). reason: why it is decided, or what it waits for."""

    campaign = Text()
    contact = Text()
    state = Text()
    priority = pw.IntegerField(default=EVERYBODY)
    next_at = Utc()
    lease_owner = Text(null=True)
    lease_until = Utc(null=True)
    trunk_failures = pw.IntegerField(default=0)
    disposition = Text(null=True)
    score = pw.IntegerField(null=True)
    reason = Text(default="")
    decided_at = Utc(null=True)

    class Meta:  # noqa: D106
        table_name = "campaign_contact"
        primary_key = pw.CompositeKey("campaign", "contact")


class Attempt(pw.Model):
    """One originate, recorded before it is sent; open while `ended_at` is null. id: the channel's
    uuid and the call's id. evidence: of the gates that allowed it. placed_at: the switch had its
    channel. counted: the telephone may have rung. trunk: the trunk failed it."""

    id = Text(primary_key=True)
    campaign = Text()
    contact = Text()
    number = pw.IntegerField()
    dialer = Text()
    lease_until = Utc()
    gateway = Text()
    caller_id = Text()
    simulated = pw.BooleanField()
    evidence = Json()
    begun_at = Utc()
    recorded_at = Utc()
    placed_at = Utc(null=True)
    answered_at = Utc(null=True)
    ended_at = Utc(null=True)
    cause = Text(null=True)
    sip_status = pw.IntegerField(null=True)
    disposition = Text(null=True)
    score = pw.IntegerField(null=True)
    counted = pw.BooleanField(default=True)
    trunk = pw.BooleanField(default=False)
    reason = Text(default="")


class Refusal(pw.Model):
    """The gates refused a call. gates: their names, comma-separated."""

    campaign = Text()
    contact = Text()
    at = Utc()
    gates = Text()
    evidence = Json()
    retry_at = Utc(null=True)

    class Meta:  # noqa: D106
        primary_key = pw.CompositeKey("campaign", "contact", "at")


class Dialer(pw.Model):
    """A process that dials, and when it was last seen alive. note: what troubles it."""

    id = Text(primary_key=True)
    campaign = Text()
    host = Text()
    pid = pw.IntegerField()
    started_at = Utc()
    beat_at = Utc()
    note = Text(default="")


TABLES: tuple[type[pw.Model], ...] = (Campaign, CampaignContact, Attempt, Refusal, Dialer)
