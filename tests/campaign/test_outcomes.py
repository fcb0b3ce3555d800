"""Hangup causes and SIP statuses, as the real switch gave them (shared/freeswitch.md section 5)."""

import pytest

from agentd.campaign.outcomes import Outcome, sip_status, unanswered
from agentd.dialogue.dispositions import Disposition

# cause, SIP status, disposition, the trunk's doing, may have rung, permanent: measured but where
# a line says otherwise.
MEASURED = [
    ("NO_ANSWER", None, Disposition.NO_ANSWER, False, True, False),
    ("ALLOTTED_TIMEOUT", None, Disposition.NO_ANSWER, False, True, False),
    ("USER_BUSY", 486, Disposition.BUSY, False, True, False),
    ("USER_BUSY", None, Disposition.BUSY, False, True, False),  # loopback
    ("CALL_REJECTED", 603, Disposition.REJECTED, False, True, False),
    ("UNALLOCATED_NUMBER", 404, Disposition.UNREACHABLE, False, False, True),
    ("NO_USER_RESPONSE", 480, Disposition.UNREACHABLE, False, False, False),
    ("INVALID_NUMBER_FORMAT", 484, Disposition.UNREACHABLE, False, False, True),
    ("ORIGINATOR_CANCEL", 487, Disposition.NO_ANSWER, False, True, False),
    ("INCOMPATIBLE_DESTINATION", 488, Disposition.FAILED, True, False, False),
    ("NORMAL_TEMPORARY_FAILURE", 500, Disposition.FAILED, True, False, False),
    ("NORMAL_TEMPORARY_FAILURE", 503, Disposition.FAILED, True, False, False),
    ("UNWANTED", 607, Disposition.REJECTED, False, True, True),
    ("NORMAL_CLEARING", None, Disposition.NO_ANSWER, False, True, False),  # uuid_kill while it rang
    ("INVALID_GATEWAY", None, Disposition.FAILED, True, False, False),
    (
        "CALL_REJECTED",
        403,
        Disposition.FAILED,
        True,
        False,
        False,
    ),  # the trunk will not carry it (source)
]


@pytest.mark.parametrize(("cause", "status", "disposition", "trunk", "rang", "permanent"), MEASURED)
def test_a_cause_ends_in_its_disposition(cause, status, disposition, trunk, rang, permanent):
    assert unanswered(cause, status) == Outcome(disposition, trunk, rang, permanent)


def test_an_unknown_cause_is_technical_and_counts_as_an_attempt():
    assert unanswered("A_NEW_ONE") == Outcome(Disposition.FAILED, trunk=False, rang=True)


@pytest.mark.parametrize(
    ("text", "status"), [("486", 486), ("", None), ("48", None), ("४८६", None)]
)
def test_a_status_is_three_digits(text, status):
    assert sip_status(text) == status
