"""What code and commands leave behind."""

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from agb.exceptions import CodeExecutionError
from agb.results.base import Result


@frozen(kw_only=True)
class ExecutionLogs:
    """What code printed, in the pieces in which it came."""

    stdout: Sequence[str] = ()
    stderr: Sequence[str] = ()


@frozen(kw_only=True)
class ExecutionResult:
    """One thing that code showed, in the formats that it offers.

    Attributes:
        png: Base64 text, like `jpeg`.
        chart: Vega-Lite specification.
        is_main_result: Whether it is the value of the last expression.
    """

    text: str | None = None
    html: str | None = None
    markdown: str | None = None
    png: str | None = field(default=None, repr=False)
    jpeg: str | None = field(default=None, repr=False)
    svg: str | None = field(default=None, repr=False)
    json: Any = None
    latex: str | None = None
    chart: Any = None
    is_main_result: bool = False


@frozen(kw_only=True)
class CodeExecutionResult(Result):
    """What a run of code left behind. When code raises, what it printed before is still here.

    Attributes:
        results: What it showed: the last expression's value and displays.
        logs: What it printed.
        execution_count: Number of the run in its session, where the language counts.
        execution_time: Seconds that it took.
    """

    results: Sequence[ExecutionResult] = ()
    logs: ExecutionLogs = ExecutionLogs()
    execution_count: int | None = None
    execution_time: float | None = 0.0

    @property
    def result(self) -> str:
        """The text to show: of the main result, else of the first one, else what was printed."""
        texts = [shown.text for shown in self.results if shown.is_main_result and shown.text]
        texts += [shown.text for shown in self.results[:1] if shown.text]
        return texts[0] if texts else "".join(self.logs.stdout)

    @property
    def traceback(self) -> str:
        """Where the code failed, where the AGB tells it."""
        return self.error.traceback if isinstance(self.error, CodeExecutionError) else ""


@frozen(kw_only=True)
class CommandResult(Result):
    """What a command left behind; it succeeded when its exit code is 0.

    Attributes:
        stdout: What it wrote to standard output.
        stderr: What it wrote to standard error.
        exit_code: What it ended with; None when it never ran.
        output: Both outputs, standard output first.
        trace_id: Names the run in the AGB's records.
        truncated: Whether `stdout` or `stderr` is only its beginning and its end, as asked for
            with `max_output`.
        stdout_path: File that holds all of standard output, as commands of the session see it;
            empty when nothing of it was cut.
        stderr_path: The same for standard error.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    output: str = ""
    trace_id: str = ""
    truncated: bool = False
    stdout_path: str = ""
    stderr_path: str = ""
