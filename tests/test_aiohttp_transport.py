"""A transport that is not httpx's at heart: aiohttp's, behind httpx's door. asyncio only."""

import pytest
from httpx_aiohttp import AiohttpTransport
from support.local import LocalAGB

from agb import AsyncAGB, ReadTimeoutError


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_the_main_operations_go_through_it(local_agb: LocalAGB) -> None:
    async with (
        AsyncAGB(
            local_agb.api_key,
            endpoint=local_agb.endpoint,
            default_image="code_latest",
            transport=AiohttpTransport(),
        ) as agb,
        agb.session(labels={"by": "aiohttp"}) as session,
    ):
        assert (await session.code.run("6 * 7", "python")).result == "42"
        assert (await session.command.execute("echo hello")).output == "hello\n"
        assert (await session.file.write("notes.txt", "é" * 100_000)).success
        assert (await session.file.read("notes.txt")).content == "é" * 100_000
        assert session.session_id in (await agb.list(labels={"by": "aiohttp"})).session_ids


async def test_its_time_limits_are_the_clients(local_agb: LocalAGB) -> None:
    async with (
        AsyncAGB(
            local_agb.api_key,
            endpoint=local_agb.endpoint,
            default_image="code_latest",
            transport=AiohttpTransport(),
        ) as agb,
        agb.session() as session,
    ):
        slow = await session.call_mcp_tool(
            "shell", {"command": "sleep 20", "timeout_ms": 20_000}, read_timeout=200
        )
        assert isinstance(slow.error, ReadTimeoutError)
