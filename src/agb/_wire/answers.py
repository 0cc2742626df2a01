"""The envelope around every answer: request id, success, code, message, data.

`read_answer` judges an answer; `good_answer` and `refusal` write one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from agb._wire import codec, messages
from agb._wire.codec import Json, Misread, is_object, parse
from agb._wire.endpoint import Endpoint
from agb._wire.values import frozen

A = TypeVar("A")

_OK = 200
_SHOWN = 200
"""So many characters of a body that is not ours are quoted."""
_REDIRECTS = range(300, 400)
_NOT_FOLLOWED = " (the key goes to the endpoint alone: set the endpoint to where this leads)"


@frozen(kw_only=True)
class Answer(Generic[A]):
    """A good answer."""

    request_id: str
    code: str
    http_status: int
    data: A


ToolAnswer: TypeAlias = "Answer[messages.ToolCallData]"


class Refused(Exception):  # noqa: N818 - a judgement; the transport turns it into an error
    """The AGB said no."""

    def __init__(self, *, http_status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.request_id = request_id


class Malformed(Exception):  # noqa: N818 - a judgement; the transport turns it into an error
    """The answer is not one that an AGB gives.

    Attributes:
        body: What it is instead; empty where that can't be told.
    """

    def __init__(
        self,
        *,
        http_status: int,
        problem: str,
        request_id: str,
        body: Literal["JSON", "HTML", ""] = "JSON",
    ) -> None:
        super().__init__(problem)
        self.body = body
        self.http_status = http_status
        self.problem = problem
        self.request_id = request_id


def read_answer(
    endpoint: Endpoint[Any, A], http_status: int, headers: Mapping[str, str], content: bytes
) -> Answer[A]:
    """Judge an answer and read what it holds.

    Raises:
        Refused: The AGB answered that it would not or could not.
        Malformed: The answer is not JSON, or lacks what the endpoint promises.
    """
    header_id = headers.get("x-request-id", "")
    envelope = _envelope(http_status, header_id, content)
    request_id = _text(envelope.get("requestId", header_id))
    code = _text(envelope.get("code"))
    if http_status != _OK or envelope.get("success") is not True:
        raise Refused(
            http_status=http_status,
            code=code,
            message=_reason(envelope) or f"the AGB gave no reason (HTTP {http_status})",
            request_id=request_id,
        )
    try:
        data = _data(endpoint, envelope)
    except Misread as misread:
        raise Malformed(
            http_status=http_status,
            problem=f"{endpoint.path} answered without what it promises: {misread}",
            request_id=request_id,
        ) from None
    return Answer(request_id=request_id, code=code, http_status=http_status, data=data)


def _data(endpoint: Endpoint[Any, A], envelope: Json) -> A:
    if endpoint.whole:
        return codec.load(envelope, endpoint.answer)
    data: Any = envelope.get("data")
    if data is None and not endpoint.data_required:
        data = Json()
    if isinstance(data, str) and endpoint.data_is_text:
        data = _parsed(data)
    try:
        return codec.load(data, endpoint.answer)
    except Misread as misread:
        path = f"data{'' if misread.path.startswith('[') else '.'}{misread.path}".rstrip(".")
        raise Misread(path, misread.problem) from None


def _parsed(text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        raise Misread("data", "holds text that is not JSON") from None


def read_object(http_status: int, content: bytes, request_id: str = "") -> Json:
    """Read the JSON object that an answer is.

    Raises:
        Malformed: It is none.
    """
    is_json = True
    try:
        outer = parse(content)
    except ValueError:
        outer, is_json = None, False
    if not is_object(outer):
        shown = content[:_SHOWN].decode(errors="replace").strip() or "nothing"
        raise Malformed(
            http_status=http_status,
            problem=f"HTTP {http_status} with a body that is not a JSON object: {shown}"
            f"{_NOT_FOLLOWED if http_status in _REDIRECTS else ''}",
            request_id=request_id,
            body="HTML" if content.lstrip().startswith(b"<") else "JSON" if is_json else "",
        )
    return outer


def _envelope(http_status: int, request_id: str, content: bytes) -> Json:
    """Read the outer object; some answers wrap it in `body`, some write PascalCase keys."""
    found = read_object(http_status, content, request_id)
    inner = found.get("body")
    if "success" not in found and is_object(inner):
        found = inner
    return {key[:1].lower() + key[1:]: value for key, value in found.items()} | found


def _reason(envelope: Json) -> str:
    data = envelope.get("data")
    inner = data if is_object(data) else {}
    return _text(inner.get("errMsg")) or _text(envelope.get("message")) or _said_by_tool(inner)


def _said_by_tool(data: Json) -> str:
    try:
        call = codec.load(data, messages.ToolCallData)
    except Misread:
        return ""
    return (call.text or "") if call.is_error else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def good_answer(endpoint: Endpoint[Any, A], request_id: str, data: A) -> Json:
    """Write the envelope of a good answer."""
    envelope: Json = {
        "requestId": request_id,
        "success": True,
        "code": "OK",
        "message": "",
        "httpStatusCode": _OK,
    }
    if endpoint.whole:
        return {**envelope, **codec.dump(data)}
    dumped: Any = codec.dump(data)
    return {**envelope, "data": json.dumps(dumped) if endpoint.data_is_text else dumped}


def refusal(*, http_status: int, code: str, message: str, request_id: str) -> Json:
    """Write the envelope of a refusal; it has no `data`, which some clients would misread."""
    return {
        "requestId": request_id,
        "success": False,
        "code": code,
        "message": message,
        "httpStatusCode": http_status,
    }
