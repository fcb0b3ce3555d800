"""Examples of every command, shown at the end of its `--help` and in its man page.

Each is a whole command line; tests/docs parses all of them.
"""

import click

# Words of the command -> lines to type.
AGENTD: dict[str, tuple[str, ...]] = {
    "serve": (
        "agentd serve",
        "agentd serve --config /etc/agentd/agentd.toml --scenario finance",
        "AGENTD_SERVER_ESL_PORT=8094 AGENTD_SERVER_AUDIO_PORT=8095 agentd serve",
    ),
    "check": ("agentd check", "agentd check --json | grep '\"error\"'"),
    "simulate": (
        "agentd simulate finance --persona scenarios/personas/price-objection.yaml",
        "agentd simulate finance --persona scenarios/personas --concurrency 3 --out out/all",
        "agentd simulate finance --persona scenarios/personas --repeat 10 --json > calls.jsonl",
    ),
    "scenario lint": (
        "agentd scenario lint finance",
        "agentd scenario lint scenarios/scenario_finance.json --json",
    ),
    "scenario show": ("agentd scenario show finance", "agentd scenario show finance --json"),
    "replay": (
        "agentd replay latest --show",
        "agentd replay 5f0c2d1e-8a34-4c1b-9a55-1d2e3f405060",
        "agentd replay 5f0c2d1e-8a34-4c1b-9a55-1d2e3f405060 --scenario finance --json",
    ),
    "understand": (
        'echo "oui mais c\'est trop cher" | agentd understand --theme finance',
        "agentd understand --theme finance --scenario finance --step Q1 --json < said.txt",
    ),
    "campaign create": (
        "agentd campaign create spring --scenario finance --contacts clients.csv \\\n"
        "    --caller-id 0162000001 --gateway trunk --set max_concurrent=20 --set per_minute=10",
        "agentd campaign create spring --scenario finance --contacts clients.csv \\\n"
        "    --settings spring.toml --caller-id 0162000001 --gateway trunk-a --gateway trunk-b",
    ),
    "campaign start": ("agentd campaign start spring", "agentd campaign start spring --queue"),
    "campaign dial": ("agentd campaign dial",),
    "campaign set": (
        "agentd campaign set spring",
        "agentd campaign set spring --set max_concurrent=5 --set per_minute=4",
    ),
    "campaign pause": ("agentd campaign pause spring",),
    "campaign resume": ("agentd campaign resume spring",),
    "campaign stop": ("agentd campaign stop spring", "agentd campaign stop spring --now"),
    "campaign list": ("agentd campaign list",),
    "campaign status": (
        "agentd campaign status spring",
        "agentd campaign status spring --json",
    ),
    "campaign watch": ("agentd campaign watch spring", "agentd campaign watch spring --every 10"),
    "campaign export": (
        "agentd campaign export spring --out results.csv",
        "agentd campaign export spring --out results.json",
    ),
    "campaign rehearse": (
        "agentd campaign rehearse trial --personas scenarios/demo/personas",
        "agentd campaign rehearse trial --personas scenarios/demo/personas \\\n"
        "    --numbers scenarios/demo/numbers.yaml --at 2026-12-01T10:30",
    ),
    "campaign explain": (
        "agentd campaign explain spring 0199001029",
        "agentd campaign explain spring 0199001029 --json",
    ),
    "contacts import": (
        "agentd contacts import clients.csv",
        'agentd contacts import fleet.csv --basis legitimate_interest --wording "annuaire 2026"',
        "agentd contacts import optins.csv --basis consent --proof export.pdf \\\n"
        '    --wording "J\'accepte d\'être appelé." --given-at-column "date d\'accord"',
    ),
    "contacts list": (
        "agentd contacts list --like dupont",
        "agentd contacts list --limit 1000 --json > contacts.jsonl",
    ),
    "contacts export-person": (
        "agentd contacts export-person 0199001234 --out dupont.json",
        "agentd contacts export-person +33199001234",
    ),
    "contacts forget": (
        "agentd contacts forget 0199001234",
        "agentd contacts forget 0199001234 --yes",
    ),
    "consent add": (
        'agentd consent add 0199001234 --basis consent --who "Zoé Dupont" \\\n'
        '    --given-at 2026-09-01 --channel web --wording "J\'accepte." --proof form.pdf',
        "agentd consent add 0199001235 --basis contract --theme energie --expires-at 2027-09-01",
    ),
    "consent revoke": (
        "agentd consent revoke 0199001234 --how letter",
        "agentd consent revoke 0199001234 --theme finance --keep-callable",
    ),
    "consent show": (
        "agentd consent show 0199001234",
        "agentd consent show 0199001234 --json",
    ),
    "suppress add": ("agentd suppress add 0199001234 --reason letter",),
    "suppress import": (
        "agentd suppress import opposition.csv --list partner --replace",
        "agentd suppress import returned.csv --bloctel-sent sent.csv --checked-at 2026-07-01",
    ),
    "suppress check": ("agentd suppress check 0199001234",),
    "suppress lists": ("agentd suppress lists",),
    "audit verify": ("agentd audit verify", 'agentd audit verify --expect "$(cat head.txt)"'),
    "audit show": ("agentd audit show", "agentd audit show --after 100 --limit 50 --json"),
    "models list": ("agentd models list", "agentd models list --json"),
    "models fetch": (
        "agentd models fetch",
        "agentd models fetch vosk-fr --dry-run",
        "agentd models fetch whisper-base --force",
    ),
    "schema": (
        "agentd schema scenario",
        "agentd schema config > config.schema.json",
    ),
    "db migrate": (
        "agentd db migrate",
        "AGENTD_STORE_URL=sqlite:///trial.sqlite3 agentd db migrate",
    ),
    "db status": ("agentd db status", "agentd db status --json"),
    "db backup": (
        "agentd db backup /var/backups/agentd.sqlite3",
        'agentd db backup "agentd-$(date +%F).sqlite3"',
    ),
    "db recover": ("agentd db recover",),
    "db retention": ("agentd db retention", "agentd db retention --apply"),
}


# Of the programs themselves, in the order a newcomer needs them.
FIRST = (
    "agentd check",
    "agentd simulate finance --persona scenarios/personas/price-objection.yaml",
    "agentd db migrate",
    "agentd --config /etc/agentd/agentd.toml serve",
)


def shown_in(command: click.Command, table: dict[str, tuple[str, ...]], words: str) -> None:
    """Put the examples of a command, and of those under it, at the end of its help."""
    if isinstance(command, click.Group):
        for name, under in command.commands.items():
            shown_in(under, table, f"{words} {name}")
        firsts = (table.get(f"{words} {name}", ()) for name in command.commands)
        examples = tuple(lines[0] for lines in firsts if lines)
    else:
        examples = table.get(words, ())
    command.epilog = epilog(examples)


def epilog(examples: tuple[str, ...]) -> str:
    """As click shows it at the end of a help, its lines as they are."""
    lines = "\n".join(f"  {line}" for example in examples for line in example.split("\n"))
    return f"\b\nExamples:\n{lines}" if examples else ""
