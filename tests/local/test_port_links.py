"""Ports of a session, through the links that lead to them."""

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from attrs import evolve

from agb.local import connections
from agb.local.sandbox import SandboxGone
from agb.local.server import Server
from agb.local.settings import Settings
from local import web_program
from local.port_links import PORT, first_answer, free_port, link, serve
from local.stand_ins import GONE, Caller, StandIns, TurnableClock, calling, serving


@pytest.fixture(scope="module")
async def session_id(agb: Caller) -> str:
    return await agb.create()


@pytest.fixture(scope="module")
async def url(agb: Caller, session_id: str) -> str:
    return await serve(agb, session_id)


async def test_a_request_arrives_as_it_was_sent(agb: Caller, url: str) -> None:
    headers = {"X-Mine": "1", "Connection": "x-hop", "X-Hop": "2", "Upgrade": "h2c"}
    answer = await agb.http.delete(f"{url}a%2Fb/c?q=%20&r=", headers=headers)
    assert answer.status_code == 200
    assert "keep-alive" not in answer.headers
    assert answer.headers["referrer-policy"] == "same-origin"
    assert len(answer.headers.get_list("date")) == 1
    said = answer.json()
    assert (said["method"], said["target"]) == ("DELETE", "/a%2Fb/c?q=%20&r=")
    arrived = {name.lower(): value for name, value in said["headers"]}
    assert arrived["x-mine"] == "1"
    assert arrived["x-forwarded-prefix"] + "/" == httpx.URL(url).path
    assert arrived["host"] == httpx.URL(url).netloc.decode()
    assert not {"x-hop", "upgrade"} & arrived.keys()


async def test_the_head_alone_can_be_asked_for(agb: Caller, url: str) -> None:
    answer = await agb.http.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_a_large_answer_comes_through_whole(agb: Caller, url: str) -> None:
    count, digest = 1000, hashlib.sha256()
    async with agb.http.stream("GET", f"{url}large?{count}") as answer:
        async for chunk in answer.aiter_bytes():
            digest.update(chunk)
    assert digest.hexdigest() == hashlib.sha256(web_program.BLOCK * count).hexdigest()


@pytest.mark.parametrize("measured", [True, False])
async def test_a_large_request_comes_through_whole(
    agb: Caller, url: str, *, measured: bool
) -> None:
    count = 500

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield web_program.BLOCK

    size = count * len(web_program.BLOCK)
    headers = {"content-length": str(size)} if measured else {}
    answer = await agb.http.post(url, content=blocks(), headers=headers)
    whole = hashlib.sha256(web_program.BLOCK * count).hexdigest()
    assert answer.json() == {"size": size, "sha256": whole}


async def test_an_answer_may_begin_before_the_request_ends(url: str) -> None:
    got = b""
    host, port = httpx.URL(url).host, httpx.URL(url).port
    reader, writer = await asyncio.open_connection(host, port)
    path = httpx.URL(url).path
    head = f"PUT {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"5\r\nfirst\r\n")
    while b"first" not in got:
        got += await reader.read(4096)
    writer.write(b"4\r\nlast\r\n0\r\n\r\n")
    while b"last" not in got:
        got += await reader.read(4096)
    writer.close()
    await writer.wait_closed()


async def test_an_early_refusal_of_a_long_request_arrives(agb: Caller, url: str) -> None:
    answer = await agb.http.patch(url, content=b"x" * 20_000_000)
    assert (answer.status_code, answer.text) == (413, "too long")


async def test_an_answer_without_a_length_ends_with_its_connection(agb: Caller, url: str) -> None:
    assert (await agb.http.get(f"{url}unmeasured")).text == "until the end"


async def test_what_breaks_off_is_told_from_what_is_complete(agb: Caller, url: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await agb.http.get(f"{url}broken")
    said = await agb.send("GET", f"{url}nonsense", headers={})
    assert (said.status, said.code) == (502, "Link.NoAnswer")


async def test_links_and_redirects_of_a_page_stay_behind_the_token(agb: Caller, url: str) -> None:
    bare = await agb.http.get(url.rstrip("/"), follow_redirects=True)
    assert bare.json()["target"] == "/"
    path = httpx.URL(url).path
    for there, expected in (("/x/", f"{path}x/"), ("y", "y"), ("//z/a", "//z/a")):
        answer = await agb.http.get(f"{url}moved?{there}")
        assert (answer.status_code, answer.headers["location"]) == (302, expected)


async def test_cookies_stay_with_the_link_that_they_came_by(agb: Caller, url: str) -> None:
    answer = await agb.http.get(f"{url}cookies")
    path = httpx.URL(url).path
    agb.http.cookies.clear()
    expected = [f"a=1; Path={path}; HttpOnly", f"b=2; Path={path}in", "path=/x"]
    assert answer.headers.get_list("set-cookie") == expected
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_nothing_is_reached_without_the_token(agb: Caller, session_id: str, url: str) -> None:
    token = httpx.URL(url).path.split("/")[4]
    other = await agb.create()
    wrong = [
        f"/port/{session_id}/{PORT}/",
        f"/port/{session_id}/{PORT}/{token[:-2]}xx/",
        f"/port/{session_id}/{PORT}/ä/",
        f"/port/{session_id}/{PORT + 1}/{token}/",
        f"/port/{session_id}/x/{token}/",
        f"/port/{session_id}/8080/{token}/",
        f"/port/{other}/{PORT}/{token}/",
    ]
    for path in wrong:
        said = await agb.send("GET", path, headers={})
        assert said.status in {401, 404}, path
    quoted = await agb.send("GET", f"/port/{session_id}%2F{PORT}%2F{token}/", headers={})
    assert (quoted.status, quoted.code) == (400, "InvalidParameter")
    odd = await agb.send("GET", url, extensions={}, headers={"X-Access-Token": "wrong"})
    assert odd.status == 200  # the token in the path is the one that counts


async def test_a_link_leads_to_its_own_session_only(agb: Caller, url: str) -> None:
    assert (await agb.http.get(url)).status_code == 200
    others = await link(agb, await agb.create())
    said = await agb.send("GET", others, headers={})
    assert (said.status, said.code) == (502, "Link.NothingListens")


async def test_a_server_that_knows_only_the_newer_addresses_is_reached(
    agb: Caller, session_id: str
) -> None:
    has = "test -e /proc/net/if_inet6 && grep -q '^0*1 ' /proc/net/if_inet6; echo $?"
    answer = json.loads((await agb.tool(session_id, "shell", command=has)).text)
    if answer["stdout"].strip() != "0":
        pytest.skip("this kernel has no IPv6")
    program = (
        "import socket; s = socket.create_server(('::1', 30150), family=socket.AF_INET6)\n"
        "while True:\n c, _ = s.accept(); c.recv(9999)\n"
        " c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nsix'); c.close()\n"
    )
    await agb.tool(session_id, "write_file", path="/tmp/six.py", content=program)
    await agb.tool(session_id, "shell", command="nohup python3 /tmp/six.py > /dev/null 2>&1 &")
    url = await link(agb, session_id, 30150)
    assert (await first_answer(agb, url)).text == "six"


@pytest.mark.parametrize(
    ("protocol", "scheme"), [("http", "http"), ("https", "http"), ("ws", "ws"), ("wss", "ws")]
)
async def test_the_protocol_decides_how_the_link_begins(
    agb: Caller, session_id: str, protocol: str, scheme: str
) -> None:
    found = await link(agb, session_id, 30199, protocolType=protocol)
    assert httpx.URL(found).scheme == scheme
    assert found.endswith("/")


async def to_the_end(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


async def test_a_release_cuts_what_is_being_forwarded(agb: Caller) -> None:
    session_id = await agb.create()
    url = await serve(agb, session_id)
    async with agb.http.stream("GET", f"{url}endless") as answer:
        chunks = answer.aiter_bytes()
        await anext(chunks)
        await agb.post("/mcp/releaseSession", sessionId=session_id)
        with pytest.raises(httpx.RemoteProtocolError):
            await to_the_end(chunks)
    said = await agb.send("GET", url, headers={})
    assert said.code == GONE


async def test_a_caller_that_goes_takes_its_connection_along(agb: Caller, url: str) -> None:
    with contextlib.suppress(httpx.TimeoutException):
        await agb.http.get(f"{url}silent", timeout=0.2)
    assert (await agb.http.get(url)).status_code == 200


async def test_folders_as_sandboxes_forward_what_is_their_own(settings: Settings) -> None:
    portable = evolve(settings, sandbox="portable")
    async with serving(portable) as server, calling(server.endpoint) as caller:
        one, two = await caller.create(), await caller.create()
        port = free_port()
        url = await serve(caller, one, port)
        assert (await caller.http.get(url)).status_code == 200
        said = await caller.send("GET", await link(caller, two, port), headers={})
        assert (said.status, said.code) == (502, "Link.NothingListens")


async def test_using_a_link_is_use_of_the_session(caller: Caller, clock: TurnableClock) -> None:
    session_id = await caller.create(timeout=100)
    url = await link(caller, session_id)
    for _ in range(3):
        clock.turn(60)
        assert (await caller.http.get(url)).status_code == 502
    clock.turn(100)
    said = await caller.send("GET", url, headers={})
    assert said.code == GONE


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (ConnectionRefusedError(), 502, "Link.NothingListens"),
        (TimeoutError(), 502, "Link.NoAnswer"),
        (SandboxGone("gone"), 400, GONE),
    ],
)
async def test_why_a_port_is_not_reached_is_told(
    caller: Caller, stand_ins: StandIns, trouble: Exception, status: int, code: str
) -> None:
    url = await link(caller, await caller.create())
    stand_ins.trouble_at_connect = trouble
    said = await caller.send("POST", url, headers={}, content=b"x")
    assert (said.status, said.code) == (status, code)
    assert said.headers["x-request-id"]


async def test_connections_into_a_session_are_counted(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 0)
    said = await caller.send("GET", await link(caller, await caller.create()), headers={})
    assert (said.status, said.code) == (429, "Link.Busy")
    assert said.headers["retry-after"] == "1"


async def test_a_token_is_not_in_the_log(
    caller: Caller,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = await link(caller, await caller.create())
    token = httpx.URL(url).path.split("/")[4]

    def broken(_: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(server.sessions, "touch", broken)
    caplog.set_level(logging.DEBUG)
    said = await caller.send("GET", url, headers={})
    assert (said.status, said.code) == (500, "InternalError")
    assert "broke" in caplog.text
    assert token not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("agb"))
