"""What people answer that is no objection and no question: the matcher must leave it alone. Pure.

Written for the matcher to learn what to abstain on, in `ordinary_answers.txt`, which comes with the
package and is read once.
"""

from importlib.resources import files

ORDINARY = tuple(
    line
    for line in files("agentd.dialogue")
    .joinpath("ordinary_answers.txt")
    .read_text(encoding="utf-8")
    .splitlines()
    if line and not line.startswith("#")
)
