"""The endpoints of sessions, their labels and their tools."""

from agb._wire.endpoint import Endpoint, Safety
from agb._wire.messages import labels, sessions, tools

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
LIST_SESSIONS = Endpoint(
    method="GET",
    path="/sdk/ListSession",
    safety=Safety.READ,
    request=sessions.ListSessionsRequest,
    answer=sessions.SessionPage,
    whole=True,
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
GET_RESOURCE = Endpoint(
    method="POST",
    path="/mcp/getMcpResource",
    safety=Safety.READ,
    request=sessions.SessionRequest,
    answer=sessions.ResourceData,
    query=_NOTHING_IN_QUERY,
)
GET_LINK = Endpoint(
    method="GET",
    path="/internet/getLink",
    safety=Safety.READ,
    request=sessions.LinkRequest,
    answer=sessions.LinkData,
)
SET_LABELS = Endpoint(
    method="POST",
    path="/sdk/SetLabel",
    safety=Safety.WRITE,
    request=labels.SetLabelsRequest,
    answer=sessions.NoData,
    data_required=False,
)
GET_LABELS = Endpoint(
    method="GET",
    path="/sdk/GetLabel",
    safety=Safety.READ,
    request=sessions.SessionRequest,
    answer=labels.LabelsData,
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
LIST_TOOLS: Endpoint[tools.ListToolsRequest, tuple[tools.ToolLine, ...]] = Endpoint(
    method="POST",
    path="/mcp/listTools",
    safety=Safety.READ,
    request=tools.ListToolsRequest,
    answer=tuple[tools.ToolLine, ...],
    data_is_text=True,
)
