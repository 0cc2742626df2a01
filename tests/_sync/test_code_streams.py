# Generated from tests/_async/test_code_streams.py; edit that file, then `nox -s twin`.
"""Streams of code, from real interpreters."""

import pytest

from agb import (
    AGB,
    APIConnectionError,
    CodeExecutionError,
    CodeStream,
    EndEvent,
    ErrorEvent,
    ExecutionTimeoutError,
    Session,
    SessionNotFoundError,
    StderrEvent,
    StdoutEvent,
    StreamDisconnectedError,
    StreamError,
    StreamEvent,
)
from agb._concurrency import threads

TALKS = """
import sys, time
for word in ("one", "two"):
    print(word, flush=True)
    time.sleep(0.05)
print("careful", file=sys.stderr, flush=True)
6 * 7
"""


def following(run: CodeStream) -> StreamEvent:
    for event in run:
        return event
    raise AssertionError


def test_output_comes_while_the_code_runs_and_the_result_at_its_end(
    session: Session,
) -> None:
    session.file.write("/tmp/go", "")
    waits = "import os, time\nprint('begun')\nwhile os.path.exists('/tmp/go'): time.sleep(0.01)\n"
    with session.code.stream(waits + TALKS, "python") as run:
        first = following(run)
        assert isinstance(first, StdoutEvent)
        assert first.text.startswith("begun")
        session.file.remove("/tmp/go")
        rest = list(run)
    assert isinstance(rest[-1], EndEvent)
    out = "".join(event.text for event in (first, *rest) if isinstance(event, StdoutEvent))
    err = "".join(event.text for event in rest if isinstance(event, StderrEvent))
    assert (out, err) == ("begun\none\ntwo\n", "careful\n")
    result = run.result.raise_for_error()
    assert result.result == "42"
    assert "".join(result.logs.stdout) == out
    assert result.execution_count is not None


def test_a_streamed_run_comes_to_the_same_as_a_plain_one(session: Session) -> None:
    for code in ("kept = 6\nprint('hé')\nkept * 7", "1 / 0", "raise ValueError('no')"):
        plain = session.code.run(code, "python")
        streamed = session.code.run(code, "python", stream_beta=True)
        assert streamed.results == plain.results
        assert "".join(streamed.logs.stdout) == "".join(plain.logs.stdout)
        assert type(streamed.error) is type(plain.error)
        assert streamed.error_message == plain.error_message
        assert streamed.code == plain.code
        assert streamed.traceback.splitlines()[-1:] == plain.traceback.splitlines()[-1:]
    assert session.code.run("kept", "python").result == "6"


def test_code_that_raises_is_an_event_with_name_and_traceback(session: Session) -> None:
    with session.code.stream("print('before')\n1 / 0", "python") as run:
        events = list(run)
    assert [event.type for event in events][-2:] == ["error", "end"]
    failed = events[-2]
    assert isinstance(failed, ErrorEvent)
    assert isinstance(failed.error, CodeExecutionError)
    assert failed.error.name == "ZeroDivisionError"
    assert "1 / 0" in failed.error.traceback
    assert "".join(run.result.logs.stdout) == "before\n"


def test_code_over_its_limit_is_stopped_and_state_is_kept(session: Session) -> None:
    session.code.run("kept = 'yes'", "python")
    run = session.code.run("while True: pass", "python", timeout_s=1, stream_beta=True)
    assert isinstance(run.error, ExecutionTimeoutError)
    assert run.code == "Execution.Timeout"
    assert session.code.run("kept", "python", stream_beta=True).result == "'yes'"


def test_leaving_stops_the_code_and_keeps_the_interpreter(session: Session) -> None:
    endless = "kept = 'yes'\nprint('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
    with session.code.stream(endless, "python", timeout_s=600) as run:
        assert isinstance(following(run), StdoutEvent)
    assert run.result.code == "STREAM_UNFINISHED"
    after = session.code.run("kept", "python", timeout_s=30, stream_beta=True)
    assert after.result == "'yes'"


def test_languages_stream_at_once(session: Session) -> None:
    def follow(number: int) -> str:
        code = f"for i in range(3): print('{number}', i, flush=True)"
        return session.code.run(code, "python", stream_beta=True).result

    told = threads.map_parallel(follow, range(6), limit=6)
    assert told == [f"{number} 0\n{number} 1\n{number} 2\n" for number in range(6)]


def test_a_callback_that_raises_stops_the_code(session: Session) -> None:
    def refuse(text: str) -> None:
        raise ValueError(text)

    endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
    with pytest.raises(ValueError, match="begun"):
        session.code.run(endless, "python", 600, True, refuse)
    assert session.code.run("'free'", "python", timeout_s=30).result == "'free'"


def test_a_session_that_is_deleted_ends_its_streams(agb: AGB) -> None:
    created = agb.create().session
    assert created is not None
    endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
    with created.code.stream(endless, "python", timeout_s=600) as run:
        following(run)
        assert agb.delete(created.session_id).success
        with pytest.raises((StreamError, StreamDisconnectedError)):
            following(run)
    assert "".join(run.result.logs.stdout) == "begun\n"
    gone = created.code.run("1", "python", stream_beta=True)
    assert isinstance(gone.error, SessionNotFoundError)


def test_much_output_comes_whole(session: Session) -> None:
    code = "for i in range(20000): print(f'line {i} é€😀')"
    result = session.code.run(code, "python", stream_beta=True)
    assert result.success
    assert "".join(result.logs.stdout) == "".join(f"line {i} é€😀\n" for i in range(20000))


def test_a_server_that_is_killed_ends_its_streams_and_keeps_what_had_come(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with AGB.local(data_dir=tmp_path_factory.mktemp("data")) as agb:
        session = agb.create().session
        assert session is not None
        server = agb.transport.connections.server
        assert server is not None
        endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
        with session.code.stream(endless, "python", timeout_s=600) as run:
            following(run)
            server._process.kill()
            with pytest.raises(StreamDisconnectedError) as broken:
                following(run)
        assert broken.value.partial == run.result
        assert "".join(run.result.logs.stdout) == "begun\n"
        again = session.code.run("1", "python", stream_beta=True)
        assert isinstance(again.error, APIConnectionError)
