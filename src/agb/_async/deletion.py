"""Deleting a session, and what may stand in the way of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agb import results
from agb._async.session_streams import AsyncStreams
from agb._async.transport import AsyncTransport
from agb._concurrency import aio
from agb._deadline import Deadline, or_earlier
from agb._session_reading import DELETING, is_gone, is_over
from agb._wire import endpoints, messages
from agb.exceptions import (
    APIError,
    AuthenticationError,
    ContextSyncError,
    PermissionDeniedError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from agb._async.session import AsyncBaseSession

_DELETED = "the session was deleted"


class AsyncDeletion:
    """Deletes a session.

    Args:
        session: The session.
        streams: Its streams, which end with it.
    """

    def __init__(self, session: AsyncBaseSession, streams: AsyncStreams) -> None:
        self._session = session
        self._streams = streams

    async def run(self, seconds: float, *, sync_context: bool, wait: bool) -> results.DeleteResult:
        """Delete it; see `AsyncBaseSession.delete`.

        Raises:
            ContextSyncError: A context could not be brought up to date.
            WaitTimeoutError: It is still going.
            APIError: The AGB does not let it go.
        """
        session_id = self._session.session_id
        if sync_context:
            synced = await self._session.context.sync(mode="upload", timeout=seconds)
            if not is_gone(synced.error):
                synced.raise_for_error()
        deadline = or_earlier(Deadline(seconds))
        try:
            answer = await self._persistent().call(
                endpoints.RELEASE_SESSION_ASYNC,
                messages.SessionRequest(session_id=session_id),
                session_id=session_id,
            )
        except APIError as error:
            if is_gone(error):
                self._session.agb.live.forget(session_id)
                await self._streams.aclose(_DELETED)
                return results.DeleteResult(request_id=error.request_id)
            raise
        await self._streams.aclose(_DELETED)
        if wait:
            await self._wait_until_gone(deadline, answer.request_id)
        self._session.agb.live.forget(session_id)
        return results.DeleteResult(request_id=answer.request_id)

    def _persistent(self) -> AsyncTransport:
        """Send again more often than others: what is not deleted goes on, and costs."""
        usual = self._session.transport
        return AsyncTransport(
            usual.connections, usual.config.with_options(max_retries=2 * usual.config.max_retries)
        )

    async def _wait_until_gone(self, deadline: Deadline, request_id: str) -> None:
        status = problem = ""
        for pause in deadline.pauses():
            seen = await self._session.get_status()
            if is_over(seen.status) or is_gone(seen.error):
                return
            if isinstance(seen.error, (AuthenticationError, PermissionDeniedError)):
                raise seen.error
            if status == DELETING and seen.status == "RUNNING":
                raise await self._why_kept(request_id)
            if seen.error is not None and deadline.is_over:
                break  # it had no time to answer: what it said before is what is known
            status, problem = seen.status or status, seen.error_message
            await aio.sleep(pause)
        if problem:
            last = f"its status can't be had: {problem}"
        else:
            last = f"its status is {status}" if status else "it has not told its status"
        raise WaitTimeoutError(
            f"session {self._session.session_id} was asked to end; after {deadline.seconds:g} s "
            f"{last}",
            request_id=request_id,
            status=status,
        )

    async def _why_kept(self, request_id: str) -> ContextSyncError:
        """Ask why an AGB that had begun to release the session let it live after all."""
        from agb._context_reading import sync_failure  # noqa: PLC0415 - most sessions mount nothing

        told = (await self._session.context.info(task_type="upload")).raise_for_error()
        kept = f"session {self._session.session_id} is kept: its release was given up"
        return sync_failure(told.context_status_data, request_id) or ContextSyncError(
            kept, request_id=request_id
        )
