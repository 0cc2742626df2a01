"""What one caller may send: how much, how deep, how fast, and in which shape."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from agb._wire.codec import DEEPEST
from agb.local import protocols
from agb.local.bodies import LONGEST
from agb.local.settings import Settings
from local.raw import HEAD, connected
from local.stand_ins import Caller, StandIns, TurnableClock, calling, serving
from local.streams import address, streaming

MIB = 1024 * 1024
POST = f"POST /mcp/getSession HTTP/1.1\r\n{HEAD}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return evolve(settings, max_held=128 * MIB, max_upload=MIB)


@pytest.fixture
async def hasty(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> AsyncIterator[Caller]:
    """Calls a server that soon loses its patience; others have to bear with a busy machine."""
    assert not stand_ins.opened
    async with (
        serving(evolve(settings, patience=1), clock) as server,
        calling(server.endpoint) as caller,
    ):
        yield caller


@pytest.fixture(autouse=True)
async def _none_of_it_is_an_error_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[None]:
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "slow",
    [
        "G",
        "GET /sdk/ListSession HTTP/1.1\r\nHost: x\r\nA",
        f"{POST}Content-Length: 9\r\n\r\n{{",
        f"{POST}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n",
        f"GET /health HTTP/1.1\r\n{HEAD}\r\n" + POST,
    ],
)
async def test_a_request_that_does_not_come_to_its_end_is_given_up(
    hasty: Caller, slow: str
) -> None:
    async with connected(hasty.http) as rude:
        await rude.say(slow)
        status, headers, said = await rude.answer()
        if "/health" in slow:
            status, headers, said = await rude.answer()
        assert (status, said["code"]) == (408, "RequestTimeout")
        assert said["requestId"] == headers["x-request-id"]
        rude.writer.write_eof()
        assert await rude.ended()


async def test_what_drips_is_given_up_as_well(hasty: Caller) -> None:
    async with connected(hasty.http) as rude:
        dripping = asyncio.create_task(_drip(rude.say, "GET / HTTP/1.1\r\nHost: " + "x" * 10_000))
        assert (await rude.answer())[0] == 408
        assert await rude.ended()
        dripping.cancel()
    async with connected(hasty.http) as rude:
        await rude.say(f"{POST}Content-Length: 10000\r\n\r\n")
        dripping = asyncio.create_task(_drip(rude.say, " " * 10_000))
        assert (await rude.answer())[0] == 408
        dripping.cancel()


async def _drip(say: Any, text: str) -> None:
    for each in text:
        await say(each)
        await asyncio.sleep(0.02)


async def test_a_connection_on_which_nothing_is_said_is_closed(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "_IDLE", 0.1)
    async with connected(caller.http) as silent:
        assert await silent.reader.read() == b""


async def test_the_rest_of_a_body_that_is_refused_is_heard_out_but_not_for_ever(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(caller.http) as caller_on:
        await caller_on.say(
            "POST /mcp/getSession HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        assert (await caller_on.answer())[0] == 401
        await caller_on.say(" " * 8 + f"GET /health HTTP/1.1\r\n{HEAD}\r\n")
        assert (await caller_on.answer())[0] == 200
    monkeypatch.setattr(protocols, "_HEARS_OUT", 0.1)
    async with connected(caller.http) as rude:
        await rude.say("POST /mcp/getSession HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert (await rude.answer())[0] == 401
        assert await rude.ended()


async def test_an_answer_that_nobody_takes_is_given_up(
    caller: Caller, stand_ins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_ins.answer = lambda _, **__: "x" * 20 * MIB
    monkeypatch.setattr(protocols, "_TAKES_WITHIN", 0.1)
    session_id = await caller.create()
    args = json.dumps({"path": "x"})
    body = json.dumps({"sessionId": session_id, "name": "read_file", "args": args})
    async with connected(caller.http) as deaf:
        await deaf.say(f"POST /mcp HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n{body}")
        async with asyncio.timeout(60):
            while (await caller.get("/health")).data["connections"] > 1:
                await asyncio.sleep(0.02)
                assert not deaf.writer.is_closing()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("\x16\x03\x01 no http\r\n\r\n", 400),
        ("GET / HTTP/x\r\n\r\n", 400),
        (f"{POST}Content-Length: x\r\n\r\n", 400),
        (f"{POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (f"{POST}Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (f"{POST}Transfer-Encoding: gzip\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + "a: b\r\n" * 1000 + "\r\n", 431),
        ("GET /" + "x" * 5 * MIB, 431),
    ],
)
async def test_what_is_no_http_is_refused_in_an_envelope(
    caller: Caller, text: str, status: int
) -> None:
    async with connected(caller.http) as rude:
        await rude.say(text)
        found, headers, said = await rude.answer()
        assert (found, said["httpStatusCode"], said["code"]) == (status, status, "InvalidRequest")
        assert said["requestId"] == headers["x-request-id"]
        assert await rude.ended()


async def test_a_head_that_comes_in_pieces_is_told_from_a_body_with_many_lines(
    caller: Caller,
) -> None:
    for at in range(4):
        head = f"{POST}Content-Length: 100000\r\n\r\n"
        cut = len(head) - at
        async with connected(caller.http) as slow:
            await slow.say(head[:cut])
            await slow.say(head[cut:] + "\n" * 100_000)
            assert (await slow.answer())[0] == 400


async def test_nonsense_in_a_body_whose_request_has_been_answered_ends_the_connection(
    caller: Caller,
) -> None:
    chunked = "POST /mcp/getSession HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connected(caller.http) as rude:
        await rude.say(chunked)
        assert (await rude.answer())[0] == 401
        await rude.say("no length\r\n")
        assert await rude.ended()


async def test_a_body_that_is_too_large_is_refused_before_it_is_sent(caller: Caller) -> None:
    async with connected(caller.http) as large:
        await large.say(f"{POST}Content-Length: {LONGEST + 1}\r\n\r\n")
        assert (await large.answer())[2]["code"] == "RequestTooLarge"


async def test_a_compressed_body_is_refused(caller: Caller) -> None:
    headers = {**caller.headers, "content-encoding": "gzip"}
    said = await caller.send(
        "POST", "/mcp/getSession", headers=headers, content=gzip.compress(b"{}")
    )
    assert (said.status, said.code) == (415, "UnsupportedEncoding")
    said = await caller.send(
        "POST",
        "/mcp/getSession",
        headers={**caller.headers, "content-encoding": "identity"},
        content=b"{}",
    )
    assert "is missing" in said.message


@pytest.mark.parametrize(
    "body",
    [
        b'{"sessionId":' + b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1) + b"}",
        b'{"a":' * 100_000,
        b'{"sessionId":' + b"9" * 5000 + b"}",
        b'{"sessionId": NaN}',
        b'{"sessionId": "s", "sessionId": 7}',
        b'{"sessionId": "\xff"}',
        b'{"sessionId": "\\ud800"}',
        b"\x1f\x8b\x08\x00",
    ],
)
async def test_odd_json_is_refused(caller: Caller, body: bytes) -> None:
    said = await caller.send("POST", "/mcp/getSession", content=body)
    assert said.status == 400
    assert said.code in {"InvalidParameter", "InvalidMcpSession.NotFound"}


async def test_a_query_with_very_many_fields_is_refused(caller: Caller) -> None:
    said = await caller.send("GET", "/resource?" + "a=b&" * 2000)
    assert (said.status, said.code) == (400, "InvalidParameter")


async def upload_to(caller: Caller) -> str:
    context = await caller.get("/sdk/GetContext", name="c", allowCreate="true")
    data = context.body["data"]
    said = await caller.post(
        "/sdk/GetContextFileUploadUrl", {"contextId": data["id"], "filePath": "/f"}
    )
    return str(said.data["url"])


async def test_a_file_that_is_too_large_is_not_stored(caller: Caller) -> None:
    upload = await upload_to(caller)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (MIB // 4)

    for content in (b"x" * (MIB + 1), pieces()):
        said = await caller.send("PUT", upload, content=content)
        assert (said.status, said.code) == (413, "RequestTooLarge")
    assert (await caller.http.put(upload, content=b"x" * MIB)).status_code == 200


async def test_a_file_that_does_not_come_to_its_end_is_not_stored(hasty: Caller) -> None:
    upload = await upload_to(hasty)
    async with connected(hasty.http) as rude:
        await rude.say(
            f"PUT {urlsplit(upload).path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"
        )
        assert (await rude.answer())[2]["code"] == "RequestTimeout"


async def test_a_file_that_the_disk_has_no_room_for_is_refused_before_it_is_sent(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    roomy = evolve(settings, max_upload=2**62)
    async with serving(roomy, clock) as server, calling(server.endpoint) as caller:
        context = (await caller.get("/sdk/GetContext", name="c", allowCreate="true")).body["data"]
        query = {"contextId": context["id"], "filePath": "/f"}
        url = (await caller.post("/sdk/GetContextFileUploadUrl", query)).data["url"]
        async with connected(caller.http) as large:
            await large.say(
                f"PUT {urlsplit(url).path} HTTP/1.1\r\nHost: x\r\nContent-Length: {2**60}\r\n\r\n"
            )
            status, _, said = await large.answer()
            assert (status, said["code"]) == (507, "Storage.Full")


async def closed_with(socket: ClientConnection) -> int:
    await socket.wait_closed()
    assert socket.close_code
    return socket.close_code


def bare(socket: ClientConnection, opcode: Opcode, data: bytes, *, fin: bool = True) -> None:
    """Send a frame as it is."""
    socket.transport.write(written(opcode, data, fin=fin))


def written(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


async def test_a_message_that_is_no_text_ends_a_stream(caller: Caller) -> None:
    async with streaming(caller) as stream:
        bare(stream.socket, Opcode.TEXT, "ä€".encode())
        bare(stream.socket, Opcode.TEXT, b"\xff")
        assert await closed_with(stream.socket) == 1007


async def test_messages_in_too_many_fragments_end_a_stream(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "_MOST_FRAGMENTS", 100)
    async with streaming(caller) as stream:
        bare(stream.socket, Opcode.TEXT, b"{", fin=False)
        for _ in range(99):
            bare(stream.socket, Opcode.CONT, b"", fin=False)
        bare(stream.socket, Opcode.CONT, b"}")
        pong = await stream.socket.ping()
        await pong  # it goes on
    async with streaming(caller) as stream:
        bare(stream.socket, Opcode.TEXT, b"{", fin=False)
        for _ in range(200):
            bare(stream.socket, Opcode.CONT, b"", fin=False)
        assert await closed_with(stream.socket) == 1009


async def test_a_message_that_is_too_large_ends_a_stream(caller: Caller) -> None:
    async with streaming(caller) as stream:
        with suppress(ConnectionClosed):  # it may well be refused before all of it is there
            await stream.socket.send("x" * (LONGEST + 1))
        assert await closed_with(stream.socket) == 1009


async def test_messages_that_are_too_large_together_end_a_stream(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    small = evolve(settings, max_held=MIB)
    async with serving(small, clock) as server, calling(server.endpoint) as caller:
        async with streaming(caller) as stream:
            bare(stream.socket, Opcode.TEXT, b"x" * 2 * MIB, fin=False)
            assert await closed_with(stream.socket) == 1013
        async with asyncio.timeout(60):
            while (await caller.get("/health")).data["bytesHeld"]:
                await asyncio.sleep(0.02)
                assert server.sessions.active()


async def test_pings_that_nobody_hears_the_answers_to_pile_up_nowhere(caller: Caller) -> None:
    url, token = await address(caller, await caller.create())
    path = urlsplit(url).path
    handshake = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"X-Access-Token: {token}\r\n\r\n"
    )
    async with connected(caller.http) as deaf:
        await deaf.say(handshake)
        assert b" 101 " in await deaf.reader.readuntil(b"\r\n\r\n")
        for _ in range(200):
            await deaf.say(written(Opcode.PING, b"x" * 125) * 1000)
        await deaf.say(written(Opcode.PING, b"the last one") + written(Opcode.CLOSE, b"\x03\xe8"))
        heard = await deaf.reader.read()
    assert len(heard) < 20_000_000  # of 25; what is not left out fills the buffers of the system
    assert written(Opcode.PONG, b"the last one", mask=False) in heard
    assert written(Opcode.CLOSE, b"\x03\xe8", mask=False) in heard


@pytest.mark.parametrize(
    "text",
    [
        "POST {path} HTTP/1.1\r\n{upgrade}\r\n",
        "GET {path} HTTP/1.1\r\n{upgrade}Content-Length: 2\r\n\r\n{{}}",
        "GET {path} HTTP/1.0\r\n{upgrade}\r\n",
        "GET {path}?{long} HTTP/1.1\r\n{upgrade}\r\n",
        "GET {path} HTTP/1.1\r\n{upgrade}a: {long}\r\n\r\n",
        "GET {path} HTTP/1.1\r\n{upgrade}{many}\r\n",
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_a_handshake_that_is_none_is_answered_in_plain_http(
    caller: Caller, text: str
) -> None:
    filled = text.format(
        path="/stream/x",
        upgrade="Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        long="x" * 9000,
        many="a: b\r\n" * 200,
    )
    async with connected(caller.http) as rude:
        await rude.say(filled)
        assert (await rude.answer())[0] == 404


@pytest.mark.parametrize("port", ["9" * 5000, "\u0663\u0660\u0661\u0660\u0660", "-1", "030100"])
async def test_a_port_that_is_none_is_no_bug(caller: Caller, port: str) -> None:
    said = await caller.send("GET", f"/port/s/{port}/token/")
    assert (said.status, said.code) == (401, "InvalidAccessToken")
