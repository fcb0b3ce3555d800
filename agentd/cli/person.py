"""`agentd contacts export-person` and `forget`: the rights of the person behind a number."""

import glob
import os
from pathlib import Path

import click
import msgspec

from agentd import spools
from agentd.cli import settings_of
from agentd.cli.store_access import actor, number_of, once, opened, private_file, synthesised
from agentd.errors import StoreError
from agentd.observe import logs
from agentd.store.rights import Rights, remove_file


@click.command("export-person")
@click.argument("phone")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, for its owner's eyes only; default: standard output.",
)
@click.pass_context
def export_person(ctx: click.Context, phone: str, out: Path | None) -> None:
    """Print everything held on PHONE as JSON: contact, grounds, calls word for word, lists asked,
    acts, and where the recordings are. Recordings and proofs are files: hand them over as well."""
    number = number_of(phone)
    with opened(ctx) as repo:
        held = Rights(repo).export(number, actor(), once())
    text = msgspec.json.format(msgspec.json.encode(held), indent=2)
    if out is None:
        click.echo(text)
        return
    handle = private_file(out, "--out FILE: give one this user may write")
    with os.fdopen(handle, "wb") as file:
        file.write(text + b"\n")
    click.echo(f"written to {out}", err=True)


@click.command()
@click.argument("phone")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def forget(ctx: click.Context, phone: str, yes: bool) -> None:
    """Erase the person behind PHONE: contact, grounds to call, calls, recordings, and what was
    synthesised during calls, anybody's: names are said in it, and it is made again when wanted.

    What stays: the number's hash on the suppression list, so that nobody calls again, and the act
    in the audit trail, by the same hash. Backups and exported files are the operator's to see to.
    """
    number = number_of(phone)
    if not yes:
        click.confirm("This cannot be undone. Erase?", abort=True)
    settings = settings_of(ctx)
    logs.configure(settings.log.model_copy(update={"level": "ERROR", "json_lines": False}))
    root, folder = settings.paths.root.resolve(), settings.path("recordings")
    with opened(ctx) as repo:
        spools.write_abandoned(repo, root)  # or it would be written after the erasure
        rights = Rights(repo)
        removed = 0
        ids, kept = rights.recordings(number)
        # Those of calls whose agentd died before it could say where they are, by its own rule.
        lost = {str(file) for key in ids for file in folder.glob(f"*/{glob.escape(key)}.wav")}
        for path in sorted(lost.union(kept)):
            try:
                removed += remove_file(root, path)
            except OSError as error:
                raise StoreError(
                    f"{path}: cannot be removed ({error.strerror}); nothing else was erased",
                    mend="let this user write there, and run it again",
                ) from None
        done = rights.forget(number, actor(), once())
    for file in synthesised(settings):
        file.unlink(missing_ok=True)
    click.echo(
        f"erased: {done.contacts} contact, {done.consents} grounds, {done.calls} calls, "
        f"{removed} recordings; the number stays suppressed"
    )
    left = spools.waiting(root)
    if left:
        click.echo(
            f"  {left} calls have facts that wait to be written, and may be with them: run it "
            "again when agentd's /ready says that none wait",
            err=True,
        )
    for proof in done.proofs:
        click.echo(f"  yours to remove: proof {proof}")
