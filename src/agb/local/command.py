"""The options of `agb local`, and what becomes of them.

Nothing of the extra `agb[local]` is imported until the server is to start.
"""

import argparse
import json
import logging
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from agb.local.settings import SANDBOX_CHOICES, CannotStart, Settings

DESCRIPTION = "Run an AGB on this machine until it is interrupted."

_KEY_VARIABLE = "AGB_API_KEY"
_EXTRA = {"jsonschema", "platformdirs", "psutil", "starlette", "uvicorn"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m agb.local`.

    Args:
        arguments: The command line without the program's name; `None` takes the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m agb.local", description=DESCRIPTION)
    add_options(parser)
    return run(parser.parse_args(arguments))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of `agb local`."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8099, help="port to listen on, 0 for any (%(default)s)")
    add(
        "--api-key",
        help=f"key that clients must show (${_KEY_VARIABLE}, which other users of this machine "
        "can't see, else a new one)",
    )
    add("--data-dir", type=Path, help="folder for what it keeps (the user's data folder)")
    add(
        "--sandbox",
        choices=SANDBOX_CHOICES,
        default="auto",
        help="what isolates sessions: strong, or else portable, which keeps no secrets: proot, or "
        "else plain, in which programs see this machine's own paths (%(default)s)",
    )
    add("--max-sessions", type=int, default=100, help="sessions at one time (%(default)s)")
    add(
        "--warm",
        type=int,
        default=1,
        help="sandboxes to keep ready for new sessions, some 25 MB each (%(default)s)",
    )
    add(
        "--session-memory",
        type=int,
        default=2048,
        metavar="MIB",
        help="memory of all processes of a session; without control groups, of each (%(default)s)",
    )
    add(
        "--session-processes",
        type=int,
        default=512,
        metavar="N",
        help="processes and threads of a session at one time (%(default)s)",
    )
    add(
        "--session-disk",
        type=int,
        default=8192,
        metavar="MIB",
        help="disk that all files of a session may take (%(default)s)",
    )
    add(
        "--idle-timeout",
        type=int,
        default=300,
        help="seconds without a call after which a session is released (%(default)s)",
    )
    add(
        "--max-lifetime",
        type=int,
        default=1800,
        help="seconds after which a session is released anyway, 0 for never (%(default)s)",
    )
    _add_bounds(parser)
    add(
        "--embedded",
        action="store_true",
        help="serve the program at the other end of stdin: tell it in one line of JSON on stdout "
        "where to find this AGB, take no notice of Ctrl-C, stop when stdin ends",
    )


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    bounds = parser.add_argument_group(
        "bounds", "what goes beyond the first four is refused with HTTP 429 and Retry-After"
    )
    add = bounds.add_argument
    add("--max-connections", type=int, default=4000, help="of callers at one time (%(default)s)")
    add("--max-requests", type=int, default=2000, help="answered at one time (%(default)s)")
    add("--max-starting", type=int, default=1000, help="sessions in the making (%(default)s)")
    add(
        "--max-held",
        type=int,
        default=512 * 1024**2,
        help="bytes of requests that are kept until they have been answered (%(default)s)",
    )
    add(
        "--max-upload",
        type=int,
        default=16 * 1024**3,
        help="bytes of a file that is sent to a context (%(default)s)",
    )
    add(
        "--patience",
        type=float,
        default=30.0,
        help="seconds that a request may take to arrive, or may fall behind (%(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Run an AGB until it is told to stop.

    Args:
        options: What a parser with the options of `add_options` found.

    Returns:
        The exit status: 0 after an orderly stop, 1 when it could not start.
    """
    embedded: bool = options.embedded
    if embedded:  # a handler, since children would inherit that the signal is ignored
        signal.signal(signal.SIGINT, _take_no_notice)
    _log_to_stderr(logging.WARNING if embedded else logging.INFO)
    try:
        process = _process()
        process.serve(_settings(options, process.default_data_dir()), embedded=embedded)
    except CannotStart as error:
        _complain(error, embedded=embedded)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _take_no_notice(_: int, __: object) -> None:
    pass


def _process() -> ModuleType:
    """Import what needs the extra."""
    try:
        from agb.local import process  # noqa: PLC0415 - only here is it known to be needed
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "fcntl":
            raise CannotStart("Platform.Unsupported", "an AGB needs Linux or macOS") from None
        if missing not in _EXTRA:
            raise
        problem = f"{missing} is not installed; install it with: pip install 'agb[local]'"
        raise CannotStart("MISSING_EXTRA", problem) from None
    return process


def _settings(options: argparse.Namespace, data_dir: Path) -> Settings:
    given: str | None = options.api_key
    inherited = os.environ.pop(_KEY_VARIABLE, "").strip()  # none of our children needs it
    try:
        return Settings(
            api_key=inherited or secrets.token_urlsafe(32) if given is None else given,
            data_dir=options.data_dir or data_dir,
            shared_contexts=given is None and (options.embedded or not inherited),
            host=options.host,
            port=options.port,
            sandbox=options.sandbox,
            max_sessions=options.max_sessions,
            warm=options.warm,
            session_memory=options.session_memory,
            session_processes=options.session_processes,
            session_disk=options.session_disk,
            idle_timeout=options.idle_timeout,
            max_lifetime=options.max_lifetime,
            max_connections=options.max_connections,
            max_requests=options.max_requests,
            max_starting=options.max_starting,
            max_held=options.max_held,
            max_upload=options.max_upload,
            patience=options.patience,
        )
    except ValueError as error:
        raise CannotStart("InvalidSettings", str(error)) from None


def _complain(error: CannotStart, *, embedded: bool) -> None:
    if embedded:
        with suppress(OSError):  # whoever started it has gone already
            sys.stdout.write(json.dumps({"error": str(error), "code": error.code}) + "\n")
            sys.stdout.flush()
    else:
        sys.stderr.write(f"agb local: {error}\n")


def _log_to_stderr(level: int) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
