"""Waiting, with tasks: on asyncio and on trio. anyio is imported in this package only."""

import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import anyio

from agb._concurrency import late, own_task, place
from agb._concurrency.late import Event as Event  # noqa: PLC0414 - to be had here
from agb._concurrency.late import Lock as Lock  # noqa: PLC0414 - likewise
from agb._deadline import Deadline, without_deadline
from agb.exceptions import WrongLoopError, WrongProcessError

if TYPE_CHECKING:
    import ssl

    from anyio.abc import TaskGroup

A = TypeVar("A")
B = TypeVar("B")

_log = logging.getLogger("agb")


async def sleep(seconds: float) -> None:
    """Let others run for so long; anyio's would load all of it for that."""
    trio = place.trio_in_use()
    if trio is not None:
        await trio.sleep(seconds)
        return
    import asyncio  # noqa: PLC0415 - its loop has loaded it

    await asyncio.sleep(seconds)


class Mutex(nullcontext[None]):
    """Guards what is done without waiting: among tasks, nothing comes between anyway."""


class Home:
    """Where a client may be used: in the process and the event loop of its first use."""

    def __init__(self) -> None:
        self._process = -1
        self._loop: object = None

    @property
    def is_parents(self) -> bool:
        """Whether it lies in the process that this one was forked from."""
        return 0 <= self._process != place.process()

    def check(self) -> None:
        """Make sure that this is the place; it costs next to nothing.

        Raises:
            WrongProcessError: The client was used before a fork.
            WrongLoopError: The client was used in another event loop.
        """
        loop = place.event_loop()
        if self._process < 0:
            self._process, self._loop = place.process(), loop
        elif self.is_parents:
            raise WrongProcessError(
                "this client was used before this process was forked, and its connections belong "
                "to the parent: make a new AsyncAGB in the child"
            )
        elif self._loop is not loop:
            raise WrongLoopError(
                "this client was used in another event loop first, and its connections belong to "
                "that: make an AsyncAGB for each loop, or share one blocking AGB among threads"
            )


class AnyEvent(Protocol):
    """An event of ours, of anyio, asyncio or trio."""

    def set(self) -> object:
        """Let those who wait go on."""
        ...

    def is_set(self) -> bool:
        """Tell whether it has happened."""
        ...

    async def wait(self) -> object:
        """Wait until it happens."""
        ...


async def wait_for(event: AnyEvent, seconds: float) -> bool:
    """Wait for an event for so long at most, and tell whether it has happened."""
    await late.loaded()
    with anyio.move_on_after(seconds):
        await event.wait()
    return event.is_set()


class Watcher:
    """A watch that calls back. Nothing happens until `await run()`, in a task of the caller's own.

    Attributes:
        stop_event: Set it to end the watch.
        ready_event: Is set once no change is missed any more.
    """

    def __init__(
        self, watch: Callable[[AnyEvent, AnyEvent], Awaitable[None]], stop_event: AnyEvent | None
    ) -> None:
        self.stop_event: AnyEvent = stop_event or Event()
        self.ready_event: AnyEvent = Event()
        self._watch = watch

    async def run(self) -> None:
        """Watch until `stop_event` is set or the session has ended."""
        await self._watch(self.ready_event, self.stop_event)


async def in_time(func: Callable[[], Awaitable[A]], deadline: Deadline) -> A:
    """Do something, and break it off at a deadline.

    Raises:
        TimeoutError: The deadline was over.
    """
    await late.loaded()
    left = deadline.remaining()
    with anyio.fail_after(None if left == math.inf else left):
        return await func()


def can_wait() -> bool:
    """Tell whether there is a loop to wait in: a task that is left behind outlives its own."""
    try:
        anyio.get_current_task()
    except (RuntimeError, ImportError):  # the latter when Python is ending
        return False
    return True


class Stream(Protocol):
    """A bare connection. One task reads and one writes at a time.

    Time limits are in seconds; None is for as long as it takes. What takes longer raises a
    `TimeoutError`, and what breaks an `OSError`.
    """

    @property
    def is_readable(self) -> bool:
        """Whether something came that nobody has read, be it the end."""
        ...

    async def read(self, most: int, seconds: float | None) -> bytes:
        """Return what has come, as soon as there is something; nothing at the end."""
        ...

    async def write(self, data: bytes, seconds: float | None) -> None:
        """Send all of it."""
        ...

    async def start_tls(
        self, context: "ssl.SSLContext", host: str, seconds: float | None
    ) -> "Stream":
        """Encrypt it."""
        ...

    def hang_up(self) -> None:
        """End it both ways: who reads from it gets its end."""
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...


async def connect(host: str, port: int, seconds: float | None) -> Stream:
    """Open a connection, in the event loop that runs.

    Raises:
        TimeoutError: It took too long.
        OSError: There is none.
        UnicodeError: The name of the host can't be one.
    """
    if place.trio_in_use() is None:
        from agb._concurrency import asyncio_streams  # noqa: PLC0415 - its loop has loaded asyncio

        return await asyncio_streams.connect(host, port, seconds)
    from agb._concurrency import anyio_streams  # noqa: PLC0415 - few programs need it

    return await anyio_streams.connect(host, port, seconds)


def _shield() -> AbstractContextManager[object]:
    """Return what no scope of anyio's cancels."""
    return anyio.CancelScope(shield=True) if late.is_loaded() else nullcontext()


class Background:
    """Work that goes on beside whoever starts it: neither stops the other, nor fails it.

    It is a task that belongs to no scope, so a scope may end in another task than it began in.

    Args:
        work: What to do, until it returns or is stopped.
        name: What shows in lists of tasks.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        self._work = work
        self._task = own_task.start(self._run, name, Context())

    async def _run(self) -> None:
        try:
            await self._work()
        except Exception:  # noqa: BLE001 - a bug is told; it must not end the whole loop
            _log.exception("work in the background failed")

    async def stop(self, seconds: float) -> None:
        """Break it off, and wait for its end, for so long at most."""
        self._task.cancel()
        with _shield():
            await self._task.wait(seconds)


async def in_thread(func: Callable[[], A]) -> A:
    """Run a function that blocks without holding up the loop."""
    await late.loaded()
    import anyio.to_thread  # noqa: PLC0415 - it takes long, and few programs need it

    return await anyio.to_thread.run_sync(func, abandon_on_cancel=True)


async def in_whole_thread(func: Callable[[Callable[[], None]], A]) -> A:
    """Run a function that blocks, and wait until it has really ended, even when cancelled.

    It is given a function to call from time to time, which raises once the work is cancelled.
    """
    await late.loaded()
    import anyio.from_thread  # noqa: PLC0415 - likewise
    import anyio.to_thread  # noqa: PLC0415

    return await anyio.to_thread.run_sync(func, anyio.from_thread.check_cancelled)


async def shielded(func: Callable[[], Awaitable[A]], *, seconds: float) -> A:
    """Do something that cancellation must not stop, for so long at most.

    A scope that is cancelled does not stop it, nor does a task that is, as often as you like: it
    runs in a task of its own. Where that one is cancelled itself, as `asyncio.run` cancels all
    tasks at its end, it is begun again; so it must be something that may be done twice.

    It has that time whatever is left of the caller's.

    Raises:
        TimeoutError: The time ran out.
    """
    deadline = Deadline(seconds)

    async def unhurried() -> A:
        with without_deadline():
            return await func()

    cancelled: BaseException | None = None
    outcome = _Outcome[A]()
    while not outcome.is_there and not deadline.is_over:
        task = outcome.begin(unhurried, "agb: is not to be stopped")
        cancelled = await _end_of(task, deadline.remaining()) or cancelled
    if cancelled is not None:
        raise cancelled
    return outcome.take()


async def finished_or_undone(
    func: Callable[[], Awaitable[A]],
    undo: Callable[[A | None], Awaitable[object]],
    *,
    seconds: float,
) -> A:
    """Do something that must not be left half-done.

    Cancelled meanwhile, it is not broken off: it is finished, and then undone.

    Args:
        func: What to do.
        undo: Is given its result when it was cancelled meanwhile; None when it did not end in
            time. It has to shield itself.
        seconds: How long to wait for its end then.
    """
    outcome = _Outcome[A]()
    task = outcome.begin(func, "agb: finishes what it began")
    try:
        await task.wait()
        if not outcome.is_there:  # its task was cancelled, and this one was not
            raise own_task.cancellation()
    except own_task.cancellation():
        await _end_of(task, seconds)
        if not outcome.failures:
            await undo(outcome.results[0] if outcome.results else None)
        raise
    return outcome.take()


class _Outcome(Generic[A]):
    """What has come of something that is done in a task of its own."""

    def __init__(self) -> None:
        self.results: list[A] = []
        self.failures: list[Exception] = []

    @property
    def is_there(self) -> bool:
        return bool(self.results or self.failures)

    def begin(self, func: Callable[[], Awaitable[A]], name: str) -> own_task.OwnTask:
        async def work() -> None:
            try:
                self.results.append(await func())
            except Exception as error:  # noqa: BLE001 - raised where it is taken
                self.failures.append(error)

        return own_task.start(work, name, copy_context())

    def take(self) -> A:
        """Return the result, or raise what was raised; a `TimeoutError` where neither came."""
        if self.failures:
            raise self.failures[0]
        if not self.results:
            raise TimeoutError
        return self.results[0]


async def _end_of(task: own_task.OwnTask, seconds: float) -> BaseException | None:
    """Wait for the end of a task whatever cancels who waits; return what did.

    After so many seconds it is broken off.
    """
    deadline = Deadline(seconds)
    cancelled: BaseException | None = None
    while not task.is_over:
        if deadline.is_over:
            task.cancel()
        try:
            with _shield():
                await task.wait(None if deadline.is_over else deadline.remaining())
        except own_task.cancellation() as error:
            cancelled = error
    return cancelled


async def for_each(
    func: Callable[[A], Awaitable[object]], items: Iterable[A], *, limit: int
) -> None:
    """Do something with each item in the background, so many at once at most."""
    await map_parallel(func, items, limit=limit)


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
    if len(waiting) <= 1:  # no need for tasks
        return [await func(item) for _, item in waiting]
    results: dict[int, B] = {}
    failures: list[Exception] = []

    async def work(group: "TaskGroup") -> None:
        while waiting:
            index, item = waiting.pop()
            try:
                results[index] = await func(item)
            except Exception as error:  # noqa: BLE001 - raised below, as itself, not as a group
                failures.append(error)
                group.cancel_scope.cancel()
                return

    await late.loaded()
    async with anyio.create_task_group() as group:
        for _ in range(min(limit, len(waiting))):
            group.start_soon(work, group)
    if failures:
        raise failures[0]
    return [results[index] for index in sorted(results)]
