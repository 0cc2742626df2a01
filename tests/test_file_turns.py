"""Calls that go out together are not all made, nor all answered, in one turn of the loop."""

from collections import Counter
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import httpx
import pytest
from support.fake import Network, tool_call, tool_text

from agb import AsyncAGB, AsyncSession
from agb._chunks import CHUNK, LONG, OF_ONE_FILE
from agb.results import McpTool


class Turns:
    """Counts how often the loop has gone round, and when calls of a tool were made."""

    def __init__(self, tool: str) -> None:
        self.noted: list[int] = []
        self._tool = tool
        self._count = 0

    async def count(self) -> None:
        while True:
            self._count += 1
            await anyio.lowlevel.checkpoint()

    def answer(self, request: httpx.Request) -> httpx.Response:
        name, args = tool_call(request)
        if name == self._tool:
            self.noted.append(self._count)
        if name == "get_file_info":
            return tool_text(f"size: {40 * CHUNK}\nisDirectory: false")
        return tool_text("x" * args.get("length", 0))


async def read(session: AsyncSession) -> None:
    found = await session.file.read("/tmp/long")
    assert found.content == "x" * 40 * CHUNK


async def write(session: AsyncSession) -> None:
    assert (await session.file.write("/tmp/long", "x" * (2 * LONG))).success


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(("tool", "work"), [("read_file", read), ("write_file", write)])
def test_each_piece_of_a_file_has_a_turn_of_its_own(
    backend: str, tool: str, work: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    turns = Turns(tool)

    async def program() -> None:
        async with AsyncAGB("key", transport=Network(mcp=turns.answer)) as agb:
            session = AsyncSession(agb, "s-1")
            session.tool_list = [McpTool(name=name, description="") for name in (tool, "shell")]
            async with anyio.create_task_group() as group:
                group.start_soon(turns.count)
                await work(session)
                group.cancel_scope.cancel()

    anyio.run(program, backend=backend)
    assert len(turns.noted) > OF_ONE_FILE
    # trio goes through the tasks of a turn in any order, so two may come between two counts.
    assert max(Counter(turns.noted).values()) <= 2
