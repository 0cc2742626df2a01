"""What users do, each as one function, with the requests that it makes."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from agb import AsyncAGB, AsyncSession, CreateSessionParams, Result, StdoutEvent
from agb.results import BoolResult, Context


@frozen(kw_only=True)
class Place:
    """Where an operation is tried.

    Attributes:
        agb: A client that goes through the gate.
        session: A session that others use, too.
        own: A session that nobody else uses, for operations that end it.
        context: A context that nobody else uses, for operations on one.
        name: A name that nobody else uses.
        folder: A folder of this machine that nobody else uses.
        seconds: How long a tool may run.
        waits: How many seconds to wait for what has no end.
    """

    agb: AsyncAGB
    session: AsyncSession
    own: AsyncSession | None
    context: Context | None
    name: str
    folder: Path
    seconds: int
    waits: int

    @property
    def own_session(self) -> AsyncSession:
        """The session that nobody else uses."""
        assert self.own is not None
        return self.own

    @property
    def own_context(self) -> Context:
        """The context that nobody else uses."""
        assert self.context is not None
        return self.context

    @property
    def mark(self) -> str:
        """A file in the session that gets a line each time something is carried out."""
        return f"/tmp/marks-{self.name}"

    @property
    def params(self) -> CreateSessionParams:
        """What to create sessions with so that they are found again."""
        return CreateSessionParams({"cell": self.name}, "code_latest")


Try = Callable[[Place], Awaitable[Result]]


@frozen(kw_only=True)
class Operation:
    """Something that users do.

    Attributes:
        name: As users call it.
        run: Does it; a result that claims success is looked at.
        stages: What it asks for, in order.
        needs: What it finds: a `session` or a `context` of its own, a `file` in the session, or
            nothing.
        by_api: Whether tools are called through the API rather than a session's link.
    """

    name: str
    run: Try
    stages: tuple[str, ...]
    needs: str = ""
    by_api: bool = False


async def create(at: Place) -> Result:
    return await at.agb.create(at.params)


async def use_a_block(at: Place) -> Result:
    async with at.agb.session(at.params) as session:
        return await session.get_status()


async def get(at: Place) -> Result:
    found = await at.agb.get(at.session.session_id)
    assert not found.success or found.session
    return found


async def list_sessions(at: Place) -> Result:
    listed = await at.agb.list()
    assert not listed.success or at.session.session_id in listed.session_ids or listed.next_token
    return listed


async def delete(at: Place) -> Result:
    return await at.own_session.delete(timeout=at.waits)


async def info(at: Place) -> Result:
    return await at.session.info()


async def get_status(at: Place) -> Result:
    told = await at.session.get_status()
    assert not told.success or told.status == "RUNNING"
    return told


async def keep_alive(at: Place) -> Result:
    return await at.session.keep_alive()


async def set_labels(at: Place) -> Result:
    return await at.session.set_labels({"used": "often"})


async def get_labels(at: Place) -> Result:
    return await at.session.get_labels()


async def update_labels(at: Place) -> Result:
    return await at.session.update_labels({"used": "often"})


async def get_link(at: Place) -> Result:
    return await at.session.get_link()


async def list_mcp_tools(at: Place) -> Result:
    return await at.session.list_mcp_tools("code_latest")


async def call_mcp_tool(at: Place) -> Result:
    seconds = {"timeout_ms": at.seconds * 1000}
    return await at.session.call_mcp_tool("shell", {"command": f"echo x >> {at.mark}", **seconds})


async def execute(at: Place) -> Result:
    ran = await at.session.command.execute(f"echo x >> {at.mark}; echo 42", at.seconds * 1000)
    assert not ran.success or ran.output == "42\n"
    return ran


async def start(at: Place) -> Result:
    process = await at.session.command.start(f"echo x >> {at.mark}")
    return BoolResult(request_id=process.id)


async def run_code(at: Place) -> Result:
    ran = await at.session.code.run(
        f"print('x', file=open({at.mark!r}, 'a'))\n6 * 7", "python", at.seconds
    )
    assert not ran.success or ran.result == "42"
    return ran


async def stream_code(at: Place) -> Result:
    code = f"print('x', file=open({at.mark!r}, 'a'))\nprint('y' * 300)"
    async with at.session.code.stream(code, "python", at.seconds) as run:
        texts = [event.text async for event in run if isinstance(event, StdoutEvent)]
    assert not run.result.success or "".join(texts) == "y" * 300 + "\n"
    return run.result


async def read_file(at: Place) -> Result:
    read = await at.session.file.read("/etc/hostname")
    assert not read.success or read.content
    return read


async def write_file(at: Place) -> Result:
    return await at.session.file.write(f"/tmp/{at.name}", "what was written")


async def upload(at: Place) -> Result:
    source = at.folder / "source"
    source.write_bytes(bytes(4000))
    sent = await at.session.file.upload(source, at.name, wait_timeout=at.waits)
    assert not sent.success or sent.bytes_sent == 4000
    return sent


async def download(at: Place) -> Result:
    target = at.folder / "target"
    got = await at.session.file.download(at.name, target, wait_timeout=at.waits)
    assert got.success == target.exists()
    assert not got.success or target.read_bytes() == bytes(4000)
    return got


async def create_context(at: Place) -> Result:
    made = await at.agb.context.create(at.name)
    assert not made.success or made.context
    return made


async def list_contexts(at: Place) -> Result:
    return await at.agb.context.list()


async def update_context(at: Place) -> Result:
    return await at.agb.context.update(evolve(at.own_context, name=f"{at.name}-new"))


async def delete_context(at: Place) -> Result:
    return await at.agb.context.delete(at.own_context)


async def clear_context(at: Place) -> Result:
    return await at.agb.context.clear(at.own_context.id, at.waits)


async def sync_contexts(at: Place) -> Result:
    return await at.session.context.sync(timeout=at.waits)


async def context_info(at: Place) -> Result:
    return await at.session.context.info()


async def list_files(at: Place) -> Result:
    return await at.agb.context.list_files(at.own_context.id)


async def delete_file(at: Place) -> Result:
    return await at.agb.context.delete_file(at.own_context.id, "kept")


async def upload_file(at: Place) -> Result:
    source = at.folder / "source"
    source.write_bytes(bytes(4000))
    return await at.agb.context.upload_file(at.own_context.id, source, "new")


async def download_file(at: Place) -> Result:
    target = at.folder / "target"
    got = await at.agb.context.download_file(at.own_context.id, "kept", target)
    assert got.success == target.exists()
    assert not got.success or target.read_bytes() == b"kept"
    return got


def _operation(name: str, run: Try, *stages: str, **more: Any) -> Operation:
    return Operation(name=name, run=run, stages=stages, **more)


_GONE = ("releaseSessionAsync", "getSessionInfo")
_SYNC = ("SyncContext", "GetContextInfo")
_THROUGH = "GetAndLoadInternalContext"
_PUT = ("GetContextFileUploadUrl", "objects PUT")
_GET = ("GetContextFileDownloadUrl", "objects GET")

OPERATIONS = {
    operation.name: operation
    for operation in (
        _operation("create", create, "createSession"),
        _operation("session()", use_a_block, "createSession", "getSessionInfo", _GONE[0]),
        _operation("get", get, "getSession"),
        _operation("list", list_sessions, "ListSession"),
        _operation("delete", delete, *_GONE, needs="session"),
        _operation("info", info, "getMcpResource"),
        _operation("get_status", get_status, "getSessionInfo"),
        _operation("keep_alive", keep_alive, "refreshSessionIdleTime"),
        _operation("set_labels", set_labels, "GetLabel", "SetLabel"),
        _operation("get_labels", get_labels, "GetLabel"),
        _operation("update_labels", update_labels, "GetLabel", "SetLabel"),
        _operation("get_link", get_link, "getLink"),
        _operation("list_mcp_tools", list_mcp_tools, "listTools"),
        _operation("call_mcp_tool", call_mcp_tool, "link POST"),
        _operation("command.execute", execute, "link POST"),
        _operation("command.execute by the API", execute, "mcp", by_api=True),
        _operation("command.start", start, "link POST"),
        _operation("code.run", run_code, "link POST"),
        _operation("code.run by the API", run_code, "mcp", by_api=True),
        _operation("code.stream", stream_code, "stream GET"),
        _operation("file.read", read_file, "link POST"),
        _operation("file.write", write_file, "link POST"),
        _operation("file.upload", upload, _THROUGH, *_PUT, *_SYNC),
        _operation("file.download", download, _THROUGH, *_SYNC, *_GET, needs="file"),
        _operation("context.create", create_context, "GetContext"),
        _operation("context.list", list_contexts, "ListContexts"),
        _operation("context.update", update_context, "ModifyContext", needs="context"),
        _operation("context.delete", delete_context, "DeleteContext", needs="context"),
        _operation("context.clear", clear_context, "ClearContext", "GetContext", needs="context"),
        _operation("session.context.info", context_info, "GetContextInfo"),
        _operation("session.context.sync", sync_contexts, *_SYNC),
        _operation("context.list_files", list_files, "DescribeContextFiles", needs="context"),
        _operation("context.delete_file", delete_file, "DeleteContextFile", needs="context"),
        _operation("context.upload_file", upload_file, *_PUT, needs="context"),
        _operation("context.download_file", download_file, *_GET, needs="context"),
    )
}
"""All of them by name, in the order of the table."""
