"""What the server knows about a place where a session lives; how it is built is somebody else's."""

import socket
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen, validators

_MIB = 1024 * 1024
_at_least_one = validators.ge(1)


@frozen(kw_only=True)
class Limits:
    """How much of the machine one session may use.

    Args:
        memory: Bytes of memory for all processes of the session together (2 GiB). Where the
            machine has no writable cgroups it holds for each process by itself.
        processes: Processes and threads at one time (512).
        open_files: Open files per process (4096).
        disk: Bytes of disk for all files of the session together (8 GiB), none of which counts for
            less than 4 KiB. It is looked after a few times a second, so a session can get over it
            for a moment; then all that it runs is killed.
        file_size: Bytes of the largest single file (8 GiB).
    """

    memory: int = field(default=2048 * _MIB, validator=validators.ge(64 * _MIB))
    processes: int = field(default=512, validator=validators.ge(16))
    open_files: int = field(default=4096, validator=validators.ge(64))
    disk: int = field(default=8192 * _MIB, validator=validators.ge(16 * _MIB))
    file_size: int = field(default=8192 * _MIB, validator=_at_least_one)


class SandboxError(Exception):
    """A sandbox could not do what was asked of it."""


class SandboxUnavailable(SandboxError):  # noqa: N818 - it says what is the matter
    """This machine cannot give the kind of sandbox that was asked for; the text says why."""


class SandboxGone(SandboxError):  # noqa: N818 - it says what is the matter
    """The sandbox has ended, so nothing can run in it any more."""


class EventHandler(Protocol):
    """Is told what an operation that is still running has to say."""

    async def __call__(self, event: dict[str, Any], /) -> None:
        """Take one event; what runs is made to wait if that takes long."""


class Sandbox(Protocol):
    """One session's place to live: its files, its processes, its limits."""

    @property
    def level(self) -> str:
        """``"strong"`` (own file system, processes, network) or ``"portable"`` (a folder)."""
        raise NotImplementedError

    @property
    def description(self) -> str:
        """One line for people: what isolates the session and which limits are in force."""
        raise NotImplementedError

    @property
    def root(self) -> Path:
        """The host folder that is the session's ``/``: ``/tmp/x`` is ``root / "tmp/x"``."""
        raise NotImplementedError

    @property
    def owner(self) -> int | None:
        """The host uid and gid that must own files put under `root`; None: the server's own.

        The session can plant symbolic links under `root`. A server that runs as root and copies
        files in or out follows them unless it takes care; ``file.read`` and ``file.write`` do
        the work inside the sandbox, where a link leads nowhere else.
        """
        raise NotImplementedError

    @property
    def disk(self) -> int:
        """Bytes of disk that the session's files may take."""
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        """Whether requests can still be answered."""
        raise NotImplementedError

    async def request(
        self,
        op: str,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - a deadline is part of a request
        on_event: EventHandler | None = None,
        **params: Any,
    ) -> Any:
        """Do one operation inside the sandbox; any number may be under way at once.

        Who leaves before the answer has come, because they are cancelled or out of patience, calls
        the operation off: code that runs is stopped, and what it defined before is kept if that
        is possible. Other operations are short, or have limits of their own, and go on.

        Args:
            op: The name of the operation; `agb.local.inside.agent` lists them all.
            timeout: Seconds to wait for the answer; None waits for as long as it takes. It
                bounds the waiting only: what runs inside has a limit of its own.
            on_event: Called with each event of an operation that has any (``run_code``), one
                after the other; what they tell is not in the answer then.
            **params: The operation's parameters, JSON values.

        Returns:
            The operation's answer, a JSON value.

        Raises:
            OperationError: The operation failed inside.
            SandboxGone: The sandbox has ended, or ended before it answered.
            TimeoutError: No answer within `timeout`.
        """
        raise NotImplementedError

    async def connect(self, port: int) -> socket.socket:
        """Connect to what the session's processes listen on, on its own loopback.

        Raises:
            ConnectionRefusedError: None of them listens there.
            SandboxGone: The sandbox has ended.
            TimeoutError: One listens but takes no connection.
        """
        raise NotImplementedError

    def processes(self) -> list[int]:
        """Give the host process ids of everything that runs in the session, agent included."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Kill everything in the sandbox and remove its folder; a second call does nothing."""
        raise NotImplementedError
