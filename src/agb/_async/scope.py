"""A session as a block: there inside, gone afterwards."""

import logging
from types import TracebackType
from typing import TYPE_CHECKING

from agb._async.session import AsyncSession
from agb._concurrency import aio
from agb._session_reading import not_deleted
from agb.exceptions import AGBError, WrongProcessError
from agb.session_params import CreateSessionParams

if TYPE_CHECKING:
    from agb._async.client import AsyncAGB

_log = logging.getLogger("agb")

_DELETE_SECONDS = 30.0


class AsyncSessionScope:
    """Creates a session on entry and deletes it on exit, whatever happens inside.

    Cancellation and Ctrl-C do not break off the deletion, which may take some 30 s; they go on
    when it is done. When the session can't be deleted, the block raises a
    `SessionNotDeletedError`; if it was raising something else already, that gets a note, and a
    warning is logged.

    Made by `AsyncAGB.session`.
    """

    def __init__(self, agb: "AsyncAGB", params: CreateSessionParams) -> None:
        self._agb = agb
        self._params = params
        self._session: AsyncSession | None = None

    async def __aenter__(self) -> AsyncSession:
        created = (await self._agb.create(self._params)).raise_for_error()
        assert created.session is not None  # noqa: S101 - a create that did not fail has one
        self._session = created.session
        return created.session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        if not aio.can_wait():
            _log.warning(
                "session %s was not deleted: its event loop had ended before its block",
                session.session_id,
            )
            return
        try:
            deleted = await aio.shielded(
                lambda: session.delete(timeout=_DELETE_SECONDS), seconds=_DELETE_SECONDS + 5
            )
            deleted.raise_for_error()
        except WrongProcessError:  # a fork: the session is its parent's to delete
            if error is None:
                raise
        except (AGBError, TimeoutError) as failure:
            left = not_deleted(session.session_id, failure)
            if error is None:
                raise left from failure
            error.add_note(left.message)
            _log.warning("%s", left.message)
