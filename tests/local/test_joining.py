"""What is written to a connection, and in how many pieces it leaves."""

import asyncio
from typing import Any

import pytest

from agb.local.joining import Joining


class Below(asyncio.Transport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": "somebody"})
        self.sent: list[bytes] = []
        self.told: list[Any] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def is_closing(self) -> bool:
        return bool(self.told)

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.told.append(protocol)


@pytest.fixture
def below() -> Below:
    return Below()


@pytest.fixture
async def joining(below: Below) -> Joining:
    return Joining(below, asyncio.get_running_loop())


async def test_a_head_leaves_with_its_body(joining: Joining, below: Below) -> None:
    joining.write(b"head ")
    assert below.sent == []
    joining.write(b"body")
    joining.write(b"")
    assert below.sent == [b"head body"]
    await asyncio.sleep(0)
    assert below.sent == [b"head body"]


async def test_what_is_alone_leaves_at_the_next_turn(joining: Joining, below: Below) -> None:
    joining.write(b"head")
    await asyncio.sleep(0)
    assert below.sent == [b"head"]
    joining.write(b"more")
    await asyncio.sleep(0)
    assert below.sent == [b"head", b"more"]


async def test_a_large_body_is_not_copied(joining: Joining, below: Below) -> None:
    body = b"x" * 1024 * 1024
    joining.write(b"head")
    joining.write(body)
    assert below.sent == [b"head", body]


async def test_all_leaves_before_the_end(joining: Joining, below: Below) -> None:
    joining.write(b"head")
    joining.close()
    assert (below.sent, below.told) == ([b"head"], ["close"])
    assert joining.is_closing()


async def test_nothing_leaves_after_an_abrupt_end(joining: Joining, below: Below) -> None:
    joining.write(b"head")
    joining.abort()
    await asyncio.sleep(0)
    assert (below.sent, below.told) == ([], ["abort"])


async def test_nothing_else_is_different(joining: Joining, below: Below) -> None:
    assert not joining.is_closing()
    protocol = asyncio.Protocol()
    joining.pause_reading()
    joining.resume_reading()
    joining.set_protocol(protocol)
    assert below.told == ["pause", "resume", protocol]
    assert joining.get_extra_info("peername") == "somebody"
    assert joining.get_extra_info("cipher", "none") == "none"
