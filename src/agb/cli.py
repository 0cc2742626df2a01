"""The command `agb`."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version

from agb.local import command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; `None` takes the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="agb", description="Isolated sessions for programs.")
    parser.add_argument("--version", action="version", version=f"agb {version('agb')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    local = commands.add_parser(
        "local", help="run an AGB on this machine", description=command.DESCRIPTION
    )
    command.add_options(local)
    local.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status
