"""A WebSocket between two streams, and at its end."""

import secrets
import threading

import pytest
from support.streaming import PATIENCE, Peer, StreamServer, accepting, network, session_data
from websockets.frames import Opcode

from agb import (
    AsyncAGB,
    AsyncCodeStream,
    AsyncSession,
    ClientClosedError,
    StdoutEvent,
    StreamDisconnectedError,
)
from agb._concurrency import aio
from agb._web_socket import Heartbeat
from agb._wire.stream import RunRequest

KEY = secrets.token_hex()


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


async def until_it_has_news(session: AsyncSession) -> None:
    shared = session._streams._shared
    assert shared is not None
    while not shared._socket._stream.is_readable:
        await aio.sleep(0.001)


async def test_an_idle_connection_is_listened_to_before_it_is_used() -> None:
    def pings_and_then_closes(peer: Peer) -> None:
        peer.accept()
        first = peer.run()
        peer.end(first)
        assert idle.wait(PATIENCE)
        peer.raw(peer.framed(b"here?", opcode=Opcode.PING))
        second = peer.run()
        assert peer.pongs == 1
        peer.out(second, "the same")
        peer.end(second)
        assert idle_again.wait(PATIENCE)
        peer.close(1001, "idle")
        assert peer.next() is None

    idle, idle_again = threading.Event(), threading.Event()
    with StreamServer(pings_and_then_closes, works) as server:
        async with client() as agb:
            session = session_at(agb, server.url)
            assert (await session.code.run("x", "python", stream_beta=True)).success
            idle.set()
            await until_it_has_news(session)
            assert (await session.code.run("x", "python", stream_beta=True)).result == "the same"
            idle_again.set()
            await until_it_has_news(session)
            assert (await session.code.run("x", "python", stream_beta=True)).result == "it works"
    assert [len(peer.received) for peer in server.peers] == [2, 1]


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
