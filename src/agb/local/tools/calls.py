"""Calls a tool: finds it, checks its arguments, runs it, says what became of it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from typing import Any, cast

import jsonschema

from agb._wire.codec import Json, Misread, ToolArguments, load
from agb._wire.schema import input_schema
from agb._wire.tools import RUN_CODE, Tool
from agb.local.refusals import invalid_parameter, session_not_found, tool_not_found
from agb.local.sandbox import OperationError, SandboxGone
from agb.local.session import Session
from agb.local.tools import code, files, shell, system
from agb.local.tools.results import TIMED_OUT, Run, ToolResult

_log = logging.getLogger(__name__)

_SHOWN = 300
"""So many characters of a complaint about arguments are passed on; it may quote them in full."""

BUG = "Internal"
"""Code of what went wrong inside the sandbox that should not have."""

HungUp = Callable[[], Coroutine[Any, Any, None]]
"""Returns once a caller does not wait for the answer any more."""


class CallerGone(Exception):  # noqa: N818 - says what happened
    """Nobody waits for the answer, so what was to give it has been stopped."""


RUNS: Mapping[str, Run] = {**code.RUNS, **files.RUNS, **shell.RUNS, **system.RUNS}
"""What each tool does."""


async def call_tool(
    session: Session, name: str, given: Mapping[str, Any], hung_up: HungUp
) -> ToolResult:
    """Call a tool of a session.

    Args:
        session: The session.
        name: Which of the tools of its image.
        given: Arguments as they came.
        hung_up: Returns once the caller has gone: code that runs for them is stopped then. What
            other tools do is short, or has a limit of its own, and is done to its end.

    Raises:
        Refusal: There is no such tool, the arguments don't fit, or the session has ended.
        CallerGone: The caller has.
    """
    arguments = read_arguments(session, name, given)
    run = RUNS[name](session, arguments)
    try:
        return await (_unless(hung_up, run) if name == RUN_CODE.name else run)
    except OperationError as error:
        if error.code == BUG:
            _log.error("%s broke in its sandbox: %r", name, error.details.get("traceback"))
        return ToolResult(text=error.message, is_error=True, code=error.code)
    except TimeoutError:
        return ToolResult(text=f"{name} took too long", is_error=True, code=TIMED_OUT)
    except SandboxGone:
        raise session_not_found(session.id, "its sandbox has ended") from None


def read_arguments(session: Session, name: str, given: Mapping[str, Any]) -> Any:
    """Check the arguments for a tool of a session and give them as its own kind.

    Raises:
        Refusal: There is no such tool, or the arguments don't fit.
    """
    tool = next((tool for tool in session.image.tools if tool.name == name), None)
    if tool is None:
        raise tool_not_found(name)
    return _read(tool, given)


async def _unless(hung_up: HungUp, work: Coroutine[Any, Any, ToolResult]) -> ToolResult:
    """Do some work unless the caller hangs up.

    Only the waiting for that is a task, which ends with the loop's next turn when nobody needs it
    any more: an answer that had to pass from task to task would be several turns late.
    """
    waiting, patience = asyncio.create_task(hung_up()), asyncio.timeout(None)
    try:
        async with patience:
            waiting.add_done_callback(partial(_run_out, patience))
            return await work
    except TimeoutError:
        if patience.expired():
            raise CallerGone from None
        raise
    finally:
        waiting.cancel()


def _run_out(patience: asyncio.Timeout, _: object) -> None:
    with suppress(RuntimeError):  # the work is done
        patience.reschedule(0)


def _read(tool: Tool, given: Mapping[str, Any]) -> ToolArguments:
    """Check arguments against the schema; a `null` stands for an argument that is left out."""
    present = {key: value for key, value in given.items() if value is not None}
    problem: jsonschema.ValidationError | None = next(_problems(tool)(present), None)
    if problem:
        raise invalid_parameter(f"{tool.name}: {_explained(problem)}")
    try:
        return load(present, tool.arguments)
    except Misread as misread:
        raise invalid_parameter(f"{tool.name}: {misread}") from None


@cache
def _problems(tool: Tool) -> Callable[[Json], Iterator[jsonschema.ValidationError]]:
    """Give what tells the problems of a tool's arguments; making it is the slow part."""
    validator: Any = jsonschema.Draft202012Validator(input_schema(tool.arguments))
    return cast("Callable[[Json], Iterator[jsonschema.ValidationError]]", validator.iter_errors)


def _explained(problem: jsonschema.ValidationError) -> str:
    where = problem.json_path.removeprefix("$").removeprefix(".")
    what = problem.message if len(problem.message) <= _SHOWN else problem.message[:_SHOWN] + "..."
    return f"{where}: {what}" if where else what
