"""What `run_code` answers with: one shape is written, four are read.

AGBs of different ages answer in different shapes; `read_outcome` brings all of them into one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory

from agb._wire.codec import Json, is_array, is_object, parse
from agb._wire.values import frozen

MIME_FIELDS: Mapping[str, str] = {
    "text/plain": "text",
    "text/html": "html",
    "text/markdown": "markdown",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/svg+xml": "svg",
    "application/json": "json",
    "text/latex": "latex",
    "application/vnd.vegalite.v4+json": "chart",
    "application/vnd.vegalite.v5+json": "chart",
}
"""Which field of a result a MIME type fills."""

LANGUAGES: Mapping[str, str] = {
    "python": "python",
    "py": "python",
    "python3": "python",
    "javascript": "javascript",
    "js": "javascript",
    "node": "javascript",
    "nodejs": "javascript",
    "java": "java",
    "r": "r",
}
"""Accepted names of languages and what each stands for."""


@frozen(kw_only=True)
class CodeError:
    """Why code failed.

    Attributes:
        told: How the AGB puts it in one text, where it tells name and value apart besides.
    """

    name: str = "ExecutionError"
    value: str = ""
    traceback: str = ""
    told: str = ""

    @property
    def worded(self) -> str:
        """Name and value in one text."""
        return f"{self.name}: {self.value}" if self.value else self.name


@frozen(kw_only=True)
class Display:
    """One thing that a run showed: values by field name (`text`, `png`, ...)."""

    values: Mapping[str, Any] = Factory(dict[str, Any])
    is_main_result: bool = False


@frozen(kw_only=True)
class CodeOutcome:
    """What a run left behind."""

    results: Sequence[Display] = ()
    stdout: Sequence[str] = ()
    stderr: Sequence[str] = ()
    execution_count: int | None = None
    execution_time: float | None = 0.0
    error: CodeError | None = None


def write_outcome(
    *,
    results: Sequence[Mapping[str, Any]],
    stdout: Sequence[str],
    stderr: Sequence[str],
    execution_count: int | None,
    execution_time: float,
    error: CodeError | str | None,
) -> str:
    """Write the text of a `run_code` answer.

    Args:
        results: MIME maps, each with `isMainResult`.
        stdout: Pieces of standard output.
        stderr: Pieces of standard error.
        execution_count: Number of the run in its session, when the language counts.
        execution_time: Seconds that the run took.
        error: What went wrong, or None. All clients read one text; where name, value and
            traceback are known, they are told besides.
    """
    outcome: Json = {
        "result": list(results),
        "stdout": list(stdout),
        "stderr": list(stderr),
        "execution_count": execution_count,
        "execution_time": execution_time,
        "executionError": error.worded if isinstance(error, CodeError) else error,
    }
    if isinstance(error, CodeError):
        outcome["error"] = {
            "name": error.name,
            "value": error.value,
            "traceback": error.traceback,
        }
    return json.dumps(outcome, ensure_ascii=False)


def read_outcome(text: str) -> CodeOutcome:
    """Read the text of a `run_code` answer, whatever its shape."""
    found = _object(text)
    if found is None:
        return _plain(text)
    found = _nested(found) or found
    rich = "logs" in found or "results" in found
    if found.get("isError") is True and not rich:
        texts = [str(part.get("text") or "") for part in _parts(found)]
        return CodeOutcome(error=CodeError(value="; ".join(texts)))
    if isinstance(found.get("result"), (list, str)) or found.get("executionError"):
        return _current(found)
    if rich:
        return _rich(found)
    if "content" in found:
        first = next((part.get("text") for part in _parts(found)), None)
        return CodeOutcome(error=CodeError(value="no data")) if not first else _plain(str(first))
    return _plain(text)


def _plain(text: str) -> CodeOutcome:
    main = Display(values={"text": text}, is_main_result=True)
    return CodeOutcome(results=(main,), stdout=(text,))


def _current(found: Json) -> CodeOutcome:
    error, more = found.get("executionError"), found.get("error")
    if error and is_object(more):
        error = {**more, "told": str(error)}
    return CodeOutcome(
        results=_displays(found.get("result")),
        stdout=_lines(found.get("stdout")),
        stderr=_lines(found.get("stderr")),
        execution_count=_count(found.get("execution_count")),
        execution_time=_seconds(found.get("execution_time", 0.0)),
        error=_error(error) if error else None,
    )


def _displays(result: Any) -> tuple[Display, ...]:
    if isinstance(result, str):
        return (Display(values={"text": result}, is_main_result=True),)
    return tuple(read_display(item) for item in result) if is_array(result) else ()


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _seconds(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) else None


def _rich(found: Json) -> CodeOutcome:
    told = found.get("logs")
    logs = told if is_object(told) else {}
    error = found.get("error") or (found.get("isError") is True and "the code failed")
    return CodeOutcome(
        results=_displays(found.get("results")),
        stdout=_lines(logs.get("stdout")),
        stderr=_lines(logs.get("stderr")),
        execution_count=_count(found.get("execution_count")),
        execution_time=_seconds(found.get("execution_time", 0.0)),
        error=_error(error) if error else None,
    )


def _error(error: Any) -> CodeError:
    """Read what went wrong: a text, or an object with name, value and traceback."""
    if is_object(error):
        return CodeError(
            name=str(error.get("name") or "ExecutionError"),
            value=str(error.get("value") or error.get("message") or ""),
            traceback=str(error.get("traceback") or ""),
            told=str(error.get("told") or ""),
        )
    return CodeError(value=str(error))


def read_display(item: Any) -> Display:
    """Read one thing that a run showed, whatever its shape."""
    for _ in range(2):  # some AGBs encode twice
        parsed = _json(item) if isinstance(item, str) else None
        if not (is_object(parsed) or isinstance(parsed, str)):
            break
        item = parsed
    if not is_object(item):
        return Display(values={"text": str(item)})
    fields = item
    values = {name: fields[name] for name in MIME_FIELDS.values() if name in fields}
    for mime, name in MIME_FIELDS.items():
        if mime in fields:
            values.setdefault(name, fields[mime])
    return Display(
        values={name: _shown(name, value) for name, value in values.items()},
        is_main_result=bool(fields.get("isMainResult") or fields.get("is_main_result")),
    )


def _shown(name: str, value: Any) -> Any:
    """Keep JSON where a field holds JSON; everything else is text."""
    return value if value is None or name in {"json", "chart"} else str(value)


def _nested(found: Json) -> Json | None:
    """Return the object inside `content[0].text` when that is where the outcome is."""
    first = next((part.get("text") for part in _parts(found)), None)
    inner = _object(first) if isinstance(first, str) else None
    if inner is not None and ("result" in inner or "executionError" in inner):
        return inner
    return None


def _parts(found: Json) -> list[Json]:
    content = found.get("content")
    return [part for part in content if is_object(part)] if is_array(content) else []


def _lines(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(line) for line in value) if is_array(value) else ()


def _object(text: str) -> Json | None:
    parsed = _json(text)
    return parsed if is_object(parsed) else None


def _json(text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return None
