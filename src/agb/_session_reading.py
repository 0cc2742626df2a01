"""Pure: from what an AGB tells about a session to the values that users see."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import fields

from agb import results
from agb._wire import messages
from agb.exceptions import AGBError, SessionNotDeletedError, SessionNotFoundError, WaitTimeoutError

_LISTENING = "listening"
DELETING = "DELETING"
"""Status of a session that its AGB is releasing."""
_OVER = frozenset({"FINISH", "DELETED"})


def is_over(status: str) -> bool:
    """Tell whether a session with this status has been released."""
    return status.upper() in _OVER


def is_gone(error: AGBError | None) -> bool:
    """Tell whether an error says that the session is not there any more."""
    return isinstance(error, SessionNotFoundError)


def is_going(error: AGBError | None) -> bool:
    """Tell whether an error says that a session is being deleted, and is not gone yet."""
    return isinstance(error, WaitTimeoutError) and error.status == DELETING


def not_deleted(session_id: str, failure: AGBError | TimeoutError) -> SessionNotDeletedError:
    """Return the error of a block whose session may be there still."""
    why = str(failure) or "it took too long"
    request_id = failure.request_id if isinstance(failure, AGBError) else ""
    return SessionNotDeletedError(
        f"session {session_id} could not be deleted: {why}",
        request_id=request_id,
        session_id=session_id,
    )


def listening_probe(port: int) -> str:
    """Return a command that says whether something listens on a port.

    It looks at the kernel's table, so that no server sees a connection of a stranger; only where
    there is no such table does it try and connect.
    """
    table = f"grep -Eqs ':{port:04X} [0-9A-F]+:0000 0A' /proc/net/tcp /proc/net/tcp6"
    connect = f"test ! -e /proc/net/tcp && (exec 3<>/dev/tcp/127.0.0.1/{port}) 2> /dev/null"
    return f"if {table} || {connect}; then echo {_LISTENING}; else echo closed; fi"


def is_listening(output: str) -> bool:
    """Tell what the command of `listening_probe` found."""
    return output.strip() == _LISTENING


def session_info(data: messages.ResourceData) -> results.SessionInfo:
    """Return the facts of a session; desktop fields only where there is a desktop."""
    desktop = data.desktop_info or messages.DesktopInfo()
    known = {field.name: getattr(desktop, field.name) for field in fields(messages.DesktopInfo)}
    known["resource_id"] = desktop.resource_id or data.resource_id or None
    return results.SessionInfo(
        session_id=data.session_id,
        resource_url=data.resource_url,
        sandbox=data.sandbox or None,
        **known,
    )


def public_tools(lines: Sequence[messages.ToolLine]) -> tuple[results.McpTool, ...]:
    """Return what users see of tools."""
    return tuple(
        results.McpTool(
            name=line.name,
            description=line.description,
            input_schema=line.input_schema,
            server=line.server,
            tool=line.tool,
        )
        for line in lines
    )


def public_session_data(data: messages.SessionData) -> results.SessionData:
    """Return what users see of a session's data."""
    return results.SessionData(
        session_id=data.session_id,
        app_instance_id=data.app_instance_id,
        resource_id=data.resource_id,
        resource_url=data.resource_url,
        status=data.status,
        link_url=data.link_url,
        ws_url=data.ws_url,
        token=data.token,
    )
