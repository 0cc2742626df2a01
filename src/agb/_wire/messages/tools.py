"""MCP tools: call them through the API or over a session's link."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory, field

from agb._wire.codec import is_array, is_object, parse, wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class ToolLine:
    """A tool as an AGB describes it."""

    name: str = ""
    description: str = ""
    input_schema: Mapping[str, Any] = Factory(dict[str, Any])
    server: str = ""
    tool: str = ""


@frozen(kw_only=True)
class ToolCallRequest:
    """Calls a tool of a session through the API."""

    session_id: str
    name: str
    args: Mapping[str, Any] = field(metadata=wire(text=True))
    auto_gen_session: bool = False


@frozen(kw_only=True)
class ContentPart:
    """One part of what a tool answered: text, or base64 data with its MIME type."""

    type: str = "text"
    text: str | None = None
    data: str | None = None
    mime_type: str | None = None


@frozen(kw_only=True)
class ToolCallData:
    """What a tool answered."""

    content: Sequence[ContentPart] = ()
    is_error: bool = False

    @property
    def text(self) -> str | None:
        """All text parts joined by newlines; without one the first data part; else None."""
        texts = [part.text for part in self.content if part.text is not None]
        if texts:
            return "\n".join(texts)
        return next((part.data for part in self.content if part.data is not None), None)


@frozen(kw_only=True)
class LinkCallRequest:
    """Calls a tool of a session over its link; the token opens it."""

    tool: str
    server: str
    args: Mapping[str, Any]
    request_id: str
    token: str = field(repr=False)


def write_tool_list(tools: Sequence[ToolLine]) -> str:
    """Write a session's tool list: which tool is on which server."""
    return json.dumps([{"name": tool.name, "server": tool.server} for tool in tools])


def read_tool_list(found: object) -> tuple[ToolLine, ...]:
    """Read a session's tool list, given as an array or as its JSON text.

    Keys come as `name` or `Name` and as `server`, `serverName` or `Server`. What can't be read
    is no tool: the session still works, through the API.
    """
    if isinstance(found, str):
        try:
            found = parse(found)
        except ValueError:
            return ()
    entries = found if is_array(found) else []
    return tuple(
        ToolLine(
            name=_first(entry, "name", "Name"),
            server=_first(entry, "server", "serverName", "Server"),
        )
        for entry in entries
        if is_object(entry)
    )


def _first(entry: Mapping[str, Any], *keys: str) -> str:
    return next((str(entry[key]) for key in keys if entry.get(key)), "")
