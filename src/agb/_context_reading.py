"""Pure: from what an AGB tells about contexts to the values that users see."""

from collections.abc import Sequence

from agb._wire.answers import Answer
from agb._wire.codec import Misread
from agb._wire.messages.contexts import (
    ContextData,
    ContextFileLine,
    ContextInfoData,
    ContextStatusLine,
)
from agb.exceptions import (
    ContextSyncError,
    InvalidRequestError,
    UnexpectedResponseError,
    WaitTimeoutError,
)
from agb.results import Context, ContextFileEntry, ContextInfoResult, ContextStatusData

FOLDER = "folder"
"""File type of a folder in a listing of a context's files."""
LINK = "link"
"""File type of a symbolic link in one."""

_DONE = frozenset({"success", "successful", "ok", "finished", "done", "completed", "complete"})
_OVER = _DONE | {"failed"}
_TASKS = frozenset({"download", "upload"})


def public_context(data: ContextData) -> Context:
    """Return what users see of a context."""
    return Context(data.id, data.name, data.create_time, data.last_used_time, data.state)


def public_file(line: ContextFileLine) -> ContextFileEntry:
    """Return what users see of a file of a context."""
    return ContextFileEntry(
        file_name=line.file_name,
        file_path=line.file_path,
        file_id=line.file_id,
        file_type=line.file_type,
        size=line.size,
        status=line.status,
        gmt_create=line.gmt_create,
        gmt_modified=line.gmt_modified,
    )


def is_no_file(error: InvalidRequestError) -> bool:
    """Tell whether an AGB says that a context has no such file."""
    return "notfound" in error.code.replace("_", "").lower()


def public_statuses(answer: Answer[ContextInfoData]) -> tuple[ContextStatusData, ...]:
    """Return what users see of the synchronisation of a session's mounts.

    Raises:
        UnexpectedResponseError: The AGB does not tell it as AGBs do.
    """
    try:
        lines = [line for group in answer.data.context_status for line in group.lines()]
    except Misread as misread:
        raise UnexpectedResponseError(
            f"a context status is not what it promises: {misread}",
            request_id=answer.request_id,
            status_code=answer.http_status,
        ) from None
    return tuple(_public_status(line) for line in lines)


def _public_status(line: ContextStatusLine) -> ContextStatusData:
    return ContextStatusData(
        context_id=line.context_id,
        path=line.path,
        status=line.status,
        task_type=line.task_type,
        start_time=line.start_time,
        finish_time=line.finish_time,
        error_message=line.error_message,
    )


def tasks(
    items: Sequence[ContextStatusData],
    context_id: str | None = None,
    path: str | None = None,
    mode: str | None = None,
) -> tuple[ContextStatusData, ...]:
    """Return those that are synchronisations, of one mount or in one direction where asked for."""
    wanted = _TASKS if mode is None else {mode}
    return tuple(
        item
        for item in items
        if item.task_type in wanted
        and context_id in {None, item.context_id}
        and (path is None or path.rstrip("/") == item.path.rstrip("/"))
    )


def all_over(items: Sequence[ContextStatusData]) -> bool:
    """Tell whether each has ended, well or not."""
    return all(item.status.lower() in _OVER or item.error_message for item in items)


def sync_failure(items: Sequence[ContextStatusData], request_id: str) -> ContextSyncError | None:
    """Return the error for those that failed; None when none did."""
    failed = [item for item in items if item.status.lower() not in _DONE]
    if not failed:
        return None
    causes = "; ".join(
        f"context {item.context_id} at {item.path}: {item.task_type or 'sync'} failed: "
        f"{item.error_message or 'the AGB gives no cause'}"
        for item in failed
    )
    return ContextSyncError(causes, request_id=request_id)


def still_going(seen: ContextInfoResult, seconds: float) -> WaitTimeoutError:
    """Return the error for mounts that were not done in time."""
    going = [
        f"context {item.context_id} at {item.path}: {item.task_type} is {item.status}"
        for item in seen.context_status_data
        if item.status.lower() not in _OVER
    ]
    silent = seen.error_message or "it lists no such task"
    what = "; ".join(going) or f"the AGB does not tell how far it is: {silent}"
    return WaitTimeoutError(f"not done after {seconds:g} s: {what}", request_id=seen.request_id)
