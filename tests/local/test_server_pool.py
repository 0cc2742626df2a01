"""Sandboxes that are kept ready: when, how many, for whom, and what becomes of them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from attrs import evolve

from agb.local.pool import QUIET
from agb.local.sandbox import OperationError, SandboxGone
from agb.local.server import Server
from agb.local.settings import Settings
from local.mounted import make, mount
from local.stand_ins import Caller, StandIn, StandIns, TurnableClock, calling, serving

MOST = 3


@pytest.fixture
async def server(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> AsyncIterator[Server]:
    assert not stand_ins.opened
    async with serving(evolve(settings, warm=1, max_sessions=MOST), clock) as server:
        yield server


async def eventually(happens: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not happens():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


def refuses(error: Exception, operation: str) -> Callable[..., Any]:
    def answer(op: str, **_: Any) -> str:
        if op == operation:
            raise error
        return "done"

    return answer


async def one_is_ready(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> StandIn:
    """Make a first session and let it be quiet for long enough."""
    await caller.create()
    clock.turn(QUIET)
    await eventually(lambda: server.sessions.ready)
    assert len(stand_ins.opened) == 2
    return stand_ins.opened[-1]


async def test_nothing_is_made_ready_before_somebody_came_and_went(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    clock.turn(QUIET)
    await caller.create()
    clock.turn(QUIET / 2)
    await caller.create()
    clock.turn(QUIET / 2)
    await caller.ids()
    assert len(stand_ins.opened) == 2
    clock.turn(QUIET / 2)
    await eventually(lambda: server.sessions.ready)
    assert len(stand_ins.opened) == 3


async def test_python_is_started_before_the_sandbox_is_needed(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    asked: list[tuple[str, Any]] = []

    def answer(op: str, **parameters: Any) -> None:
        asked.append((op, parameters.get("language")))

    stand_ins.answer = answer
    await one_is_ready(caller, server, stand_ins, clock)
    assert asked[-1] == ("warm", "python")


async def test_the_next_session_gets_what_is_ready(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    ready = await one_is_ready(caller, server, stand_ins, clock)
    session_id = await caller.create()
    assert len(stand_ins.opened) == 2
    assert not server.sessions.ready
    assert server.sessions.find(session_id).sandbox is ready
    await caller.post("/mcp/releaseSession", sessionId=session_id)
    assert not ready.alive


async def test_one_that_has_died_is_given_to_nobody(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    dead = await one_is_ready(caller, server, stand_ins, clock)
    dead.alive = False
    session_id = await caller.create()
    assert server.sessions.find(session_id).sandbox is stand_ins.opened[2]
    await dead.closed.wait()


async def test_those_that_are_ready_count_as_sessions(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    for _ in range(MOST):
        await caller.create()
    clock.turn(QUIET)
    await caller.ids()
    assert not server.sessions.ready
    assert len(stand_ins.opened) == MOST


async def test_a_session_with_mounts_starts_afresh_and_may_need_the_room(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    ready = await one_is_ready(caller, server, stand_ins, clock)
    mounts = [mount(await make(caller, "c"), "/workspace/c")]
    await caller.create(persistenceDataList=mounts)
    assert (len(stand_ins.opened), ready.alive) == (3, True)
    await caller.create(persistenceDataList=mounts)
    assert len(stand_ins.opened) == 4
    await ready.closed.wait()
    assert not server.sessions.ready


async def test_one_for_which_there_is_no_room_any_more_is_ended(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    await caller.create()
    stand_ins.asked.clear()
    stand_ins.opening = asyncio.Event()
    clock.turn(QUIET)
    await stand_ins.asked.wait()
    creating = [asyncio.create_task(caller.create()) for _ in range(MOST - 1)]
    await eventually(lambda: server.sessions.opening == MOST - 1)
    stand_ins.opening.set()
    await asyncio.gather(*creating)
    await eventually(lambda: any(not each.alive for each in stand_ins.opened))
    assert not server.sessions.ready
    assert len(stand_ins.opened) == MOST + 1


@pytest.mark.parametrize("operation", ["open", "warm", "late"])
async def test_what_can_not_be_made_ready_is_logged_and_sessions_are_made_all_the_same(
    caller: Caller,
    server: Server,
    stand_ins: StandIns,
    clock: TurnableClock,
    caplog: pytest.LogCaptureFixture,
    *,
    operation: str,
) -> None:
    caplog.set_level(logging.WARNING)
    await caller.create()
    trouble = SandboxGone("no luck today")
    if operation == "open":
        stand_ins.trouble_at_open = trouble
    else:
        error = TimeoutError("no luck today") if operation == "late" else trouble
        stand_ins.answer = refuses(error, "warm")
    clock.turn(QUIET)
    await eventually(lambda: "no luck today" in caplog.text)
    assert not server.sessions.ready
    stand_ins.trouble_at_open = None
    assert await caller.create()
    clock.turn(QUIET)


async def test_a_machine_without_ipython_has_sandboxes_ready_nevertheless(
    caller: Caller, server: Server, stand_ins: StandIns, clock: TurnableClock
) -> None:
    stand_ins.answer = refuses(OperationError("Language.NotInstalled", "no IPython"), "warm")
    ready = await one_is_ready(caller, server, stand_ins, clock)
    assert ready.alive


@pytest.mark.parametrize("still_opening", [True, False])
async def test_the_end_of_the_server_is_theirs(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock, *, still_opening: bool
) -> None:
    async with (
        serving(evolve(settings, warm=1), clock) as server,
        calling(server.endpoint) as caller,
    ):
        await caller.create()
        if still_opening:
            stand_ins.asked.clear()
            stand_ins.opening = asyncio.Event()
            clock.turn(QUIET)
            await stand_ins.asked.wait()
        else:
            clock.turn(QUIET)
            await eventually(lambda: server.sessions.ready)
    assert not any(each.alive for each in stand_ins.opened)


async def test_sessions_of_what_was_ready_have_a_python_each(settings: Settings) -> None:
    async with (
        serving(evolve(settings, warm=2)) as server,
        calling(server.endpoint) as caller,
    ):
        await caller.create()
        await eventually(lambda: server.sessions.ready == 2)
        one, two = await caller.create(), await caller.create()
        for session_id in (one, two):
            code = f"import os; x = {session_id!r}; open('mine', 'x').close(); os.getcwd()"
            said = await caller.tool(session_id, "run_code", code=code, language="python")
            assert json.loads(said.text)["executionError"] is None
        for session_id in (one, two):
            said = await caller.tool(session_id, "run_code", code="x", language="python")
            assert session_id in said.text
