"""One attempt, from its originate to its end: what the switch says, then what agentd kept.

Beside `dialer.py`, which begins attempts: this module too touches switch, store and clock.
"""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import gevent

from agentd.campaign import outcomes, retry
from agentd.campaign.clock import Clock
from agentd.campaign.live import Live
from agentd.campaign.settings import CampaignSettings
from agentd.config import DialerSettings
from agentd.dialogue.dispositions import Disposition
from agentd.errors import AgentdError, StoreError, StoreRefused, SwitchError
from agentd.store import campaigns, dialling
from agentd.store.dialling import Counts, Ended, Follow
from agentd.store.repo import Repo
from agentd.switch.keeper import Keeper

HANGUP_FOLLOWS_S = 0.3  # a job's failure may be told before the hangup, which has the SIP status
STORE_REST_S = 0.5
NOBODY_HELD = "answered, and no agentd held it"
UNSEEN = "the switch does not know the call any more, and nobody saw how it ended"

Made = TypeVar("Made")


class Follower:
    """`follow` one attempt after another, each in a greenlet of its own."""

    def __init__(
        self,
        repo: Repo,
        link: Keeper,
        clock: Clock,
        waits: DialerSettings,
        told: CampaignSettings,
        log: Any,
    ) -> None:
        """told: the campaign's settings. log: bound to the campaign."""
        self._repo, self._link, self._clock = repo, link, clock
        self._waits, self._log = waits, log
        self.told = told

    def follow(self, live: Live) -> Ended:
        """Wait for the end of an attempt, and tell the store of it."""
        if not live.refused:
            self._until_over(live)
        ended, permanent, callback = self._outcome(live)

        def follow(counts: Counts) -> Follow:
            return self._next(counts, ended, permanent, callback)

        self._surely(lambda: dialling.close(self._repo, live.id, ended, follow))
        self._log.info(
            "attempt over",
            attempt=live.id,
            disposition=ended.disposition,
            cause=ended.cause,
            reason=ended.reason,
        )
        return ended

    def _until_over(self, live: Live) -> None:
        while not live.over:
            live.news.wait(self._waits.grace_s)
            live.news.clear()
            self._tell(live)
            if live.over:
                return
            if live.job_failed:
                live.news.wait(HANGUP_FOLLOWS_S)
                live.cause = live.cause or live.job_failed
                live.over = True
            elif self._is_gone(live):
                live.gone = live.over = True

    def _tell(self, live: Live) -> None:
        """What is new of a call that goes on. Its end tells the store the rest."""
        if live.over:
            return
        if live.placed_at is not None and not live.told_placed:
            work = partial(dialling.placed, self._repo, live.id, live.placed_at)
            live.told_placed = self.safely(work)
        if live.answered_at is not None and not live.told:
            work = partial(dialling.answered, self._repo, live.id, live.answered_at)
            live.told = self.safely(work)

    def _is_gone(self, live: Live) -> bool:
        """The switch has no such channel: asked twice, so that an event on its way may come."""
        age = time.monotonic() - live.born
        if age < self._waits.grace_s or not self._link.up:
            return False
        for _ in range(2):
            try:
                if self._link.api(f"uuid_exists {live.id}") != "false":
                    return False
            except SwitchError:
                return False
            gevent.sleep(0.5)
            if live.over or live.job_failed:
                live.news.set()
                return False
        return True

    def _outcome(self, live: Live) -> tuple[Ended, bool, datetime | None]:
        """How it ended; whether the number would give the same; the callback that was agreed."""
        now = self._clock.now
        if live.refused:
            ended = Ended(now, "FAILED", counted=False, trunk=True, reason=live.refused[:200])
            return ended, False, None
        if live.answered_at is None and not live.gone:
            outcome = outcomes.unanswered(live.cause, live.sip_status)
            ended = Ended(
                now,
                outcome.disposition.value,
                cause=live.cause,
                sip_status=live.sip_status,
                counted=outcome.rang,
                trunk=outcome.trunk,
                placed_at=live.placed_at,
            )
            return ended, outcome.permanent, None
        return self._as_agentd_says(live)

    def _as_agentd_says(self, live: Live) -> tuple[Ended, bool, datetime | None]:
        """Wait for what agentd keeps of the call, and for agentd itself should it have crashed."""
        began = time.monotonic()
        while True:
            kept = self._surely(lambda: campaigns.call_end(self._repo, live.id))
            waited = time.monotonic() - began
            ended_there = kept is not None and kept["ended_at"] is not None
            most = self._waits.orphan_s if kept is not None else self._waits.settle_s
            if ended_there or waited > most:
                break
            gevent.sleep(0.25)
        answered = live.answered_at
        if kept is None:
            reason = NOBODY_HELD if answered is not None else UNSEEN
            ended = Ended(
                self._clock.now,
                "FAILED",
                cause=live.cause or None,
                reason=reason,
                answered_at=answered,
                placed_at=live.placed_at,
            )
            return ended, False, None
        disposition = kept["disposition"] or Disposition.FAILED.value
        ended = Ended(
            self._clock.now,
            disposition,
            score=kept["score"],
            cause=live.cause or None,
            sip_status=live.sip_status,
            reason=kept["reason"] if ended_there else "agentd ended in mid-call",
            answered_at=answered or self._clock.now,
            placed_at=live.placed_at,
        )
        return ended, False, retry.callback_at(kept["callback"])

    def _next(
        self, counts: Counts, ended: Ended, permanent: bool, callback: datetime | None
    ) -> Follow:
        history = retry.History(counts.attempts, counts.same, counts.trunk, counts.callbacks)
        policy = self.told.policy
        then: retry.Next
        if ended.trunk:
            gateways = len(self.told.gateways)
            then = retry.after_trunk_failure(policy, history, gateways, ended.at)
        else:
            then = retry.after(
                policy,
                Disposition(ended.disposition),
                history,
                ended.at,
                callback_at=callback,
                permanent=permanent,
            )
        if isinstance(then, retry.Done):
            return Follow(None, reason=then.reason)
        return Follow(then.at, then.priority, "will be called again")

    # -- the store --------------------------------------------------------------------------

    def safely(self, work: Callable[[], object]) -> bool:
        """Did the store take it?"""
        try:
            work()
        except AgentdError as error:
            self._log.warning("store", error=str(error))
            return False
        return True

    def _surely(self, work: Callable[[], Made]) -> Made:
        """Until the store takes it: an attempt stays open, and ours, as long."""
        while True:
            try:
                return work()
            except StoreRefused:
                raise
            except StoreError as error:
                self._log.warning("store away", error=str(error.args[0]))
                gevent.sleep(STORE_REST_S)
