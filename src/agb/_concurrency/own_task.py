"""Tasks that belong to the loop alone, and not to who starts them: on asyncio and on trio.

A cancellation of the one does not reach the other. anyio's task groups would do for most of it, but
a group for one task takes four kilobytes, and what they need takes ten milliseconds to load.
"""

from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Protocol

from agb._concurrency import place

Work = Callable[[], Coroutine[Any, Any, None]]


class OwnTask(Protocol):
    """A task. Who starts it keeps it until it has ended: asyncio itself does not."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        ...

    def cancel(self) -> None:
        """Break it off, at what it waits for."""
        ...

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, for so long at most, and tell whether it came."""
        ...


def start(work: Work, name: str, context: Context) -> OwnTask:
    """Run a function in a task; it must not raise.

    Args:
        work: The function.
        name: What shows in lists of tasks.
        context: The variables that it sees.
    """
    trio = place.trio_in_use()
    return (
        _AsyncioTask(work, name, context) if trio is None else _TrioTask(trio, work, name, context)
    )


def cancellation() -> type[BaseException]:
    """Return what a task that is cancelled raises, in the loop that runs."""
    trio = place.trio_in_use()
    if trio is not None:
        kind: type[BaseException] = trio.Cancelled
        return kind
    import asyncio  # noqa: PLC0415 - its loop has loaded it

    return asyncio.CancelledError


class _AsyncioTask:
    def __init__(self, work: Work, name: str, context: Context) -> None:
        import asyncio  # noqa: PLC0415 - likewise

        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(work(), name=name, context=context)

    @property
    def is_over(self) -> bool:
        return self._task.done()

    def cancel(self) -> None:
        self._task.cancel()

    async def wait(self, seconds: float | None = None) -> bool:
        if not self._task.done():
            woken = self._loop.create_future()

            def wake(_: object = None) -> None:
                if not woken.done():
                    woken.set_result(None)

            timer = None if seconds is None else self._loop.call_later(seconds, wake)
            self._task.add_done_callback(wake)
            try:
                await woken
            finally:
                self._task.remove_done_callback(wake)
                if timer is not None:
                    timer.cancel()
        return self._task.done()


class _TrioTask:
    def __init__(self, trio: Any, work: Work, name: str, context: Context) -> None:
        self._trio = trio
        self._work = work
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        trio.lowlevel.spawn_system_task(self._run, name=name, context=context)

    async def _run(self) -> None:
        try:
            with self._scope:
                await self._work()
        finally:
            self._ended.set()

    @property
    def is_over(self) -> bool:
        return bool(self._ended.is_set())

    def cancel(self) -> None:
        self._scope.cancel()

    async def wait(self, seconds: float | None = None) -> bool:
        with self._trio.CancelScope(deadline=self._deadline(seconds)):
            await self._ended.wait()
        return self.is_over

    def _deadline(self, seconds: float | None) -> float:
        return float("inf") if seconds is None else float(self._trio.current_time() + seconds)
