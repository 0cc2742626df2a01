"""What an AGB on this machine can be told before it starts."""

import hashlib
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import field, frozen, validators

SandboxChoice = Literal["auto", "strong", "portable", "proot", "plain"]

SANDBOX_CHOICES: tuple[SandboxChoice, ...] = get_args(SandboxChoice)

_LAST_PORT = 65535


class CannotStart(Exception):  # noqa: N818 - says what happened
    """The server can't start.

    Attributes:
        code: Stable name of the cause.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _printable(_: object, attribute: Any, value: str) -> None:
    """A key travels in a header; blank or odd ones would lock everybody out, or nobody."""
    if not value.isascii() or not value.isprintable() or " " in value or not value:
        raise ValueError(f"{attribute.name} must be printable ASCII text without spaces")


@frozen(kw_only=True)
class Settings:
    """How an AGB on this machine behaves.

    Args:
        api_key: The key that clients must show.
        data_dir: Folder for all that it keeps on disk; made if it is missing.
        shared_contexts: Whether contexts belong to whoever uses the data folder in this way,
            rather than to the key: a key that is made up anew each time would find none again.
        host: Address to listen on. Whoever reaches it and has the key can run code here.
        port: Port to listen on; 0 picks a free one.
        sandbox: `"strong"` insists on isolation, `"portable"` does without: by `"proot"`, with a
            file system view for each session, or `"plain"`, without one. `"auto"` and
            `"portable"` take the first of these that this machine can give.
        max_sessions: Sessions that may live at one time.
        warm: Sandboxes that are kept ready, with Python started, once the first session has been
            made. Each takes some 25 MB of memory and counts as one of `max_sessions` until it is
            needed; a new session that mounts no context starts at once where one is ready.
        idle_timeout: Seconds without a call after which a session is released, unless its
            creator asked for another time.
        session_memory: MiB of memory that all processes of a session may take together.
        session_processes: Processes and threads that a session may have at one time.
        session_disk: MiB of disk that all files of a session may take together.
        max_lifetime: Seconds after which a session is released whatever it does; 0 for never.
        max_starting: Sessions that may be in the making at one time; what goes beyond this or
            one of the next three is refused with HTTP 429 and `Retry-After`.
        max_requests: Requests that are answered at one time.
        max_connections: Connections of callers at one time; never more than half of the files
            that the process may have open.
        max_held: Bytes of requests that are kept at one time until they have been answered.
        max_upload: Bytes of a file that is sent to a context by a signed URL.
        patience: Seconds that a caller may take to send the head of a request, or may spend on a
            body beyond what the slowest network needs for it.
    """

    api_key: str = field(repr=False, validator=_printable)
    data_dir: Path
    shared_contexts: bool = False
    host: str = "127.0.0.1"
    port: int = field(default=8099, validator=[validators.ge(0), validators.le(_LAST_PORT)])
    sandbox: SandboxChoice = field(default="auto", validator=validators.in_(SANDBOX_CHOICES))
    max_sessions: int = field(default=100, validator=validators.ge(1))
    warm: int = field(default=1, validator=validators.ge(0))
    session_memory: int = field(default=2048, validator=validators.ge(64))
    session_processes: int = field(default=512, validator=validators.ge(16))
    session_disk: int = field(default=8192, validator=validators.ge(16))
    idle_timeout: int = field(default=300, validator=validators.ge(1))
    max_lifetime: int = field(default=1800, validator=validators.ge(0))
    max_starting: int = field(default=1000, validator=validators.ge(1))
    max_requests: int = field(default=2000, validator=validators.ge(1))
    max_connections: int = field(default=4000, validator=validators.ge(1))
    max_held: int = field(default=512 * 1024**2, validator=validators.ge(1024**2))
    max_upload: int = field(default=16 * 1024**3, validator=validators.ge(1))
    patience: float = field(default=30.0, validator=validators.gt(0))

    @property
    def owner(self) -> str:
        """Whose contexts are served: a name that tells nothing of the key."""
        return "" if self.shared_contexts else hashlib.sha256(self.api_key.encode()).hexdigest()
