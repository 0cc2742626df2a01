# Generated from src/agb/_async/decoding.py; edit that file, then `nox -s twin`.
"""Decoding as much as there is, while the loop goes on."""

from codecs import IncrementalDecoder

from agb._chunks import BLOCK
from agb._concurrency import threads
from agb._joining import Text


def decoded(decoder: IncrementalDecoder, data: bytes) -> str:
    """Decode bytes to the end of a text.

    Args:
        decoder: Knows the encoding, and what came before.
        data: The bytes, any number of them.

    Raises:
        UnicodeDecodeError: They are no such text.
    """
    text = Text()
    for start in range(0, len(data), BLOCK):
        if start:
            threads.sleep(0)
        text.add(decoder.decode(data[start : start + BLOCK]))
    text.add(decoder.decode(b"", final=True))
    return text.whole()
