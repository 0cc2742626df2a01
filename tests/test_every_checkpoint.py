"""Cancelled at any point at which it waits, a whole scenario leaves nothing behind.

The tests strike at points that are spread over the scenario; `nox -s faults` strikes at each.
"""

import asyncio
import gc
import os
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from support.leftovers import everything
from support.local import LocalAGB
from support.raw_server import Peer, RawServer
from support.scenarios import BLOCKING, LIMITS, SCENARIOS, Scenario, Try
from support.steps import COUNTED, Steps, counting, interrupted
from support.trust import certified, trusting

from agb import AGB, AsyncAGB

ALL = bool(os.environ.get("AGB_TEST_FAULTS"))
POINTS = 10_000 if ALL else 6
AT_ONCE = 4

Work = Callable[[], Coroutine[Any, Any, None]]
Strike = Callable[[Steps, Work], Awaitable[None]]


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
    """Runs a scenario again and again.

    Args:
        local: The AGB.
        scenario: What to do.
        source: A file of this machine.
    """

    def __init__(self, local: LocalAGB, scenario: Scenario, source: Path) -> None:
        self.local = local
        self.scenario = scenario
        self.source = source
        source.write_bytes(bytes(1000))

    async def once(self, at: int, strike: Strike) -> Steps:
        """Strike at a point, and look what is left, through the same client."""
        steps, this = Steps(at), Try(uuid.uuid4().hex, self.source)
        async with AsyncAGB(
            self.local.api_key, endpoint=self.local.endpoint, **LIMITS.get(self.scenario, {})
        ) as agb:
            await strike(steps, lambda: self.scenario(agb, this))
            COUNTED.set(None)
            left = (await agb.list({"scenario": this.name})).raise_for_error()
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


async def rests(before: Counter[str]) -> None:
    """Wait until there is no more in this process than before: threads end by themselves."""
    gc.collect()  # what was left open complains now
    with anyio.move_on_after(30):
        while everything() - before:  # noqa: ASYNC110 - of other threads
            await anyio.sleep(0.01)
    assert not everything() - before


async def sweep(tries: Tries, strike: Strike) -> None:
    before = everything()
    with counting():
        points = spread((await tries.once(0, strike)).count)
        assert len(points) >= min(POINTS, 20)
        assert await tries.at_each(points, strike) >= len(points) / 2
    await rests(before)
    parts = [each for each in tries.source.parent.iterdir() if each.suffix == ".part"]
    assert not parts, "a file is left that nobody asked for"


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_cancelled_at_any_point_a_scope_leaves_nothing(
    local_agb: LocalAGB, tmp_path: Path, scenario: Scenario
) -> None:
    await sweep(Tries(local_agb, scenario, tmp_path / "source"), by_scope)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_cancelled_at_any_point_a_task_of_asyncio_leaves_nothing(
    local_agb: LocalAGB, tmp_path: Path, scenario: Scenario
) -> None:
    await sweep(Tries(local_agb, scenario, tmp_path / "source"), by_task)


async def test_cancelled_at_any_point_of_a_handshake_or_a_large_body_no_socket_is_left() -> None:
    authority = trustme.CA()
    trusted = trusting(authority)

    async def once(at: int) -> Steps:
        steps = Steps(at)
        async with AsyncAGB("key", endpoint=server.url, verify=trusted, max_retries=0) as agb:

            async def work() -> None:
                await agb.client.request("POST", "/large", body={"text": "x" * 1_000_000})

            await by_scope(steps, work)
        return steps

    before = everything()
    with RawServer(Peer.serve, tls=certified(authority)) as server:
        with counting():
            count = (await once(0)).count
            assert count >= 5
            for at in range(1, count + 1):
                await once(at)
        with anyio.move_on_after(30):
            while server.open:  # noqa: ASYNC110 - in other threads
                await anyio.sleep(0.01)
        assert not server.open
    await rests(before)


# A connection that was interrupted before anybody had it is left to the garbage collector. Its
# warning must not be recorded: the record would hold further connections, by its traceback.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("scenario", BLOCKING)
def test_interrupted_at_any_point_a_block_leaves_nothing(
    local_agb: LocalAGB, tmp_path: Path, scenario: Callable[[AGB, Try], None]
) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(1000))

    def strike(at: int) -> Steps:
        this = Try(uuid.uuid4().hex, source)
        with AGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
            steps = Steps(0)
            try:
                with interrupted(at) as steps:
                    scenario(agb, this)
            except KeyboardInterrupt:
                assert steps.struck
            left = agb.list({"scenario": this.name}).raise_for_error()
            assert left.total_count == 0, f"struck at {at}"
        return steps

    before = everything()
    points = spread(strike(0).count)
    assert sum(strike(at).struck for at in points) >= len(points) / 2
    ends = time.monotonic() + 30
    while everything() - before:  # of threads that end by themselves
        assert time.monotonic() < ends, everything() - before
        gc.collect()  # what nobody has
        time.sleep(0.05)
