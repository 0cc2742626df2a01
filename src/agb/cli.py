"""The command `agb`."""

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version

from agb.local import command

_REAP = "Delete sessions whose lease has run out, since their owner was killed."


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
    _add_reap(commands.add_parser("reap", help="delete abandoned sessions", description=_REAP))
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


def _add_reap(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--dry-run", action="store_true", help="delete nothing, only tell")
    add("--json", action="store_true", help="tell it as JSON")
    add("--endpoint", help="address of the AGB ($AGB_ENDPOINT, else the AGB cloud)")
    add(
        "--grace",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long ago a lease must have run out, since clocks differ (%(default)g)",
    )
    parser.set_defaults(run=_reap)


def _reap(options: argparse.Namespace) -> int:
    from agb import AGB, AGBError  # noqa: PLC0415 - `agb local` does without

    try:
        with AGB(endpoint=options.endpoint) as agb:
            result = agb.reap(dry_run=options.dry_run, grace=options.grace)
    except AGBError as error:
        print(f"agb reap: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    lines: list[dict[str, object]] = [
        {
            "session_id": each.session_id,
            "owner": each.owner,
            "host": each.host,
            "pid": each.pid,
            "expires_at": each.expires_at.isoformat(),
            "reason": each.reason,
            "deleted": each.deleted,
            "error": each.error and each.error.message,
        }
        for each in result.sessions
    ]
    for line in [json.dumps(lines)] if options.json else map(_as_text, lines):
        print(line)  # noqa: T201
    if result.error is not None:
        print(f"agb reap: {result.error_message}", file=sys.stderr)  # noqa: T201
    return int(not result.success)


def _as_text(line: dict[str, object]) -> str:
    done = "deleted" if line["deleted"] else "found"
    owner = "{owner}@{host} pid {pid}".format_map(line)
    return f"{done} {line['session_id']}: {line['reason']}, {owner}, lease to {line['expires_at']}"
