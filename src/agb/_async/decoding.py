"""Decoding as much as there is, while the loop goes on."""

from codecs import IncrementalDecoder

from agb._chunks import BLOCK
from agb._concurrency import aio
from agb._joining import Text


async def decoded(decoder: IncrementalDecoder, data: bytes) -> str:
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
            await aio.sleep(0)
        text.add(decoder.decode(data[start : start + BLOCK]))
    text.add(decoder.decode(b"", final=True))
    return text.whole()
