"""`agentd understand`: what the agent would make of utterances, one a line on standard input."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agentd.catalog import Catalog
from agentd.cli import settings_of
from agentd.config import Settings
from agentd.dialogue.intents import Intent
from agentd.dialogue.understanding import Expectation, Meaning
from agentd.dialogue.understanding import understand as make_of
from agentd.errors import BadInput, ScenarioError

if TYPE_CHECKING:
    from agentd.improviser import Opinion

_GUESSED = 0.5  # how sure a model's guess is
_HEADER = (
    f"{'intent':<12}  {'sure':>4}  {'sentiment':<9}  {'objection or question':<34}  {'score':>5}"
    f"  {'us':>6}  text"
)


@click.command()
@click.option("--theme", required=True, help="Whose objections to match: finance, crypto...")
@click.option("--scenario", help="Scenario (name or file) whose step was being asked.")
@click.option("--step", help="Step being asked; its example answers count. Needs --scenario.")
@click.option("--model", is_flag=True, help="Ask the language model what the rules abstain from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="agentd.toml to read.",
)
@click.pass_context
def understand(
    ctx: click.Context,
    theme: str,
    scenario: str | None,
    step: str | None,
    model: bool,
    as_json: bool,
    config_file: Path | None,
) -> None:
    """Say what would be made of each utterance read from standard input: by rules, in microseconds.

    `us` is the time it took, in microseconds; with --model, the model's time is in it.
    """
    settings = settings_of(ctx, config_file)
    catalog = Catalog(settings)
    matcher = catalog.matcher(theme)
    expectation = _expectation(catalog, scenario, step)
    make_of("allô", matcher, expectation)  # so that the first line is not charged with set-up
    with _opinion(settings, model) as opinion:
        if not as_json:
            click.echo(_HEADER)
        for text in _utterances():
            began = time.perf_counter_ns()
            meaning = make_of(text, matcher, expectation)
            if opinion is not None and meaning.intent is Intent.UNCLEAR and text.strip():
                guess = Intent(opinion.of(text))
                meaning = msgspec.structs.replace(meaning, intent=guess, confidence=_GUESSED)
            us = (time.perf_counter_ns() - began) // 1000
            click.echo(_json(meaning, us) if as_json else _row(meaning, us))


@contextmanager
def _opinion(settings: Settings, wanted: bool) -> Iterator["Opinion | None"]:
    """The language model, when it is wanted."""
    if not wanted:
        yield None
        return
    from agentd.improviser import Opinion  # what it brings takes time to import

    opinion = Opinion(settings)
    try:
        yield opinion
    finally:
        opinion.close()


def _expectation(catalog: Catalog, scenario: str | None, step: str | None) -> Expectation | None:
    if scenario is None:
        if step is not None:
            raise BadInput("--step needs --scenario", mend="name the scenario the step is in")
        return None
    steps = catalog.scenario(scenario).steps
    if step is None:
        return None
    if step not in steps:
        raise ScenarioError(f"{scenario}: no step {step!r}", mend=f"use one of: {', '.join(steps)}")
    return Expectation(affirm=steps[step].affirm_examples, deny=steps[step].deny_examples)


def _utterances() -> Iterator[str]:
    """Lines of standard input, as UTF-8 or, line by line, as Latin-1: nothing is refused."""
    for line in sys.stdin.buffer:
        line = line.rstrip(b"\r\n")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = line.decode("latin-1")
        yield text.removeprefix("\ufeff")


def _json(meaning: Meaning, us: int) -> str:
    return msgspec.json.encode(
        {
            "text": meaning.text,
            "intent": meaning.intent,
            "confidence": round(meaning.confidence, 3),
            "sentiment": meaning.sentiment,
            "objection": meaning.objection,
            "objection_score": round(meaning.objection_score, 3),
            "us": us,
        }
    ).decode()


def _row(meaning: Meaning, us: int) -> str:
    return (
        f"{meaning.intent:<12}  {meaning.confidence:4.2f}  {meaning.sentiment:<9}  "
        f"{meaning.objection or '-':<34}  {meaning.objection_score:5.2f}  {us:>6}  {meaning.text}"
    )
