"""A limit on requests, when those who wait are cancelled or interrupted."""

import anyio
import pytest

from agb._async.gate import AsyncGate
from agb._concurrency import threads
from agb._sync.gate import Gate


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    gate = AsyncGate(1)
    await gate.enter(0)
    async with anyio.create_task_group() as group:
        group.start_soon(gate.enter, 30)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    gate.leave()
    await gate.enter(0)


async def test_who_is_cancelled_just_when_a_place_comes_passes_it_on() -> None:
    gate = AsyncGate(1)
    await gate.enter(0)
    served: list[str] = []

    async def wait(scope: anyio.CancelScope, name: str) -> None:
        with scope:
            await gate.enter(30)
            served.append(name)

    first = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(wait, first, "first")
        await anyio.wait_all_tasks_blocked()
        group.start_soon(wait, anyio.CancelScope(), "second")
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        gate.leave()
    assert served == ["second"]
    gate.leave()
    await gate.enter(0)


def test_who_is_interrupted_just_when_a_place_comes_passes_it_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(1)
    gate.enter(0)

    def interrupted(_turn: threads.Event, _seconds: float) -> bool:
        gate.leave()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(threads, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gate.enter(30)
    gate.enter(0)
