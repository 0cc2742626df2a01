"""Waiting, with threads: the names of `aio`, blocking."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

Lock = threading.Lock
sleep = time.sleep


def in_thread(func: Callable[[], A]) -> A:
    """Run a function that blocks: here it may."""
    return func()


def shielded(func: Callable[[], A], *, seconds: float) -> A:  # noqa: ARG001 - the twin's names
    """Do something to its end; its own time limits bound it."""
    return func()


def map_parallel(func: Callable[[A], B], items: Iterable[A], *, limit: int) -> list[B]:
    """Do something with each item, so many at once at most.

    Returns:
        The results, in the order of the items.

    Raises:
        Exception: What the first one that failed raised; those not yet begun are dropped.
    """
    with ThreadPoolExecutor(max_workers=limit) as pool:
        futures = [pool.submit(func, item) for item in items]
        done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
        failed = [future for future in futures if future in done and future.exception()]
        return [future.result() for future in failed or futures]
