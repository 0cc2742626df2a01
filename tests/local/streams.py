"""A bare WebSocket client: it sends frames as a stranger would, and looks at what comes."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect

from local.stand_ins import CODE, Caller

UNTIL_GO = """
import os, time
print("on")
while not os.path.exists("go"):
    time.sleep(0.01)
os.remove("go")
"""
"""Code that goes on until there is a file of that name."""

Frame = dict[str, Any]


@define
class Stream:
    """A connection to a session."""

    socket: ClientConnection
    _put_by: list[Frame] = field(factory=list)
    _runs: Iterator[int] = field(factory=itertools.count)

    async def ask(self, run: str, code: str, language: str = "python", timeout_s: int = 60) -> None:
        params = {"language": language, "timeoutS": timeout_s, "code": code}
        await self.say(run, {"method": "run_code", "mode": "stream", "params": params})

    async def cancel(self, run: str) -> None:
        await self.say(run, {"method": "run_code", "mode": "stream", "phase": "cancel"})

    async def say(self, run: Any, data: Any) -> None:
        frame = {"invocationId": run, "source": "SDK", "target": "wuying_codespace", "data": data}
        await self.socket.send(json.dumps(frame))

    async def next(self, run: str) -> Frame:
        """The data of the next frame that is about a run."""
        for place, frame in enumerate(self._put_by):
            if frame["invocationId"] == run:
                return dict(self._put_by.pop(place)["data"])
        while True:
            frame = json.loads(await self.socket.recv())
            assert frame["source"] == "wuying_codespace"
            assert frame["target"] == "SDK"
            if frame["invocationId"] == run:
                return dict(frame["data"])
            self._put_by.append(frame)

    def heard_of(self, run: str) -> bool:
        """Whether a frame about a run has come that nobody has looked at."""
        return any(frame["invocationId"] == run for frame in self._put_by)

    async def rest(self, run: str, *, first: int = 1) -> list[Frame]:
        """The data of all frames of a run to its end; they are numbered from `first`."""
        frames = [await self.next(run)]
        while frames[-1]["phase"] == "event":
            frames.append(await self.next(run))
        assert [frame["seq"] for frame in frames] == list(range(first, len(frames) + first))
        return frames

    async def run(self, code: str, language: str = "python", timeout_s: int = 60) -> list[Frame]:
        """All frames of a run."""
        name = f"run {next(self._runs)}"
        await self.ask(name, code, language, timeout_s)
        return await self.rest(name)

    async def value(self, code: str, language: str = "python") -> str:
        """The text of the value of the last expression."""
        frames = await self.run(code, language)
        assert frames[-1]["status"] == "finished", frames[-1]
        return str(frames[-2]["result"]["mime"]["text/plain"])

    async def await_text(self, run: str, text: str) -> int:
        """Wait until code has written something; give the number of the frame."""
        while True:
            frame = await self.next(run)
            assert frame["phase"] == "event", frame
            if text in frame.get("chunk", ""):
                return int(frame["seq"])


def text_of(frames: list[Frame], kind: str = "stdout") -> str:
    return "".join(frame["chunk"] for frame in frames if frame.get("eventType") == kind)


async def address(caller: Caller, session_id: str) -> tuple[str, str]:
    """The URL of a session's WebSocket, and the token that opens it."""
    data = (await caller.post("/mcp/getSession", sessionId=session_id)).data
    return str(data["wsUrl"]), str(data["token"])


@asynccontextmanager
async def streaming(
    caller: Caller, session_id: str | None = None, **options: Any
) -> AsyncIterator[Stream]:
    """Connect to a session, a new one unless there is one already."""
    url, token = await address(caller, session_id or await caller.create(CODE))
    headers = {"X-Access-Token": token}
    options = {"max_size": None, "ping_interval": None, **options}
    async with connect(url, additional_headers=headers, proxy=None, **options) as socket:
        yield Stream(socket)
