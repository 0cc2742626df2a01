"""A server that speaks the AGB's wire and answers from prebuilt bytes.

`python stub.py DELAY... [--tls CERTIFICATE KEY]` serves every delay (in milliseconds, between a
request and its answer) on a port of its own, over http and, with a certificate, over https. It
prints one line of JSON, `{"http": {delay: port}, "https": ...}`, and ends with its standard input.

`GET /stub/counts` tells, since it was asked last, how many connections were opened, how many
requests came, and how many of those were under way at one time. What is asked for by image:

| image | session |
| --- | --- |
| `linked` | its tools are called over a link of its own |
| `lingers` | after its release it is there for 300 ms more |
"""

import argparse
import asyncio
import json
import re
import ssl
import sys
import time
from typing import Any
from urllib.parse import urlsplit

MEGABYTE = 1024 * 1024
LARGEST_FILE = 50 * MEGABYTE
"""Bytes; every session has files called `/tmp/N` of N megabytes."""
LINGERS = 0.3
"""Seconds that a session of the image `lingers` is still there after its release."""

_LINE = ("0123456789" * 10)[:63] + "\n"
_TEXT = _LINE * (LARGEST_FILE // len(_LINE))
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_GIVEN = {"requestId": "r-1", "success": True, "code": "OK", "message": "", "httpStatusCode": 200}
_TOOLS = [
    {"name": "shell", "server": "wuying_shell"},
    *({"name": name, "server": "wuying_filesystem"} for name in ("read_file", "write_file")),
    {"name": "get_file_info", "server": "wuying_filesystem"},
]
_DONE = json.dumps({"stdout": "", "stderr": "", "exit_code": 0, "traceId": ""})
_INFO = "size: {}\nmodTime: 2026-01-01T00:00:00\nisDirectory: false\nname: file"


def answer(content: object, status: int = 200) -> bytes:
    """Return an answer as it travels."""
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def said(text: str) -> dict[str, Any]:
    """Return what a tool answers with."""
    return {"content": [{"type": "text", "text": text}], "isError": False}


def over_link(text: str) -> bytes:
    """Return what a tool answers with over a link."""
    return answer({"success": True, "code": "", "data": json.dumps({"result": said(text)})})


_SHELL = answer({**_GIVEN, "data": said(_DONE)})
_SHELL_OVER_LINK = over_link(_DONE)
_RELEASED = answer({**_GIVEN, "data": {}})
_THERE = answer({**_GIVEN, "data": {"sessionId": "s", "status": "DELETING"}})
_GONE = answer(
    {**_GIVEN, "success": False, "code": "InvalidMcpSession.NotFound", "message": "not found"}, 400
)
_UNKNOWN = answer({**_GIVEN, "success": False, "code": "NotFound", "message": "no such path"}, 404)


class Counts:
    """What came since it was asked last."""

    def __init__(self) -> None:
        self.connections = self.requests = self.under_way = self.most = 0

    def come(self) -> None:
        """Count a request."""
        self.requests += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)

    def take(self) -> bytes:
        """Tell, and begin anew."""
        told = answer(
            {"connections": self.connections, "requests": self.requests, "at_once": self.most}
        )
        self.connections = self.requests = self.most = 0
        return told


class Sessions:
    """Answers each request."""

    def __init__(self) -> None:
        self._made = 0
        self._released: dict[str, float] = {}

    def answer(self, base: str, path: str, body: bytes) -> bytes:
        """Return the answer for a request."""
        bare, _, query = path.partition("?")
        if bare in {"/mcp", "/link/callTool"}:
            return self._tool(bare, body)
        if bare == "/mcp/createSession":
            return self._created(base, query)
        if bare == "/mcp/releaseSessionAsync":
            self._released[json.loads(body)["sessionId"]] = time.monotonic()
            return _RELEASED
        if bare == "/mcp/getSessionInfo":
            return self._status(json.loads(body)["sessionId"])
        return _UNKNOWN

    def _tool(self, path: str, body: bytes) -> bytes:
        linked = path != "/mcp"
        if b'"shell"' in body:
            return _SHELL_OVER_LINK if linked else _SHELL
        call = json.loads(body)
        name, args = call.get("name") or call["tool"], call["args"]
        args = json.loads(args) if isinstance(args, str) else args
        text = "done"
        if name == "get_file_info":
            text = _INFO.format(_size(args))
        elif name == "read_file":
            start = args.get("offset") or 0
            text = _TEXT[start : min(_size(args), start + (args.get("length") or LARGEST_FILE))]
        return over_link(text) if linked else answer({**_GIVEN, "data": said(text)})

    def _created(self, base: str, query: str) -> bytes:
        self._made += 1
        lingers, linked = "imageId=lingers" in query, "imageId=linked" in query
        data = {
            "sessionId": f"{'lingers' if lingers else 's'}-{self._made}",
            "success": True,
            "linkUrl": f"{base}/link" if linked else "",
            "token": "token" if linked else "",
            "toolList": json.dumps(_TOOLS),
        }
        return answer({**_GIVEN, "data": data})

    def _status(self, session_id: str) -> bytes:
        lingers = LINGERS if session_id.startswith("lingers") else 0.0
        over = time.monotonic() - self._released.get(session_id, 0.0) >= lingers
        return _GONE if over else _THERE


def _size(args: dict[str, Any]) -> int:
    return int(args["path"].rpartition("/")[2]) * MEGABYTE


class Connection(asyncio.Protocol):
    """Takes requests from a connection, one after the other."""

    def __init__(self, sessions: Sessions, counts: Counts, base: str, delay: float) -> None:
        self._sessions, self._counts = sessions, counts
        self._base, self._delay = base, delay
        self._came = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counts.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._came += data
        while (end := self._came.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._came[:end])
            told = _LENGTH.search(head)
            whole = end + 4 + (int(told[1]) if told else 0)
            if len(self._came) < whole:
                return
            body = bytes(self._came[end + 4 : whole])
            del self._came[:whole]
            self._serve(head.split(b" ", 2)[1].decode(), body)

    def _serve(self, path: str, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        if path == "/stub/counts":
            # This connection and this request are not of the client that is measured.
            self._counts.connections -= 1
            self._send(self._counts.take(), of_client=False)
            return
        self._counts.come()
        ready = self._sessions.answer(self._base, path, body)
        if self._delay:
            loop.call_later(self._delay, self._send, ready)
        else:
            self._send(ready)

    def _send(self, ready: bytes, *, of_client: bool = True) -> None:
        self._counts.under_way -= of_client
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(ready)


async def serve(delays: list[int], tls: list[str] | None) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    sessions, counts = Sessions(), Counts()
    ports: dict[str, dict[int, int]] = {}
    for scheme in ("http", "https") if tls else ("http",):
        context = None
        if scheme == "https" and tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        for delay in delays:
            port = await _listen(sessions, counts, scheme, delay, context)
            ports.setdefault(scheme, {})[delay] = port
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


async def _listen(
    sessions: Sessions, counts: Counts, scheme: str, delay: int, context: ssl.SSLContext | None
) -> int:
    where = ["http://127.0.0.1"]
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(sessions, counts, where[0], delay / 1000),
        "127.0.0.1",
        0,
        ssl=context,
        backlog=2048,
    )
    port = server.sockets[0].getsockname()[1]
    where[0] = urlsplit(f"{scheme}://127.0.0.1:{port}").geturl()
    return int(port)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("delays", type=int, nargs="+")
    parser.add_argument("--tls", nargs=2)
    given = parser.parse_args()
    asyncio.run(serve(given.delays, given.tls))
