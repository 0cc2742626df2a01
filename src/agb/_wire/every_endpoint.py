"""Every endpoint of an AGB, for who serves them all."""

from typing import Any

from agb._wire import endpoints
from agb._wire.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    endpoints.CREATE_SESSION,
    endpoints.GET_SESSION,
    endpoints.GET_SESSION_INFO,
    endpoints.RELEASE_SESSION_ASYNC,
    endpoints.RELEASE_SESSION,
    endpoints.LIST_SESSIONS,
    endpoints.REFRESH_IDLE_TIME,
    endpoints.GET_RESOURCE,
    endpoints.GET_LINK,
    endpoints.SET_LABELS,
    endpoints.GET_LABELS,
    endpoints.CALL_TOOL,
    endpoints.LIST_TOOLS,
    endpoints.LIST_CONTEXTS,
    endpoints.GET_CONTEXT,
    endpoints.MODIFY_CONTEXT,
    endpoints.DELETE_CONTEXT,
    endpoints.CLEAR_CONTEXT,
    endpoints.SYNC_CONTEXT,
    endpoints.GET_CONTEXT_INFO,
    endpoints.GET_CONTEXT_FILE_DOWNLOAD_URL,
    endpoints.GET_CONTEXT_FILE_UPLOAD_URL,
    endpoints.DELETE_CONTEXT_FILE,
    endpoints.DESCRIBE_CONTEXT_FILES,
    endpoints.GET_INTERNAL_CONTEXT,
)
