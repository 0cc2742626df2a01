"""Blocks end with their sessions deleted, however they are cancelled, and how often."""

import asyncio
import gc
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import anyio
import httpx
import pytest
from support.fake import Network, envelope, refusal
from support.local import LocalAGB

from agb import AGB, AsyncAGB, AsyncSession, ContextSync, CreateSessionParams
from agb._concurrency import aio

Scenario = Callable[[AsyncAGB, CreateSessionParams], Awaitable[object]]


class Stops(httpx.AsyncHTTPTransport):
    """A real transport that calls back before the n-th request is sent, or after its answer."""

    def __init__(self, at: int, stop: Callable[[], object]) -> None:
        super().__init__()
        self.steps = 0
        self._at = at
        self._stop = stop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._step()
        response = await super().handle_async_request(request)
        self._step()
        return response

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._at:
            self._stop()


def client(local: LocalAGB, transport: httpx.AsyncBaseTransport | None = None) -> AsyncAGB:
    return AsyncAGB(
        local.api_key, endpoint=local.endpoint, transport=transport, default_image="code_latest"
    )


def left(local: LocalAGB, params: CreateSessionParams) -> int:
    with AGB(local.api_key, endpoint=local.endpoint) as agb:
        return agb.list(labels=params.labels).raise_for_error().total_count


def fresh(*syncs: ContextSync) -> CreateSessionParams:
    return CreateSessionParams({"test": uuid.uuid4().hex}, "code_latest", syncs)


async def whole(agb: AsyncAGB, params: CreateSessionParams) -> None:
    async with agb.session(params) as session:
        await session.command.execute("true")


async def whole_at(local: LocalAGB, params: CreateSessionParams, at: int) -> int:
    """Cancel the n-th step of a whole block, and return how many steps it came to."""
    scope = anyio.CancelScope()
    transport = Stops(at, scope.cancel)
    async with client(local, transport) as agb:
        with scope:
            await whole(agb, params)
    return transport.steps


async def test_a_block_that_is_cancelled_at_any_step_leaves_no_session(
    local_agb: LocalAGB,
) -> None:
    async with client(local_agb) as agb:
        context = (await agb.context.create(uuid.uuid4().hex)).raise_for_error().context
        assert context is not None
        params = fresh(ContextSync(context.id, "/tmp/kept"))
        steps = await whole_at(local_agb, params, 0)
        assert steps >= 10
        await aio.map_parallel(
            lambda at: whole_at(local_agb, params, at), range(1, steps + 1), limit=4
        )
        assert not (await agb.list(labels=params.labels)).raise_for_error()
        await agb.context.delete(context)


async def cancelled_task(local: LocalAGB, params: CreateSessionParams, at: int) -> int:
    """The same with a task of asyncio's, which is cancelled again and again."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for _ in range(3):
            loop.call_soon(task.cancel)
        loop.call_later(0.02, task.cancel)

    transport = Stops(at, stop)
    async with client(local, transport) as agb:
        task = asyncio.create_task(whole(agb, params))
        await asyncio.wait([task])
        assert task.cancelled() or at == 0 or transport.steps <= at  # polls: fewer this time
    return transport.steps


def test_a_task_that_is_cancelled_at_any_step_and_more_than_once_leaves_no_session(
    local_agb: LocalAGB,
) -> None:
    async def main() -> None:
        steps = await cancelled_task(local_agb, params, 0)
        cells = [cancelled_task(local_agb, params, at) for at in range(1, steps + 1)]
        await asyncio.gather(*cells)

    params = fresh()
    asyncio.run(main())
    assert left(local_agb, params) == 0


# The loop ends before the client is closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("looks_once")
@pytest.mark.parametrize("at", [1, 2, 3, 5, 6, 7])
def test_a_loop_that_ends_leaves_no_session_of_its_other_tasks(
    local_agb: LocalAGB, at: int
) -> None:
    params = fresh()

    async def main() -> None:
        reached = asyncio.Event()
        agb = client(local_agb, Stops(at, reached.set))
        task = asyncio.create_task(whole(agb, params))
        await reached.wait()
        assert not task.done()

    asyncio.run(main())
    assert left(local_agb, params) == 0


async def unfinished(agb: AsyncAGB, params: CreateSessionParams) -> AsyncIterator[AsyncSession]:
    async with agb.session(params) as session:
        yield session


async def test_a_generator_that_is_closed_half_way_leaves_no_session(local_agb: LocalAGB) -> None:
    params = fresh()
    async with client(local_agb) as agb:
        sessions = unfinished(agb, params)
        await anext(sessions)
        assert isinstance(sessions, AsyncGenerator)
        await sessions.aclose()
    assert await aio.in_thread(lambda: left(local_agb, params)) == 0


# Nobody closes the client, and its connections outlive the loop: asyncio complains.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_generator_that_is_forgotten_leaves_no_session_when_the_loop_ends(
    local_agb: LocalAGB,
) -> None:
    params = fresh()
    kept: list[AsyncIterator[AsyncSession]] = []

    async def main() -> None:
        kept.append(unfinished(client(local_agb), params))
        await anext(kept[0])

    asyncio.run(main())
    assert left(local_agb, params) == 0
    kept.clear()
    gc.collect()


# The loop is closed while a task is in it: asyncio complains, too.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_session_whose_loop_is_closed_under_its_block_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = Network(createSession=envelope({"sessionId": "s-1"}))

    async def main() -> None:
        agb = AsyncAGB("key", endpoint="https://agb.test", transport=network)
        async with agb.session(image_id="i"):
            inside.set()
            await asyncio.sleep(3600)

    loop = asyncio.new_event_loop()
    inside = asyncio.Event()
    task = loop.create_task(main())
    loop.run_until_complete(inside.wait())
    loop.close()
    del task
    gc.collect()
    assert "session s-1 was not deleted: its event loop had ended before its block" in (
        caplog.messages
    )


class Hangs(httpx.AsyncHTTPTransport):
    """A real transport that carries a create out, and whose answer never comes."""

    def __init__(self, created: anyio.Event) -> None:
        super().__init__()
        self._created = created

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.url.path == "/mcp/createSession":
            await response.aread()
            await response.aclose()
            self._created.set()
            await anyio.sleep_forever()
        return response


async def test_a_create_that_is_cancelled_while_its_answer_hangs_leaves_no_session(
    local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agb._async.creation._FINISH_SECONDS", 0.1)
    params, created = fresh(), anyio.Event()
    async with client(local_agb, Hangs(created)) as agb, anyio.create_task_group() as group:
        group.start_soon(agb.create, params)
        await created.wait()
        group.cancel_scope.cancel()
    assert await aio.in_thread(lambda: left(local_agb, params)) == 0


async def test_a_cancelled_create_whose_session_can_not_be_found_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, looks_once: None
) -> None:
    del looks_once
    monkeypatch.setattr("agb._async.creation._FINISH_SECONDS", 0.01)
    scope = anyio.CancelScope()

    class Silent(Network):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/mcp/createSession":
                scope.cancel()
                await anyio.sleep_forever()
            return await super().handle_async_request(request)

    network = Silent(ListSession=refusal(500, "Broken", "no"))
    async with AsyncAGB(
        "key", endpoint="https://agb.test", transport=network, max_retries=0
    ) as agb:
        with scope:
            await agb.create(CreateSessionParams(image_id="i"))
    assert scope.cancelled_caught
    assert "there may be a session labelled agb.request=" in caplog.text


async def test_what_is_shielded_is_given_so_much_time_and_no_more() -> None:
    with pytest.raises(TimeoutError):
        await aio.shielded(anyio.sleep_forever, seconds=0.01)


def test_a_task_of_its_own_that_is_cancelled_begins_again_what_is_shielded() -> None:
    async def main() -> int:
        return await aio.shielded(work, seconds=10)

    async def work() -> int:
        begun.append(1)
        if len(begun) == 1:
            current = asyncio.current_task()
            assert current is not None
            current.cancel()
        await asyncio.sleep(0)
        return len(begun)

    begun: list[int] = []
    assert asyncio.run(main()) == 2


def test_a_create_whose_own_task_is_cancelled_is_undone() -> None:
    undone: list[int | None] = []

    async def work() -> int:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await asyncio.sleep(0)
        return 1

    async def undo(result: int | None) -> None:
        undone.append(result)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(aio.finished_or_undone(work, undo, seconds=1))
    assert undone == [None]
