"""The endpoints of an AGB; those of an area are loaded with the first one that is asked for."""

from agb._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agb._wire.context_endpoints import (
        CLEAR_CONTEXT,
        DELETE_CONTEXT,
        DELETE_CONTEXT_FILE,
        DESCRIBE_CONTEXT_FILES,
        GET_CONTEXT,
        GET_CONTEXT_FILE_DOWNLOAD_URL,
        GET_CONTEXT_FILE_UPLOAD_URL,
        GET_CONTEXT_INFO,
        GET_INTERNAL_CONTEXT,
        LIST_CONTEXTS,
        MODIFY_CONTEXT,
        SYNC_CONTEXT,
    )
    from agb._wire.endpoint import Endpoint, Outgoing, Safety, read_request, write_request
    from agb._wire.every_endpoint import ENDPOINTS
    from agb._wire.fact_endpoints import (
        GET_LABELS,
        GET_LINK,
        GET_RESOURCE,
        LIST_SESSIONS,
        LIST_TOOLS,
        SET_LABELS,
    )
    from agb._wire.session_endpoints import (
        CALL_TOOL,
        CREATE_SESSION,
        GET_SESSION,
        GET_SESSION_INFO,
        REFRESH_IDLE_TIME,
        RELEASE_SESSION,
        RELEASE_SESSION_ASYNC,
    )
else:
    _NAMES = {
        "agb._wire.context_endpoints": """
            CLEAR_CONTEXT DELETE_CONTEXT DELETE_CONTEXT_FILE DESCRIBE_CONTEXT_FILES
            GET_CONTEXT GET_CONTEXT_FILE_DOWNLOAD_URL GET_CONTEXT_FILE_UPLOAD_URL
            GET_CONTEXT_INFO GET_INTERNAL_CONTEXT LIST_CONTEXTS MODIFY_CONTEXT
            SYNC_CONTEXT
        """,
        "agb._wire.endpoint": "Endpoint Outgoing Safety read_request write_request",
        "agb._wire.every_endpoint": "ENDPOINTS",
        "agb._wire.fact_endpoints": """
            GET_LABELS GET_LINK GET_RESOURCE LIST_SESSIONS LIST_TOOLS SET_LABELS
        """,
        "agb._wire.session_endpoints": """
            CALL_TOOL CREATE_SESSION GET_SESSION GET_SESSION_INFO REFRESH_IDLE_TIME
            RELEASE_SESSION RELEASE_SESSION_ASYNC
        """,
    }
    __getattr__, __dir__ = lazily(__name__, _NAMES)

__all__ = [
    "CALL_TOOL",
    "CLEAR_CONTEXT",
    "CREATE_SESSION",
    "DELETE_CONTEXT",
    "DELETE_CONTEXT_FILE",
    "DESCRIBE_CONTEXT_FILES",
    "ENDPOINTS",
    "GET_CONTEXT",
    "GET_CONTEXT_FILE_DOWNLOAD_URL",
    "GET_CONTEXT_FILE_UPLOAD_URL",
    "GET_CONTEXT_INFO",
    "GET_INTERNAL_CONTEXT",
    "GET_LABELS",
    "GET_LINK",
    "GET_RESOURCE",
    "GET_SESSION",
    "GET_SESSION_INFO",
    "LIST_CONTEXTS",
    "LIST_SESSIONS",
    "LIST_TOOLS",
    "MODIFY_CONTEXT",
    "REFRESH_IDLE_TIME",
    "RELEASE_SESSION",
    "RELEASE_SESSION_ASYNC",
    "SET_LABELS",
    "SYNC_CONTEXT",
    "Endpoint",
    "Outgoing",
    "Safety",
    "read_request",
    "write_request",
]
