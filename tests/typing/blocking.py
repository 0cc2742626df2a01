"""A user's blocking program: type-checked, never run."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, assert_never, assert_type

import httpx

from agb import (
    AGB,
    AGBError,
    BaseSession,
    BinaryFileContentResult,
    BoolResult,
    BrowserContext,
    BWList,
    ClearContextResult,
    Client,
    Code,
    CodeExecutionResult,
    CodeStream,
    Command,
    CommandResult,
    Config,
    Context,
    ContextFileEntry,
    ContextFileListResult,
    ContextInfoResult,
    ContextListResult,
    ContextResult,
    ContextService,
    ContextStatusData,
    ContextSync,
    ContextSyncResult,
    CreateSessionParams,
    DeletePolicy,
    DeleteResult,
    DirectoryEntry,
    DirectoryListResult,
    DirectoryTransferResult,
    DownloadPolicy,
    DownloadResult,
    EditResult,
    EndEvent,
    ErrorEvent,
    ExecutionResult,
    Extension,
    ExtensionOption,
    ExtensionsService,
    ExtractPolicy,
    FileChangeEvent,
    FileChangeResult,
    FileContentResult,
    FileInfoResult,
    FileSearchResult,
    FileSystem,
    FileUrlResult,
    GetSessionResult,
    Lifecycle,
    LinkResult,
    McpTool,
    McpToolResult,
    McpToolsResult,
    MultipleFileContentResult,
    OperationResult,
    Process,
    ProcessInfo,
    ProcessOutput,
    ProcessOutputResult,
    ProcessStatusResult,
    RecyclePolicy,
    ResultEvent,
    Session,
    SessionContext,
    SessionData,
    SessionInfo,
    SessionListResult,
    SessionMetrics,
    SessionMetricsResult,
    SessionResult,
    SessionScope,
    SessionStatusResult,
    StderrEvent,
    StdoutEvent,
    StreamDisconnectedError,
    StreamEvent,
    SyncPolicy,
    ToolError,
    UploadMode,
    UploadPolicy,
    UploadResult,
    WhiteList,
)


def clients() -> None:
    assert_type(AGB(), AGB)
    AGB("key", endpoint="http://127.0.0.1:8099", timeout=5, default_image="code_latest")
    AGB(config=Config(api_key="key"), http_client=httpx.Client())
    AGB("key", transport=httpx.HTTPTransport())
    with AGB.local(options=("--max-sessions", "10")) as agb:
        assert_type(agb, AGB)
        assert_type(agb.with_options(timeout=1.5), AGB)
        assert_type(agb.config, Config)
        assert_type(agb.api_key, str)
        assert_type(agb.endpoint, str)
        assert_type(agb.timeout_ms, int)
        assert_type(agb.client, Client)


def sessions(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id="code_latest", labels={"team": "data"}))
    assert_type(created, SessionResult[Session])
    assert_type(created.success, bool)
    assert_type(created.error_message, str)
    assert_type(created.error, AGBError | None)
    assert_type(created.session, Session | None)
    assert_type(created.raise_for_error(), SessionResult[Session])
    assert_type(agb.get("id"), SessionResult[Session])
    found = agb.get_session("id")
    assert_type(found, GetSessionResult)
    assert_type(found.data, SessionData | None)
    assert_type(agb.delete("id"), DeleteResult)
    if created.session is not None:
        assert_type(agb.delete(created.session, wait=False, timeout=5), DeleteResult)
    scope = agb.session(image_id="code_latest", labels={"team": "data"})
    assert_type(scope, SessionScope)
    with scope as session:
        assert_type(session, Session)
    assert_type(agb.iter_sessions(labels={"team": "data"}), Iterator[Session])


def lists(agb: AGB) -> None:
    page = agb.list(labels={"team": "data"}, page=2, limit=10)
    assert_type(page, SessionListResult[Session])
    assert_type(page.session_ids, Sequence[str])
    assert_type(page[0], Session)
    assert_type(page[:2], Sequence[Session])
    assert_type(len(page), int)
    assert_type([session.session_id for session in page], list[str])


def modules(session: Session) -> None:
    base: BaseSession = session
    assert_type(base.code, Code)
    assert_type(session.command, Command)
    assert_type(session.file, FileSystem)
    assert_type(session.file_system, FileSystem)
    assert_type(session.get_client(), Client)
    assert_type(session.get_client().request("GET", "/mcp/getSession"), Mapping[str, Any])
    assert_type(session.get_api_key(), str)


def facts(session: Session) -> None:
    info = session.info()
    assert_type(info, OperationResult[SessionInfo])
    if info.data is not None:
        assert_type(info.data["session_id"], str)
        assert_type(info.data.get("app_id"), str | None)
        assert_type(info.data.app_id, str | None)
        assert_type(info.data.get("app_id", "N/A"), str)
    assert_type(session.get_status(), SessionStatusResult)
    assert_type(session.keep_alive(), OperationResult[None])
    assert_type(session.get_link("https", 30100), LinkResult)
    assert_type(session.set_labels({"team": "data"}), OperationResult[None])
    assert_type(session.get_labels(), OperationResult[Mapping[str, str]])
    assert_type(session.update_labels({"a": "b"}).data, Mapping[str, str] | None)
    metrics = session.get_metrics()
    assert_type(metrics, SessionMetricsResult)
    assert_type(metrics.metrics, SessionMetrics | None)
    assert_type(session.delete(), DeleteResult)


def tools(session: Session) -> None:
    listed = session.list_mcp_tools()
    assert_type(listed, McpToolsResult)
    assert_type(listed.tools, Sequence[McpTool])
    called = session.call_mcp_tool("shell", {"command": "ls"})
    assert_type(called, McpToolResult)
    assert_type(called.data, str | None)


def running(session: Session) -> None:
    ran = session.code.run("6 * 7", "python", timeout_s=5)
    assert_type(ran, CodeExecutionResult)
    assert_type(ran.result, str)
    assert_type(ran.results, Sequence[ExecutionResult])
    assert_type(ran.logs.stdout, Sequence[str])
    assert_type(session.code.run_code("1", "python"), CodeExecutionResult)
    done = session.command.execute("ls", timeout_ms=1000, cwd="/tmp", envs={"A": "b"})
    assert_type(done, CommandResult)
    assert_type(done.exit_code, int | None)
    assert_type(session.command.execute_command("ls"), CommandResult)


def processes(session: Session) -> None:
    checked = session.command.execute(["ls", "-a"], check=True, max_output=100)
    assert_type(checked.truncated, bool)
    process = session.command.start(["ls", "-a"], stdin=True, process_id="ls-1")
    assert_type(process, Process)
    assert_type(session.command.attach(process.id), Process)
    listed = session.command.list_processes()
    assert_type(listed.processes, Sequence[ProcessInfo])
    with process as entered:
        assert_type(entered, Process)
    for piece in process.stream(stdout_offset=5):
        assert_type(piece, ProcessOutput)
        assert_type(piece.data, bytes)
    read = process.output("stderr", offset=1)
    assert_type(read, ProcessOutputResult)
    assert_type(read.text, str)
    assert_type(process.status(), ProcessStatusResult)
    assert_type(process.write_stdin(b"a"), BoolResult)
    assert_type(process.signal("TERM"), BoolResult)
    assert_type(process.wait(timeout=1.5), CommandResult)


def streaming(session: Session) -> None:
    stream = session.code.stream("6 * 7", "python", timeout_s=5)
    assert_type(stream, CodeStream)
    with stream as run:
        assert_type(run, CodeStream)
        for event in run:
            assert_type(event, StreamEvent)
            match event:
                case StdoutEvent(text=text) | StderrEvent(text=text):
                    assert_type(text, str)
                case ResultEvent(result=result):
                    assert_type(result, ExecutionResult)
                case ErrorEvent(error=error):
                    assert_type(error, ToolError)
                case EndEvent():
                    assert_type(event.execution_time, float)
                case _:
                    assert_never(event)
            if event.type == "result":
                assert_type(event, ResultEvent)
    assert_type(run.result, CodeExecutionResult)
    told = session.code.run("1", "python", 5, stream_beta=True, on_stdout=print)
    assert_type(told, CodeExecutionResult)
    session.code.run("1", "python", 5, True, print, print, print)
    if isinstance(told.error, StreamDisconnectedError):
        assert_type(told.error.partial, CodeExecutionResult | None)


def files(files: FileSystem) -> None:
    assert_type(files.read("a"), FileContentResult)
    assert_type(files.read("a", format="text").content, str)
    assert_type(files.read("a", format="bytes"), BinaryFileContentResult)
    assert_type(files.read_file("a"), FileContentResult)
    assert_type(files.read_file("a", format="bytes").content, bytes)
    assert_type(files.write("a", "text", mode="append"), BoolResult)
    assert_type(files.write_file("a", b"bytes"), BoolResult)
    assert_type(files.edit("a", [{"oldText": "a", "newText": "b"}]), EditResult)
    assert_type(files.info("a"), FileInfoResult)
    entries = files.list(".")
    assert_type(entries, DirectoryListResult)
    assert_type(entries.entries, Sequence[DirectoryEntry])
    assert_type(files.mkdir("a"), BoolResult)
    assert_type(files.move("a", "b"), BoolResult)
    assert_type(files.remove("b"), BoolResult)
    assert_type(files.read_batch(["a", "b"]), MultipleFileContentResult)
    assert_type(files.search(".", "*.py").matches, Sequence[str])
    assert_type(files.search_files(".", "*.py"), FileSearchResult)
    changes = files.get_file_change(".")
    assert_type(changes, FileChangeResult)
    assert_type(changes.events, Sequence[FileChangeEvent])


def contexts(agb: AGB) -> None:
    assert_type(agb.context, ContextService)
    got = agb.context.get("project", create=True)
    assert_type(got, ContextResult)
    assert_type(got.context, Context | None)
    assert_type(got.context_id, str)
    assert_type(agb.context.get(context_id="SdkCtx-1"), ContextResult)
    assert_type(agb.context.create("project"), ContextResult)
    page = agb.context.list(2, next_token="token")
    assert_type(page, ContextListResult)
    assert_type(page[0], Context)
    assert_type(page[:2], Sequence[Context])
    assert_type(page.total_count, int | None)
    assert_type(agb.context.iter(limit=2), Iterator[Context])
    assert_type(agb.context.update(page[0]), OperationResult[str])
    assert_type(agb.context.delete(page[0]), OperationResult[str])
    assert_type(agb.context.delete("SdkCtx-1"), OperationResult[str])
    cleared = agb.context.clear("SdkCtx-1", timeout=1.5)
    assert_type(cleared, ClearContextResult)
    assert_type(cleared.status, str)


def context_files(files: ContextService) -> None:
    listed = files.list_files("SdkCtx-1", "logs", page_number=2, page_size=10)
    assert_type(listed, ContextFileListResult)
    assert_type([entry.size for entry in listed], list[int])
    assert_type(files.iter_files("SdkCtx-1"), Iterator[ContextFileEntry])
    link = files.get_file_upload_url("SdkCtx-1", "a")
    assert_type(link, FileUrlResult)
    assert_type(link.expire_time, int | None)
    assert_type(files.get_file_download_url("SdkCtx-1", "a"), FileUrlResult)
    assert_type(files.delete_file("SdkCtx-1", "a"), BoolResult)
    sent = files.upload_file("SdkCtx-1", Path("a"), "a", progress=print)
    assert_type(sent, UploadResult)
    assert_type(sent.bytes_sent, int)
    assert_type(files.download_file("SdkCtx-1", "a", "a", overwrite=False), DownloadResult)
    moved = files.upload_directory("SdkCtx-1", Path("a"), at_once=2, progress=print)
    assert_type(moved, DirectoryTransferResult)
    assert_type(moved.paths, Sequence[str])
    assert_type(files.download_directory("SdkCtx-1", "a", "b"), DirectoryTransferResult)


def mounts(agb: AGB) -> None:
    policy = SyncPolicy(
        upload_policy=UploadPolicy(auto_upload=True, upload_mode=UploadMode.ARCHIVE),
        download_policy=DownloadPolicy(False),
        delete_policy=DeletePolicy(sync_local_file=False),
        extract_policy=ExtractPolicy(extract_current_folder=True),
        recycle_policy=RecyclePolicy(Lifecycle.LIFECYCLE_1DAY, paths=["logs"]),
        bw_list=BWList([WhiteList("data", exclude_paths=["data/scratch"])]),
    )
    mount = ContextSync.new("SdkCtx-1", "/home/data", policy)
    assert_type(mount, ContextSync)
    assert_type(mount.policy, SyncPolicy | None)
    option = ExtensionOption("SdkCtx-2", ["ext_1.zip"])
    browser = BrowserContext("browser", auto_upload=False, extension_option=option)
    assert_type(browser.extension_context_syncs, list[ContextSync] | None)
    assert_type(browser.extension_ids, list[str])
    params = CreateSessionParams("code_latest", context_syncs=[mount], browser_context=browser)
    with agb.session(params) as session:
        assert_type(session.context, SessionContext)
        info = session.context.info("SdkCtx-1", "/home/data")
        assert_type(info, ContextInfoResult)
        assert_type(info.context_status_data, Sequence[ContextStatusData])
        synced = session.context.sync(mode="upload", callback=print, timeout=5)
        assert_type(synced, ContextSyncResult)
        assert_type(session.delete(sync_context=True), DeleteResult)


def transfers(session: Session) -> None:
    assert_type(session.file.transfer_path(), str | None)
    sent = session.file.upload(Path("a"), "/tmp/a", progress_cb=print)
    assert_type(sent, UploadResult)
    got = session.file.download("/tmp/a", Path("a"), overwrite=False, wait_timeout=5)
    assert_type(got, DownloadResult)
    assert_type(session.oss.upload_file("a", "/tmp/a"), UploadResult)
    assert_type(session.oss.download_file("/tmp/a", "a"), DownloadResult)


def extensions(agb: AGB) -> None:
    service = ExtensionsService(agb, "extensions")
    made = service.create(Path("extension.zip"))
    assert_type(made, Extension)
    assert_type(service.list(), list[Extension])
    assert_type(service.update(made.id, "extension.zip"), Extension)
    assert_type(service.create_extension_option([made.id]), ExtensionOption)
    assert_type(service.delete(made.id), bool)
    assert_type(service.cleanup(), bool)


def refused(agb: AGB, session: Session) -> None:
    """What a type checker must not let through."""
    AGB(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AGB(http_client=httpx.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    agb.create().session.session_id  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
    CreateSessionParams(labels={"team": 5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    session.code.run("1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    session.code.stream("1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    session.code.run("1", "python", on_stdout=chr)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    session.file.read("a", format="json")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    agb.list().total_count = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    ContextSync("SdkCtx-1", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    UploadPolicy(upload_mode="Archive")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SyncPolicy(UploadPolicy()).bw_list = BWList()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    agb.context.get("a").context.id  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
