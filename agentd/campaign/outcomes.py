"""What a hangup cause means: from what the switch says of an originate to a disposition. Pure.

Causes are those measured in `shared/freeswitch.md` section 5, and the rest of FreeSWITCH's table
(ITU-T Q.850 and its own). A SIP status, where the switch passes one on (`sip_term_status`, else
`sip_invite_failure_status`), decides first where one cause covers several (RFC 3261, RFC 8197).
"""

from dataclasses import dataclass

from agentd.dialogue.dispositions import Disposition


@dataclass(frozen=True)
class Outcome:
    """How an attempt that nobody answered ended.

    trunk: it is the trunk's or our doing, not the callee's; it tells on the gateway.
    rang: the callee's telephone may have rung: the attempt counts against the frequency caps.
    permanent: calling this number again would give the same.
    """

    disposition: Disposition
    trunk: bool = False
    rang: bool = True
    permanent: bool = False


_NO_ANSWER = Outcome(Disposition.NO_ANSWER)
_BUSY = Outcome(Disposition.BUSY)
_REJECTED = Outcome(Disposition.REJECTED)
# 607: the callee, or who filters for them, says this call is not wanted (RFC 8197).
_UNWANTED = Outcome(Disposition.REJECTED, permanent=True)
_ABSENT = Outcome(Disposition.UNREACHABLE, rang=False)
_NO_SUCH = Outcome(Disposition.UNREACHABLE, rang=False, permanent=True)
_TRUNK = Outcome(Disposition.FAILED, trunk=True, rang=False)

_BY_CAUSE = {
    "NO_ANSWER": _NO_ANSWER,
    "ALLOTTED_TIMEOUT": _NO_ANSWER,
    "PROGRESS_TIMEOUT": _NO_ANSWER,
    "MEDIA_TIMEOUT": _NO_ANSWER,
    "ORIGINATOR_CANCEL": _NO_ANSWER,
    "NORMAL_CLEARING": _NO_ANSWER,  # we hung up while it rang: stop, or the operator
    "NORMAL_UNSPECIFIED": _NO_ANSWER,
    "MANAGER_REQUEST": _NO_ANSWER,
    "PICKED_OFF": _NO_ANSWER,
    "LOSE_RACE": _NO_ANSWER,
    "USER_BUSY": _BUSY,
    "CALL_REJECTED": _REJECTED,
    "OUTGOING_CALL_BARRED": _TRUNK,
    "UNWANTED": _UNWANTED,
    "DECLINE": _REJECTED,
    "NO_USER_RESPONSE": _ABSENT,
    "SUBSCRIBER_ABSENT": _ABSENT,
    "USER_NOT_REGISTERED": _ABSENT,
    "DESTINATION_OUT_OF_ORDER": _ABSENT,
    "UNALLOCATED_NUMBER": _NO_SUCH,
    "INVALID_NUMBER_FORMAT": _NO_SUCH,
    "NUMBER_CHANGED": _NO_SUCH,
    "NO_ROUTE_DESTINATION": _NO_SUCH,
    "NO_ROUTE_TRANSIT_NET": _TRUNK,
    "INCOMPATIBLE_DESTINATION": _TRUNK,
    "NORMAL_TEMPORARY_FAILURE": _TRUNK,
    "NORMAL_CIRCUIT_CONGESTION": _TRUNK,
    "NETWORK_OUT_OF_ORDER": _TRUNK,
    "SWITCH_CONGESTION": _TRUNK,
    "REQUESTED_CHAN_UNAVAIL": _TRUNK,
    "RECOVERY_ON_TIMER_EXPIRE": _TRUNK,
    "SERVICE_UNAVAILABLE": _TRUNK,
    "SERVICE_NOT_IMPLEMENTED": _TRUNK,
    "BEARERCAPABILITY_NOTAVAIL": _TRUNK,
    "INVALID_GATEWAY": _TRUNK,
    "GATEWAY_DOWN": _TRUNK,
    "INVALID_PROFILE": _TRUNK,
    "CHAN_NOT_IMPLEMENTED": _TRUNK,
    "PROTOCOL_ERROR": _TRUNK,
    "INTERWORKING": _TRUNK,
    "CRASH": _TRUNK,
    "SYSTEM_SHUTDOWN": _TRUNK,
}
_BY_STATUS = {
    401: _TRUNK,  # the trunk does not know us, or
    403: _TRUNK,  # will not carry this call; FreeSWITCH calls it CALL_REJECTED, as it does 603
    407: _TRUNK,
    404: _NO_SUCH,
    410: _NO_SUCH,
    484: _NO_SUCH,
    604: _NO_SUCH,
    486: _BUSY,
    600: _BUSY,
    480: _ABSENT,
    603: _REJECTED,
    607: _UNWANTED,
    608: _UNWANTED,  # rejected by an intermediary that filters (RFC 8688)
    488: _TRUNK,
}


def unanswered(cause: str, sip_status: int | None = None) -> Outcome:
    """What became of a call that was never answered. An unknown cause is a technical failure that
    may have rung: it counts against the caps."""
    if sip_status is not None:
        if sip_status in _BY_STATUS:
            return _BY_STATUS[sip_status]
        if 500 <= sip_status <= 599:
            return _TRUNK
    return _BY_CAUSE.get(cause, Outcome(Disposition.FAILED))


def sip_status(text: str) -> int | None:
    """A status as a channel variable holds it."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 3 else None
