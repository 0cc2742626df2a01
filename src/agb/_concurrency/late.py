"""anyio's event and lock, made when somebody waits: what they need is not loaded before."""

from types import TracebackType

import anyio


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
