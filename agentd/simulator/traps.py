"""What a real switch has been seen to do wrong, for a simulated call to do on purpose.

From `shared/freeswitch.md`: each was measured on FreeSWITCH 1.10.12 with mod_audio_fork.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Traps:
    """All off unless named.

    refused_forks: the first so many are answered +OK and fail to connect.
    mute_forks: the next so many open their websocket and stay silent: no event, no audio.
    late_fork_s: a fork's websocket opens so late, and what was kept comes as one large frame.
    lost_fork_s: the first fork that flows loses its connection so long after it has opened.
    static: the socket application was started without quotes: neither async nor full.
    """

    refused_forks: int = 0
    mute_forks: int = 0
    late_fork_s: float = 0.0
    lost_fork_s: float | None = None
    static: bool = False


NONE = Traps()
