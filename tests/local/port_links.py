"""Links to ports of a session, and a web program behind them."""

import asyncio
import random
import socket
from contextlib import suppress
from pathlib import Path

import httpx

from local import web_program
from local.stand_ins import Caller

PORT = 30100


def free_port() -> int:
    """Find a port that nobody has, for sessions that have the network of the machine."""
    for port in random.sample(range(30100, 30200), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("all ports that there are links to are taken")


async def link(caller: Caller, session_id: str, port: int = PORT, **query: str) -> str:
    said = await caller.get("/internet/getLink", sessionId=session_id, port=str(port), **query)
    assert said.status == 200, said.body
    return str(said.data["url"])


async def serve(caller: Caller, session_id: str, port: int = PORT, host: str = "127.0.0.1") -> str:
    """Start the web program in a session and give the link to it, once it answers."""
    program = Path(web_program.__file__).read_text()
    await caller.tool(session_id, "write_file", path="web.py", content=program)
    start = f"nohup python3 web.py {port} {host} > web.log 2>&1 &"
    await caller.tool(session_id, "shell", command=start)
    url = await link(caller, session_id, port)
    await first_answer(caller, url)
    return url


async def first_answer(caller: Caller, url: str) -> httpx.Response:
    async with asyncio.timeout(30):
        while True:
            answer = await caller.http.get(url)
            if answer.status_code != 502:
                return answer
            await asyncio.sleep(0.02)
