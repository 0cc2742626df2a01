"""Counts the points at which work waits, and strikes at one of them."""

import asyncio
import signal
import sys
import types
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import trio
from attrs import define


@define
class Steps:
    """The points at which tasks wait, in the order in which they come to them.

    Args:
        at: Where to strike, from 1; 0 for nowhere.

    Attributes:
        strike: What to do there.
        count: How many there were.
        struck: Whether it was done.
    """

    at: int
    strike: Callable[[], object] = lambda: None
    count: int = 0
    struck: bool = False

    def wait(self) -> None:
        """Note that a task is about to wait."""
        self.count += 1
        if self.count == self.at:
            self.struck = True
            self.strike()


COUNTED: ContextVar[Steps | None] = ContextVar("COUNTED", default=None)
"""Who counts the points of this task, and of all that it starts."""


@contextmanager
def counting() -> Generator[None]:
    """Let the points of all tasks be counted that this loop runs from now on."""
    if trio.lowlevel.in_trio_run():
        instrument = _Instrument()
        trio.lowlevel.add_instrument(instrument)
        try:
            yield
        finally:
            trio.lowlevel.remove_instrument(instrument)
        return
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(_counted_task)
    try:
        yield
    finally:
        loop.set_task_factory(before)


class _Instrument(trio.abc.Instrument):
    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        steps = task.context.get(COUNTED)
        if steps is not None and task.coro.cr_frame is not None:
            steps.wait()


def _counted_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    steps = COUNTED.get()
    work = coro if steps is None else _counted(coro, steps)
    return asyncio.Task(work, loop=loop, **options)


async def _counted(coro: Coroutine[Any, Any, Any], steps: Steps) -> Any:
    return await _driven(coro, steps)


@types.coroutine
def _driven(coro: Coroutine[Any, Any, Any], steps: Steps) -> Generator[Any, Any, Any]:
    go_on, told = coro.send, None
    while True:
        try:
            waits_for = go_on(told)
        except StopIteration as end:
            return end.value
        steps.wait()
        try:
            told = yield waits_for
            go_on = coro.send
        except BaseException as error:  # noqa: BLE001 - is the coroutine's own to handle
            told, go_on = error, coro.throw


_BLOCKING = {"accept", "acquire", "connect", "poll", "recv", "recv_into", "select", "send", "sleep"}
_UNBREAKABLE = {"_acquire_restore"}
"""Where Python's own locks don't stand an interrupt."""


@contextmanager
def interrupted(at: int) -> Generator[Steps]:
    """Interrupt this thread at a point where it is about to block, as Ctrl-C does there."""
    steps = Steps(at, _interrupt)

    def look(frame: types.FrameType, event: str, called: Any) -> None:
        if event != "c_call" or called.__name__ not in _BLOCKING:
            return
        if frame.f_code.co_name not in _UNBREAKABLE:
            steps.wait()

    sys.setprofile(look)
    try:
        yield steps
    finally:
        sys.setprofile(None)


def _interrupt() -> None:
    signal.raise_signal(signal.SIGINT)
