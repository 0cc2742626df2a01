"""What code tells while it runs, piece by piece: the events of a stream."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import Factory, field

from agb._wire.values import frozen
from agb.exceptions import ToolError
from agb.results.execution import ExecutionResult


@frozen(kw_only=True)
class StdoutEvent:
    """The code wrote to standard output.

    Attributes:
        text: What it wrote: a piece of any size, whatever the lines are.
    """

    text: str
    type: Literal["stdout"] = field(default="stdout", init=False)


@frozen(kw_only=True)
class StderrEvent:
    """The code wrote to standard error.

    Attributes:
        text: What it wrote, as in `StdoutEvent`.
    """

    text: str
    type: Literal["stderr"] = field(default="stderr", init=False)


@frozen(kw_only=True)
class ResultEvent:
    """The code showed something: the value of its last expression, or a display.

    Attributes:
        result: It, in the formats that it offers.
    """

    result: ExecutionResult
    type: Literal["result"] = field(default="result", init=False)


@frozen(kw_only=True)
class ErrorEvent:
    """The code failed; the end follows.

    Attributes:
        error: Why: a `CodeExecutionError`, or an `ExecutionTimeoutError`.
        payload: What the AGB said of it, as it came; empty where the end itself said so.
    """

    error: ToolError
    payload: Mapping[str, Any] = Factory(dict[str, Any])
    type: Literal["error"] = field(default="error", init=False)


@frozen(kw_only=True)
class EndEvent:
    """The run is over; nothing follows.

    Attributes:
        execution_count: Number of the run in its session, where the language counts.
        execution_time: Seconds that it took.
    """

    execution_count: int | None = None
    execution_time: float = 0.0
    type: Literal["end"] = field(default="end", init=False)


StreamEvent: TypeAlias = StdoutEvent | StderrEvent | ResultEvent | ErrorEvent | EndEvent
"""What a stream yields: its `type`, or its class, says which one it is."""
