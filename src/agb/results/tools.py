"""What MCP tools are and return."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory, field

from agb._wire.values import frozen
from agb.results.base import Result


@frozen(kw_only=True)
class McpTool:
    """An MCP tool of an image.

    Attributes:
        name: What to call it by.
        description: What it does.
        input_schema: JSON schema of its arguments.
        server: The MCP server that it belongs to.
        tool: Its name on that server.
    """

    name: str
    description: str = ""
    input_schema: Mapping[str, Any] = Factory(dict[str, Any])
    server: str = ""
    tool: str = ""


@frozen(kw_only=True)
class McpToolsResult(Result):
    """The MCP tools of an image."""

    tools: Sequence[McpTool] = ()


@frozen(kw_only=True)
class McpContent:
    """One part of what a tool answered.

    Attributes:
        type: `text`, `image`, ...
        text: Text of a text part.
        data: Base64 data of another part.
        mime_type: What the data is.
    """

    type: str = "text"
    text: str | None = None
    data: str | None = field(default=None, repr=False)
    mime_type: str | None = None


@frozen(kw_only=True)
class McpToolResult(Result):
    """What a tool answered.

    Attributes:
        data: All text parts joined by newlines; without one the first part's base64 data.
        content: Every part as it came.
    """

    data: str | None = None
    content: Sequence[McpContent] = ()
