"""What anyio needs on asyncio, loaded late; its event and its lock, made when somebody waits.

It takes ten milliseconds and more to load: too much for a program that wants one result, and for a
loop that is held up meanwhile.
"""

import sys
from importlib import import_module
from types import TracebackType

import anyio

from agb._concurrency import place

_BACKEND = "anyio._backends._asyncio"


def is_loaded() -> bool:
    """Tell whether it is all there; if not, nobody can have used any of anyio's scopes."""
    return place.trio_in_use() is not None or hasattr(sys.modules.get(_BACKEND), "backend_class")


async def loaded() -> None:
    """Have it all loaded, by a thread: whoever needs anyio awaits this first."""
    if is_loaded():
        return
    import asyncio  # noqa: PLC0415 - its loop has loaded it

    loop = asyncio.get_running_loop()
    try:
        loading = loop.run_in_executor(None, import_module, _BACKEND)
    except RuntimeError:  # there are no more threads when Python ends: it is loaded by its use
        return
    await loading


class Event:
    """Something that happens once."""

    __slots__ = ("_event", "_has_happened")

    def __init__(self) -> None:
        self._event: anyio.Event | None = None
        self._has_happened = False

    def set(self) -> None:
        """Let those who wait go on."""
        self._has_happened = True
        if self._event is not None:
            self._event.set()

    def is_set(self) -> bool:
        """Tell whether it has happened."""
        return self._has_happened

    async def wait(self) -> None:
        """Wait until it happens."""
        await loaded()
        if self._event is None:
            self._event = anyio.Event()
            if self._has_happened:
                self._event.set()
        await self._event.wait()


class Lock:
    """What one task has at a time; those who wait get it in turn."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock: anyio.Lock | None = None

    async def __aenter__(self) -> None:
        await loaded()
        if self._lock is None:
            self._lock = anyio.Lock()
        await self._lock.acquire()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()
