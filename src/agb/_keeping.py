"""Pure: what is to be done for a session while its scope is open, and when."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from agb._wire import messages

LIFETIME = 1800.0
"""Seconds after which an AGB ends a session, unless it tells another number."""

_KEEP_ALIVE_EVERY = 60.0
"""Seconds; a fifth of the idle time of an AGB that is not told another."""
_NOTICE = 300.0
"""Seconds before the end of a session at which it is told of, at most a sixth of its life."""
_LONGEST_PAUSE = 3600.0

Duty = Literal["keep alive", "renew", "tell of the end"]


def expiry(data: messages.SessionData, *, created: bool) -> datetime | None:
    """Return when a session ends at the latest; None where that is not known, or never.

    Args:
        data: What an AGB told of it.
        created: Whether it was created just now.
    """
    seconds = data.expires_in
    if seconds is None:
        seconds = LIFETIME if created else -1
    return None if seconds < 0 else datetime.now(UTC) + timedelta(seconds=seconds)


class Duties:
    """What is to be done for one session.

    Args:
        keep_alive: Whether its idle time is to be started anew.
        idle: Seconds of idle time after which its AGB releases it; None for the AGB's own choice.
        lease: Seconds that its lease lasts; None for none.
        expires_at: When it ends at the latest; None where that is not known.
        clock: Returns seconds.
    """

    def __init__(
        self,
        *,
        keep_alive: bool,
        idle: float | None = None,
        lease: float | None = None,
        expires_at: datetime | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._every: dict[Duty, float] = {}
        if keep_alive:
            self._every["keep alive"] = _KEEP_ALIVE_EVERY if idle is None else idle / 3
        if lease is not None:
            self._every["renew"] = lease / 3
        now = clock()
        self._due: dict[Duty, float] = {
            duty: now + seconds for duty, seconds in self._every.items()
        }
        if keep_alive and expires_at is not None:
            left = (expires_at - datetime.now(UTC)).total_seconds()
            self._due["tell of the end"] = now + left - min(_NOTICE, left / 6)

    @property
    def are_over(self) -> bool:
        """Whether nothing is to be done any more."""
        return not self._due

    def due(self) -> list[Duty]:
        """Return what is to be done now."""
        now = self._clock()
        found = list(self._due.items())
        return [duty for duty, at in found if at <= now]

    def pause(self) -> float:
        """Return the seconds until something is to be done, not too many."""
        first = min(list(self._due.values()), default=math.inf)
        return min(max(0.0, first - self._clock()), _LONGEST_PAUSE)

    def done(self, duty: Duty) -> None:
        """Have a duty done again in its time, if ever."""
        self._next(duty, self._every.get(duty))

    def failed(self, duty: Duty) -> None:
        """Have a duty tried again soon."""
        self._next(duty, self._every.get(duty, 0.0) / 5)

    def _next(self, duty: Duty, seconds: float | None) -> None:
        if duty in self._due:
            self._due[duty] = math.inf if seconds is None else self._clock() + seconds

    def end(self) -> None:
        """Have nothing done any more."""
        self._due = {}
