"""Connections into a session that ends at the wrong moment."""

import socket
from pathlib import Path

import pytest

from agb.local.connections import Connections
from local.stand_ins import StandIn, StandIns


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_one_that_is_made_while_the_session_ends_is_cut(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()

    class Ending(StandIn):
        async def connect(self, port: int) -> socket.socket:  # noqa: ARG002 - there is one only
            connections.close()
            ours.setblocking(False)
            return ours

    connections = Connections(Ending(tmp_path, StandIns()))
    with theirs:
        async with connections.to(30100) as (reader, writer):
            assert await reader.read() == b""
            assert writer.is_closing()


async def test_one_that_can_not_be_used_is_closed(tmp_path: Path) -> None:
    with socket.socket() as unconnected:

        class Odd(StandIn):
            async def connect(self, port: int) -> socket.socket:  # noqa: ARG002 - likewise
                unconnected.setblocking(False)
                return socket.socket(fileno=unconnected.detach(), type=socket.SOCK_DGRAM)

        connections = Connections(Odd(tmp_path, StandIns()))
        with pytest.raises(ValueError, match="Stream Socket"):
            async with connections.to(30100):
                pass
