"""What code leaves behind."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from attrs import field

from agb import _formats
from agb._wire.values import frozen
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

    Example:
        ```python
        run = session.code.run("import matplotlib.pyplot as plt; plt.plot([1, 2])", "python")
        for number, shown in enumerate(run.results):
            if "png" in shown.formats:
                shown.save(f"figure-{number}.png")
        ```
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

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of the formats that there are, the richest first."""
        return tuple(
            name for name in _formats.RICHEST_FIRST if getattr(self, name) not in (None, "")
        )

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The texts of the first table in `html`, row by row; empty where there is none."""
        from agb._tables import rows_of  # noqa: PLC0415 - few results are asked for one

        return rows_of(self.html or "")

    def save(self, path: str | Path) -> Path:
        """Write it to a file on this machine.

        Args:
            path: The file; one that exists is replaced. Its suffix names the format, such as
                `.png`, `.svg`, `.html`, `.md`, `.tex`, `.txt`, or `.json` for JSON and else for
                a chart. Without a suffix the richest format is taken, and its suffix added.

        Returns:
            The path of the file.

        Raises:
            InvalidParamsError: There is no such format.
            UnexpectedResponseError: It should be a picture and is none.
            OSError: The file can't be written.
        """
        place, name = _formats.place_of(path, self.formats)
        place.write_bytes(_formats.content_of(name, getattr(self, name)))
        return place

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Show it in a notebook as it would have been shown where the code ran."""
        return _bundle(self, include, exclude)


def _bundle(
    shown: ExecutionResult, include: Collection[str] | None, exclude: Collection[str] | None
) -> dict[str, Any]:
    values = {name: getattr(shown, name) for name in shown.formats}
    bundle = {_formats.mime_type(name, value): value for name, value in values.items()}
    return {
        mime: value
        for mime, value in bundle.items()
        if (include is None or mime in include) and (exclude is None or mime not in exclude)
    }


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

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Show the main result in a notebook, or else the first one."""
        main = [shown for shown in self.results if shown.is_main_result] or self.results[:1]
        return _bundle(main[0], include, exclude) if main and self.success else {}

    @property
    def traceback(self) -> str:
        """Where the code failed, where the AGB tells it."""
        return self.error.traceback if isinstance(self.error, CodeExecutionError) else ""
