"""Pure: files travel in pieces."""

from collections.abc import Iterator

CHUNK = 51_200
"""So many bytes are read, and so many characters written, in one call."""


IN_ORDER = 4
"""So many ranges of one file are read one after the other: reading them at once would not pay."""

AT_ONCE = 8
"""So many calls at the same time at most."""


def ranges(size: int, start: int = 0) -> list[tuple[int, int]]:
    """Return offset and length of each range of a file, or of so many bytes of it from a start."""
    return [(start + offset, min(CHUNK, size - offset)) for offset in range(0, size, CHUNK)]


def pieces(content: str) -> Iterator[str]:
    """Yield the pieces of a text; of an empty one, a single empty piece."""
    for start in range(0, len(content) or 1, CHUNK):
        yield content[start : start + CHUNK]
