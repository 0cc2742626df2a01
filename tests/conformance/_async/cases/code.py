"""Running code."""

from collections.abc import Awaitable

from agb import CodeExecutionError, InvalidParamsError
from agb.exceptions import UnexpectedResponseError
from agb.results import CodeExecutionResult, ExecutionLogs, ExecutionResult
from conformance._async.world import AsyncWorld, Case
from conformance.outcome import fails, gives


def run(on: AsyncWorld) -> Awaitable[CodeExecutionResult]:
    return on.session.code.run("x", "python")


async def run_for_ten_minutes(on: AsyncWorld) -> CodeExecutionResult:
    result = await on.session.code.run("x", "python", timeout_s=600)
    timeouts = on.replay.sent[0].extensions["timeout"]
    assert timeouts["read"] == on.agb.config.timeout + 600
    return result


async def show_what_was_printed(on: AsyncWorld) -> CodeExecutionResult:
    result = await run(on)
    assert result.result == "a\nb\n"
    return result


async def show_the_main_result(on: AsyncWorld) -> CodeExecutionResult:
    result = await run(on)
    assert result.result == "second"
    return result


CASES = (
    Case(
        "code_run_python",
        lambda on: on.session.code.run("print(1)", "python"),
        gives(logs=ExecutionLogs(stdout=("1\n",)), execution_count=1, execution_time=0.25),
    ),
    Case(
        "code_run_alias_py",
        lambda on: on.session.code.run("1", "py"),
        gives(execution_count=1, execution_time=0.25),
    ),
    Case(
        "code_run_alias_python3",
        lambda on: on.session.code.run("1", "python3"),
        gives(execution_count=1, execution_time=0.25),
    ),
    Case(
        "code_run_alias_js",
        lambda on: on.session.code.run("1", "js"),
        gives(execution_count=1, execution_time=0.25),
    ),
    Case(
        "code_run_alias_r",
        lambda on: on.session.code.run("1", " R "),
        gives(execution_count=1, execution_time=0.25),
    ),
    Case(
        "code_run_alias_timeout",
        lambda on: on.session.code.run("1", "NodeJS", timeout_s=30),
        gives(
            results=[ExecutionResult(text="1", is_main_result=True)],
            execution_count=1,
            execution_time=0.25,
        ),
    ),
    Case(
        "code_run_unsupported",
        lambda on: on.session.code.run("1", "ruby"),
        fails(InvalidParamsError, "java, javascript, python, r", request_id=""),
    ),
    Case("code_run_timeout_arg", run_for_ten_minutes, gives()),
    Case(
        "code_run_multi_results",
        show_the_main_result,
        gives(
            results=[
                ExecutionResult(text="first"),
                ExecutionResult(text="second", is_main_result=True),
            ],
            execution_count=1,
            execution_time=0.25,
        ),
    ),
    Case(
        "code_run_result_property_stdout",
        show_what_was_printed,
        gives(logs=ExecutionLogs(stdout=("a\n", "b\n"))),
    ),
    Case(
        "code_run_result_strings",
        run,
        gives(
            results=[ExecutionResult(text=text) for text in ("plain", "j", "jj", "5", "7")],
            execution_count=1,
            execution_time=0.25,
        ),
    ),
    Case(
        "code_run_result_string_field",
        run,
        gives(
            results=[ExecutionResult(text="42", is_main_result=True)],
            logs=ExecutionLogs(stdout=("x",)),
        ),
    ),
    Case("code_run_nulls", run, gives(execution_time=None)),
    Case("code_run_stdout_string", run, gives(logs=ExecutionLogs(stdout=("abc",)))),
    Case(
        "code_run_rich_mime_v5",
        lambda on: on.session.code.run("plot()", "python"),
        gives(
            results=[ExecutionResult(chart={"mark": "line"})],
            execution_count=1,
            execution_time=0.25,
        ),
    ),
    Case(
        "code_run_rich_format",
        run,
        gives(
            results=[ExecutionResult(text="t", html="<p>", png="cG5n", is_main_result=True)],
            logs=ExecutionLogs(stdout=("a\n",), stderr=("w\n",)),
            execution_count=3,
            execution_time=1.5,
        ),
    ),
    Case(
        "code_run_rich_format_error",
        run,
        fails(CodeExecutionError, "bad", name="ValueError", value="bad", traceback="tb"),
    ),
    Case(
        "code_run_legacy_content",
        run,
        gives(
            results=[ExecutionResult(text="legacy out", is_main_result=True)],
            logs=ExecutionLogs(stdout=("legacy out",)),
        ),
    ),
    Case(
        "code_run_legacy_content_nested_json",
        run,
        gives(results=[ExecutionResult(text="n")], logs=ExecutionLogs(stdout=("o",))),
    ),
    Case(
        "code_run_unknown_object",
        run,
        gives(
            results=[ExecutionResult(text='{"foo":1}', is_main_result=True)],
            logs=ExecutionLogs(stdout=('{"foo":1}',)),
        ),
    ),
    Case(
        "code_run_execution_error",
        lambda on: on.session.code.run("1/0", "python"),
        fails(
            CodeExecutionError,
            "division by zero",
            value="ZeroDivisionError: division by zero",
            traceback="Traceback",
            fields={
                "logs": ExecutionLogs(stderr=("Traceback",)),
                "execution_count": 1,
                "execution_time": 0.25,
            },
        ),
    ),
    Case(
        "code_run_execution_error_iserror",
        lambda on: on.session.code.run("1/0", "python"),
        fails(CodeExecutionError, "ZeroDivisionError"),
    ),
    Case("code_run_inner_iserror", run, fails(CodeExecutionError, "e1; e2", value="e1; e2")),
    Case("code_run_tool_error", run, fails(CodeExecutionError, "kernel died")),
    Case("code_run_no_data", run, fails(UnexpectedResponseError, "nothing", status_code=200)),
)
