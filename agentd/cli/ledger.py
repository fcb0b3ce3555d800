"""Options by which a ground to call is said, shared by `consent add` and `contacts import`."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from agentd.campaign.gates.case import ANY_THEME, BASES
from agentd.errors import BadInput
from agentd.store.contacts import Ground

PARIS = ZoneInfo("Europe/Paris")


def ground_options(required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--basis, --given-at, --theme, --channel, --wording, --proof, --expires-at."""
    options = (
        click.option(
            "--basis",
            type=click.Choice(BASES),
            required=required,
            help="On what ground they may be called.",
        ),
        click.option("--given-at", default="", help="When it was given; default: now."),
        click.option("--theme", default=ANY_THEME, help="What it covers; default: everything."),
        click.option("--channel", default="", help="How: web form, paper, phone, directory..."),
        click.option("--wording", default="", help="The very words that were agreed to."),
        click.option(
            "--proof",
            type=click.Path(path_type=Path, dir_okay=False),
            help="File that proves it; its SHA-256 is kept.",
        ),
        click.option("--expires-at", default="", help="When it ends, if it does."),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def read_ground(
    *,
    basis: str,
    given_at: str = "",
    theme: str = ANY_THEME,
    channel: str = "",
    wording: str = "",
    proof: Path | None = None,
    expires_at: str = "",
) -> Ground:
    """What the options say. Raises BadInput where a ground could not stand."""
    now = datetime.now(UTC)
    given = moment(given_at, "--given-at") if given_at else now
    if given > now:
        raise BadInput(f"--given-at {given_at}: is in the future", mend="give when it was given")
    if basis == "consent" and (proof is None or not wording):
        raise BadInput(
            "a consent wants --wording and --proof: whoever calls must prove it "
            "(code de la consommation art. L. 223-1 al. 3)",
            mend="name the file that proves it: form, e-mail, recording",
        )
    if basis == "contract" and theme == ANY_THEME:
        raise BadInput(
            "a contract wants --theme: it allows calls about its own object only "
            "(code de la consommation art. L. 223-1 al. 4)"
        )
    if basis == "legitimate_interest" and not wording:
        raise BadInput(
            "a legitimate interest wants --wording: which interest, and where the data is from "
            "(RGPD art. 6(1)(f) and 14)"
        )
    return Ground(
        basis=basis,
        given_at=given,
        theme=theme,
        channel=channel,
        wording=wording,
        proof=str(proof.resolve()) if proof else "",
        proof_sha256=sha256_of(proof) if proof else "",
        expires_at=moment(expires_at, "--expires-at") if expires_at else None,
    )


def sha256_of(file: Path) -> str:
    """SHA-256 of a proof. Raises BadInput when it cannot be read."""
    try:
        with file.open("rb") as proof:
            return hashlib.file_digest(proof, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from None


def said_date(text: str) -> datetime | None:
    """A date as it stands in a file: ISO 8601, or 31/12/2026 with or without 14:30; Paris time
    unless it names its offset. None when it is none."""
    text = text.strip()
    for form in ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=PARIS)
        except ValueError:
            continue
    try:
        return moment(text, "")
    except BadInput:
        return None


def moment(text: str, option: str) -> datetime:
    """A date (its midnight in Paris) or an instant, Paris time unless it names its offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{option} {text!r}: not a date", mend="write 2026-08-11 or 2026-08-11T14:30+02:00"
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=PARIS)
