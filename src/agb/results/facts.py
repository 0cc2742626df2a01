"""What is told about sessions that are there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, overload

from attrs import Factory, asdict, field

from agb._wire.values import frozen
from agb.exceptions import AGBError, APIError
from agb.results.base import OperationResult, Result

S = TypeVar("S")


@frozen(kw_only=True)
class LinkResult(OperationResult[str]):
    """A result with a URL in it. The URL carries its own permission: treat it as a secret."""

    data: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class SessionListResult(Result, Sequence[S], Generic[S]):
    """One page of the active sessions, and a sequence of handles to them.

    Its length is that of the page; `total_count` counts all pages.

    Attributes:
        sessions: Handles to the sessions of this page, newest first.
        next_token: Opens the next page; empty on the last one.
        max_results: How many sessions a page holds at most.
        total_count: How many sessions there are on all pages.
    """

    sessions: Sequence[S] = ()
    session_ids: Sequence[str] = ()
    next_token: str = ""
    max_results: int = 0
    total_count: int = 0

    @overload
    def __getitem__(self, index: int) -> S: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[S]: ...
    def __getitem__(self, index: int | slice) -> S | Sequence[S]:
        return self.sessions[index]

    def __len__(self) -> int:
        return len(self.sessions)


@frozen(kw_only=True)
class SessionData:
    """What an AGB knows about a session."""

    session_id: str = ""
    app_instance_id: str = ""
    resource_id: str = ""
    resource_url: str = field(default="", repr=False)
    status: str = ""
    link_url: str = field(default="", repr=False)
    ws_url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@frozen(kw_only=True)
class GetSessionResult(OperationResult[SessionData]):
    """What an AGB knows about a session, without a handle to it."""

    @property
    def http_status_code(self) -> int:
        """HTTP status of the answer; 0 when none came."""
        return _status(self.error)


@frozen(kw_only=True)
class SessionStatusResult(Result):
    """Where a session is in its life.

    Attributes:
        status: `RUNNING`, `DELETING`, `FINISH`, ...; empty when the operation failed.
    """

    status: str = ""

    @property
    def http_status_code(self) -> int:
        """HTTP status of the answer; 0 when none came."""
        return _status(self.error)


def _status(error: AGBError | None) -> int:
    if error is None:
        return 200
    return error.status_code if isinstance(error, APIError) else 0


@frozen(kw_only=True)
class ReapedSession:
    """A session whose owner is no more.

    Attributes:
        session_id: Identifier of the session.
        owner: User who ran the program that created it.
        host: Name of the machine that the program ran on.
        pid: Number of its process there.
        expires_at: When its lease runs out, or ran out.
        reason: `expired`, or `owner ended` when the process was looked for on its own machine.
        deleted: Whether the session was deleted.
        error: Why it could not be; None when it was, or was not to be.
    """

    session_id: str
    owner: str
    host: str
    pid: int
    expires_at: datetime
    reason: str
    deleted: bool = False
    error: AGBError | None = None


@frozen(kw_only=True)
class ReapResult(Result):
    """What a reaper found; `error` is that of the first session that it could not delete."""

    sessions: Sequence[ReapedSession] = ()


@frozen(kw_only=True)
class SessionInfo(Mapping[str, str]):
    """Facts about a session, by attribute or by key.

    The desktop fields are there for desktop sessions only: elsewhere the keys are absent and
    the attributes None.

    Attributes:
        session_id: Identifier of the session.
        resource_url: Page of the session's resources. It carries its own permission.
        sandbox: What isolates the session, where the AGB tells it.
    """

    session_id: str
    resource_url: str = field(default="", repr=False)
    app_id: str | None = None
    auth_code: str | None = field(default=None, repr=False)
    connection_properties: str | None = field(default=None, repr=False)
    resource_id: str | None = None
    resource_type: str | None = None
    ticket: str | None = field(default=None, repr=False)
    sandbox: str | None = None

    def __getitem__(self, key: str) -> str:
        return self._present()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._present())

    def __len__(self) -> int:
        return len(self._present())

    def _present(self) -> dict[str, str]:
        return {key: value for key, value in asdict(self).items() if value is not None}


@frozen(kw_only=True)
class SessionMetrics:
    """What a session uses: amounts in bytes, rates and traffic in kilobytes.

    Attributes:
        cpu_used_pct: Percentage, 0 to 100, of all `cpu_count` processors.
        timestamp: When it was measured, as the AGB writes it.
    """

    cpu_count: int = 0
    cpu_used_pct: float = 0.0
    disk_total: int = 0
    disk_used: int = 0
    mem_total: int = 0
    mem_used: int = 0
    rx_rate_kbyte_per_s: float = 0.0
    tx_rate_kbyte_per_s: float = 0.0
    rx_used_kbyte: float = 0.0
    tx_used_kbyte: float = 0.0
    timestamp: str = ""


@frozen(kw_only=True)
class SessionMetricsResult(Result):
    """What a session uses; `raw` is the JSON object as it came."""

    metrics: SessionMetrics | None = None
    raw: Mapping[str, Any] = Factory(dict[str, Any])
