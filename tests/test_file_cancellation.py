"""Work on files that is cancelled half-way leaves nothing half done, and loses nothing."""

import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest
from support.local import LocalAGB

from agb import AsyncAGB, AsyncSession, AsyncTextFile
from agb._concurrency import aio

# httpx leaves the generators of a response to the garbage collector; trio complains of that.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
)
BIG = 4 * 1024 * 1024


@pytest.fixture
async def session(local_agb: LocalAGB) -> AsyncIterator[AsyncSession]:
    async with (
        AsyncAGB(
            local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest"
        ) as agb,
        agb.session() as session,
    ):
        yield session


async def test_a_directory_that_is_cancelled_on_its_way_leaves_nothing(
    session: AsyncSession, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "big").write_bytes(bytes(BIG))
    with anyio.CancelScope() as scope:
        await session.file.upload_directory(source, "/tmp/up", progress_cb=lambda _: scope.cancel())
    assert scope.cancelled_caught
    assert not await session.file.exists("/tmp/up")
    assert (await session.file.upload_directory(source, "/tmp/up")).success
    with anyio.CancelScope() as scope:
        await session.file.download_directory(
            "/tmp/up", tmp_path / "down", progress_cb=lambda _: scope.cancel()
        )
    assert scope.cancelled_caught
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    way = await session.file.transfer_path()
    assert (await session.file.glob(f"{way}/*.tar")).matches == ()
    assert (await session.file.download_directory("/tmp/up", tmp_path / "down")).success
    assert (tmp_path / "down/big").read_bytes() == bytes(BIG)


async def test_work_in_a_thread_has_ended_when_its_scope_has() -> None:
    ended = threading.Event()

    def work(check: Callable[[], None]) -> None:
        try:
            while True:
                check()
        finally:
            ended.set()

    with anyio.move_on_after(0.01) as scope:
        await aio.in_whole_thread(work)
    assert scope.cancelled_caught
    assert ended.is_set()


async def test_a_replacement_that_is_cancelled_leaves_the_file_as_it_was(
    session: AsyncSession,
) -> None:
    await session.file.write("/tmp/r/file", "old")
    with anyio.move_on_after(0.05) as scope:
        while True:
            await session.file.write("/tmp/r/file", "new" * BIG, atomic=True)
    assert scope.cancelled_caught
    assert (await session.file.read("/tmp/r/file")).content == "old"
    listing = await session.file.list("/tmp/r")
    assert [entry.name for entry in listing.entries] == ["file"]


async def write_and_wait(file: AsyncTextFile, scope: anyio.CancelScope) -> None:
    async with file:
        await file.write("not yet sent")
        scope.cancel()
        await anyio.sleep_forever()


async def test_a_file_object_whose_block_is_cancelled_sends_no_more(session: AsyncSession) -> None:
    file = session.file.open("/tmp/w", "w")
    with anyio.CancelScope() as scope:
        await write_and_wait(file, scope)
    assert scope.cancelled_caught
    assert file.closed
    assert (await session.file.read("/tmp/w")).content == ""


async def test_a_watch_that_is_cancelled_ends_and_its_next_question_misses_nothing(
    session: AsyncSession,
) -> None:
    await session.file.mkdir("/tmp/w")
    paths: set[str] = set()
    async with session.file.watch("/tmp/w", interval=0.001) as changes:
        for number in range(20):
            await session.file.write(f"/tmp/w/{number}", "")
            with anyio.move_on_after(0.001 * (number % 5)):
                paths |= {event.path for event in await changes.next_changes()}
        while len(paths) < 20:
            paths |= {event.path for event in await changes.next_changes()}
        with anyio.move_on_after(0.05) as scope:
            async for event in changes:
                paths.add(event.path)
    assert scope.cancelled_caught
    assert paths == {f"/tmp/w/{number}" for number in range(20)}


async def test_a_callback_watch_ends_when_its_task_is_cancelled(session: AsyncSession) -> None:
    await session.file.mkdir("/tmp/w")
    watcher = session.file.watch_dir("/tmp/w", lambda _: group.cancel_scope.cancel(), 0.01)
    async with anyio.create_task_group() as group:
        group.start_soon(watcher.run)
        await watcher.ready_event.wait()
        await session.file.write("/tmp/w/file", "x")
        await anyio.sleep_forever()
    assert group.cancel_scope.cancelled_caught
