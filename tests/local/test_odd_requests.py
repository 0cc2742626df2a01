"""Whatever is asked of a server, it answers and goes on; nothing that comes is a bug of its own."""

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from attrs import define
from conformance.strategies import of
from hypothesis import event, given
from hypothesis import strategies as st
from support import odd
from support.local import CHOICE
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Opcode
from websockets.sync.client import connect

from agb._wire.codec import dump
from agb._wire.endpoints import CREATE_SESSION, ENDPOINTS, Endpoint, write_request
from agb._wire.tools import TOOLS, Tool

PORT = 30142
SERVER = f"""
import http.server, threading
server = http.server.HTTPServer(("127.0.0.1", {PORT}), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
"""


@define
class Target:
    """A server, and the ways into a session of it."""

    http: httpx.Client
    address: tuple[str, int]
    key: str
    session_id: str
    link: str
    stream: str
    token: str
    page: str
    port: str
    upload: str
    download: str
    log: Path

    context_id: str
    made: set[str]
    """The sessions that were made."""

    @property
    def known(self) -> Mapping[str, str]:
        """What fields must hold so that a request comes further."""
        return {
            "sessionId": self.session_id,
            "imageId": "agb-code-space-1",
            "contextId": self.context_id,
            "id": self.context_id,
            "language": "python",
            "path": "/tmp/x",
            "name": "read_file",
            "args": '{"path": "/tmp/x"}',
            "labels": '{"a": "b"}',
            "Labels": '{"a": "b"}',
        }

    def api(self, method: str, path: str, query: dict[str, str], **body: Any) -> Any:
        response = self.http.request(method, path, params=query, json=body)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def is_well(self) -> bool:
        """Whether it goes on, has only sessions that it has told of, and reports no bug."""
        assert self.api("GET", "/health", {})["status"] == "ok"
        for line in self.api("GET", "/sdk/ListSession", {"maxResults": "100"}):
            assert line["sessionId"] in self.made
        told = self.log.read_text()
        assert " ERROR " not in told, told[-5000:]
        assert "Traceback" not in told, told[-5000:]
        return True


def target_of(endpoint: str, key: str, http: httpx.Client, log: Path) -> Target:
    headers = {"Authorization": f"Bearer {key}"}
    http.headers.update(headers)

    def call(method: str, path: str, query: dict[str, str], **body: Any) -> Any:
        return http.request(method, path, params=query, json=body).json()["data"]

    made = call("POST", "/mcp/createSession", {"imageId": "agb-browser-use-1"}, timeout=3000)
    session_id = made["sessionId"]
    args = json.dumps({"code": SERVER, "language": "python"})
    call("POST", "/mcp", {}, sessionId=session_id, name="run_code", args=args)
    port = call("GET", "/internet/getLink", {"sessionId": session_id, "port": str(PORT)})
    assert http.get(port["url"]).status_code == 200
    other = call("GET", "/sdk/GetContext", {"name": "d", "allowCreate": "true"})
    context = call("GET", "/sdk/GetContext", {"name": "c", "allowCreate": "true"})
    file = {"contextId": context["id"], "filePath": "/f"}
    upload = call("POST", "/sdk/GetContextFileUploadUrl", file)["url"]
    assert http.put(upload, content=b"content").status_code == 200
    address = urlsplit(endpoint)
    assert address.hostname
    assert address.port
    return Target(
        http=http,
        address=(address.hostname, address.port),
        key=key,
        session_id=session_id,
        link=made["linkUrl"],
        stream=made["wsUrl"],
        token=made["token"],
        page=made["resourceUrl"],
        port=port["url"],
        upload=upload,
        download=call("POST", "/sdk/GetContextFileDownloadUrl", file)["url"],
        log=log,
        context_id=other["id"],
        made={session_id},
    )


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("agb")
    log, key = folder / "log", secrets.token_hex()
    options = ("--port", "0", "--data-dir", folder, "--sandbox", CHOICE, "--max-upload", "1000000")
    lasting = ("--max-lifetime", "0", "--idle-timeout", "9000")
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "agb.local", "--embedded", *options, *lasting],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "AGB_API_KEY": key},
        ) as server,
    ):
        assert server.stdout
        endpoint = json.loads(server.stdout.readline())["endpoint"]
        with httpx.Client(base_url=endpoint, trust_env=False, timeout=60) as http:
            yield target_of(endpoint, key, http, log)


def is_answer(response: httpx.Response) -> bool:
    """Whether an answer is one that this server gives to what is wrong or right, but not a bug."""
    assert response.status_code < 500 or response.status_code in {502, 507}, response.text
    envelope = response.json()
    assert envelope["requestId"]
    if response.status_code != 200:
        assert envelope["success"] is False
        assert envelope["code"]
        assert envelope["message"]
        assert envelope["httpStatusCode"] == response.status_code
    return True


METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"])
HEADER = st.sampled_from(
    [
        ("content-type", "text/xml"),
        ("content-encoding", "gzip"),
        ("content-encoding", "identity"),
        ("expect", "100-continue"),
        ("expect", "200-ok"),
        ("range", "bytes=5-2"),
        ("range", "bytes=" + "9" * 5000 + "-"),
        ("range", "bytes=-3"),
        ("if-range", '"x"'),
        ("content-md5", "x"),
        ("x-access-token", "ä"),
        ("host", "["),
        ("host", "a b"),
        ("host", "é"),
        ("host", ""),
        ("host", "x:99999999"),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("connection", "close"),
        ("authorization", "Bearer"),
        ("x-forwarded-proto", "gopher"),
        ("cookie", "a=b;;=" + "x" * 9000),
        ("accept", "text/html"),
    ]
)
HEADERS = st.lists(HEADER, max_size=3).map(dict)


def named(value: Any, known: Mapping[str, str]) -> Any:
    """The same, with fields filled so that a server takes them."""
    if not isinstance(value, dict):
        return value
    return {key: known.get(key, named(each, known)) for key, each in value.items()}


def mostly(value: Any) -> st.SearchStrategy[Any]:
    return st.one_of([st.just(value)] * 5)


def as_query(value: Any) -> bytes:
    """A query of what may be no object, and hold what is no text."""
    pairs = value if isinstance(value, dict) else {"sessionId": value}
    written = {
        key: each if isinstance(each, str) else json.dumps(each) for key, each in pairs.items()
    }
    return urlencode(written, errors="surrogatepass").encode()


def call(
    target: Target, endpoint: Endpoint[Any, Any], data: st.DataObject
) -> httpx.Response | None:
    """Send a request that was right, until a few things were changed in it."""
    message = data.draw(of(endpoint.request))
    outgoing = write_request(endpoint, message)
    body: Any = data.draw(odd.mutated(st.just(named(outgoing.body or {}, target.known))))
    query = data.draw(odd.mutated(st.just(named(dict(outgoing.query), target.known))))
    content = data.draw(mostly(odd.dumped(body)) | odd.BYTES)
    url = target.http.base_url.copy_with(path=endpoint.path, query=as_query(query))
    method = data.draw(mostly(endpoint.method) | METHODS)
    return send(target, method, url, data.draw(st.just({}) | HEADERS), content)


def send(
    target: Target, method: str, url: str | httpx.URL, headers: dict[str, str], content: bytes
) -> httpx.Response | None:
    """Send a request; None for one that httpx itself does not send."""
    written = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    try:
        return target.http.request(method, url, headers=written, content=content)
    except httpx.LocalProtocolError:
        return None


@given(data=st.data())
def test_any_request_to_the_api_is_answered(target: Target, data: st.DataObject) -> None:
    endpoint = data.draw(st.sampled_from([e for e in ENDPOINTS if "release" not in e.path]))
    response = call(target, endpoint, data)
    if response is not None and response.request.method != "HEAD":
        event(f"{response.status_code} {response.json()['code']}")
        assert is_answer(response)
        if endpoint is CREATE_SESSION and response.status_code == 200:
            target.made.add(response.json()["data"]["sessionId"])


def arguments(data: st.DataObject, tool: Tool, target: Target) -> Any:
    """Arguments that were right, until a few things were changed in them."""
    right = of(tool.arguments).map(lambda message: named(dump(message), target.known))
    args = data.draw(odd.mutated(right))
    if isinstance(args, dict):
        args.pop("timeout_ms", None)  # what is run ends in time
        if tool.name == "run_code":
            args["code"] = "1"
    return args


@odd.some(0.5)
@given(data=st.data())
def test_any_call_of_a_tool_is_answered(target: Target, data: st.DataObject) -> None:
    tool = data.draw(st.sampled_from([tool for tool in TOOLS if tool.name != "shell"]))
    args = arguments(data, tool, target)
    event(tool.name)
    body = {"sessionId": target.session_id, "name": tool.name, "args": json.dumps(args)}
    answer = target.http.post("/mcp", content=odd.dumped(body))
    event(f"{answer.status_code} {answer.json()['code']}")
    assert is_answer(answer)
    linked = {
        "tool": tool.name,
        "server": tool.server,
        "args": args,
        "requestId": "r",
        "token": target.token,
    }
    content = data.draw(odd.mutated(st.just(linked)).map(odd.dumped) | odd.BYTES)
    headers = data.draw(HEADERS | st.just({"X-Access-Token": target.token}))
    response = send(target, "POST", f"{target.link}/callTool", headers, content)
    assert response is None or is_answer(response)


PATHS = st.lists(
    st.sampled_from(
        [
            "link",
            "stream",
            "resource",
            "port",
            "objects",
            "mcp",
            "sdk",
            "health",
            "callTool",
            "..",
            ".",
        ]
    )
    | st.sampled_from(["", "30100", "٣٠١٠٠", "9" * 5000, "%00", "%ff", "%2f", "a%20b", "x" * 5000])
    | st.from_regex(r"[!-~]{0,20}", fullmatch=True),
    max_size=6,
).map("/".join)


@given(data=st.data())
def test_any_request_to_a_link_is_answered(target: Target, data: st.DataObject) -> None:
    url = data.draw(
        st.sampled_from([target.page, target.port, target.upload, target.download, target.link])
    )
    path = urlsplit(url)._replace(scheme="", netloc="").geturl()
    cut = data.draw(st.integers(0, len(path)) | st.just(len(path)))
    response = raw(
        target,
        data.draw(METHODS),
        path[:cut] + data.draw(st.just("") | PATHS),
        data.draw(HEADERS),
        data.draw(odd.BYTES),
    )
    assert response.startswith(b"HTTP/1.1 ")
    assert not response.startswith((b"HTTP/1.1 500", b"HTTP/1.1 503"))


@given(data=st.data(), path=PATHS, headers=HEADERS, content=odd.BYTES)
def test_any_path_is_answered(
    target: Target, data: st.DataObject, path: str, headers: dict[str, str], content: bytes
) -> None:
    response = raw(target, data.draw(METHODS), "/" + path, headers, content)
    assert response.startswith(b"HTTP/1.1 ")
    assert not response.startswith(b"HTTP/1.1 5")


def raw(target: Target, method: str, path: str, headers: dict[str, str], content: bytes) -> bytes:
    """Send a request as it is, and give the beginning of the answer."""
    told = {
        "host": "x",
        "authorization": f"Bearer {target.key}",
        "content-length": str(len(content)),
        **headers,
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    return exchanged(target, head + content)


def exchanged(target: Target, sent: bytes, *, end: bool = False) -> bytes:
    """Send something as it is, perhaps to its end, and give the beginning of the answer."""
    with socket.create_connection(target.address, timeout=60) as connection:
        with suppress(ConnectionError):
            connection.sendall(sent)
            if end:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            return connection.recv(65536)
        return b""


GOOD = b"POST /mcp/getSession HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
LINES = st.lists(
    st.sampled_from(
        [
            b"GET / HTTP/1.1",
            b"POST /mcp HTTP/1.0",
            b"GET * HTTP/1.1",
            b"CONNECT x:1 HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"host: x",
            b"host: y",
            b"content-length: 5",
            b"content-length: -1",
            b"transfer-encoding: chunked",
            b"connection: upgrade",
            b"upgrade: websocket",
            b"sec-websocket-key: x",
            b"sec-websocket-version: 13",
            b" folded",
            b"",
            b"",
            b"5",
            b"hello",
            b"0",
            b"ffffffffffffffffffffff",
            b"\x16\x03\x01\x02\x00\x01\x00",
        ]
    )
    | st.binary(max_size=30),
    max_size=12,
).map(b"\r\n".join)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A good request, cut and changed."""
    start, stop = sorted(draw(st.tuples(*[st.integers(0, len(GOOD))] * 2)))
    return GOOD[:start] + draw(st.binary(max_size=8)) + GOOD[stop:]


@given(sent=LINES | broken() | st.lists(broken(), max_size=4).map(b"".join) | st.binary())
def test_whatever_is_sent_instead_of_http_is_refused(target: Target, sent: bytes) -> None:
    answer = exchanged(target, sent, end=True)
    assert not answer or answer.startswith(b"HTTP/1.1 ")
    assert not answer.startswith(b"HTTP/1.1 500")


FRAMES = odd.mutated(
    st.fixed_dictionaries(
        {
            "invocationId": st.sampled_from(["a", "b"]),
            "source": st.just("SDK"),
            "target": st.just("wuying_codespace"),
            "data": st.fixed_dictionaries(
                {
                    "method": st.just("run_code"),
                    "mode": st.just("stream"),
                    "params": st.fixed_dictionaries(
                        {
                            "language": st.sampled_from(["python", "cobol"]),
                            "timeoutS": st.sampled_from([1, 10**400, 2**63]),
                            "code": st.just("1"),
                        }
                    ),
                },
                optional={"phase": st.just("cancel")},
            ),
        }
    )
).map(json.dumps)


def framed(first: int, data: bytes) -> bytes:
    """A frame, sound or not; its first byte says whether it is the last one, and its kind."""
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + size.to_bytes(8, "big")
    return bytes([first]) + length + bytes(4) + data


LAST = 0x80
FIRST_BYTES = st.sampled_from([LAST | kind for kind in Opcode] * 3) | st.integers(0, 255)
BARE = st.builds(framed, FIRST_BYTES, FRAMES.map(odd.sent) | odd.BYTES) | st.binary(max_size=20)


@odd.some(0.5)
@given(frames=st.lists(BARE, max_size=6), token=st.just(True) | st.booleans())
def test_whatever_is_sent_on_a_stream_the_server_goes_on(
    target: Target, frames: list[bytes], token: bool
) -> None:
    headers = {"X-Access-Token": target.token if token else "x"}
    with (
        suppress(InvalidHandshake, ConnectionClosed, OSError),
        connect(target.stream, additional_headers=headers, proxy=None, close_timeout=1) as stream,
    ):
        for frame in frames:
            stream.socket.sendall(frame)
        stream.socket.shutdown(socket.SHUT_WR)
        for _ in stream:
            pass


def test_after_all_that_the_server_is_well(target: Target) -> None:
    assert target.is_well()
    with connect(
        target.stream, additional_headers={"X-Access-Token": target.token}, proxy=None
    ) as stream:
        assert stream.ping().wait(60)
