# Generated from src/agb/_async/scope.py; edit that file, then `nox -s twin`.
"""A session as a block: there inside, gone afterwards."""

from types import TracebackType
from typing import TYPE_CHECKING

from agb._concurrency import threads
from agb._sync.session import Session
from agb.exceptions import AGBError
from agb.session_params import CreateSessionParams

if TYPE_CHECKING:
    from agb._sync.client import AGB

_DELETE_SECONDS = 30.0


class SessionScope:
    """Creates a session on entry and deletes it on exit, whatever happens inside.

    Made by `AGB.session`.
    """

    def __init__(self, agb: "AGB", params: CreateSessionParams) -> None:
        self._agb = agb
        self._params = params
        self._session: Session | None = None

    def __enter__(self) -> Session:
        created = self._agb.create(self._params).raise_for_error()
        assert created.session is not None  # noqa: S101 - a create that did not fail has one
        self._session = created.session
        return created.session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        try:
            deleted = threads.shielded(
                lambda: session.delete(timeout=_DELETE_SECONDS), seconds=_DELETE_SECONDS + 5
            )
            deleted.raise_for_error()
        except (AGBError, TimeoutError) as failure:
            if error is None:
                raise
            error.add_note(f"session {session.session_id} could not be deleted: {failure}")
