"""What the switch counts of the calls it is given."""

from datetime import UTC, datetime, timedelta

from agentd.simulator.odometer import Odometer

START = datetime(2026, 11, 24, 10, tzinfo=UTC)


def counted(*seconds: float) -> Odometer:
    seen = Odometer()
    for second in seconds:
        seen.begun(START + timedelta(seconds=second))
    return seen


def test_a_minute_slides_and_has_its_first_instant_only() -> None:
    assert counted(0, 30, 59.999).most_a_minute == 3
    assert counted(0, 30, 60).most_a_minute == 2
    assert counted(0, 0, 0, 100, 130, 150).most_a_minute == 3


def test_legs_at_once() -> None:
    seen = counted(0, 1)
    seen.ended()
    seen.begun(START)
    assert (seen.live, seen.total, seen.most_at_once) == (2, 3, 2)
    assert seen.last == START
