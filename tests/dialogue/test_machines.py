"""What the engine does when no person has picked up."""

import pytest
from dialogue_driver import Line, brain, scenario

from agentd.dialogue.actions import Hangup, Say, StartTimer, Stop
from agentd.dialogue.events import Amd, DrainRequested, GreetingOver, HungUp, Partial, Utterance
from agentd.dialogue.state import Phase

MESSAGE = "Ici Julie, la voix artificielle de Banque Exemple, pour un appel commercial."


def machine(line: Line, reason: str = "words") -> list[object]:
    line.now += 2_000
    return list(line.send(Amd("machine", line.now, reason)))


def with_message() -> Line:
    return Line(brain(scenario(voicemail=MESSAGE)))


def test_a_machine_is_hung_up_on_in_the_middle_of_our_greeting() -> None:
    line = Line(brain())
    actions = machine(line)
    assert isinstance(actions[0], Stop)
    assert line.disposition == ("VOICEMAIL", 0)
    assert isinstance(actions[-1], Hangup)
    assert line.outcomes == {"Hello": "machine"}


def test_a_person_changes_nothing() -> None:
    line = Line(brain())
    assert line.send(Amd("human", 900, "")) == []
    assert line.state.amd == "human"
    line.says("oui")
    assert line.state.step == "Q1"


def test_a_number_nobody_has_is_unreachable() -> None:
    line = Line(brain(scenario(voicemail=MESSAGE)))
    line.send(Amd("announcement", 2_000, "words: plus attribue"))
    assert line.disposition == ("UNREACHABLE", 0)
    assert line.ended


@pytest.mark.parametrize("by", ["beep", "silence"])
def test_a_message_is_left_once_the_machine_listens(by: str) -> None:
    line = with_message()
    machine(line)
    assert line.disposition == ("VOICEMAIL", 0)  # kept before anything is said
    assert not line.ended
    line.now += 3_000
    (said,) = [a for a in line.send(GreetingOver(by, line.now)) if isinstance(a, Say)]
    assert said.text == MESSAGE
    assert not said.interruptible
    line.hear_out()
    assert line.ended
    assert line.disposition == ("VOICEMAIL", 0)


def test_a_beep_after_a_silence_begins_the_message_anew() -> None:
    line = with_message()
    machine(line)
    line.send(GreetingOver("silence", line.now))
    line.now += 500
    actions = line.send(GreetingOver("beep", line.now))
    assert isinstance(actions[0], Stop)
    assert [a.text for a in line.of(Say)][-2:] == [MESSAGE, MESSAGE]
    assert line.send(GreetingOver("beep", line.now)) == []
    line.hear_out()
    assert line.ended


def test_a_machine_that_never_listens_is_left() -> None:
    line = with_message()
    machine(line)
    line.run_out("machine")
    assert line.ended
    assert line.disposition == ("VOICEMAIL", 0)


def test_a_drain_does_not_wait_for_a_beep() -> None:
    line = with_message()
    machine(line)
    line.send(DrainRequested())
    assert line.ended


def test_a_machine_that_hangs_up_stays_a_voicemail() -> None:
    line = with_message()
    machine(line)
    line.send(HungUp("NORMAL_CLEARING"))
    assert line.disposition == ("VOICEMAIL", 0)


def test_an_opt_out_so_far_is_a_person_s_whatever_it_sounds_like() -> None:
    line = Line(brain())
    line.send(Partial("ne me rappelez plus", 1_500))
    assert machine(line, "talks on for 4600 ms") == []
    line.send(Utterance("ne me rappelez plus jamais", 0.9, 200, 5_000))
    line.hear_out()
    assert line.disposition == ("OPT_OUT", 0)


def test_whoever_has_answered_twice_is_a_person() -> None:
    line = Line(brain())
    line.says("oui")
    line.says("oui")
    assert machine(line) == []
    assert not line.ended


# -- screening ---------------------------------------------------------------------------------


def screened() -> Line:
    line = Line(brain())
    line.now += 2_500
    line.send(Amd("screening", line.now, "words"))
    return line


def hello(line: Line) -> str:
    return str(line.of(Say)[0].text)


def test_an_assistant_is_told_who_calls_once_it_listens() -> None:
    line = screened()
    assert line.saying is None
    line.send(Utterance("dites votre nom", 0.9, 500, 3_000))
    assert line.saying is None  # it may go on
    line.send(GreetingOver("silence", line.now))
    assert line.last_said == hello(line)


def test_the_person_who_then_comes_is_told_too_and_goes_on() -> None:
    line = screened()
    line.send(GreetingOver("silence", line.now))
    line.says("allô")
    assert line.last_said == hello(line)
    assert line.state.step == "Hello"
    assert line.state.screening == ""
    line.says("oui")
    assert line.state.step == "Q1"


def test_the_person_may_come_while_the_assistant_is_told() -> None:
    line = screened()
    line.send(GreetingOver("silence", line.now))
    line.talks_over("allô", at=900, meant=False)
    line.hear_out()
    assert [a.text for a in line.of(Say)] == [hello(line)] * 3
    assert line.state.screening == ""


def test_an_assistant_that_asks_us_to_hold_is_waited_for() -> None:
    line = screened()
    line.send(GreetingOver("silence", line.now))
    line.hear_out()
    waits = [a.seconds for a in line.of(StartTimer) if a.timer_id.startswith("silence")]
    assert waits[-1] == 25.0
    line.send(Amd("screening", line.now, "words: asks us to hold"))
    line.says("merci restez en ligne")
    line.send(GreetingOver("silence", line.now))
    assert len(line.of(Say)) == 2
    line.says("allô")
    assert len(line.of(Say)) == 3


def test_nobody_comes() -> None:
    line = screened()
    line.send(GreetingOver("silence", line.now))
    line.stays_silent()
    assert line.disposition == ("NO_ANSWER", 0)
    assert line.ended


def test_an_assistant_that_never_falls_silent_is_told_all_the_same() -> None:
    line = screened()
    line.run_out("machine")
    assert line.last_said == hello(line)


def test_an_opt_out_while_screened_counts() -> None:
    line = screened()
    line.send(Utterance("ne me rappelez plus", 0.9, 2_600, 4_000))
    line.hear_out()
    assert line.disposition == ("OPT_OUT", 0)


def test_an_assistant_that_offers_a_message_in_the_end() -> None:
    line = screened()
    line.send(GreetingOver("silence", line.now))
    machine(line)
    assert line.disposition == ("VOICEMAIL", 0)
    assert line.ended


def test_another_agentd_takes_a_screened_call_for_a_person_s() -> None:
    line = screened()
    line.passes_on()
    assert line.state.screening == "told"
    line.says("allô")
    assert line.last_said == hello(line)
    assert line.state.phase is Phase.OPEN
