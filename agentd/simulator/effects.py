"""What the simulated switch wants done outside itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Send:
    """Bytes for the client."""

    data: bytes


@dataclass(frozen=True)
class Close:
    """Close the connection, once everything is sent."""


@dataclass(frozen=True)
class ForkStart:
    """Open an audio fork. mix: mono | mixed | stereo."""

    name: str
    url: str
    mix: str
    rate_hz: int
    metadata: str


@dataclass(frozen=True)
class ForkDo:
    """Do something with an open fork. action: stop | pause | resume | graceful-shutdown | text."""

    name: str
    action: str
    text: str = ""


@dataclass(frozen=True)
class RecordStart:
    """Begin a recording of the channel in a file; stereo: the caller left, us right."""

    path: str
    stereo: bool


@dataclass(frozen=True)
class RecordStop:
    """Complete the recording in that file."""

    path: str


Effect = Send | Close | ForkStart | ForkDo | RecordStart | RecordStop
