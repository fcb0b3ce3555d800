"""When a call is recorded, and how a prospect ends that."""

import pytest
from dialogue_driver import Line, brain, scenario

from agentd.dialogue.actions import Record, StartRecording, StopRecording
from agentd.dialogue.expectations import UNRECORDED
from agentd.dialogue.recording import without_refusal

REFUSALS = (
    "je ne veux pas être enregistré",
    "je veux pas que ce soit enregistré",
    "je refuse d'être enregistré",
    "je refuse l'enregistrement",
    "arrêtez l'enregistrement",
    "coupez l'enregistrement s'il vous plaît",
    "je m'oppose à l'enregistrement",
    "j'ai pas envie qu'on m'enregistre",
    "je suis pas d'accord pour être enregistrée",
    "effacez cet enregistrement",
    "non pas d'enregistrement",
    "ne m'enregistrez pas",
    "enregistré non merci",
    "l'enregistrement je ne suis pas d'accord",
    "hors de question d'accepter pas question que vous m'enregistriez",
)
OTHERS = (
    "vous m'enregistrez là",
    "pourquoi vous m'enregistrez",
    "est-ce que c'est enregistré",
    "vous n'êtes pas enregistrés à l'amf",
    "j'ai pas enregistré votre numéro",
    "oui c'est bien enregistré",
    "d'accord vous pouvez enregistrer",
    "",
)


@pytest.mark.parametrize("text", [*REFUSALS, *UNRECORDED])
def test_refusals(text: str) -> None:
    assert without_refusal(text) is not None


@pytest.mark.parametrize("text", OTHERS)
def test_talk_of_recording_is_no_refusal(text: str) -> None:
    assert without_refusal(text) is None


def test_the_rest_of_what_was_said_is_left() -> None:
    assert without_refusal("Oui, mais je refuse d'être enregistré") == "oui mais je"


def test_recorded_only_once_the_notice_has_been_heard() -> None:
    line = Line(brain(), recorded=True)
    assert "vous pouvez vous y opposer" in line.last_said
    assert line.of(StartRecording) == []
    line.hear_out()
    assert line.of(StartRecording) == [StartRecording()]
    assert line.records("recording") == [{"state": "started"}]
    line.says("oui")
    line.hear_out()
    assert len(line.of(StartRecording)) == 1


def test_a_call_that_is_not_to_be_recorded_is_not() -> None:
    line = Line(brain())
    line.says("je refuse d'être enregistré")
    line.hear_out()
    assert line.of(StartRecording) == line.of(StopRecording) == line.records("recording") == []


def test_a_refusal_erases_what_there_is_before_anything_is_said() -> None:
    line = Line(brain(), recorded=True)
    asked = line.says("je ne veux pas être enregistré")
    erased = asked.index(StopRecording(erase=True))
    assert asked.index(Record("recording", {"state": "refused"})) < erased
    assert line.last_keys[0] == "phrases/recording_stopped"
    assert line.last_keys[1:] == ["Hello.question"]
    said = next(i for i, action in enumerate(asked) if type(action).__name__ == "Say")
    assert erased < said
    line.says("oui")
    assert line.outcomes["Hello"] == "affirm"
    line.says("je refuse d'être enregistré")
    assert len(line.of(StopRecording)) == 1


def test_a_yes_beside_a_refusal_counts() -> None:
    line = Line(brain(), recorded=True)
    line.says("oui mais je refuse d'être enregistré")
    assert line.outcomes["Hello"] == "affirm"
    assert line.last_keys[0] == "phrases/recording_stopped"


def test_refused_during_the_notice_nothing_is_begun() -> None:
    line = Line(brain(), recorded=True)
    line.talks_over("ne m'enregistrez pas", at=2_000, meant=False)
    line.hear_out()
    assert line.of(StartRecording) == []
    assert line.last_keys[0] == "phrases/recording_stopped"


def test_an_opt_out_beside_a_refusal_is_an_opt_out() -> None:
    line = Line(brain(), recorded=True)
    line.says("ne me rappelez plus et arrêtez l'enregistrement")
    assert line.of(StopRecording) == [StopRecording(erase=True)]
    assert line.disposition == ("OPT_OUT", 0)


def test_the_person_who_takes_the_call_is_not_recorded() -> None:
    held = brain(scenario(transfer={"target": "human"}))
    line = Line(held, recorded=True)
    line.says("passez-moi quelqu'un")
    line.hear_out()
    names = [type(action).__name__ for action in line.actions]
    assert line.of(StopRecording) == [StopRecording(erase=False)]
    assert names.index("StopRecording") < names.index("Transfer")


def test_who_takes_over_goes_on_recording_or_erases() -> None:
    line = Line(brain(), recorded=True)
    line.says("oui")
    assert StartRecording() in line.passes_on()
    line.says("je refuse d'être enregistré")
    assert StopRecording(erase=True) in line.passes_on()


def test_any_reading_that_refuses_counts_and_they_are_listened_for() -> None:
    line = Line(brain(), recorded=True)
    line.hear_out()
    assert set(UNRECORDED) <= set(line.listening_for.phrases)
    line.says("je ne veux pas trier", alternatives=("je ne veux pas que vous m'enregistriez",))
    assert line.of(StopRecording) == [StopRecording(erase=True)]
    assert not set(UNRECORDED) & set(line.listening_for.phrases)
    assert not set(UNRECORDED) & set(Line(brain()).listening_for.phrases)
