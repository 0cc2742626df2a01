"""Background processes of a session."""

import base64
import math
import signal
from types import TracebackType
from typing import Literal, Self

from agb import _background, _checks, _scripts, _shell
from agb._async.process_scripts import AsyncProcessScripts
from agb._async.process_stream import AsyncProcessStream
from agb._async.reported import reported
from agb._async.tools import AsyncTools
from agb._background import Look, Stream
from agb._chunks import CHUNK
from agb._concurrency import aio
from agb._deadline import Deadline, within
from agb.exceptions import AGBError, ProcessNotFoundError, SessionNotFoundError, WaitTimeoutError
from agb.results import BoolResult, CommandResult, ProcessOutputResult, ProcessStatusResult

_KILL_SECONDS = 60.0


class AsyncProcess:
    """A process in the background of a session, made by `session.command.start` or `attach`.

    It runs until it ends, is killed, or the session is released: it needs neither this object nor
    a connection. What it writes is kept in the session, and so is its exit code, until `remove`.

    As a block, it is killed on leaving, with its whole process group, unless `detached` is set:

    ```python
    async with await session.command.start("python3 -m http.server") as server:
        await session.command.execute("curl -s localhost:8000")
    ```

    Args:
        caller: The tools of the session.
        process_id: Id of the process. Making a handle asks nobody: there may be none.

    Attributes:
        id: Id of the process, to attach to it again.
        detached: Whether the process goes on when its block is left.
    """

    def __init__(self, caller: AsyncTools, process_id: str) -> None:
        self.id = process_id
        self.detached = False
        self._scripts = AsyncProcessScripts(caller)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @reported
    async def status(self) -> ProcessStatusResult:
        """Ask how the process is.

        Returns:
            `running`, `exited` with an exit code, or `lost` when what should have recorded the
            end was itself killed. It failed with a `ProcessNotFoundError` when there is no such
            process.
        """
        look = await self._look()
        return ProcessStatusResult(
            request_id=look.request_id,
            state=look.state,
            exit_code=look.exit_code,
            pid=look.pid,
            stdout_size=look.sizes["stdout"],
            stderr_size=look.sizes["stderr"],
        )

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - bounds the waiting, not the process
        *,
        check: bool = False,
        max_output: int | None = None,
        kill: bool = False,
    ) -> CommandResult:
        """Wait until the process has ended, by looking again and again; each look is short.

        When the waiting ends before, because its time is up or it is cancelled, the process
        goes on, unless `kill` is set.

        Args:
            timeout: Seconds to wait. Default: as long as it takes.
            check: Whether to raise what a failed result would report.
            max_output: Bytes of each stream to fetch; of a longer one its beginning and its end,
                and a line between them that tells how much was cut. Default: all.
            kill: Whether to kill the whole process group when the waiting ends before.

        Returns:
            Outputs and the recorded exit code, 128 and the number of the signal when one ended it.
            It failed with a `CommandError` when the exit code is not 0, with a `WaitTimeoutError`
            when the process is still running, with a `ProcessLostError` when its exit code was
            never recorded.
        """
        result = await self._wait(timeout, max_output, kill=kill)
        return result.raise_for_error() if check else result

    @reported
    async def _wait(
        self, seconds: float | None, max_output: int | None, *, kill: bool
    ) -> CommandResult:
        most = None if max_output is None else _checks.at_least_one("max_output", max_output)
        deadline = Deadline(math.inf if seconds is None else _checks.seconds("timeout", seconds))
        try:
            look = await self._ended(deadline)
        except BaseException as error:
            if kill:
                await self._kill_for(error)
            raise
        return await self._finished(look, most)

    async def _ended(self, deadline: Deadline) -> Look:
        """Look until the process has ended; no look outlasts the deadline."""
        request_id = ""
        with within(deadline):
            for pause in deadline.pauses():
                try:
                    look = await self._look()
                except TimeoutError:
                    if not deadline.is_over:
                        raise
                    break
                request_id = look.request_id
                if look.state != "running":
                    return look
                await aio.sleep(pause)
        raise WaitTimeoutError(
            f"process {self.id} is still running after {deadline.seconds:g} s",
            request_id=request_id,
        )

    async def output(
        self, stream: Literal["stdout", "stderr"] = "stdout", offset: int = 0
    ) -> ProcessOutputResult:
        """Read, once, what the process has written so far.

        Args:
            stream: Which stream.
            offset: Byte to read from; the first one is 0.

        Returns:
            At most 256 KiB, as bytes and as text. The beginning of a character whose rest is not
            there yet is left for the next read, from `next_offset`.
        """
        return await self._output(stream, offset)

    @reported
    async def _output(self, name: str, offset: int) -> ProcessOutputResult:
        stream = _background.checked_stream(name)
        start = _background.checked_offset("offset", offset)
        look = await self._look(**{stream: start})
        found = _background.piece(stream, start, look)
        data = found.data if found else b""
        return ProcessOutputResult(
            request_id=look.request_id,
            data=data,
            offset=start,
            at_end=look.state != "running" and start + len(data) >= look.sizes[stream],
        )

    def stream(self, *, stdout_offset: int = 0, stderr_offset: int = 0) -> AsyncProcessStream:
        """Follow both streams until the process has ended and all that it wrote was read.

        Leaving the loop, or cancelling it, leaves the process running. To go on later, even from
        another program, start from the `next_offset` of the last piece of each stream.

        Args:
            stdout_offset: Byte of standard output to start from.
            stderr_offset: Byte of standard error to start from.

        Returns:
            An iterator over pieces as they come, in order within each stream; none splits a
            character. It raises a `ProcessLostError` after the last piece when the end was never
            recorded, and any other `AGBError` when a look at the process failed; then it can be
            asked for the next piece again.

        Raises:
            InvalidParamsError: An offset is wrong.

        Example:
            ```python
            async for piece in process.stream():
                print(piece.stream, piece.text, end="")
            ```
        """
        return AsyncProcessStream(
            self._scripts,
            self.id,
            _background.checked_offset("stdout_offset", stdout_offset),
            _background.checked_offset("stderr_offset", stderr_offset),
        )

    @reported
    async def write_stdin(self, data: str | bytes) -> BoolResult:
        """Send to the standard input of a process that was started with `stdin=True`.

        The session keeps what was sent until the process reads it, so this never waits for that.

        Args:
            data: Bytes, or text that is sent as UTF-8.

        Returns:
            Whether the session has it. It failed with a `ToolError` of the code `Process.Ended`,
            `Process.NoStdin` or `Process.StdinClosed` when nobody will read it. When no answer
            came, it may have been sent; more than 50 KiB are sent in pieces, and those before
            are.
        """
        given = _background.checked_data(data)
        sent = BoolResult()
        for start in range(0, len(given), CHUNK):
            sent = await self._write(given[start : start + CHUNK], more="yes")
        return sent

    @reported
    async def close_stdin(self) -> BoolResult:
        """Close the standard input: the process reads what was sent, and then its end."""
        return await self._write(b"", more="no")

    async def _write(self, data: bytes, *, more: str) -> BoolResult:
        encoded = base64.b64encode(data).decode()
        return await self._do(_scripts.WRITE, AGB_DATA=encoded, AGB_MORE=more)

    @reported
    async def signal(self, sig: str | int | signal.Signals) -> BoolResult:
        """Send a signal to the whole process group: the process and what it started.

        Args:
            sig: Name, such as `"TERM"` or `"SIGINT"`, or number.

        Returns:
            Whether it was sent. It failed with a `ToolError` of the code `Process.Ended` when
            nothing of the group is left.
        """
        return await self._do(_scripts.SIGNAL, AGB_SIGNAL=_background.checked_signal(sig))

    @reported
    async def kill(self) -> BoolResult:
        """Kill the whole process group, at once. One that has ended already counts as killed.

        `wait` tells when it has ended; what left the group, as daemons do, is not found.
        """
        return await self._kill()

    async def _kill(self) -> BoolResult:
        values = self._values(AGB_SIGNAL="KILL")
        killed = await self._scripts.run(_scripts.SIGNAL, values)
        if not _background.had_ended(killed):
            _background.said(killed, self.id)
        return BoolResult(request_id=killed.request_id)

    @reported
    async def remove(self) -> BoolResult:
        """Remove all that the session keeps of a process that has ended.

        Returns:
            Whether it is removed. It failed with a `ToolError` of the code `Process.Running` when
            the process is still running.
        """
        return await self._do(_scripts.REMOVE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.detached:
            await self._kill_for(error)

    async def _kill_for(self, error: BaseException | None) -> None:
        """Kill it at the end of a block; where that fails, the error that ended the block says so.

        Raises:
            AGBError: It could not be killed, and there was no error.
        """
        try:
            await aio.shielded(self._kill, seconds=_KILL_SECONDS)
        except (ProcessNotFoundError, SessionNotFoundError):
            return
        except (AGBError, TimeoutError) as failure:
            if error is None:
                raise
            error.add_note(f"process {self.id} could not be killed: {failure}")

    async def _finished(self, look: Look, most: int | None) -> CommandResult:
        if look.exit_code is None:
            raise _background.lost(self.id, look.request_id)
        stdout = await self._both_ends("stdout", look.sizes["stdout"], most)
        stderr = await self._both_ends("stderr", look.sizes["stderr"], most)
        return _background.finished(look, stdout, stderr)

    async def _both_ends(self, stream: Stream, size: int, most: int | None) -> tuple[str, bool]:
        if most is None or most >= size:
            return _background.ends(await self._read(stream, 0, size), b"", size)
        head = await self._read(stream, 0, _shell.half(most))
        tail = await self._read(stream, size - most // 2, size)
        return _background.ends(head, tail, size)

    async def _read(self, stream: Stream, start: int, end: int) -> bytes:
        return await self._scripts.read(self.id, stream, start, end)

    async def _look(self, stdout: int | None = None, stderr: int | None = None) -> Look:
        return await self._scripts.look(self.id, stdout, stderr)

    async def _do(self, script: str, **values: str) -> BoolResult:
        ran = await self._scripts.run(script, self._values(**values))
        _background.said(ran, self.id)
        return BoolResult(request_id=ran.request_id)

    def _values(self, **values: str) -> dict[str, str]:
        return {"AGB_PROCESS": self.id, **values}
