"""A user's program for asyncio or trio: type-checked, never run."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, assert_never, assert_type

import httpx

from agb import (
    AGBError,
    AsyncAGB,
    AsyncBaseSession,
    AsyncClient,
    AsyncCode,
    AsyncCodeStream,
    AsyncCommand,
    AsyncContextService,
    AsyncExtensionsService,
    AsyncFileSystem,
    AsyncProcess,
    AsyncSession,
    AsyncSessionContext,
    AsyncSessionScope,
    BinaryFileContentResult,
    BoolResult,
    BrowserContext,
    BWList,
    ClearContextResult,
    CodeExecutionResult,
    CommandResult,
    Config,
    Context,
    ContextFileEntry,
    ContextFileListResult,
    ContextInfoResult,
    ContextListResult,
    ContextResult,
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
    ExtractPolicy,
    FileChangeEvent,
    FileChangeResult,
    FileContentResult,
    FileInfoResult,
    FileSearchResult,
    FileUrlResult,
    GetSessionResult,
    Lifecycle,
    LinkResult,
    McpTool,
    McpToolResult,
    McpToolsResult,
    MultipleFileContentResult,
    OperationResult,
    ProcessInfo,
    ProcessOutput,
    ProcessOutputResult,
    ProcessStatusResult,
    RecyclePolicy,
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
    StreamDisconnectedError,
    StreamEvent,
    SyncPolicy,
    ToolError,
    UploadMode,
    UploadPolicy,
    UploadResult,
    WhiteList,
)


async def clients() -> None:
    assert_type(AsyncAGB(), AsyncAGB)
    AsyncAGB("key", endpoint="http://127.0.0.1:8099", timeout=5, default_image="code_latest")
    AsyncAGB(config=Config(api_key="key"), http_client=httpx.AsyncClient())
    AsyncAGB("key", transport=httpx.AsyncHTTPTransport())
    async with AsyncAGB.local(options=("--max-sessions", "10")) as agb:
        assert_type(agb, AsyncAGB)
        assert_type(agb.with_options(timeout=1.5), AsyncAGB)
        assert_type(agb.config, Config)
        assert_type(agb.api_key, str)
        assert_type(agb.endpoint, str)
        assert_type(agb.timeout_ms, int)
        assert_type(agb.client, AsyncClient)


async def sessions(agb: AsyncAGB) -> None:
    created = await agb.create(CreateSessionParams(image_id="code_latest", labels={"team": "data"}))
    assert_type(created, SessionResult[AsyncSession])
    assert_type(created.success, bool)
    assert_type(created.error_message, str)
    assert_type(created.error, AGBError | None)
    assert_type(created.session, AsyncSession | None)
    assert_type(created.raise_for_error(), SessionResult[AsyncSession])
    assert_type(await agb.get("id"), SessionResult[AsyncSession])
    found = await agb.get_session("id")
    assert_type(found, GetSessionResult)
    assert_type(found.data, SessionData | None)
    assert_type(await agb.delete("id"), DeleteResult)
    if created.session is not None:
        assert_type(await agb.delete(created.session, wait=False, timeout=5), DeleteResult)
    scope = agb.session(image_id="code_latest", labels={"team": "data"})
    assert_type(scope, AsyncSessionScope)
    async with scope as session:
        assert_type(session, AsyncSession)
    assert_type(agb.iter_sessions(labels={"team": "data"}), AsyncIterator[AsyncSession])


async def lists(agb: AsyncAGB) -> None:
    page = await agb.list(labels={"team": "data"}, page=2, limit=10)
    assert_type(page, SessionListResult[AsyncSession])
    assert_type(page.session_ids, Sequence[str])
    assert_type(page[0], AsyncSession)
    assert_type(page[:2], Sequence[AsyncSession])
    assert_type(len(page), int)
    assert_type([session.session_id for session in page], list[str])


async def modules(session: AsyncSession) -> None:
    base: AsyncBaseSession = session
    assert_type(base.code, AsyncCode)
    assert_type(session.command, AsyncCommand)
    assert_type(session.file, AsyncFileSystem)
    assert_type(session.file_system, AsyncFileSystem)
    assert_type(session.get_client(), AsyncClient)
    assert_type(await session.get_client().request("GET", "/mcp/getSession"), Mapping[str, Any])
    assert_type(session.get_api_key(), str)


async def facts(session: AsyncSession) -> None:
    info = await session.info()
    assert_type(info, OperationResult[SessionInfo])
    if info.data is not None:
        assert_type(info.data["session_id"], str)
        assert_type(info.data.get("app_id"), str | None)
        assert_type(info.data.app_id, str | None)
        assert_type(info.data.get("app_id", "N/A"), str)
    assert_type(await session.get_status(), SessionStatusResult)
    assert_type(await session.keep_alive(), OperationResult[None])
    assert_type(await session.get_link("https", 30100), LinkResult)
    assert_type(await session.set_labels({"team": "data"}), OperationResult[None])
    assert_type(await session.get_labels(), OperationResult[Mapping[str, str]])
    assert_type((await session.update_labels({"a": "b"})).data, Mapping[str, str] | None)
    metrics = await session.get_metrics()
    assert_type(metrics, SessionMetricsResult)
    assert_type(metrics.metrics, SessionMetrics | None)
    assert_type(await session.delete(), DeleteResult)


async def tools(session: AsyncSession) -> None:
    listed = await session.list_mcp_tools()
    assert_type(listed, McpToolsResult)
    assert_type(listed.tools, Sequence[McpTool])
    called = await session.call_mcp_tool("shell", {"command": "ls"})
    assert_type(called, McpToolResult)
    assert_type(called.data, str | None)


async def running(session: AsyncSession) -> None:
    ran = await session.code.run("6 * 7", "python", timeout_s=5)
    assert_type(ran, CodeExecutionResult)
    assert_type(ran.result, str)
    assert_type(ran.results, Sequence[ExecutionResult])
    assert_type(ran.logs.stdout, Sequence[str])
    assert_type(await session.code.run_code("1", "python"), CodeExecutionResult)
    done = await session.command.execute("ls", timeout_ms=1000, cwd="/tmp", envs={"A": "b"})
    assert_type(done, CommandResult)
    assert_type(done.exit_code, int | None)
    assert_type(await session.command.execute_command("ls"), CommandResult)


async def processes(session: AsyncSession) -> None:
    checked = await session.command.execute(["ls", "-a"], check=True, max_output=100)
    assert_type(checked.truncated, bool)
    process = await session.command.start(["ls", "-a"], stdin=True, process_id="ls-1")
    assert_type(process, AsyncProcess)
    assert_type(await session.command.attach(process.id), AsyncProcess)
    listed = await session.command.list_processes()
    assert_type(listed.processes, Sequence[ProcessInfo])
    async with process as entered:
        assert_type(entered, AsyncProcess)
    async for piece in process.stream(stdout_offset=5):
        assert_type(piece, ProcessOutput)
        assert_type(piece.data, bytes)
    read = await process.output("stderr", offset=1)
    assert_type(read, ProcessOutputResult)
    assert_type(read.text, str)
    assert_type(await process.status(), ProcessStatusResult)
    assert_type(await process.write_stdin(b"a"), BoolResult)
    assert_type(await process.signal("TERM"), BoolResult)
    assert_type(await process.wait(timeout=1.5), CommandResult)


async def streaming(session: AsyncSession) -> None:
    stream = session.code.stream("6 * 7", "python", timeout_s=5)
    assert_type(stream, AsyncCodeStream)
    async with stream as run:
        assert_type(run, AsyncCodeStream)
        async for event in run:
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
    told = await session.code.run("1", "python", 5, stream_beta=True, on_stdout=print)
    assert_type(told, CodeExecutionResult)
    await session.code.run("1", "python", 5, True, print, print, print)
    if isinstance(told.error, StreamDisconnectedError):
        assert_type(told.error.partial, CodeExecutionResult | None)


async def files(files: AsyncFileSystem) -> None:
    assert_type(await files.read("a"), FileContentResult)
    assert_type((await files.read("a", format="text")).content, str)
    assert_type(await files.read("a", format="bytes"), BinaryFileContentResult)
    assert_type(await files.read_file("a"), FileContentResult)
    assert_type((await files.read_file("a", format="bytes")).content, bytes)
    assert_type(await files.write("a", "text", mode="append"), BoolResult)
    assert_type(await files.write_file("a", b"bytes"), BoolResult)
    assert_type(await files.edit("a", [{"oldText": "a", "newText": "b"}]), EditResult)
    assert_type(await files.info("a"), FileInfoResult)
    entries = await files.list(".")
    assert_type(entries, DirectoryListResult)
    assert_type(entries.entries, Sequence[DirectoryEntry])
    assert_type(await files.mkdir("a"), BoolResult)
    assert_type(await files.move("a", "b"), BoolResult)
    assert_type(await files.remove("b"), BoolResult)
    assert_type(await files.read_batch(["a", "b"]), MultipleFileContentResult)
    assert_type((await files.search(".", "*.py")).matches, Sequence[str])
    assert_type(await files.search_files(".", "*.py"), FileSearchResult)
    changes = await files.get_file_change(".")
    assert_type(changes, FileChangeResult)
    assert_type(changes.events, Sequence[FileChangeEvent])


async def contexts(agb: AsyncAGB) -> None:
    assert_type(agb.context, AsyncContextService)
    got = await agb.context.get("project", create=True)
    assert_type(got, ContextResult)
    assert_type(got.context, Context | None)
    assert_type(got.context_id, str)
    assert_type(await agb.context.get(context_id="SdkCtx-1"), ContextResult)
    assert_type(await agb.context.create("project"), ContextResult)
    page = await agb.context.list(2, next_token="token")
    assert_type(page, ContextListResult)
    assert_type(page[0], Context)
    assert_type(page[:2], Sequence[Context])
    assert_type(page.total_count, int | None)
    assert_type(agb.context.iter(limit=2), AsyncIterator[Context])
    assert_type(await agb.context.update(page[0]), OperationResult[str])
    assert_type(await agb.context.delete(page[0]), OperationResult[str])
    assert_type(await agb.context.delete("SdkCtx-1"), OperationResult[str])
    cleared = await agb.context.clear("SdkCtx-1", timeout=1.5)
    assert_type(cleared, ClearContextResult)
    assert_type(cleared.status, str)


async def context_files(files: AsyncContextService) -> None:
    listed = await files.list_files("SdkCtx-1", "logs", page_number=2, page_size=10)
    assert_type(listed, ContextFileListResult)
    assert_type([entry.size for entry in listed], list[int])
    assert_type(files.iter_files("SdkCtx-1"), AsyncIterator[ContextFileEntry])
    link = await files.get_file_upload_url("SdkCtx-1", "a")
    assert_type(link, FileUrlResult)
    assert_type(link.expire_time, int | None)
    assert_type(await files.get_file_download_url("SdkCtx-1", "a"), FileUrlResult)
    assert_type(await files.delete_file("SdkCtx-1", "a"), BoolResult)
    sent = await files.upload_file("SdkCtx-1", Path("a"), "a", progress=print)
    assert_type(sent, UploadResult)
    assert_type(sent.bytes_sent, int)
    assert_type(await files.download_file("SdkCtx-1", "a", "a", overwrite=False), DownloadResult)
    moved = await files.upload_directory("SdkCtx-1", Path("a"), at_once=2, progress=print)
    assert_type(moved, DirectoryTransferResult)
    assert_type(moved.paths, Sequence[str])
    assert_type(await files.download_directory("SdkCtx-1", "a", "b"), DirectoryTransferResult)


async def mounts(agb: AsyncAGB) -> None:
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
    async with agb.session(params) as session:
        assert_type(session.context, AsyncSessionContext)
        info = await session.context.info("SdkCtx-1", "/home/data")
        assert_type(info, ContextInfoResult)
        assert_type(info.context_status_data, Sequence[ContextStatusData])
        synced = await session.context.sync(mode="upload", callback=print, timeout=5)
        assert_type(synced, ContextSyncResult)
        assert_type(await session.delete(sync_context=True), DeleteResult)


async def transfers(session: AsyncSession) -> None:
    assert_type(await session.file.transfer_path(), str | None)
    sent = await session.file.upload(Path("a"), "/tmp/a", progress_cb=print)
    assert_type(sent, UploadResult)
    got = await session.file.download("/tmp/a", Path("a"), overwrite=False, wait_timeout=5)
    assert_type(got, DownloadResult)
    assert_type(await session.oss.upload_file("a", "/tmp/a"), UploadResult)
    assert_type(await session.oss.download_file("/tmp/a", "a"), DownloadResult)


async def extensions(agb: AsyncAGB) -> None:
    service = AsyncExtensionsService(agb, "extensions")
    made = await service.create(Path("extension.zip"))
    assert_type(made, Extension)
    assert_type(await service.list(), list[Extension])
    assert_type(await service.update(made.id, "extension.zip"), Extension)
    assert_type(await service.create_extension_option([made.id]), ExtensionOption)
    assert_type(await service.delete(made.id), bool)
    assert_type(await service.cleanup(), bool)


async def refused(agb: AsyncAGB, session: AsyncSession) -> None:
    """What a type checker must not let through."""
    AsyncAGB(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncAGB(http_client=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (await agb.create()).session.session_id  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
    CreateSessionParams(labels={"team": 5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    await session.code.run("1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    session.code.stream("1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await session.code.run("1", "python", on_stdout=chr)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await session.file.read("a", format="json")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    (await agb.list()).total_count = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    ContextSync("SdkCtx-1", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    UploadPolicy(upload_mode="Archive")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SyncPolicy(UploadPolicy()).bw_list = BWList()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    (await agb.context.get("a")).context.id  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
