"""The golden calls as scripts, and their files as journals.

`tests/calls/NAME.jsonl` holds one call: a head line, then one line an event or action, in order.
After a change of behaviour that is meant:

    PYTHONPATH=. python tests/dialogue/call_scripts.py

writes every file again; read the diff before committing it.
"""

import json
from collections.abc import Callable
from typing import Any

from dialogue_driver import ROOT, Line, brain, scenario

from agentd.dialogue import events
from agentd.dialogue.brain import Brain
from agentd.dialogue.replay import Row

FOLDER = ROOT / "tests/calls"
TRANSFER = {"transfer": {"target": "conseiller"}}

Script = Callable[[Line], object]


def _says(*texts: str) -> Script:
    def script(line: Line) -> None:
        for text in texts:
            line.says(text)

    return script


def _two_silences(line: Line) -> None:
    line.stays_silent()
    line.stays_silent()


def _interrupted_and_resumed(line: Line) -> None:
    line.says("oui")
    line.talks_over("mmh", at=900)
    line.says("oui")
    line.talks_over("oui je veux bien", at=1200)
    line.says("oui")
    line.stays_silent()
    line.stays_silent()


def _held_and_gone_on_with(line: Line) -> None:
    line.says("oui")
    assert line.saying is not None
    for ms, over in ((800, False), (600, True), (400, False)):
        line.now += ms
        line.send(events.Overlap(line.saying.say_id, line.now, over))
    line.now += 300
    line.send(events.Partial("vos taux sont trop élevés", line.now))
    line.now += 400
    line.send(events.Utterance("vos taux sont trop élevés", 0.9, line.now - 1100, line.now - 300))
    line.says("oui")
    line.stays_silent()
    line.stays_silent()


def _hangup_mid_rail(line: Line) -> None:
    line.says("oui")
    line.says("oui")
    line.now += 400


def _dtmf_nine(line: Line) -> None:
    line.now += 1500
    line.send(events.Dtmf("9"))


def _optout_over_disclosure(line: Line) -> None:
    line.talks_over("ne me rappelez plus", at=2000)


def _transfer_fails(line: Line) -> None:
    line.says("passez-moi quelqu'un")
    line.hear_out()
    line.now += 900
    line.send(events.TransferDone(False, "USER_BUSY"))
    line.says("non")
    line.says("non")
    line.says("non")


def _transferred(line: Line) -> None:
    line.says("oui")
    line.says("passez-moi quelqu'un")
    line.hear_out()
    line.now += 900
    line.send(events.TransferDone(True))


def _fault(line: Line) -> None:
    line.says("oui")
    line.now += 300
    line.send(events.Fault("audio fork lost"))


def _freestyle(line: Line) -> None:
    line.says("oui")
    line.says("quel âge avez-vous")
    line.model("Je suis un programme, je n'ai pas d'âge.")
    line.now += 200
    line.model("Le conseiller, lui, est une personne.", last=True)
    line.hear_out()
    line.says("oui")
    line.says("non")
    line.says("oui")
    line.says("demain matin")


def _freestyle_late(line: Line) -> None:
    line.says("oui")
    line.says("quel âge avez-vous")
    line.run_out("filler")
    line.hear_out()
    line.run_out("ask")
    line.says("non")
    line.says("non")


def _freestyle_interrupted(line: Line) -> None:
    line.says("oui")
    line.says("je n'aime pas ça")
    line.model("Je comprends que ce soit désagréable.")
    line.talks_over("ne me rappelez plus", at=900)
    line.model("Rien de cela ne sera dit.")


def _goes_on(line: Line) -> None:
    line.says("oui")
    line.says("oui")
    line.goes_on("mais vos taux sont trop élevés", at=250)
    line.says("oui")
    line.says("non")
    line.says("non")


def _goes_on_with_the_same(line: Line) -> None:
    line.says("oui")
    line.goes_on("allez-y je vous écoute", at=150)
    line.says("oui")
    line.says("non")
    line.says("non")


def _goes_on_over_the_goodbye(line: Line) -> None:
    line.says("oui")
    line.says("non")
    line.says("non")
    line.goes_on("mais c'est gratuit", at=300)
    line.says("oui")
    line.says("non")


def _second_opinion(line: Line) -> None:
    line.says("oui")
    line.says("moi vous savez les banques")
    line.now += 300
    line.send(events.IntentGuessed("m1", "question"))
    line.model("C'est bien pour en parler que je vous appelle.", last=True)
    line.says("oui")
    line.says("oui")
    line.says("moi vous savez les banques")
    line.now += 300
    line.send(events.IntentGuessed("m3", "affirm"))
    line.says("non")


MODEL = {"freestyle": True, "second_opinion": True}

# name -> (what it shows, changes to the scenario, Answered members, script)
CALLS: dict[str, tuple[str, dict[str, Any], dict[str, Any], Script]] = {
    "lead": (
        "yes all along, a moment at Confirm_Time: LEAD at 100",
        {},
        {},
        _says("oui", "oui", "oui", "oui", "demain à dix heures"),
    ),
    "optout_asked": (
        "what may be an opt-out is asked about, and is one: OPT_OUT",
        {},
        {},
        _says("oui", "vous insistez", "oui"),
    ),
    "optout_asked_no": (
        "what may be an opt-out is asked about, and is none: the rail goes on",
        {},
        {},
        _says("oui", "vous insistez", "non", "oui", "oui", "oui", "demain à dix heures"),
    ),
    "price_objection": (
        "the seed's example: an objection at Q1 answered from a recording, yes to the way back",
        {},
        {"seed": 2, "recorded": True},
        _says("oui", "vos taux sont trop élevés", "oui", "oui", "oui", "lundi matin"),
    ),
    "optout": ("asks never to be called again at Q1", {}, {}, _says("oui", "ne me rappelez plus")),
    "optout_over_disclosure": (
        "the same, over the disclosure: committed at once, acted on at its end",
        {},
        {},
        _optout_over_disclosure,
    ),
    "dtmf_nine": ("presses 9 while the disclosure is being said", {}, {}, _dtmf_nine),
    "two_silences": ("says nothing: reprompt, then NO_ANSWER", {}, {}, _two_silences),
    "wrong_person": ("a wrong number", {}, {}, _says("c'est une erreur")),
    "callback_with_moment": (
        "asks to be called back and says when",
        {},
        {},
        _says("rappelez-moi demain à dix heures"),
    ),
    "callback_without_moment": (
        "asks to be called back later: asked when, kept as said",
        {},
        {},
        _says("oui", "rappelez-moi plus tard", "quand vous voulez"),
    ),
    "no_at_is_leads": ("refuses the objective", {}, {}, _says("oui", "oui", "oui", "non")),
    "out_of_reach": (
        "two noes put the lead out of reach: goodbye before Is_Leads",
        {},
        {},
        _says("oui", "non", "non"),
    ),
    "max_turns": (
        "two questions at Q1 spend its turns: the second answer comes with Q2",
        {},
        {},
        _says("oui", "c'est gratuit", "vos taux sont trop élevés", "oui", "non"),
    ),
    "held_and_gone_on_with": (
        "a backchannel is waited out, words that are meant stop the agent before they are over",
        {},
        {},
        _held_and_gone_on_with,
    ),
    "goes_on": (
        "oui [we begin] mais vos taux...: the yes is taken back, the whole is an objection",
        {},
        {},
        _goes_on,
    ),
    "goes_on_with_the_same": (
        "oui [we begin] allez-y: the yes stands, and what was begun is gone on with",
        {},
        {},
        _goes_on_with_the_same,
    ),
    "goes_on_over_the_goodbye": (
        "a no that goes on takes the goodbye back, with its disposition",
        {"stop_when_unreachable": True},
        {},
        _goes_on_over_the_goodbye,
    ),
    "interrupted_and_resumed": (
        "a false interruption is resumed, a true one is the answer; silence keeps the lead",
        {},
        {},
        _interrupted_and_resumed,
    ),
    "freestyle": (
        "asks what no recording answers: two sentences of the model, then back to the rail",
        {},
        MODEL,
        _freestyle,
    ),
    "freestyle_late": (
        "the model is late: a filler covers the wait, then the recorded answer",
        {},
        MODEL,
        _freestyle_late,
    ),
    "freestyle_optout": (
        "an opt-out over the model's first sentence: nothing of it is said any more",
        {},
        MODEL,
        _freestyle_interrupted,
    ),
    "second_opinion": (
        "the model says what rules abstained from; its yes makes no lead",
        {},
        MODEL,
        _second_opinion,
    ),
    "hangup_mid_rail": ("leaves at Q2: HANGUP with its score", {}, {}, _hangup_mid_rail),
    "human_transferred": ("wants a person, gets one", TRANSFER, {}, _transferred),
    "human_transfer_fails": ("wants a person, none is free", TRANSFER, {}, _transfer_fails),
    "human_without_transfer": (
        "wants a person where the scenario has none: an honest answer",
        {},
        {},
        _says("passez-moi quelqu'un", "non", "non", "non"),
    ),
    "fault": ("the audio is lost: FAILED, politely", {}, {}, _fault),
}


def play(name: str) -> Line:
    """Hold one call of the table to its very end."""
    _, changes, answered, script = CALLS[name]
    line = Line(brain(scenario(**changes)), **answered)
    script(line)
    if line.disposition is not None:
        line.hear_out()
    line.send(events.HungUp("NORMAL_CLEARING", by_us=line.ended))
    return line


def read(name: str) -> tuple[Brain, list[Row]]:
    """A golden call from its file: the brain that held it, and its journal."""
    head, *rows = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    journal: list[Row] = []
    for text in rows:
        row = json.loads(text)
        direction = "event" if "event" in row else "action"
        journal.append((row["at"], direction, json.dumps(row[direction])))
    return brain(scenario(**json.loads(head)["scenario"])), journal


def write(name: str) -> None:
    """Write one golden call from its script."""
    shows, changes, _, _ = CALLS[name]
    lines = [json.dumps({"call": name, "shows": shows, "scenario": changes}, ensure_ascii=False)]
    for at, direction, text in play(name).journal:
        row = json.dumps(json.loads(text), ensure_ascii=False)
        lines.append(f'{{"at": {at}, "{direction}": {row}}}')
    (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for call in CALLS:
        write(call)
