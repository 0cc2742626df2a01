"""Notes who has made each task, thread and file of this process, and tells what is left of whom."""

import asyncio
import os
import socket
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

import anyio.to_thread
import trio
from attrs import define, field

_FILES = Path("/proc/self/fd")
_KEPT_BY_LOOPS = ("AnyIO worker thread", "Trio thread", "asyncio_")
"""Threads that loops keep for the next function that blocks, whosoever it is."""

_OWNER: ContextVar[str] = ContextVar("OWNER", default="")


def open_files() -> Counter[str]:
    """Return what this process has open."""
    links: Counter[str] = Counter()
    for each in list(_FILES.iterdir()):
        with suppress(FileNotFoundError):  # closed meanwhile, as is the folder itself
            links[str(each.readlink())] += 1
    links.pop(f"/proc/{os.getpid()}/fd", None)
    return links


def threads() -> Counter[str]:
    """Return the threads of this process, but those that a loop keeps without work."""
    names = (each.name for each in threading.enumerate())
    return Counter(name for name in names if not name.startswith(_KEPT_BY_LOOPS))


def tasks() -> Counter[str]:
    """Return what runs in this loop, if there is one, and what it has run in threads."""
    if trio.lowlevel.in_trio_run():
        living = trio.lowlevel.current_statistics().tasks_living
    else:
        try:
            living = len(asyncio.all_tasks())
        except RuntimeError:
            return Counter()
    busy = anyio.to_thread.current_default_thread_limiter().statistics().borrowed_tokens
    return Counter({"tasks": living, "functions in threads": int(busy)})


def everything() -> Counter[str]:
    """Return all that there is now, to be compared with what there is later."""
    return open_files() + threads() + tasks()


@define(eq=False)
class Leftovers:
    """Notes, while a block runs, for whom each task, thread and socket is made."""

    _made: WeakKeyDictionary[Any, str] = field(factory=WeakKeyDictionary)
    _sockets: dict[str, str] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    @contextmanager
    def noted(self) -> Generator[None]:
        """Note what is made in this process, and in this loop, if there is one."""
        start, make = threading.Thread.start, socket.socket.__init__

        def noted_start(thread: threading.Thread) -> None:
            if not thread.name.startswith(_KEPT_BY_LOOPS):
                self.note(thread)
            start(thread)

        def noted_make(made: socket.socket, *args: Any, **options: Any) -> None:
            make(made, *args, **options)
            self._sockets.setdefault(f"{(_FILES / str(made.fileno())).readlink()}", self._owner())

        with (
            patch.object(threading.Thread, "start", noted_start),
            patch.object(socket.socket, "__init__", noted_make),
            self._tasks_noted(),
        ):
            yield

    @contextmanager
    def _tasks_noted(self) -> Generator[None]:
        if trio.lowlevel.in_trio_run():
            instrument = _Instrument(self)
            trio.lowlevel.add_instrument(instrument)
            try:
                yield
            finally:
                trio.lowlevel.remove_instrument(instrument)
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            yield
            return

        def noted_task(
            loop: asyncio.AbstractEventLoop, work: Any, **options: Any
        ) -> asyncio.Task[Any]:
            task = asyncio.Task(work, loop=loop, **options)
            self.note(task)
            return task

        before = loop.get_task_factory()
        loop.set_task_factory(noted_task)
        try:
            yield
        finally:
            loop.set_task_factory(before)

    def note(self, made: object) -> None:
        """Note for whom this is made: for whom the work is done that makes it."""
        owner = self._owner()
        with self._lock:
            self._made[made] = owner

    def _owner(self) -> str:
        return _OWNER.get() or self._made.get(_running(), "")

    @contextmanager
    def owned(self, owner: str) -> Generator[None]:
        """Let what is made by the block, and by what it makes, be somebody's."""
        token = _OWNER.set(owner)
        try:
            yield
        finally:
            _OWNER.reset(token)

    def of(self, owner: str, folder: Path) -> list[str]:
        """Return what is left of what is somebody's, and open files in a folder."""
        with self._lock:
            made = list(self._made.items())
        living = [each for each, whose in made if whose == owner and _lives(each)]
        files = [
            link
            for link in open_files()
            if self._sockets.get(link) == owner or link.startswith(f"{folder}/")
        ]
        return [*map(_called, living), *files]


class _Instrument(trio.abc.Instrument):
    def __init__(self, leftovers: Leftovers) -> None:
        self._leftovers = leftovers

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        self._leftovers.note(task)


def _running() -> object:
    """Return the task that runs, or the thread where none does."""
    if trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_task()
    try:
        return asyncio.current_task() or threading.current_thread()
    except RuntimeError:
        return threading.current_thread()


def _lives(made: Any) -> bool:
    match made:
        case threading.Thread():
            return made.is_alive()
        case asyncio.Task():
            return not made.done()
        case _:  # trio's
            return made.coro.cr_frame is not None


def _called(made: Any) -> str:
    kind = "thread" if isinstance(made, threading.Thread) else "task"
    name = made.get_name() if isinstance(made, asyncio.Task) else made.name
    return f"{kind} {name}"
