"""A stream may be left at any time: the code stops, and the other streams go on."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from support.streaming import PATIENCE, Peer, Script, StreamServer, accepting, network, session_data

from agb import AsyncAGB, AsyncSession, ClientClosedError, StdoutEvent
from agb._wire.stream import CancelRequest, RunRequest


@asynccontextmanager
async def session_with(*scripts: Script) -> AsyncIterator[tuple[AsyncSession, StreamServer]]:
    with StreamServer(*scripts) as server:
        async with AsyncAGB(
            secrets.token_hex(), endpoint="https://agb.example", transport=network()
        ) as agb:
            yield AsyncSession.from_data(agb, session_data(server.url)), server


def follows_two(peer: Peer) -> None:
    """Tell one run that it began; the other one comes to its end when that has been stopped."""
    runs = {run.code: run for run in (peer.run(), peer.run())}
    peer.out(runs["left"], "begun")
    stop = peer.next()
    assert isinstance(stop, CancelRequest)
    assert stop.invocation_id == runs["left"].invocation_id
    peer.out(runs["stays"], "well")
    peer.end(runs["stays"])
    assert peer.next() is None


@pytest.mark.parametrize("first", ["left", "stays"])
async def test_a_cancelled_stream_stops_its_code_and_the_other_one_reads_on(first: str) -> None:
    begun = anyio.Event()
    ended: list[str] = []

    async def leave(session: AsyncSession, scope: anyio.CancelScope) -> None:
        with scope:
            async with session.code.stream("left", "python") as run:
                async for _ in run:
                    begun.set()

    async def stay(session: AsyncSession) -> None:
        ended.append((await session.code.run("stays", "python", stream_beta=True)).result)

    async with session_with(accepting(follows_two)) as (session, _):
        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            if first == "left":
                group.start_soon(leave, session, scope)
                await anyio.wait_all_tasks_blocked()
                group.start_soon(stay, session)
            else:
                group.start_soon(stay, session)
                await anyio.wait_all_tasks_blocked()
                group.start_soon(leave, session, scope)
            await begun.wait()
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    assert ended == ["well"]


def answers_all(peer: Peer) -> None:
    while request := peer.next():
        if isinstance(request, RunRequest) and request.code == "1":
            peer.out(request, "well")
            peer.end(request)


async def test_a_stream_may_be_cancelled_at_each_step_without_harm() -> None:
    """Cancel before the first wait, then before the second, and so on, to the end."""
    async with session_with(accepting(answers_all)) as (session, server):
        for steps in range(40):
            scope = anyio.CancelScope()
            async with anyio.create_task_group() as group:
                group.start_soon(_run_within, scope, session)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
            result = await session.code.run("1", "python", stream_beta=True)
            assert result.raise_for_error().result == "well"
        frames = [frame for peer in server.peers for frame in peer.received]
    stopped = {frame["invocationId"] for frame in frames if "params" not in frame["data"]}
    asked_for = [frame for frame in frames if "params" in frame["data"]]
    runs = {frame["invocationId"]: frame["data"]["params"] for frame in asked_for}
    left = {name for name, run in runs.items() if run["code"] == "wait()"}
    assert stopped == left != set()


async def _run_within(scope: anyio.CancelScope, session: AsyncSession) -> None:
    with scope:
        await session.code.run("wait()", "python", stream_beta=True)
        raise AssertionError


async def test_a_handshake_that_is_cancelled_leaves_nothing_open() -> None:
    asked = threading.Event()

    def never_answers(peer: Peer) -> None:
        peer.hear_the_handshake()
        asked.set()
        peer.wait_for_the_end()

    async with session_with(never_answers, accepting(answers_all)) as (session, server):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(_run_within, anyio.CancelScope(), session)
                assert await anyio.to_thread.run_sync(asked.wait, PATIENCE)
                scope.cancel()
        assert scope.cancelled_caught
        assert (await session.code.run("1", "python", stream_beta=True)).result == "well"
    assert len(server.peers) == 2


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_time_limit_of_asyncio_stops_the_code() -> None:
    loop, limit = asyncio.get_running_loop(), asyncio.timeout(None)

    def takes_one(peer: Peer) -> None:
        peer.run()
        loop.call_soon_threadsafe(lambda: limit.reschedule(loop.time()))
        answers_all(peer)

    async with session_with(accepting(takes_one)) as (session, server):
        with pytest.raises(TimeoutError):
            async with limit:
                await session.code.run("wait()", "python", stream_beta=True)
        assert (await session.code.run("1", "python", stream_beta=True)).result == "well"
    sent = [frame["data"].get("phase", "run") for frame in server.peers[0].received]
    assert sent == ["run", "cancel", "run"]


async def test_a_block_that_is_cancelled_while_nobody_reads_stops_the_code_too() -> None:
    async with session_with(accepting(answers_all)) as (session, server):
        with anyio.CancelScope() as scope:
            async with session.code.stream("wait()", "python"):
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
    assert [frame["data"].get("phase") for frame in server.peers[0].received] == [None, "cancel"]


async def test_events_that_came_are_not_lost_when_waiting_for_more_is_cancelled() -> None:
    def tells_two(peer: Peer) -> None:
        run = peer.run()
        peer.out(run, "one", "two")
        peer.hear_a_ping()
        peer.end(run)
        peer.wait_for_the_end()

    async with session_with(accepting(tells_two)) as (session, _):
        session._streams.heartbeat = type(session._streams.heartbeat)(every=0.3)
        texts: list[str] = []
        async with session.code.stream("x", "python") as run:
            events = aiter(run)
            while True:
                with anyio.move_on_after(0.02):
                    event = await anext(events, None)
                    if event is None:
                        break
                    if isinstance(event, StdoutEvent):
                        texts.append(event.text)
    assert texts == ["one", "two"]
    assert run.result.success


async def test_a_connection_that_is_made_while_the_client_closes_is_closed() -> None:
    asked, closed = threading.Event(), threading.Event()

    def accepts_late(peer: Peer) -> None:
        peer.hear_the_handshake()
        asked.set()
        assert closed.wait(PATIENCE)
        peer.accept()
        assert peer.next() is None

    async with session_with(accepts_late) as (session, server):
        failures: list[object] = []

        async def run() -> None:
            failures.append((await session.code.run("1", "python", stream_beta=True)).error)

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            assert await anyio.to_thread.run_sync(asked.wait, PATIENCE)
            await session.agb.aclose()
            closed.set()
        assert [type(failure) for failure in failures] == [ClientClosedError]
    assert server.peers[0].closed_with == 1000
