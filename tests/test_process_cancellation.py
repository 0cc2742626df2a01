"""Whoever waits for a background process, or follows it, can be cancelled; it goes on."""

from collections.abc import AsyncIterator

import anyio
import pytest
from support.local import LocalAGB

from agb import AsyncAGB, AsyncProcess


@pytest.fixture
async def process(local_agb: LocalAGB) -> AsyncIterator[AsyncProcess]:
    async with (
        AsyncAGB(
            local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest"
        ) as agb,
        agb.session() as session,
    ):
        await session.command.execute("mkfifo go", check=True)
        yield await session.command.start("echo ready; read line <go; echo $line; exit 7")


async def test_a_wait_that_is_cancelled_leaves_the_process_running(process: AsyncProcess) -> None:
    with anyio.move_on_after(0.3) as scope:
        await process.wait()
    assert scope.cancelled_caught
    assert (await process.status()).state == "running"


async def test_following_that_is_cancelled_can_be_taken_up_again(process: AsyncProcess) -> None:
    stream = process.stream()
    with anyio.CancelScope() as scope:
        async for _ in stream:
            scope.cancel()
    assert scope.cancelled_caught
    assert stream.stdout_offset == len("ready\n")
    assert (await process.signal("KILL")).success
    assert [piece async for piece in stream] == []
    assert (await process.wait()).exit_code == 137


async def test_a_block_that_is_cancelled_kills_its_process(process: AsyncProcess) -> None:
    with anyio.CancelScope() as scope:
        async with process:
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (await process.wait()).exit_code == 137
