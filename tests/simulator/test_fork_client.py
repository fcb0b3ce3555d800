from collections.abc import Iterator

import gevent
import pytest
from scripted_agent import AudioSink

from agentd.simulator.fork_client import KEEP_BYTES, ForkClient

FRAME = bytes(range(256)) * 2 + bytes(128)

# As 04_ws_handshakes.txt has it, but for the path and the key.
HANDSHAKE = """\
GET /audio?x=1 HTTP/1.1
Pragma: no-cache
Cache-Control: no-cache
Host: 127.0.0.1
Origin: http://127.0.0.1
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: {key}
Sec-WebSocket-Protocol: audio.drachtio.org
Sec-WebSocket-Version: 13"""


class Told(list[tuple[str, str]]):
    def __call__(self, event: str, body: str) -> None:
        self.append((event, body))


@pytest.fixture
def sink() -> Iterator[AudioSink]:
    sink = AudioSink()
    yield sink
    sink.stop()


def wait(condition: object, timeout: float = 3.0) -> None:
    with gevent.Timeout(timeout):
        while not condition():  # type: ignore[operator]
            gevent.sleep(0.002)


def test_the_handshake_the_metadata_and_the_frames(sink: AudioSink) -> None:
    told = Told()
    fork = ForkClient(sink.url, '{"call":"1"}', told)
    wait(lambda: told)
    for _ in range(3):
        fork.feed(FRAME)
    wait(lambda: len(sink.heard.frames) == 3)
    key = sink.heard.request.partition("Sec-WebSocket-Key: ")[2].partition("\r")[0]
    assert sink.heard.request.replace("\r", "") == HANDSHAKE.format(key=key)
    assert sink.heard.texts == ['{"call":"1"}']
    assert sink.heard.frames == [FRAME] * 3
    assert told == [("connect", "")]
    fork.do("stop", '{"final":true}')
    wait(lambda: sink.heard.closed_by)
    assert sink.heard.closed_by == 1000
    assert sink.heard.texts[-1] == '{"final":true}'
    gevent.sleep(0.05)
    assert told == [("connect", "")]  # no event for our own stop
    fork.close()


def test_audio_before_the_answer_is_kept_and_sent_as_one_frame(sink: AudioSink) -> None:
    sink.heard.delay_s = 0.1
    told = Told()
    fork = ForkClient(sink.url, "", told)
    for _ in range(4):
        fork.feed(FRAME)
    wait(lambda: sink.heard.frames)
    fork.feed(FRAME)
    wait(lambda: len(sink.heard.frames) == 2)
    assert [len(frame) for frame in sink.heard.frames] == [4 * len(FRAME), len(FRAME)]
    assert sink.heard.texts == []
    assert told == [("connect", "")]
    fork.close()


def test_of_audio_before_the_answer_two_seconds_are_kept(sink: AudioSink) -> None:
    sink.heard.delay_s = 0.1
    told = Told()
    fork = ForkClient(sink.url, "", told)
    for _ in range(130):
        fork.feed(FRAME)
    wait(lambda: sink.heard.frames)
    assert len(sink.heard.frames[0]) == KEEP_BYTES
    assert told == [("connect", ""), ("buffer_overrun", "")]
    fork.close()


def test_pause_drops_and_graceful_shutdown_stays_open(sink: AudioSink) -> None:
    told = Told()
    fork = ForkClient(sink.url, "", told)
    wait(lambda: told)
    fork.do("pause")
    fork.feed(FRAME)
    fork.do("resume")
    fork.feed(FRAME)
    fork.do("text", "hello")
    fork.do("graceful-shutdown")
    fork.feed(FRAME)
    wait(lambda: len(sink.heard.frames) == 2)
    gevent.sleep(0.05)
    assert [len(frame) for frame in sink.heard.frames] == [640, 0]
    assert sink.heard.texts == ["hello"]
    assert sink.heard.closed_by == 0
    fork.close()


def test_a_refusal_and_nobody_there(sink: AudioSink) -> None:
    sink.heard.refuse = True
    told = Told()
    fork = ForkClient(sink.url, "", told)
    wait(lambda: told)
    sink.stop()
    gone = ForkClient(sink.url, "", told)
    wait(lambda: len(told) == 2)
    assert told == [
        ("connect_failed", '{"reason":"HS: ws upgrade response not 101"}'),
        ("connect_failed", '{"reason":"Unable to connect"}'),
    ]
    fork.close()
    gone.close()


def test_a_server_that_goes_away_is_told_once(sink: AudioSink) -> None:
    told = Told()
    fork = ForkClient(sink.url, "", told)
    wait(lambda: told)
    sink.connections[0].shutdown(2)
    wait(lambda: len(told) == 2)
    fork.feed(FRAME)
    gevent.sleep(0.05)
    assert told[1:] == [("disconnect", "")]
    fork.close()


def test_what_a_server_may_say(sink: AudioSink) -> None:
    told = Told()
    fork = ForkClient(sink.url, "", told)
    wait(lambda: told)
    for text in ('{"type":"transcription","data":{"text":"é"}}', '{"hello":1}', "{broken", "[1]"):
        sink.say(text)
    wait(lambda: len(told) == 3)
    assert told[1:] == [("transcription", '{"text":"é"}'), ("json", '{"hello":1}')]
    fork.close()


def test_stopped_before_it_is_open_it_opens_and_stays_mute(sink: AudioSink) -> None:
    sink.heard.delay_s = 0.1
    told = Told()
    fork = ForkClient(sink.url, "", told)
    fork.feed(FRAME)
    fork.do("stop")
    wait(lambda: told)
    fork.feed(FRAME)
    gevent.sleep(0.1)
    assert sink.heard.frames == []
    assert sink.heard.closed_by == 0
    fork.close()
