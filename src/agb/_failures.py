"""Pure: which error an AGB's refusal is, told by its code, its HTTP status and its message."""

import time
from collections.abc import Mapping
from typing import Any

from agb import exceptions
from agb._retry import retry_after
from agb._wire.answers import Malformed, Refused, read_object

_BY_STATUS: dict[int, type[exceptions.APIError]] = {
    400: exceptions.InvalidRequestError,
    401: exceptions.AuthenticationError,
    403: exceptions.PermissionDeniedError,
    404: exceptions.InvalidRequestError,
    413: exceptions.InvalidRequestError,
    422: exceptions.InvalidRequestError,
    429: exceptions.RateLimitError,
}
_NO_HEADERS: Mapping[str, str] = {}
_UNTOLD = {"", "ok", "success", "200", "0"}
_BAD_REQUEST = 400
_HTTP_NOT_FOUND = 404
_LOWEST_SERVER_ERROR = 500


def refusal(
    refused: Refused, headers: Mapping[str, str] = _NO_HEADERS, *, session_id: str = ""
) -> exceptions.APIError:
    """Return the error for an answer that says no."""
    kind = _kind(refused.http_status, refused.code, refused.message)
    message = refused.message
    if kind is exceptions.InvalidRequestError and session_id and _says_gone(refused):
        kind = exceptions.SessionNotFoundError
    if kind is exceptions.SessionNotFoundError and session_id and session_id not in message:
        message = f"{message} (session {session_id})"
    return _with_wait(
        kind(
            message,
            code=told_code(refused.code),
            request_id=refused.request_id,
            status_code=refused.http_status,
        ),
        headers,
    )


def _with_wait(error: exceptions.APIError, headers: Mapping[str, str]) -> exceptions.APIError:
    error.retry_after = retry_after(headers.get("retry-after"), time.time())
    return error


def handshake_refusal(status: int, where: str, body: bytes) -> exceptions.APIError:
    """Return the error for a WebSocket that was not opened.

    Args:
        status: HTTP status of the answer; 0 where it was no HTTP.
        where: The address, without anything secret.
        body: What the answer says, if anything.
    """
    try:
        told = read_object(status, body)
    except Malformed:
        told = {}
    code, reason = (str(told.get(name) or "") for name in ("code", "message"))
    if status not in _BY_STATUS and status < _LOWEST_SERVER_ERROR:
        kind: type[exceptions.APIError] = exceptions.UnexpectedResponseError
    elif status == _HTTP_NOT_FOUND:
        kind = exceptions.SessionNotFoundError
    else:
        kind = _kind(status, code, reason)
    said = f"with HTTP {status}" if status else "with something that is not HTTP"
    return kind(
        f"{where} answered the request for a stream {said}{reason and ': '}{reason}",
        code=told_code(code) or "STREAM_REFUSED",
        request_id=str(told.get("requestId") or ""),
        status_code=status,
    )


def _says_gone(refused: Refused) -> bool:
    """Some AGBs say no more than this of a session that is not there."""
    return (
        refused.http_status == _BAD_REQUEST
        and "not found" in refused.message.lower()
        and _thing(_squeezed(refused.code)) is None
        and _thing(refused.message.lower()) is None
    )


def malformed(answer: Malformed, headers: Mapping[str, str] = _NO_HEADERS) -> exceptions.APIError:
    """Return the error for an answer that no AGB gives."""
    if answer.http_status in _BY_STATUS or answer.http_status >= _LOWEST_SERVER_ERROR:
        kind = _kind(answer.http_status, "", "")
    else:
        kind = exceptions.UnexpectedResponseError
    error = kind(answer.problem, request_id=answer.request_id, status_code=answer.http_status)
    return _with_wait(error, headers)


def told_code(code: str) -> str:
    """Return the code that an AGB gave, or nothing where it only says that all is well."""
    return "" if code.lower() in _UNTOLD else code


def _kind(status: int, code: str, message: str) -> type[exceptions.APIError]:
    return _by_code(code, message) or (
        exceptions.ServerError
        if status >= _LOWEST_SERVER_ERROR
        else _BY_STATUS.get(status, exceptions.APIError)
    )


def _by_code(code: str, message: str) -> type[exceptions.APIError] | None:
    """Tell by words: AGBs of different ages spell the same code differently."""
    squeezed, said = _squeezed(code), message.lower()
    if "notfound" in squeezed or "not found" in said:
        return _NOT_FOUND.get(_thing(squeezed) or _thing(said) or "")
    words = {
        "quota": exceptions.QuotaExceededError,
        "apikey": exceptions.AuthenticationError,
        "image": exceptions.ImageNotFoundError,
    }
    return next((kind for word, kind in words.items() if word in squeezed), None)


_NOT_FOUND: dict[str, type[exceptions.APIError]] = {
    "tool": exceptions.ToolNotFoundError,
    "image": exceptions.ImageNotFoundError,
    "session": exceptions.SessionNotFoundError,
    "context": exceptions.ContextNotFoundError,
}
_THINGS = ("contextfile", *_NOT_FOUND, "extension", "file", "folder", "path")


def _thing(text: str) -> str | None:
    """Tell what a text is about: what it names first, for it may quote names that users gave."""
    return min((word for word in _THINGS if word in text), key=text.index, default=None)


def _squeezed(code: str) -> str:
    return code.replace("_", "").replace(".", "").lower()


def json_answer(http_status: int, content: bytes) -> Mapping[str, Any]:
    """Return the JSON object of any answer.

    Raises:
        UnexpectedResponseError: It is none.
    """
    try:
        return read_object(http_status, content)
    except Malformed as answer:
        raise malformed(answer) from None
