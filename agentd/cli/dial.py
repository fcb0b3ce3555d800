"""Every campaign that runs, dialled by one process: the loop behind `agentd campaign dial`."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
from gevent.event import Event as Flag

from agentd.campaign.dialer import Dialer
from agentd.config import Settings
from agentd.errors import AgentdError, StoreError
from agentd.observe import logs
from agentd.observe.dialer_metrics import DialerMetrics, DialerNow
from agentd.observe.notify import Notifier
from agentd.observe.status import Pages
from agentd.store import campaigns
from agentd.store.repo import Repo

log = logs.get("dialer")

LOOK_EVERY_S = 2.0
REST_S = 60.0  # for a campaign that cannot be dialled: what is missing may come


def dial_all(
    settings: Settings,
    repo: Repo,
    systemd: Notifier,
    on_signals: Callable[[Callable[[], None]], None],
) -> None:
    """Until told to stop, and the calls going on have ended. Raises ConfigError when the port for
    metrics cannot be listened on."""
    asked = Flag()
    running: dict[str, tuple[Dialer, gevent.Greenlet]] = {}
    resting: dict[str, float] = {}
    metrics = DialerMetrics()
    metrics.watch(lambda: [dialer.snapshot() for dialer, _ in running.values()])
    pages = _pages(settings, metrics, lambda: [d.snapshot() for d, _ in running.values()], asked)
    on_signals(asked.set)
    systemd.ready()
    while not (asked.is_set() and not running):
        for name in [n for n, (_, greenlet) in running.items() if greenlet.dead]:
            del running[name]
        if asked.is_set():
            for dialer, _ in running.values():
                dialer.leave()
        else:
            _take_up(settings, repo, running, resting, metrics)
        systemd.alive(f"{sum(d.calls for d, _ in running.values())} calls")
        asked.wait(LOOK_EVERY_S) if not asked.is_set() else gevent.sleep(0.2)
    systemd.stopping("no more calls")
    if pages is not None:
        pages.stop()


def _pages(
    settings: Settings,
    metrics: DialerMetrics,
    dialers: Callable[[], Sequence[DialerNow]],
    asked: Flag,
) -> Pages | None:
    """/metrics, /health and /ready, listening. Raises ConfigError."""
    if settings.dialer.metrics_port is None:
        return None

    def ready() -> tuple[bool, dict[str, Any]]:
        """Every campaign that is dialled could place a call now."""
        now = dialers()
        return not asked.is_set() and all(one.able for one in now), {
            "campaigns": {
                one.campaign: {
                    "calls": one.ringing + one.talking,
                    "switch": one.switch,
                    "store": not one.store_away_s,
                }
                for one in now
            }
        }

    address = (settings.server.host, settings.dialer.metrics_port)
    pages = Pages(address, metrics.page, ready, "[dialer] metrics_port")
    pages.start()
    log.info("metrics", address="{}:{}".format(*pages.address))
    return pages


def _take_up(
    settings: Settings,
    repo: Repo,
    running: dict[str, tuple[Dialer, gevent.Greenlet]],
    resting: dict[str, float],
    metrics: DialerMetrics,
) -> None:
    try:
        names = campaigns.in_state(repo, ("running", "draining"))
    except StoreError as error:
        log.warning("store away", error=str(error.args[0]))
        return
    for name in names:
        if name in running or resting.get(name, 0.0) > time.monotonic():
            continue
        resting[name] = time.monotonic() + REST_S
        try:
            dialer = Dialer(settings, repo, name, metrics)
            gevent.get_hub().threadpool.apply(dialer.warm_up, (settings,))
        except AgentdError as error:
            log.error("campaign cannot be dialled", campaign=name, error=str(error))
            continue
        log.info("campaign taken up", campaign=name)
        running[name] = (dialer, gevent.spawn(_run, dialer))


def _run(dialer: Dialer) -> None:
    try:
        dialer.run()
    except AgentdError as error:
        log.error("campaign cannot be dialled", campaign=dialer.name, error=str(error))
