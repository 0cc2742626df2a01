"""WebSockets of a session's ports, through the links that lead to them."""

from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from local import socket_program
from local.port_links import first_answer, link, serve
from local.stand_ins import GONE, Caller

PORT = 30120


async def served(caller: Caller, session_id: str) -> str:
    """Start the program in a session and give the link to it, once it answers."""
    program = Path(socket_program.__file__).read_text()
    await caller.tool(session_id, "write_file", path="talk.py", content=program)
    start = f"nohup python3 talk.py {PORT} > talk.log 2>&1 &"
    await caller.tool(session_id, "shell", command=start)
    await first_answer(caller, await link(caller, session_id, PORT))
    return await link(caller, session_id, PORT, protocolType="ws")


@pytest.fixture(scope="module")
async def url(agb: Caller) -> str:
    return await served(agb, await agb.create())


async def refusal(url: str) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, proxy=None)
    response = caught.value.response
    return response.status_code, response.body.decode() if response.body else ""


async def ended(connection: ClientConnection) -> int | None:
    await connection.wait_closed()
    return connection.close_code


async def test_messages_go_both_ways_as_they_are(url: str) -> None:
    headers = {"X-Mine": "1", "Cookie": "a=b"}
    async with connect(f"{url}a%2Fb?q=1", proxy=None, additional_headers=headers) as connection:
        assert await connection.recv() == "/a%2Fb?q=1 1 a=b"
        large = bytes(range(256)) * 2048
        for message in ("ä", b"\0\xff", "", large):
            await connection.send(message)
            assert await connection.recv() == message


async def test_the_server_in_the_session_picks_the_protocol(url: str) -> None:
    offered = [Subprotocol("one"), Subprotocol("two")]
    async with connect(url, proxy=None, subprotocols=offered) as connection:
        assert connection.subprotocol == "two"


async def test_a_close_is_passed_on(url: str) -> None:
    async with connect(url, proxy=None) as connection:
        await connection.send("leave")
        assert await ended(connection) == 4001
    async with connect(url, proxy=None) as connection:
        await connection.send("break")
        assert await ended(connection) == 1001
    async with connect(url, proxy=None) as connection:
        await connection.close(4002)
    async with connect(url, proxy=None) as connection:  # the server in there is well
        assert await connection.recv()


async def test_nothing_is_reached_without_the_token(agb: Caller, url: str) -> None:
    token = httpx.URL(url).path.split("/")[4]
    status, body = await refusal(url.replace(token, "wrong"))
    assert status == 401
    assert "InvalidAccessToken" in body
    others = await link(agb, await agb.create(), PORT, protocolType="wss")
    status, body = await refusal(others)
    assert status == 502
    assert "Link.NothingListens" in body


async def test_a_server_without_sockets_is_told(agb: Caller) -> None:
    session_id = await agb.create()
    await serve(agb, session_id)
    status, body = await refusal(await link(agb, session_id, protocolType="ws"))
    assert status == 502
    assert "Link.NoAnswer" in body


async def test_a_release_ends_the_conversation(agb: Caller) -> None:
    session_id = await agb.create()
    url = await served(agb, session_id)
    async with connect(url, proxy=None) as connection:
        await connection.recv()
        await agb.post("/mcp/releaseSession", sessionId=session_id)
        assert await ended(connection) == 1001
    status, body = await refusal(url)
    assert GONE in body
    assert status == 400
