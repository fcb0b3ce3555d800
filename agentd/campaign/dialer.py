"""The dialer of one campaign: the only module here that touches switch, store and clock.

An attempt is recorded, with the gates' evidence, in the transaction that takes its contact; only
then is it originated, under the same id. It is closed by what the switch and agentd's store say,
in whatever order they say it. What a dead dialer left open is taken over when its lease runs out,
and asked after at the switch (`uuid_exists`) and in the store. See `docs/campaigns.md`.
"""

import os
import socket
import time
import uuid
from datetime import timedelta
from typing import Any

import gevent
from gevent.pool import Group

from agentd import spools
from agentd.campaign import gates, pacing
from agentd.campaign import settings as campaign_settings
from agentd.campaign.breakers import Breakers
from agentd.campaign.clock import Clock
from agentd.campaign.following import NOBODY_HELD, STORE_REST_S, UNSEEN, Follower
from agentd.campaign.live import Live
from agentd.campaign.pacing import State
from agentd.config import Settings
from agentd.errors import BadInput, ClockError, StoreError, StoreRefused, SwitchError
from agentd.observe import logs
from agentd.observe.dialer_metrics import DialerMetrics, DialerNow
from agentd.store import campaigns, clock, dialling, leases
from agentd.store.dialling import Begun, Ended, Load
from agentd.store.repo import Repo
from agentd.switch import originate
from agentd.switch.esl import Message
from agentd.switch.keeper import Keeper

log = logs.get("dialer")

TICK_S = 0.2
EVENTS = ("CHANNEL_ORIGINATE", "CHANNEL_ANSWER", "CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB")
SKEW_TOLD_S, SKEW_REFUSED_S = 2.0, 30.0  # of our clock against the database's
SYNCHRONISE = "run an NTP client (chrony, systemd-timesyncd) on both machines"
SURE_S = 1.0  # a measurement less sure than this is none


class Dialer:
    """`run` dials until the campaign is done or stopped, or `leave` is called."""

    def __init__(
        self, settings: Settings, repo: Repo, name: str, metrics: DialerMetrics | None = None
    ) -> None:
        """Raises BadInput when there is no such campaign, or its settings cannot be used."""
        self.id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.name = name
        self.clock = Clock()
        self.metrics = metrics or DialerMetrics()
        self._repo, self._root = repo, settings.paths.root
        self._waits = settings.dialer
        self._row = campaigns.get(repo, name)
        self._told = campaign_settings.parse(self._row.settings, f"campaign {name}")
        self._theme = "general"
        self._live: dict[str, Live] = {}
        self._following = Group()
        self._as_told = self._row.settings
        self._breakers = Breakers(self._told.gateways, self._told.breaker, _nobody(self._told))
        self._placed = 0
        self._leaving = self._killed = False
        self._fatal = ""
        self._beat_at = self._warm_since = 0.0
        self._load: Load | None = None
        self._due = 0
        self._away_since: float | None = None
        self._clock_wrong = ""
        where = (settings.switch.host, settings.switch.port)
        self._log = log.bind(campaign=name, dialer=self.id)
        self.link = Keeper(
            where,
            settings.switch.password,
            EVENTS,
            self._on_event,
            self._on_up,
            lambda trouble: self._log.warning("event socket away", why=trouble),
        )
        self._follower = Follower(repo, self.link, self.clock, self._waits, self._told, self._log)
        self.metrics.taken_up(name)

    # -- life -------------------------------------------------------------------------------

    def warm_up(self, settings: Settings) -> int:
        """Before the first call: the scenario lints clean, its matcher is built and every line of
        it has a recording; how many. Raises AgentdError naming what is missing."""
        from agentd import lines
        from agentd.catalog import Catalog
        from agentd.dialogue.lint import lint
        from agentd.speech.library import AudioLibrary

        catalog = Catalog(settings)
        scenario = catalog.scenario(self._row.scenario)
        catalog.brain(scenario)
        errors = [f for f in lint(scenario, themes=catalog.themes()) if f.level == "error"]
        if errors:
            raise BadInput(
                f"scenario {scenario.name} may not be dialled with: {errors[0].message}",
                mend=f"agentd scenario lint {self._row.scenario}",
            )
        clips = lines.of_scenario(catalog, scenario)
        missing = AudioLibrary(settings, scenario.voice).missing(clips)
        if missing:
            raise BadInput(
                f"scenario {scenario.name}: {len(missing)} of {len(clips)} lines have no recording "
                f"in the voice {scenario.voice}: {missing[0].key}",
                mend=f"agent-tools clone-voice {scenario.voice} --scenario {self._row.scenario}",
            )
        self._theme = scenario.theme
        return len(clips)

    def run(self) -> str:
        """The campaign's state when this dialer ends. Raises SwitchError when the switch is not of
        the kind the campaign is for, ClockError when this machine's clock is far from the
        database's."""
        self._follower.safely(self._agree_on_time)  # away: asked again before the first call
        if self._clock_wrong:
            raise ClockError(self._clock_wrong, mend=SYNCHRONISE)
        self.link.start()
        try:
            while not self._over():
                gevent.sleep(TICK_S)
        finally:
            self._following.kill(timeout=2)
            self.link.stop()
            self._follower.safely(lambda: leases.leave(self._repo, self.id))
        if self._fatal:
            raise SwitchError(self._fatal)
        return campaigns.get(self._repo, self.name).state

    def leave(self) -> None:
        """Place nothing more; `run` ends once the calls going on have."""
        self._leaving = True

    @property
    def calls(self) -> int:
        """Attempts this dialer follows."""
        return len(self._live)

    def _over(self) -> bool:
        """One turn of the main loop; true when there is nothing left to do here."""
        if self._fatal:
            return True
        try:
            self._beat()
            load = self._load = dialling.load(self._repo, self.name, self.clock.now)
            self._away_since = None
            if load is not None:
                self._obey(load.settings)
            if load is None or (self._leaving and not self._live):
                return True
            state = State(load.state)
            if state is State.STOPPED:
                self._kill_all()
                return not self._live
            if state in (State.RUNNING, State.DRAINING) and not load.active and not self._live:
                ended = campaigns.finish(self._repo, self.name, self.clock.now)
                if ended:
                    self._log.info("campaign over", state=ended)
                    return True
            if state is State.DONE:
                return not self._live
            if state is State.RUNNING and not self._leaving:
                self._place(load)
        except StoreError as error:
            self._log.warning("store away", error=str(error.args[0]))
            self.metrics.store_error(self.name)
            self._away_since = self._away_since or time.monotonic()
            gevent.sleep(STORE_REST_S)
        return False

    def _obey(self, settings: dict[str, Any]) -> None:
        """What `agentd campaign set` has changed holds from the next call on."""
        if settings == self._as_told:
            return
        self._as_told = settings
        try:
            told = campaign_settings.parse(settings, f"campaign {self.name}")
        except BadInput as error:  # of a newer agentd: what was told before goes on
            self._log.error("settings not taken", error=str(error))
            return
        self._told = self._follower.told = told
        self._breakers = self._breakers.changed(told.gateways, told.breaker, _nobody(told))
        self._log.info("settings changed")

    def _beat(self) -> None:
        """Say that we live, and take over what others who do not have left."""
        every = self._waits.lease_s / 4
        if time.monotonic() - self._beat_at < every:
            return
        spools.write_abandoned(self._repo, self._root)  # an opt-out may be among it
        self._agree_on_time()
        machine = self.clock.machine
        until = machine + timedelta(seconds=self._waits.lease_s)
        who = (socket.gethostname(), os.getpid())
        leases.beat(
            self._repo, self.id, self.name, who, machine=machine, until=until, note=self._note()
        )
        self._beat_at = time.monotonic()
        if self.link.up and not self._leaving:
            for orphan in leases.adopt(
                self._repo, self.id, self.name, self._live, machine=machine, until=until
            ):
                self._log.warning("attempt taken over", attempt=orphan.id)
                self.metrics.adopted(self.name)
                live = Live(orphan.id, orphan.gateway, answered_at=orphan.answered_at)
                live.told = live.answered_at is not None
                self._watch(live)
        self._due = dialling.due(self._repo, self.name, self.clock.now)

    def _agree_on_time(self) -> None:
        """Take the database's clock for ours: leases and limits are counted by it among dialers."""
        found = clock.skew(self._repo)
        if found is None or found.within_s > SURE_S:
            return
        off = abs(found.seconds)
        if off > SKEW_TOLD_S and abs(found.seconds - self.clock.skew_s) > SKEW_TOLD_S / 2:
            self._log.warning("clock differs from the database's", seconds=round(found.seconds, 1))
        self.clock.skew_s = found.seconds
        self._clock_wrong = ""
        if off > SKEW_REFUSED_S:
            self._clock_wrong = (
                f"this machine's clock and the database's are {off:.0f} s apart: one of them is "
                "wrong, and calling hours are law"
            )

    def snapshot(self) -> DialerNow:
        """What is true now, for those who watch."""
        load, beat = self._load, time.monotonic() - self._beat_at
        talking = sum(live.answered_at is not None for live in self._live.values())
        return DialerNow(
            campaign=self.name,
            state=load.state if load is not None else "",
            ringing=len(self._live) - talking,
            talking=talking,
            active=load.active if load is not None else 0,
            begun=load.begun if load is not None else 0,
            max_concurrent=self._told.max_concurrent,
            per_minute=self._told.per_minute,
            due=self._due,
            circuits=self._breakers.states(time.monotonic()),
            switch=self.link.up,
            store_away_s=time.monotonic() - self._away_since if self._away_since else 0.0,
            skew_s=self.clock.skew_s,
            lease_left_s=max(0.0, self._waits.lease_s - beat),
            leaving=self._leaving,
        )

    def _note(self) -> str:
        if self._clock_wrong:
            return self._clock_wrong
        if not self.link.up:
            return f"switch: {self.link.trouble}"
        return self._breakers.note

    # -- placing ----------------------------------------------------------------------------

    def _place(self, load: Load) -> None:
        if (
            self._fatal
            or self._clock_wrong
            or not self.link.up
            or self._breakers.allows(time.monotonic()) == 0
        ):
            return
        if self.clock.simulated:
            self._skip_idle_time(load)
        now = self.clock.now
        self._warm_since = self._warm_since or time.monotonic()
        counted = pacing.Load(
            active=load.active,
            begun=load.begun,
            last=load.last.timestamp() if load.last else None,
            running_s=time.monotonic() - self._warm_since,
        )
        if not load.ready:
            return
        room = pacing.allowance(State.RUNNING, self._told.limits, counted, now.timestamp())
        if self._breakers.allows(time.monotonic()) == 1:
            room = min(room, 1)
        for _ in range(room):
            if not self._place_one():
                return

    def _skip_idle_time(self, load: Load) -> None:
        """A simulated world in which nothing happens until tomorrow goes to tomorrow at once."""
        due = load.waiting_until
        idle = not load.active and not self._live and not load.ready
        if idle and due is not None and due > self.clock.now:
            self.clock.follow(self.link.api(f"simulator_clock {due.isoformat()}"))

    def _place_one(self) -> bool:
        """Begin one attempt and originate it; false when there is nothing more to place now."""
        began = time.monotonic()
        caller_id = self._told.caller_ids[self._placed % len(self._told.caller_ids)]
        asked = dialling.Asked(
            campaign=self.name,
            dialer=self.id,
            attempt=str(uuid.uuid4()),
            rules=self._told.rules(self.name, self._theme, caller_id),
            decide=gates.decide,
            choose=self._choose,
            now=self.clock.now,
            machine=self.clock.machine,
            lease=timedelta(seconds=self._waits.lease_s),
            most_active=self._told.max_concurrent,
            most_begun=self._told.per_minute,
            patience=timedelta(days=self._told.patience_days),
            simulated=self.clock.simulated,
        )
        looked = self._begin(asked)
        self.metrics.looked(time.monotonic() - began)
        self.metrics.refused(self.name, looked.gates)
        if looked.begun is None:
            return bool(looked.refused) and not (looked.full or looked.held)
        self._placed += 1
        begun = looked.begun
        live = Live(begun.id, begun.gateway)
        self._live[live.id] = live  # before the originate: its events may come first
        self._breakers.trying(begun.gateway)
        if time.monotonic() - began > self._waits.lease_s / 2:
            live.refused, live.ours = "too slow: the lease may have been taken over", True
        else:
            self._originate(live, begun)
        self._watch(live)
        return True

    def _begin(self, asked: dialling.Asked) -> dialling.Looked:
        """Once more after a lost answer: the id tells whether the attempt was recorded."""
        try:
            return dialling.begin(self._repo, asked)
        except StoreRefused:
            raise
        except StoreError as error:
            self._log.warning("no telling whether an attempt was recorded", error=str(error))
            # It cannot be placed any more: should it be there, it is closed as never placed.
            live = Live(asked.attempt, self._told.gateways[0])
            live.refused, live.ours = "recorded while the store was away, and not placed", True
            self._watch(live)
            raise

    def _originate(self, live: Live, begun: Begun) -> None:
        dial = originate.Dial(
            uuid=begun.id,
            number=begun.phone,
            gateway=begun.gateway,
            caller_id=begun.caller_id,
            ring_s=self._told.ring_s,
            scenario=self._row.scenario,
            columns=begun.columns,
            zone=begun.zone,
            target=self._told.target,
        )
        self.metrics.originated(self.name, begun.gateway)
        try:
            self.link.background(f"originate {originate.command(dial)}", begun.id)
        except ValueError as error:
            live.refused = str(error)
        except SwitchError as error:
            # Refused, or lost on the way: nobody knows then, and `uuid_exists` will tell.
            if type(error) is SwitchError:
                live.refused = str(error.args[0])
            self._log.warning("originate", attempt=live.id, error=str(error.args[0]))

    def _choose(self, failures: int) -> str | None:
        return self._breakers.choose(failures, time.monotonic())

    # -- what the switch says ---------------------------------------------------------------

    def _on_up(self, keeper: Keeper) -> None:
        try:
            self.clock.follow(keeper.api("simulator_clock"))
        except SwitchError as error:
            if type(error) is not SwitchError:  # gone again: not an answer
                raise
        if self.clock.simulated != self._row.simulated:
            self._fatal = (
                f"campaign {self.name} is a simulated one, and this is a real switch"
                if self._row.simulated
                else f"campaign {self.name} is a real one, and this switch is a simulator"
            )
        for live in self._live.values():
            live.news.set()  # each asks after its call: events were missed

    def _on_event(self, event: Message) -> None:
        if event.event == "BACKGROUND_JOB":
            live = self._live.get(event.get("Job-UUID"))
            if live is not None:
                live.job(event.text)
            return
        live = self._live.get(event.get("Unique-ID"))
        if live is None:
            return
        live.heard(event, self.clock.now)

    # -- following one attempt --------------------------------------------------------------

    def _watch(self, live: Live) -> None:
        self._live[live.id] = live
        self._following.start(gevent.Greenlet(self._follow, live))

    def _follow(self, live: Live) -> None:
        try:
            ended = self._follower.follow(live)
            self._judge_trunk(live, ended)
            self.metrics.over(self.name, ended.disposition, trunk=ended.trunk)
        finally:
            self._live.pop(live.id, None)

    def _judge_trunk(self, live: Live, ended: Ended) -> None:
        """What an attempt tells of its gateway, and of agentd."""
        now = time.monotonic()
        failed = ended.trunk and not live.ours
        unknown = live.ours or ended.reason == UNSEEN
        if self._breakers.judge(live.gateway, failed=failed, unknown=unknown, now=now):
            self._log.error("gateway fails, resting", gateway=live.gateway)
        held = None if ended.answered_at is None else ended.reason != NOBODY_HELD
        self._breakers.judge_agentd(held, now)

    def _kill_all(self) -> None:
        if self._killed:
            return
        self._killed = True
        for live in list(self._live.values()):
            try:
                self.link.api(f"uuid_kill {live.id}")
            except SwitchError as error:
                self._log.warning("call not hung up", attempt=live.id, error=str(error))


def _nobody(told: campaign_settings.CampaignSettings) -> pacing.Breaker:
    """For answered calls that no agentd held."""
    return pacing.Breaker(trip_after=3, rest_s=told.breaker_rest_s)
