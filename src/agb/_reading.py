"""Pure: from what a tool answered to the result of an operation."""

from typing import Any

from agb import results
from agb._failures import told_code
from agb._wire import texts
from agb._wire.answers import ToolAnswer
from agb._wire.codec import Json, is_object, load, parse
from agb.exceptions import (
    AGBError,
    CommandError,
    ExecutionTimeoutError,
    ToolError,
    UnexpectedResponseError,
)

_NO_REASON = "the tool failed and gave no reason"
_TIMEOUT = "timeout"


def text_of(answer: ToolAnswer, kind: type[ToolError] = ToolError) -> str:
    """Return the text that a tool answered.

    Raises:
        ToolError: Of that kind: the tool says that it failed.
    """
    if answer.data.is_error:
        raise failure(answer, kind)
    return answer.data.text or ""


def content_of(answer: ToolAnswer, kind: type[ToolError] = ToolError) -> str:
    """Return the text that a tool which always has one answered; it may be an empty text.

    Raises:
        ToolError: Of that kind: the tool says that it failed.
        UnexpectedResponseError: There is none: what was asked for is not known.
    """
    text = text_of(answer, kind)
    if answer.data.text is None:
        raise unexpected(answer, "holds nothing at all")
    return text


def failure(answer: ToolAnswer, kind: type[ToolError] = ToolError) -> ToolError:
    """Return the error for a tool that says that it failed."""
    code = told_code(answer.code)
    chosen = ExecutionTimeoutError if is_timeout(code) else kind
    return chosen(answer.data.text or _NO_REASON, code=code, request_id=answer.request_id)


def is_timeout(code: str) -> bool:
    """Tell whether an AGB's code says that time ran out."""
    return code.lower().endswith(_TIMEOUT)


def tool_result(answer: ToolAnswer) -> results.McpToolResult:
    """Read what any tool answered."""
    return results.McpToolResult(
        request_id=answer.request_id,
        error=failure(answer) if answer.data.is_error else None,
        data=answer.data.text,
        content=tuple(
            results.McpContent(
                type=part.type, text=part.text, data=part.data, mime_type=part.mime_type
            )
            for part in answer.data.content
        ),
    )


def command_result(answer: ToolAnswer) -> results.CommandResult:
    """Read what `shell` answered: an object that tells all, or plain text."""
    if answer.data.text is None and not answer.data.is_error:
        raise unexpected(answer, "does not tell how the command ended")
    text = answer.data.text or ""
    outcome = _shell_outcome(text)
    if outcome is None:
        error = failure(answer, CommandError) if answer.data.is_error else None
        return results.CommandResult(
            request_id=answer.request_id, error=error, output="" if error else text
        )
    exit_code = outcome.exit_code if outcome.exit_code is not None else outcome.error_code or 0
    return results.CommandResult(
        request_id=answer.request_id,
        error=_command_error(answer, outcome, exit_code),
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        exit_code=exit_code,
        output=outcome.stdout + outcome.stderr,
        trace_id=outcome.trace_id or "",
    )


def _shell_outcome(text: str) -> texts.ShellOutcome | None:
    try:
        return load(parse(text), texts.ShellOutcome)
    except ValueError:  # not JSON, or JSON that the command itself printed
        return None


def _command_error(
    answer: ToolAnswer, outcome: texts.ShellOutcome, exit_code: int
) -> AGBError | None:
    if exit_code == 0 and not answer.data.is_error:
        return None
    code = told_code(answer.code)
    return command_error(
        outcome.stdout, outcome.stderr, exit_code, code=code, request_id=answer.request_id
    )


def command_error(
    stdout: str, stderr: str, exit_code: int, *, code: str = "", request_id: str = ""
) -> CommandError | ExecutionTimeoutError:
    """Return the error for a command that failed; its code tells when it was stopped."""
    message = stderr.strip() or f"the command ended with exit code {exit_code}"
    if is_timeout(code):
        return ExecutionTimeoutError(
            message, code=code, request_id=request_id, stdout=stdout, stderr=stderr
        )
    return CommandError(
        message,
        code=code,
        request_id=request_id,
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
    )


def json_object(answer: ToolAnswer) -> Json:
    """Return the JSON object that a tool answered.

    Raises:
        ToolError: The tool says that it failed.
        UnexpectedResponseError: It answered with something else.
    """
    found = json_value(answer, text_of(answer))
    if not is_object(found):
        raise unexpected(answer, "is not a JSON object")
    return found


def json_value(answer: ToolAnswer, text: str) -> Any:
    """Read JSON text that a tool answered."""
    try:
        return parse(text)
    except ValueError:
        raise unexpected(answer, "is not JSON") from None


def unexpected(answer: ToolAnswer, problem: str) -> UnexpectedResponseError:
    """Return the error for an answer that is none."""
    return UnexpectedResponseError(
        f"what the tool answered {problem}", request_id=answer.request_id, status_code=200
    )
