"""A client and a session of the AGB that all tests share."""

from collections.abc import AsyncIterator

import pytest
from support.local import LocalAGB

from agb import AsyncAGB, AsyncSession


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
