"""Where the time comes from; tests bring a clock that they can turn."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for it to pass."""

    def monotonic(self) -> float:
        """Seconds since some moment; never runs backwards."""
        raise NotImplementedError

    def now(self) -> datetime:
        """The time of day, in UTC."""
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        raise NotImplementedError


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        """Seconds since some moment; never runs backwards."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        await asyncio.sleep(seconds)
