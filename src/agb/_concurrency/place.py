"""Where code runs: in which process, and in which event loop."""

import os
import sys
from typing import Any


class _Process:
    """This process: how many forks lie between it and the one that loaded this module."""

    forks = 0

    @classmethod
    def forked(cls) -> None:
        cls.forks += 1


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows knows no forks
    os.register_at_fork(after_in_child=_Process.forked)


def process() -> int:
    """Return a number that a process and those forked from it don't share."""
    return _Process.forks


def event_loop() -> object | None:
    """Return the event loop that runs this code, of asyncio or of trio; None where none does."""
    trio = trio_in_use()
    if trio is not None:
        token: object = trio.lowlevel.current_trio_token()
        return token
    # The public one raises where none runs, which takes ten times as long. Where asyncio has not
    # been loaded, none does, and loading it takes longer than all of this package.
    running = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    loop: object | None = running() if running else None
    return loop


def trio_in_use() -> Any:
    """Return trio, where it runs this code; else None."""
    trio = sys.modules.get("trio")
    lowlevel = getattr(trio, "lowlevel", None)  # none yet while trio is being imported
    return trio if lowlevel is not None and lowlevel.in_trio_task() else None
