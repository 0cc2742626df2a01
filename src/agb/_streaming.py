"""Pure: from what a server tells of a run to the events and the result that users see."""

import inspect
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, assert_never

from attrs import evolve

from agb import _code_reading
from agb._wire import stream
from agb._wire.code import CodeError, CodeOutcome, Display
from agb._wire.tools import RUN_CODE
from agb._wire.values import frozen
from agb.exceptions import (
    AGBError,
    APIConnectionError,
    APIError,
    InvalidParamsError,
    StreamDisconnectedError,
    StreamError,
    ToolError,
)
from agb.results import (
    CodeExecutionResult,
    EndEvent,
    ErrorEvent,
    ExecutionLogs,
    McpTool,
    ResultEvent,
    StderrEvent,
    StdoutEvent,
    StreamEvent,
)

Inbox: TypeAlias = deque[stream.Event]
"""What came for one run, and was not looked at yet."""

OnText: TypeAlias = Callable[[str], object]
OnError: TypeAlias = Callable[[Mapping[str, Any] | AGBError], object]

_UNFINISHED = "the run has not come to its end, or was left before it"


class Transcript:
    """What has come of one run so far.

    Args:
        invocation_id: Names the run.

    Attributes:
        is_over: Whether nothing more will come.
        still_runs: Whether the server may have to be told to stop it.
    """

    def __init__(self, invocation_id: str) -> None:
        self._invocation_id = invocation_id
        self._stdout: list[str] = []
        self._stderr: list[str] = []
        self._displays: list[Display] = []
        self._failure: CodeError | None = None
        self._result: CodeExecutionResult | None = None
        self.is_over = False
        self.still_runs = True

    @property
    def result(self) -> CodeExecutionResult:
        """What the run came to; before its end a failed result with what has come so far."""
        if self._result is not None:
            return self._result
        return self._failed(self._stream_error(_UNFINISHED, code="STREAM_UNFINISHED"))

    def add(self, event: stream.Event) -> Sequence[StreamEvent | AGBError]:
        """Note what a server said; return what a user shall see of it, or why there is no more."""
        match event:
            case stream.Passed():
                return ()
            case stream.Written():
                return (self._written(event),)
            case stream.Shown():
                self._displays.append(event.display)
                return (ResultEvent(result=_code_reading.shown(event.display)),)
            case stream.Raised():
                return self._raised(event)
            case stream.Ended():
                return self._ended(event)
            case stream.Broken():
                return (self._broken(event),)
            case _:
                assert_never(event)

    def _written(self, event: stream.Written) -> StdoutEvent | StderrEvent:
        if event.stream == "stdout":
            self._stdout.append(event.chunk)
            return StdoutEvent(text=event.chunk)
        self._stderr.append(event.chunk)
        return StderrEvent(text=event.chunk)

    def _broken(self, event: stream.Broken) -> StreamError:
        error = self._stream_error(event.problem, code=event.code)
        self.is_over, self.still_runs = True, not event.remote
        self._result = self._failed(error)
        return error

    def cut_off(self, problem: str) -> StreamDisconnectedError:
        """Note that the connection is no more, and return the error that says so."""
        error = StreamDisconnectedError(problem, request_id=self._invocation_id)
        self.is_over, self.still_runs = True, False
        self._result = self._failed(error)
        return error

    def _stream_error(self, message: str, code: str = "") -> StreamError:
        return StreamError(message, code=code, request_id=self._invocation_id)

    def _failed(self, error: StreamError | StreamDisconnectedError) -> CodeExecutionResult:
        partial = self._told(error)
        error.partial = partial
        return partial

    def _raised(self, event: stream.Raised) -> Sequence[ErrorEvent]:
        if self._failure is not None:  # what was said first says more
            return ()
        self._failure = event.error
        error = self._code_error()
        return () if error is None else (ErrorEvent(error=error, payload=event.payload),)

    def _ended(self, event: stream.Ended) -> Sequence[StreamEvent]:
        told = () if event.error is None else self._raised(stream.Raised(event.error, {}))
        if event.error is not None and self._failure is not None:
            words = event.error.value or self._failure.told
            self._failure = evolve(self._failure, told=words)
        self.is_over, self.still_runs = True, False
        self._result = evolve(
            self._told(self._code_error()),
            execution_count=event.execution_count,
            execution_time=event.execution_time,
        )
        end = EndEvent(execution_count=event.execution_count, execution_time=event.execution_time)
        return (*told, end)

    def _code_error(self) -> ToolError | None:
        name = "" if self._failure is None else self._failure.name
        return _code_reading.code_error(
            CodeOutcome(error=self._failure, stderr=self._stderr),
            code=name if name.lower().endswith(".timeout") else "",
            request_id=self._invocation_id,
        )

    def _told(self, error: AGBError | None) -> CodeExecutionResult:
        return CodeExecutionResult(
            request_id=self._invocation_id,
            error=error,
            results=tuple(map(_code_reading.shown, self._displays)),
            logs=ExecutionLogs(stdout=tuple(self._stdout), stderr=tuple(self._stderr)),
        )


@frozen(kw_only=True)
class Callbacks:
    """What a user wants to be told while code runs."""

    on_stdout: OnText | None = None
    on_stderr: OnText | None = None
    on_error: OnError | None = None

    def check(self, *, streaming: bool) -> None:
        """Look at them before anything is sent.

        Raises:
            InvalidParamsError: One can't be called, or nothing would call it.
        """
        for name in ("on_stdout", "on_stderr", "on_error"):
            callback = getattr(self, name)
            if callback is None:
                continue
            if not streaming:
                raise InvalidParamsError(f"{name} is called with stream_beta=True only")
            if not callable(callback):
                raise InvalidParamsError(f"{name} must be a function, not {callback!r:.80}")
            if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
                getattr(callback, "__call__", None)  # noqa: B004 - whether it awaits, not whether it is there
            ):
                raise InvalidParamsError(
                    f"{name} must not be async: iterate over code.stream() to await in between"
                )

    def tell(self, event: StreamEvent | AGBError) -> None:
        """Call the one that an event is for; what it raises is the user's."""
        match event:
            case StdoutEvent() if self.on_stdout:
                self.on_stdout(event.text)
            case StderrEvent() if self.on_stderr:
                self.on_stderr(event.text)
            case ErrorEvent() if self.on_error and event.payload:
                self.on_error(event.payload)
            case StreamError() | APIConnectionError() | APIError() if self.on_error:
                self.on_error(event)
            case _:
                pass


def server_of_code(tools: Sequence[McpTool]) -> str:
    """Return the name of the server that runs code in a session with these tools."""
    named = (tool.server for tool in tools if tool.name == RUN_CODE.name)
    return next(filter(None, named), RUN_CODE.server)
