"""The channel of a simulated call as FreeSWITCH describes it in its events. Pure.

Header names, their order and their encoding are those of `01_outbound_basic.txt`.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

TICK_MS = 20

_CORE = """\
Core-UUID: 1d86e386-5b33-48a8-b69d-dd6ae972eb11
FreeSWITCH-Hostname: simulator
FreeSWITCH-Switchname: simulator
FreeSWITCH-IPv4: 127.0.0.1
FreeSWITCH-IPv6: ::1"""

_STATE = """\
Channel-State: {state}
Channel-Call-State: {call_state}
Channel-State-Number: {state_number}
Channel-Name: {name}
Unique-ID: {uuid}
Call-Direction: outbound
Presence-Call-Direction: outbound
Channel-HIT-Dialplan: true
Channel-Call-UUID: {uuid}
Answer-State: {answer_state}"""

_CODECS = """\
Channel-Read-Codec-Name: {codec}
Channel-Read-Codec-Rate: 8000
Channel-Read-Codec-Bit-Rate: 64000
Channel-Write-Codec-Name: {codec}
Channel-Write-Codec-Rate: 8000
Channel-Write-Codec-Bit-Rate: 64000"""

# Written once after `Channel-` (only in the answer to `connect`) and once after `Caller-`.
_PROFILE = """\
Direction: outbound
Logical-Direction: outbound
Caller-ID-Name: {dialled}
Caller-ID-Number: {dialled}
Orig-Caller-ID-Number: {presented}
Callee-ID-Number: {presented}
Network-Addr: 127.0.0.1
ANI: {presented}
Destination-Number: {dialled}
Unique-ID: {uuid}
Source: src/switch_ivr_originate.c
Context: default
Channel-Name: {name}
Profile-Index: 1
Profile-Created-Time: {created}
Channel-Created-Time: {created}
Channel-Answered-Time: {answered}
Channel-Progress-Time: 0
Channel-Progress-Media-Time: 0
Channel-Hangup-Time: {hung_up}
Channel-Transfer-Time: 0
Channel-Resurrect-Time: 0
Channel-Bridged-Time: 0
Channel-Last-Hold: 0
Channel-Hold-Accum: 0
Screen-Bit: true
Privacy-Hide-Name: false
Privacy-Hide-Number: false"""

_VARIABLES = """\
direction: outbound
is_outbound: true
uuid: {uuid}
session_id: 3
sip_profile_name: internal
video_media_flow: disabled
text_media_flow: disabled
channel_name: {name}
sip_destination_url: sip:{user}
origination_caller_id_number: {presented}
originate_early_media: true
originate_endpoint: sofia
audio_media_flow: sendrecv
rtp_local_sdp_str: {local_sdp}
sip_outgoing_contact_uri: <sip:mod_sofia@127.0.0.1:5060>
sip_req_uri: {user}
sofia_profile_name: internal
recovery_profile_name: internal
sofia_profile_url: sip:mod_sofia@127.0.0.1:5060
sip_local_network_addr: 127.0.0.1
sip_reply_host: 127.0.0.1
sip_reply_port: 5060
sip_network_ip: 127.0.0.1
sip_network_port: 5060
sip_user_agent: agentd-simulator
sip_allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REFER, NOTIFY
sip_recover_contact: <sip:{user};transport=udp>
sip_full_via: SIP/2.0/UDP 127.0.0.1;rport=5060;branch=z9hG4bK{uuid}
sip_recover_via: SIP/2.0/UDP 127.0.0.1;rport=5060;branch=z9hG4bK{uuid}
sip_full_from: <sip:{presented}@127.0.0.1>;tag=from{uuid}
sip_full_to: <sip:{user}>;tag=to{uuid}
sip_from_user: {presented}
sip_from_uri: {presented}@127.0.0.1
sip_from_host: 127.0.0.1
sip_to_user: {dialled}
sip_to_port: 5060
sip_to_uri: {user}
sip_to_host: 127.0.0.1
sip_contact_params: transport=udp
sip_contact_user: {dialled}
sip_contact_port: 5060
sip_contact_uri: {user}
sip_contact_host: 127.0.0.1
sip_to_tag: to{uuid}
sip_from_tag: from{uuid}
sip_cseq: 1
sip_call_id: {uuid}
switch_r_sdp: {remote_sdp}
ep_codec_string: CORE_PCM_MODULE.{codec}@8000h@20i@64000b
rtp_use_codec_string: PCMU,PCMA
remote_video_media_flow: inactive
remote_text_media_flow: inactive
remote_audio_media_flow: sendrecv
rtp_audio_recv_pt: {pt}
rtp_use_codec_name: {codec}
rtp_use_codec_rate: 8000
rtp_use_codec_ptime: 20
rtp_use_codec_channels: 1
rtp_last_audio_codec_string: {codec}@8000h@20i@1c
read_codec: {codec}
original_read_codec: {codec}
read_rate: 8000
original_read_rate: 8000
write_codec: {codec}
write_rate: 8000
dtmf_type: rfc2833
local_media_ip: 127.0.0.1
local_media_port: 20004
advertised_media_ip: 127.0.0.1
rtp_use_timer_name: soft
rtp_use_pt: {pt}
rtp_use_ssrc: 1394528194
rtp_2833_send_payload: 101
rtp_2833_recv_payload: 101
remote_media_ip: 127.0.0.1
remote_media_port: 23112
endpoint_disposition: ANSWER
pre_transfer_caller_id_number: {presented}
channel_cid_flipped: yes
call_uuid: {uuid}
current_application_data: {socket_args}
current_application: socket
socket_host: {socket_host}"""

_SDP = (
    "v=0\r\no=FreeSWITCH 1 2 IN IP4 127.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {pt} 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)
_CALLING = {
    "CHANNEL_DATA": ("mod_event_socket.c", "parse_command", 2021),
    "CHANNEL_EXECUTE": ("switch_core_session.c", "switch_core_session_exec", 2944),
    "CHANNEL_EXECUTE_COMPLETE": ("switch_core_session.c", "switch_core_session_exec", 2967),
    "PLAYBACK_START": ("switch_ivr_play_say.c", "switch_ivr_play_file", 1646),
    "PLAYBACK_STOP": ("switch_ivr_play_say.c", "switch_ivr_play_file", 2020),
    "CHANNEL_PARK": ("switch_ivr.c", "switch_ivr_park", 1002),
    "CHANNEL_UNPARK": ("switch_ivr.c", "switch_ivr_park", 1213),
    "CHANNEL_HANGUP": ("switch_channel.c", "switch_channel_perform_hangup", 3445),
    "CHANNEL_STATE": ("switch_channel.c", "switch_channel_perform_set_running_state", 2408),
    "CHANNEL_HANGUP_COMPLETE": (
        "switch_core_state_machine.c",
        "switch_core_session_reporting_state",
        943,
    ),
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", 1572),
    "CUSTOM": ("mod_audio_fork.c", "responseHandler", 22),
    "DTMF": ("switch_channel.c", "switch_channel_dequeue_dtmf", 685),
}
_CAUSES = {  # ITU-T Q.850
    "UNALLOCATED_NUMBER": 1,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "CALL_REJECTED": 21,
    "DESTINATION_OUT_OF_ORDER": 27,
    "NORMAL_TEMPORARY_FAILURE": 41,
}
# What switch_url_encode escapes, besides everything outside printable ASCII; what looks escaped
# already it leaves alone (measured).
_UNSAFE = re.compile(rb'[\r\n #&+:;<=>?@\[\\\]^`{|}"\x00-\x1f\x7f-\xff]|%(?![0-9A-Fa-f]{2})')


@lru_cache(maxsize=16_384)
def quote(value: str) -> str:
    """A header's value as events carry it. Of 170 in an event next to none are new."""
    return _UNSAFE.sub(lambda m: b"%%%02X" % m[0][0], value.encode()).decode()


@lru_cache(maxsize=16_384)
def _header(line: str) -> str:
    name, _, value = line.partition(": ")
    return f"{name}: {quote(value)}"


@lru_cache(maxsize=65_536)
def _variable(name: str, value: str) -> str:
    return f"variable_{name}: {quote(value)}"


class Channel:
    """State and variables of the channel; `event` and `data` write them out."""

    def __init__(
        self,
        uuid: str,
        started: datetime,
        *,
        dialled: str = "silent",
        presented: str = "1000",
        codec: str = "PCMA",
        socket_args: str = "127.0.0.1:8084 async full",
        ringing: bool = False,
    ) -> None:
        """started: when the channel was created, aware. Times are counted in ticks from there.
        ringing: nobody has answered yet (`answer`)."""
        self.uuid = uuid
        self.static = not {"async", "full"} <= set(socket_args.split())
        self.tick = 0
        self.state, self.call_state, self.state_number = "CS_EXECUTE", "ACTIVE", 4
        self.answer_state, self.cause = "answered", ""
        self._started = round(started.timestamp() * 1_000_000)
        self._sequence = 0
        self._disposition = ""
        user = f"{dialled}@127.0.0.1:5060"
        self._known: dict[str, str] = {
            "uuid": uuid,
            "user": user,
            "name": f"sofia/internal/{user}",
            "dialled": dialled,
            "presented": presented,
            "codec": codec,
            "pt": {"PCMU": "0", "PCMA": "8"}[codec],
            "socket_args": socket_args,
            "socket_host": socket_args.partition(":")[0],
            "created": str(self._started),
            "answered": str(self._started),
            "hung_up": "0",
        }
        for side, port in (("local", 20004), ("remote", 23112)):
            self._known[f"{side}_sdp"] = _SDP.format(port=port, pt=self._known["pt"])
        self.socket_args = socket_args
        self.variables: dict[str, str] = {}
        for line in _VARIABLES.split("\n"):
            variable, _, template = line.partition(": ")
            self.variables[variable] = template.format(**self._known)
        if ringing:
            self._known["answered"] = "0"
            self.answer_state = "ringing"
            self.state, self.call_state, self.state_number = "CS_CONSUME_MEDIA", "RINGING", 7
            self.set("endpoint_disposition", "")

    @property
    def answered(self) -> bool:
        """Has the far end taken the call?"""
        return self._known["answered"] != "0"

    def answer(self) -> None:
        """The far end takes the call, now."""
        self._known["answered"] = str(self.micros)
        self.answer_state = "answered"
        self.state, self.call_state, self.state_number = "CS_EXECUTE", "ACTIVE", 4
        self.set("endpoint_disposition", "ANSWER")

    def failed(self, cause: str, sip_status: int | None) -> None:
        """The far end, or the trunk, does not take the call. sip_status: None on a timeout."""
        self.hang_up(cause, by_peer=False)
        self.state, self.call_state = "CS_HANGUP", "HANGUP"
        if sip_status is not None:
            self.set("sip_term_status", str(sip_status))
            self.set("proto_specific_hangup_cause", f"sip:{sip_status}")
        self.set("sip_invite_failure_status", str(sip_status or 487))

    @property
    def name(self) -> str:
        """Of the channel, as `Channel-Name` says it."""
        return self._known["name"]

    @property
    def micros(self) -> int:
        """Now, in microseconds since 1970."""
        return self._started + self.tick * TICK_MS * 1000

    def set(self, name: str, value: str) -> None:
        """Set a variable; FreeSWITCH moves it to the end. An empty value removes it."""
        self.variables.pop(name, None)
        if value:
            self.variables[name] = value

    def hang_up(self, cause: str, *, by_peer: bool) -> None:
        """The channel is over. by_peer: the far end sent the BYE."""
        self.cause, self.answer_state = cause, "hangup"
        self._disposition = "recv_bye" if by_peer else "send_bye"
        if by_peer:
            self.set("sip_term_status", "200")
            self.set("proto_specific_hangup_cause", "sip:200")
            self.set("sip_term_cause", str(_CAUSES.get(cause, 31)))
        self.state_number = 10
        self._known["hung_up"] = str(self.micros)

    def data(self) -> bytes:
        """The answer to `connect`: one header block without a body or a length."""
        lines = [
            *self._head("CHANNEL_DATA"),
            *self._lines(_PROFILE, "Channel-"),
            *self._body(),
            *self._variables(),
            "Content-Type: command/reply",
            f"Reply-Text: {quote('+OK' + chr(10))}",
            f"Socket-Mode: {'static' if self.static else 'async'}",
            f"Control: {'single-channel' if self.static else 'full'}",
        ]
        return ("\n".join(lines) + "\n\n").encode()

    def event(
        self,
        name: str,
        extra: dict[str, str] | None = None,
        *,
        subclass: str = "",
        body: str = "",
        bare: bool = False,
    ) -> tuple[dict[str, str], bytes]:
        """One event: its own headers (for filters) and its bytes, framed.

        extra: headers after the channel's. bare: not about the channel (BACKGROUND_JOB).
        """
        extra = extra or {}
        lines = [f"Event-Subclass: {quote(subclass)}"] if subclass else []
        lines += self._head(name)
        if name == "CHANNEL_HANGUP_COMPLETE":
            self.set("sip_hangup_disposition", self._disposition)
            lines.append(f"Hangup-Cause: {quote(self.cause)}")
        if not bare:
            lines += self._body()
            if name != "CHANNEL_STATE":
                lines += self._variables()
        if name == "CHANNEL_HANGUP_COMPLETE":
            lines += self._accounts()
        lines += [f"{key}: {quote(value)}" for key, value in extra.items()]
        content = body.encode()
        if content:
            lines.append(f"Content-Length: {len(content)}")
        inner = ("\n".join(lines) + "\n\n").encode() + content
        outer = f"Content-Length: {len(inner)}\nContent-Type: text/event-plain\n\n".encode()
        if name == "CHANNEL_HANGUP" and self._disposition == "recv_bye":  # told from now on
            self.set("sip_hangup_disposition", self._disposition)
        shown = {"Event-Name": name, **extra}
        if not bare:
            shown["Unique-ID"] = self.uuid
        return shown, outer + inner

    def _head(self, name: str) -> list[str]:
        self._sequence += 1
        when = datetime.fromtimestamp(self.micros / 1_000_000, UTC)
        file, function, line = _CALLING.get(name, ("simulator", "event", 1))
        gmt = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return [
            f"Event-Name: {name}",
            *(self._quoted(line) for line in _CORE.split("\n")),
            f"Event-Date-Local: {quote(when.strftime('%Y-%m-%d %H:%M:%S'))}",
            f"Event-Date-GMT: {quote(gmt)}",
            f"Event-Date-Timestamp: {self.micros}",
            f"Event-Calling-File: {file}",
            f"Event-Calling-Function: {function}",
            f"Event-Calling-Line-Number: {line}",
            f"Event-Sequence: {self._sequence}",
        ]

    def _body(self) -> list[str]:
        self._known.update(
            state=self.state,
            call_state=self.call_state,
            state_number=str(self.state_number),
            answer_state=self.answer_state,
        )
        cause = [f"Hangup-Cause: {quote(self.cause)}"] if self.cause else []
        return [
            *self._lines(_STATE),
            *cause,
            *self._lines(_CODECS),
            *self._lines(_PROFILE, "Caller-"),
        ]

    def _lines(self, template: str, prefix: str = "") -> list[str]:
        return [prefix + self._quoted(line) for line in template.format(**self._known).split("\n")]

    @staticmethod
    def _quoted(line: str) -> str:
        return _header(line)

    def _variables(self) -> list[str]:
        return list(map(_variable, self.variables, self.variables.values()))

    def _accounts(self) -> list[str]:
        """What CHANNEL_HANGUP_COMPLETE alone carries: cause, stamps and durations."""
        ms = self.tick * TICK_MS
        stamp = datetime.fromtimestamp(self._started / 1_000_000, UTC)
        ended = datetime.fromtimestamp(self.micros / 1_000_000, UTC)
        values = {
            "hangup_cause": self.cause,
            "hangup_cause_q850": str(_CAUSES.get(self.cause, 31)),
            "start_stamp": stamp.strftime("%Y-%m-%d %H:%M:%S"),
            "answer_stamp": stamp.strftime("%Y-%m-%d %H:%M:%S"),
            "end_stamp": ended.strftime("%Y-%m-%d %H:%M:%S"),
            "start_epoch": str(self._started // 1_000_000),
            "start_uepoch": str(self._started),
            "answer_epoch": str(self._started // 1_000_000),
            "answer_uepoch": str(self._started),
            "end_epoch": str(self.micros // 1_000_000),
            "end_uepoch": str(self.micros),
            "last_app": self.variables.get("current_application", "socket"),
            "last_arg": self.variables.get("current_application_data", ""),
            "duration": str(ms // 1000),
            "billsec": str(ms // 1000),
            "mduration": str(ms),
            "billmsec": str(ms),
        }
        return [f"variable_{name}: {quote(value)}" for name, value in values.items()]
