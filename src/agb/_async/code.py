"""Running code in a session."""

from typing import TYPE_CHECKING

from agb import _checks, _code_reading
from agb._async.reported import reported
from agb._async.session_streams import AsyncStreams
from agb._async.streams import AsyncCodeStream, AsyncRun
from agb._async.tools import AsyncTools
from agb._deadline import bounded
from agb._streaming import Callbacks, OnError, OnText, server_of_code
from agb._wire import tools
from agb._wire.stream import RunRequest, new_invocation_id
from agb.exceptions import AGBError
from agb.results import CodeExecutionResult

if TYPE_CHECKING:
    from agb._async.session import AsyncBaseSession


class AsyncCode:
    """Runs code in a session. State is kept from one run to the next, per language."""

    def __init__(
        self, session: "AsyncBaseSession", caller: AsyncTools, streams: AsyncStreams
    ) -> None:
        self._session = session
        self._tools = caller
        self._streams = streams

    async def run(  # noqa: PLR0917 - the documented call
        self,
        code: str,
        language: str,
        timeout_s: int = 60,
        stream_beta: bool = False,
        on_stdout: OnText | None = None,
        on_stderr: OnText | None = None,
        on_error: OnError | None = None,
    ) -> CodeExecutionResult:
        """Run code and wait for its end.

        Args:
            code: Source text. Of the last expression's value the result has every format that
                it offers; what is printed is in `logs`.
            language: `python`, `javascript`, `java` or `r`, in any letter case; `py`,
                `python3`, `js`, `node` and `nodejs` are understood, too.
            timeout_s: Seconds after which the code is stopped, 1 or more. The call itself may
                wait longer by the client's `timeout`.
            stream_beta: Whether to run it as `stream` does, over a WebSocket: callbacks are
                called while it runs, and no request has to last as long as the code.
            on_stdout: Is called with each piece that the code writes to standard output. A plain
                function, as are the others; only with `stream_beta`. When one raises, the code
                is stopped, and what it raised comes out of this call.
            on_stderr: Likewise for standard error.
            on_error: Is called with what the AGB says of a failure while the code runs, as a
                mapping, or with the exception when the stream can't be had or breaks off.

        Returns:
            What the run left behind. It failed with a `CodeExecutionError` when the code
            raised, with an `ExecutionTimeoutError` when it was stopped; of a stream that broke
            off, with a `StreamDisconnectedError` or a `StreamError`, and what had come is there.

        Example:
            ```python
            await session.code.run("x = 6", "python")
            answer = await session.code.run("x * 7", "python")
            print(answer.result)
            ```
        """
        callbacks = Callbacks(on_stdout=on_stdout, on_stderr=on_stderr, on_error=on_error)
        if stream_beta:
            return await self._run_streaming(code, language, timeout_s, callbacks)
        return await self._run(code, language, timeout_s, callbacks)

    run_code = run

    def stream(self, code: str, language: str, timeout_s: int = 60) -> AsyncCodeStream:
        """Open a block in which code runs, and its output is iterated over as it comes.

        Leaving the block early stops the code. Several streams of a session may run at once;
        they share one connection, which is read while one of them is waited for: take from a
        stream as fast as it should go on, and do long work elsewhere.

        Args:
            code: Source text.
            language: As for `run`.
            timeout_s: Seconds after which the code is stopped, 1 or more.

        Raises:
            InvalidParamsError: An argument is wrong.
            AGBError: On entry, when the stream can't be had: a `StreamUnavailableError` where
                the session has no address for streams, an `APIConnectionError` or an `APIError`
                where it can't be reached or says no. While iterating, when it breaks off: a
                `StreamDisconnectedError` or a `StreamError`, with what had come as `partial`.
                Code that fails does not raise: it is an `ErrorEvent`, and in `result`.

        Example:
            ```python
            async with session.code.stream("print('working'); 6 * 7", "python") as run:
                async for event in run:
                    if event.type == "stdout":
                        print(event.text, end="")
            print(run.result.result)
            ```
        """
        return AsyncCodeStream(self._as_run(code, language, timeout_s))

    @reported
    async def _run(
        self, code: str, language: str, timeout_s: int, callbacks: Callbacks
    ) -> CodeExecutionResult:
        callbacks.check(streaming=False)
        arguments = tools.RunCodeArguments(
            code=_checks.text("code", code),
            language=_checks.language(language),
            timeout_s=bounded(_checks.at_least_one("timeout_s", timeout_s)),
        )
        answer = await self._tools.call(tools.RUN_CODE, arguments, seconds=arguments.timeout_s)
        return _code_reading.code_result(answer)

    async def _run_streaming(
        self, code: str, language: str, timeout_s: int, callbacks: Callbacks
    ) -> CodeExecutionResult:
        """Run code over a stream. What callbacks raise is never taken for a failure of ours."""
        try:
            callbacks.check(streaming=True)
            run = self._as_run(code, language, timeout_s)
            await run.begin()
        except AGBError as error:
            failure = error
        else:
            return await self._told(run, callbacks)
        callbacks.tell(failure)
        return CodeExecutionResult(error=failure, request_id=failure.request_id)

    async def _told(self, run: AsyncRun, callbacks: Callbacks) -> CodeExecutionResult:
        """Wait for the end of a run, and call back on the way."""
        try:
            while (event := await run.advance()) is not None:
                callbacks.tell(event)
        finally:
            await run.leave()
        return run.result

    def _as_run(self, code: str, language: str, timeout_s: int) -> AsyncRun:
        request = RunRequest(
            invocation_id=new_invocation_id(),
            target=server_of_code(self._session.tool_list),
            language=_checks.language(language),
            timeout_s=_checks.at_least_one("timeout_s", timeout_s),
            code=_checks.text("code", code),
        )
        return AsyncRun(self._streams, request)
