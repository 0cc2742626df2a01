"""Why code failed: name, value and traceback, each by itself."""

from agb import AsyncSession, CodeExecutionError


async def test_name_value_and_traceback_are_told_apart(session: AsyncSession) -> None:
    code = "import sys\nprint('a warning', file=sys.stderr)\ndef f(): return [][1]\nf()"
    run = await session.code.run(code, "python")
    assert isinstance(run.error, CodeExecutionError)
    assert run.error.name == "IndexError"
    assert run.error.value == "list index out of range"
    assert run.error_message == "IndexError: list index out of range"
    assert run.error.traceback.startswith("Traceback")
    assert "line 3 in f" in run.error.traceback
    assert "a warning" not in run.error.traceback
    assert "a warning" in "".join(run.logs.stderr)


async def test_a_value_may_hold_colons_and_lines_or_nothing(session: AsyncSession) -> None:
    run = await session.code.run("raise ValueError('a: b\\nc: d')", "python")
    assert isinstance(run.error, CodeExecutionError)
    assert (run.error.name, run.error.value) == ("ValueError", "a: b\nc: d")
    run = await session.code.run("raise KeyboardInterrupt", "python")
    assert isinstance(run.error, CodeExecutionError)
    assert (run.error.name, run.error_message) == ("KeyboardInterrupt", "KeyboardInterrupt")
