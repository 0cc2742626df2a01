"""Pure: files travel in pieces."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agb._joining import Base64

CHUNK = 51_200
"""So many bytes are read, and so many characters written, in one call."""


IN_ORDER = 4
"""So many ranges of one file are read one after the other: reading them at once would not pay."""

AT_ONCE = 8
"""So many calls at the same time at most, when each is about a file of its own."""

OF_ONE_FILE = 16
"""So many when all are about one: they are short, and what costs is waiting for them."""

BLOCK = 20 * CHUNK
"""So much of a large file is looked at in one go: a fraction of a millisecond."""

LONG = 16 * CHUNK
"""Characters from which on a text is worth a command that joins the parts of it."""


def ranges(size: int, start: int = 0) -> list[tuple[int, int]]:
    """Return offset and length of each range of a file, or of so many bytes of it from a start."""
    return [(start + offset, min(CHUNK, size - offset)) for offset in range(0, size, CHUNK)]


def pieces(content: "str | Base64", start: int = 0, stop: int | None = None) -> Iterator[str]:
    """Yield the pieces of a text, or of a part of it; of an empty one, a single empty piece."""
    end = len(content) if stop is None else stop
    for offset in range(start, end or 1, CHUNK):
        yield content[offset : min(offset + CHUNK, end)]


def parts(length: int) -> list[tuple[int, int]]:
    """Return start and end of each part of a text that is written at once with the others."""
    count = -(-length // CHUNK)
    if count <= IN_ORDER:
        return [(0, length)]
    share = -(-count // OF_ONE_FILE) * CHUNK
    return [(start, min(start + share, length)) for start in range(0, length, share)]
