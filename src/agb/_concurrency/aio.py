"""Waiting, with tasks: on asyncio and on trio. anyio is imported here only."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

A = TypeVar("A")
B = TypeVar("B")

Event = anyio.Event
Lock = anyio.Lock
sleep = anyio.sleep


class Mutex(nullcontext[None]):
    """Guards what is done without waiting: among tasks, nothing comes between anyway."""


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


async def finished_or_undone(
    func: Callable[[], Awaitable[A]], undo: Callable[[A], Awaitable[object]], *, seconds: float
) -> A:
    """Do something that must not be left half-done.

    Cancelled meanwhile, it is not broken off: it is finished, and then undone.

    Args:
        func: What to do.
        undo: Is given its result when it was cancelled meanwhile.
        seconds: How long each of the two may take then.
    """
    results: list[A] = []
    failures: list[Exception] = []
    ended = anyio.Event()
    shield = anyio.CancelScope(shield=True)

    async def work() -> None:
        try:
            with shield:
                results.append(await func())
        except Exception as error:  # noqa: BLE001 - raised below, as itself, not as a group
            failures.append(error)
        finally:
            ended.set()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(work)
            try:
                await ended.wait()
            finally:
                shield.deadline = anyio.current_time() + seconds
    except anyio.get_cancelled_exc_class():
        if results:
            with anyio.move_on_after(seconds, shield=True):
                await undo(results[0])
        raise
    if failures:
        raise failures[0]
    return results[0]


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
