"""What goes wrong with a WebSocket, and what becomes of the streams on it."""

import json
import secrets
import socket

import pytest
from support.streaming import Peer, Script, StreamServer, accepting, network, session_data
from websockets.frames import Opcode

from agb import (
    APIConnectionError,
    APIError,
    AsyncAGB,
    AsyncCodeStream,
    AsyncSession,
    AuthenticationError,
    ClientClosedError,
    ConnectTimeoutError,
    PermissionDeniedError,
    ServerError,
    SessionNotFoundError,
    StdoutEvent,
    StreamDisconnectedError,
    StreamError,
    UnexpectedResponseError,
)
from agb._concurrency import aio
from agb._web_socket import Heartbeat
from agb._wire.stream import CancelRequest, RunRequest

KEY = secrets.token_hex()
SECRETS = ("the-secret-token", "the-secret-signature", KEY)
IMPATIENT = Heartbeat(every=0.02, within=1.0)


def client(timeout: float = 30.0) -> AsyncAGB:
    return AsyncAGB(KEY, endpoint="https://agb.example", transport=network(), timeout=timeout)


def session_at(agb: AsyncAGB, url: str, heartbeat: Heartbeat | None = None) -> AsyncSession:
    session = AsyncSession.from_data(agb, session_data(url))
    if heartbeat is not None:
        session._streams.heartbeat = heartbeat
    return session


async def texts_of(run: AsyncCodeStream) -> list[str]:
    return [event.text async for event in run if isinstance(event, StdoutEvent)]


async def enter(session: AsyncSession) -> None:
    async with session.code.stream("1", "python"):
        raise AssertionError


def works(peer: Peer) -> None:
    peer.accept()
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, "it works")
        peer.end(run)


def drops(peer: Peer) -> None:
    peer.drop()


def resets(peer: Peer) -> None:
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    peer.socket.close()


def half_a_frame(peer: Peer) -> None:
    peer.raw(peer.framed("never to be seen whole")[:9])
    peer.drop()


def closes(peer: Peer) -> None:
    peer.close(1012, "service restart")


def speaks_no_websocket(peer: Peer) -> None:
    peer.raw(b"\xff\xff\xff\xff")
    peer.wait_for_the_end()


def says_no_utf8_in_its_close(peer: Peer) -> None:
    peer.raw(peer.framed(b"\x03\xe8\xff", opcode=Opcode.CLOSE))
    peer.wait_for_the_end()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (drops, "broke"),
        (resets, "broke"),
        (half_a_frame, "broke"),
        (closes, r"closed the connection \(code 1012: service restart\)"),
        (speaks_no_websocket, "no WebSocket may"),
        (says_no_utf8_in_its_close, "no WebSocket may"),
    ],
)
async def test_a_broken_connection_ends_its_runs_with_what_had_come_and_the_next_one_reconnects(
    fault: Script, says: str
) -> None:
    def tells_and_fails(peer: Peer) -> None:
        runs = [peer.run(), peer.run()]
        for run in runs:
            peer.out(run, "so far")
        fault(peer)

    async def follow(_: int) -> StreamDisconnectedError:
        async with session.code.stream("x", "python") as run:
            with pytest.raises(StreamDisconnectedError, match=says) as caught:
                await texts_of(run)
            assert await texts_of(run) == []
        assert run.result == caught.value.partial
        return caught.value

    with StreamServer(accepting(tells_and_fails), works) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            errors = await aio.map_parallel(follow, range(2), limit=2)
            for error in errors:
                assert error.code == "STREAM_DISCONNECTED"
                assert error.partial is not None
                assert error.partial.error is error
                assert error.partial.logs.stdout == ("so far",)
                assert error.request_id == error.partial.request_id != ""
                assert not any(secret in str(error) for secret in SECRETS)
            again = await session.code.run("x", "python", stream_beta=True)
            assert again.result == "it works"
    assert len(server.peers) == 2


async def test_the_exception_of_a_broken_run_goes_to_the_callback_and_the_result() -> None:
    def tells_and_drops(peer: Peer) -> None:
        peer.out(peer.run(), "so far")
        peer.drop()

    heard = list[object]()
    with StreamServer(accepting(tells_and_drops)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run(
                "x", "python", stream_beta=True, on_error=heard.append
            )
    assert isinstance(result.error, StreamDisconnectedError)
    assert heard == [result.error]
    assert result.result == "so far"


async def test_a_server_that_died_silently_is_noticed_by_all_that_wait() -> None:
    def dies(peer: Peer) -> None:
        runs = [peer.run(), peer.run()]
        for run in runs:
            peer.out(run, "so far")
        peer.mute = True
        peer.wait_for_the_end()
        assert peer.pings

    async def follow(_: int) -> str:
        result = await session.code.run("x", "python", stream_beta=True)
        assert isinstance(result.error, StreamDisconnectedError)
        assert "silent" in result.error_message
        return result.result

    with StreamServer(accepting(dies)) as server:
        async with client() as agb:
            session = session_at(agb, server.url, IMPATIENT)
            assert await aio.map_parallel(follow, range(2), limit=2) == ["so far", "so far"]


async def test_code_that_is_silent_for_long_is_not_taken_for_dead() -> None:
    def thinks(peer: Peer) -> None:
        run = peer.run()
        for _ in range(3):
            peer.hear_a_ping()
        peer.out(run, "thought")
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(thinks)) as server:
        async with client() as agb:
            session = session_at(agb, server.url, Heartbeat(every=0.02))
            result = await session.code.run("x", "python", stream_beta=True)
    assert result.result == "thought"


def refuses_with(status: int) -> Script:
    return lambda peer: peer.accept(status, location="ws://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, UnexpectedResponseError),
        (302, UnexpectedResponseError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, SessionNotFoundError),
        (500, ServerError),
    ],
)
async def test_a_handshake_that_is_refused_tells_status_and_host_and_no_secret(
    status: int, kind: type[APIError]
) -> None:
    with StreamServer(refuses_with(status), works) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            with pytest.raises(kind) as caught:
                await enter(session)
            assert str(status) in str(caught.value)
            assert f"ws://127.0.0.1:{server.port}" in str(caught.value)
            assert not any(secret in str(caught.value) for secret in SECRETS)
            assert caught.value.status_code == status
            assert caught.value.code == "STREAM_REFUSED"
            assert (await session.code.run("x", "python", stream_beta=True)).success
    assert len(server.peers) == 2


def says_no_http(peer: Peer) -> None:
    peer.raw(b"220 mail.example ESMTP\r\n")
    peer.wait_for_the_end()


def hangs_up(peer: Peer) -> None:
    peer.drop()


def accepts_for_another(peer: Peer) -> None:
    peer.raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAA\r\n\r\n"
    )
    peer.wait_for_the_end()


@pytest.mark.parametrize("fault", [says_no_http, hangs_up, accepts_for_another])
async def test_a_handshake_that_is_none_is_an_error_too(fault: Script) -> None:
    with StreamServer(fault) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            with pytest.raises((APIError, APIConnectionError), match=r"ws://127\.0\.0\.1"):
                await enter(session)


async def test_a_handshake_that_is_never_answered_times_out() -> None:
    with StreamServer(Peer.wait_for_the_end) as server:
        async with client(timeout=0.1) as agb:
            session = session_at(agb, server.url)
            with pytest.raises(ConnectTimeoutError, match="in time"):
                await enter(session)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9/", "wss://127.0.0.1:9/", "ws://no.invalid/"])
async def test_a_server_that_is_not_there_is_an_error_before_the_block(url: str) -> None:
    async with client() as agb:
        with pytest.raises(APIConnectionError) as caught:
            await enter(session_at(agb, url))
    assert caught.value.code == "CONNECT_FAILED"


async def test_frames_that_say_nothing_to_a_run_are_passed_over() -> None:
    def talks_to_nobody(peer: Peer) -> None:
        run = peer.run()
        peer.say("no JSON", '{"half', "[1, 2]", "{}", "[" * 100_000)
        peer.raw(peer.framed(peer.written(run, "binary").encode()))
        peer.raw(peer.framed(b"binary, in ", fin=False, opcode=Opcode.BINARY))
        peer.raw(peer.framed(b"two pieces", opcode=Opcode.CONT))
        peer.raw(peer.framed(b"\xff no UTF-8", opcode=Opcode.TEXT))
        for name in ("unknown", ""):
            other = RunRequest(
                invocation_id=name, target="", language="python", timeout_s=1, code=""
            )
            peer.out(other, "for another run")
            peer.end(other)
        peer.out(run, "well")
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(talks_to_nobody)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run("x", "python", stream_beta=True)
    assert result.success
    assert result.logs.stdout == ("well",)


async def test_a_frame_may_be_of_any_size_either_way() -> None:
    size = 20 * 1024 * 1024

    def tells_much(peer: Peer) -> None:
        run = peer.run()
        assert len(run.code) == size
        peer.out(run, "é" * size)
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(tells_much)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run(
                "#" * size, "python", stream_beta=True
            )
    assert result.success
    assert result.logs.stdout[0] == "é" * size


@pytest.mark.parametrize(
    ("frame", "stopped"),
    [
        ({"phase": "dance"}, True),
        ("not an object", True),
        ({"phase": "error", "error": {"code": "Run.Full", "message": "no room"}}, False),
        ({"error": "no room"}, False),
    ],
)
async def test_a_run_that_makes_no_sense_breaks_off_alone(frame: object, stopped: bool) -> None:
    def breaks_one(peer: Peer) -> None:
        runs = {run.code: run for run in (peer.run(), peer.run())}
        name = runs["bad"].invocation_id
        peer.out(runs["bad"], "so far")
        peer.say(json.dumps({"invocationId": name, "data": frame}))
        if stopped:
            stop = peer.next()
            assert isinstance(stop, CancelRequest)
            assert stop.invocation_id == name
        peer.out(runs["good"], "well")
        peer.end(runs["good"])
        assert peer.next() is None

    async def follow(name: str) -> str:
        result = await session.code.run(name, "python", stream_beta=True)
        if name == "bad":
            assert isinstance(result.error, StreamError)
            assert result.code == ("Run.Full" if "code" in str(frame) else "STREAM_FAILED")
            assert result.error.partial == result
        return result.result

    with StreamServer(accepting(breaks_one)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            assert await aio.map_parallel(follow, ["bad", "good"], limit=2) == ["so far", "well"]


async def test_an_idle_connection_that_was_closed_is_replaced_before_a_run_is_sent() -> None:
    def closes_when_idle(peer: Peer) -> None:
        peer.accept()
        run = peer.run()
        peer.close(1001, "idle", first=peer.framed(peer.ended(run.invocation_id)))

    with StreamServer(closes_when_idle, closes_when_idle, works) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            for _ in range(3):
                assert (await session.code.run("x", "python", stream_beta=True)).success
    assert [len(peer.received) for peer in server.peers] == [1, 1, 1]


async def test_what_came_to_an_idle_connection_is_read_before_it_is_used_again() -> None:
    def pings_when_idle(peer: Peer) -> None:
        peer.accept()
        first = peer.run()
        peer.raw(
            peer.framed(peer.ended(first.invocation_id))
            + peer.framed(b"here?", opcode=Opcode.PING)
            + peer.framed(peer.written(first, "too late"))
        )
        second = peer.run()
        assert peer.pongs == 1
        peer.out(second, "well")
        peer.end(second)
        peer.wait_for_the_end()

    with StreamServer(pings_when_idle) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            assert (await session.code.run("x", "python", stream_beta=True)).success
            assert (await session.code.run("y", "python", stream_beta=True)).result == "well"


async def test_a_connection_that_was_silent_for_long_is_not_trusted() -> None:
    with StreamServer(works) as server:
        async with client() as agb:
            session = session_at(agb, server.url, Heartbeat(every=0.001))
            assert (await session.code.run("x", "python", stream_beta=True)).success
            await aio.sleep(0.01)
            assert (await session.code.run("x", "python", stream_beta=True)).success
    assert [peer.closed_with for peer in server.peers] == [1000, 1000]


async def test_a_server_that_never_says_goodbye_is_left_all_the_same() -> None:
    def ignores_goodbyes(peer: Peer) -> None:
        peer.end(peer.run())
        peer.mute = True
        peer.wait_for_the_end()

    with StreamServer(accepting(ignores_goodbyes)) as server:
        async with client() as agb:
            result = await session_at(agb, server.url).code.run("x", "python", stream_beta=True)
            assert result.success
    assert server.peers[0].closed_with == 1000


async def test_a_closed_client_opens_no_stream() -> None:
    with StreamServer(works) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
        with pytest.raises(ClientClosedError):
            await enter(session)
    assert server.peers == []


async def test_closing_the_client_ends_streams() -> None:
    def waits(peer: Peer) -> None:
        peer.run()
        peer.wait_for_the_end()

    with StreamServer(accepting(waits)) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            async with session.code.stream("x", "python") as run:
                await agb.aclose()
                with pytest.raises(StreamDisconnectedError, match="client was closed"):
                    await texts_of(run)
    assert server.peers[0].closed_with == 1000
