"""Streams of code: what comes, when, and over which connection."""

import json
import secrets
import threading

import pytest
from support.streaming import PATIENCE, Peer, StreamServer, accepting, network, session_data
from websockets.frames import Opcode

from agb import (
    AGBError,
    AsyncAGB,
    AsyncCodeStream,
    AsyncSession,
    CodeExecutionError,
    EndEvent,
    ErrorEvent,
    ExecutionResult,
    ExecutionTimeoutError,
    InvalidParamsError,
    McpTool,
    ResultEvent,
    StderrEvent,
    StdoutEvent,
    StreamDisconnectedError,
    StreamError,
    StreamEvent,
    StreamUnavailableError,
)
from agb._concurrency import aio
from agb._wire import stream
from agb._wire.stream import CancelRequest, RunRequest


def client() -> AsyncAGB:
    return AsyncAGB(secrets.token_hex(), endpoint="https://agb.example", transport=network())


def session_at(agb: AsyncAGB, url: str) -> AsyncSession:
    return AsyncSession.from_data(agb, session_data(url))


def says_hello(peer: Peer) -> None:
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, "hel", "lo\n")
        peer.end(run)


def says_hello_and_waits(peer: Peer) -> None:
    while request := peer.next():
        if isinstance(request, RunRequest):
            peer.out(request, "hello\n")


async def following(run: AsyncCodeStream) -> StreamEvent:
    async for event in run:
        return event
    raise AssertionError


async def enter(session: AsyncSession) -> None:
    async with session.code.stream("1", "python"):
        raise AssertionError


async def test_what_code_does_comes_as_events_and_then_as_a_result() -> None:
    def tells_all(peer: Peer) -> None:
        run = peer.run()
        name = run.invocation_id
        peer.out(run, "grüße\n")
        peer.say(
            stream.write_output(name, "server", 2, "stderr", "a warning\n"),
            stream.write_result(name, "server", 3, {"text/html": "<b>1</b>"}, main=False),
            stream.write_result(name, "server", 4, {"text/plain": "42"}, main=True),
        )
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(tells_all)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            async with session.code.stream("all()", "py", timeout_s=5) as run:
                events = [event async for event in run]
                assert [event async for event in run] == []
            assert run.result.raise_for_error().result == "42"
    html = ExecutionResult(html="<b>1</b>")
    assert events == [
        StdoutEvent(text="grüße\n"),
        StderrEvent(text="a warning\n"),
        ResultEvent(result=html),
        ResultEvent(result=ExecutionResult(text="42", is_main_result=True)),
        EndEvent(execution_count=1, execution_time=0.5),
    ]
    assert [event.type for event in events] == ["stdout", "stderr", "result", "result", "end"]
    assert run.result.logs.stdout == ("grüße\n",)
    assert run.result.logs.stderr == ("a warning\n",)
    assert run.result.results[0] == html
    assert run.result.execution_count == 1
    asked = server.peers[0].received
    assert len(asked) == 1
    assert asked[0]["invocationId"] == run.result.request_id
    assert asked[0]["target"] == "wuying_codespace"
    assert asked[0]["data"]["params"] == {"language": "python", "timeoutS": 5, "code": "all()"}


async def test_the_token_opens_the_connection_and_the_key_does_not_go_there() -> None:
    with StreamServer(accepting(says_hello)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            session.tool_list = (McpTool(name="run_code", server="another_server"),)
            await session.code.run("1", "python", stream_beta=True)
            key = agb.api_key
    handshake = server.peers[0].handshake
    assert handshake is not None
    assert handshake.path == "/ws/session-1?signature=the-secret-signature"
    assert handshake.headers["X-Access-Token"] == session.token
    assert key not in str(handshake.headers)
    assert server.peers[0].received[0]["target"] == "another_server"


async def test_streams_use_one_connection_which_ends_with_the_client() -> None:
    with StreamServer(accepting(says_hello)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            for _ in range(3):
                result = await session.code.run("1", "python", stream_beta=True)
                assert result.result == "hello\n"
    assert [peer.closed_with for peer in server.peers] == [1000]


async def test_deleting_a_session_closes_its_connection() -> None:
    def tells_of_its_end(peer: Peer) -> None:
        says_hello_and_waits(peer)
        ended.set()

    ended = threading.Event()
    with StreamServer(accepting(tells_of_its_end)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            async with session.code.stream("wait()", "python") as run:
                assert await following(run) == StdoutEvent(text="hello\n")
                assert (await session.delete()).success
                with pytest.raises(StreamDisconnectedError, match="was deleted"):
                    await following(run)
                assert [event async for event in run] == []
            assert ended.wait(PATIENCE)
            assert [peer.closed_with for peer in server.peers] == [1000]


async def test_streams_at_once_share_the_connection() -> None:
    names = ["a", "b", "c", "d", "e"]

    def tells_in_turns(peer: Peer) -> None:
        runs = [peer.run() for _ in names]
        for number in range(20):
            for run in runs[:: (-1) ** number]:
                peer.out(run, f"{run.code}{number} ")
        for run in runs:
            peer.end(run)
        peer.wait_for_the_end()

    async def follow(name: str) -> str:
        async with session.code.stream(name, "python") as run:
            texts = [event.text async for event in run if isinstance(event, StdoutEvent)]
        assert run.result.success
        return "".join(texts)

    with StreamServer(accepting(tells_in_turns)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            told = await aio.map_parallel(follow, names, limit=len(names))
    assert told == ["".join(f"{name}{number} " for number in range(20)) for name in names]
    assert len(server.peers) == 1


async def test_who_waits_reads_on_when_another_one_has_left() -> None:
    def tells_the_second_last(peer: Peer) -> None:
        first, second = peer.run(), peer.run()
        for run in sorted((first, second), key=lambda run: run.code):
            peer.out(run, run.code)
            peer.end(run)
        peer.wait_for_the_end()

    async def follow(name: str) -> str:
        return (await session.code.run(name, "python", stream_beta=True)).result

    with StreamServer(accepting(tells_the_second_last)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            assert await aio.map_parallel(follow, ["1", "2"], limit=2) == ["1", "2"]


async def test_leaving_early_stops_the_code() -> None:
    with StreamServer(accepting(says_hello_and_waits)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            async with session.code.stream("wait()", "python") as run:
                async for _ in run:
                    break
            with pytest.raises(ZeroDivisionError):
                async with session.code.stream("wait()", "python"):
                    raise ZeroDivisionError
            assert [event async for event in run] == []
    left = run.result
    assert not left.success
    assert left.code == "STREAM_UNFINISHED"
    assert left.logs.stdout == ("hello\n",)
    assert isinstance(left.error, StreamError)
    assert left.error.partial == left
    sent = [stream.read_request(json.dumps(frame)) for frame in server.peers[0].received]
    assert [type(request) for request in sent] == [RunRequest, CancelRequest] * 2
    assert sent[0].invocation_id == sent[1].invocation_id == left.request_id


async def test_what_still_comes_for_a_run_that_was_left_is_dropped() -> None:
    def talks_on(peer: Peer) -> None:
        left = peer.run()
        peer.out(left, "one ")
        assert isinstance(peer.next(), CancelRequest)
        run = peer.run()
        peer.out(left, "two ")
        peer.end(left)
        peer.out(run, "three")
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(talks_on)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            async with session.code.stream("1", "python") as left:
                assert await following(left) == StdoutEvent(text="one ")
            run = await session.code.run("2", "python", stream_beta=True)
    assert run.result == "three"


async def test_code_that_fails_is_an_event_and_in_the_result() -> None:
    def fails(peer: Peer) -> None:
        while isinstance(run := peer.next(), RunRequest):
            said = {"code": "ZeroDivisionError", "message": "division by zero", "traceId": "t"}
            if run.code == "told":
                data = {"phase": "event", "eventType": "error", "error": said}
                peer.say(json.dumps({"invocationId": run.invocation_id, "data": data}))
            elif run.code == "slow":
                said = {"code": "Execution.Timeout", "message": "over 1 s"}
                data = {"phase": "event", "eventType": "error", "error": said}
                peer.say(json.dumps({"invocationId": run.invocation_id, "data": data}))
            peer.end(run, None if run.code == "slow" else "ZeroDivisionError: division by zero")

    with StreamServer(accepting(fails)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            seen: dict[str, ErrorEvent] = {}
            for code in ("told", "only in the end", "slow"):
                async with session.code.stream(code, "python") as run:
                    events = [event async for event in run]
                assert [event.type for event in events] == ["error", "end"]
                assert isinstance(events[0], ErrorEvent)
                seen[code] = events[0]
                assert type(run.result.error) is type(events[0].error)
                assert run.result.error.request_id == run.result.request_id
                if code != "slow":
                    assert run.result.error_message == "ZeroDivisionError: division by zero"
    told = seen["told"].error
    assert isinstance(told, CodeExecutionError)
    assert (told.name, told.value) == ("ZeroDivisionError", "division by zero")
    assert seen["told"].payload["traceId"] == "t"
    assert seen["only in the end"].payload == {}
    assert isinstance(seen["slow"].error, ExecutionTimeoutError)
    assert seen["slow"].error.code == "Execution.Timeout"


@pytest.mark.parametrize(
    "arguments", [("1", "ruby"), ("1", "python", 0), (None, "python"), ("\ud800", "python")]
)
async def test_bad_arguments_are_refused_before_anything_is_sent(
    arguments: tuple[str, str],
) -> None:
    with StreamServer(accepting(says_hello)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            with pytest.raises(InvalidParamsError):
                session.code.stream(*arguments)
            failed = await session.code.run(*arguments, stream_beta=True)
            assert failed.code == "PARAM_ERROR"
    assert server.peers == []


@pytest.mark.parametrize(
    ("url", "token"), [("", "token"), ("ws://127.0.0.1:9/", ""), ("http://[", "t"), ("ws://", "t")]
)
async def test_a_session_without_a_good_address_for_streams_has_none(url: str, token: str) -> None:
    heard: list[object] = []
    async with client() as agb:
        session = session_at(agb, url)
        session.token = token
        with pytest.raises(StreamUnavailableError, match="address for streams"):
            await enter(session)
        failed = await session.code.run("1", "python", stream_beta=True, on_error=heard.append)
        assert failed.code == "STREAM_UNAVAILABLE"
    assert heard == []


async def test_callbacks_are_called_while_code_runs() -> None:
    def in_pieces(peer: Peer) -> None:
        run = peer.run()
        peer.out(run, "a", "b")
        peer.say(stream.write_output(run.invocation_id, "server", 3, "stderr", "c"))
        peer.end(run, "NameError: x")
        peer.wait_for_the_end()

    out, err, errors = list[str](), list[str](), list[object]()
    with StreamServer(accepting(in_pieces)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run(
                "x",
                "python",
                stream_beta=True,
                on_stdout=out.append,
                on_stderr=err.append,
                on_error=errors.append,
            )
    assert (out, err, errors) == (["a", "b"], ["c"], [])
    assert isinstance(result.error, CodeExecutionError)
    assert result.logs.stdout == ("a", "b")


@pytest.mark.parametrize("kind", [ZeroDivisionError, AGBError])
async def test_a_callback_that_raises_harms_its_own_run_only(kind: type[Exception]) -> None:
    def tells_two(peer: Peer) -> None:
        runs = {run.code: run for run in (peer.run(), peer.run())}
        peer.out(runs["bad"], "boom")
        stop = peer.next()
        assert isinstance(stop, CancelRequest)
        assert stop.invocation_id == runs["bad"].invocation_id
        peer.out(runs["good"], "well")
        peer.end(runs["good"])
        peer.wait_for_the_end()

    def fail(_: str) -> None:
        raise kind("of the user's")

    async def follow(name: str) -> str:
        if name == "bad":
            with pytest.raises(kind, match="of the user's"):
                await session.code.run(name, "python", stream_beta=True, on_stdout=fail)
            return ""
        return (await session.code.run(name, "python", stream_beta=True)).result

    with StreamServer(accepting(tells_two)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            assert await aio.map_parallel(follow, ["bad", "good"], limit=2) == ["", "well"]
    assert len(server.peers) == 1


async def test_callbacks_that_nobody_could_call_are_refused() -> None:
    async with client() as agb:
        code = session_at(agb, "ws://127.0.0.1:9").code
        for refused, says in (
            (await code.run("1", "python", on_stdout=print), "stream_beta=True"),
            (await code.run("1", "python", 5, True, 5), "must be a function"),  # type: ignore[arg-type]  # bad on purpose
        ):
            assert isinstance(refused.error, InvalidParamsError)
            assert says in refused.error_message


async def test_a_ping_of_the_server_is_answered_at_once() -> None:
    def pings(peer: Peer) -> None:
        run = peer.run()
        peer.ping_and_hear_a_pong()
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(pings)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run("1", "python", stream_beta=True)
    assert result.success


async def test_text_is_whole_wherever_the_network_cuts_it() -> None:
    text = "aé€😀"

    def cuts_everywhere(peer: Peer) -> None:
        run = peer.run()
        frame = peer.framed(peer.written(run, text))
        for cut in range(1, len(frame)):
            peer.raw(frame[:cut])
            peer.raw(frame[cut:])
        payload = peer.written(run, text).encode()
        for cut in range(1, len(payload)):
            peer.raw(peer.framed(payload[:cut], fin=False, opcode=Opcode.TEXT))
            peer.raw(peer.framed(payload[cut:], opcode=Opcode.CONT))
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(cuts_everywhere)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run("1", "python", stream_beta=True)
    assert len(result.logs.stdout) > 100
    assert set(result.logs.stdout) == {text}
