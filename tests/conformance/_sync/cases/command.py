# Generated from tests/conformance/_async/cases/command.py; edit that file, then `nox -s twin`.
"""Running commands. The recorded limit of 1,000 ms is given: by itself our client gives 60,000."""

from agb import CommandError, UnexpectedResponseError
from agb.results import CommandResult
from conformance._sync.world import Case, World
from conformance.outcome import fails, gives


def execute(on: World, command: str) -> CommandResult:
    return on.session.command.execute(command, timeout_ms=1000)


CASES = (
    Case(
        "command_execute_cwd_envs",
        lambda on: on.session.command.execute("pwd", timeout_ms=5000, cwd="/tmp", envs={"A": "1"}),
        gives(stdout="/tmp\n", output="/tmp\n", exit_code=0),
    ),
    Case(
        "command_execute_empty_envs",
        lambda on: on.session.command.execute("env", timeout_ms=1000, cwd="", envs={}),
        gives(exit_code=0),
    ),
    Case(
        "command_execute_missing_exit_code",
        lambda on: execute(on, "true"),
        gives(stdout="x", output="x", exit_code=0),
    ),
    Case("command_execute_json_non_object", lambda on: execute(on, "echo 5"), gives(output="5")),
    Case("command_execute_plain_text", lambda on: execute(on, "echo hi"), gives(output="hi\n")),
    Case(
        "command_execute_no_data",
        lambda on: execute(on, "true"),
        fails(UnexpectedResponseError, "how the command ended", status_code=200),
    ),
    Case(
        "command_execute_nonzero",
        lambda on: execute(on, "ls /nope"),
        fails(
            CommandError,
            "ls: cannot access",
            exit_code=2,
            stderr="ls: cannot access\n",
            fields={
                "stderr": "ls: cannot access\n",
                "output": "ls: cannot access\n",
                "exit_code": 2,
                "trace_id": "trace-1",
            },
        ),
    ),
    Case(
        "command_execute_nonzero_iserror",
        lambda on: execute(on, "ls /nope"),
        fails(
            CommandError,
            "ls: cannot access",
            exit_code=2,
            stderr="ls: cannot access\n",
            fields={
                "stdout": "out\n",
                "stderr": "ls: cannot access\n",
                "output": "out\nls: cannot access\n",
                "exit_code": 2,
                "trace_id": "trace-1",
            },
        ),
    ),
    Case(
        "command_execute_errorcode_iserror",
        lambda on: execute(on, "x"),
        fails(
            CommandError,
            "exit code 124",
            exit_code=124,
            fields={"exit_code": 124, "trace_id": "t"},
        ),
    ),
    Case(
        "command_execute_plain_error",
        lambda on: execute(on, "sleep 9"),
        fails(CommandError, "Execution timed out", exit_code=None),
    ),
)
