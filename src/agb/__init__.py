"""Isolated sessions for programs and AI agents, in the AGB cloud or on this machine.

`AsyncAGB` is the client for asyncio and trio, `AGB` its blocking twin. Names, arguments and
results are the same in both.
"""

from agb._lazy import lazily

TYPE_CHECKING = False  # `typing` takes longer to load than all of this
if TYPE_CHECKING:
    from agb._async.binary_file import AsyncBinaryFile
    from agb._async.client import AsyncAGB
    from agb._async.code import AsyncCode
    from agb._async.command import AsyncCommand
    from agb._async.contexts import AsyncContextService
    from agb._async.extensions import AsyncExtensionsService
    from agb._async.file_system import AsyncFileSystem
    from agb._async.low_level import AsyncClient
    from agb._async.oss import AsyncOss
    from agb._async.process import AsyncProcess
    from agb._async.process_stream import AsyncProcessStream
    from agb._async.scope import AsyncSessionScope
    from agb._async.session import AsyncBaseSession, AsyncSession
    from agb._async.session_context import AsyncSessionContext
    from agb._async.streams import AsyncCodeStream
    from agb._async.text_file import AsyncTextFile
    from agb._async.watching import AsyncFileWatch
    from agb._deadline import deadline
    from agb._sync.binary_file import BinaryFile
    from agb._sync.client import AGB
    from agb._sync.code import Code
    from agb._sync.command import Command
    from agb._sync.contexts import ContextService
    from agb._sync.extensions import ExtensionsService
    from agb._sync.file_system import FileSystem
    from agb._sync.low_level import Client
    from agb._sync.oss import Oss
    from agb._sync.process import Process
    from agb._sync.process_stream import ProcessStream
    from agb._sync.scope import SessionScope
    from agb._sync.session import BaseSession, Session
    from agb._sync.session_context import SessionContext
    from agb._sync.streams import CodeStream
    from agb._sync.text_file import TextFile
    from agb._sync.watching import FileWatch
    from agb._version import __version__
    from agb.config import Config
    from agb.context_sync import (
        BWList,
        ContextSync,
        DeletePolicy,
        DownloadPolicy,
        DownloadStrategy,
        ExtractPolicy,
        Lifecycle,
        MappingPolicy,
        RecyclePolicy,
        SyncPolicy,
        UploadMode,
        UploadPolicy,
        UploadStrategy,
        WhiteList,
    )
    from agb.exceptions import (
        AGBError,
        APIConnectionError,
        APIError,
        AuthenticationError,
        BlockingCallWarning,
        ClientClosedError,
        CodeExecutionError,
        CommandError,
        ConfigurationError,
        ConnectTimeoutError,
        ContextNotFoundError,
        ContextSyncError,
        DeadlineExceededError,
        ExecutionTimeoutError,
        FileError,
        ImageNotFoundError,
        InvalidParamsError,
        InvalidRequestError,
        LocalServerError,
        MissingExtraError,
        PageNotFoundError,
        PermissionDeniedError,
        PoolTimeoutError,
        ProcessLostError,
        ProcessNotFoundError,
        QuotaExceededError,
        RateLimitError,
        ReadTimeoutError,
        ServerError,
        SessionLimitError,
        SessionNotDeletedError,
        SessionNotFoundError,
        StreamDisconnectedError,
        StreamError,
        StreamUnavailableError,
        ToolError,
        ToolNotFoundError,
        TransferError,
        UnexpectedResponseError,
        WaitTimeoutError,
        WrongLoopError,
        WrongProcessError,
    )
    from agb.extension import Extension, ExtensionOption
    from agb.results import (
        BinaryFileContentResult,
        BoolResult,
        ClearContextResult,
        CodeExecutionResult,
        CommandResult,
        Context,
        ContextFileEntry,
        ContextFileListResult,
        ContextInfoResult,
        ContextListResult,
        ContextResult,
        ContextStatusData,
        ContextSyncResult,
        DeleteResult,
        DirectoryEntry,
        DirectoryListResult,
        DirectoryTransferResult,
        DownloadResult,
        EditResult,
        EndEvent,
        ErrorEvent,
        ExecutionLogs,
        ExecutionResult,
        ExistsResult,
        FileChangeEvent,
        FileChangeResult,
        FileContentResult,
        FileInfoResult,
        FileSearchResult,
        FileStat,
        FileUrlResult,
        GetSessionResult,
        LinkResult,
        McpContent,
        McpTool,
        McpToolResult,
        McpToolsResult,
        MultipleFileContentResult,
        OperationResult,
        ProcessInfo,
        ProcessListResult,
        ProcessOutput,
        ProcessOutputResult,
        ProcessStatusResult,
        ReapedSession,
        ReapResult,
        Result,
        ResultEvent,
        SessionData,
        SessionInfo,
        SessionListResult,
        SessionMetrics,
        SessionMetricsResult,
        SessionResult,
        SessionStatusResult,
        StderrEvent,
        StdoutEvent,
        StreamEvent,
        UploadResult,
        WriteBatchResult,
    )
    from agb.session_params import (
        DEFAULT_IMAGES,
        BrowserContext,
        BrowserFingerprintContext,
        CreateSessionParams,
    )
else:
    _NAMES = {
        "agb._async.binary_file": "AsyncBinaryFile",
        "agb._async.client": "AsyncAGB",
        "agb._async.code": "AsyncCode",
        "agb._async.command": "AsyncCommand",
        "agb._async.contexts": "AsyncContextService",
        "agb._async.extensions": "AsyncExtensionsService",
        "agb._async.file_system": "AsyncFileSystem",
        "agb._async.low_level": "AsyncClient",
        "agb._async.oss": "AsyncOss",
        "agb._async.process": "AsyncProcess",
        "agb._async.process_stream": "AsyncProcessStream",
        "agb._async.scope": "AsyncSessionScope",
        "agb._async.session": "AsyncBaseSession AsyncSession",
        "agb._async.session_context": "AsyncSessionContext",
        "agb._async.streams": "AsyncCodeStream",
        "agb._async.text_file": "AsyncTextFile",
        "agb._async.watching": "AsyncFileWatch",
        "agb._deadline": "deadline",
        "agb._sync.binary_file": "BinaryFile",
        "agb._sync.client": "AGB",
        "agb._sync.code": "Code",
        "agb._sync.command": "Command",
        "agb._sync.contexts": "ContextService",
        "agb._sync.extensions": "ExtensionsService",
        "agb._sync.file_system": "FileSystem",
        "agb._sync.low_level": "Client",
        "agb._sync.oss": "Oss",
        "agb._sync.process": "Process",
        "agb._sync.process_stream": "ProcessStream",
        "agb._sync.scope": "SessionScope",
        "agb._sync.session": "BaseSession Session",
        "agb._sync.session_context": "SessionContext",
        "agb._sync.streams": "CodeStream",
        "agb._sync.text_file": "TextFile",
        "agb._sync.watching": "FileWatch",
        "agb._version": "__version__",
        "agb.config": "Config",
        "agb.context_sync": """
            BWList ContextSync DeletePolicy DownloadPolicy DownloadStrategy
            ExtractPolicy Lifecycle MappingPolicy RecyclePolicy SyncPolicy UploadMode
            UploadPolicy UploadStrategy WhiteList
        """,
        "agb.exceptions": """
            AGBError APIConnectionError APIError AuthenticationError BlockingCallWarning
            ClientClosedError CodeExecutionError CommandError ConfigurationError
            ConnectTimeoutError ContextNotFoundError ContextSyncError
            DeadlineExceededError ExecutionTimeoutError FileError ImageNotFoundError
            InvalidParamsError InvalidRequestError LocalServerError MissingExtraError
            PageNotFoundError PermissionDeniedError PoolTimeoutError ProcessLostError
            ProcessNotFoundError QuotaExceededError RateLimitError ReadTimeoutError
            ServerError SessionLimitError SessionNotDeletedError SessionNotFoundError
            StreamDisconnectedError StreamError StreamUnavailableError ToolError
            ToolNotFoundError TransferError UnexpectedResponseError WaitTimeoutError
            WrongLoopError WrongProcessError
        """,
        "agb.extension": "Extension ExtensionOption",
        "agb.results": """
            BinaryFileContentResult BoolResult ClearContextResult CodeExecutionResult
            CommandResult Context ContextFileEntry ContextFileListResult
            ContextInfoResult ContextListResult ContextResult ContextStatusData
            ContextSyncResult DeleteResult DirectoryEntry DirectoryListResult
            DirectoryTransferResult DownloadResult EditResult EndEvent ErrorEvent
            ExecutionLogs ExecutionResult ExistsResult FileChangeEvent FileChangeResult
            FileContentResult FileInfoResult FileSearchResult FileStat FileUrlResult
            GetSessionResult LinkResult McpContent McpTool McpToolResult McpToolsResult
            MultipleFileContentResult OperationResult ProcessInfo ProcessListResult
            ProcessOutput ProcessOutputResult ProcessStatusResult ReapedSession
            ReapResult Result ResultEvent SessionData SessionInfo SessionListResult
            SessionMetrics SessionMetricsResult SessionResult SessionStatusResult
            StderrEvent StdoutEvent StreamEvent UploadResult WriteBatchResult
        """,
        "agb.session_params": """
            DEFAULT_IMAGES BrowserContext BrowserFingerprintContext CreateSessionParams
        """,
    }
    __getattr__, __dir__ = lazily(__name__, _NAMES)

__all__ = [
    "AGB",
    "DEFAULT_IMAGES",
    "AGBError",
    "APIConnectionError",
    "APIError",
    "AsyncAGB",
    "AsyncBaseSession",
    "AsyncBinaryFile",
    "AsyncClient",
    "AsyncCode",
    "AsyncCodeStream",
    "AsyncCommand",
    "AsyncContextService",
    "AsyncExtensionsService",
    "AsyncFileSystem",
    "AsyncFileWatch",
    "AsyncOss",
    "AsyncProcess",
    "AsyncProcessStream",
    "AsyncSession",
    "AsyncSessionContext",
    "AsyncSessionScope",
    "AsyncTextFile",
    "AuthenticationError",
    "BWList",
    "BaseSession",
    "BinaryFile",
    "BinaryFileContentResult",
    "BlockingCallWarning",
    "BoolResult",
    "BrowserContext",
    "BrowserFingerprintContext",
    "ClearContextResult",
    "Client",
    "ClientClosedError",
    "Code",
    "CodeExecutionError",
    "CodeExecutionResult",
    "CodeStream",
    "Command",
    "CommandError",
    "CommandResult",
    "Config",
    "ConfigurationError",
    "ConnectTimeoutError",
    "Context",
    "ContextFileEntry",
    "ContextFileListResult",
    "ContextInfoResult",
    "ContextListResult",
    "ContextNotFoundError",
    "ContextResult",
    "ContextService",
    "ContextStatusData",
    "ContextSync",
    "ContextSyncError",
    "ContextSyncResult",
    "CreateSessionParams",
    "DeadlineExceededError",
    "DeletePolicy",
    "DeleteResult",
    "DirectoryEntry",
    "DirectoryListResult",
    "DirectoryTransferResult",
    "DownloadPolicy",
    "DownloadResult",
    "DownloadStrategy",
    "EditResult",
    "EndEvent",
    "ErrorEvent",
    "ExecutionLogs",
    "ExecutionResult",
    "ExecutionTimeoutError",
    "ExistsResult",
    "Extension",
    "ExtensionOption",
    "ExtensionsService",
    "ExtractPolicy",
    "FileChangeEvent",
    "FileChangeResult",
    "FileContentResult",
    "FileError",
    "FileInfoResult",
    "FileSearchResult",
    "FileStat",
    "FileSystem",
    "FileUrlResult",
    "FileWatch",
    "GetSessionResult",
    "ImageNotFoundError",
    "InvalidParamsError",
    "InvalidRequestError",
    "Lifecycle",
    "LinkResult",
    "LocalServerError",
    "MappingPolicy",
    "McpContent",
    "McpTool",
    "McpToolResult",
    "McpToolsResult",
    "MissingExtraError",
    "MultipleFileContentResult",
    "OperationResult",
    "Oss",
    "PageNotFoundError",
    "PermissionDeniedError",
    "PoolTimeoutError",
    "Process",
    "ProcessInfo",
    "ProcessListResult",
    "ProcessLostError",
    "ProcessNotFoundError",
    "ProcessOutput",
    "ProcessOutputResult",
    "ProcessStatusResult",
    "ProcessStream",
    "QuotaExceededError",
    "RateLimitError",
    "ReadTimeoutError",
    "ReapResult",
    "ReapedSession",
    "RecyclePolicy",
    "Result",
    "ResultEvent",
    "ServerError",
    "Session",
    "SessionContext",
    "SessionData",
    "SessionInfo",
    "SessionLimitError",
    "SessionListResult",
    "SessionMetrics",
    "SessionMetricsResult",
    "SessionNotDeletedError",
    "SessionNotFoundError",
    "SessionResult",
    "SessionScope",
    "SessionStatusResult",
    "StderrEvent",
    "StdoutEvent",
    "StreamDisconnectedError",
    "StreamError",
    "StreamEvent",
    "StreamUnavailableError",
    "SyncPolicy",
    "TextFile",
    "ToolError",
    "ToolNotFoundError",
    "TransferError",
    "UnexpectedResponseError",
    "UploadMode",
    "UploadPolicy",
    "UploadResult",
    "UploadStrategy",
    "WaitTimeoutError",
    "WhiteList",
    "WriteBatchResult",
    "WrongLoopError",
    "WrongProcessError",
    "__version__",
    "deadline",
]
