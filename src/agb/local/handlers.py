"""What each endpoint does: a table from endpoint to handler."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from agb._wire import endpoints
from agb._wire.endpoints import Endpoint
from agb._wire.messages.facts import (
    LinkData,
    LinkRequest,
    ListSessionsRequest,
    ListToolsRequest,
    ResourceData,
    SessionLine,
    SessionPage,
)
from agb._wire.messages.labels import LabelsData, SetLabelsRequest
from agb._wire.messages.sessions import (
    CreateSessionData,
    CreateSessionRequest,
    NoData,
    SessionData,
    SessionRequest,
    SessionStatusData,
)
from agb._wire.messages.tools import ToolCallRequest, ToolLine, write_tool_list
from agb._wire.schema import input_schema
from agb._wire.tools import Tool
from agb.local import links
from agb.local.calls import Call, Handler, Reply
from agb.local.contexts import handlers as contexts
from agb.local.contexts import read_mounts
from agb.local.images import Image, find_image
from agb.local.refusals import invalid_parameter
from agb.local.session import Session
from agb.local.tools import call_tool

_MOST_ON_A_PAGE = 100
_STREAMS = {"ws", "wss"}
_PROTOCOLS = {None, "", "http", "https", *_STREAMS}
_PAGE = "page"


async def create_session(call: Call, request: CreateSessionRequest) -> Reply:
    """Make a session."""
    image = find_image(request.image_id)
    timeout = request.idle_release_timeout
    if timeout is not None and timeout < 1:
        raise invalid_parameter(f"timeout: {timeout} is less than 1 second")
    _check_labels("labels", request.labels)
    session = await call.sessions.create(
        image,
        labels=request.labels,
        idle_timeout=timeout,
        mounts=read_mounts(request.persistence_data_list),
    )
    return Reply(CreateSessionData(**_reach(call, session)))


async def get_session(call: Call, request: SessionRequest) -> Reply:
    """Tell how to reach a session."""
    session = call.sessions.touch(request.session_id)
    return Reply(SessionData(**_reach(call, session), status=session.status))


def _reach(call: Call, session: Session) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "app_instance_id": session.app_instance_id,
        "resource_id": session.resource_id,
        "resource_url": links.page_url(call.base_url, session, call.seals),
        "link_url": links.link_url(call.base_url, session) if session.image.has_link else "",
        "ws_url": links.stream_url(call.base_url, session),
        "token": session.token,
        "tool_list": _tool_list(session.image),
        "expires_in": call.sessions.time_left(session),
    }


async def get_session_info(call: Call, request: SessionRequest) -> Reply:
    """Tell a session's status; the one call that leaves its idle time alone."""
    return Reply(SessionStatusData(status=call.sessions.status(request.session_id)))


async def release_session_async(call: Call, request: SessionRequest) -> Reply:
    """Begin to release a session; say so at once if its files can't be brought back."""
    await call.sessions.begin_release(request.session_id)
    return Reply(NoData())


async def release_session(call: Call, request: SessionRequest) -> Reply:
    """Release a session."""
    await call.sessions.release(request.session_id)
    return Reply(NoData())


async def list_sessions(call: Call, request: ListSessionsRequest) -> Reply:
    """Give one page of the active sessions, newest first."""
    most = request.max_results
    if not 1 <= most <= _MOST_ON_A_PAGE:
        raise invalid_parameter(f"maxResults: {most} is not between 1 and {_MOST_ON_A_PAGE}")
    matching = [s for s in call.sessions.active() if request.labels.items() <= s.labels.items()]
    rest = _after(call, matching, request.next_token)
    page, more = rest[:most], len(rest) > most
    return Reply(
        SessionPage(
            data=[SessionLine(session_id=s.id, session_status=s.status) for s in page],
            next_token=call.seals.seal(_PAGE, str(page[-1].number)) if more else "",
            max_results=most,
            count=len(matching),
        )
    )


def _after(call: Call, sessions: list[Session], token: str | None) -> list[Session]:
    """Drop what the pages before had; a token remembers the last session of its page."""
    if not token:
        return sessions
    number = call.seals.open(_PAGE, token)
    if number is None:
        raise invalid_parameter("nextToken: is not one that this AGB gave out")
    return [session for session in sessions if session.number < int(number)]


async def refresh_idle_time(call: Call, request: SessionRequest) -> Reply:
    """Start a session's idle time afresh."""
    call.sessions.touch(request.session_id)
    return Reply(NoData())


async def get_resource(call: Call, request: SessionRequest) -> Reply:
    """Tell where a session can be looked at, and what isolates it."""
    session = call.sessions.touch(request.session_id)
    return Reply(
        ResourceData(
            session_id=session.id,
            resource_url=links.page_url(call.base_url, session, call.seals),
            app_instance_id=session.app_instance_id,
            resource_id=session.resource_id,
            sandbox=f"{session.sandbox.level}: {session.sandbox.description}",
        )
    )


async def get_link(call: Call, request: LinkRequest) -> Reply:
    """Give a URL that leads into a session."""
    session = call.sessions.touch(request.session_id)
    if request.protocol_type not in _PROTOCOLS:
        raise invalid_parameter("protocolType: is none of http, https, ws, wss")
    if request.port is None:
        return Reply(LinkData(url=links.page_url(call.base_url, session, call.seals)))
    if request.port not in links.FORWARDED:
        first, last = links.FORWARDED[0], links.FORWARDED[-1]
        raise invalid_parameter(f"port: {request.port} is not between {first} and {last}")
    stream = request.protocol_type in _STREAMS
    url = links.port_url(call.base_url, session, request.port, call.seals, stream=stream)
    return Reply(LinkData(url=url))


async def set_labels(call: Call, request: SetLabelsRequest) -> Reply:
    """Replace a session's labels."""
    session = call.sessions.touch(request.session_id)
    if not request.labels:
        raise invalid_parameter("Labels: is empty")
    _check_labels("Labels", request.labels)
    session.labels = dict(request.labels)
    return Reply(NoData())


def _check_labels(field: str, labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        if not key.strip() or not value.strip():
            raise invalid_parameter(f"{field}: {key!r}: keys and values must not be blank")


async def get_labels(call: Call, request: SessionRequest) -> Reply:
    """Give a session's labels."""
    return Reply(LabelsData(labels=call.sessions.touch(request.session_id).labels))


async def call_session_tool(call: Call, request: ToolCallRequest) -> Reply:
    """Call a tool of a session."""
    with call.sessions.in_use(request.session_id) as session:
        result = await call_tool(session, request.name, request.args, call.hung_up)
    return Reply(result.on_wire(), result.code)


async def list_tools(call: Call, request: ListToolsRequest) -> Reply:  # noqa: ARG001 - a handler
    """List the tools that the sessions of an image have."""
    return Reply(_tool_lines(find_image(request.image_id)))


@cache
def _tool_list(image: Image) -> str:
    return write_tool_list(_tool_lines(image))


@cache
def _tool_lines(image: Image) -> tuple[ToolLine, ...]:
    return tuple(_tool_line(tool) for tool in image.tools)


def _tool_line(tool: Tool) -> ToolLine:
    return ToolLine(
        name=tool.name,
        description=tool.description,
        input_schema=input_schema(tool.arguments),
        server=tool.server,
        tool=tool.name,
    )


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    endpoints.CREATE_SESSION: create_session,
    endpoints.GET_SESSION: get_session,
    endpoints.GET_SESSION_INFO: get_session_info,
    endpoints.RELEASE_SESSION_ASYNC: release_session_async,
    endpoints.RELEASE_SESSION: release_session,
    endpoints.LIST_SESSIONS: list_sessions,
    endpoints.REFRESH_IDLE_TIME: refresh_idle_time,
    endpoints.GET_RESOURCE: get_resource,
    endpoints.GET_LINK: get_link,
    endpoints.SET_LABELS: set_labels,
    endpoints.GET_LABELS: get_labels,
    endpoints.CALL_TOOL: call_session_tool,
    endpoints.LIST_TOOLS: list_tools,
    **contexts.HANDLERS,
}
"""What answers each endpoint."""
