"""Places that are limited, when those who wait are cancelled or interrupted."""

import anyio
import pytest

from agb._async.places import AsyncPlaces
from agb._concurrency import threads
from agb._deadline import Deadline
from agb._sync.places import Places


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    places = AsyncPlaces(1)
    assert await places.take(Deadline(0))
    async with anyio.create_task_group() as group:
        group.start_soon(places.take, Deadline(30))
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    places.give_back()
    assert await places.take(Deadline(0))


async def test_who_is_cancelled_just_when_a_place_comes_passes_it_on() -> None:
    places = AsyncPlaces(1)
    assert await places.take(Deadline(0))
    served: list[str] = []

    async def wait(scope: anyio.CancelScope, name: str) -> None:
        with scope:
            assert await places.take(Deadline(30))
            served.append(name)

    first = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(wait, first, "first")
        await anyio.wait_all_tasks_blocked()
        group.start_soon(wait, anyio.CancelScope(), "second")
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        places.give_back()
    assert served == ["second"]
    places.give_back()
    assert await places.take(Deadline(0))


def test_who_is_interrupted_just_when_a_place_comes_passes_it_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = Places(1)
    assert places.take(Deadline(0))

    def interrupted(_turn: threads.Event, _seconds: float) -> bool:
        places.give_back()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(threads, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt):
            assert places.take(Deadline(30))
    assert places.take(Deadline(0))
