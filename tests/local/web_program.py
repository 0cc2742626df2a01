"""A web server for a session, which answers in all the ways that a link must pass on."""

import hashlib
import json
import select
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLOCK = bytes(range(256)) * 256


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answers: dict[str, Callable[[], object]] = {
            "/": self.say_request,
            "/large": self.say_much,
            "/unmeasured": self.say_without_length,
            "/moved": self.say_elsewhere,
            "/cookies": self.say_cookies,
            "/endless": self.say_without_end,
            "/broken": self.say_half,
            "/nonsense": lambda: self.wfile.write(b"this is no answer\r\n\r\n"),
            "/silent": threading.Event().wait,
        }
        answers.get(self.path.partition("?")[0], self.say_request)()

    do_HEAD = do_DELETE = do_GET  # noqa: N815 - the inherited names

    def do_POST(self) -> None:
        digest = hashlib.sha256()
        size = 0
        for chunk in self.chunks():
            digest.update(chunk)
            size += len(chunk)
        self.say(json.dumps({"size": size, "sha256": digest.hexdigest()}).encode())

    def do_PUT(self) -> None:
        """Answer while the question is still being asked."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in self.chunks():
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def do_PATCH(self) -> None:
        """Refuse what is too long without reading it, and wait for the caller to hang up."""
        self.close_connection = True
        self.say(b"too long", status=413)
        waiting = select.poll()
        waiting.register(self.connection, 0)
        waiting.poll()

    def chunks(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("Content-Length", "0"))
            while left and (chunk := self.rfile.read(min(left, 65536))):
                left -= len(chunk)
                yield chunk

    def say(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say_request(self) -> None:
        said = {"method": self.command, "target": self.path, "headers": self.headers.items()}
        self.say(json.dumps(said).encode(), Content_Type="application/json", Keep_Alive="timeout=9")

    def say_much(self) -> None:
        count = int(self.path.partition("?")[2])
        self.send_response(200)
        self.send_header("Content-Length", str(count * len(BLOCK)))
        self.end_headers()
        for _ in range(count):
            self.wfile.write(BLOCK)

    def say_without_length(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"until the end")
        self.close_connection = True

    def say_elsewhere(self) -> None:
        self.say(b"", 302, Location=self.path.partition("?")[2])

    def say_cookies(self) -> None:
        self.send_response(200)
        for cookie in ("a=1; Path=/; Domain=example.com; HttpOnly", "b=2; path=/in", "path=/x"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def say_without_end(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(BLOCK)

    def say_half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half of it")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        pass


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[2], int(sys.argv[1])), Handler).serve_forever()
