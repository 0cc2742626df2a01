"""MCP tools, through the API and over a session's link, and what a session uses."""

from collections.abc import Awaitable

from agb import ImageNotFoundError, McpTool, SessionMetrics, ToolError
from agb.exceptions import APIError, ServerError, SessionNotFoundError, UnexpectedResponseError
from agb.results import McpContent, McpToolResult
from conformance._async.world import AsyncWorld, Case
from conformance.outcome import AS_SENT, fails, gives

PICTURE = McpContent(type="image", data="QUJD", mime_type="image/png")
SHELL = McpTool(
    name="shell",
    description="Run a shell command",
    input_schema={
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
    server="wuying_shell",
    tool="shell",
)
METRICS = {
    "cpu_count": 4,
    "cpu_used_pct": 12.5,
    "disk_total": 107374182400,
    "disk_used": 2147483648,
    "mem_total": 8589934592,
    "mem_used": 1073741824,
    "rx_rate_kbyte_per_s": 1.5,
    "tx_rate_kbyte_per_s": 0.5,
    "rx_used_kbyte": 2048.0,
    "tx_used_kbyte": 512.0,
    "timestamp": "2026-01-01T00:00:00Z",
}
USED = SessionMetrics(
    cpu_count=4,
    cpu_used_pct=12.5,
    disk_total=107374182400,
    disk_used=2147483648,
    mem_total=8589934592,
    mem_used=1073741824,
    rx_rate_kbyte_per_s=1.5,
    tx_rate_kbyte_per_s=0.5,
    rx_used_kbyte=2048.0,
    tx_used_kbyte=512.0,
    timestamp="2026-01-01T00:00:00Z",
)


def texts(*parts: str) -> list[McpContent]:
    """Return text parts."""
    return [McpContent(text=part) for part in parts]


def call(on: AsyncWorld) -> Awaitable[McpToolResult]:
    return on.session.call_mcp_tool("x", {})


def link(on: AsyncWorld) -> Awaitable[McpToolResult]:
    return on.linked.call_mcp_tool("shell", {"command": "x"})


CASES = (
    Case("mcp_list_tools", lambda on: on.session.list_mcp_tools(), gives(tools=[SHELL])),
    Case(
        "mcp_list_tools_image",
        lambda on: on.session.list_mcp_tools(image_id="agb-browser-use-1"),
        gives(tools=[SHELL]),
    ),
    Case(
        "mcp_list_tools_data_array",
        lambda on: on.session.list_mcp_tools(),
        gives(tools=[McpTool(name="shell")]),
    ),
    Case(
        "mcp_list_tools_bad_json",
        lambda on: on.session.list_mcp_tools(),
        fails(UnexpectedResponseError, "not JSON", status_code=200),
    ),
    Case(
        "mcp_list_tools_error",
        lambda on: on.session.list_mcp_tools(),
        fails(ImageNotFoundError, "unknown image", code="InvalidImage", status_code=200),
    ),
    Case(
        "mcp_call_tool_empty_args",
        lambda on: on.session.call_mcp_tool("get_cursor_position", {}),
        gives(data="{}", content=texts("{}")),
    ),
    Case(
        "mcp_call_tool_unicode_args",
        lambda on: on.session.call_mcp_tool("x", {"t": "héllo 你好"}),
        gives(data="ok", content=texts("ok")),
    ),
    Case(
        "mcp_call_tool_multi_text",
        call,
        gives(data="a\nb", content=[McpContent(text="a"), PICTURE, McpContent(text="b")]),
    ),
    Case("mcp_call_tool_image_only", call, gives(data="QUJD", content=[PICTURE])),
    Case("mcp_call_tool_no_content", call, gives()),
    Case("mcp_call_tool_data_null", call, gives()),
    Case(
        "mcp_call_tool_data_missing_iserror",
        call,
        gives(data="fine", content=texts("fine")),
    ),
    Case(
        "mcp_call_tool_is_error",
        call,
        fails(
            ToolError,
            "tool blew up",
            fields={"data": "tool blew up", "content": texts("tool blew up")},
        ),
    ),
    Case(
        "mcp_call_tool_is_error_with_message",
        call,
        fails(
            ToolError,
            "tool blew up",
            fields={"data": "tool blew up", "content": texts("tool blew up")},
        ),
    ),
    Case("mcp_call_tool_is_error_no_text", call, fails(ToolError, "no reason")),
    Case(
        "mcp_call_tool_api_failure",
        call,
        fails(
            SessionNotFoundError,
            "session not found",
            code="InvalidSession.NotFound",
            status_code=200,
        ),
    ),
    Case(
        "mcp_call_tool_api_failure_content_ok",
        call,
        fails(APIError, code="X", status_code=200),
    ),
    Case(
        "mcp_link_call_data_object",
        lambda on: on.linked.call_mcp_tool("shell", {"command": "echo hi"}),
        gives(AS_SENT, data="hi", content=texts("hi")),
    ),
    Case(
        "mcp_link_call_content_string",
        link,
        gives(AS_SENT, data="plain", content=texts("plain")),
    ),
    Case(
        "mcp_link_call_content_blob",
        link,
        gives(
            AS_SENT,
            data="ignored",
            content=[McpContent(type="resource", data="QkxPQg=="), McpContent(text="ignored")],
        ),
    ),
    Case("mcp_link_call_no_result", link, gives(AS_SENT, data="", content=texts(""))),
    Case(
        "mcp_link_call_no_data",
        link,
        fails(UnexpectedResponseError, "data", request_id=AS_SENT, status_code=200),
    ),
    Case(
        "mcp_link_call_http_500",
        link,
        fails(ServerError, "nope", request_id=AS_SENT, status_code=500),
    ),
    Case(
        "mcp_link_call_is_error",
        lambda on: on.linked.call_mcp_tool("shell", {"command": "false"}),
        fails(
            ToolError,
            "command failed",
            request_id=AS_SENT,
            fields={"data": "command failed", "content": texts("command failed")},
        ),
    ),
    Case(
        "mcp_link_unknown_tool_falls_back",
        lambda on: on.linked.call_mcp_tool("not_listed", {"a": 1}),
        gives(data="via api", content=texts("via api")),
    ),
    Case("metrics_api", lambda on: on.session.get_metrics(), gives(metrics=USED, raw=METRICS)),
    Case(
        "metrics_link",
        lambda on: on.linked.get_metrics(),
        gives(AS_SENT, metrics=USED, raw=METRICS),
    ),
    Case(
        "metrics_error",
        lambda on: on.session.get_metrics(),
        fails(ToolError, "no metrics"),
    ),
    Case(
        "metrics_not_object",
        lambda on: on.session.get_metrics(),
        fails(UnexpectedResponseError, "not a JSON object", status_code=200),
    ),
)
