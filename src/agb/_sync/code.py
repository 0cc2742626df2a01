# Generated from src/agb/_async/code.py; edit that file, then `nox -s twin`.
"""Running code in a session."""

from agb import _checks, _reading
from agb._sync.reported import reported
from agb._sync.tools import Tools
from agb._wire import tools
from agb.results import CodeExecutionResult


class Code:
    """Runs code in a session. State is kept from one run to the next, per language."""

    def __init__(self, caller: Tools) -> None:
        self._tools = caller

    @reported(CodeExecutionResult)
    def run(self, code: str, language: str, timeout_s: int = 60) -> CodeExecutionResult:
        """Run code and wait for its end.

        Args:
            code: Source text. Of the last expression's value the result has every format that
                it offers; what is printed is in `logs`.
            language: `python`, `javascript`, `java` or `r`, in any letter case; `py`,
                `python3`, `js`, `node` and `nodejs` are understood, too.
            timeout_s: Seconds after which the code is stopped, 1 or more. The call itself may
                wait longer by the client's `timeout`.

        Returns:
            What the run left behind. It failed with a `CodeExecutionError` when the code
            raised, with an `ExecutionTimeoutError` when it was stopped.

        Example:
            ```python
            session.code.run("x = 6", "python")
            answer = session.code.run("x * 7", "python")
            print(answer.result)
            ```
        """
        arguments = tools.RunCodeArguments(
            code=_checks.text("code", code),
            language=_checks.language(language),
            timeout_s=_checks.at_least_one("timeout_s", timeout_s),
        )
        answer = self._tools.call(tools.RUN_CODE, arguments, seconds=timeout_s)
        return _reading.code_result(answer)

    run_code = run
