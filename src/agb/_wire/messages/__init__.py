"""Messages: what an operation sends and what it gets back; loaded by area, when asked for."""

from agb._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agb._wire.messages.contexts import (
        ContextData,
        ContextFileLine,
        ContextFilePage,
        ContextFileRequest,
        ContextInfoData,
        ContextInfoRequest,
        ContextPage,
        ContextRequest,
        ContextStatusGroup,
        ContextStatusLine,
        ContextStatusLines,
        FileUrlData,
        GetContextRequest,
        InternalContextData,
        InternalContextRequest,
        ListContextFilesRequest,
        ListContextsRequest,
        ModifyContextRequest,
        SyncContextRequest,
    )
    from agb._wire.messages.facts import (
        DesktopInfo,
        LinkData,
        LinkRequest,
        ListSessionsRequest,
        ListToolsRequest,
        ResourceData,
        SessionLine,
        SessionPage,
    )
    from agb._wire.messages.labels import LabelsData, SetLabelsRequest
    from agb._wire.messages.mounts import PersistenceData
    from agb._wire.messages.sessions import (
        CreateSessionData,
        CreateSessionRequest,
        NoData,
        SdkStats,
        SessionData,
        SessionRequest,
        SessionStatusData,
    )
    from agb._wire.messages.tools import (
        ContentPart,
        LinkCallRequest,
        ToolCallData,
        ToolCallRequest,
        ToolLine,
        read_tool_list,
        write_tool_list,
    )
else:
    _NAMES = {
        "agb._wire.messages.contexts": """
            ContextData ContextFileLine ContextFilePage ContextFileRequest
            ContextInfoData ContextInfoRequest ContextPage ContextRequest
            ContextStatusGroup ContextStatusLine ContextStatusLines FileUrlData
            GetContextRequest InternalContextData InternalContextRequest
            ListContextFilesRequest ListContextsRequest ModifyContextRequest
            SyncContextRequest
        """,
        "agb._wire.messages.facts": """
            DesktopInfo LinkData LinkRequest ListSessionsRequest ListToolsRequest
            ResourceData SessionLine SessionPage
        """,
        "agb._wire.messages.labels": """
            LabelsData SetLabelsRequest
        """,
        "agb._wire.messages.mounts": """
            PersistenceData
        """,
        "agb._wire.messages.sessions": """
            CreateSessionData CreateSessionRequest NoData SdkStats SessionData
            SessionRequest SessionStatusData
        """,
        "agb._wire.messages.tools": """
            ContentPart LinkCallRequest ToolCallData ToolCallRequest ToolLine
            read_tool_list write_tool_list
        """,
    }
    __getattr__, __dir__ = lazily(__name__, _NAMES)

__all__ = [
    "ContentPart",
    "ContextData",
    "ContextFileLine",
    "ContextFilePage",
    "ContextFileRequest",
    "ContextInfoData",
    "ContextInfoRequest",
    "ContextPage",
    "ContextRequest",
    "ContextStatusGroup",
    "ContextStatusLine",
    "ContextStatusLines",
    "CreateSessionData",
    "CreateSessionRequest",
    "DesktopInfo",
    "FileUrlData",
    "GetContextRequest",
    "InternalContextData",
    "InternalContextRequest",
    "LabelsData",
    "LinkCallRequest",
    "LinkData",
    "LinkRequest",
    "ListContextFilesRequest",
    "ListContextsRequest",
    "ListSessionsRequest",
    "ListToolsRequest",
    "ModifyContextRequest",
    "NoData",
    "PersistenceData",
    "ResourceData",
    "SdkStats",
    "SessionData",
    "SessionLine",
    "SessionPage",
    "SessionRequest",
    "SessionStatusData",
    "SetLabelsRequest",
    "SyncContextRequest",
    "ToolCallData",
    "ToolCallRequest",
    "ToolLine",
    "read_tool_list",
    "write_tool_list",
]
