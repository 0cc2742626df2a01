# Generated from src/agb/_async/contexts.py; edit that file, then `nox -s twin`.
"""Contexts of the account: stores that outlive sessions."""

from collections.abc import Iterator

from agb import _checks, _context_checks
from agb._concurrency import threads
from agb._context_reading import public_context
from agb._deadline import Deadline
from agb._sync.context_files import ContextFiles
from agb._sync.reported import reported
from agb._wire import context_endpoints as endpoints
from agb._wire.messages.contexts import (
    ContextRequest,
    GetContextRequest,
    ListContextsRequest,
    ModifyContextRequest,
)
from agb.exceptions import (
    ContextNotFoundError,
    InvalidParamsError,
    UnexpectedResponseError,
    WaitTimeoutError,
)
from agb.results import (
    ClearContextResult,
    Context,
    ContextListResult,
    ContextResult,
    OperationResult,
)


class ContextService(ContextFiles):
    """Contexts of the account. Reached as `agb.context`."""

    @reported
    def get(
        self,
        name: str | None = None,
        create: bool = False,
        login_region_id: str | None = None,
        *,
        context_id: str | None = None,
    ) -> ContextResult:
        """Get a context by its name or by its id.

        Args:
            name: Name of the context.
            create: Whether to make it when there is none of that name.
            login_region_id: Region of the context. Default: the account's.
            context_id: Identifier, in place of the name.

        Returns:
            The context as `context`. It failed with a `ContextNotFoundError` when there is
            none.
        """
        if (name is None) == (context_id is None):
            raise InvalidParamsError("give a name or a context_id")
        if create and context_id is not None:
            raise InvalidParamsError("a context is created by name: leave context_id out")
        request = GetContextRequest(
            id=None if context_id is None else _checks.trimmed("context_id", context_id),
            name=None if name is None else _checks.trimmed("name", name),
            login_region_id=login_region_id,
            allow_create=create,
        )
        answer = self._transport.call(endpoints.GET_CONTEXT, request)
        if not answer.data.id:
            raise UnexpectedResponseError(
                "the AGB answered with a context that has no id",
                request_id=answer.request_id,
                status_code=answer.http_status,
            )
        return ContextResult(request_id=answer.request_id, context=public_context(answer.data))

    def create(self, name: str) -> ContextResult:
        """Make a context, or get the one that has the name already.

        Args:
            name: Name of the context.
        """
        return self.get(name, create=True)

    @reported
    def list(self, limit: int = 10, *, next_token: str | None = None) -> ContextListResult:
        """List contexts, newest first, a page at a time.

        Args:
            limit: Contexts a page at most.
            next_token: Opens the page after the one that had it. Default: the first page.
        """
        size = _checks.at_least_one("limit", limit)
        request = ListContextsRequest(max_results=size, next_token=next_token or None)
        answer = self._transport.call(endpoints.LIST_CONTEXTS, request)
        page = answer.data
        return ContextListResult(
            request_id=answer.request_id,
            contexts=tuple(public_context(data) for data in page.data),
            next_token=page.next_token,
            max_results=size if page.max_results is None else page.max_results,
            total_count=page.total_count,
        )

    def iter(self, *, limit: int = 50) -> Iterator[Context]:
        """Iterate over the contexts of all pages, newest first.

        Args:
            limit: Contexts to ask for at a time.

        Raises:
            AGBError: A page can't be had.
        """
        token = ""
        while True:
            page = self.list(limit, next_token=token).raise_for_error()
            yield from page
            token = page.next_token
            if not token:
                return

    @reported
    def update(self, context: Context) -> OperationResult[str]:
        """Rename a context.

        Args:
            context: The context with its new name; `attrs.evolve(context, name=...)` makes one.

        Returns:
            Its id as `data`.
        """
        request = ModifyContextRequest(
            id=_context_checks.context_id(context),
            name=_checks.trimmed("context.name", context.name),
        )
        answer = self._transport.call(endpoints.MODIFY_CONTEXT, request)
        return OperationResult(request_id=answer.request_id, data=request.id)

    @reported
    def delete(self, context: Context | str) -> OperationResult[str]:
        """Delete a context with all its files.

        Args:
            context: The context, or its id.

        Returns:
            Its id as `data`.
        """
        request = ContextRequest(id=_context_checks.context_id(context))
        try:
            answer = self._transport.call(endpoints.DELETE_CONTEXT, request)
        except ContextNotFoundError as error:
            if error.attempts == 1:
                raise
            # An earlier attempt, whose answer was lost, has deleted it.
            return OperationResult(request_id=error.request_id, data=request.id)
        return OperationResult(request_id=answer.request_id, data=request.id)

    @reported
    def clear_async(self, context_id: str) -> ClearContextResult:
        """Begin to remove all files of a context, and do not wait. The context itself stays.

        Args:
            context_id: Identifier of the context.
        """
        identifier = _checks.non_blank("context_id", context_id)
        answer = self._transport.call(endpoints.CLEAR_CONTEXT, ContextRequest(id=identifier))
        return ClearContextResult(
            request_id=answer.request_id, status="clearing", context_id=identifier
        )

    @reported
    def get_clear_status(self, context_id: str) -> ClearContextResult:
        """Ask how far the removal of a context's files is.

        Args:
            context_id: Identifier of the context.

        Returns:
            `status`: `clearing`, or `available` when it is done.
        """
        identifier = _checks.non_blank("context_id", context_id)
        request = GetContextRequest(id=identifier)
        answer = self._transport.call(endpoints.GET_CONTEXT, request)
        return ClearContextResult(
            request_id=answer.request_id,
            status=answer.data.state or "clearing",
            context_id=identifier,
        )

    @reported
    def clear(
        self,
        context_id: str,
        timeout: float = 60.0,
    ) -> ClearContextResult:
        """Remove all files of a context and wait until they are gone. The context itself stays.

        Args:
            context_id: Identifier of the context.
            timeout: Seconds to wait.

        Returns:
            `status` `available`. It failed with a `WaitTimeoutError` when it is still going on.
        """
        deadline = Deadline(_checks.seconds("timeout", timeout))
        started = self.clear_async(context_id).raise_for_error()
        for pause in deadline.pauses():
            seen = self.get_clear_status(context_id).raise_for_error()
            if seen.status == "available":
                return ClearContextResult(
                    request_id=started.request_id, status=seen.status, context_id=context_id
                )
            threads.sleep(pause)
        raise WaitTimeoutError(
            f"context {context_id} is still being cleared after {deadline.seconds:g} s",
            request_id=started.request_id,
        )
