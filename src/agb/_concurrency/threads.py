"""Waiting, with threads: the names of `aio`, blocking."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from agb._blocking import warn_of_blocking
from agb._concurrency import place, signals, socket_streams
from agb._deadline import Deadline, without_deadline
from agb.exceptions import WrongProcessError

A = TypeVar("A")
B = TypeVar("B")

_log = logging.getLogger("agb")

Event = threading.Event
Lock = threading.Lock
Mutex = threading.Lock
AnyEvent = threading.Event
sleep = time.sleep
is_main = signals.is_main
Stream = socket_streams.SocketStream
connect = socket_streams.connect


class Home:
    """Where a client may be used: in the process of its first use, and best in no event loop."""

    def __init__(self) -> None:
        self._process = -1

    @property
    def is_parents(self) -> bool:
        """Whether it lies in the process that this one was forked from."""
        return 0 <= self._process != place.process()

    def check(self) -> None:
        """Make sure that this is the place; it costs next to nothing.

        Raises:
            WrongProcessError: The client was used before a fork.
        """
        if self._process < 0:
            self._process = place.process()
        elif self.is_parents:
            raise WrongProcessError(
                "this client was used before this process was forked, and its connections belong "
                "to the parent: make a new AGB in the child"
            )
        _warn_in_a_loop()


def _warn_in_a_loop() -> None:
    if place.event_loop() is not None:
        warn_of_blocking()


def wait_for(event: AnyEvent, seconds: float) -> bool:
    """Wait for an event for so long at most, and tell whether it has happened."""
    return event.wait(min(seconds, threading.TIMEOUT_MAX))


class Watcher(threading.Thread):
    """A watch that calls back: a daemon thread that has not been started yet.

    Attributes:
        stop_event: Set it to end the watch.
        ready_event: Is set once no change is missed any more.
    """

    def __init__(
        self, watch: Callable[[AnyEvent, AnyEvent], None], stop_event: AnyEvent | None
    ) -> None:
        super().__init__(name="agb-watch", daemon=True)
        self.stop_event: AnyEvent = stop_event or Event()
        self.ready_event: AnyEvent = Event()
        self._watch = watch

    def run(self) -> None:
        """Watch until `stop_event` is set or the session has ended."""
        self._watch(self.ready_event, self.stop_event)


class Background(threading.Thread):
    """Work that goes on beside whoever starts it, in a daemon thread.

    Its context is empty, as not every Python has it by itself: no deadline of the caller's counts.

    Args:
        work: What to do, until it returns; it has to be told to.
        name: What shows in lists of threads.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(target=lambda: Context().run(work), name=name, daemon=True)
        try:
            self.start()
        except RuntimeError as error:  # the machine is out of threads, or Python is ending
            _log.warning("%s does not run: %s", name, error)

    def stop(self, seconds: float) -> None:
        """Wait for its end, for so long at most."""
        if self.ident is not None:
            self.join(seconds)


def in_thread(func: Callable[[], A]) -> A:
    """Run a function that blocks: here it may."""
    return func()


def in_whole_thread(func: Callable[[Callable[[], None]], A]) -> A:
    """Run a function that blocks; nothing cancels it, so what it is given does nothing."""
    return func(lambda: None)


def in_time(func: Callable[[], A], deadline: Deadline) -> A:
    """Do something if a deadline is not over; once it waits, its own limits break it off.

    Raises:
        TimeoutError: The deadline was over.
    """
    if deadline.is_over:
        raise TimeoutError
    return func()


def can_wait() -> bool:
    """Tell whether waiting is possible: a thread always can."""
    return True


def shielded(func: Callable[[], A], *, seconds: float) -> A:  # noqa: ARG001 - the twin's names
    """Do something to its end, whatever Ctrl-C says meanwhile; its own time limits bound it.

    They are its own: what is left of the caller's time does not matter.
    """
    with signals.held(), without_deadline():
        return func()


class _Unbroken(Generic[A]):
    """Work of another thread that the main one waits for, and that can be undone once.

    Nothing here has a lock: an interrupt can't come while one is held, which nobody would get then.

    Args:
        func: What to do.
        undo: Is given its result, or None.
        seconds: How long to wait for its end before it is undone.
    """

    def __init__(
        self, func: Callable[[], A], undo: Callable[[A | None], object], seconds: float
    ) -> None:
        self._func = func
        self._undo = undo
        self._seconds = seconds
        self._run = copy_context().run
        self._news: SimpleQueue[None] = SimpleQueue()  # which handlers of signals may put into
        self._interrupts: list[BaseException] = []
        self._results: list[A] = []
        self._failures: list[BaseException] = []
        self._is_to_leave = False

    def interrupt(self, error: BaseException) -> None:
        """Have the main thread raise an error instead of waiting any longer."""
        self._interrupts.append(error)
        self._news.put(None)

    def do(self) -> None:
        """Do it, and wait for its end or for an interrupt."""
        self._raise_interrupt()
        self._is_to_leave = True
        name = "agb: finishes what it began"
        threading.Thread(target=self._work, name=name, daemon=True).start()
        while not self._has_ended and not self._interrupts:
            self._news.get()
        self._raise_interrupt()

    def leave(self) -> None:
        """Undo it, unless it failed, was never begun, or is being undone already."""
        if not self._is_to_leave:
            return
        self._is_to_leave = False
        deadline = Deadline(self._seconds)
        while not self._has_ended and not deadline.is_over:
            with suppress(Empty):
                self._news.get(timeout=deadline.remaining())
        if not self._failures:
            self._undo(self._results[0] if self._results else None)

    def result(self) -> A:
        """Return what came of it, unless an interrupt came last."""
        self._raise_interrupt()
        if self._failures:
            raise self._failures[0]
        return self._results[0]

    @property
    def _has_ended(self) -> bool:
        return bool(self._results or self._failures)

    def _raise_interrupt(self) -> None:
        if self._interrupts:
            raise self._interrupts[0]

    def _work(self) -> None:
        try:
            self._results.append(self._run(self._func))
        except BaseException as error:  # noqa: BLE001 - raised where it was asked for
            self._failures.append(error)
        self._news.put(None)


def finished_or_undone(
    func: Callable[[], A], undo: Callable[[A | None], object], *, seconds: float
) -> A:
    """Do something that must not be left half-done.

    A Ctrl-C meanwhile does not break it off: it is finished, and then undone. Only the main thread
    is ever interrupted, so only there another thread does the work.

    Args:
        func: What to do.
        undo: Is given its result when it was interrupted meanwhile; None when it did not end in
            time.
        seconds: How long to wait for the end of it then.
    """
    if not is_main():
        return func()
    _warn_in_a_loop()  # the other thread would not see the loop
    work = _Unbroken(func, undo, seconds)
    try:
        with signals.told(work.interrupt):
            try:
                work.do()
            except BaseException:
                work.leave()
                raise
        return work.result()
    except BaseException:  # it may have come just before or after that block's end
        with signals.held():
            work.leave()
        raise


def for_each(func: Callable[[A], object], items: Iterable[A], *, limit: int) -> None:  # noqa: ARG001 - the twin's names
    """Do something with each item in the background: there one thread is enough."""
    for item in items:
        func(item)


class _Work(Generic[A, B]):
    """Items that threads take one after the other.

    Args:
        func: What to do with each.
        items: The items.
    """

    def __init__(self, func: Callable[[A], B], items: Iterable[A]) -> None:
        self._func = func
        # Each in a context of its own, as tasks are: the caller's deadline goes along.
        self._waiting = [(index, item, copy_context()) for index, item in enumerate(items)][::-1]
        self._results: dict[int, B] = {}
        self._failures: list[BaseException] = []

    def do(self) -> None:
        """Take items until there are none, or one has failed."""
        while not self._failures:
            try:
                index, item, context = self._waiting.pop()
            except IndexError:
                return
            try:
                self._results[index] = context.run(self._func, item)
            except BaseException as error:  # noqa: BLE001 - raised where it was asked for
                self._failures.append(error)

    def start(self, limit: int) -> Iterator[threading.Thread]:
        """Start so many threads at most, and fewer where the machine has no more of them."""
        with suppress(RuntimeError):
            for _ in range(min(limit, len(self._waiting))):
                thread = threading.Thread(target=self.do, name="agb: one of several")
                thread.start()
                yield thread

    def drop(self) -> None:
        """Have nothing more taken."""
        self._waiting.clear()

    def results(self) -> list[B]:
        """Return what came of the items, in their order; or raise the first failure."""
        if self._failures:
            raise self._failures[0]
        return [self._results[index] for index in sorted(self._results)]


def map_parallel(func: Callable[[A], B], items: Iterable[A], *, limit: int) -> list[B]:
    """Do something with each item, so many at once at most.

    No pool of Python's does it: it would take on nothing once the main thread has ended, though
    other threads may go on.

    Returns:
        The results, in the order of the items.

    Raises:
        Exception: What the first one that failed raised; those not yet begun are dropped.
    """
    work = _Work(func, items)
    threads: list[threading.Thread] = []
    try:
        threads.extend(work.start(limit))
        if not threads:
            work.do()
        for thread in threads:
            thread.join()
    finally:
        work.drop()
        for thread in threads:
            thread.join()
    return work.results()
