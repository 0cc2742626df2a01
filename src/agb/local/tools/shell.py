"""`shell`: a command in a fresh shell."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from agb._wire.codec import dump
from agb._wire.texts import ShellOutcome
from agb._wire.tools import SHELL, ShellArguments
from agb.local.session import Session
from agb.local.tools.results import LONGEST_RUN, TIMED_OUT, Run, ToolResult

_EXIT_CODE_OF_TIMEOUT = 124
"""What `timeout(1)` exits with."""


async def run_shell(session: Session, arguments: ShellArguments) -> ToolResult:
    """Run a command; that it exits with a failure of its own is no failure of the tool."""
    answer = await session.sandbox.request(
        "shell",
        command=arguments.command,
        timeout_ms=min(arguments.timeout_ms, LONGEST_RUN * 1000),
        cwd=arguments.cwd,
        envs=arguments.envs,
    )
    if answer["timed_out"]:
        return _over_limit(answer, arguments.timeout_ms)
    outcome = ShellOutcome(
        stdout=answer["stdout"],
        stderr=answer["stderr"],
        exit_code=answer["exit_code"],
        trace_id=secrets.token_hex(16),
    )
    return ToolResult(text=_written(outcome))


def _over_limit(answer: Mapping[str, Any], timeout_ms: int) -> ToolResult:
    stderr = answer["stderr"]
    if stderr and not stderr.endswith("\n"):
        stderr += "\n"
    outcome = ShellOutcome(
        stdout=answer["stdout"],
        stderr=f"{stderr}command took more than {timeout_ms} ms and was killed",
        exit_code=_EXIT_CODE_OF_TIMEOUT,
        error_code=_EXIT_CODE_OF_TIMEOUT,
        trace_id=secrets.token_hex(16),
    )
    return ToolResult(text=_written(outcome), is_error=True, code=TIMED_OUT)


def _written(outcome: ShellOutcome) -> str:
    """Write both streams even when they are empty, for readers that look no further."""
    return json.dumps({"stdout": "", "stderr": "", **dump(outcome)})


RUNS: dict[str, Run] = {SHELL.name: run_shell}
