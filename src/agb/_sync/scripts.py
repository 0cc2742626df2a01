# Generated from src/agb/_async/scripts.py; edit that file, then `nox -s twin`.
"""Running scripts in a session."""

from collections.abc import Mapping

from agb import _reading
from agb._sync.tools import Tools
from agb._wire import tools
from agb.results import CommandResult

_LIMIT_MS = 30_000
"""Milliseconds that a script of our own may take."""


class Scripts:
    """Runs scripts in a session.

    Args:
        caller: The tools of the session.
    """

    def __init__(self, caller: Tools) -> None:
        self._tools = caller

    def run(
        self,
        script: str,
        values: Mapping[str, str] | None = None,
        *,
        timeout_ms: int = _LIMIT_MS,
        cwd: str | None = None,
    ) -> CommandResult:
        """Run a script and return how it went, failures too.

        Args:
            script: Its text.
            values: What a caller gave, as environment variables.
            timeout_ms: Milliseconds that it may take.
            cwd: Directory to run in.
        """
        arguments = tools.ShellArguments(
            command=script, timeout_ms=timeout_ms, cwd=cwd, envs=values
        )
        answer = self._tools.call(tools.SHELL, arguments, seconds=timeout_ms / 1000)
        return _reading.command_result(answer)
