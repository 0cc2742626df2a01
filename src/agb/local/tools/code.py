"""`run_code`: code in a language whose state is kept."""

from typing import Any

from agb._wire.code import CodeError, write_outcome
from agb._wire.tools import RUN_CODE, RunCodeArguments
from agb.local.sandbox import EventHandler, OperationError
from agb.local.session import Session
from agb.local.tools.results import LONGEST_RUN, OK, TIMED_OUT, Run, ToolResult


async def run_code(session: Session, arguments: RunCodeArguments) -> ToolResult:
    """Run code; that the code fails is no failure of the tool."""
    try:
        answer = await request_run(session, arguments)
    except OperationError as error:
        if "stdout" not in error.details:
            raise
        return _died(error)  # what it wrote before is worth telling
    failure = failure_of(answer)
    text = write_outcome(
        results=[
            {**shown["data"], "isMainResult": shown["isMainResult"]} for shown in answer["results"]
        ],
        stdout=answer["stdout"],
        stderr=[*answer["stderr"], *([failure.traceback] if failure and failure.traceback else [])],
        execution_count=answer["execution_count"],
        execution_time=answer["execution_time"],
        error=failure,
    )
    return ToolResult(text=text, code=TIMED_OUT if answer["timed_out"] else OK)


async def request_run(
    session: Session, arguments: RunCodeArguments, on_event: EventHandler | None = None
) -> Any:
    """Have a session's sandbox run code, see `agb.local.inside.agent`; cancelling this stops it."""
    return await session.sandbox.request(
        "run_code",
        on_event=on_event,
        code=arguments.code,
        language=arguments.language,
        timeout_s=min(arguments.timeout_s, LONGEST_RUN),
    )


def failure_of(answer: Any) -> CodeError | None:
    """Read what code failed with, the traceback as one text."""
    failure = answer["error"]
    if not failure:
        return None
    lines = "".join(line.rstrip("\n") + "\n" for line in failure["traceback"])
    return CodeError(name=failure["name"], value=failure["value"], traceback=lines)


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
