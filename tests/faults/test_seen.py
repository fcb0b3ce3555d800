"""What an operator sees of calls: metrics that add up, and no personal data in the log."""

import json
from collections.abc import Callable

from fault_house import STRAIGHT, YESES, House, Watch, until
from prometheus_client.parser import text_string_to_metric_families

PERSONAL = ("Claire", "Martin", "33199000102", "oui", "demain matin")
# Names of settings and of what happened, not what anybody said.
HARMLESS = ("event", "component", "level", "call", "scenario")


def counted(house: House) -> dict[str, float]:
    page = house.server.metrics.page().decode()
    return {
        s.name + "".join(f" {value}" for value in s.labels.values()): s.value
        for family in text_string_to_metric_families(page)
        for s in family.samples
    }


def test_the_metrics_of_calls(houses: Callable[..., House]) -> None:
    house = houses(server={"max_calls": 2, "metrics_port": 0})
    held = [house.call(STRAIGHT), house.call(YESES)]
    until(lambda: house.server.calls == 2)
    assert counted(house)["agentd_calls_limit"] == 2
    until(lambda: counted(house).get("agentd_calls_held open") == 2)
    until(lambda: counted(house)["agentd_audio_streams"] == 2)
    refused = house.call(STRAIGHT).outcome()
    assert refused.cause == "SWITCH_CONGESTION"
    held[1].call.switch.hang_up("NORMAL_CLEARING", by_peer=True)
    for placed in held:
        placed.outcome()
    reports = [placed.kept() for placed in held]
    until(lambda: house.server.calls == 0)
    found = counted(house)
    assert [report.disposition for report in reports] == ["LEAD", "HANGUP"]
    assert found["agentd_calls_total LEAD"] == found["agentd_calls_total HANGUP"] == 1
    assert found["agentd_calls_refused_total SWITCH_CONGESTION"] == 1
    assert found["agentd_hangups_total NORMAL_CLEARING"] == 2
    assert found["agentd_call_seconds_count"] == 2
    assert found.get("agentd_calls_held open", 0) == found["agentd_audio_streams"] == 0
    heard = sum(t["who"] == "prospect" for report in reports for t in report.turns)
    assert found["agentd_stage_seconds_count recognition"] == heard
    assert found["agentd_recognitions_total speculate ok"] >= heard
    assert 0 < found["agentd_answer_seconds_count"] <= heard
    # Hums are answered in less than 0.2 s of silence and some of the machine's time.
    assert found["agentd_answer_seconds_sum"] / found["agentd_answer_seconds_count"] < 1.5
    assert found["agentd_stage_seconds_count store"] > 10
    assert found["agentd_clips_total recorded"] > 5
    # "Demain matin" is repeated aloud, which no recording does; there is no voice that could.
    assert found["agentd_clips_total synthesised"] == 1
    assert found["agentd_loop_stall_seconds_count"] > 10


def test_no_personal_data_in_the_log(houses: Callable[..., House], watch: Watch) -> None:
    house = houses()
    calls = [house.call(STRAIGHT), house.call([{"dtmf": "9", "at": 0.1}]), house.call(YESES)]
    for placed in calls[:2]:
        placed.outcome()
    calls[2].call.switch.crash("the switch died")
    calls[2].outcome()
    until(lambda: house.server.calls == 0)
    said = [entry for entry in watch.entries if entry["level"] != "debug"]
    assert len(said) >= 6
    for entry in said:
        told = {key: value for key, value in entry.items() if key not in HARMLESS}
        text = json.dumps(told, default=str, ensure_ascii=False)
        assert not [word for word in PERSONAL if word in text], entry
