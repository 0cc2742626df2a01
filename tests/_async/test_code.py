"""Running code."""

import shutil

import pytest

from agb import (
    AsyncAGB,
    AsyncSession,
    CodeExecutionError,
    ExecutionTimeoutError,
    InvalidParamsError,
)

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
needs_java = pytest.mark.skipif(not shutil.which("jshell"), reason="no JDK with jshell")
needs_r = pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")


async def test_the_value_of_the_last_expression_is_the_result(session: AsyncSession) -> None:
    run = await session.code.run("print('working')\n6 * 7", "python")
    assert run.success
    assert run.result == "42"
    assert "".join(run.logs.stdout) == "working\n"
    assert run.results[0].is_main_result
    assert run.execution_count is not None
    assert run.execution_time is not None
    assert run.execution_time >= 0


async def test_what_is_printed_is_the_result_where_there_is_no_value(
    session: AsyncSession,
) -> None:
    run = await session.code.run_code("print('Hello')", "PY")
    assert run.result == "Hello\n"
    assert len(run.results) == 0


async def test_state_is_kept_between_runs_and_not_between_sessions(agb: AsyncAGB) -> None:
    async with agb.session() as first, agb.session() as second:
        await first.code.run("x = 40", "python")
        assert (await first.code.run("x + 2", "python")).result == "42"
        other = await second.code.run("x + 2", "python")
        assert isinstance(other.error, CodeExecutionError)
        assert "NameError" in other.error_message


async def test_code_that_raises_tells_what_and_where(session: AsyncSession) -> None:
    run = await session.code.run("print('before')\n1 / 0", "python")
    assert not run.success
    assert isinstance(run.error, CodeExecutionError)
    assert run.error_message.startswith("ZeroDivisionError: division by zero")
    assert "ZeroDivisionError" in run.traceback
    assert "".join(run.logs.stdout) == "before\n"
    assert (await session.code.run("1", "python")).success


async def test_invalid_code_is_a_failed_result(session: AsyncSession) -> None:
    run = await session.code.run("invalid python code", "python")
    assert not run.success
    assert "SyntaxError" in run.error_message


async def test_code_over_its_limit_is_stopped_and_state_is_kept(session: AsyncSession) -> None:
    await session.code.run("kept = 'yes'", "python")
    run = await session.code.run("while True: pass", "python", timeout_s=1)
    assert isinstance(run.error, ExecutionTimeoutError)
    assert run.code == "Execution.Timeout"
    assert (await session.code.run("kept", "python")).result == "'yes'"


@pytest.mark.parametrize("language", ["ruby", "", " ", None])
async def test_another_language_is_refused_with_those_that_there_are(
    session: AsyncSession, language: object
) -> None:
    run = await session.code.run("1", language)  # type: ignore[arg-type]  # bad on purpose
    assert isinstance(run.error, InvalidParamsError)
    assert run.code == "PARAM_ERROR"


async def test_the_supported_languages_are_named(session: AsyncSession) -> None:
    run = await session.code.run("1", "ruby")
    assert "ruby" in run.error_message
    assert "java, javascript, python, r" in run.error_message


@pytest.mark.parametrize("timeout_s", [0, -1, 1.5, True])
async def test_a_limit_that_is_none_is_refused(session: AsyncSession, timeout_s: object) -> None:
    run = await session.code.run("1", "python", timeout_s)  # type: ignore[arg-type]  # on purpose
    assert run.code == "PARAM_ERROR"
    assert "timeout_s" in run.error_message


async def test_no_code_is_a_failure_and_a_comment_is_not(session: AsyncSession) -> None:
    assert not (await session.code.run("", "python")).success
    assert (await session.code.run("# only this", "python")).success


@needs_node
async def test_javascript_keeps_state_too(session: AsyncSession) -> None:
    await session.code.run("const items = [1, 2, 3]", "js")
    run = await session.code.run("console.log('sum'); items.reduce((a, b) => a + b)", "NodeJS")
    assert run.result == "6"
    assert "".join(run.logs.stdout) == "sum\n"
    failed = await session.code.run("throw new TypeError('no')", "javascript")
    assert "TypeError: no" in failed.error_message


@needs_java
async def test_java_keeps_state_too(session: AsyncSession) -> None:
    await session.code.run("int total = 40;", "java")
    run = await session.code.run("total += 2; System.out.println(total);", "java")
    assert run.success, run.error_message
    assert "42" in run.result


@needs_r
async def test_r_keeps_state_too(session: AsyncSession) -> None:
    await session.code.run("x <- 40", "r")
    run = await session.code.run("x + 2", "R")
    assert run.success, run.error_message
    assert "42" in run.result


@pytest.mark.skipif(bool(shutil.which("Rscript")), reason="R is installed")
async def test_a_runtime_that_is_missing_is_named_with_what_to_install(
    session: AsyncSession,
) -> None:
    run = await session.code.run("1", "r")
    assert run.code == "Language.NotInstalled"
    assert "install" in run.error_message


async def test_files_made_by_code_are_seen_by_files_and_commands(session: AsyncSession) -> None:
    await session.code.run("open('made', 'w').write('by code')", "python")
    assert (await session.file.read("made")).content == "by code"
    assert (await session.command.execute("cat made")).stdout == "by code"
