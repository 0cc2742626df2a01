"""A session as a block: there inside, gone afterwards."""

from types import TracebackType
from typing import TYPE_CHECKING

from agb._async.session import AsyncSession
from agb._concurrency import aio
from agb.exceptions import AGBError
from agb.session_params import CreateSessionParams

if TYPE_CHECKING:
    from agb._async.client import AsyncAGB

_DELETE_SECONDS = 30.0


class AsyncSessionScope:
    """Creates a session on entry and deletes it on exit, whatever happens inside.

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
        try:
            deleted = await aio.shielded(
                lambda: session.delete(timeout=_DELETE_SECONDS), seconds=_DELETE_SECONDS + 5
            )
            deleted.raise_for_error()
        except (AGBError, TimeoutError) as failure:
            if error is None:
                raise
            error.add_note(f"session {session.session_id} could not be deleted: {failure}")
