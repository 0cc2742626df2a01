"""What travels over a session's WebSocket: code one way, what becomes of it the other.

Each frame is a text of JSON with one object: `invocationId` names the run, `data` says the rest.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Literal

from agb._wire.code import CodeError, Display, read_display
from agb._wire.codec import Json, Misread, is_object, parse
from agb._wire.values import frozen

METHOD = "run_code"
MODE = "stream"
OWN_NAME = "SDK"
"""How a client names itself as source and target."""


@frozen(kw_only=True)
class RunRequest:
    """Asks a server to run code and to tell what it does.

    Attributes:
        invocation_id: Names the run.
        target: Server that has the tool `run_code`.
        timeout_s: Seconds that the code may take.
    """

    invocation_id: str
    target: str
    language: str
    timeout_s: int
    code: str


@frozen(kw_only=True)
class CancelRequest:
    """Asks a server to stop a run; nothing more need be told of it."""

    invocation_id: str
    target: str


Request = RunRequest | CancelRequest


@frozen
class Written:
    """The code wrote something."""

    stream: Literal["stdout", "stderr"]
    chunk: str


@frozen
class Shown:
    """The code showed something: the value of its last expression, or a display."""

    display: Display


@frozen
class Raised:
    """The code, or what runs it, failed; an end follows.

    Attributes:
        payload: What the server said of it, as it came.
    """

    error: CodeError
    payload: Json


@frozen(kw_only=True)
class Ended:
    """The run is over."""

    execution_count: int | None = None
    execution_time: float = 0.0
    error: CodeError | None = None


@frozen
class Broken:
    """The run is over, and it is not known how far it got.

    Attributes:
        remote: Whether the server said so; else what it said makes no sense.
        code: Stable name of the problem, where the server gave one.
    """

    problem: str
    remote: bool
    code: str = ""


@frozen
class Passed:
    """Something that a client need not know."""


Event = Written | Shown | Raised | Ended | Broken | Passed


def new_invocation_id() -> str:
    """Make the name of a run."""
    return secrets.token_hex(16)


def write_request(request: Request) -> str:
    """Write a frame from a client."""
    if isinstance(request, RunRequest):
        data: Json = {
            "method": METHOD,
            "mode": MODE,
            "params": {
                "language": request.language,
                "timeoutS": request.timeout_s,
                "code": request.code,
            },
        }
    else:
        data = {"method": METHOD, "mode": MODE, "phase": "cancel"}
    return _frame(request.invocation_id, source=OWN_NAME, target=request.target, data=data)


def read_request(text: str) -> Request:
    """Read a frame from a client.

    Raises:
        Misread: It makes no sense.
    """
    frame = _parsed(text)
    if not is_object(frame):
        raise Misread("", "is not an object")
    invocation_id, target, data = frame.get("invocationId"), frame.get("target"), frame.get("data")
    if not isinstance(invocation_id, str) or not invocation_id:
        raise Misread("invocationId", "is missing")
    if not is_object(data):
        raise Misread("data", "is not an object")
    server = target if isinstance(target, str) else ""
    if data.get("phase") == "cancel":
        return CancelRequest(invocation_id=invocation_id, target=server)
    if data.get("method") != METHOD or data.get("mode") != MODE:
        raise Misread("data", f"asks for something else than {METHOD} in mode {MODE}")
    params = data.get("params")
    if not is_object(params):
        raise Misread("data.params", "is not an object")
    language, code, timeout = params.get("language"), params.get("code"), params.get("timeoutS", 60)
    if not isinstance(language, str):
        raise Misread("data.params.language", "is not text")
    if not isinstance(code, str):
        raise Misread("data.params.code", "is not text")
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1:
        raise Misread("data.params.timeoutS", "is not a number of seconds, 1 or more")
    return RunRequest(
        invocation_id=invocation_id, target=server, language=language, timeout_s=timeout, code=code
    )


def write_output(
    invocation_id: str, source: str, seq: int, stream: Literal["stdout", "stderr"], chunk: str
) -> str:
    """Write the frame that tells what code wrote.

    Args:
        invocation_id: Names the run.
        source: The server that runs it.
        seq: Number of the frame in its run, from 1.
        stream: Where it wrote to.
        chunk: What it wrote.
    """
    return _event(invocation_id, source, seq, {"eventType": stream, "chunk": chunk})


def write_result(
    invocation_id: str, source: str, seq: int, mime: Mapping[str, Any], *, main: bool
) -> str:
    """Write the frame that tells what code showed, by MIME type."""
    result = {"isMainResult": main, "mime": dict(mime)}
    return _event(invocation_id, source, seq, {"eventType": "result", "result": result})


def write_raised(invocation_id: str, source: str, seq: int, error: CodeError) -> str:
    """Write the frame that tells why code failed; the end is still to be written.

    Args:
        invocation_id: Names the run.
        source: The server that runs it.
        seq: Number of the frame in its run.
        error: Why; its name travels as the code, its value as the message.
    """
    told = {"code": error.name, "message": error.value, "traceback": error.traceback}
    return _event(invocation_id, source, seq, {"eventType": "error", "error": told})


def write_end(
    invocation_id: str,
    source: str,
    seq: int,
    *,
    execution_count: int | None,
    execution_time: float,
    error: str | None,
) -> str:
    """Write the last frame of a run.

    Args:
        invocation_id: Names the run.
        source: The server that ran it.
        seq: Number of the frame in its run.
        execution_count: Number of the run in its session, where the language counts.
        execution_time: Seconds that it took.
        error: What the code failed with, as the tool `run_code` words it; or None.
    """
    data: Json = {
        "phase": "end",
        "status": "failed" if error else "finished",
        "executionTime": execution_time,
        "executionError": error,
    }
    if execution_count is not None:
        data["executionCount"] = execution_count
    return _reply(invocation_id, source, seq, data)


def write_error(invocation_id: str, source: str, seq: int, *, code: str, message: str) -> str:
    """Write the last frame of a run that could not be had."""
    data: Json = {"phase": "error", "error": {"code": code, "message": message}}
    return _reply(invocation_id, source, seq, data)


def read_event(text: str | bytes) -> tuple[str, Event]:
    """Read a frame from a server: the run that it is about, and what it says.

    Frames that name no run are of no use to a client: they come as `Passed`, with an empty name.
    """
    frame = _parsed(text)
    if not is_object(frame):
        return "", Passed()
    name = frame.get("invocationId") or frame.get("requestId")
    if not isinstance(name, str):
        return "", Passed()
    told = frame.get("data")
    data = _parsed(told) if isinstance(told, str) else told
    if not is_object(data):
        return name, Broken("a frame without data", remote=False)
    return name, _read_phase(data)


def _read_phase(data: Json) -> Event:
    phase, error = data.get("phase"), data.get("error")
    if phase == "error" or (isinstance(error, str) and error):
        return Broken(_complaint(data), remote=True, code=_complaint_code(error))
    if phase == "end":
        return _read_end(data)
    if phase == "event":
        return _read_event(data)
    return Broken(f"a frame of the unknown phase {phase!r}", remote=False)


def _complaint(data: Json) -> str:
    error = data.get("error")
    if is_object(error):
        return str(error.get("message") or error.get("error") or error.get("code") or "failed")
    return str(error or data.get("message") or "failed")


def _complaint_code(error: Any) -> str:
    return str(error.get("code") or "") if is_object(error) else ""


def _read_end(data: Json) -> Ended:
    count, seconds, error = (
        data.get("executionCount"),
        data.get("executionTime"),
        data.get("executionError"),
    )
    if not error and data.get("status") == "failed":
        error = "the code failed, and the server does not say why"
    return Ended(
        execution_count=count if isinstance(count, int) else None,
        execution_time=_seconds(seconds),
        error=CodeError(value=str(error)) if error else None,
    )


def _seconds(value: Any) -> float:
    try:
        return float(value) if isinstance(value, (int, float)) else 0.0
    except OverflowError:  # JSON knows whole numbers that are larger than any float
        return 0.0


def _read_event(data: Json) -> Event:
    kind = data.get("eventType")
    if kind in {"stdout", "stderr"}:
        chunk = data.get("chunk")
        return Written(kind, chunk) if isinstance(chunk, str) else Passed()
    if kind == "result":
        return Shown(_read_result(data.get("result")))
    if kind == "error":
        told = data.get("error")
        payload = told if is_object(told) else data
        return Raised(_read_error(payload), payload)
    return Passed()


def _read_result(result: Any) -> Display:
    if not is_object(result):
        return Display(values={"text": str(result)})
    mime = result.get("mime")
    main = bool(result.get("isMainResult") or result.get("is_main_result"))
    return read_display({**(mime if is_object(mime) else {}), "isMainResult": main})


def _read_error(payload: Json) -> CodeError:
    message = payload.get("message") or payload.get("error") or ""
    return CodeError(
        name=str(payload.get("code") or "ExecutionError"),
        value=str(message),
        traceback=str(payload.get("traceback") or ""),
    )


def _event(invocation_id: str, source: str, seq: int, data: Json) -> str:
    return _reply(invocation_id, source, seq, {"phase": "event", **data})


def _reply(invocation_id: str, source: str, seq: int, data: Json) -> str:
    told = {"method": METHOD, "mode": MODE, "seq": seq, **data}
    return _frame(invocation_id, source=source, target=OWN_NAME, data=told)


def _frame(invocation_id: str, *, source: str, target: str, data: Json) -> str:
    frame = {"invocationId": invocation_id, "source": source, "target": target, "data": data}
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def _parsed(text: str | bytes) -> Any:
    try:
        return parse(text)
    except ValueError:
        return None
