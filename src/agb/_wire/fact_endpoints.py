"""The endpoints that tell of sessions, or of what they are called."""

from agb._wire.endpoint import Endpoint, Safety
from agb._wire.messages import facts, labels, sessions, tools

_NOTHING_IN_QUERY: frozenset[str] = frozenset()

LIST_SESSIONS = Endpoint(
    method="GET",
    path="/sdk/ListSession",
    safety=Safety.READ,
    request=facts.ListSessionsRequest,
    answer=facts.SessionPage,
    whole=True,
    data_required=False,
)
GET_RESOURCE = Endpoint(
    method="POST",
    path="/mcp/getMcpResource",
    safety=Safety.READ,
    request=sessions.SessionRequest,
    answer=facts.ResourceData,
    query=_NOTHING_IN_QUERY,
)
GET_LINK = Endpoint(
    method="GET",
    path="/internet/getLink",
    safety=Safety.READ,
    request=facts.LinkRequest,
    answer=facts.LinkData,
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
LIST_TOOLS: Endpoint[facts.ListToolsRequest, tuple[tools.ToolLine, ...]] = Endpoint(
    method="POST",
    path="/mcp/listTools",
    safety=Safety.READ,
    request=facts.ListToolsRequest,
    answer=tuple[tools.ToolLine, ...],
    data_is_text=True,
)
