"""What Prometheus reads, and that the shipped dashboard and alerts ask for what there is."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agentd.dialogue import events as ev
from agentd.observe.dialer_metrics import DialerMetrics, DialerNow
from agentd.observe.metrics import STAGES, Metrics, Snapshot
from agentd.observe.stopwatch import Stopwatch

MONITORING = Path(__file__).parents[2] / "monitoring"
PROMETHEUS_OWN = {"up"}


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    page = metrics.page().decode()
    return {
        (s.name, tuple(s.labels.values())): s.value
        for family in text_string_to_metric_families(page)
        for s in family.samples
    }


@pytest.fixture
def metrics() -> Metrics:
    """Everything that can be counted, counted once."""
    made = Metrics()
    made.running("vosk (small)")
    made.refused("SWITCH_CONGESTION")
    made.taken_over()
    made.ended("LEAD", "NORMAL_CLEARING", 42.0)
    made.answered(0.45)
    for stage in STAGES:
        made.stage(stage, 0.002)
    made.stalled(0.001)
    made.recognised("final", "ok", 0.2)
    made.said("recorded")
    made.picked_up("machine")
    made.not_admitted("deadline")
    caches = {"scenarios": (90, 10, 3)}
    made.watch(
        lambda: Snapshot(
            {"open": 3, "closing": 1},
            max_calls=50,
            queued=7,
            greenlets=12,
            caches=caches,
            model=(2, 5, 8),
        )
    )
    return made


def dialer_metrics() -> DialerMetrics:
    """Everything of a dialer, counted once."""
    made = DialerMetrics()
    made.taken_up("spring")
    made.originated("spring", "trunk")
    made.over("spring", "BUSY", trunk=False)
    made.refused("spring", {"hours": 2, "consent": 1})
    made.adopted("spring")
    made.store_error("spring")
    made.looked(0.004)
    now = DialerNow(
        "spring",
        "running",
        ringing=2,
        talking=3,
        active=7,
        begun=9,
        max_concurrent=50,
        per_minute=10,
        due=1234,
        circuits={"trunk": "half open", "agentd": "closed"},
        switch=True,
        skew_s=-0.3,
        lease_left_s=17.5,
    )
    made.watch(lambda: [now])
    return made


def test_a_page_of_the_dialer() -> None:
    found = {
        (s.name, tuple(s.labels.values())): s.value
        for family in text_string_to_metric_families(dialer_metrics().page().decode())
        for s in family.samples
    }
    assert found["agentd_dialer_calls", ("spring", "ringing")] == 2
    assert found["agentd_dialer_calls", ("spring", "talking")] == 3
    assert found["agentd_dialer_refusals_total", ("spring", "hours")] == 2
    assert found["agentd_dialer_attempts_total", ("spring", "BUSY", "no")] == 1
    assert found["agentd_dialer_circuit", ("spring", "trunk", "half open")] == 1
    assert found["agentd_dialer_circuit", ("spring", "trunk", "open")] == 0
    assert found["agentd_dialer_due", ("spring",)] == 1234
    assert found["agentd_dialer_clock_skew_seconds", ("spring",)] == -0.3
    assert found["agentd_dialer_lease_left_seconds", ("spring",)] == 17.5


@pytest.mark.parametrize(
    ("now", "able"),
    [
        (DialerNow("c", switch=True), True),
        (DialerNow("c", switch=False), False),
        (DialerNow("c", switch=True, store_away_s=3.0), False),
        (DialerNow("c", switch=True, leaving=True), False),
    ],
)
def test_a_dialer_is_ready_when_it_could_place_a_call(now: DialerNow, able: bool) -> None:
    assert now.able is able


def test_a_page(metrics: Metrics) -> None:
    found = samples(metrics)
    assert found["agentd_calls_total", ("LEAD",)] == 1
    assert found["agentd_hangups_total", ("NORMAL_CLEARING",)] == 1
    assert found["agentd_calls_held", ("open",)] == 3
    assert found["agentd_calls_limit", ()] == 50
    assert found["agentd_amd_verdicts_total", ("machine",)] == 1
    assert found["agentd_amd_verdicts_total", ("screening",)] == 0
    assert found["agentd_workers_queued", ()] == 7
    assert found["agentd_cache_lookups_total", ("scenarios", "hit")] == 90
    assert found["agentd_cache_entries", ("scenarios",)] == 3
    assert found["agentd_llm_running", ()] == 2
    assert found["agentd_llm_waiting", ()] == 5
    assert found["agentd_llm_parallel", ()] == 8
    assert found["agentd_llm_refused_total", ("deadline",)] == 1
    assert found["agentd_llm_refused_total", ("queue",)] == 0
    assert found["agentd_freestyle_total", ("not admitted",)] == 1
    assert found["agentd_greenlets", ()] == 12
    assert found["agentd_threads", ()] >= 1
    assert found["agentd_recogniser_seconds_total", ("final",)] == 0.2
    assert found["agentd_answer_seconds_bucket", ("0.5",)] == 1
    assert found["agentd_answer_seconds_bucket", ("0.4",)] == 0
    assert found["process_resident_memory_bytes", ()] > 1e6


def test_two_servers_count_apart(metrics: Metrics) -> None:
    assert samples(Metrics()).get(("agentd_calls_total", ("LEAD",)), 0) == 0


def asked() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of what we ship."""
    for file in sorted(MONITORING.glob("grafana-*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]
    alerts = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    for group in alerts["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("where", "query"), list(asked()))
def test_what_is_shipped_asks_for_what_there_is(metrics: Metrics, where: str, query: str) -> None:
    there: dict[str, set[str]] = {}
    page = metrics.page().decode() + dialer_metrics().page().decode()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            there.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
    names = set(re.findall(r"\b(?:agentd|process)_[a-z_]+\b|\bup\b", query))
    assert names
    assert names <= set(there) | PROMETHEUS_OWN
    for name, braces in re.findall(r"\b([a-z_]+)\{([^}]*)\}", query):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!=|=)", braces))
        assert labels <= there.get(name, {"job", "instance"}), name


def test_alerts_say_what_to_do() -> None:
    alerts = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    rules: list[dict[str, Any]] = [r for g in alerts["groups"] for r in g["rules"]]
    assert len({r["alert"] for r in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "action"} <= set(rule["annotations"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (Debian: prometheus)")
def test_prometheus_takes_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", MONITORING / "alerts.yaml"], check=True)
    subprocess.run(["promtool", "check", "config", MONITORING / "prometheus.yaml"], check=True)


def test_an_answer_is_timed_from_the_last_sound() -> None:
    metrics = Metrics()
    watch = Stopwatch(metrics)
    watch.happened(ev.Utterance("oui", 0.9, 1_000, 1_400), 1_700)
    watch.asked("s2")
    watch.happened(ev.SayStarted("s2"), 1_850)
    watch.happened(ev.SayStarted("s3"), 9_000)  # the second of two lines is no answer
    found = samples(metrics)
    assert found["agentd_answer_seconds_sum", ()] == pytest.approx(0.45)
    assert found["agentd_answer_seconds_count", ()] == 1
    assert found["agentd_stage_seconds_count", ("start",)] == 1


@pytest.mark.parametrize("between", [ev.SpeechStarted(1_750), ev.TimerFired("silence")])
def test_what_is_no_answer_is_not_timed(between: ev.Event) -> None:
    metrics = Metrics()
    watch = Stopwatch(metrics)
    watch.happened(ev.Utterance("oui", 0.9, 1_000, 1_400), 1_700)
    watch.happened(between, 1_760)
    watch.happened(ev.SayStarted("s2"), 6_000)
    assert samples(metrics)["agentd_answer_seconds_count", ()] == 0
