"""A caller that speaks plain HTTP, sandboxes that do as they are told, a clock that is turned."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field, frozen

from agb.local.clock import Clock
from agb.local.instance import instance_folder
from agb.local.sandbox import SandboxError
from agb.local.server import Server, running
from agb.local.settings import Settings

KEY = "key-of-the-tests"
CODE = "agb-code-space-1"
LINKED = "agb-browser-use-1"


@define
class TurnableClock:
    """Stands still until it is turned."""

    seconds: float = 1000.0
    _turned: asyncio.Event = field(factory=asyncio.Event)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:
            await self._turned.wait()

    def turn(self, seconds: float) -> None:
        self.seconds += seconds
        self._turned.set()
        self._turned = asyncio.Event()


@frozen(kw_only=True)
class Said:
    """An answer."""

    status: int
    body: dict[str, Any]
    headers: httpx.Headers

    @property
    def code(self) -> str:
        return str(self.body["code"])

    @property
    def message(self) -> str:
        return str(self.body["message"])

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def text(self) -> str:
        """What a tool said."""
        assert self.status == 200, self.body
        return str(self.data["content"][0]["text"])

    @property
    def is_error(self) -> bool:
        return bool(self.data["isError"])


@define
class Caller:
    """Speaks to a server as a stranger would."""

    http: httpx.AsyncClient
    headers: dict[str, str] = field(factory=lambda: {"Authorization": f"Bearer {KEY}"})

    async def post(self, path: str, /, query: dict[str, Any] | None = None, **body: Any) -> Said:
        return await self.send("POST", path, params=query, json=body)

    async def get(self, path: str, /, **query: Any) -> Said:
        return await self.send("GET", path, params=query)

    async def send(self, method: str, path: str, **options: Any) -> Said:
        options.setdefault("headers", self.headers)
        response = await self.http.request(method, path, **options)
        return Said(status=response.status_code, body=response.json(), headers=response.headers)

    async def create(self, image: str = CODE, **body: Any) -> str:
        said = await self.post("/mcp/createSession", {"imageId": image}, **body)
        assert said.status == 200, said.body
        return str(said.data["sessionId"])

    async def tool(self, session_id: str, tool: str, /, **arguments: Any) -> Said:
        args = json.dumps(arguments)
        query = {"autoGenSession": "false"}
        return await self.post("/mcp", query, sessionId=session_id, name=tool, args=args)

    async def ids(self, **query: Any) -> list[str]:
        said = await self.get("/sdk/ListSession", **{"labels": "{}", **query})
        return [line["sessionId"] for line in said.data]

    async def status(self, session_id: str) -> str:
        """The status of a session, or the code of the refusal to tell it."""
        said = await self.post("/mcp/getSessionInfo", sessionId=session_id)
        return str(said.data["status"]) if said.status == 200 else said.code


GONE = "InvalidMcpSession.NotFound"


@define
class StandIn:
    """A sandbox in which nothing runs; `parent` says what it answers."""

    root: Path
    parent: "StandIns"
    level: str = "stand-in"
    description: str = "isolates <nothing>"
    owner: int | None = None
    disk: int = 2**33
    alive: bool = True
    closed: asyncio.Event = field(factory=asyncio.Event)

    async def request(self, op: str, /, **parameters: Any) -> Any:
        answer = self.parent.answer(op, **parameters)
        return await answer if asyncio.iscoroutine(answer) else answer

    async def connect(self, port: int) -> socket.socket:
        raise self.parent.trouble_at_connect or ConnectionRefusedError(str(port))

    def processes(self) -> list[int]:
        return []

    async def aclose(self) -> None:
        if self.parent.closing:
            await self.parent.closing.wait()
        self.alive = False
        self.closed.set()
        if self.parent.trouble_at_close:
            raise self.parent.trouble_at_close


def _nothing(op: str, **_: Any) -> Any:
    return f"answer of {op}"


@define
class StandIns:
    """Opens stand-ins instead of sandboxes.

    Attributes:
        answer: What operations answer.
        asked: Is set when one is asked for.
        opening: Opening waits for it.
        closing: Closing waits for it.
        trouble_at_open: Opening ends in it.
        trouble_at_close: Closing ends in it.
        trouble_at_connect: Connecting ends in it, instead of in a refusal.
    """

    level: str = "stand-in"
    description: str = "isolates <nothing>"
    reason: str | None = "this is a test"
    opened: list[StandIn] = field(factory=list)
    answer: Callable[..., Any] = _nothing
    asked: asyncio.Event = field(factory=asyncio.Event)
    opening: asyncio.Event | None = None
    closing: asyncio.Event | None = None
    trouble_at_open: SandboxError | None = None
    trouble_at_close: Exception | None = None
    trouble_at_connect: Exception | None = None

    def shows(self, _: Path) -> Path | None:
        return None

    async def open(self, root: Path) -> StandIn:
        self.asked.set()
        if self.opening:
            await self.opening.wait()
        root.mkdir()
        if self.trouble_at_open:
            raise self.trouble_at_open
        self.opened.append(StandIn(root, self))
        return self.opened[-1]


@asynccontextmanager
async def serving(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Run a server in this event loop."""
    with instance_folder(settings.data_dir) as folder:
        async with running(settings, folder, clock=clock) as server:
            yield server


@asynccontextmanager
async def calling(endpoint: str) -> AsyncIterator[Caller]:
    """Keep connections to a server."""
    async with httpx.AsyncClient(base_url=endpoint, timeout=60, trust_env=False) as http:
        yield Caller(http)
