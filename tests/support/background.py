"""What goes on beside a test: tasks and threads of the client's own."""

import asyncio
import sys
import threading
from typing import Any

NAME = "agb: keeps sessions"


def keeping() -> int:
    """Count the tasks and threads that keep sessions."""
    return [*_threads(), *_asyncio_tasks(), *_trio_tasks()].count(NAME)


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def _asyncio_tasks() -> list[str]:
    try:
        return [task.get_name() for task in asyncio.all_tasks()]
    except RuntimeError:
        return []


def _trio_tasks() -> list[str]:
    trio: Any = sys.modules.get("trio")
    if trio is None or not trio.lowlevel.in_trio_task():
        return []
    names: list[str] = []
    tasks = [trio.lowlevel.current_root_task()]
    while tasks:
        task = tasks.pop()
        names.append(task.name)
        tasks += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return names
