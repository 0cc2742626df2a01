"""`run_code`: code in a language whose state is kept."""

from collections.abc import Mapping
from typing import Any

from agb._wire.code import write_outcome
from agb._wire.tools import RUN_CODE, RunCodeArguments
from agb.local.sandbox import OperationError
from agb.local.sessions import Session
from agb.local.tools.results import LONGEST_RUN, OK, TIMED_OUT, Run, ToolResult


async def run_code(session: Session, arguments: RunCodeArguments) -> ToolResult:
    """Run code; that the code fails is no failure of the tool."""
    try:
        answer = await session.sandbox.request(
            "run_code",
            code=arguments.code,
            language=arguments.language,
            timeout_s=min(arguments.timeout_s, LONGEST_RUN),
        )
    except OperationError as error:
        if "stdout" not in error.details:
            raise
        return _died(error)  # what it wrote before is worth telling
    failure: Mapping[str, Any] | None = answer["error"]
    text = write_outcome(
        results=[
            {**shown["data"], "isMainResult": shown["isMainResult"]} for shown in answer["results"]
        ],
        stdout=answer["stdout"],
        stderr=[*answer["stderr"], *_traceback(failure)],
        execution_count=answer["execution_count"],
        execution_time=answer["execution_time"],
        error=f"{failure['name']}: {failure['value']}" if failure else None,
    )
    return ToolResult(text=text, code=TIMED_OUT if answer["timed_out"] else OK)


def _traceback(failure: Mapping[str, Any] | None) -> list[str]:
    """Give the lines of a traceback as one text, or none."""
    lines: list[str] = failure["traceback"] if failure else []
    return ["\n".join(line.rstrip("\n") for line in lines) + "\n"] if lines else []


def _died(error: OperationError) -> ToolResult:
    text = write_outcome(
        results=[],
        stdout=error.details["stdout"],
        stderr=error.details["stderr"],
        execution_count=None,
        execution_time=0.0,
        error=error.message,
    )
    return ToolResult(text=text, code=error.code)


RUNS: dict[str, Run] = {RUN_CODE.name: run_code}
