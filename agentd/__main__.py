"""Entry point: monkey-patch before anything imports a socket, then run the command line."""

from gevent import monkey

monkey.patch_all()


def main() -> None:
    """Run the `agentd` command line."""
    from agentd.cli import cli

    cli(prog_name="agentd")


if __name__ == "__main__":
    main()
