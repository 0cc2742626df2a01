"""Checks of what callers give to name contexts and their files."""

from agb import _checks
from agb._wire.messages.contexts import ContextFileRequest
from agb.exceptions import InvalidParamsError
from agb.results import Context


def context_id(context: object) -> str:
    """Return the id of a context, given as itself or as its id."""
    if isinstance(context, Context):
        return _checks.trimmed("context.id", context.id)
    if isinstance(context, str):
        return _checks.trimmed("context", context)
    raise InvalidParamsError(f"context must be a Context or its id, not {context!r:.80}")


def context_file(context: object, file_path: object) -> ContextFileRequest:
    """Return a file of a context."""
    return ContextFileRequest(
        context_id=_checks.trimmed("context_id", context),
        file_path=_checks.path("file_path", file_path),
    )
