# Generated from src/agb/_async/command.py; edit that file, then `nox -s twin`.
"""Running shell commands in a session."""

from collections.abc import Mapping

from agb import _checks, _reading
from agb._sync.reported import reported
from agb._sync.tools import Tools
from agb._wire import tools
from agb.results import CommandResult


class Command:
    """Runs commands in a session, each in a shell of its own: only files outlive it."""

    def __init__(self, caller: Tools) -> None:
        self._tools = caller

    @reported(CommandResult)
    def execute(
        self,
        command: str,
        timeout_ms: int = 60_000,
        cwd: str | None = None,
        envs: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run a command line and wait for its end.

        Args:
            command: What to run, as a shell reads it.
            timeout_ms: Milliseconds after which the command and all that it started are
                stopped, 1 or more. The call itself may wait longer by the client's `timeout`.
            cwd: Directory to run in. Default: the session's own.
            envs: Further environment variables. They arrive as they are, never as part of the
                command line.

        Returns:
            Outputs and exit code. It failed with a `CommandError` when the exit code is not 0,
            with an `ExecutionTimeoutError` when the command was stopped.

        Example:
            ```python
            listing = session.command.execute("ls -la", cwd="/tmp")
            print(listing.exit_code, listing.output)
            ```
        """
        arguments = tools.ShellArguments(
            command=_checks.non_blank("command", command),
            timeout_ms=_checks.at_least_one("timeout_ms", timeout_ms),
            cwd=cwd,
            envs=None if envs is None else _checks.environment(envs),
        )
        answer = self._tools.call(tools.SHELL, arguments, seconds=timeout_ms / 1000)
        return _reading.command_result(answer)

    execute_command = execute
