"""Pure: tells a user that a call blocks the event loop, and what to write in its place."""

import inspect
import linecache
import re
import warnings
from itertools import islice
from opcode import opmap
from types import FrameType

from agb.exceptions import BlockingCallWarning

_OURS = re.compile(r"agb(\.|$)|contextlib$|functools$")
_CACHE, _NEXT = opmap["CACHE"], opmap["FOR_ITER"]


def warn_of_blocking() -> None:
    """Warn of a call that blocks a running event loop, at the line of the user's that made it."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and _OURS.match(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    line = "" if frame is None else async_line(frame)
    cure = f"write: {line}" if line else "await the same call of an AsyncAGB"
    warnings.warn(
        f"a call of the blocking AGB holds up the event loop that runs here; with AsyncAGB, {cure}",
        BlockingCallWarning,
        stacklevel=level + 1,
    )


def async_line(frame: FrameType) -> str:
    """Return the line that a frame is at as it has to be with `AsyncAGB`; nothing if unknown."""
    at = frame.f_code.co_positions()
    first, last, start, end = next(islice(at, frame.f_lasti // 2, None), (None,) * 4)
    if first is None or last is None or start is None or end is None:
        return ""
    source = linecache.getline(frame.f_code.co_filename, first, frame.f_globals).rstrip()
    line = source.encode()
    if source.lstrip().startswith("with "):
        written = "async " + source.lstrip()
    elif _is_in_loop(frame):
        written = re.sub(r"\bfor\b", "async for", source, count=1)
    elif last > first:
        written = f"{line[:start].decode()}await {line[start:].decode()} ..."
    else:
        before, call, after = (
            part.decode() for part in (line[:start], line[start:end], line[end:])
        )
        awaited = f"(await {call})" if after.startswith((".", "[", "(")) else f"await {call}"
        written = before + awaited + after
    return re.sub(r"\bAGB\b", "AsyncAGB", written.strip()) if source else ""


def _is_in_loop(frame: FrameType) -> bool:
    """Tell whether a frame asks what it goes over for the next item, and does not only get it."""
    code, at = frame.f_code.co_code, frame.f_lasti
    while at > 0 and code[at] == _CACHE:  # of the instruction before it
        at -= 2
    return code[at] == _NEXT
