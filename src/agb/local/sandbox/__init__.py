"""Where a session's processes live: one interface, a strong and two portable kinds.

Example:
    ```python
    sandboxes = await Sandboxes.detect(choice="auto", limits=Limits())
    sandbox = await sandboxes.open(Path("/var/lib/agb/sessions/s-1"))
    await sandbox.request("file.write", path="notes.txt", content="hi")
    answer = await sandbox.request("shell", command="cat notes.txt", timeout_ms=1000)
    assert answer["stdout"] == "hi"
    await sandbox.aclose()
    ```
"""

from agb.local.inside.errors import OperationError
from agb.local.inside.paths import HOME
from agb.local.sandbox.factory import Choice, Sandboxes
from agb.local.sandbox.interface import (
    EventHandler,
    Limits,
    Sandbox,
    SandboxError,
    SandboxGone,
    SandboxUnavailable,
)

__all__ = [
    "HOME",
    "Choice",
    "EventHandler",
    "Limits",
    "OperationError",
    "Sandbox",
    "SandboxError",
    "SandboxGone",
    "SandboxUnavailable",
    "Sandboxes",
]
