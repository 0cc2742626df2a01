"""What operations return.

An operation that fails does not raise: its result says so. `success`, `error_message` and `code`
come from the one field `error`, and `raise_for_error()` turns a failed result into its exception.
"""

from agb._lazy import lazily

TYPE_CHECKING = False  # `typing` takes longer to load than all of this
if TYPE_CHECKING:
    from agb.results.base import BoolResult, OperationResult, Result
    from agb.results.commands import CommandResult
    from agb.results.contexts import (
        ClearContextResult,
        Context,
        ContextFileEntry,
        ContextFileListResult,
        ContextInfoResult,
        ContextListResult,
        ContextResult,
        ContextStatusData,
        ContextSyncResult,
        DirectoryTransferResult,
        DownloadResult,
        FileUrlResult,
        UploadResult,
    )
    from agb.results.events import (
        EndEvent,
        ErrorEvent,
        ResultEvent,
        StderrEvent,
        StdoutEvent,
        StreamEvent,
    )
    from agb.results.execution import CodeExecutionResult, ExecutionLogs, ExecutionResult
    from agb.results.facts import (
        GetSessionResult,
        LinkResult,
        ReapedSession,
        ReapResult,
        SessionData,
        SessionInfo,
        SessionListResult,
        SessionMetrics,
        SessionMetricsResult,
        SessionStatusResult,
    )
    from agb.results.files import (
        BinaryFileContentResult,
        EditResult,
        ExistsResult,
        FileContentResult,
        FileInfoResult,
        FileStat,
        MultipleFileContentResult,
        WriteBatchResult,
    )
    from agb.results.folders import (
        DirectoryEntry,
        DirectoryListResult,
        FileChangeEvent,
        FileChangeResult,
        FileSearchResult,
    )
    from agb.results.processes import (
        ProcessInfo,
        ProcessListResult,
        ProcessOutput,
        ProcessOutputResult,
        ProcessStatusResult,
    )
    from agb.results.sessions import DeleteResult, SessionResult
    from agb.results.tools import McpContent, McpTool, McpToolResult, McpToolsResult
else:
    _NAMES = {
        "agb.results.base": "BoolResult OperationResult Result",
        "agb.results.commands": "CommandResult",
        "agb.results.contexts": """
            ClearContextResult Context ContextFileEntry ContextFileListResult
            ContextInfoResult ContextListResult ContextResult ContextStatusData
            ContextSyncResult DirectoryTransferResult DownloadResult FileUrlResult
            UploadResult
        """,
        "agb.results.events": "EndEvent ErrorEvent ResultEvent StderrEvent StdoutEvent StreamEvent",
        "agb.results.execution": "CodeExecutionResult ExecutionLogs ExecutionResult",
        "agb.results.facts": """
            GetSessionResult LinkResult ReapedSession ReapResult SessionData SessionInfo
            SessionListResult SessionMetrics SessionMetricsResult SessionStatusResult
        """,
        "agb.results.files": """
            BinaryFileContentResult EditResult ExistsResult FileContentResult FileInfoResult
            FileStat MultipleFileContentResult WriteBatchResult
        """,
        "agb.results.folders": """
            DirectoryEntry DirectoryListResult FileChangeEvent FileChangeResult
            FileSearchResult
        """,
        "agb.results.processes": """
            ProcessInfo ProcessListResult ProcessOutput ProcessOutputResult
            ProcessStatusResult
        """,
        "agb.results.sessions": "DeleteResult SessionResult",
        "agb.results.tools": "McpContent McpTool McpToolResult McpToolsResult",
    }
    __getattr__, __dir__ = lazily(__name__, _NAMES)

__all__ = [
    "BinaryFileContentResult",
    "BoolResult",
    "ClearContextResult",
    "CodeExecutionResult",
    "CommandResult",
    "Context",
    "ContextFileEntry",
    "ContextFileListResult",
    "ContextInfoResult",
    "ContextListResult",
    "ContextResult",
    "ContextStatusData",
    "ContextSyncResult",
    "DeleteResult",
    "DirectoryEntry",
    "DirectoryListResult",
    "DirectoryTransferResult",
    "DownloadResult",
    "EditResult",
    "EndEvent",
    "ErrorEvent",
    "ExecutionLogs",
    "ExecutionResult",
    "ExistsResult",
    "FileChangeEvent",
    "FileChangeResult",
    "FileContentResult",
    "FileInfoResult",
    "FileSearchResult",
    "FileStat",
    "FileUrlResult",
    "GetSessionResult",
    "LinkResult",
    "McpContent",
    "McpTool",
    "McpToolResult",
    "McpToolsResult",
    "MultipleFileContentResult",
    "OperationResult",
    "ProcessInfo",
    "ProcessListResult",
    "ProcessOutput",
    "ProcessOutputResult",
    "ProcessStatusResult",
    "ReapResult",
    "ReapedSession",
    "Result",
    "ResultEvent",
    "SessionData",
    "SessionInfo",
    "SessionListResult",
    "SessionMetrics",
    "SessionMetricsResult",
    "SessionResult",
    "SessionStatusResult",
    "StderrEvent",
    "StdoutEvent",
    "StreamEvent",
    "UploadResult",
    "WriteBatchResult",
]
