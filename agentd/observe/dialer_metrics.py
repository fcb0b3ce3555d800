"""What Prometheus is told of the dialer: `/metrics` of `agentd campaign dial`.

Counted as it happens; states are read from the dialers when it is asked. Nothing here asks the
database: what only that knows is as old as the last beat of the dialer's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client import generate_latest as page_of
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_RECORDING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

CLOSED, HALF_OPEN, OPEN = "closed", "half open", "open"


@dataclass(frozen=True)
class DialerNow:
    """One campaign's dialer, now.

    ringing, talking: attempts this process follows. active, begun: open attempts, and those of the
    last minute, of all dialers together, which the limits bound. due: contacts that may be called
    now, as far as they were counted (`DUE_MOST` of the store). circuits: of each gateway, and of
    "agentd" (answered calls that no agentd held). switch: is the event socket up? skew_s: the
    database's clock ahead of ours. lease_left_s: until others take our calls for abandoned.
    store_away_s: since the store was last heard of, 0 while it answers.
    """

    campaign: str
    state: str = ""
    ringing: int = 0
    talking: int = 0
    active: int = 0
    begun: int = 0
    max_concurrent: int = 0
    per_minute: int = 0
    due: int = 0
    circuits: Mapping[str, str] = field(default_factory=dict)
    switch: bool = False
    store_away_s: float = 0.0
    skew_s: float = 0.0
    lease_left_s: float = 0.0
    leaving: bool = False

    @property
    def able(self) -> bool:
        """Could it place a call, were one due?"""
        return self.switch and not self.store_away_s and not self.leaving


class DialerMetrics:
    """Of one process, whatever campaigns it dials."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._originates = Counter(
            "agentd_dialer_originates",
            "Calls given to the switch, by gateway.",
            ("campaign", "gateway"),
            registry=self._registry,
        )
        self._attempts = Counter(
            "agentd_dialer_attempts",
            "Attempts that are over, by disposition; trunk: it was the trunk's failure, or ours.",
            ("campaign", "disposition", "trunk"),
            registry=self._registry,
        )
        self._refusals = Counter(
            "agentd_dialer_refusals",
            "Calls that a gate refused, by gate.",
            ("campaign", "gate"),
            registry=self._registry,
        )
        self._adopted = Counter(
            "agentd_dialer_adopted",
            "Open attempts taken over from a dialer whose lease had run out.",
            ("campaign",),
            registry=self._registry,
        )
        self._store_errors = Counter(
            "agentd_dialer_store_errors",
            "Transactions the database did not take.",
            ("campaign",),
            registry=self._registry,
        )
        self._begin_s = Histogram(
            "agentd_dialer_begin_seconds",
            "One look for somebody to call: taking the contact, the gates, recording the attempt.",
            (),
            registry=self._registry,
            buckets=_RECORDING,
        )

    # -- as it happens ----------------------------------------------------------------------

    def taken_up(self, campaign: str) -> None:
        """A campaign is dialled: its counters begin."""
        self._adopted.labels(campaign)
        self._store_errors.labels(campaign)

    def originated(self, campaign: str, gateway: str) -> None:
        """A call was given to the switch."""
        self._originates.labels(campaign, gateway).inc()

    def over(self, campaign: str, disposition: str, *, trunk: bool) -> None:
        """An attempt is over."""
        self._attempts.labels(campaign, disposition, "yes" if trunk else "no").inc()

    def refused(self, campaign: str, gates: Mapping[str, int]) -> None:
        """Gates refused calls, each so many."""
        for gate, count in gates.items():
            self._refusals.labels(campaign, gate).inc(count)

    def adopted(self, campaign: str) -> None:
        """An attempt was taken over."""
        self._adopted.labels(campaign).inc()

    def store_error(self, campaign: str) -> None:
        """The database did not take a transaction."""
        self._store_errors.labels(campaign).inc()

    def looked(self, seconds: float) -> None:
        """One look for somebody to call took that long."""
        self._begin_s.observe(seconds)

    # -- when it is asked -------------------------------------------------------------------

    def watch(self, dialers: Callable[[], Sequence[DialerNow]]) -> None:
        """Where what is true now is read from."""
        self._registry.register(_Now(dialers))

    def page(self) -> bytes:
        """The text Prometheus reads, UTF-8."""
        return page_of(self._registry)


_VALUES: tuple[tuple[str, str, Callable[[DialerNow], float]], ...] = (
    ("concurrent_limit", "Calls at once, at most.", lambda d: d.max_concurrent),
    ("per_minute_limit", "Calls begun in any minute, at most.", lambda d: d.per_minute),
    ("active", "Open attempts of all dialers together.", lambda d: d.active),
    ("last_minute", "Calls begun in the last minute by all dialers together.", lambda d: d.begun),
    ("due", "Contacts that may be called now (counted up to 10,000).", lambda d: d.due),
    ("switch_up", "1 while the event socket is connected.", lambda d: int(d.switch)),
    ("store_away_seconds", "Since the database was heard of; 0 if now.", lambda d: d.store_away_s),
    ("clock_skew_seconds", "The database's clock ahead of this machine's.", lambda d: d.skew_s),
    ("lease_left_seconds", "Until others take over our calls.", lambda d: d.lease_left_s),
)


class _Now(Collector):
    def __init__(self, dialers: Callable[[], Sequence[DialerNow]]) -> None:
        self._dialers = dialers

    def collect(self) -> Iterator[Metric]:
        dialers = list(self._dialers())
        calls = GaugeMetricFamily(
            "agentd_dialer_calls", "Calls this dialer follows.", labels=["campaign", "state"]
        )
        circuits = GaugeMetricFamily(
            "agentd_dialer_circuit",
            "1 for the state the circuit of a gateway is in; gateway agentd: answered calls that "
            "no agentd held.",
            labels=["campaign", "gateway", "state"],
        )
        for one in dialers:
            calls.add_metric([one.campaign, "ringing"], one.ringing)
            calls.add_metric([one.campaign, "talking"], one.talking)
            for gateway, now in one.circuits.items():
                for state in (CLOSED, HALF_OPEN, OPEN):
                    circuits.add_metric([one.campaign, gateway, state], int(state == now))
        yield calls
        yield circuits
        for name, text, read in _VALUES:
            gauge = GaugeMetricFamily(f"agentd_dialer_{name}", text, labels=["campaign"])
            for one in dialers:
                gauge.add_metric([one.campaign], read(one))
            yield gauge
