"""The server's end of the socket, against an agent that says whatever a test wants."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agb.local.inside.asker import WINDOW
from agb.local.sandbox import OperationError, SandboxGone
from agb.local.sandbox import connection as connection_module
from agb.local.sandbox.connection import Connection

LENGTH = struct.Struct(">I")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Agent:
    """The other end."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(sock=self._connected)

    async def asked(self) -> dict[str, Any]:
        (length,) = LENGTH.unpack(await self.reader.readexactly(4))
        return dict(json.loads(await self.reader.readexactly(length)))

    async def say(self, data: Any) -> int:
        text = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.writer.write(LENGTH.pack(len(text)) + text)
        await self.writer.drain()
        return len(text)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


class Audience:
    """Takes events in, while it is patient."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.patient = asyncio.Event()
        self.patient.set()

    async def __call__(self, event: dict[str, Any], /) -> None:
        self.events.append(event)
        await self.patient.wait()


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    ours, theirs = socket.socketpair()
    agent = Agent(theirs)
    await agent.open()
    agent.connection = await Connection.over(ours)  # type: ignore[attr-defined]
    yield agent
    await agent.connection.aclose()  # type: ignore[attr-defined]
    await agent.close()


@pytest.fixture
def connection(agent: Agent) -> Connection:
    return agent.connection  # type: ignore[attr-defined, no-any-return]


def request(connection: Connection, **more: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(connection.request("op", {"a": 1}, timeout=30, **more))


async def test_a_request_is_sent_and_its_answer_given(agent: Agent, connection: Connection) -> None:
    task = request(connection)
    asked = await agent.asked()
    assert asked == {"id": asked["id"], "op": "op", "params": {"a": 1}}
    await agent.say({"id": asked["id"], "result": [1]})
    assert await task == [1]


async def test_answers_find_their_requests_in_any_order(
    agent: Agent, connection: Connection
) -> None:
    tasks = [request(connection) for _ in range(3)]
    numbers = [(await agent.asked())["id"] for _ in tasks]
    for number in reversed(numbers):
        await agent.say({"id": number, "result": number})
    assert [await task for task in tasks] == numbers


async def test_a_failure_is_raised(agent: Agent, connection: Connection) -> None:
    task = request(connection)
    error = {"code": "A.B", "message": "why", "details": {"x": 1}}
    await agent.say({"id": (await agent.asked())["id"], "error": error})
    with pytest.raises(OperationError, match="why") as caught:
        await task
    assert caught.value.code == "A.B"
    assert caught.value.details == {"x": 1}


async def test_events_are_passed_on_if_anyone_wants_them(
    agent: Agent, connection: Connection
) -> None:
    audience = Audience()
    for wanted in {"on_event": audience}, {}:
        task = request(connection, **wanted)
        asked = await agent.asked()
        assert asked.get("events", False) is bool(wanted)
        await agent.say({"id": asked["id"], "event": {"type": "x"}})
        await agent.say({"id": asked["id"], "result": None})
        assert await task is None
    assert audience.events == [{"type": "x"}]


async def test_an_agent_is_told_when_enough_events_have_been_taken_in(
    agent: Agent, connection: Connection
) -> None:
    audience = Audience()
    audience.patient.clear()
    task = request(connection, on_event=audience)
    number = (await agent.asked())["id"]
    sizes = [await agent.say({"id": number, "event": {"text": "x" * 70_000}}) for _ in range(2)]
    audience.patient.set()
    assert await agent.asked() == {"id": number, "took": sum(sizes)}
    await agent.say({"id": number, "result": 1})
    assert await task == 1


async def test_an_agent_that_does_not_wait_loses_its_connection(
    agent: Agent, connection: Connection
) -> None:
    audience = Audience()
    audience.patient.clear()
    task = request(connection, on_event=audience)
    number = (await agent.asked())["id"]
    await agent.say({"id": number, "event": {"text": "x" * WINDOW}})
    await agent.say({"id": number, "event": {}})
    await asyncio.wait([connection._reading])
    audience.patient.set()
    with pytest.raises(SandboxGone):
        await task


async def test_who_leaves_calls_the_request_off(agent: Agent, connection: Connection) -> None:
    task = request(connection)
    number = (await agent.asked())["id"]
    task.cancel()
    assert await agent.asked() == {"id": number, "called_off": True}
    with pytest.raises(TimeoutError):
        await connection.request("op", {}, timeout=0.01)
    number = (await agent.asked())["id"]
    assert await agent.asked() == {"id": number, "called_off": True}


async def test_what_fails_in_a_handler_fails_the_request_and_calls_it_off(
    agent: Agent, connection: Connection
) -> None:
    async def fail(event: dict[str, Any]) -> None:
        raise KeyError(str(event))

    task = request(connection, on_event=fail)
    number = (await agent.asked())["id"]
    for _ in range(2):
        await agent.say({"id": number, "event": {}})
    with pytest.raises(KeyError):
        await task
    assert await agent.asked() == {"id": number, "called_off": True}
    assert connection.open


async def test_an_answer_for_nobody_is_dropped(agent: Agent, connection: Connection) -> None:
    task = request(connection)
    number = (await agent.asked())["id"]
    task.cancel()
    await asyncio.wait([task])
    assert (await agent.asked())["called_off"]
    await agent.say({"id": number, "result": 1})
    await agent.say({"id": 999, "event": {}})
    task = request(connection)
    await agent.say({"id": (await agent.asked())["id"], "result": 2})
    assert await task == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        b"{",
        b"\xff",
        [],
        7,
        {"id": 1},
        {"result": 1},
        {"id": 1, "error": "text"},
        {"id": 1, "error": {"code": "x"}},
        {"id": 1, "error": {"code": "x", "message": "y", "details": 3}},
        {"id": 1, "event": 3},
        {"id": [], "result": 1},
    ],
)
async def test_nonsense_ends_the_connection(
    agent: Agent, connection: Connection, nonsense: Any
) -> None:
    task = request(connection)
    await agent.asked()
    await agent.say(nonsense)
    with pytest.raises(SandboxGone):
        await task
    assert not connection.open
    with pytest.raises(SandboxGone):
        await request(connection)


async def test_an_answer_that_is_too_long_ends_the_connection(
    agent: Agent, connection: Connection
) -> None:
    task = request(connection)
    await agent.asked()
    agent.writer.write(LENGTH.pack(2**32 - 1))
    with pytest.raises(SandboxGone):
        await task


async def test_a_long_answer_is_read_beside_the_event_loop(
    agent: Agent, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_LONG", 10)
    task = request(connection)
    await agent.say({"id": (await agent.asked())["id"], "result": "x" * 100})
    assert await task == "x" * 100


async def test_a_hang_up_ends_all_requests(agent: Agent, connection: Connection) -> None:
    tasks = [request(connection) for _ in range(2)]
    for _ in tasks:
        await agent.asked()
    await agent.close()
    for task in tasks:
        with pytest.raises(SandboxGone):
            await task


async def test_a_request_that_cannot_be_sent_is_gone(
    agent: Agent, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ConnectionResetError

    monkeypatch.setattr(connection._writer, "drain", fail)
    with pytest.raises(SandboxGone):
        await request(connection)
    assert (await agent.asked())["op"] == "op"


async def test_a_socket_that_cannot_be_taken_over_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(**_: object) -> None:
        raise OSError

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(asyncio, "open_connection", fail)
    with theirs, pytest.raises(OSError):  # noqa: PT011 - any will do
        await Connection.over(ours)
    assert ours.fileno() == -1


async def test_hanging_up_twice_is_fine(agent: Agent, connection: Connection) -> None:
    await connection.aclose()
    await connection.aclose()
    assert await agent.reader.read() == b""


@pytest.mark.parametrize("number", ["Infinity", "NaN", '"x"', "null", "[]", "9" * 5000])
async def test_a_number_that_is_none_ends_the_connection(
    agent: Agent, connection: Connection, number: str
) -> None:
    task = request(connection)
    await agent.asked()
    await agent.say(b'{"id": %b, "result": 1}' % number.encode())
    with pytest.raises(SandboxGone):
        await task
    assert not connection.open


async def test_an_agent_that_answers_twice_while_nobody_takes_it_is_hung_up_on(
    agent: Agent, connection: Connection
) -> None:
    taking = asyncio.Event()

    async def wait(_: dict[str, Any], /) -> None:
        await taking.wait()

    task = request(connection, on_event=wait)
    number = (await agent.asked())["id"]
    await agent.say({"id": number, "event": {}})
    await agent.say({"id": number, "result": 1})
    await agent.say({"id": number, "result": 2})
    await asyncio.wait([connection._reading])
    taking.set()
    assert await task == 1
