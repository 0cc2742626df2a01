"""The HTTP face: routes, keys, request ids, bodies, refusals, bugs, the direct link, the page."""

import asyncio
import json
import logging
import socket
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from attrs import evolve

from agb._wire.endpoints import ENDPOINTS, LIST_CONTEXTS, LIST_SESSIONS
from agb.local.bodies import LONGEST
from agb.local.handlers import HANDLERS
from agb.local.sandbox import OperationError
from agb.local.server import Server
from agb.local.settings import Settings
from local.stand_ins import (
    CODE,
    GONE,
    KEY,
    LINKED,
    Caller,
    StandIns,
    TurnableClock,
    calling,
    serving,
)

API = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS] + [("GET", "/mcp/getLink")]
ASKING_FOR_NOTHING = [("GET", LIST_SESSIONS.path), ("GET", LIST_CONTEXTS.path)]


def test_every_endpoint_of_the_contract_has_a_handler() -> None:
    assert set(HANDLERS) == set(ENDPOINTS)


@pytest.mark.parametrize(("method", "path"), API)
async def test_without_the_key_nothing_is_done(caller: Caller, method: str, path: str) -> None:
    for shown in ("", KEY, "Bearer", "Bearer wrong", f"Bearer {KEY}x", f"Basic {KEY}", "Bearer ü"):
        headers = {"Authorization": shown.encode()}
        said = await caller.send(method, path, headers=headers, params={"imageId": CODE})
        assert (said.status, said.code) == (401, "InvalidApiKey")
        assert said.body["success"] is False
        assert said.body["requestId"]
        assert "data" not in said.body
        assert KEY not in json.dumps(said.body)
    assert (await caller.send(method, path, headers={})).status == 401


@pytest.mark.parametrize(("method", "path"), sorted(set(API) - set(ASKING_FOR_NOTHING)))
async def test_every_answer_is_an_envelope_with_a_request_id(
    caller: Caller, method: str, path: str
) -> None:
    said = await caller.send(method, path)
    assert said.headers["content-type"] == "application/json"
    assert said.body["requestId"] == said.headers["x-request-id"]
    assert said.body["httpStatusCode"] == said.status == 400
    assert said.code == "InvalidParameter"
    assert "is missing" in said.message


@pytest.mark.parametrize(("method", "path"), ASKING_FOR_NOTHING)
async def test_listings_need_nothing_at_all(caller: Caller, method: str, path: str) -> None:
    said = await caller.send(method, path)
    assert said.body["requestId"] == said.headers["x-request-id"]
    assert said.body["httpStatusCode"] == said.status == 200
    assert said.body["data"] == []


async def test_no_two_requests_have_the_same_id(caller: Caller) -> None:
    ids = {(await caller.get("/sdk/ListSession", labels="{}")).body["requestId"] for _ in range(5)}
    assert len(ids) == 5


async def test_the_scheme_of_the_key_is_read_in_any_letter_case(caller: Caller) -> None:
    said = await caller.send(
        "GET",
        "/sdk/ListSession",
        params={"labels": "{}"},
        headers={"authorization": f"bearer  {KEY}"},
    )
    assert said.status == 200


@pytest.mark.parametrize(
    "path", ["/", "/mcp/", "/mcp/nothing", "/sdk", "/link/x", "/link//callTool"]
)
async def test_an_unknown_path_is_not_found(caller: Caller, path: str) -> None:
    said = await caller.post(path)
    assert (said.status, said.code) == (404, "NotFound")
    assert said.body["requestId"] == said.headers["x-request-id"]


async def test_another_method_is_not_allowed(caller: Caller) -> None:
    said = await caller.get("/mcp/createSession")
    assert (said.status, said.code) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("body", [b"", b"  ", b"{}"])
async def test_a_body_may_be_empty(caller: Caller, body: bytes) -> None:
    session_id = await caller.create()
    said = await caller.send(
        "POST", "/mcp/refreshSessionIdleTime", params={"sessionId": session_id}, content=body
    )
    assert said.status == 200


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b"7", b"null", b"\xff\xfe{}", b"[" * 100_000]
)
async def test_a_body_that_is_no_json_object_is_refused(caller: Caller, body: bytes) -> None:
    said = await caller.send("POST", "/mcp/getSession", content=body)
    assert (said.status, said.code) == (400, "InvalidParameter")


async def test_arguments_nested_without_end_are_refused(caller: Caller) -> None:
    session_id = await caller.create()
    args = '{"command":' + "[" * 100_000 + "]" * 100_000 + "}"
    said = await caller.post("/mcp", sessionId=session_id, name="shell", args=args)
    assert (said.status, said.code) == (400, "InvalidParameter")
    args = '{"command":' + "[" * 900 + "]" * 900 + "}"
    said = await caller.post("/mcp", sessionId=session_id, name="shell", args=args)
    assert (said.status, said.code) == (400, "InvalidParameter")


async def test_a_body_of_the_wrong_type_is_refused_by_the_name_of_the_field(
    caller: Caller,
) -> None:
    said = await caller.post("/mcp/getSession", sessionId=7)
    assert said.code == "InvalidParameter"
    assert "sessionId" in said.message
    said = await caller.post("/mcp", sessionId="s", name="shell")
    assert said.code == "InvalidParameter"
    assert "args" in said.message


@pytest.mark.parametrize("with_length", [True, False])
async def test_a_body_that_is_too_large_is_refused(caller: Caller, with_length: bool) -> None:
    async def pieces() -> object:
        for _ in range(65):
            yield b" " * 1024 * 1024

    assert LONGEST == 64 * 1024 * 1024
    content = b" " * (LONGEST + 1) if with_length else pieces()
    said = await caller.send("POST", "/mcp/getSession", content=content)
    assert (said.status, said.code) == (413, "RequestTooLarge")
    assert (await caller.get("/sdk/ListSession", labels="{}")).status == 200


async def test_a_large_body_is_taken(caller: Caller, stand_ins: StandIns) -> None:
    taken: list[int] = []
    stand_ins.answer = lambda _, **p: taken.append(len(p["content"]))
    session_id = await caller.create()
    said = await caller.tool(session_id, "write_file", path="/x", content="ä" * 8_000_000)
    assert said.status == 200
    assert taken == [8_000_000]


async def test_a_request_line_of_some_hundred_kilobytes_is_taken(
    server: Server, caller: Caller
) -> None:
    session_id = await caller.create()
    labels = quote(json.dumps({"large": "x" * 700_000}))
    address = urlsplit(server.endpoint)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    target = f"/sdk/SetLabel?sessionId={session_id}&Labels={labels}"
    headers = f"Host: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close"
    writer.write(f"POST {target} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    said = await caller.get("/sdk/GetLabel", sessionId=session_id)
    assert len(said.data["labels"]) > 700_000


async def test_what_is_no_http_is_refused_and_the_server_goes_on(
    server: Server, caller: Caller
) -> None:
    address = urlsplit(server.endpoint)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"\x16\x03\x01 no http\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    assert (await caller.get("/sdk/ListSession", labels="{}")).status == 200


async def test_a_caller_that_leaves_in_the_middle_of_a_body_is_no_bug(
    server: Server, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    address = urlsplit(server.endpoint)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = f"POST /mcp/getSession HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        assert (await caller.get("/sdk/ListSession", labels="{}")).status == 200
    assert (await caller.get("/sdk/ListSession", labels="{}")).status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_bug_is_logged_and_its_text_kept_from_the_caller(
    caller: Caller, stand_ins: StandIns, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_: str, **__: object) -> None:
        raise ZeroDivisionError("the inner secret")

    stand_ins.answer = break_down
    said = await caller.tool(await caller.create(), "shell", command="true")
    assert (said.status, said.code) == (500, "InternalError")
    assert "secret" not in said.message
    assert "data" not in said.body
    assert "the inner secret" in caplog.text
    assert said.body["requestId"] in caplog.text


async def test_a_bug_inside_the_sandbox_is_logged_here(
    caller: Caller, stand_ins: StandIns, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_: str, **__: object) -> None:
        raise OperationError("Internal", "KeyError", {"traceback": "line 7 of agent"})

    stand_ins.answer = break_down
    said = await caller.tool(await caller.create(), "shell", command="true")
    assert said.is_error
    assert said.code == "Internal"
    assert "line 7 of agent" in caplog.text


async def test_links_lead_to_where_the_caller_reached_the_server(caller: Caller) -> None:
    headers = {**caller.headers, "Host": "agb.example:8080"}
    said = await caller.send(
        "POST", "/mcp/createSession", params={"imageId": LINKED}, headers=headers
    )
    assert said.data["linkUrl"].startswith("http://agb.example:8080/link/")
    assert said.data["resourceUrl"].startswith("http://agb.example:8080/resource?")


@pytest.mark.parametrize("host", ["[", "a b", "x:y", "<script>", ""])
async def test_a_strange_host_header_is_no_bug(caller: Caller, host: str) -> None:
    headers = {**caller.headers, "Host": host}
    params = {"imageId": LINKED}
    said = await caller.send("POST", "/mcp/createSession", params=params, headers=headers)
    assert said.status in {200, 400}
    assert (await caller.send("POST", "/nowhere", headers=headers)).status in {400, 404}


async def test_names_that_unicode_does_not_know_travel(caller: Caller, stand_ins: StandIns) -> None:
    stand_ins.answer = lambda *_, **__: ["/tmp/\udcff"]
    said = await caller.tool(await caller.create(), "search_files", path="/", pattern="*")
    assert said.text == "/tmp/\udcff"


async def linked(caller: Caller) -> tuple[str, str, str]:
    """A session with a link: its id, its link, its token."""
    data = (await caller.post("/mcp/createSession", {"imageId": LINKED})).data
    return data["sessionId"], data["linkUrl"] + "/callTool", data["token"]


def link_body(token: str, tool: str = "read_file", **args: object) -> dict[str, object]:
    return {
        "args": args,
        "server": "wuying_filesystem",
        "requestId": "link-1-000000001",
        "tool": tool,
        "token": token,
    }


async def test_the_link_gives_the_same_text_as_the_api(caller: Caller) -> None:
    session_id, url, token = await linked(caller)
    api = await caller.tool(session_id, "read_file", path="/tmp/x")
    body = link_body(token, path="/tmp/x")
    for headers in ({"X-Access-Token": token}, {}):
        link = await caller.send("POST", url, headers=headers, json=body)
        assert link.status == 200
        assert json.loads(link.data)["result"] == api.data
        assert link.code == ""
        assert link.body["requestId"]


async def test_a_tool_that_fails_over_the_link_has_the_same_code(
    caller: Caller, stand_ins: StandIns
) -> None:
    def fail(_: str, **__: object) -> None:
        raise OperationError("File.NotFound", "/tmp/x: no such file")

    stand_ins.answer = fail
    session_id, url, token = await linked(caller)
    api = await caller.tool(session_id, "read_file", path="/tmp/x")
    link = await caller.send("POST", url, headers={}, json=link_body(token, path="/tmp/x"))
    assert json.loads(link.data)["result"] == api.data
    assert api.is_error
    assert link.code == api.code == "File.NotFound"


async def test_the_link_opens_only_for_its_own_token(caller: Caller) -> None:
    _, url, token = await linked(caller)
    _, _, other = await linked(caller)
    wrong = [
        ({"X-Access-Token": "wrong"}, token),
        ({"X-Access-Token": ""}, token),
        ({"X-Access-Token": other}, token),
        ({}, "wrong"),
        ({}, ""),
        ({}, other),
        ({"Authorization": f"Bearer {KEY}"}, KEY),
    ]
    for headers, in_body in wrong:
        body = link_body(in_body, path="/tmp/x")
        said = await caller.send("POST", url, headers=headers, json=body)
        assert (said.status, said.code) == (401, "InvalidAccessToken")


async def test_the_link_of_a_released_session_leads_nowhere(caller: Caller) -> None:
    session_id, url, token = await linked(caller)
    await caller.post("/mcp/releaseSession", sessionId=session_id)
    said = await caller.send("POST", url, headers={}, json=link_body(token, path="/tmp/x"))
    assert (said.status, said.code) == (400, GONE)


async def test_the_link_refuses_what_the_api_refuses(caller: Caller) -> None:
    _, url, token = await linked(caller)
    cases = [
        (link_body(token, "no_tool"), "InvalidTool.NotFound"),
        (link_body(token, path=7), "InvalidParameter"),
        ({"token": token}, "InvalidParameter"),
    ]
    for body, code in cases:
        said = await caller.send("POST", url, headers={}, json=body)
        assert (said.status, said.code) == (400, code)


async def test_a_link_without_a_port_is_the_page(caller: Caller) -> None:
    session_id = await caller.create(labels='{"a":"<b>"}')
    for path in ("/internet/getLink", "/mcp/getLink"):
        for protocol in ({}, {"protocolType": "https"}, {"protocolType": "wss"}):
            said = await caller.get(path, sessionId=session_id, **protocol)
            assert said.status == 200
            assert (await caller.http.get(said.data["url"])).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"port": "30099"}, "InvalidParameter"),
        ({"port": "30200"}, "InvalidParameter"),
        ({"port": "0"}, "InvalidParameter"),
        ({"port": "x"}, "InvalidParameter"),
        ({"protocolType": "gopher"}, "InvalidParameter"),
    ],
)
async def test_ports_outside_of_the_forwarded_ones_are_refused(
    caller: Caller, query: dict[str, str], code: str
) -> None:
    said = await caller.get("/internet/getLink", sessionId=await caller.create(), **query)
    assert (said.status, said.code) == (400, code)


async def test_the_page_tells_facts_to_people_and_to_programs(
    caller: Caller, clock: TurnableClock
) -> None:
    session_id = await caller.create(labels='{"team":"<b>data</b>"}')
    url = (await caller.post("/mcp/getMcpResource", sessionId=session_id)).data["resourceUrl"]
    clock.turn(7)
    page = await caller.http.get(url, headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    for fact in (session_id, CODE, "&lt;b&gt;data", "7.0 s", "isolates &lt;nothing&gt;"):
        assert fact in page.text
    assert "<b>" not in page.text
    facts = (await caller.http.get(url)).json()["data"]
    assert facts["sessionId"] == session_id
    assert facts["labels"] == {"team": "<b>data</b>"}
    assert facts["idleSeconds"] == facts["ageSeconds"] == 7.0
    assert facts["processes"] == []


async def test_looking_at_the_page_does_not_keep_a_session_alive(
    caller: Caller, clock: TurnableClock
) -> None:
    session_id = await caller.create(timeout=60)
    url = (await caller.post("/mcp/getMcpResource", sessionId=session_id)).data["resourceUrl"]
    clock.turn(59)
    assert (await caller.http.get(url)).status_code == 200
    clock.turn(1)
    gone = await caller.http.get(url)
    assert (gone.status_code, gone.json()["code"]) == (400, GONE)


async def test_the_page_opens_only_with_its_own_token(caller: Caller) -> None:
    data = (await caller.post("/mcp/createSession", {"imageId": CODE})).data
    other = (await caller.post("/mcp/createSession", {"imageId": CODE})).data
    query = dict(parse_qsl(urlsplit(data["resourceUrl"]).query))
    assert query["resourceId"] == data["resourceId"]
    for wrong in ({"token": ""}, {"token": "x"}, {"resourceId": other["resourceId"]}):
        said = await caller.get("/resource", **{**query, **wrong})
        assert (said.status, said.code) == (401, "InvalidAccessToken")
    assert (await caller.send("GET", "/resource", headers={})).status == 401
    assert (await caller.send("GET", "/resource", headers={}, params=query)).status == 200


async def test_the_page_opens_for_half_an_hour(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert stand_ins.opened == []
    lasting = evolve(settings, idle_timeout=9000, max_lifetime=0)
    async with serving(lasting, clock) as server, calling(server.endpoint) as caller:
        url = (await caller.post("/mcp/createSession", {"imageId": CODE})).data["resourceUrl"]
        clock.turn(1799)
        assert (await caller.http.get(url)).status_code == 200
        clock.turn(1)
        assert (await caller.http.get(url)).json()["code"] == "InvalidAccessToken"


async def test_small_answers_are_sent_without_delay(
    server: Server, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: list[socket.socket] = []
    accept = socket.socket.accept

    def remember(listener: socket.socket) -> tuple[socket.socket, object]:
        connection, address = accept(listener)
        accepted.append(connection)
        return connection, address

    monkeypatch.setattr(socket.socket, "accept", remember)
    assert (await caller.http.get(server.endpoint)).status_code == 404
    assert accepted[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
