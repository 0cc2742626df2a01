"""Pure: the WebSocket protocol of one connection, bytes in and messages out, and back."""

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agb import _http
from agb._wire.values import frozen
from agb.exceptions import StreamUnavailableError

if TYPE_CHECKING:
    from websockets.client import ClientProtocol
    from websockets.http11 import Response
    from websockets.protocol import Event

_SILENT = logging.Logger("agb.web_socket", logging.CRITICAL)  # noqa: LOG001 - nobody's logger
"""The library would log the token."""

_NORMAL_CLOSURE = 1000


@frozen(kw_only=True)
class Heartbeat:
    """How a connection that has become silent is told from one that is dead.

    Attributes:
        every: Seconds of silence until a ping. Silence counts while somebody listens.
        within: Seconds in which it must be answered.
    """

    every: float = 20.0
    within: float = 20.0


class Disconnected(Exception):  # noqa: N818 - never leaves this package
    """The connection is no more; the message says why."""


class WebSocketProtocol:
    """One connection, from its handshake to its end.

    Args:
        url: Where to.
        headers: What the handshake says beside what it must.

    Raises:
        StreamUnavailableError: The URL is none.

    Attributes:
        where: The URL without anything secret.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._protocol = _protocol(url)
        self.where: str = _http.host_of(url)
        self._closing = False
        self._message: list[bytes] | None = None
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)

    @property
    def secure(self) -> bool:
        """Whether the connection must be encrypted."""
        return self._protocol.uri.secure

    @property
    def host(self) -> str:
        """Name of the host to connect to."""
        return self._protocol.uri.host

    @property
    def port(self) -> int:
        """Port to connect to."""
        return self._protocol.uri.port

    @property
    def is_connecting(self) -> bool:
        """Whether the handshake is not over yet."""
        return self._protocol.state.name == "CONNECTING" and self._protocol.handshake_exc is None

    @property
    def refusal(self) -> tuple[int, bytes] | None:
        """HTTP status and body of an answer that was no handshake; 0 where it was no HTTP."""
        failure = self._protocol.handshake_exc
        if failure is None:
            return None
        response: Response | None = getattr(failure, "response", None)
        return (0, b"") if response is None else (response.status_code, bytes(response.body or b""))

    @property
    def problem(self) -> str:
        """Why nothing more will come; empty as long as something may."""
        closed, broken = self._protocol.close_rcvd, self._protocol.parser_exc
        if self._closing:
            return f"this client closed the connection to {self.where}"
        if closed is not None:
            reason = f": {closed.reason}" if closed.reason else ""
            return f"{self.where} closed the connection (code {closed.code}{reason})"
        if isinstance(broken, EOFError) or self._protocol.state.name == "CLOSED":
            return f"the connection to {self.where} broke"
        if broken is not None:
            return f"{self.where} sent what no WebSocket may: {broken}"
        return ""

    @property
    def to_send(self) -> int:
        """How many bytes wait to be sent."""
        return sum(map(len, self._protocol.writes))

    def outgoing(self) -> bytes:
        """Return the bytes to send, once."""
        return b"".join(self._protocol.data_to_send())

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes that came, none at the end, and return the texts in them."""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        events = self._protocol.events_received()
        return [message for event in events for message in self._messages(event)]

    def write(self, text: str) -> None:
        """Add a message to what is to be sent.

        Raises:
            Disconnected: None can be sent any more.
        """
        if self.problem:
            raise Disconnected(self.problem)
        self._protocol.send_text(text.encode())

    def ping(self) -> None:
        """Add a ping."""
        self._protocol.send_ping(b"")

    def close(self) -> None:
        """Add the words that end a connection."""
        if not self.problem:
            self._protocol.send_close(_NORMAL_CLOSURE)
            self._closing = True

    @property
    def is_over(self) -> bool:
        """Whether the other side has said its last word."""
        return self._protocol.close_rcvd is not None or self._protocol.state.name == "CLOSED"

    def _messages(self, event: "Event") -> Iterator[bytes]:
        """Put the pieces of a text together; what is not text means nothing here."""
        from websockets.frames import Frame, Opcode  # noqa: PLC0415 - only streams need it

        if not isinstance(event, Frame) or event.opcode not in {Opcode.TEXT, Opcode.CONT}:
            return
        if event.opcode is Opcode.TEXT:
            self._message = []
        if self._message is None:  # a piece of something binary
            return
        self._message.append(bytes(event.data))
        if event.fin:
            yield b"".join(self._message)
            self._message = None


def _protocol(url: str) -> "ClientProtocol":
    from websockets.client import ClientProtocol  # noqa: PLC0415 - only streams need it
    from websockets.exceptions import InvalidURI  # noqa: PLC0415
    from websockets.uri import parse_uri  # noqa: PLC0415

    try:
        return ClientProtocol(parse_uri(url), max_size=None, logger=_SILENT)
    except (InvalidURI, ValueError):
        raise StreamUnavailableError(
            "the session's address for streams is not one of a WebSocket"
        ) from None
