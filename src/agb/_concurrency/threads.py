"""Waiting, with threads: the names of `aio`, blocking."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

Event = threading.Event
Lock = threading.Lock
Mutex = threading.Lock
sleep = time.sleep


def in_thread(func: Callable[[], A]) -> A:
    """Run a function that blocks: here it may."""
    return func()


def shielded(func: Callable[[], A], *, seconds: float) -> A:  # noqa: ARG001 - the twin's names
    """Do something to its end; its own time limits bound it."""
    return func()


def finished_or_undone(func: Callable[[], A], undo: Callable[[A], object], *, seconds: float) -> A:
    """Do something that must not be left half-done.

    A Ctrl-C meanwhile does not break it off: it is finished, and then undone. Only the main thread
    is ever interrupted, so only there another thread does the work.

    Args:
        func: What to do.
        undo: Is given its result when it was interrupted meanwhile.
        seconds: How long to wait for the end of it then.
    """
    if threading.current_thread() is not threading.main_thread():
        return func()
    outcome: Future[A] = Future()
    run = copy_context().run

    def work() -> None:
        try:
            outcome.set_result(run(func))
        except BaseException as error:  # noqa: BLE001 - raised where it was asked for
            outcome.set_exception(error)

    thread = threading.Thread(target=work, name="agb: finishes what it began", daemon=True)
    try:
        thread.start()  # may be interrupted, too
        wait([outcome])
    except BaseException:
        if wait([outcome], timeout=seconds).done and outcome.exception() is None:
            undo(outcome.result())
        raise
    return outcome.result()


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
