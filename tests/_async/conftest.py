"""A client and a session of the AGB that all tests share."""

import random
from collections.abc import AsyncIterator

import pytest
from support.local import LocalAGB

from agb import AsyncAGB, AsyncSession
from agb._concurrency import aio


@pytest.fixture
async def agb(local_agb: LocalAGB) -> AsyncIterator[AsyncAGB]:
    async with AsyncAGB(
        local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest"
    ) as agb:
        yield agb


@pytest.fixture
async def session(agb: AsyncAGB) -> AsyncIterator[AsyncSession]:
    async with agb.session() as session:
        yield session


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the waits between two tries instead of waiting, and draw the longest by lot."""
    noted: list[float] = []

    async def note(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(aio, "sleep", note)
    monkeypatch.setattr(random, "random", lambda: 1.0)
    return noted
