"""The endpoints that sessions live by."""

from agb._wire.endpoint import Endpoint, Safety
from agb._wire.messages import sessions, tools

_NOTHING_IN_QUERY: frozenset[str] = frozenset()

CREATE_SESSION = Endpoint(
    method="POST",
    path="/mcp/createSession",
    safety=Safety.CREATE,
    request=sessions.CreateSessionRequest,
    answer=sessions.CreateSessionData,
    query=frozenset({"image_id", "sdk_stats"}),
)
GET_SESSION = Endpoint(
    method="POST",
    path="/mcp/getSession",
    safety=Safety.READ,
    request=sessions.SessionRequest,
    answer=sessions.SessionData,
    query=_NOTHING_IN_QUERY,
)
GET_SESSION_INFO = Endpoint(
    method="POST",
    path="/mcp/getSessionInfo",
    safety=Safety.READ,
    request=sessions.SessionRequest,
    answer=sessions.SessionStatusData,
    query=_NOTHING_IN_QUERY,
)
RELEASE_SESSION_ASYNC = Endpoint(
    method="POST",
    path="/mcp/releaseSessionAsync",
    safety=Safety.WRITE,
    request=sessions.SessionRequest,
    answer=sessions.NoData,
    query=_NOTHING_IN_QUERY,
    data_required=False,
)
RELEASE_SESSION = Endpoint(
    method="POST",
    path="/mcp/releaseSession",
    safety=Safety.WRITE,
    request=sessions.SessionRequest,
    answer=sessions.NoData,
    query=_NOTHING_IN_QUERY,
    data_required=False,
)
REFRESH_IDLE_TIME = Endpoint(
    method="POST",
    path="/mcp/refreshSessionIdleTime",
    safety=Safety.WRITE,
    request=sessions.SessionRequest,
    answer=sessions.NoData,
    data_required=False,
)
CALL_TOOL = Endpoint(
    method="POST",
    path="/mcp",
    safety=Safety.RUN,
    request=tools.ToolCallRequest,
    answer=tools.ToolCallData,
    query=frozenset({"auto_gen_session"}),
    data_required=False,
)
