"""Running shell commands in a session."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from agb import _checks, _shell, results
from agb._async.reported import reported
from agb._async.scripts import AsyncScripts
from agb._async.tools import AsyncTools
from agb._deadline import bounded
from agb.exceptions import ExecutionTimeoutError

if TYPE_CHECKING:
    from agb._async.process import AsyncProcess
    from agb._async.processes import AsyncProcesses


class AsyncCommand:
    """Runs commands in a session, each in a shell of its own: only files outlive it.

    What may take long, or should be watched, fed or stopped, is for `start`.
    """

    def __init__(self, caller: AsyncTools) -> None:
        self._tools = caller
        self._scripts = AsyncScripts(caller)

    @cached_property
    def _processes(self) -> AsyncProcesses:
        from agb._async.processes import AsyncProcesses  # noqa: PLC0415 - few programs need it

        return AsyncProcesses(self._tools)

    async def execute(
        self,
        command: str | Sequence[str],
        timeout_ms: int = 60_000,
        cwd: str | None = None,
        envs: Mapping[str, str] | None = None,
        *,
        check: bool = False,
        max_output: int | None = None,
    ) -> results.CommandResult:
        """Run a command and wait for its end.

        Args:
            command: What to run: a command line, as a shell reads it, or a program and its
                arguments, which no shell changes.
            timeout_ms: Milliseconds after which the command and all that it started are
                stopped, 1 or more. The call itself may wait longer by the client's `timeout`.
            cwd: Directory to run in. Default: the session's own.
            envs: Further environment variables. They arrive as they are, never as part of the
                command line.
            check: Whether to raise what a failed result would report.
            max_output: Bytes of stdout, and of stderr, that may come back. Of more, the beginning
                and the end are kept, with a line between them that tells how much was cut;
                `truncated` says so. The session then writes both streams to files instead of
                sending them, and keeps what was cut: `stdout_path` and `stderr_path` tell where.
                Default: all of both.

        Returns:
            Outputs and exit code. It failed with a `CommandError` when the exit code is not 0,
            with an `ExecutionTimeoutError` when the command was stopped.

        Example:
            ```python
            listing = await session.command.execute(["ls", "-la", "my files"], cwd="/tmp")
            print(listing.exit_code, listing.output)
            ```
        """
        result = await self._execute(command, timeout_ms, cwd, envs, max_output)
        return result.raise_for_error() if check else result

    execute_command = execute

    @reported
    async def _execute(
        self,
        command: str | Sequence[str],
        timeout_ms: int,
        cwd: str | None,
        envs: Mapping[str, str] | None,
        max_output: int | None,
    ) -> results.CommandResult:
        line = _shell.line(command)
        limit = bounded(_checks.at_least_one("timeout_ms", timeout_ms), per_second=1000)
        own = None if envs is None else _checks.environment(envs)
        if max_output is None:
            return await self._scripts.run(line, own, timeout_ms=limit, cwd=cwd)
        most = _checks.at_least_one("max_output", max_output)
        bounds = _shell.bounds(os.urandom(8).hex(), most)
        ran = await self._scripts.run(
            _shell.RUN_BOUNDED,
            {**_shell.environment(line, own or {}), **bounds},
            timeout_ms=limit,
            cwd=cwd,
        )
        if not isinstance(ran.error, ExecutionTimeoutError):
            return _shell.bounded_result(ran, ran)
        shown = await self._scripts.run(_shell.SHOW_BOUNDED, bounds)
        return _shell.bounded_result(ran, shown)

    async def start(
        self,
        command: str | Sequence[str],
        cwd: str | None = None,
        envs: Mapping[str, str] | None = None,
        *,
        stdin: bool = False,
        process_id: str | None = None,
    ) -> AsyncProcess:
        """Start a process in the background, which this call does not wait for.

        It has no time limit but the life of the session, and no request waits for it. Starting
        is safe to repeat: of all calls with one id, only the first starts anything. So when no
        answer comes, the call is made again, twice at most.

        Args:
            command: What to run: a command line, as a shell reads it, or a program and its
                arguments, which no shell changes.
            cwd: Directory to run in. Default: the session's own.
            envs: Further environment variables.
            stdin: Whether something will be sent to its standard input. Else there is nothing to
                read.
            process_id: Id for the process, of letters, digits, dots, hyphens and underscores. If
                the session has a process of that id, that one is returned, whatever its command.
                Default: a new one.

        Returns:
            A handle to it. As a block, it kills the process on leaving.

        Raises:
            InvalidParamsError: An argument is wrong.
            CommandError: The session can't start it: there is no such directory, or no `setsid`.
            AGBError: The session was not reached.

        Example:
            ```python
            build = await session.command.start("make -j2", cwd="/tmp/project")
            async for piece in build.stream():
                print(piece.text, end="")
            print((await build.wait()).exit_code)
            ```
        """
        return await self._processes.start(command, cwd, envs, stdin=stdin, process_id=process_id)

    async def attach(self, process_id: str) -> AsyncProcess:
        """Return a handle to a process that was started before, from wherever.

        Args:
            process_id: Its id: `process.id` of the handle that started it.

        Raises:
            ProcessNotFoundError: The session has no such process.
            AGBError: The session was not reached.
        """
        return await self._processes.attach(process_id)

    @reported
    async def list_processes(self) -> results.ProcessListResult:
        """List the background processes of the session, those that have ended too.

        Returns:
            All that were started and not removed, as `processes`.
        """
        return await self._processes.list()
