"""What is known of background processes."""

from collections.abc import Sequence
from typing import Literal

from attrs import field

from agb._wire.values import frozen
from agb.results.base import Result


@frozen(kw_only=True)
class ProcessInfo:
    """A background process of a session.

    Attributes:
        process_id: Its id, to attach to it with.
        state: `running`, `exited`, or `lost` when nobody was left to record its end.
        exit_code: What it ended with, 128 and the number of the signal when one ended it; None
            unless it has exited.
        pid: Its number in the session, which is its process group's too; None until it has one.
        command: Its command line.
    """

    process_id: str
    state: str
    exit_code: int | None = None
    pid: int | None = None
    command: str = ""


@frozen(kw_only=True)
class ProcessListResult(Result):
    """The background processes of a session, those that have ended too, until removed."""

    processes: Sequence[ProcessInfo] = ()


@frozen(kw_only=True)
class ProcessStatusResult(Result):
    """How a background process is.

    Attributes:
        state: `running`, `exited`, or `lost` when nobody was left to record its end; empty when
            the look at it failed.
        exit_code: What it ended with, 128 and the number of the signal when one ended it; None
            unless it has exited.
        pid: Its number in the session, which is its process group's too; None until it has one.
        stdout_size: Bytes that it has written to standard output so far.
        stderr_size: Bytes that it has written to standard error so far.
    """

    state: Literal["running", "exited", "lost", ""] = ""
    exit_code: int | None = None
    pid: int | None = None
    stdout_size: int = 0
    stderr_size: int = 0


@frozen(kw_only=True)
class ProcessOutput:
    """A piece of what a background process wrote.

    Attributes:
        stream: `stdout` or `stderr`.
        data: The bytes. A character is never split between two pieces.
        offset: Where in the stream it begins, in bytes.
    """

    stream: Literal["stdout", "stderr"]
    data: bytes = field(repr=False)
    offset: int

    @property
    def text(self) -> str:
        """The bytes as text; what is not UTF-8 is replaced."""
        return self.data.decode(errors="replace")

    @property
    def next_offset(self) -> int:
        """Where the next piece begins."""
        return self.offset + len(self.data)


@frozen(kw_only=True)
class ProcessOutputResult(Result):
    """One read of what a background process wrote.

    Attributes:
        data: The bytes; none when there is nothing beyond the offset yet.
        offset: Where in the stream they begin, in bytes.
        at_end: Whether the process has ended and nothing follows.
    """

    data: bytes = field(default=b"", repr=False)
    offset: int = 0
    at_end: bool = False

    @property
    def text(self) -> str:
        """The bytes as text; what is not UTF-8 is replaced."""
        return self.data.decode(errors="replace")

    @property
    def next_offset(self) -> int:
        """Where to read next."""
        return self.offset + len(self.data)
