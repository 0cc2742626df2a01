"""What may be the matter with a mount, and how it is told."""

from agb.local.contexts.archives import BadArchive
from agb.local.contexts.staging import is_full
from agb.local.contexts.tree import Stopped, TooDeep
from agb.local.refusals import Refusal
from agb.local.sandbox import OperationError, SandboxError

CAUSES = (
    Refusal,
    OSError,
    OperationError,
    SandboxError,
    TimeoutError,
    Stopped,
    TooDeep,
    BadArchive,
)
"""What is no bug of the server."""


def explained(error: BaseException) -> str:
    """Say what is the matter, for whoever asks for the status."""
    if isinstance(error, Refusal):
        return f"{error.code}: {error.message}"
    if isinstance(error, TimeoutError):
        return "the session does not answer"
    if isinstance(error, BadArchive):
        return f"the archive in the context can't be read: {error}"
    if isinstance(error, OSError):
        full = "Storage.Full: " if is_full(error) else ""
        return f"{full}{error.strerror or error}"
    return str(error)
