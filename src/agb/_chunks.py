"""Pure: files travel in pieces."""

from collections.abc import Iterator

CHUNK = 51_200
"""So many bytes are read, and so many characters written, in one call."""


def ranges(size: int) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each range of a file."""
    for offset in range(0, size, CHUNK):
        yield offset, min(CHUNK, size - offset)


def pieces(content: str) -> Iterator[str]:
    """Yield the pieces of a text; of an empty one, a single empty piece."""
    for start in range(0, len(content) or 1, CHUNK):
        yield content[start : start + CHUNK]
