"""Every endpoint of an AGB: method, path, what goes in the query, what comes back.

A field of the request message that `query` names travels in the query string, the others in the
JSON body. An answer is good when its status is 200 and it says `success: true`; what `data` (or,
for a paged answer, the whole object) must hold is the answer's message.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from attrs import frozen

from agb._wire.codec import Json, dump, load_loosely, message_fields, wire_name
from agb._wire.messages import contexts, labels, sessions, tools

Q = TypeVar("Q")
A = TypeVar("A")


class Safety(Enum):
    """What it means to send a request twice; the value says it in words."""

    READ = "read-only"
    WRITE = "idempotent write"
    CREATE = "creates something"
    RUN = "runs a tool"


@frozen(kw_only=True)
class Endpoint(Generic[Q, A]):
    """One operation of the API.

    Attributes:
        method: HTTP method.
        path: Path below the endpoint's base URL.
        safety: What it means to send a request twice.
        request: Message that goes out.
        answer: Message that comes back.
        query: Fields of the request that travel in the query; `None` means all of them.
        whole: Whether the answer is the whole object rather than its `data`.
        data_required: Whether an answer without `data` is a broken one.
        data_is_text: Whether `data` travels as JSON text inside a string.
    """

    method: Literal["GET", "POST"]
    path: str
    safety: Safety
    request: type[Q]
    answer: type[A]
    query: frozenset[str] | None = None
    whole: bool = False
    data_required: bool = True
    data_is_text: bool = False

    @property
    def name(self) -> str:
        """The last part of the path, such as `createSession`."""
        return self.path.rsplit("/", 1)[-1]


@frozen(kw_only=True)
class Outgoing:
    """A request in the parts that HTTP knows. `body` is None where none travels."""

    query: Mapping[str, str]
    body: Json | None


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

LIST_CONTEXTS = Endpoint(
    method="GET",
    path="/sdk/ListContexts",
    safety=Safety.READ,
    request=contexts.ListContextsRequest,
    answer=contexts.ContextPage,
    whole=True,
    data_required=False,
)
GET_CONTEXT = Endpoint(
    method="GET",
    path="/sdk/GetContext",
    safety=Safety.WRITE,
    request=contexts.GetContextRequest,
    answer=contexts.ContextData,
)
MODIFY_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/ModifyContext",
    safety=Safety.WRITE,
    request=contexts.ModifyContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
DELETE_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/DeleteContext",
    safety=Safety.WRITE,
    request=contexts.ContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
CLEAR_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/ClearContext",
    safety=Safety.WRITE,
    request=contexts.ContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
SYNC_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/SyncContext",
    safety=Safety.WRITE,
    request=contexts.SyncContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
GET_CONTEXT_INFO = Endpoint(
    method="GET",
    path="/sdk/GetContextInfo",
    safety=Safety.READ,
    request=contexts.ContextInfoRequest,
    answer=contexts.ContextInfoData,
    data_required=False,
)
GET_CONTEXT_FILE_DOWNLOAD_URL = Endpoint(
    method="POST",
    path="/sdk/GetContextFileDownloadUrl",
    safety=Safety.READ,
    request=contexts.ContextFileRequest,
    answer=contexts.FileUrlData,
)
GET_CONTEXT_FILE_UPLOAD_URL = Endpoint(
    method="POST",
    path="/sdk/GetContextFileUploadUrl",
    safety=Safety.READ,
    request=contexts.ContextFileRequest,
    answer=contexts.FileUrlData,
)
DELETE_CONTEXT_FILE = Endpoint(
    method="POST",
    path="/sdk/DeleteContextFile",
    safety=Safety.WRITE,
    request=contexts.ContextFileRequest,
    answer=sessions.NoData,
    data_required=False,
)
DESCRIBE_CONTEXT_FILES = Endpoint(
    method="POST",
    path="/sdk/DescribeContextFiles",
    safety=Safety.READ,
    request=contexts.ListContextFilesRequest,
    answer=contexts.ContextFilePage,
    whole=True,
    data_required=False,
)
GET_INTERNAL_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/GetAndLoadInternalContext",
    safety=Safety.WRITE,
    request=contexts.InternalContextRequest,
    answer=tuple[contexts.InternalContextData, ...],
)

ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    CREATE_SESSION,
    GET_SESSION,
    GET_SESSION_INFO,
    RELEASE_SESSION_ASYNC,
    RELEASE_SESSION,
    LIST_SESSIONS,
    REFRESH_IDLE_TIME,
    GET_RESOURCE,
    GET_LINK,
    SET_LABELS,
    GET_LABELS,
    CALL_TOOL,
    LIST_TOOLS,
    LIST_CONTEXTS,
    GET_CONTEXT,
    MODIFY_CONTEXT,
    DELETE_CONTEXT,
    CLEAR_CONTEXT,
    SYNC_CONTEXT,
    GET_CONTEXT_INFO,
    GET_CONTEXT_FILE_DOWNLOAD_URL,
    GET_CONTEXT_FILE_UPLOAD_URL,
    DELETE_CONTEXT_FILE,
    DESCRIBE_CONTEXT_FILES,
    GET_INTERNAL_CONTEXT,
)


def write_request(endpoint: Endpoint[Q, Any], message: Q) -> Outgoing:
    """Split a message into query and body, as the endpoint wants it."""
    sent = dump(message)
    if endpoint.query is None:
        query, body = sent, {}
    else:
        names = {
            wire_name(endpoint.request, field)
            for field in message_fields(endpoint.request)
            if field.name in endpoint.query
        }
        query = {key: value for key, value in sent.items() if key in names}
        body = {key: value for key, value in sent.items() if key not in names}
    return Outgoing(
        query={key: _in_query(value) for key, value in query.items()},
        body=body if endpoint.method == "POST" else None,
    )


def read_request(endpoint: Endpoint[Q, Any], query: Mapping[str, str], body: Json) -> Q:
    """Put a message together again from query and body.

    Raises:
        Misread: A field is missing or of the wrong type.
    """
    return load_loosely({**body, **query}, endpoint.request)


def _in_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
