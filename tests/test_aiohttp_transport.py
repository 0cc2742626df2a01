"""A transport that is not httpx's at heart: aiohttp's, behind httpx's door. asyncio only."""

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport
from support.local import LocalAGB
from support.raw_server import Peer, RawServer

from agb import APIConnectionError, AsyncAGB, AsyncSession, ConnectTimeoutError, ReadTimeoutError


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


async def test_files_go_through_it(local_agb: LocalAGB, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * 100_000)
    async with (
        httpx.AsyncClient(transport=AiohttpTransport()) as own,
        AsyncAGB(
            local_agb.api_key,
            endpoint=local_agb.endpoint,
            default_image="code_latest",
            http_client=own,
        ) as agb,
        agb.session() as session,
    ):
        assert (await session.file.upload(tmp_path / "in", "a")).success
        assert (await session.file.download("a", tmp_path / "out")).success
        assert (tmp_path / "out").read_bytes() == b"x" * 100_000


@pytest.mark.parametrize("leave", [Peer.half_close, Peer.reset])
async def test_a_call_whose_connection_breaks_is_not_sent_again(
    leave: Callable[[Peer], None],
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        leave(peer)

    with RawServer(script) as server:
        async with AsyncAGB("key", endpoint=server.url, transport=AiohttpTransport()) as agb:
            called = await AsyncSession(agb, "s-1").call_mcp_tool("shell", {"command": "date"})
    assert isinstance(called.error, APIConnectionError)
    assert not isinstance(called.error, ConnectTimeoutError)
    assert "broke before an answer came" in called.error_message
    assert sum(peer.asked for peer in server.peers) == 1


async def test_a_server_that_is_not_there_is_told(local_agb: LocalAGB) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # the port stays taken, and nobody listens
        async with AsyncAGB(
            local_agb.api_key,
            endpoint=f"http://127.0.0.1:{deaf.getsockname()[1]}",
            transport=AiohttpTransport(),
            max_retries=0,
        ) as agb:
            assert (await agb.list()).code == "CONNECT_FAILED"
