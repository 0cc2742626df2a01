"""The tools of a session: what each does with its arguments, and the text it answers with."""

from agb.local.tools.calls import call_tool
from agb.local.tools.results import OK, ToolResult

__all__ = ["OK", "ToolResult", "call_tool"]
