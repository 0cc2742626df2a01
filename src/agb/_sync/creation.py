# Generated from src/agb/_async/creation.py; edit that file, then `nox -s twin`.
"""Creating a session: all of it, or nothing of it."""

import logging
from typing import TYPE_CHECKING

from agb._concurrency import threads
from agb._context_reading import sync_failure
from agb._creating import created_data
from agb._deadline import Deadline
from agb._sync.session import Session
from agb._wire import endpoints
from agb._wire.answers import Answer
from agb._wire.messages.sessions import CreateSessionData, CreateSessionRequest
from agb.results import SessionResult

if TYPE_CHECKING:
    from agb._sync.client import AGB

_log = logging.getLogger("agb")

_DELETE_SECONDS = 65.0
"""More than a delete takes by itself."""
_UNDO_SECONDS = 15.0
"""How long a cancelled create waits for the answer that names the session, and for its delete."""


class Creation:
    """Creates a session; one that its caller never sees is deleted again.

    Args:
        agb: The client.
    """

    def __init__(self, agb: "AGB") -> None:
        self._agb = agb

    def run(self, request: CreateSessionRequest, deadline: Deadline) -> SessionResult[Session]:
        """Create a session, and wait until its contexts are there.

        Raises:
            APIError: The AGB says that there is none.
            ContextSyncError: A context does not come.
        """
        answer = threads.finished_or_undone(
            lambda: self._agb.transport.call(endpoints.CREATE_SESSION, request),
            self._undo,
            seconds=_UNDO_SECONDS,
        )
        session = Session.from_data(self._agb, created_data(answer), request.image_id)
        if request.persistence_data_list:
            self._wait_for_contexts(session, deadline, answer.request_id)
        return SessionResult(request_id=answer.request_id, session=session)

    def _wait_for_contexts(self, session: Session, deadline: Deadline, request_id: str) -> None:
        complete = False
        try:
            failure = sync_failure(session.context.wait(deadline), request_id)
            complete = failure is None
            if failure is not None:
                raise failure
        finally:
            if not complete:
                self._discard(session)

    def _undo(self, answer: Answer[CreateSessionData]) -> None:
        if answer.data.session_id:
            self._discard(Session(self._agb, answer.data.session_id))

    def _discard(self, session: Session) -> None:
        """Delete a session; what can't be deleted is told."""
        try:
            deleted = threads.shielded(session.delete, seconds=_DELETE_SECONDS)
            problem = deleted.error_message
        except TimeoutError:
            problem = f"it took longer than {_DELETE_SECONDS:g} s"
        if problem:
            _log.warning("session %s could not be deleted: %s", session.session_id, problem)
