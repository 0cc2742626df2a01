"""A server for HTTP that does what a test tells it to, byte by byte if need be."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Self

PATIENCE = 30.0
GOOD = b'{"requestId": "r", "success": true, "code": "OK", "data": []}'


def answer(body: bytes = GOOD, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Peer:
    """One connection, as a script on the server's side sees it.

    Attributes:
        socket: The connection.
        number: How many connections there were before it.
        asked: How many requests have come on it.
    """

    def __init__(self, connection: socket.socket, number: int) -> None:
        self.socket = connection
        self.number = number
        self.asked = 0
        self._rest = b""

    def head(self) -> bytes:
        """Read the head of the next request; nothing when the client is gone."""
        while b"\r\n\r\n" not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._rest += data
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        self.asked += 1
        return head

    def request(self) -> bytes:
        """Read the next request, and return its head."""
        head = self.head()
        self.body(head)
        return head

    def body(self, head: bytes) -> None:
        """Read the body of a request that begins like this."""
        length = re.search(rb"content-length: (\d+)", head.lower())
        size = int(length[1]) if length else 0
        while len(self._rest) < size:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the client has gone")
            self._rest += data
        self._rest = self._rest[size:]

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def serve(self, times: int = 1_000_000) -> None:
        """Answer requests well, so many at most."""
        for _ in range(times):
            if not self.request():
                return
            self.say(answer())

    def half_close(self) -> None:
        """Say that nothing more comes, but go on listening."""
        with contextlib.suppress(OSError):  # the client may have gone
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection the hard way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_the_end(self) -> None:
        """Read on until the client is gone."""
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass


Script = Callable[[Peer], None]


class RawServer:
    """Listens on loopback; each connection follows the next script, the last one again and again.

    What goes wrong in a script is raised at the end of the block.

    Attributes:
        peers: The connections that there were.
        open: How many of them are open.
        most_open: How many there were at once, at most.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = list(scripts)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self._count = threading.Lock()
        self.peers: list[Peer] = []
        self.open = 0
        self.most_open = 0

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for peer in self.peers:
            with contextlib.suppress(OSError):  # TLS's own would make the rest unreadable
                socket.socket.shutdown(peer.socket, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()
        if self._failures and error is None:
            raise self._failures[0]

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number = len(self._threads) - 1
            script = self._scripts[min(number, len(self._scripts) - 1)]
            self._start(lambda c=connection, n=number, s=script: self._serve(c, n, s))  # type: ignore[misc]

    def _serve(self, connection: socket.socket, number: int, script: Script) -> None:
        connection.settimeout(PATIENCE)
        with connection, contextlib.suppress(ConnectionError, ssl.SSLError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            peer = Peer(connection, number)
            with self._count:
                self.peers.append(peer)
                self.open += 1
                self.most_open = max(self.most_open, self.open)
            try:
                script(peer)
            finally:
                with self._count:
                    self.open -= 1
                peer.socket.close()

    def _start(self, work: Callable[[], None]) -> None:
        def watched() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised at the end of the block
                self._failures.append(error)

        thread = threading.Thread(target=watched, daemon=True)
        self._threads.append(thread)
        thread.start()
