"""Cuts the recordings of the wire beside this file out of the FreeSWITCH transcripts.

    python tests/switch/wire/extract.py /work/shared/freeswitch

A transcript is `[seconds] >>> N bytes LABEL` (sent to the switch) or `<<<` (received), a newline,
then the bytes. Each `.bin` holds what was received from the first to the last second named here,
just as it came; each `.sent` what was sent. The numbers in them are synthetic.
"""

import re
import sys
from pathlib import Path

CUTS = {  # name: (transcript, first second, last second)
    "commands": ("01_outbound_basic.txt", 0.0, 0.70),
    "playback": ("01_outbound_basic.txt", 0.80, 1.87),
    "hangup_linger": ("01_outbound_basic.txt", 1.88, 9.0),
    "far_end_hangup": ("01c_outbound_linger_farend_hangup.txt", 9.0, 15.0),
    "no_linger": ("01b_outbound_nolinger_farend_hangup.txt", 0.0, 60.0),
    "two_playbacks": ("03c_inbound_leg_full_recipe.txt", 1.9, 4.1),
    "fork": ("04b_audio_fork_commands_esl.txt", 0.0, 3.12),
    "static_mode": ("01z_unquoted_originate_socket_static_mode.txt", 0.0, 60.0),
}
HEAD = re.compile(rb"\n\[([\d.]+)\] (>>>|<<<) (?:EOF )?(\d+) bytes [^\n]*\n")
LIMIT = 60_000


def pieces(transcript: bytes) -> list[tuple[float, bytes, bytes]]:
    """(second, direction, bytes) of each entry."""
    found, at = [], 0
    while match := HEAD.search(transcript, at):
        size = int(match[3])
        found.append((float(match[1]), match[2], transcript[match.end() : match.end() + size]))
        at = match.end() + size
    return found


def main(folder: Path) -> None:
    here = Path(__file__).parent
    for name, (transcript, first, last) in CUTS.items():
        entries = [e for e in pieces((folder / transcript).read_bytes()) if first <= e[0] <= last]
        for suffix, direction in ((".bin", b"<<<"), (".sent", b">>>")):
            data = b"".join(entry[2] for entry in entries if entry[1] == direction)
            if len(data) > LIMIT:
                sys.exit(f"{name}{suffix}: {len(data)} bytes, more than {LIMIT}")
            (here / (name + suffix)).write_bytes(data)
            print(f"{name}{suffix}: {len(data)} bytes")
    # The websocket upgrade of a 16 kHz mono fork. Its frames were not recorded whole.
    shakes = (folder / "04_ws_handshakes.txt").read_bytes()
    request = shakes[shakes.index(b"GET", shakes.index(b"### 16k mono")) :]
    (here / "fork_upgrade.http").write_bytes(request[: request.index(b"\r\n\r\n") + 4])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
