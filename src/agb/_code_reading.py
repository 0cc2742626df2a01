"""Pure: from what code left behind to the result of its run."""

from agb import results
from agb._failures import told_code
from agb._reading import is_timeout, text_of
from agb._wire.answers import ToolAnswer
from agb._wire.code import CodeOutcome, Display, read_outcome
from agb.exceptions import (
    CodeExecutionError,
    ExecutionTimeoutError,
    ToolError,
    UnexpectedResponseError,
)


def code_result(answer: ToolAnswer) -> results.CodeExecutionResult:
    """Read what `run_code` answered."""
    text = text_of(answer, CodeExecutionError)
    if not text:
        raise UnexpectedResponseError(
            "run_code answered with nothing at all", request_id=answer.request_id, status_code=200
        )
    outcome = read_outcome(text)
    return results.CodeExecutionResult(
        request_id=answer.request_id,
        error=code_error(outcome, code=told_code(answer.code), request_id=answer.request_id),
        results=tuple(shown(display) for display in outcome.results),
        logs=results.ExecutionLogs(stdout=outcome.stdout, stderr=outcome.stderr),
        execution_count=outcome.execution_count,
        execution_time=outcome.execution_time,
    )


def code_error(outcome: CodeOutcome, *, code: str, request_id: str) -> ToolError | None:
    """Return why code failed, if it did.

    Args:
        outcome: What the run left behind.
        code: What the AGB calls the failure; the last word says whether time ran out.
        request_id: Names the run.
    """
    error = outcome.error
    if error is None:
        return None
    if is_timeout(code):
        return ExecutionTimeoutError(error.told or error.value, code=code, request_id=request_id)
    return CodeExecutionError(
        error.told or error.value or error.name,
        code=code,
        request_id=request_id,
        name=error.name,
        value=error.value,
        traceback=error.traceback or _printed_traceback(outcome),
    )


def _printed_traceback(outcome: CodeOutcome) -> str:
    return "".join(outcome.stderr) if "Traceback" in "".join(outcome.stderr) else ""


def shown(display: Display) -> results.ExecutionResult:
    """Return one thing that a run showed."""
    return results.ExecutionResult(is_main_result=display.is_main_result, **display.values)
