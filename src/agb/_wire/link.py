"""The direct route to a session's tools: `<link url>/callTool`, opened by the session's token."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from agb._wire import codec, messages
from agb._wire.answers import Answer, Malformed, Refused
from agb._wire.codec import Json, Misread, is_array, is_object, parse

CALL_TOOL_PATH = "/callTool"
TOKEN_HEADER = "X-Access-Token"  # noqa: S105 - the name of a header


def write_call(request: messages.LinkCallRequest) -> Json:
    """Write the body of a call."""
    return codec.dump(request)


def read_call(body: Json) -> messages.LinkCallRequest:
    """Read the body of a call.

    Raises:
        Misread: A field is missing or of the wrong type.
    """
    return codec.load(body, messages.LinkCallRequest)


def new_request_id() -> str:
    """Make a request id: this route's callers name their requests themselves."""
    chance = int.from_bytes(os.urandom(4)) % 10**9
    return f"link-{time.time_ns() // 1_000_000}-{chance:09d}"


def write_answer(result: messages.ToolCallData, code: str = "") -> Json:
    """Write what a tool answered: JSON text inside the outer object.

    Args:
        result: What it answered.
        code: Stable name of what went wrong in it; empty when nothing did.
    """
    return {"success": True, "code": code, "data": json.dumps({"result": codec.dump(result)})}


def read_answer(http_status: int, content: bytes, request_id: str) -> Answer[messages.ToolCallData]:
    """Judge an answer and read what the tool answered.

    Raises:
        Refused: The call was not carried out.
        Malformed: The answer is not one that this route gives.
    """
    if http_status // 100 != _GOOD:
        raise _refused(http_status, content, request_id)
    try:
        outer = _object(_json(content, "the answer"), "the answer")
        data = outer.get("data")
        if outer.get("success") is False and data is None:
            raise _refused(http_status, content, request_id)
        inner = _object(_json(data, "data") if isinstance(data, str) else data, "data")
        result = _result(inner)
    except Misread as misread:
        raise Malformed(
            http_status=http_status,
            problem=f"{CALL_TOOL_PATH}: {misread}",
            request_id=request_id,
        ) from None
    code = str(outer.get("code") or "")
    return Answer(request_id=request_id, code=code, http_status=http_status, data=result)


_GOOD = 2
"""Every status of 2xx is good on this route."""


def _refused(http_status: int, content: bytes, request_id: str) -> Refused:
    try:
        said = _object(_json(content, ""), "")
    except Misread:
        said = {}
    return Refused(
        http_status=http_status,
        code=str(said.get("code") or ""),
        message=str(said.get("message") or f"the session's link answered HTTP {http_status}"),
        request_id=request_id,
    )


def _result(inner: Json) -> messages.ToolCallData:
    if "result" not in inner:
        return messages.ToolCallData(content=(messages.ContentPart(text=""),))
    result = _object(inner["result"], "data.result")
    content: Any = result.get("content")
    parts: Any = [_part(part) for part in content] if is_array(content) else content or []
    try:
        read = codec.load(parts, tuple[messages.ContentPart, ...])
    except Misread as misread:
        raise Misread(f"data.result.content{misread.path}", misread.problem) from None
    return messages.ToolCallData(content=read, is_error=bool(result.get("isError")))


def _json(text: str | bytes, where: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        raise Misread(where, "is not JSON") from None


def _object(value: Any, where: str) -> Json:
    if not is_object(value):
        raise Misread(where, f"is {'missing' if value is None else 'not an object'}")
    return value


def _part(part: Any) -> Any:
    """Bring the shapes that only this route has into that of the API."""
    if isinstance(part, str):
        return {"text": part}
    return {"data": part["blob"], **part} if is_object(part) and "blob" in part else part
