"""What commands leave behind."""

from agb._wire.values import frozen
from agb.results.base import Result


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
