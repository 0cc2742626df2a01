"""What can go wrong, as one tree.

AGBError                          anything this SDK reports
├── ConfigurationError            the client can't be built from what it was given
├── InvalidParamsError            an argument is wrong; nothing was sent
├── ClientClosedError             the client was closed before the call
├── WrongLoopError                the client belongs to another event loop; nothing was sent
├── WrongProcessError             the client belongs to the process before a fork; likewise
├── LocalServerError              the AGB on this machine did not start, or has died
│   └── MissingExtraError         a part that it needs is not installed
├── APIConnectionError            no answer came
│   ├── ConnectTimeoutError       nobody answered the connection in time; nothing was sent
│   ├── ReadTimeoutError          sent, but no answer in time: it may have been carried out
│   ├── PoolTimeoutError          all places or connections of the client stayed busy
│   └── StreamDisconnectedError   the connection of a stream broke; what had come is kept
├── APIError                      the AGB answered, and said no
│   ├── UnexpectedResponseError   the answer is not one that an AGB gives
│   ├── AuthenticationError       the API key, or a session's token, is missing or wrong
│   ├── PermissionDeniedError     the account may not do this
│   ├── QuotaExceededError        the account is full
│   ├── RateLimitError            too many requests at once
│   ├── ImageNotFoundError        no such image in the account
│   ├── SessionNotFoundError      the session was released or deleted, or never was
│   ├── ContextNotFoundError      the context was deleted, or never was
│   ├── ToolNotFoundError         the session has no such tool
│   ├── InvalidRequestError       the AGB found an argument wrong
│   └── ServerError               the AGB itself failed
├── ToolError                     a tool ran and reported a failure
│   ├── CommandError              a command ended with an exit code other than 0
│   ├── ProcessNotFoundError      the session has no such background process
│   ├── ProcessLostError          nobody recorded how a background process ended
│   ├── CodeExecutionError        code raised, or could not be run
│   ├── FileError                 a file operation failed
│   └── ExecutionTimeoutError     code or a command ran into its own time limit
├── SessionLimitError             all places for sessions of this client stayed taken
├── SessionNotDeletedError        a block has ended, and its session may be there still
├── StreamUnavailableError        the session has no address for streams
├── StreamError                   a stream broke off before its end; what had come is kept
├── TransferError                 a file did not get through to a store, or from it, unharmed
├── ContextSyncError              a context could not be brought in or back
├── PageNotFoundError             there are fewer pages than that
├── DeadlineExceededError         the caller's time was up before a request was sent
└── WaitTimeoutError              what was waited for did not happen in time

A `BlockingCallWarning` is no error: it tells that a call of `AGB` holds up an event loop.

Every error has a stable `code` and, when an AGB answered, its `request_id`. Errors about
arguments are `ValueError`s too, and errors about time are `TimeoutError`s too.
"""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from agb.results import CodeExecutionResult

PARAM_ERROR = "PARAM_ERROR"
"""The code of everything that is found wrong before it is sent."""

REQUEST_LIMIT = "REQUEST_LIMIT"
"""The code of a `PoolTimeoutError` that comes of the client's `max_requests`."""


class AGBError(Exception):
    """Anything this SDK reports.

    Attributes:
        message: What happened and, where it is known, what to do.
        code: Stable name of what happened: the AGB's own where it gave one.
        request_id: Names the request in the AGB's records; empty when none was answered.
        attempts: How often the client tried to send the request that failed.
    """

    default_code: ClassVar[str] = "AGB_ERROR"
    attempts: int = 1

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        message = _printable(message)
        super().__init__(message)
        self.message = message
        self.code: str = _printable(code) or self.default_code
        self.request_id: str = _printable(request_id)


def _printable(text: str) -> str:
    """Spell out what no encoding has: JSON can hold halves of characters, and logs can't."""
    return text.encode("utf-8", "backslashreplace").decode()


class ConfigurationError(AGBError, ValueError):
    """The client can't be built from what it was given."""

    default_code = "CONFIGURATION_ERROR"


class InvalidParamsError(AGBError, ValueError):
    """An argument is wrong; nothing was sent."""

    default_code = PARAM_ERROR


class ClientClosedError(AGBError, RuntimeError):
    """The client was closed before the call."""

    default_code = "CLIENT_CLOSED"


class WrongLoopError(AGBError, RuntimeError):
    """The client belongs to the event loop that it was used in first; nothing was sent."""

    default_code = "WRONG_LOOP"


class WrongProcessError(AGBError, RuntimeError):
    """The client belongs to the process that this one was forked from; nothing was sent."""

    default_code = "WRONG_PROCESS"


class BlockingCallWarning(RuntimeWarning):
    """A call of the blocking `AGB` holds up the event loop that runs in its thread."""


class LocalServerError(AGBError):
    """The AGB on this machine did not start, or has died."""

    default_code = "LOCAL_SERVER_ERROR"


class MissingExtraError(LocalServerError, ImportError):
    """A part that this needs is not installed; the message has the command that installs it."""

    default_code = "MISSING_EXTRA"


class APIConnectionError(AGBError):
    """No answer came: nothing listens there, the name is unknown, or the connection broke."""

    default_code = "CONNECTION_ERROR"


class ConnectTimeoutError(APIConnectionError, TimeoutError):
    """Nobody answered the connection in time; nothing was sent."""

    default_code = "CONNECT_TIMEOUT"


class ReadTimeoutError(APIConnectionError, TimeoutError):
    """The request was sent, but no answer came in time: it may have been carried out."""

    default_code = "READ_TIMEOUT"


class PoolTimeoutError(APIConnectionError, TimeoutError):
    """All of the client's own connections, or places, stayed busy; nothing was sent."""

    default_code = "POOL_TIMEOUT"


class StreamDisconnectedError(APIConnectionError):
    """The connection that a stream came over broke, or fell silent; the code may still run.

    Attributes:
        partial: What had come until then, as a failed result.
    """

    default_code = "STREAM_DISCONNECTED"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        partial: "CodeExecutionResult | None" = None,
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.partial = partial


class APIError(AGBError):
    """The AGB answered, and said no.

    Attributes:
        status_code: HTTP status of the answer.
        retry_after: Seconds after which the AGB wants to be asked again, where it says so.
    """

    default_code = "API_ERROR"
    retry_after: float | None = None

    def __init__(
        self, message: str, *, code: str = "", request_id: str = "", status_code: int = 0
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.status_code = status_code


class UnexpectedResponseError(APIError):
    """The answer is not one that an AGB gives: not JSON, or without what it should hold."""

    default_code = "UNEXPECTED_RESPONSE"


class AuthenticationError(APIError):
    """The API key, or the token of a session, is missing or wrong."""

    default_code = "INVALID_API_KEY"


class PermissionDeniedError(APIError):
    """The account may not do this."""

    default_code = "PERMISSION_DENIED"


class QuotaExceededError(APIError):
    """The account is full; delete a session or raise the limit."""

    default_code = "QUOTA_EXCEEDED"


class RateLimitError(APIError):
    """Too many requests at once; slow down."""

    default_code = "RATE_LIMITED"


class ImageNotFoundError(APIError):
    """No such image in the account."""

    default_code = "IMAGE_NOT_FOUND"


class SessionNotFoundError(APIError):
    """The session was released or deleted, or never was."""

    default_code = "SESSION_NOT_FOUND"


class ContextNotFoundError(APIError):
    """The context was deleted, or never was in this account."""

    default_code = "CONTEXT_NOT_FOUND"


class ToolNotFoundError(APIError):
    """The session has no such tool."""

    default_code = "TOOL_NOT_FOUND"


class InvalidRequestError(APIError):
    """The AGB found an argument wrong."""

    default_code = "INVALID_REQUEST"


class ServerError(APIError):
    """The AGB itself failed."""

    default_code = "SERVER_ERROR"


class ToolError(AGBError):
    """A tool ran and reported a failure."""

    default_code = "TOOL_ERROR"


class CommandError(ToolError):
    """A command ended with an exit code other than 0, or could not be run.

    Attributes:
        exit_code: What the command ended with; None when it never ran to its end.
        stdout: What it wrote to standard output.
        stderr: What it wrote to standard error.
    """

    default_code = "COMMAND_FAILED"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        exit_code: int | None = None,
        stdout: str = "",
        stderr: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


class ProcessNotFoundError(ToolError):
    """The session has no background process of that id: it never had, or it was removed."""

    default_code = "PROCESS_NOT_FOUND"


class ProcessLostError(ToolError):
    """Nobody was left to record how a background process ended, so its exit code is unknown."""

    default_code = "PROCESS_LOST"


class CodeExecutionError(ToolError):
    """Code raised, or could not be run.

    Attributes:
        name: Name of the exception, such as `ZeroDivisionError`, where the AGB tells it.
        value: What the exception said.
        traceback: Where it happened, where the AGB tells it.
    """

    default_code = "CODE_FAILED"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        name: str = "ExecutionError",
        value: str = "",
        traceback: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.name = name
        self.value: str = value or message
        self.traceback = traceback


class FileError(ToolError):
    """A file operation failed."""

    default_code = "FILE_ERROR"


class ExecutionTimeoutError(ToolError, TimeoutError):
    """Code or a command ran into its own time limit and was stopped.

    Attributes:
        stdout: What a command had written to standard output by then.
        stderr: What it had written to standard error.
    """

    default_code = "EXECUTION_TIMEOUT"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        stdout: str = "",
        stderr: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.stdout = stdout
        self.stderr = stderr


class SessionLimitError(AGBError, TimeoutError):
    """As many sessions as the client may have were there all the time; nothing was sent."""

    default_code = "SESSION_LIMIT"


class SessionNotDeletedError(AGBError):
    """A block has ended, and its session may be there still; `__cause__` says why.

    Attributes:
        session_id: The session.
    """

    default_code = "SESSION_NOT_DELETED"

    def __init__(
        self, message: str, *, code: str = "", request_id: str = "", session_id: str = ""
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.session_id = session_id


class StreamUnavailableError(AGBError):
    """The session has no address for streams, or none that can be used; nothing was sent."""

    default_code = "STREAM_UNAVAILABLE"


class StreamError(AGBError):
    """A stream broke off before its end: the AGB gave the run up, or made no sense.

    Attributes:
        partial: What had come until then, as a failed result.
    """

    default_code = "STREAM_FAILED"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        partial: "CodeExecutionResult | None" = None,
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.partial = partial


class TransferError(AGBError):
    """A file did not get through to a store, or from it, unharmed; doing it again is safe.

    Attributes:
        status_code: HTTP status of the store's answer; 0 when that was not the reason.
        retry_after: Seconds after which the store wants to be asked again, where it says so.
    """

    default_code = "TRANSFER_FAILED"
    retry_after: float | None = None

    def __init__(
        self, message: str, *, code: str = "", request_id: str = "", status_code: int = 0
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.status_code = status_code


class ContextSyncError(AGBError):
    """A context could not be brought into a session, or back out of it; the message names it."""

    default_code = "CONTEXT_SYNC_FAILED"


class PageNotFoundError(AGBError):
    """There are fewer pages than that."""

    default_code = "PAGE_NOT_FOUND"


class DeadlineExceededError(AGBError, TimeoutError):
    """The caller's time was up before a request was sent."""

    default_code = "DEADLINE_EXCEEDED"


class WaitTimeoutError(AGBError, TimeoutError):
    """What was waited for did not happen in time.

    Attributes:
        status: What the AGB last said that it is doing, such as `DELETING`; empty where that is not
            known.
    """

    default_code = "WAIT_TIMEOUT"

    def __init__(
        self, message: str, *, code: str = "", request_id: str = "", status: str = ""
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.status = status
