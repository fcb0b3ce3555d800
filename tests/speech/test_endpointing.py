import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.speech.endpointing import Endpointer, Moment, Said, Tuning, completeness
from agentd.speech.frames import FRAME_MS

TUNING = Tuning()


def play(endpointer: Endpointer, script: str) -> list[tuple[int, Moment]]:
    """`#` is a voiced frame, `.` a silent one: (ms after which it happened, what happened)."""
    moments = []
    for i, mark in enumerate(script):
        moment = endpointer.feed(mark == "#")
        if moment is not None:
            moments.append(((i + 1) * FRAME_MS, moment))
    return moments


def frames(ms: int, mark: str) -> str:
    return mark * (ms // FRAME_MS)


def test_speech_begins_after_60_ms_of_voice_and_counts_from_its_first_frame():
    endpointer = Endpointer(TUNING)
    assert play(endpointer, "....#.##") == [(160, Moment.STARTED)]
    assert endpointer.length_ms == 80


@pytest.mark.parametrize("noise", ["#", "##", "#..#......#..#......", "##.......##"])
def test_clicks_are_not_speech(noise):
    assert play(Endpointer(TUNING), noise + "." * 50) == []


def test_a_turn_pauses_then_ends_by_default_after_740_ms():
    endpointer = Endpointer(TUNING)
    moments = play(endpointer, frames(400, "#") + frames(2000, "."))
    assert moments == [
        (60, Moment.STARTED),
        (400 + TUNING.pause_ms, Moment.PAUSED),
        (400 + TUNING.unknown_ms, Moment.ENDED),
    ]
    assert endpointer.silence_ms == TUNING.unknown_ms


@pytest.mark.parametrize(
    ("said", "silence"), [(Said.COMPLETE, 300), (Said.UNKNOWN, 740), (Said.UNFINISHED, 1200)]
)
def test_what_was_said_decides_how_much_silence_ends_it(said, silence):
    endpointer = Endpointer(TUNING)
    play(endpointer, frames(400, "#") + frames(TUNING.pause_ms, "."))
    endpointer.said = said
    ended = play(endpointer, frames(2000, "."))[0]
    assert ended == (silence - TUNING.pause_ms, Moment.ENDED)


def test_words_that_come_late_end_the_turn_at_the_next_frame():
    endpointer = Endpointer(TUNING)
    play(endpointer, frames(400, "#") + frames(460, "."))
    endpointer.said = Said.COMPLETE
    assert endpointer.feed(False) is Moment.ENDED


def test_speech_that_goes_on_makes_the_words_stale():
    endpointer = Endpointer(TUNING)
    play(endpointer, frames(400, "#") + frames(200, "."))
    endpointer.said = Said.COMPLETE
    assert play(endpointer, "##") == [(40, Moment.RESUMED)]
    assert endpointer.said is Said.UNKNOWN
    assert play(endpointer, frames(800, "."))[-1] == (740, Moment.ENDED)


def test_a_click_in_a_pause_neither_resumes_nor_delays():
    endpointer = Endpointer(TUNING)
    moments = play(endpointer, frames(400, "#") + frames(200, ".") + "#" + frames(740, "."))
    assert moments[-2:] == [(580, Moment.PAUSED), (1140, Moment.ENDED)]


def test_a_turn_has_a_longest_length_and_another_begins():
    endpointer = Endpointer(Tuning(longest_ms=1000))
    moments = play(endpointer, frames(2000, "#"))
    assert moments == [
        (60, Moment.STARTED),
        (1000, Moment.ENDED),
        (1060, Moment.STARTED),
        (2000, Moment.ENDED),
    ]


def test_said_of_one_turn_is_not_that_of_the_next():
    endpointer = Endpointer(TUNING)
    play(endpointer, frames(200, "#") + frames(200, "."))
    endpointer.said = Said.COMPLETE
    play(endpointer, frames(200, "."))
    assert play(endpointer, frames(200, "#") + frames(800, "."))[-1] == (940, Moment.ENDED)


@given(st.text(alphabet="#.", max_size=400), st.sampled_from(Said))
def test_moments_always_come_in_order(script, said):
    endpointer = Endpointer(Tuning(longest_ms=2000))
    state = "silent"
    for mark in script:
        moment = endpointer.feed(mark == "#")
        allowed = {
            None: ("silent", "speaking", "paused"),
            Moment.STARTED: ("silent",),
            Moment.PAUSED: ("speaking",),
            Moment.RESUMED: ("paused",),
            Moment.ENDED: ("speaking", "paused"),
        }[moment]
        assert state in allowed
        state = {
            None: state,
            Moment.STARTED: "speaking",
            Moment.PAUSED: "paused",
            Moment.RESUMED: "speaking",
            Moment.ENDED: "silent",
        }[moment]
        assert endpointer.speaking == (state != "silent")
        if state == "paused":
            endpointer.said = said


@pytest.mark.parametrize(
    "text",
    """oui
non merci
Oui d'accord.
ouais ouais
oui je vous écoute
oui effectivement
oui pourquoi pas
Bien sûr !
allô
pardon ?
ça ne m'intéresse pas
je ne suis pas intéressé
je n'ai pas le temps
je ne sais pas
oui j'en ai un
ne m'appelez plus
c'est qui ?
si
mais si""".splitlines(),
)
def test_complete(text):
    assert completeness(text) is Said.COMPLETE


@pytest.mark.parametrize(
    "text",
    """oui mais
euh
oui euh
parce que
je
c'est
et puis je
j'habite à
il me faut un
le
pour
oui mais vos taux sont très
quand
est-ce que
mais je suis
non mais alors""".splitlines(),
)
def test_unfinished(text):
    assert completeness(text) is Said.UNFINISHED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "oui mais c'est trop cher vos taux",
        "rappelez-moi demain à dix heures",
        "c'est où",
        "il n'y en a plus",
        "je n'en veux plus",
        "oui il y en a",
        "moi non plus",
        "et alors",
        "c'est pour qui",
        "non c'est trop",
    ],
)
def test_neither(text):
    assert completeness(text) in (Said.UNKNOWN, Said.COMPLETE)


@given(st.text(max_size=60))
def test_any_text_has_a_completeness(text):
    assert completeness(text) in Said
