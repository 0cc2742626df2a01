"""The bodies of requests: bounded in size, in depth and in the time that they take."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

from starlette.requests import ClientDisconnect, Request

from agb._wire.codec import Json, parse
from agb.local.load import held_by
from agb.local.refusals import compressed, invalid_parameter, too_large, too_slow

LONGEST = 64 * 1024 * 1024
"""Bytes of a body that is not a file."""

_SLOWEST = 1000
"""Bytes that must come per second, on average, once patience has run out."""


async def pieces(request: Request, patience: float) -> AsyncGenerator[bytes]:
    """Give the body of a request piece by piece, as it comes.

    Args:
        request: The request.
        patience: Seconds that may be spent waiting, beyond what the slowest network needs.

    Raises:
        Refusal: It comes too slowly.
        ClientDisconnect: It does not come to its end.
    """
    loop = asyncio.get_running_loop()
    waited, more = 0.0, True
    while more:
        began = loop.time()
        try:
            async with asyncio.timeout(patience - waited):
                message = await request.receive()
        except TimeoutError:
            raise too_slow() from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        waited = max(0.0, waited + loop.time() - began - len(piece) / _SLOWEST)
        more = message.get("more_body", False)
        if piece:
            yield piece


def length_of(request: Request) -> int:
    """Give how long a body is that tells so, else 0."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdecimal() else 0


async def json_object(request: Request, patience: float) -> Json:
    """Read a body of JSON; an empty one stands for an empty object.

    Args:
        request: The request.
        patience: See `pieces`.

    Raises:
        Refusal: It is something else, too long, or too slow, or there is no room for it.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise compressed()
    if length_of(request) > LONGEST:
        raise too_large(LONGEST)
    held, content = held_by(request), bytearray()
    async for piece in pieces(request, patience):
        content += piece
        if len(content) > LONGEST:
            raise too_large(LONGEST)
        held.grow(len(piece))
    if not content.strip():
        return {}
    try:
        body: Any = parse(content)
    except ValueError:
        raise invalid_parameter("the body is not JSON, or nested too deeply") from None
    if not isinstance(body, dict):
        raise invalid_parameter("the body is not a JSON object")
    return cast("Json", body)
