"""Running scripts in a session."""

from collections.abc import Mapping

from agb import _reading
from agb._async.tools import AsyncTools
from agb._wire import tools
from agb.results import CommandResult

_LIMIT_MS = 30_000
"""Milliseconds that a script of our own may take."""


class AsyncScripts:
    """Runs scripts in a session.

    Args:
        caller: The tools of the session.
    """

    def __init__(self, caller: AsyncTools) -> None:
        self._tools = caller

    async def run(
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
        answer = await self._tools.call(tools.SHELL, arguments, seconds=timeout_ms / 1000)
        return _reading.command_result(answer)
