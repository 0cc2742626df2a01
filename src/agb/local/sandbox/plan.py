"""How the agent of one sandbox is started, and what it is told."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

from agb.local import inside
from agb.local.sandbox.cgroups import Group
from agb.local.sandbox.interface import Limits
from agb.local.sandbox.view import View

INSIDE = Path(inside.__file__).parent
"""The folder of the agent and the runners."""

_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); "
    f"from {INSIDE.name}.agent import main; main(sys.argv[2])"
)


@frozen(kw_only=True)
class Plan:
    """How to start the agent of one sandbox.

    Attributes:
        command: What comes before the interpreter: nothing, or what walls it in.
        package: The folder that holds the agent's package, as the agent sees it.
        settings: The agent's settings but for its sockets, see `agb.local.inside.agent.Settings`.
        inherit: File descriptors that `command` reads.
        disk: Bytes that the session's files may take.
        traced: Whether `command` traces what it starts instead of walling it in.
    """

    command: Sequence[str] = ()
    package: Path
    settings: dict[str, Any] = field(repr=False)
    inherit: Sequence[int] = ()
    disk: int
    traced: bool = False

    def arguments(self, fd: int, door: int) -> list[str]:
        """Give the whole command line; the sockets are `fd` and `door`."""
        settings = json.dumps({"fd": fd, "door": door, "traced": self.traced, **self.settings})
        agent = ["-I", "-S", "-c", _BOOT, str(self.package), settings]
        return [*self.command, self.settings["python"], *agent]


def environment(view: View, home: str, temporary: str) -> dict[str, str]:
    """Give the environment of a session's processes; nothing of the server's own is in it."""
    return {
        "HOME": home,
        "LANG": "C.UTF-8",
        "LOGNAME": "user",
        "PATH": ":".join((f"{home}/.local/bin", *view.path)),
        "SHELL": "/bin/bash",
        "TERM": "dumb",
        "TMPDIR": temporary,
        "USER": "user",
    }


def agent_limits(limits: Limits, group: Group | None, *, own_user: bool) -> dict[str, int]:
    """Give the resource limits that the agent is to set.

    Args:
        limits: What the session may use.
        group: Its control group, which sees to memory and processes if there is one.
        own_user: Whether the kernel counts the processes of this session alone.
    """
    # With 1 the kernel writes no core file and starts no handler of them, which it would with 0.
    always = {"CORE": 1, "NOFILE": limits.open_files, "FSIZE": limits.file_size}
    if group:
        return always
    # DATA and not AS: Node and Java reserve far more address space than they use.
    return always | {"DATA": limits.memory} | ({"NPROC": limits.processes} if own_user else {})
