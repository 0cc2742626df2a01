"""Trying out whether a kind of sandbox works here."""

import subprocess
from collections.abc import Sequence

_LONGEST = 20.0  # seconds


def problem_of(arguments: Sequence[str], *, inherit: Sequence[int] = (), line: int = -1) -> str:
    """Run a program and give what went wrong, in its own words; nothing if it went well.

    Args:
        arguments: The command line.
        inherit: File descriptors that it reads.
        line: Which line of its words tells the most.
    """
    try:
        trial = subprocess.run(  # noqa: S603 - our own command line
            arguments,
            pass_fds=inherit,
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if trial.returncode == 0:
        return ""
    return line_of(trial.stderr, line) or f"exit code {trial.returncode}"


def line_of(said: bytes, line: int = -1) -> str:
    """Give one line of what was said, if anything was: the last one, if not told otherwise."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[line] if lines else ""
