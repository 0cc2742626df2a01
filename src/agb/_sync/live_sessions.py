# Generated from src/agb/_async/live_sessions.py; edit that file, then `nox -s twin`.
"""The sessions of a client that are there: no more than it was asked for, and none forgotten."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from agb._concurrency import threads
from agb._deadline import Deadline
from agb._roster import Roster
from agb._session_reading import is_gone, is_over
from agb._sync.places import Places
from agb._wire import endpoints, messages
from agb.exceptions import AGBError, SessionLimitError

if TYPE_CHECKING:
    from agb._sync.transport import Transport

_LOOKS_AT_ONCE = 8


class LiveSessions:
    """What a client, and those with other options on its connections, have created.

    Args:
        most: So many sessions may be there at once. None for any number.
        roster: What is to be cleaned up when the program ends. None for nothing.
    """

    def __init__(self, most: int | None, roster: Roster | None) -> None:
        self._places = None if most is None else Places(most)
        self._placed: set[str] = set()
        self._looking = False
        self.roster = roster

    def enter(self, transport: Transport, request: str, deadline: Deadline) -> None:
        """Let a create begin, once there is a place for its session.

        Args:
            transport: What to ask through whether sessions are still there.
            request: Label of the create.
            deadline: When to give up.

        Raises:
            SessionLimitError: There was no place in time.
        """
        if self._places is not None and not self._places.take(
            deadline, lambda: self._look(transport)
        ):
            raise SessionLimitError(
                f"this client may have {self._places.count} sessions at once, and none of them "
                f"ended within {deadline.seconds:g} s: delete one, or raise max_sessions"
            )
        if self.roster is not None:
            self.roster.requests.add(request)

    def note(self, session_id: str) -> None:
        """Remember a session as soon as its id is known."""
        if self.roster is not None:
            self.roster.session_ids.add(session_id)

    def leave(self, request: str, session_id: str | None, *, certain: bool = True) -> None:
        """Let a create end.

        Args:
            request: Label of the create.
            session_id: The session that it leaves; None when it leaves none.
            certain: Whether that is known.
        """
        if self.roster is not None and certain:
            self.roster.requests.discard(request)
        if self._places is None:
            return
        if session_id is None:
            self._places.give_back()
        else:
            self._placed.add(session_id)

    def forget(self, session_id: str) -> None:
        """Count a session as gone."""
        if self.roster is not None:
            self.roster.session_ids.discard(session_id)
        if self._places is not None:
            with suppress(KeyError):  # of two threads that see its end, one gives its place back
                self._placed.remove(session_id)
                self._places.give_back()

    def _look(self, transport: Transport) -> None:
        """Forget sessions that the AGB has released by itself; one look serves all who wait."""
        if self._looking:
            return
        self._looking = True
        try:
            threads.map_parallel(
                lambda session_id: self._look_at(transport, session_id),
                list(self._placed),
                limit=_LOOKS_AT_ONCE,
            )
        finally:
            self._looking = False

    def _look_at(self, transport: Transport, session_id: str) -> None:
        request = messages.SessionRequest(session_id=session_id)
        try:
            seen = transport.call(endpoints.GET_SESSION_INFO, request, session_id=session_id)
            gone = is_over(seen.data.status)
        except AGBError as error:
            gone = is_gone(error)
        if gone:
            self.forget(session_id)
