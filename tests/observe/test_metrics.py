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
    caches = {"scenarios": (90, 10, 3)}
    made.watch(lambda: Snapshot({"open": 3, "closing": 1}, max_calls=50, queued=7, caches=caches))
    return made


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
    assert found["agentd_recogniser_seconds_total", ("final",)] == 0.2
    assert found["agentd_answer_seconds_bucket", ("0.5",)] == 1
    assert found["agentd_answer_seconds_bucket", ("0.4",)] == 0
    assert found["process_resident_memory_bytes", ()] > 1e6


def test_two_servers_count_apart(metrics: Metrics) -> None:
    assert samples(Metrics()).get(("agentd_calls_total", ("LEAD",)), 0) == 0


def asked() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of what we ship."""
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    alerts = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    for group in alerts["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("where", "query"), list(asked()))
def test_what_is_shipped_asks_for_what_there_is(metrics: Metrics, where: str, query: str) -> None:
    there: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.page().decode()):
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
