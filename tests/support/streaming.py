"""A server for WebSockets that does what a test tells it to, byte by byte if need be."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from ssl import SSLContext, SSLError
from typing import Any, Self

from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from agb._wire import stream
from agb._wire.messages.sessions import SessionData
from support.fake import Network, envelope

SOURCE = "wuying_codespace"
PATIENCE = 30.0


class Peer:
    """One connection, as a script on the server's side sees it.

    Attributes:
        handshake: What the client asked with.
        received: Frames with text that came, as objects.
        taken: How many of them the script has seen.
        pings: How many pings came.
        pongs: How many answers to pings came.
        closed_with: Code that the client closed with; None where it did not say goodbye.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.protocol = ServerProtocol(max_size=None)
        self.handshake: Handshake | None = None
        self.received: list[Any] = []
        self.taken = 0
        self.pings = 0
        self.pongs = 0
        self.closed_with: int | None = None
        self.mute = False
        self._requests: list[stream.Request] = []
        self._seq = 0

    def accept(self, status: int = 101, location: str = "") -> None:
        """Read the handshake and answer it."""
        self.hear_the_handshake()
        assert self.handshake is not None
        if status == 101:
            response = self.protocol.accept(self.handshake)
        else:
            response = self.protocol.reject(HTTPStatus(status), "no")
            if location:
                response.headers["Location"] = location
        self.protocol.send_response(response)
        self._flush()

    def hear_the_handshake(self) -> None:
        """Read the handshake."""
        while self.handshake is None:
            if not self._take():
                raise ConnectionAbortedError

    def next(self) -> stream.Request | None:
        """Wait for a request; None when the client is gone."""
        while not self._requests:
            if not self._take():
                return None
        self.taken += 1
        return self._requests.pop(0)

    def run(self) -> stream.RunRequest:
        """Wait for a request to run code."""
        request = self.next()
        assert isinstance(request, stream.RunRequest)
        return request

    def wait_for_the_end(self) -> None:
        """Read on until the client is gone."""
        while self._take():
            pass

    def hear_a_ping(self) -> None:
        """Read on until a ping has come."""
        heard = self.pings
        while self.pings == heard:
            assert self._take()

    def say(self, *texts: str) -> None:
        """Send texts, a frame each."""
        self.raw(b"".join(self.framed(text) for text in texts))

    def out(self, run: stream.RunRequest, *chunks: str) -> None:
        """Say that code has written something to standard output."""
        self.say(*(self.written(run, chunk) for chunk in chunks))

    def end(self, run: stream.RunRequest, error: str | None = None) -> None:
        """Say that code has come to its end."""
        self.say(self.ended(run.invocation_id, error))

    def ended(self, invocation_id: str, error: str | None = None) -> str:
        """Return the text that says that code has come to its end."""
        self._seq += 1
        return stream.write_end(
            invocation_id,
            SOURCE,
            self._seq,
            execution_count=1,
            execution_time=0.5,
            error=error,
        )

    def written(self, run: stream.RunRequest, chunk: str) -> str:
        """Return the text that says that code has written something."""
        self._seq += 1
        return stream.write_output(run.invocation_id, SOURCE, self._seq, "stdout", chunk)

    def framed(self, data: str | bytes, *, fin: bool = True, opcode: Opcode | None = None) -> bytes:
        """Return a frame."""
        kind = Opcode.TEXT if isinstance(data, str) else Opcode.BINARY
        payload = data.encode() if isinstance(data, str) else data
        return Frame(kind if opcode is None else opcode, payload, fin).serialize(mask=False)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def ping_and_hear_a_pong(self) -> None:
        """Send a ping, and read on until it is answered."""
        heard = self.pongs
        self.raw(self.framed(b"here?", opcode=Opcode.PING))
        while self.pongs == heard:
            assert self._take()

    def close(self, code: int, reason: str, *, first: bytes = b"") -> None:
        """Say goodbye, in one go with what comes first, and hear the client's."""
        self.protocol.send_close(code, reason)
        self.raw(first + b"".join(self.protocol.data_to_send()))
        self.wait_for_the_end()

    def drop(self) -> None:
        """Break the connection without a word."""
        with contextlib.suppress(OSError):  # the client may have gone
            self.socket.shutdown(socket.SHUT_RDWR)

    def _take(self) -> bool:
        """Take what comes next; False at the end."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, SSLError):
            data = b""
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        for event in self.protocol.events_received():
            self._note(event)
        if not self.mute:
            self._flush()
        return bool(data)

    def _note(self, event: object) -> None:
        if isinstance(event, Handshake):
            self.handshake = event
        elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            text = bytes(event.data).decode()
            self.received.append(json.loads(text))
            with contextlib.suppress(ValueError):
                self._requests.append(stream.read_request(text))
        elif isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        elif isinstance(event, Frame) and event.opcode is Opcode.PONG:
            self.pongs += 1
        elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
            assert self.protocol.close_rcvd is not None
            self.closed_with = self.protocol.close_rcvd.code

    def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                with contextlib.suppress(ConnectionError):
                    self.socket.sendall(data)
            elif self.protocol.state is State.CLOSED or self.protocol.eof_sent:
                with contextlib.suppress(OSError):
                    self.socket.shutdown(socket.SHUT_WR)


Script = Callable[[Peer], None]

TOKEN = "the-secret-token"


def session_data(url: str) -> SessionData:
    """Return what an AGB tells of a session with an address for streams."""
    return SessionData(session_id="session-1", ws_url=url, token=TOKEN)


def network() -> Network:
    """Return a network in which that session can be deleted."""
    return Network(
        releaseSessionAsync=lambda _: envelope(),
        getSessionInfo=lambda _: envelope({"status": "FINISH"}),
    )


def accepting(script: Script) -> Script:
    """Return a script that answers the handshake well before it goes on."""

    def accept_first(peer: Peer) -> None:
        peer.accept()
        script(peer)

    return accept_first


class StreamServer:
    """Listens on loopback; each connection follows the next script, the last one again and again.

    What goes wrong in a script is raised at the end of the block.

    Attributes:
        peers: The connections that there were.
    """

    def __init__(self, *scripts: Script, tls: SSLContext | None = None) -> None:
        self._scripts = list(scripts)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self.peers: list[Peer] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        scheme, host = ("wss", "localhost") if self._tls else ("ws", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}/ws/session-1?signature=the-secret-signature"

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
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            self._start(partial(self._serve, connection, script))

    def _serve(self, connection: socket.socket, script: Script) -> None:
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, contextlib.suppress(ConnectionError, SSLError):
            # A client may leave when it likes, and need not trust anybody.
            if self._tls is None:
                self._follow(script, connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._follow(script, secured)

    def _follow(self, script: Script, connection: socket.socket) -> None:
        peer = Peer(connection)
        self.peers.append(peer)
        script(peer)

    def _start(self, work: Callable[[], None]) -> None:
        def watched() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised at the end of the block
                self._failures.append(error)

        thread = threading.Thread(target=watched, daemon=True)
        self._threads.append(thread)
        thread.start()
