# Generated from src/agb/_async/scope.py; edit that file, then `nox -s twin`.
"""A session as a block: there inside, gone afterwards."""

import logging
from types import TracebackType
from typing import TYPE_CHECKING

from agb._concurrency import threads
from agb._creating import create_request
from agb._deadline import Deadline
from agb._keeping import Duties
from agb._session_reading import is_going, not_deleted
from agb._sync.creation import Creation
from agb._sync.keeping import Kept
from agb._sync.session import Session
from agb.exceptions import AGBError, WrongProcessError
from agb.session_params import CreateSessionParams

if TYPE_CHECKING:
    from agb._sync.client import AGB

_log = logging.getLogger("agb")

_CREATE_SECONDS = 300.0
_DELETE_SECONDS = 30.0


class SessionScope:
    """Creates a session on entry and deletes it on exit, whatever happens inside.

    Cancellation and Ctrl-C do not break off the deletion, which may take some 30 s; they go on
    when it is done. When the session can't be deleted, the block raises a
    `SessionNotDeletedError`; if it was raising something else already, that gets a note, and a
    warning is logged. An AGB that has begun with the deletion may take longer than that: it needs
    nobody for the rest, so that is only logged, unless files are still to be brought back to
    contexts.

    Made by `AGB.session`.
    """

    def __init__(
        self, agb: "AGB", params: CreateSessionParams, *, keep_alive: bool, lease: float | None
    ) -> None:
        self._agb = agb
        self._params = params
        self._keep_alive = keep_alive
        self._lease = lease
        self._session: Session | None = None

    def __enter__(self) -> Session:
        labels = {} if self._lease is None else _lease_labels(self._lease)
        request = create_request(self._params, self._agb.config.default_image, labels)
        created = Creation(self._agb, request).run(Deadline(_CREATE_SECONDS))
        assert created.session is not None  # noqa: S101 - a create that did not fail has one
        self._session = created.session
        duties = Duties(
            keep_alive=self._keep_alive,
            idle=self._params.idle_release_timeout,
            lease=self._lease,
            expires_at=created.session.expires_at,
        )
        labels_of = created.session._labels  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - one handle, so that changes follow each other
        try:
            self._agb.keeper.keep(Kept(created.session, labels_of, duties, self._lease))
        except BaseException as error:  # a block that was not entered is not left, either
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return created.session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._leave(error)
        except BaseException as interrupt:
            if self._session is not None:  # Ctrl-C came just before nothing stops its end any more
                self._leave(interrupt)
            raise

    def _leave(self, error: BaseException | None) -> None:
        session = self._session
        if session is None:
            return
        if not threads.can_wait():
            self._session = None
            _log.warning(
                "session %s was not deleted: its event loop had ended before its block",
                session.session_id,
            )
            return
        try:
            threads.shielded(lambda: self._end(session), seconds=_DELETE_SECONDS + 15)
        except WrongProcessError:  # a fork: the session is its parent's to delete
            if error is None:
                raise
        except (AGBError, TimeoutError) as failure:
            left = not_deleted(session.session_id, failure)
            if error is None:
                raise left from failure
            error.add_note(left.message)
            _log.warning("%s", left.message)

    def _end(self, session: Session) -> None:
        self._session = None
        self._agb.keeper.release(session.session_id)
        deleted = session.delete(timeout=_DELETE_SECONDS)
        if is_going(deleted.error) and not self._params.all_context_syncs():
            self._agb.live.forget(session.session_id)
            _log.warning("%s; it goes by itself", deleted.error_message)
        else:
            deleted.raise_for_error()


def _lease_labels(seconds: float) -> dict[str, str]:
    from agb._lease import lease_labels  # noqa: PLC0415 - few sessions have one

    return lease_labels(seconds)
