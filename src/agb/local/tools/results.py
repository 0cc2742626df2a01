"""What a tool is, and what it answers."""

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import frozen

from agb._wire.messages.tools import ContentPart, ToolCallData
from agb.local.session import Session

OK = "OK"
TIMED_OUT = "Execution.Timeout"

LONGEST_RUN = 7 * 24 * 3600
"""Seconds that anything may run; who asks for more means for ever."""


@frozen(kw_only=True)
class ToolResult:
    """What a tool answered.

    Attributes:
        text: The text, in the shape that the contract gives it.
        is_error: Whether the tool failed.
        code: Stable name of the cause when something went wrong.
    """

    text: str
    is_error: bool = False
    code: str = OK

    def on_wire(self) -> ToolCallData:
        """Give the message that travels."""
        return ToolCallData(content=(ContentPart(text=self.text),), is_error=self.is_error)


Run = Callable[[Session, Any], Coroutine[Any, Any, ToolResult]]
"""What a tool does with a session and its own kind of arguments."""
