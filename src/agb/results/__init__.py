"""What operations return.

An operation that fails does not raise: its result says so. `success`, `error_message` and `code`
come from the one field `error`, and `raise_for_error()` turns a failed result into its exception.
"""

from agb.results.base import BoolResult, LinkResult, OperationResult, Result
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
from agb.results.execution import CodeExecutionResult, CommandResult, ExecutionLogs, ExecutionResult
from agb.results.files import (
    BinaryFileContentResult,
    DirectoryEntry,
    DirectoryListResult,
    EditResult,
    FileChangeEvent,
    FileChangeResult,
    FileContentResult,
    FileInfoResult,
    FileSearchResult,
    MultipleFileContentResult,
)
from agb.results.sessions import (
    DeleteResult,
    GetSessionResult,
    SessionData,
    SessionInfo,
    SessionListResult,
    SessionMetrics,
    SessionMetricsResult,
    SessionResult,
    SessionStatusResult,
)
from agb.results.tools import McpContent, McpTool, McpToolResult, McpToolsResult

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
    "ExecutionLogs",
    "ExecutionResult",
    "FileChangeEvent",
    "FileChangeResult",
    "FileContentResult",
    "FileInfoResult",
    "FileSearchResult",
    "FileUrlResult",
    "GetSessionResult",
    "LinkResult",
    "McpContent",
    "McpTool",
    "McpToolResult",
    "McpToolsResult",
    "MultipleFileContentResult",
    "OperationResult",
    "Result",
    "SessionData",
    "SessionInfo",
    "SessionListResult",
    "SessionMetrics",
    "SessionMetricsResult",
    "SessionResult",
    "SessionStatusResult",
    "UploadResult",
]
