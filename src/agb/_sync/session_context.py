# Generated from src/agb/_async/session_context.py; edit that file, then `nox -s twin`.
"""Contexts that a session has mounted: how far they are, and synchronising them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agb import _checks
from agb._concurrency import threads
from agb._context_reading import all_over, public_statuses, still_going, sync_failure, tasks
from agb._deadline import Deadline, or_earlier, within
from agb._session_reading import is_gone
from agb._sync.reported import reported
from agb._wire import context_endpoints as endpoints
from agb._wire.messages.contexts import ContextInfoRequest, SyncContextRequest
from agb.exceptions import InvalidParamsError
from agb.results import ContextInfoResult, ContextStatusData, ContextSyncResult

if TYPE_CHECKING:
    from agb._sync.session import BaseSession


class SessionContext:
    """Contexts that a session has mounted. Reached as `session.context`."""

    def __init__(self, session: "BaseSession") -> None:
        self._session = session

    @reported
    def info(
        self,
        context_id: str | None = None,
        path: str | None = None,
        task_type: str | None = None,
    ) -> ContextInfoResult:
        """Ask how far the synchronisation of the mounts is.

        Args:
            context_id: Only this context. Default: all of them.
            path: Only this path. Default: all of them.
            task_type: Only `"download"` (into the session) or `"upload"`. Default: both.
        """
        request = ContextInfoRequest(
            session_id=self._session.session_id,
            context_id=context_id,
            path=path,
            task_type=task_type,
        )
        answer = self._session.transport.call(
            endpoints.GET_CONTEXT_INFO, request, session_id=self._session.session_id
        )
        return ContextInfoResult(
            request_id=answer.request_id, context_status_data=public_statuses(answer)
        )

    @reported
    def sync(
        self,
        context_id: str | None = None,
        path: str | None = None,
        mode: str | None = None,
        callback: Callable[[bool], object] | None = None,
        *,
        timeout: float = 300.0,
    ) -> ContextSyncResult:
        """Synchronise mounts now, and wait until that is done.

        Args:
            context_id: Only this context, mounted at `path`. Default: all mounts.
            path: Where it is mounted; goes with `context_id`.
            mode: `"upload"` (into the context) or `"download"` (into the session). Default: what
                the AGB does unless told, which for the local AGB is `"upload"`.
            callback: Is told at the end whether all went well.
            timeout: Seconds to wait.

        Returns:
            What was synchronised as `items`. It failed with a `ContextSyncError` that names
            context, path and cause, or with a `WaitTimeoutError`.
        """
        result = self._sync(context_id, path, mode, Deadline(timeout))
        if callback is not None:
            callback(result.success)
        return result

    @reported
    def _sync(
        self, context_id: str | None, path: str | None, mode: str | None, deadline: Deadline
    ) -> ContextSyncResult:
        if (context_id is None) != (path is None):
            raise InvalidParamsError("context_id and path go together: give both or neither")
        if mode not in {None, "upload", "download"}:
            raise InvalidParamsError(f'mode must be "upload" or "download", not {mode!r}')
        _checks.seconds("timeout", deadline.seconds)
        request = SyncContextRequest(
            session_id=self._session.session_id, context_id=context_id, path=path, mode=mode
        )
        with within(deadline):
            answer = self._session.transport.call(
                endpoints.SYNC_CONTEXT, request, session_id=self._session.session_id
            )
            items = self.wait(deadline, context_id, path, mode)
        return ContextSyncResult(
            request_id=answer.request_id,
            error=sync_failure(items, answer.request_id),
            items=items,
        )

    def wait(
        self,
        deadline: Deadline,
        context_id: str | None = None,
        path: str | None = None,
        mode: str | None = None,
        *,
        listed: bool = False,
    ) -> tuple[ContextStatusData, ...]:
        """Wait until every task has ended, well or not, and return them.

        An AGB that can't tell is asked again: not knowing is not being done.

        Args:
            deadline: Until when.
            context_id: Only tasks of this context.
            path: Only tasks of this path.
            mode: Only tasks in this direction.
            listed: Whether there surely is a task, which may not be listed at once.

        Raises:
            WaitTimeoutError: Some are still going on, or could not be asked about.
            SessionNotFoundError: The session is gone.
        """
        deadline = or_earlier(deadline)
        seen: ContextInfoResult | None = None
        for pause in deadline.pauses():
            with within(deadline):
                now = self.info(context_id, path)
            if is_gone(now.error):
                now.raise_for_error()
            if now.error is not None and deadline.is_over and seen is not None:
                break  # it had no time to answer: what it said before is what is known
            seen = now
            found = tasks(seen.context_status_data, context_id, path, mode)
            if seen.success and (found or not listed) and all_over(found):
                return found
            threads.sleep(pause)
        raise still_going(seen or ContextInfoResult(), deadline.seconds)
