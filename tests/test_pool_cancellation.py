"""A request that is cancelled, at whatever point, leaves a pool whose places are all to be had."""

import gc
import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest
from support.raw_server import GOOD, Peer, RawServer, answer

from agb import AsyncAGB
from agb._async import pool
from agb._async.connection import AsyncConnection
from agb._async.pool import AsyncPool
from agb._http import TLS
from agb._pooling import Places, Turn
from agb._proxies import Proxies


def one_connection(server: RawServer) -> AsyncAGB:
    """Return a client that may have a single connection open."""
    lone = AsyncPool(TLS(), Proxies(None, trust_environment=False), 1)
    return AsyncAGB("key", endpoint=server.url, timeout=20, transport=lone)


async def first_request(server: RawServer) -> None:
    while not server.peers or not server.peers[0].asked:  # noqa: ASYNC110 - of another thread
        await anyio.sleep(0.001)


def answers_nothing(peer: Peer) -> None:
    peer.request()
    peer.wait_for_the_end()


def answers_half_a_head(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\ncontent-")
    peer.wait_for_the_end()


def answers_half_a_body(peer: Peer) -> None:
    peer.request()
    peer.say(answer(GOOD)[:-7])
    peer.wait_for_the_end()


@pytest.mark.parametrize("script", [answers_nothing, answers_half_a_head, answers_half_a_body])
async def test_a_call_that_is_cancelled_closes_its_connection_and_gives_its_place_back(
    script: Callable[[Peer], None],
) -> None:
    with RawServer(script, Peer.serve) as server:
        async with one_connection(server) as agb:
            async with anyio.create_task_group() as group:
                group.start_soon(agb.get_session, "s" * 100_000)
                await first_request(server)
                group.cancel_scope.cancel()
            assert (await agb.list()).success
    assert [peer.asked for peer in server.peers] == [1, 1]
    gc.collect()  # trio would complain now


async def test_a_connection_that_takes_too_long_to_close_fails_no_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close = AsyncConnection.aclose

    async def close_slowly(connection: AsyncConnection) -> None:
        await close(connection)
        await anyio.sleep_forever()

    def leaves(peer: Peer) -> None:
        peer.serve(1)
        peer.socket.close()
        left.set()

    left = threading.Event()
    monkeypatch.setattr(pool, "_CLOSE_SECONDS", 0.01)
    monkeypatch.setattr(AsyncConnection, "aclose", close_slowly)
    with RawServer(leaves, Peer.serve) as server:
        async with one_connection(server) as agb:
            assert (await agb.list()).success
            assert left.wait(20)
            assert (await agb.list()).success
    assert [peer.asked for peer in server.peers] == [1, 1]


async def test_a_call_that_is_cancelled_as_it_starts_takes_no_place() -> None:
    with RawServer(Peer.serve) as server:
        async with one_connection(server) as agb:
            for checkpoints in range(12):
                async with anyio.create_task_group() as group:
                    group.start_soon(agb.list)
                    for _ in range(checkpoints):
                        await anyio.lowlevel.checkpoint()
                    group.cancel_scope.cancel()
            assert (await agb.list()).success  # there is one place: it would wait for ever


async def test_a_call_that_is_cancelled_in_line_is_passed_over() -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        go_on.wait(20)
        peer.say(answer())
        peer.serve()

    with RawServer(script) as server:
        async with one_connection(server) as agb, anyio.create_task_group() as first:
            first.start_soon(agb.list)
            await first_request(server)
            async with anyio.create_task_group() as others:
                for _ in range(5):
                    others.start_soon(agb.list)
                await anyio.wait_all_tasks_blocked()
                others.cancel_scope.cancel()
            go_on.set()
            assert (await agb.list()).success
    assert [peer.asked for peer in server.peers] == [2]


class Idle:
    """A connection that nobody closes."""

    def has_expired(self) -> bool:
        return False


def test_places_are_given_to_those_who_wait_in_the_order_in_which_they_came() -> None:
    class Told(list[int]):
        def set(self) -> None:
            order.append(self[0])

    order: list[int] = []
    origin = ("http", b"agb.example", 80)
    places: Places[Idle, Told] = Places(1, 10.0)
    holder: Turn[Idle, Told] = Turn(origin)
    assert places.ask(holder)
    places.opened(holder, connection := Idle())
    turns: list[Turn[Idle, Told]] = [Turn(origin) for _ in range(5)]
    for number, turn in enumerate(turns):
        assert not places.ask(turn)
        places.queue(turn, Told([number]))
    places.end(turns[2], fit=False)  # has given up
    for turn in (holder, turns[0], turns[1], turns[3], turns[4]):
        places.end(turn, fit=True)
        places.end(turn, fit=True)  # does nothing
    assert order == [0, 1, 3, 4]
    late: Turn[Idle, Told] = Turn(origin)
    assert places.ask(late)
    assert late.connection is connection
