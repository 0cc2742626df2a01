"""Where code runs: in which process, and in which event loop."""

import os
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
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
    trio = _loaded_trio()
    if trio is not None and trio.in_trio_task():
        token: object = trio.current_trio_token()
        return token
    # The public one raises where none runs, which takes ten times as long. Where asyncio has not
    # been loaded, none does, and loading it takes longer than all of this package.
    running = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    loop: object | None = running() if running else None
    return loop


def start(
    func: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], object], name: str
) -> object:
    """Run a function in a task that belongs to the loop alone, and not to who starts it.

    A cancellation of the one does not reach the other, nor does a failure: the function must not
    raise. Whoever starts it sees to its end, and `ended` is called then.

    Returns:
        What to keep for as long as the task shall live: asyncio itself does not.
    """
    trio = _loaded_trio()
    if trio is not None and trio.in_trio_task():

        async def whole() -> None:
            try:
                await func()
            finally:
                ended()

        system_task: object = trio.spawn_system_task(whole, name=name)
        return system_task
    import asyncio  # noqa: PLC0415 - it takes long, and is loaded where its loop runs

    task = asyncio.get_running_loop().create_task(func(), name=name, context=Context())
    task.add_done_callback(lambda _: ended())
    return task


def _loaded_trio() -> Any:
    return getattr(sys.modules.get("trio"), "lowlevel", None)
