"""Creating a session: exactly one, all of it, or nothing of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from agb import _creating, results
from agb._async.labels import AsyncLabels
from agb._async.session import AsyncSession
from agb._concurrency import aio
from agb._creating import also_told, created_data, looks
from agb._deadline import Deadline, or_earlier, within
from agb._own_labels import REQUEST
from agb._session_reading import is_going
from agb._wire import endpoints, messages
from agb.exceptions import AGBError

if TYPE_CHECKING:
    from agb._async.client import AsyncAGB

F = TypeVar("F")

_log = logging.getLogger("agb")

_FINISH_SECONDS = 15.0
"""How long a cancelled create waits for the answer that names the session."""
_UNDO_SECONDS = 15.0
"""How long the delete of a session that nobody sees may take."""
_BEYOND = 5.0
"""For the delete to say how far it is."""


class AsyncCreation:
    """Creates one session; one that its caller never sees is deleted again.

    Each create carries a label of its own. When its answer is lost, the session is found by it.

    Args:
        agb: The client.
        request: What to create.
    """

    def __init__(self, agb: AsyncAGB, request: messages.CreateSessionRequest) -> None:
        self._agb = agb
        self._live = agb.live
        self._request = request
        self._label = request.labels[REQUEST]
        self._session_id: str | None = None
        self._certain = False
        self._abandoned = False

    async def run(self, deadline: Deadline) -> results.SessionResult[AsyncSession]:
        """Create it, and wait until its contexts are there.

        Raises:
            SessionLimitError: There is no place for it.
            APIError: The AGB says that there is none.
            ContextSyncError: A context does not come.
        """
        deadline = or_earlier(deadline)
        await self._live.enter(self._agb.transport, self._label, deadline)
        try:
            created = await aio.finished_or_undone(
                lambda: self._make(deadline), self._undo, seconds=_FINISH_SECONDS
            )
            if created.session is not None and self._request.persistence_data_list:
                await self._wait_for_contexts(created.session, deadline, created.request_id)
            return created
        finally:
            self._live.leave(self._label, self._session_id, certain=self._certain)

    async def _make(self, deadline: Deadline) -> results.SessionResult[AsyncSession]:
        try:
            answer = await self._agb.transport.call(endpoints.CREATE_SESSION, self._request)
            data = created_data(answer)
        except AGBError as error:
            pauses = looks(error)
            self._certain = not pauses
            found = await self._find(pauses, deadline)
            if found is not None:
                _log.info("session %s is adopted, though %s", self._session_id, error)
                return found
            if pauses:
                also_told(error, await self._leave_none(pauses, deadline))
            raise
        self._know(data.session_id)
        if self._abandoned:  # by a thread that was interrupted, and did not wait so long
            await self._give_up()
        session = AsyncSession.from_data(self._agb, data, self._request.image_id)
        return results.SessionResult(request_id=answer.request_id, session=session)

    async def _find(
        self, pauses: Sequence[float], deadline: Deadline
    ) -> results.SessionResult[AsyncSession] | None:
        """Look for the session and adopt it."""

        async def adopted() -> results.SessionResult[AsyncSession] | None:
            return await self._adopt() if await self._shows() else None

        return await self._look(adopted, pauses, deadline)

    async def _look(
        self, look: Callable[[], Awaitable[F]], pauses: Sequence[float], deadline: Deadline
    ) -> F | None:
        """Look for the session by its label, under which it may show late, until it is found."""
        for pause in pauses:
            await aio.sleep(min(pause, deadline.remaining()))
            try:
                if found := await look():
                    return found
            except AGBError as error:
                _log.debug("a session labelled %s is looked for: %s", self._label, error)
        return None

    async def _shows(self) -> bool:
        wanted = messages.ListSessionsRequest(labels={REQUEST: self._label})
        answer = await self._agb.transport.call(endpoints.LIST_SESSIONS, wanted)
        listed = [line.session_id for line in answer.data.data if line.session_id]
        ours = [each for each in listed if await self._is_ours(each)]
        for session_id in ours[1:]:  # a gateway has sent the request more than once
            await self._discard(session_id)
        if ours:
            self._know(ours[0])
        return bool(ours)

    async def _is_ours(self, session_id: str) -> bool:
        """Make sure: an AGB that does not know the filter would list others' sessions."""
        answer = await AsyncLabels(self._agb.transport, session_id).read()
        return answer.data.labels.get(REQUEST) == self._label

    async def _adopt(self) -> results.SessionResult[AsyncSession]:
        session_id = self._session_id or ""
        answer = await self._agb.transport.call(
            endpoints.GET_SESSION,
            messages.SessionRequest(session_id=session_id),
            session_id=session_id,
        )
        session = AsyncSession.from_data(self._agb, answer.data, self._request.image_id)
        return results.SessionResult(request_id=answer.request_id, session=session)

    def _know(self, session_id: str) -> None:
        self._session_id = session_id
        self._certain = True
        self._live.note(session_id)

    async def _wait_for_contexts(
        self, session: AsyncSession, deadline: Deadline, request_id: str
    ) -> None:
        from agb._context_reading import sync_failure  # noqa: PLC0415 - most sessions mount nothing

        try:
            failure = sync_failure(await session.context.wait(deadline), request_id)
        except BaseException as error:
            also_told(error, await self._give_up())
            raise
        if failure is not None:
            also_told(failure, await self._give_up())
            raise failure

    async def _undo(self, _: results.SessionResult[AsyncSession] | None) -> None:
        """Leave no session behind a cancelled create."""
        self._abandoned = True
        await self._find_and_give_up(() if self._certain else _creating.LATE)

    async def _leave_none(self, pauses: Sequence[float], deadline: Deadline) -> str:
        """Leave no session behind a create that failed, and say what may be left."""
        if self._session_id is None and deadline.is_over:  # it was not looked for long enough
            return await self._find_and_give_up(pauses)
        return await self._give_up()

    async def _find_and_give_up(self, pauses: Sequence[float]) -> str:
        """Look for the session, in a time of its own, delete it, and say what may be left."""
        try:
            return await aio.shielded(
                lambda: self._look_and_give_up(pauses), seconds=2 * _UNDO_SECONDS
            )
        except TimeoutError:
            told = f"cleaning up took too long: {self._doubt()}"
            _log.warning("%s", told)
            return told

    async def _look_and_give_up(self, pauses: Sequence[float]) -> str:
        deadline = Deadline(_UNDO_SECONDS)
        with within(deadline):
            await self._look(self._shows, pauses, deadline)
        return await self._give_up()

    async def _give_up(self) -> str:
        """Delete the session if it is known, and say what may be left."""
        session_id = self._session_id
        if session_id is None:
            told = "" if self._certain else self._doubt()
        else:
            told = await self._discard(session_id)
            self._session_id = session_id if told else None
        if told:
            _log.warning("%s", told)
        return told

    async def _discard(self, session_id: str) -> str:
        try:
            deleted = await aio.shielded(
                lambda: AsyncSession(self._agb, session_id).delete(timeout=_UNDO_SECONDS),
                seconds=_UNDO_SECONDS + _BEYOND,
            )
            if is_going(deleted.error):  # it needs nobody for the rest
                self._live.forget(session_id)
                return ""
            problem = deleted.error_message
        except TimeoutError:
            problem = f"it took longer than {_UNDO_SECONDS:g} s"
        return problem and f"session {session_id} could not be deleted: {problem}"

    def _doubt(self) -> str:
        if self._session_id is not None:
            return f"session {self._session_id} may be there still"
        return f"there may be a session labelled {REQUEST}={self._label}"
