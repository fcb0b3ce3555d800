"""Examples of every command of agent-tools, as `agentd.cli.examples` has those of agentd."""

FIRST = (
    "agent-tools clone-voice julie --all",
    "agent-tools setup-audio --make-background office",
    "agent-tools create-scenario",
)

TOOLS: dict[str, tuple[str, ...]] = {
    "youtube-extract": (
        "agent-tools youtube-extract interview.m4a --name anne --list",
        "agent-tools youtube-extract interview.m4a --name anne --speakers 2 --speaker 1 \\\n"
        "    --consent papers/consent.yaml",
    ),
    "clone-voice": (
        "agent-tools clone-voice julie --all",
        "agent-tools clone-voice julie --scenario finance",
        "agent-tools clone-voice julie --theme finance --dry-run",
    ),
    "setup-audio": (
        "agent-tools setup-audio --make-background office",
        "agent-tools setup-audio --voice julie --lufs -20 --dry-run",
        "agent-tools setup-audio --background street.wav",
    ),
    "create-scenario": (
        "agent-tools create-scenario",
        "agent-tools create-scenario --from answers.yaml --overwrite",
        "agent-tools create-scenario --edit finance",
    ),
}
