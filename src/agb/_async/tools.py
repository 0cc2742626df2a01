"""Calling tools of a session: over its link where it has one, else through the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agb._failures import malformed, refusal
from agb._http import Timeouts, usable_url
from agb._retry import TABLE, Failure, failure_of
from agb._secrets import Secret
from agb._wire import codec, endpoints, link, messages
from agb._wire.answers import Malformed, Refused, ToolAnswer
from agb._wire.codec import ToolArguments
from agb._wire.endpoint import Safety
from agb.exceptions import APIConnectionError

if TYPE_CHECKING:
    from agb._async.session import AsyncBaseSession
    from agb._wire.tools import Tool


class AsyncTools:
    """The tools of a session.

    Args:
        session: The session.
    """

    def __init__(self, session: AsyncBaseSession) -> None:
        self._session = session

    def offers(self, tool: Tool) -> bool:
        """Tell whether the session is known to have a tool."""
        return any(each.name == tool.name for each in self._session.tool_list)

    async def call(
        self, tool: Tool, arguments: ToolArguments, *, seconds: float = 0.0
    ) -> ToolAnswer:
        """Call a tool of the contract that may run for so many seconds."""
        timeouts = self._session.transport.timeouts(seconds)
        return await self.call_by_name(tool.name, codec.dump(arguments), timeouts)

    async def call_by_name(
        self, name: str, args: Mapping[str, Any], timeouts: Timeouts | None = None
    ) -> ToolAnswer:
        """Call any tool. A call that fails on the link goes to the API only if it never left."""
        session = self._session
        timeouts = timeouts or session.transport.timeouts()
        server = next((tool.server for tool in session.tool_list if tool.name == name), "")
        opens = session.token and session.token.isascii()
        refused = session.transport.config.refuses(session.link_url)
        if server and opens and not refused and usable_url(session.link_url):
            try:
                return await self._call_over_link(name, server, args, timeouts)
            except APIConnectionError as error:
                if failure_of(error) is not Failure.NOT_SENT or timeouts.deadline.is_over:
                    raise
        return await session.transport.call(
            endpoints.CALL_TOOL,
            messages.ToolCallRequest(session_id=session.session_id, name=name, args=args),
            session_id=session.session_id,
            timeouts=timeouts,
        )

    async def _call_over_link(
        self, name: str, server: str, args: Mapping[str, Any], timeouts: Timeouts
    ) -> ToolAnswer:
        session = self._session
        request = messages.LinkCallRequest(
            tool=name,
            server=server,
            args=args,
            request_id=link.new_request_id(),
            token=session.token,
        )
        attempt = 0
        while True:
            attempt += 1
            response = await session.transport.send_to_link(
                session.link_url.rstrip("/") + link.CALL_TOOL_PATH,
                ((link.TOKEN_HEADER, Secret(session.token)), ("content-type", "application/json")),
                link.write_call(request),
                timeouts,
            )
            status, headers = response.status_code, response.headers
            try:
                return link.read_answer(status, response.content, request.request_id)
            except Refused as refused:
                error = refusal(refused, headers, session_id=session.session_id)
            except Malformed as answer:
                raise malformed(answer, headers) from None
            await session.transport.repeat_or_raise(
                error,
                attempt,
                timeouts.deadline,
                what=name,
                may_repeat=TABLE[failure_of(error)][Safety.RUN],
            )
