"""A session: what it is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from agb import _checks, results
from agb._async.deletion import AsyncDeletion
from agb._async.labels import AsyncLabels
from agb._async.reported import reported
from agb._async.session_streams import AsyncStreams
from agb._async.tools import AsyncTools
from agb._async.transport import AsyncTransport
from agb._concurrency import aio
from agb._deadline import Deadline, within
from agb._http import Timeouts
from agb._keeping import expiry
from agb._own_labels import users_labels
from agb._secrets import NotPickled
from agb._session_reading import is_listening, listening_probe, public_tools, session_info
from agb._wire import endpoints, messages
from agb.exceptions import ExecutionTimeoutError, InvalidParamsError, WaitTimeoutError
from agb.session_params import checked_labels

if TYPE_CHECKING:
    from agb._async.client import AsyncAGB
    from agb._async.code import AsyncCode
    from agb._async.command import AsyncCommand
    from agb._async.file_system import AsyncFileSystem
    from agb._async.low_level import AsyncClient
    from agb._async.oss import AsyncOss
    from agb._async.session_context import AsyncSessionContext


class AsyncBaseSession(NotPickled):
    """A handle to a session. Making one asks nobody: the session may be gone.

    Args:
        agb: The client that the handle works through.
        session_id: Identifier of the session.

    Attributes:
        session_id: Identifier of the session.
        expires_at: When the AGB releases it, whatever it does, in UTC; an AGB that does not tell
            is taken to do so after 30 minutes. None on a handle that does not know, or for never.
        image_id: Image it was created from; empty on a handle that was not made by `create`.
        resource_url: Page of the session's resources, valid for some 30 minutes.
        app_instance_id: Instance that runs the session.
        resource_id: Resource that the session runs on.
        link_url: Direct route to the session's tools; empty where there is none.
        ws_url: Address for streams; empty where there is none.
        tool_list: Tools of the session with the servers that they are on.
    """

    _instead = "pass its session_id on, and get() the session with a client there"

    def __init__(self, agb: AsyncAGB, session_id: str) -> None:
        self.agb = agb
        self.session_id = session_id
        self.expires_at: datetime | None = None
        self.image_id = ""
        self.resource_url = ""
        self.app_instance_id = ""
        self.resource_id = ""
        self.link_url = ""
        self.ws_url = ""
        self.token = ""
        self.tool_list: Sequence[results.McpTool] = ()
        self._tools = AsyncTools(self)
        self._streams = AsyncStreams(self)
        self._labels = AsyncLabels(self.transport, session_id)

    @classmethod
    def from_data(cls, agb: AsyncAGB, data: messages.SessionData, image_id: str = "") -> Self:
        """Make a handle from what an AGB told about a session."""
        session = cls(agb, data.session_id)
        session.expires_at = expiry(data, created=bool(image_id))
        session.image_id = image_id
        session.resource_url = data.resource_url
        session.app_instance_id = data.app_instance_id
        session.resource_id = data.resource_id
        session.link_url = data.link_url
        session.ws_url = data.ws_url
        session.token = data.token
        session.tool_list = public_tools(messages.read_tool_list(data.tool_list))
        return session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.session_id}>"

    @property
    def transport(self) -> AsyncTransport:
        """What requests of this session go through."""
        return self.agb.transport

    # Each of these loads what only it needs, when it is used first.

    @cached_property
    def code(self) -> AsyncCode:
        """Runs code."""
        from agb._async.code import AsyncCode  # noqa: PLC0415

        return AsyncCode(self, self._tools, self._streams)

    @cached_property
    def command(self) -> AsyncCommand:
        """Runs shell commands."""
        from agb._async.command import AsyncCommand  # noqa: PLC0415

        return AsyncCommand(self._tools)

    @cached_property
    def context(self) -> AsyncSessionContext:
        """Contexts that the session has mounted."""
        from agb._async.session_context import AsyncSessionContext  # noqa: PLC0415

        return AsyncSessionContext(self)

    @cached_property
    def file(self) -> AsyncFileSystem:
        """Reads and writes files."""
        from agb._async.file_system import AsyncFileSystem  # noqa: PLC0415

        return AsyncFileSystem(self, self._tools)

    @property
    def file_system(self) -> AsyncFileSystem:
        """The same as `file`."""
        return self.file

    @cached_property
    def oss(self) -> AsyncOss:
        """Copies files between this machine and the session."""
        from agb._async.oss import AsyncOss  # noqa: PLC0415

        return AsyncOss(self.file, self._tools)

    def get_api_key(self) -> str:
        """Return the API key that the session is used with."""
        return self.transport.config.api_key

    def get_session_id(self) -> str:
        """Return the identifier of the session."""
        return self.session_id

    def get_client(self) -> AsyncClient:
        """Return the HTTP client for calls that have no method here."""
        return self.agb.client

    def get_link_url(self) -> str:
        """Return the direct route to the session's tools; empty where there is none."""
        return self.link_url

    def get_token(self) -> str:
        """Return the token that opens `link_url`. It is a secret."""
        return self.token

    @reported
    async def info(self) -> results.OperationResult[results.SessionInfo]:
        """Ask for facts about the session.

        Returns:
            A `SessionInfo` as `data`. It failed with a `SessionNotFoundError` when the session
            is gone.
        """
        answer = await self.transport.call(
            endpoints.GET_RESOURCE, self._request(), session_id=self.session_id
        )
        return results.OperationResult(request_id=answer.request_id, data=session_info(answer.data))

    @reported
    async def get_status(self) -> results.SessionStatusResult:
        """Ask where the session is in its life. Asking does not keep it alive.

        Returns:
            `status`: `RUNNING`, `DELETING`, `FINISH`, ...
        """
        answer = await self.transport.call(
            endpoints.GET_SESSION_INFO, self._request(), session_id=self.session_id
        )
        return results.SessionStatusResult(request_id=answer.request_id, status=answer.data.status)

    @reported
    async def keep_alive(self) -> results.OperationResult[None]:
        """Start the session's idle time anew."""
        answer = await self.transport.call(
            endpoints.REFRESH_IDLE_TIME, self._request(), session_id=self.session_id
        )
        return results.OperationResult(request_id=answer.request_id)

    @reported
    async def set_labels(self, labels: Mapping[str, str]) -> results.OperationResult[None]:
        """Replace all labels of the session.

        Args:
            labels: The new ones, at least one, with non-blank keys and values; keys that begin
                with `agb.` are reserved.
        """
        checked = checked_labels(labels)
        if not checked:
            raise InvalidParamsError("labels must not be empty: a session can't lose all of them")
        answer = await self._labels.replace(checked)
        return results.OperationResult(request_id=answer.request_id)

    @reported
    async def get_labels(self) -> results.OperationResult[Mapping[str, str]]:
        """Ask for the labels of the session.

        Returns:
            The labels as `data`; an empty map when it has none.
        """
        answer = await self._labels.read()
        return results.OperationResult(
            request_id=answer.request_id, data=users_labels(answer.data.labels)
        )

    @reported
    async def update_labels(
        self, labels: Mapping[str, str]
    ) -> results.OperationResult[Mapping[str, str]]:
        """Add labels to those that the session has, or change them.

        The labels are read, merged and written back: of two programs that do so at once, one
        may undo the other's change.

        Args:
            labels: What to add or change.

        Returns:
            All labels of the session as `data`.
        """
        answer, merged = await self._labels.update(checked_labels(labels))
        return results.OperationResult(request_id=answer.request_id, data=merged)

    @reported
    async def get_link(
        self,
        protocol_type: str | None = None,
        port: int | None = None,
        *,
        wait_port: float | None = None,
    ) -> results.LinkResult:
        """Ask for a URL that leads into the session. It carries its own permission.

        Args:
            protocol_type: Such as `"https"` or `"wss"`. Default: what the AGB chooses.
            port: Port in the session, from 30100 to 30199. Default: the session itself.
            wait_port: Seconds to wait until something in the session listens on `port`.
                Default: the link is given at once, whether or not it leads anywhere yet.

        Returns:
            The URL as `data`. It failed with a `WaitTimeoutError` when nothing listened on the
            port in time.

        Example:
            ```python
            await session.command.execute("nohup python3 -m http.server 30100 > log 2>&1 &")
            link = await session.get_link(port=30100, wait_port=30)
            ```
        """
        request = messages.LinkRequest(
            session_id=self.session_id, protocol_type=protocol_type, port=_checks.port(port)
        )
        if wait_port is not None:
            if port is None:
                raise InvalidParamsError("wait_port needs a port to wait for")
            await self._wait_until_listening(port, _checks.seconds("wait_port", wait_port))
        answer = await self.transport.call(endpoints.GET_LINK, request, session_id=self.session_id)
        return results.LinkResult(request_id=answer.request_id, data=answer.data.url)

    async def _wait_until_listening(self, port: int, seconds: float) -> None:
        deadline = Deadline(seconds)
        request_id = ""
        for pause in deadline.pauses():
            limit = max(1, int(deadline.remaining() * 1000))
            seen = await self.command.execute(listening_probe(port), timeout_ms=limit)
            request_id = seen.request_id
            if not isinstance(seen.error, ExecutionTimeoutError) and is_listening(
                seen.raise_for_error().output
            ):
                return
            await aio.sleep(pause)
        raise WaitTimeoutError(
            f"after {seconds:g} s nothing listens on port {port} of session {self.session_id}",
            request_id=request_id,
        )

    @reported
    async def get_metrics(
        self, read_timeout: int | None = None, connect_timeout: int | None = None
    ) -> results.SessionMetricsResult:
        """Ask what the session uses of processor, memory, disk and network.

        Args:
            read_timeout: Milliseconds to wait for the answer. Default: the client's `timeout`.
            connect_timeout: Milliseconds to wait for a connection. Default: likewise.

        Returns:
            The figures as `metrics`, and all that the AGB said as `raw`.
        """
        from agb._metrics_reading import metrics_result  # noqa: PLC0415 - few programs need it
        from agb._wire.tools import GET_METRICS  # noqa: PLC0415 - likewise

        return metrics_result(
            await self._tools.call_by_name(
                GET_METRICS.name, {}, self._timeouts(read_timeout, connect_timeout)
            )
        )

    @reported
    async def list_mcp_tools(self, image_id: str | None = None) -> results.McpToolsResult:
        """Ask which MCP tools an image has.

        Args:
            image_id: The image. Default: the one that the session was created from.
        """
        image = image_id or self.image_id
        if not image.strip():
            raise InvalidParamsError(
                "image_id is needed: this handle does not know the image of its session"
            )
        answer = await self.transport.call(
            endpoints.LIST_TOOLS, messages.ListToolsRequest(image_id=image)
        )
        return results.McpToolsResult(request_id=answer.request_id, tools=public_tools(answer.data))

    @reported
    async def call_mcp_tool(
        self,
        tool_name: str,
        args: Mapping[str, Any],
        read_timeout: int | None = None,
        connect_timeout: int | None = None,
    ) -> results.McpToolResult:
        """Call any MCP tool of the session.

        Args:
            tool_name: Name of the tool; `list_mcp_tools` has them all.
            args: Its arguments, as its schema wants them.
            read_timeout: Milliseconds to wait for the answer. Default: the client's `timeout`.
            connect_timeout: Milliseconds to wait for a connection. Default: likewise.

        Returns:
            The text as `data` and every part as `content`. It failed with a `ToolError` when
            the tool says so, with a `ToolNotFoundError` when there is no such tool.
        """
        from agb._reading import tool_result  # noqa: PLC0415 - few programs need it

        name = _checks.non_blank("tool_name", tool_name)
        timeouts = self._timeouts(read_timeout, connect_timeout)
        answer = await self._tools.call_by_name(name, _checks.arguments(args), timeouts)
        return tool_result(answer)

    @reported
    async def delete(
        self,
        sync_context: bool = False,
        *,
        wait: bool = True,
        timeout: float = 60.0,  # noqa: ASYNC109 - bounds the waiting, not the call
    ) -> results.DeleteResult:
        """Delete the session. One that is gone already counts as deleted.

        Streams of this handle end with a `StreamDisconnectedError`.

        Args:
            sync_context: Whether to bring all mounted contexts up to date first. When that
                fails, the session is not deleted, since its files would be lost.
            wait: Whether to wait until the AGB has released it.
            timeout: Seconds that all of it may take.

        Returns:
            Whether it is gone. It failed with a `ContextSyncError` when a context could not be
            brought up to date, and the session is kept; with a `WaitTimeoutError` when it is
            still going.
        """
        seconds = _checks.seconds("timeout", timeout)
        deletion = AsyncDeletion(self, self._streams)
        with within(Deadline(seconds)):
            return await deletion.run(seconds, sync_context=sync_context, wait=wait)

    def _request(self) -> messages.SessionRequest:
        return messages.SessionRequest(session_id=self.session_id)

    def _timeouts(self, read: int | None, connect: int | None) -> Timeouts:
        default = self.transport.timeouts()
        return Timeouts(
            connect=default.connect
            if connect is None
            else _checks.at_least_one("connect_timeout", connect) / 1000,
            read=default.read
            if read is None
            else _checks.at_least_one("read_timeout", read) / 1000,
        )


class AsyncSession(AsyncBaseSession):
    """A session of an AGB; see `AsyncBaseSession`."""
