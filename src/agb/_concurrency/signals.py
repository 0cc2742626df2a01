"""Signals that ask the program to end, such as Ctrl-C, where they must not break something off."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


def is_main() -> bool:
    """Tell whether this is the main thread, the only one that signals interrupt."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _one_held(number: signal.Signals) -> Generator[None]:
    """Hand a signal to its handler after the block; one that Python does not handle is let be."""
    handler = signal.getsignal(number)
    if not callable(handler) or not is_main():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))

    try:
        signal.signal(number, hold)
        yield
    finally:
        signal.signal(number, handler)
        for told in came:
            handler(*told)


@contextmanager
def held() -> Generator[None]:
    """Hand signals that ask the program to end, such as Ctrl-C, to their handlers afterwards."""
    # The inner one may raise: the outer one is restored all the same.
    with _one_held(signal.SIGINT), _one_held(signal.SIGTERM):
        yield


@contextmanager
def _one_told(number: signal.Signals, tell: Callable[[BaseException], None]) -> Generator[None]:
    """Tell what the handler of a signal raises, and let it stop nothing."""
    handler = signal.getsignal(number)
    if not callable(handler):
        yield
        return

    def call(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except BaseException as error:  # noqa: BLE001 - raised where nothing is lost by it
            tell(error)

    try:
        signal.signal(number, call)
        yield
    finally:
        set_last = signal.signal(number, handler)  # at once: a signal may raise from here on
        if set_last is not call:  # the handler has set another one
            signal.signal(number, set_last)


@contextmanager
def told(tell: Callable[[BaseException], None]) -> Generator[None]:
    """Tell what the handlers of signals raise that ask the program to end, such as Ctrl-C."""
    with _one_told(signal.SIGINT, tell), _one_told(signal.SIGTERM, tell):
        yield
