"""More than a server can do: the rest is refused at once, and afterwards all is as before."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psutil
import pytest
from attrs import evolve
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agb.local import protocols, stream
from agb.local.settings import Settings
from local.raw import HEAD, Connection, connected
from local.stand_ins import CODE, Caller, StandIns, TurnableClock, calling, serving
from local.streams import address, streaming

MIB = 1024 * 1024


@asynccontextmanager
async def bounded(settings: Settings, clock: TurnableClock, **bounds: Any) -> AsyncIterator[Caller]:
    """Call a server with other bounds than usual."""
    async with (
        serving(evolve(settings, **bounds), clock) as server,
        calling(server.endpoint) as caller,
    ):
        yield caller


async def health(caller: Caller) -> dict[str, Any]:
    return dict((await caller.get("/health")).data)


async def until(caller: Caller, **wanted: int) -> None:
    """Wait until the server tells these numbers of itself."""
    async with asyncio.timeout(60):
        while True:
            if wanted.items() <= (await health(caller)).items():
                return
            await asyncio.sleep(0.02)


async def test_the_health_is_told_to_anybody_and_the_load_to_who_has_the_key(
    caller: Caller,
) -> None:
    await caller.create()
    said = await caller.send("GET", "/health", headers={})
    assert (said.status, said.data) == (200, {"status": "ok"})
    assert said.body["requestId"]
    assert await health(caller) == {
        "status": "ok",
        "sessions": 1,
        "starting": 0,
        "ending": 0,
        "ready": 0,
        "requests": 0,
        "connections": 1,
        "bytesHeld": 0,
    }
    wrong = await caller.send("GET", "/health", headers={"authorization": "Bearer wrong"})
    assert wrong.status == 401


async def test_requests_beyond_the_bound_are_to_be_tried_again(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    done = asyncio.Event()

    async def wait(_: str, **__: object) -> str:
        await done.wait()
        return "done"

    stand_ins.answer = wait
    async with bounded(settings, clock, max_requests=2) as caller:
        session_id = await caller.create()
        calls = [
            asyncio.create_task(caller.tool(session_id, "read_file", path="x")) for _ in range(2)
        ]
        await until(caller, requests=2)
        for said in [
            await caller.get("/sdk/ListSession"),
            await caller.post("/mcp/createSession", {"imageId": CODE}),
            await caller.send("GET", "/nothing"),
        ]:
            assert (said.status, said.code) == (429, "TooManyRequests")
            assert said.headers["retry-after"] == "1"
            assert said.body["requestId"] == said.headers["x-request-id"]
            assert "data" not in said.body
        assert await caller.status(session_id) == "RUNNING"
        released = await caller.post("/mcp/releaseSessionAsync", sessionId=session_id)
        assert released.status == 200
        done.set()
        assert {(await call).status for call in calls} == {200}
        assert (await caller.get("/sdk/ListSession")).status == 200
        await until(caller, requests=0, bytesHeld=0)


async def test_sessions_beyond_those_that_can_be_made_at_a_time_are_to_be_tried_again(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    stand_ins.opening = asyncio.Event()
    async with bounded(settings, clock, max_starting=2, max_sessions=3) as caller:
        making = [asyncio.create_task(caller.create()) for _ in range(2)]
        await until(caller, starting=2)
        said = await caller.post("/mcp/createSession", {"imageId": CODE})
        assert (said.status, said.code) == (429, "TooManyRequests")
        assert said.headers["retry-after"] == "1"
        stand_ins.opening.set()
        assert len({await each for each in making}) == 2
        await caller.create()
        said = await caller.post("/mcp/createSession", {"imageId": CODE})
        assert (said.status, said.code) == (403, "QuotaExceeded.Sessions")


async def test_connections_beyond_the_bound_are_told_so_and_far_beyond_it_are_cut(
    stand_ins: StandIns,
    settings: Settings,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocols, "_MOST_REFUSED", 2)
    async with bounded(settings, clock, max_connections=3) as caller, AsyncExitStack() as stack:
        session_id = await caller.create()
        held = [await stack.enter_async_context(connected(caller.http)) for _ in range(2)]
        await until(caller, connections=3)
        late = await stack.enter_async_context(connected(caller.http))
        await late.say(f"GET /sdk/ListSession HTTP/1.1\r\n{HEAD}\r\n")
        status, headers, said = await late.answer()
        assert (status, said["code"]) == (429, "TooManyRequests")
        assert headers["retry-after"] == "1"
        assert headers["connection"] == "close"
        assert await late.ended()
        url, token = await address(caller, session_id)
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url, additional_headers={"X-Access-Token": token}, proxy=None):
                pass
        assert caught.value.response.status_code == 429
        curious = await stack.enter_async_context(connected(caller.http))
        await curious.say(f"GET /health HTTP/1.1\r\n{HEAD}\r\n")
        assert (await curious.answer())[2]["data"]["connections"] == 4
        await stack.enter_async_context(connected(caller.http))
        await until(caller, connections=5)
        assert await (await stack.enter_async_context(connected(caller.http))).ended()
        assert await caller.ids() == [session_id]  # on a connection that was there before
        await stack.aclose()
        await until(caller, connections=1)
        async with connected(caller.http) as again:
            await again.say(f"GET /sdk/ListSession HTTP/1.1\r\n{HEAD}\r\n")
            assert (await again.answer())[0] == 200
        assert all(one.writer.is_closing() for one in held)
    assert len(stand_ins.opened) == 1


async def test_bodies_that_are_too_large_together_are_to_be_tried_again(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    async with bounded(settings, clock, max_held=MIB) as caller, connected(caller.http) as first:
        head = f"POST /mcp/getSession HTTP/1.1\r\n{HEAD}Content-Length: {MIB}\r\n\r\n"
        await first.say(head + " " * (MIB - 100))
        await until(caller, bytesHeld=MIB - 100)
        said = await caller.send("POST", "/mcp/getSession", content=b" " * 200)
        assert (said.status, said.code) == (429, "TooManyRequests")
        assert (await caller.get("/sdk/ListSession")).status == 200
        await first.say(" " * 100)
        assert (await first.answer())[0] == 400
        await until(caller, bytesHeld=0)
        said = await caller.send("POST", "/mcp/getSession", content=b" " * 200)
        assert said.status == 400


async def test_heads_that_are_too_large_together_are_refused(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    async with bounded(settings, clock, max_held=MIB) as caller, connected(caller.http) as rude:
        await rude.say("GET /" + "x" * (2 * MIB))
        assert (await rude.answer())[0] == 429
        assert await rude.ended()
        await until(caller, bytesHeld=0)


async def test_streams_of_a_session_beyond_the_bound_are_to_be_tried_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream, "MOST_STREAMS", 1)
    session_id = await caller.create()
    async with streaming(caller, session_id):
        with pytest.raises(InvalidStatus) as caught:
            async with streaming(caller, session_id):
                pass
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["retry-after"] == "1"
        async with streaming(caller):  # of another session
            pass
    async with asyncio.timeout(60):
        while True:
            try:
                async with streaming(caller, session_id):
                    break
            except InvalidStatus:
                await asyncio.sleep(0.02)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


SLOW_HEAD = "GET /sdk/ListSession HTTP/1.1\r\nHo"
SLOW_BODY = (
    f"POST /mcp/getSession HTTP/1.1\r\n{HEAD}Content-Length: 1000000\r\n\r\n" + " " * 100_000
)


async def test_a_thousand_slow_connections_at_once_leave_the_server_to_the_others(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    before = psutil.Process().memory_info().rss
    async with bounded(settings, clock, patience=3) as caller, AsyncExitStack() as stack:
        session_id = await caller.create()

        async def come(number: int) -> Connection:
            slow = await stack.enter_async_context(connected(caller.http))
            await slow.say(("", SLOW_HEAD, SLOW_BODY, "no http")[number % 4])
            return slow

        crowd = await asyncio.gather(*map(come, range(1000)))
        said = await asyncio.gather(
            *(caller.tool(session_id, "read_file", path="x") for _ in range(100))
        )
        assert {(one.status, one.text) for one in said} == {(200, "answer of file.read")}
        assert psutil.Process().memory_info().rss < before + 200 * MIB
        answers = [await slow.answer() for n, slow in enumerate(crowd) if n % 4 in {1, 2}]
        assert {(status, said["code"]) for status, _, said in answers} == {(408, "RequestTimeout")}
        await stack.aclose()
        await until(caller, requests=0, bytesHeld=0)
        async with httpx.AsyncClient(base_url=caller.http.base_url, trust_env=False) as fresh:
            assert (await fresh.get("/health")).status_code == 200
        assert await caller.ids() == [session_id]
