"""Pure of any loop: whether a socket has something to read, or room to write."""

import select
import sys

_DAY = 86_400.0


def is_readable(number: int) -> bool:
    """Tell whether something came, be it the end; a socket that is closed has come to it.

    Args:
        number: Its file descriptor.
    """
    return number < 0 or ready(number, 0.0)


def ready(number: int, seconds: float | None, *, to_write: bool = False) -> bool:
    """Wait until a socket is ready, for so long at most, and tell whether it is.

    Args:
        number: Its file descriptor.
        seconds: How long; None for as long as it takes.
        to_write: Wait for room to write, instead of something to read.

    Raises:
        OSError: There is no such socket.
    """
    if number < 0:
        raise ConnectionError("the connection is closed")
    if sys.platform == "win32":
        waits = [number]
        return any(select.select([] if to_write else waits, waits if to_write else [], [], seconds))
    look = select.poll()
    look.register(number, select.POLLOUT if to_write else select.POLLIN)
    return bool(look.poll(None if seconds is None else min(seconds, _DAY) * 1000))
