"""Streams of code, from real interpreters."""

import pytest

from agb import (
    APIConnectionError,
    AsyncAGB,
    AsyncCodeStream,
    AsyncSession,
    CodeExecutionError,
    EndEvent,
    ErrorEvent,
    ExecutionTimeoutError,
    SessionNotFoundError,
    StderrEvent,
    StdoutEvent,
    StreamDisconnectedError,
    StreamError,
    StreamEvent,
)
from agb._concurrency import aio

TALKS = """
import sys, time
for word in ("one", "two"):
    print(word, flush=True)
    time.sleep(0.05)
print("careful", file=sys.stderr, flush=True)
6 * 7
"""


async def following(run: AsyncCodeStream) -> StreamEvent:
    async for event in run:
        return event
    raise AssertionError


async def test_output_comes_while_the_code_runs_and_the_result_at_its_end(
    session: AsyncSession,
) -> None:
    await session.file.write("/tmp/go", "")
    waits = "import os, time\nprint('begun')\nwhile os.path.exists('/tmp/go'): time.sleep(0.01)\n"
    async with session.code.stream(waits + TALKS, "python") as run:
        first = await following(run)
        assert isinstance(first, StdoutEvent)
        assert first.text.startswith("begun")
        await session.file.remove("/tmp/go")
        rest = [event async for event in run]
    assert isinstance(rest[-1], EndEvent)
    out = "".join(event.text for event in (first, *rest) if isinstance(event, StdoutEvent))
    err = "".join(event.text for event in rest if isinstance(event, StderrEvent))
    assert (out, err) == ("begun\none\ntwo\n", "careful\n")
    result = run.result.raise_for_error()
    assert result.result == "42"
    assert "".join(result.logs.stdout) == out
    assert result.execution_count is not None


async def test_a_streamed_run_comes_to_the_same_as_a_plain_one(session: AsyncSession) -> None:
    for code in ("kept = 6\nprint('hé')\nkept * 7", "1 / 0", "raise ValueError('no')"):
        plain = await session.code.run(code, "python")
        streamed = await session.code.run(code, "python", stream_beta=True)
        assert streamed.results == plain.results
        assert "".join(streamed.logs.stdout) == "".join(plain.logs.stdout)
        assert type(streamed.error) is type(plain.error)
        assert streamed.error_message == plain.error_message
        assert streamed.code == plain.code
        assert streamed.traceback.splitlines()[-1:] == plain.traceback.splitlines()[-1:]
    assert (await session.code.run("kept", "python")).result == "6"


async def test_code_that_raises_is_an_event_with_name_and_traceback(session: AsyncSession) -> None:
    async with session.code.stream("print('before')\n1 / 0", "python") as run:
        events = [event async for event in run]
    assert [event.type for event in events][-2:] == ["error", "end"]
    failed = events[-2]
    assert isinstance(failed, ErrorEvent)
    assert isinstance(failed.error, CodeExecutionError)
    assert failed.error.name == "ZeroDivisionError"
    assert "1 / 0" in failed.error.traceback
    assert "".join(run.result.logs.stdout) == "before\n"


async def test_code_over_its_limit_is_stopped_and_state_is_kept(session: AsyncSession) -> None:
    await session.code.run("kept = 'yes'", "python")
    run = await session.code.run("while True: pass", "python", timeout_s=1, stream_beta=True)
    assert isinstance(run.error, ExecutionTimeoutError)
    assert run.code == "Execution.Timeout"
    assert (await session.code.run("kept", "python", stream_beta=True)).result == "'yes'"


async def test_leaving_stops_the_code_and_keeps_the_interpreter(session: AsyncSession) -> None:
    endless = "kept = 'yes'\nprint('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
    async with session.code.stream(endless, "python", timeout_s=600) as run:
        assert isinstance(await following(run), StdoutEvent)
    assert run.result.code == "STREAM_UNFINISHED"
    after = await session.code.run("kept", "python", timeout_s=30, stream_beta=True)
    assert after.result == "'yes'"


async def test_languages_stream_at_once(session: AsyncSession) -> None:
    async def follow(number: int) -> str:
        code = f"for i in range(3): print('{number}', i, flush=True)"
        return (await session.code.run(code, "python", stream_beta=True)).result

    told = await aio.map_parallel(follow, range(6), limit=6)
    assert told == [f"{number} 0\n{number} 1\n{number} 2\n" for number in range(6)]


async def test_a_callback_that_raises_stops_the_code(session: AsyncSession) -> None:
    def refuse(text: str) -> None:
        raise ValueError(text)

    endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
    with pytest.raises(ValueError, match="begun"):
        await session.code.run(endless, "python", 600, True, refuse)
    assert (await session.code.run("'free'", "python", timeout_s=30)).result == "'free'"


async def test_a_session_that_is_deleted_ends_its_streams(agb: AsyncAGB) -> None:
    created = (await agb.create()).session
    assert created is not None
    endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
    async with created.code.stream(endless, "python", timeout_s=600) as run:
        await following(run)
        assert (await agb.delete(created.session_id)).success
        with pytest.raises((StreamError, StreamDisconnectedError)):
            await following(run)
    assert "".join(run.result.logs.stdout) == "begun\n"
    gone = await created.code.run("1", "python", stream_beta=True)
    assert isinstance(gone.error, SessionNotFoundError)


async def test_much_output_comes_whole(session: AsyncSession) -> None:
    code = "for i in range(20000): print(f'line {i} é€😀')"
    result = await session.code.run(code, "python", stream_beta=True)
    assert result.success
    assert "".join(result.logs.stdout) == "".join(f"line {i} é€😀\n" for i in range(20000))


async def test_a_server_that_is_killed_ends_its_streams_and_keeps_what_had_come(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with AsyncAGB.local(data_dir=tmp_path_factory.mktemp("data")) as agb:
        session = (await agb.create()).session
        assert session is not None
        server = agb.transport.connections.server
        assert server is not None
        endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
        async with session.code.stream(endless, "python", timeout_s=600) as run:
            await following(run)
            server._process.kill()
            with pytest.raises(StreamDisconnectedError) as broken:
                await following(run)
        assert broken.value.partial == run.result
        assert "".join(run.result.logs.stdout) == "begun\n"
        again = await session.code.run("1", "python", stream_beta=True)
        assert isinstance(again.error, APIConnectionError)
