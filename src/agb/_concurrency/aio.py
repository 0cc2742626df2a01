"""Waiting, with tasks: on asyncio and on trio. anyio is imported here only."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

A = TypeVar("A")
B = TypeVar("B")

sleep = anyio.sleep


async def in_thread(func: Callable[[], A]) -> A:
    """Run a function that blocks without holding up the loop."""
    return await anyio.to_thread.run_sync(func, abandon_on_cancel=True)


async def shielded(func: Callable[[], Awaitable[A]], *, seconds: float) -> A:
    """Do something that cancellation must not stop, for so long at most.

    Raises:
        TimeoutError: The time ran out.
    """
    with anyio.fail_after(seconds, shield=True):
        return await func()


async def map_parallel(
    func: Callable[[A], Awaitable[B]], items: Iterable[A], *, limit: int
) -> list[B]:
    """Do something with each item, so many at once at most.

    Returns:
        The results, in the order of the items.

    Raises:
        Exception: What the first one that failed raised; the others are cancelled.
    """
    waiting = list(enumerate(items))[::-1]
    results: dict[int, B] = {}
    failures: list[Exception] = []

    async def work(group: TaskGroup) -> None:
        while waiting:
            index, item = waiting.pop()
            try:
                results[index] = await func(item)
            except Exception as error:  # noqa: BLE001 - raised below, as itself, not as a group
                failures.append(error)
                group.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as group:
        for _ in range(min(limit, len(waiting))):
            group.start_soon(work, group)
    if failures:
        raise failures[0]
    return [results[index] for index in sorted(results)]
