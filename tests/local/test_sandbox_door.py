"""The server's end of a sandbox's door, against an agent that does whatever a test wants."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from agb.local.inside.door import NONE, hand_out
from agb.local.sandbox import SandboxGone
from agb.local.sandbox import door as door_module
from agb.local.sandbox.door import Door


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Door, socket.socket]]:
    ours, theirs = socket.socketpair()
    door = Door(ours)
    with theirs:
        yield door, theirs
        door.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


async def asked(theirs: socket.socket) -> bytes:
    return await asyncio.to_thread(theirs.recv, 1)


async def test_a_socket_from_inside_is_connected(
    ends: tuple[Door, socket.socket], listener: socket.socket
) -> None:
    door, theirs = ends
    handing = asyncio.create_task(asyncio.to_thread(hand_out, theirs))
    connected = await asyncio.gather(*(door.connect(port_of(listener)) for _ in range(20)))
    for each in connected:
        assert each.getpeername() == listener.getsockname()
        assert not each.get_inheritable()
        each.close()
    with pytest.raises(ConnectionRefusedError):
        await door.connect(1)
    door.close()
    await handing


async def test_what_is_no_such_socket_is_thrown_away(ends: tuple[Door, socket.socket]) -> None:
    door, theirs = ends
    asking = asyncio.create_task(door.connect(1))
    read, write = os.pipe()
    assert await asked(theirs) == b"4"
    socket.send_fds(theirs, [b"4"], [read])
    os.close(read)
    assert await asked(theirs) == b"6"
    with socket.socket(socket.AF_UNIX) as odd:
        socket.send_fds(theirs, [b"6"], [odd.fileno()])
    with pytest.raises(ConnectionRefusedError):
        await asking
    with pytest.raises(BrokenPipeError):
        os.write(write, b"nobody holds the other end")
    os.close(write)


async def test_a_session_without_sockets_left_refuses(ends: tuple[Door, socket.socket]) -> None:
    door, theirs = ends
    asking = asyncio.create_task(door.connect(1))
    for version in (b"4", b"6"):
        assert await asked(theirs) == version
        theirs.sendall(NONE)
    with pytest.raises(ConnectionRefusedError):
        await asking


async def test_the_agent_says_when_it_has_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    real = socket.socket

    def none_left(*arguments: int, **options: int) -> socket.socket:
        if arguments == (socket.AF_INET, socket.SOCK_STREAM):
            raise OSError(24, "Too many open files")
        return real(*arguments, **options)

    monkeypatch.setattr(socket, "socket", none_left)
    handing = asyncio.create_task(asyncio.to_thread(hand_out, theirs))
    ours.sendall(b"4")
    assert await asyncio.to_thread(ours.recv, 1) == NONE
    ours.close()
    await handing
    theirs.close()


async def test_whoever_gives_up_leaves_the_answers_of_others_alone(
    ends: tuple[Door, socket.socket], listener: socket.socket
) -> None:
    door, theirs = ends
    hasty = asyncio.create_task(door.connect(port_of(listener)))
    patient = asyncio.create_task(door.connect(port_of(listener)))
    assert [await asked(theirs) for _ in range(2)] == [b"4", b"4"]
    hasty.cancel()
    await asyncio.wait([hasty])
    for _ in range(2):
        with socket.socket() as made:
            socket.send_fds(theirs, [b"4"], [made.fileno()])
    with await patient as connected:
        assert connected.getpeername() == listener.getsockname()
    assert hasty.cancelled()


async def test_a_server_that_accepts_nobody_is_given_up(
    ends: tuple[Door, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "_CONNECTING", 0.05)
    door, theirs = ends
    handing = asyncio.create_task(asyncio.to_thread(hand_out, theirs))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        with pytest.raises(TimeoutError):
            await door.connect(port_of(full))
        for each in waiting:
            each.close()
    door.close()
    await handing


async def test_a_connection_that_is_given_up_is_closed(ends: tuple[Door, socket.socket]) -> None:
    door, theirs = ends
    handing = asyncio.create_task(asyncio.to_thread(hand_out, theirs))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await door.connect(port_of(full))
        for each in waiting:
            each.close()
    door.close()
    await handing


async def test_an_end_fails_whoever_waits_and_whoever_comes(
    ends: tuple[Door, socket.socket],
) -> None:
    door, theirs = ends
    asking = asyncio.create_task(door.connect(1))
    await asked(theirs)
    theirs.close()
    for attempt in (asking, door.connect(1)):
        with pytest.raises(SandboxGone):
            await attempt
    door.close()


async def test_what_nobody_asked_for_closes_the_door(ends: tuple[Door, socket.socket]) -> None:
    door, theirs = ends
    with socket.socket() as made:
        socket.send_fds(theirs, [b"4"], [made.fileno()])
    assert await asked(theirs) == b""
    with pytest.raises(SandboxGone):
        await door.connect(1)
