"""Cancelled at any point at which it waits, a whole scenario leaves nothing behind.

The tests strike at points that are spread over the scenario; `nox -s faults` strikes at each.
"""

import asyncio
import gc
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import psutil
import pytest
import trio
from support.local import LocalAGB
from support.steps import COUNTED, Steps, counting, interrupted

from agb import AGB, AsyncAGB

ALL = bool(os.environ.get("AGB_TEST_FAULTS"))
POINTS = 10_000 if ALL else 12
AT_ONCE = 4

Work = Callable[[], Coroutine[Any, Any, None]]
Strike = Callable[[Steps, Work], Awaitable[None]]


async def scenario(agb: AsyncAGB, name: str, source: Path) -> None:
    """Do what a user does; every step is reached unless it is cancelled before."""
    async with agb.session(labels={"scenario": name}) as session:
        (await session.file.upload(source, "uploaded")).raise_for_error()
        assert (await session.code.run("6 * 7", "python")).result == "42"
        assert (await session.command.execute("echo on")).output == "on\n"
        assert (await session.file.read("/etc/hostname")).content
        async with session.code.stream("print(1)", "python") as run:
            assert [event async for event in run]
        assert run.result.success


def blocking_scenario(agb: AGB, name: str, source: Path) -> None:
    with agb.session(labels={"scenario": name}) as session:
        session.file.upload(source, "uploaded").raise_for_error()
        assert session.code.run("6 * 7", "python").result == "42"
        assert session.command.execute("echo on").output == "on\n"
        assert session.file.read("/etc/hostname").content
        with session.code.stream("print(1)", "python") as run:
            assert list(run)
        assert run.result.success


async def by_scope(steps: Steps, work: Work) -> None:
    with anyio.CancelScope() as scope:
        steps.strike = scope.cancel
        COUNTED.set(steps)
        async with anyio.create_task_group() as group:
            group.start_soon(work)


async def by_task(steps: Steps, work: Work) -> None:
    """As `asyncio.wait_for` and `asyncio.timeout` do, once, with nothing to shield from it."""
    COUNTED.set(steps)

    async def run() -> None:
        await work()

    task = asyncio.create_task(run())
    steps.strike = task.cancel
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


class Tries:
    """Runs the scenario again and again.

    Args:
        local: The AGB.
        source: A file to upload.
    """

    def __init__(self, local: LocalAGB, source: Path) -> None:
        self.local = local
        self.source = source
        source.write_bytes(bytes(1000))

    async def once(self, at: int, strike: Strike) -> Steps:
        """Strike at a point, and look what is left, through the same client."""
        steps, name = Steps(at), uuid.uuid4().hex
        async with AsyncAGB(
            self.local.api_key, endpoint=self.local.endpoint, default_image="code_latest"
        ) as agb:
            await strike(steps, lambda: scenario(agb, name, self.source))
            COUNTED.set(None)
            left = (await agb.list({"scenario": name})).raise_for_error()
            assert left.total_count == 0, f"struck at {at} of {steps.count}"
        return steps

    async def at_each(self, points: Sequence[int], strike: Strike) -> int:
        """Strike at each of some points, and tell at how many there was something to strike."""
        waiting = list(points)
        struck = 0

        async def work() -> None:
            nonlocal struck
            while waiting:
                steps = await self.once(waiting.pop(), strike)
                struck += steps.struck

        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(work)
        return struck


def spread(count: int) -> range:
    """Return points that are spread over so many, with some more than there may be."""
    return range(1, count + count // 10, max(1, count // POINTS))


def connections_to(local: LocalAGB) -> int:
    port = int(local.endpoint.rsplit(":", 1)[1])
    found = psutil.Process().net_connections("tcp")
    return len([each for each in found if getattr(each.raddr, "port", 0) == port])


def until_closed(local: LocalAGB) -> None:
    """Wait for threads that end by themselves, and let what nobody has be collected."""
    ends = time.monotonic() + 30
    while connections_to(local):
        assert time.monotonic() < ends, "a connection is left"
        gc.collect()
        time.sleep(0.05)


async def living_tasks() -> int:
    await anyio.lowlevel.checkpoint()
    if trio.lowlevel.in_trio_run():
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


async def sweep(local: LocalAGB, source: Path, strike: Strike) -> None:
    tries = Tries(local, source)
    tasks, connections = await living_tasks(), connections_to(local)
    with counting():
        points = spread((await tries.once(0, strike)).count)
        assert len(points) >= min(POINTS, 100)
        assert await tries.at_each(points, strike) >= len(points) / 2
    gc.collect()  # what was left open complains now
    assert await living_tasks() == tasks
    assert connections_to(local) == connections


async def test_cancelled_at_any_point_a_scope_leaves_nothing(
    local_agb: LocalAGB, tmp_path: Path
) -> None:
    await sweep(local_agb, tmp_path / "source", by_scope)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_at_any_point_a_task_of_asyncio_leaves_nothing(
    local_agb: LocalAGB, tmp_path: Path
) -> None:
    await sweep(local_agb, tmp_path / "source", by_task)


# A connection that was interrupted before anybody had it is left to the garbage collector. Its
# warning must not be recorded: the record would hold further connections, by its traceback.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_interrupted_at_any_point_a_block_leaves_nothing(
    local_agb: LocalAGB, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(1000))

    def strike(at: int) -> Steps:
        name = uuid.uuid4().hex
        with AGB(
            local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest"
        ) as agb:
            steps = Steps(0)
            try:
                with interrupted(at) as steps:
                    blocking_scenario(agb, name, source)
            except KeyboardInterrupt:
                assert steps.struck
            left = agb.list({"scenario": name}).raise_for_error()
            assert left.total_count == 0, f"struck at {at}"
        return steps

    points = spread(strike(0).count)
    assert sum(strike(at).struck for at in points) >= len(points) / 2
    until_closed(local_agb)
