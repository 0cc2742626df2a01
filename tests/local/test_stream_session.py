"""A session and its WebSockets: who keeps whom alive, and what is refused; with a clock to turn."""

import asyncio
import json
from typing import Any

import pytest

from agb.local.sandbox import OperationError, SandboxGone
from agb.local.server import Server
from agb.local.stream import MOST_RUNS
from local.stand_ins import GONE, Caller, StandIns, TurnableClock
from local.streams import Stream, streaming

ANSWER = {
    "results": [],
    "stdout": [],
    "stderr": [],
    "execution_count": 1,
    "execution_time": 0.5,
    "error": None,
    "timed_out": False,
}
IDLE = 300


@pytest.fixture
def running(stand_ins: StandIns) -> asyncio.Event:
    """Runs go on until this is set."""
    running = asyncio.Event()

    async def answer(_: str, **__: Any) -> dict[str, Any]:
        await running.wait()
        return ANSWER

    stand_ins.answer = answer
    return running


async def closed(stream: Stream) -> int | None:
    """Wait for the end of a connection and give its code."""
    await stream.socket.wait_closed()
    return stream.socket.close_code


async def test_a_connection_that_nothing_is_said_on_keeps_no_session_alive(
    caller: Caller, clock: TurnableClock
) -> None:
    async with streaming(caller) as stream:
        clock.turn(IDLE)
        assert await closed(stream) == 1001


async def test_pings_keep_no_session_alive(caller: Caller, clock: TurnableClock) -> None:
    async with streaming(caller) as stream:
        clock.turn(IDLE - 1)
        await (await stream.socket.ping())
        clock.turn(1)
        assert await closed(stream) == 1001


async def test_a_frame_is_a_use_of_the_session(caller: Caller, clock: TurnableClock) -> None:
    session_id = await caller.create()
    async with streaming(caller, session_id) as stream:
        clock.turn(IDLE - 1)
        await stream.say("r", "nonsense")
        await stream.rest("r")
        clock.turn(IDLE - 1)
        assert await caller.status(session_id) == "RUNNING"
        clock.turn(1)
        assert await closed(stream) == 1001


async def test_a_handshake_is_a_use_of_the_session(caller: Caller, clock: TurnableClock) -> None:
    session_id = await caller.create()
    clock.turn(IDLE - 1)
    async with streaming(caller, session_id):
        clock.turn(IDLE - 1)
        assert await caller.status(session_id) == "RUNNING"


async def test_a_run_keeps_its_session_alive(
    caller: Caller, clock: TurnableClock, running: asyncio.Event
) -> None:
    session_id = await caller.create()
    async with streaming(caller, session_id) as stream:
        await stream.ask("r", "x")
        await stream.say("n", "nonsense")
        await stream.rest("n")
        clock.turn(2 * IDLE)
        assert await caller.status(session_id) == "RUNNING"
        running.set()
        (end,) = await stream.rest("r")
        assert end["executionTime"] == 0.5
        clock.turn(IDLE)
        assert await closed(stream) == 1001


async def test_a_session_that_is_being_released_takes_no_connection(
    caller: Caller, stand_ins: StandIns
) -> None:
    stand_ins.closing = asyncio.Event()
    session_id = await caller.create()
    async with streaming(caller, session_id) as stream:
        await caller.post("/mcp/releaseSessionAsync", sessionId=session_id)
        assert await closed(stream) == 1001
    assert (await caller.post("/mcp/getSession", sessionId=session_id)).code == GONE
    stand_ins.closing.set()


@pytest.mark.usefixtures("running")
async def test_more_runs_than_there_may_be_are_refused(caller: Caller) -> None:
    async with streaming(caller) as stream:
        for number in range(MOST_RUNS):
            await stream.ask(f"r{number}", "x")
        await stream.ask("one more", "x")
        (refused,) = await stream.rest("one more")
        assert refused["error"]["code"] == "QuotaExceeded.Runs"
        await stream.cancel("r0")
        await stream.ask("one more", "x")
        await stream.say("n", "nonsense")
        assert (await stream.rest("n"))[0]["error"]["code"] == "QuotaExceeded.Runs"


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (OperationError("Language.NotInstalled", "R needs Rscript"), "Language.NotInstalled"),
        (OperationError("Internal", "boo", {"traceback": "..."}), "Internal"),
        (SandboxGone("it has ended"), GONE),
        (ZeroDivisionError("a secret"), "InternalError"),
    ],
)
async def test_what_goes_wrong_before_code_runs_is_an_error(
    caller: Caller, stand_ins: StandIns, trouble: Exception, code: str
) -> None:
    def fail(_: str, **__: Any) -> None:
        raise trouble

    stand_ins.answer = fail
    async with streaming(caller) as stream:
        (frame,) = await stream.run("x")
        assert frame["phase"] == "error"
        assert frame["error"]["code"] == code
        assert "a secret" not in frame["error"]["message"]


async def test_a_run_in_a_session_that_has_just_ended_is_refused(
    caller: Caller, stand_ins: StandIns
) -> None:
    stand_ins.closing = asyncio.Event()
    async with streaming(caller) as stream:
        stand_ins.opened[0].alive = False
        await stream.ask("r", "x")
        frames = [json.loads(text)["data"] async for text in stream.socket]
        assert [frame["error"]["code"] for frame in frames] in ([], [GONE])
        assert stream.socket.close_code == 1001
    stand_ins.closing.set()


async def test_a_client_that_goes_while_it_is_told_something_does_no_harm(
    caller: Caller, stand_ins: StandIns, server: Server
) -> None:
    told = asyncio.Event()

    async def tell(_: str, *, on_event: Any, **__: Any) -> dict[str, Any]:
        try:
            while True:
                await on_event({"type": "stdout", "text": "x" * 100_000})
        finally:
            told.set()

    stand_ins.answer = tell
    session_id = await caller.create()
    async with streaming(caller, session_id) as stream:
        await stream.ask("r", "x")
        await stream.await_text("r", "x")
        stream.socket.transport.abort()
    await told.wait()
    stand_ins.answer = lambda *_, **__: ANSWER
    async with streaming(caller, session_id) as stream:
        assert (await stream.run("x"))[-1]["phase"] == "end"
    async with asyncio.timeout(60):
        while server.sessions.find(session_id).calls:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)


async def test_a_client_that_does_not_listen_does_not_hold_up_a_release(
    caller: Caller, stand_ins: StandIns
) -> None:
    async def tell(_: str, *, on_event: Any, **__: Any) -> dict[str, Any]:
        while True:
            await on_event({"type": "stdout", "text": "x" * 1_000_000})

    stand_ins.answer = tell
    session_id = await caller.create()
    async with streaming(caller, session_id) as stream:
        await stream.ask("r", "x")
        await stream.await_text("r", "x")
        await caller.post("/mcp/releaseSession", sessionId=session_id)
        assert await caller.status(session_id) == GONE
        stream.socket.transport.abort()
