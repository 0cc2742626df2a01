"""The tools of a session: what each does with its arguments, and the text it answers with."""

from agb.local.tools.calls import BUG, CallerGone, HungUp, call_tool, read_arguments
from agb.local.tools.results import OK, ToolResult

__all__ = ["BUG", "OK", "CallerGone", "HungUp", "ToolResult", "call_tool", "read_arguments"]
