"""The live view of a campaign, on a terminal and off it."""

import io
from types import SimpleNamespace
from typing import Any

from agentd.observe.campaign_view import Watch, explained, lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(**changes: Any) -> Any:
    given = {
        "name": "spring",
        "state": "running",
        "simulated": False,
        "note": "",
        "contacts": {"done": 6, "refused": 1, "ready": 3},
        "dispositions": {"LEAD": 2, "BUSY": 4},
        "attempts": 9,
        "ringing": 1,
        "talking": 2,
        "per_minute": 7,
        "leads": 2,
        "refusals": {"hours": 3},
        "causes": {"USER_BUSY": 4},
        "answer_ms": [300, 400, 900],
        "dialers": [{"host": "h", "pid": 7, "note": "circuit open: gateway one", "seen_s": 1.5}],
        "waiting_until": "2026-11-25T10:00:00+00:00",
    }
    return SimpleNamespace(**{**given, **changes})


def test_plain_lines_say_everything() -> None:
    text = "\n".join(lines(told()))
    for part in (
        "spring: running",
        "7 of 10 decided",
        "1 ringing, 2 talking, 9 attempts, 7 in the last minute",
        "BUSY 4, LEAD 2",
        "hours 3",
        "USER_BUSY 4",
        "median 400 ms",
        "next due      2026-11-25",
        "circuit open: gateway one",
    ):
        assert part in text


def test_off_a_terminal_lines_come_now_and_then_and_at_the_end() -> None:
    out = io.StringIO()
    with Watch(out) as view:
        view.show(told())
        view.show(told())
        view.trouble("the store is away")
        view.show(told(state="done"))
    assert out.getvalue().count("campaign      spring") == 2
    assert "the store is away" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_on_a_terminal_one_picture_stays_in_place() -> None:
    out = Terminal()
    with Watch(out) as view:
        view.show(told())
        view.trouble("the store is away")
    text = out.getvalue()
    for part in ("campaign spring", "7/10 decided", "LEAD", "USER_BUSY", "hours", "store is away"):
        assert part in text


def test_the_story_of_a_contact_is_told_in_order() -> None:
    refusal = {"reason": "outside the hours", "article": "art. D. 223-9"}
    story = explained(
        {
            "contact": {
                "contact": "c1",
                "state": "ready",
                "disposition": None,
                "score": None,
                "reason": "",
                "next_at": "2026-11-25T10:00:00+00:00",
            },
            "refusals": [
                {
                    "at": "2026-11-24T20:30:00+00:00",
                    "retry_at": "2026-11-25T09:00:00+00:00",
                    "evidence": {"gates": {"hours": {"refusals": [refusal]}, "consent": {}}},
                }
            ],
            "attempts": [
                {
                    "begun_at": "2026-11-24T10:30:00+00:00",
                    "number": 1,
                    "gateway": "one",
                    "disposition": "BUSY",
                    "cause": "USER_BUSY",
                    "caller_id": "+33162000001",
                    "id": "u",
                    "reason": "",
                    "evidence": {"gates": {"hours": {}, "consent": {}}},
                }
            ],
        }
    )
    text = "\n".join(story)
    assert text.index("called, attempt 1 by one: BUSY (USER_BUSY)") < text.index("not called")
    assert "hours: outside the hours [art. D. 223-9]" in text
    assert "allowed by hours, consent" in text
