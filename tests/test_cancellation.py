"""Cancellation is a normal event: what was opened is closed all the same."""

import gc
import uuid
from pathlib import Path

import anyio
import httpx
import pytest
from support.fake import Network, envelope, refusal
from support.local import LocalAGB

from agb import AsyncAGB, AsyncSession, ContextSync, CreateSessionParams


async def test_a_session_is_deleted_when_its_block_is_cancelled(local_agb: LocalAGB) -> None:
    labels = {"test": uuid.uuid4().hex}
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        with anyio.CancelScope() as scope:
            async with agb.session(CreateSessionParams(labels, "code_latest")):
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert (await agb.list(labels=labels)).total_count == 0


async def test_a_cancelled_call_leaves_a_client_that_works(local_agb: LocalAGB) -> None:
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        params = CreateSessionParams(image_id="code_latest")
        async with agb.session(params) as session:
            with anyio.move_on_after(0.3) as scope:
                await session.command.execute("sleep 5")
            assert scope.cancelled_caught
            assert (await session.command.execute("echo on")).output == "on\n"


async def test_an_agb_on_this_machine_stops_when_its_block_is_cancelled(tmp_path: Path) -> None:
    with anyio.CancelScope() as scope:
        async with AsyncAGB.local(data_dir=tmp_path) as agb:
            await agb.create()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert not list((tmp_path / "run").glob("*/sessions"))


async def test_many_sessions_are_used_at_once(local_agb: LocalAGB) -> None:
    answers: dict[int, str] = {}

    async def work(number: int) -> None:
        async with agb.session() as session:
            await session.code.run(f"number = {number}", "python")
            answers[number] = (await session.code.run("number * 2", "python")).result

    async with (
        AsyncAGB(
            local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest"
        ) as agb,
        anyio.create_task_group() as group,
    ):
        for number in range(6):
            group.start_soon(work, number)
    assert answers == {number: str(number * 2) for number in range(6)}


async def test_a_cancelled_upload_leaves_nothing_half_done(
    local_agb: LocalAGB, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(bytes(8 * 1024 * 1024))
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        context = (await agb.context.create(uuid.uuid4().hex)).context
        assert context is not None
        with anyio.CancelScope() as scope:
            await agb.context.upload_file(
                context.id, tmp_path / "in", "big", progress=lambda _: scope.cancel()
            )
        assert scope.cancelled_caught
        assert len(await agb.context.list_files(context.id)) == 0
        assert (await agb.context.upload_file(context.id, tmp_path / "in", "big")).success
        await agb.context.delete(context)


# httpx leaves the generators of a response to the garbage collector; trio complains of that.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
async def test_a_cancelled_download_leaves_nothing_half_done(
    local_agb: LocalAGB, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(bytes(8 * 1024 * 1024))
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        context = (await agb.context.create(uuid.uuid4().hex)).context
        assert context is not None
        await agb.context.upload_file(context.id, tmp_path / "in", "big")
        with anyio.CancelScope() as scope:
            await agb.context.download_file(
                context.id, "big", tmp_path / "out", progress=lambda _: scope.cancel()
            )
        assert scope.cancelled_caught
        gc.collect()  # so that it complains here
        assert [path.name for path in tmp_path.iterdir()] == ["in"]
        assert (await agb.context.download_file(context.id, "big", tmp_path / "out")).success
        await agb.context.delete(context)


class CancelsOnce(httpx.AsyncHTTPTransport):
    """A real transport; the scope is cancelled when a request has been sent or answered."""

    def __init__(self, path: str, *, answered: bool) -> None:
        super().__init__()
        self.scope = anyio.CancelScope()
        self._path = path
        self._answered = answered

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != self._path:
            return await super().handle_async_request(request)
        if not self._answered:
            self.scope.cancel()
        response = await super().handle_async_request(request)
        self.scope.cancel()
        return response


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("as_block", [False, True])
async def test_a_create_that_is_cancelled_leaves_no_session(
    local_agb: LocalAGB, as_block: bool, answered: bool
) -> None:
    labels = {"test": uuid.uuid4().hex}
    params = CreateSessionParams(labels, "code_latest")
    transport = CancelsOnce("/mcp/createSession", answered=answered)
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb:
        with transport.scope:
            if as_block:
                async with agb.session(params):
                    await anyio.sleep_forever()
            await agb.create(params)
            await anyio.sleep_forever()
        assert transport.scope.cancelled_caught
        assert (await agb.list(labels=labels)).total_count == 0


async def test_a_create_that_is_cancelled_while_its_contexts_come_leaves_no_session(
    local_agb: LocalAGB,
) -> None:
    labels = {"test": uuid.uuid4().hex}
    transport = CancelsOnce("/sdk/GetContextInfo", answered=False)
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb:
        context = (await agb.context.create(uuid.uuid4().hex)).context
        assert context is not None
        syncs = [ContextSync(context.id, "/workspace")]
        with transport.scope:
            await agb.create(CreateSessionParams(labels, "code_latest", syncs))
        assert transport.scope.cancelled_caught
        assert (await agb.list(labels=labels)).total_count == 0
        await agb.context.delete(context)


async def test_a_session_that_can_not_be_deleted_after_a_cancelled_create_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scope = anyio.CancelScope()

    def created(_: httpx.Request) -> httpx.Response:
        scope.cancel()
        return envelope({"sessionId": "s-1"})

    network = Network(createSession=created, releaseSessionAsync=refusal(500, "Broken", "no"))
    async with AsyncAGB("key", endpoint="https://agb.test", transport=network) as agb:
        with scope:
            await agb.create(CreateSessionParams(image_id="i"))
    assert scope.cancelled_caught
    assert "session s-1 could not be deleted: no" in caplog.messages


async def test_a_cancelled_create_that_was_refused_has_nothing_to_undo() -> None:
    scope = anyio.CancelScope()

    def created(_: httpx.Request) -> httpx.Response:
        scope.cancel()
        return refusal(400, "InvalidImage.NotFound", "no image")

    network = Network(createSession=created)
    async with AsyncAGB("key", endpoint="https://agb.test", transport=network) as agb:
        with scope:
            await agb.create(CreateSessionParams(image_id="i"))
    assert scope.cancelled_caught
    assert network.paths() == ["createSession"]


class BreaksOff(httpx.AsyncBaseTransport):
    """Is cancelled while it sends a body."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for _ in request.stream:
            self.scope.cancel()
            await anyio.sleep_forever()
        raise AssertionError


async def test_a_request_that_is_cancelled_while_it_is_sent_leaves_nothing_open() -> None:
    transport = BreaksOff()
    async with AsyncAGB("key", endpoint="https://agb.test", transport=transport) as agb:
        with transport.scope:
            await AsyncSession(agb, "s-1").command.execute("true")
    assert transport.scope.cancelled_caught
    gc.collect()  # trio would complain now
