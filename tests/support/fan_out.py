"""What the examples use of `concurrent.futures`, under the same names, with tasks for threads."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import anyio


class Future:
    """What a task will return."""

    def __init__(self) -> None:
        self._value: list[object] = []
        self._told: list[Callable[[Future], None]] = []

    def result(self) -> object:
        """Return what the task returned."""
        return self._value[0]

    def set_result(self, value: object) -> None:
        self._value.append(value)
        for tell in self._told:
            tell(self)

    def add_done_callback(self, tell: Callable[["Future"], None]) -> None:
        if self._value:
            tell(self)
        self._told.append(tell)


class ThreadPoolExecutor:
    """Runs tasks, a few at a time, until its block ends."""

    def __init__(self, max_workers: int) -> None:
        self._limiter = anyio.CapacityLimiter(max_workers)
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._tasks.__aexit__(kind, error, traceback)

    def submit(self, func: Callable[..., Awaitable[object]], *arguments: Any) -> Future:
        future = Future()
        self._tasks.start_soon(self._run, future, func, arguments)
        return future

    async def _run(
        self, future: Future, func: Callable[..., Awaitable[object]], arguments: Sequence[Any]
    ) -> None:
        async with self._limiter:
            future.set_result(await func(*arguments))


async def as_completed(futures: Sequence[Future]) -> AsyncIterator[Future]:
    """Yield each future once its task has returned, the first one first."""
    send, receive = anyio.create_memory_object_stream[Future](len(futures))
    with send, receive:
        for future in futures:
            future.add_done_callback(send.send_nowait)
        for _ in futures:
            yield await receive.receive()
