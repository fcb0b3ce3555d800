"""How a call can end. The names are stored, exported and shown: never rename one."""

from enum import StrEnum


class Disposition(StrEnum):
    """Final outcome of one call."""

    LEAD = "LEAD"
    NOT_INTERESTED = "NOT_INTERESTED"
    NO_ANSWER = "NO_ANSWER"
    CALLBACK = "CALLBACK"
    OPT_OUT = "OPT_OUT"
    WRONG_PERSON = "WRONG_PERSON"
    TRANSFERRED = "TRANSFERRED"
    VOICEMAIL = "VOICEMAIL"
    HANGUP = "HANGUP"
    BUSY = "BUSY"
    UNREACHABLE = "UNREACHABLE"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
