"""The questions `create-scenario` asks a person, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from pydantic import ValidationError

from agentd_tools import scenario_answers as sa
from agentd_tools.scenario_answers import Answers, Question

OBJECTIVES = {
    "lead": "qualify: an adviser calls back",
    "rdv": "make an appointment",
    "transfer": "hand the call to a person",
}


class Interview:
    """Asks what `told` (answers so far, or those of a scenario that is edited) does not settle:
    each question is asked with its present answer as the default."""

    def __init__(
        self, told: Mapping[str, Any], *, voices: Mapping[str, str], backgrounds: Sequence[str],
        themes: Sequence[str],
    ) -> None:  # fmt: skip
        """voices: name -> what to say of it."""
        self.answers: dict[str, Any] = {k: v for k, v in told.items() if v is not None}
        self._voices, self._backgrounds, self._themes = voices, backgrounds, themes

    def run(self) -> None:
        """Ask everything; `answers` holds what was said, also when it is broken off."""
        click.echo("Enter keeps what stands in brackets. Ctrl-C stops, and loses nothing.\n")
        self._about()
        self._purpose()
        self._texts()
        self._questions()
        self._ending()

    def _about(self) -> None:
        self._ask("name", "Name of the scenario (small letters, digits, _ -)")
        self._ask("description", "Description, for yourself", "")
        self._choose("voice", "Voice", self._voices)
        self._ask("agent_name", "Name the agent gives", self.answers["voice"].capitalize())
        self._ask("company", "Company it calls for")
        self._ask(
            "legal_identity",
            "Legal identity (registered name, form, SIREN, town), told to who asks",
            self.answers["company"],
        )
        sounds = {"": "none", **dict.fromkeys(self._backgrounds, "")}
        default = self._backgrounds[0] if self._backgrounds else ""
        self.answers.setdefault("background", default)
        self._choose("background", "Background sound", sounds)

    def _purpose(self) -> None:
        self.answers.setdefault("objective", "lead")
        self._choose("objective", "Objective", OBJECTIVES)
        if self.answers["objective"] == "transfer":
            self._ask("transfer_target", "Transfer to (extension or SIP URI)", needed=True)
        self._choose(
            "theme", "Theme, whose objections are answered", dict.fromkeys(self._themes, "")
        )
        self.answers.setdefault("personality", "professionnelle")
        self._choose("personality", "Personality", sa.PERSONALITIES)

    def _texts(self) -> None:
        click.echo(
            "\nThe first sentence must say who calls, for whom, that it is a commercial call and\n"
            "that the voice is artificial (Code de la consommation L221-16, AI Act art. 50)."
        )
        opening = sa.OPENING.format(
            agent=self.answers["agent_name"], company=self.answers["company"]
        )
        self._ask("opening", "Opening", opening)
        self._ask("opening_question", "Question after it", sa.OPENING_QUESTION)

    def _questions(self) -> None:
        before = [dict(question) for question in self.answers.get("questions") or []]
        least, most = sa.ADVISED
        count = click.prompt(
            f"\nHow many questions ({least} to {most})",
            default=len(before) or least,
            type=click.IntRange(1, most),
        )
        if count < least:
            click.echo(f"  {least} to {most} are advised")
        asked: list[dict[str, Any]] = []
        for number in range(1, count + 1):
            known = before[number - 1] if number <= len(before) else {}
            asked.append(self._question(f"Q{number}", known))
            # What was asked so far, then what stood there before: nothing is lost on Ctrl-C.
            self.answers["questions"] = asked + before[number:]
        self.answers["questions"] = asked

    def _question(self, step: str, known: dict[str, Any]) -> dict[str, Any]:
        text = _until_valid(
            lambda: click.prompt(f"{step}, as it is said", default=known.get("text")),
            lambda value: Question(text=value),
        )
        determinant = click.confirm(
            f"{step}: does a yes count for the score?", default=known.get("determinant", True)
        )
        if not determinant:
            return {"text": text, "determinant": False}
        weight = click.prompt(
            f"{step}: weight",
            default=float(known.get("weight", sa.WEIGHT)),
            type=click.FloatRange(0, 1000, min_open=True),
        )
        return {"text": text, "determinant": True, "weight": weight}

    def _ending(self) -> None:
        self._ask("is_leads", "Is_Leads, the question that decides", sa.IS_LEADS_TEXT)
        self._ask("is_leads_weight", "Is_Leads: weight", sa.LEADS_WEIGHT, kind=float)
        self._ask("threshold", "Points out of 100 that make a lead (50 to 100)", 70, kind=int)
        self._ask("confirm", "Confirm_Time, said to a lead", sa.CONFIRM[self.answers["objective"]])
        self._ask("confirm_question", "Question after it", sa.CONFIRM_QUESTION)
        self._ask("goodbye", "Bye", sa.GOODBYE)
        facts = list(self.answers.get("facts") or [])
        for number, fact in enumerate(facts, 1):
            click.echo(f"  fact {number}: {fact}")
        click.echo("Facts the agent may rely on when it improvises, one a line; an empty one ends.")
        while fact := click.prompt("Fact", default="", show_default=False).strip():
            facts.append(fact)
            self.answers["facts"] = facts
        self.answers["facts"] = facts

    def _ask(
        self, field: str, text: str, default: Any = None, *, kind: type = str, needed: bool = False
    ) -> None:
        default = self.answers.get(field, default)

        def once() -> Any:
            empty = default == "" and not needed
            return click.prompt(text, default=default, type=kind, show_default=not empty)

        def valid(value: Any) -> object:
            if needed and not str(value).strip():
                raise ValueError("it is needed")
            try:
                return Answers.model_validate({field: value})
            except ValidationError as error:  # of a person who has not said the rest yet
                for wrong in error.errors():
                    if wrong["loc"] and wrong["loc"][0] == field:
                        raise ValueError(sa.explain(wrong)) from None
                return None

        self.answers[field] = _until_valid(once, valid)

    def _choose(self, field: str, text: str, options: Mapping[str, str]) -> None:
        names = list(options)
        click.echo(f"\n{text}:")
        for number, name in enumerate(names, 1):
            shown, said = name or options[name], options[name] if name else ""
            click.echo(f"  {number}. {shown:18}{said}".rstrip())
        now = self.answers.get(field)
        default = names.index(now) + 1 if now in names else 1
        while True:
            given = str(click.prompt(text, default=str(default))).strip()
            if given.isdigit() and 1 <= int(given) <= len(names):
                self.answers[field] = names[int(given) - 1]
                return
            if given in names:
                self.answers[field] = given
                return
            click.echo(f"  a number from 1 to {len(names)}, or a name of the list")


def _until_valid(ask: Callable[[], Any], valid: Callable[[Any], object]) -> Any:
    while True:
        value = ask()
        try:
            valid(value)
        except ValidationError as error:
            click.echo(f"  {sa.explain(error.errors()[0])}")
        except ValueError as error:
            click.echo(f"  {error}")
        else:
            return value
