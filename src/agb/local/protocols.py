"""uvicorn's protocols, with bounds to what a connection may cost before anybody is asked."""

import asyncio
import json
import re
import secrets
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from agb._wire.answers import refusal
from agb.local.joining import Joining
from agb.local.load import EXCESS, Held, Load
from agb.local.refusals import Refusal, not_http, too_slow

_MOST_REFUSED = 64
"""Connections beyond the bound that are told so; more are cut off."""
_MOST_LINES = 500
"""Lines of a head: each costs time, however short it is."""
_FREE = 64 * 1024
"""Bytes of a head or of a message that do not count as held."""
_IDLE = 75.0
"""Seconds for which a connection may be open before anything is sent."""
_HEARS_OUT = 10.0
"""Seconds for which the rest of a body that is not wanted is taken in, and thrown away."""
_TAKES_WITHIN = 300.0
"""Seconds that a caller may leave an answer waiting."""
_MOST_FRAGMENTS = 64 * 1024
"""Fragments of a message: each takes memory, however short it is."""
_LONGEST_LINE = 8000
_MOST_HEADERS = 100
"""What the WebSocket library reads of a handshake."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")


class HTTP(H11Protocol):
    """A connection on which requests come, in time or not at all.

    Args:
        load: What the server has to do.
    """

    transport: asyncio.Transport

    def __init__(self, *args: Any, load: Load, **options: Any) -> None:
        super().__init__(*args, **options)
        self._load = load
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._held = Held(load)
        self._head = self._lines = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or cut it off where there are too many even to say so."""
        super().connection_made(Joining(transport, self.loop))
        excess = len(self.connections) - self._load.bounds.connections
        if excess > _MOST_REFUSED:
            transport.abort()
        elif excess > 0:
            self.app_state: dict[str, Any] = {**self.app_state, EXCESS: True}
        self._wait_at_most(_IDLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._wait_no_more()
        self._forget_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it goes beyond the bounds."""
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE:
            try:
                self._take_head(data)
            except Refusal as no:
                self._refuse(no)
                return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
            self._forget_head()
        elif not self._head:  # the rest of a body that nobody wanted has come
            self._wait_at_most(_IDLE)

    def _take_head(self, data: bytes) -> None:
        if not self._head:
            self._wait_at_most(self._load.bounds.patience)
        seen = self._tail + data
        end = _END_OF_HEAD.search(seen)
        self._lines += seen.count(b"\n", len(self._tail), end.start() if end else len(seen))
        self._tail = seen[-2:]
        self._head += len(data)
        if self._lines > _MOST_LINES:
            raise not_http(431, f"the request has more than {_MOST_LINES} headers")
        if self._head > _FREE and not end:
            self._held.grow(len(data))

    def _forget_head(self) -> None:
        self._held.drop()
        self._head = self._lines = 0
        self._tail = b""

    def on_response_complete(self) -> None:
        """Get ready for the next request."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._wait_at_most(_HEARS_OUT)
        elif self.conn.their_state is h11.IDLE and (begun := self.conn.trailing_data[0]):
            self._take_head(begun)

    def pause_writing(self) -> None:
        """Stop sending to a caller that does not take what is there; give up at some time."""
        super().pause_writing()
        self._stalled = self.loop.call_later(_TAKES_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        if self._stalled:
            self._stalled.cancel()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self._refuse(not_http(hint, msg))

    def _refuse(self, no: Refusal) -> None:
        """Answer, where that can still be, and read no more."""
        cycle: Any = self.cycle  # None before the first request
        if cycle and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(self._written(no))
        self.transport.close()

    def _written(self, no: Refusal) -> bytes:
        request_id = secrets.token_hex(16)
        envelope = refusal(
            http_status=no.http_status, code=no.code, message=no.message, request_id=request_id
        )
        body = json.dumps(envelope).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            "x-request-id": request_id,
            **no.headers,
        }
        response = h11.Response(status_code=no.http_status, headers=list(headers.items()))
        events = (response, h11.Data(data=body), h11.EndOfMessage())
        return b"".join(self.conn.send(event) or b"" for event in events)

    def _wait_at_most(self, seconds: float) -> None:
        self._wait_no_more()
        self._timer = self.loop.call_later(seconds, self._give_up)

    def _wait_no_more(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self._head:
            self._refuse(too_slow())
        else:
            self.transport.close()

    def _should_upgrade(self) -> bool:
        """Take for a WebSocket only what the library for it can read; the rest is plain HTTP."""
        longest = max((len(name) + len(value) for name, value in self.headers), default=0)
        names = {name for name, _ in self.headers}
        return (
            super()._should_upgrade()
            and self.scope["method"] == "GET"
            and self.scope["http_version"] == "1.1"
            and not names & {b"content-length", b"transfer-encoding"}
            and len(self.scope["raw_path"]) + len(self.scope["query_string"]) < _LONGEST_LINE
            and longest < _LONGEST_LINE
            and len(self.headers) <= _MOST_HEADERS
        )

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Go on as a WebSocket, each message of which is whole by itself."""
        if isinstance(self.transport, Joining):
            self.transport = self.transport.below
        super().handle_websocket_upgrade(event)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a client may offer what it likes, and is answered in plain HTTP."""


class WebSockets(WebSocketsSansIOProtocol):
    """A connection on which messages come.

    Args:
        load: What the server has to do.
    """

    def __init__(self, *args: Any, load: Load, **options: Any) -> None:
        super().__init__(*args, **options)
        self._held = Held(load)
        self._begun = 0
        self._pong = b""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._held.drop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it goes beyond the bounds."""
        self._begun += len(data)
        try:
            if self._begun > _FREE:
                self._held.grow(len(data))
        except Refusal as no:
            self._fail(CloseCode.TRY_AGAIN_LATER, no.message)
            return
        super().data_received(data)

    def handle_cont(self, event: Frame) -> None:
        """Take a further fragment of a message."""
        if len(self.frames) >= _MOST_FRAGMENTS:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "the message has too many fragments")
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, for a caller that does not read only the last ping and only when it does."""
        pong = b"".join(self.conn.data_to_send())  # what is said to all that came in one piece
        if not self.frames:
            self._message_over()
        if self.writable.is_set():
            self.transport.write(pong)
        elif pong:
            self._pong = pong

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        pong, self._pong = self._pong, b""
        self.transport.write(pong)

    def send_receive_event_to_app(self) -> None:
        """Pass on a message that is complete; one that is no text where it should be ends it."""
        self._message_over()
        if self.curr_msg_data_type == "text":
            try:
                self.frames[:] = [b"".join(self.frames)]
                if not self.frames[0].isascii():
                    self.frames[0].decode()
            except UnicodeDecodeError:
                self._fail(CloseCode.INVALID_DATA, "the message is not UTF-8")
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if self.initial_response and self.close_sent:
            self.handshake_complete = True  # else its refusal is logged as if it were a fault

    def _message_over(self) -> None:
        self._begun = 0
        self._held.drop()

    def _fail(self, code: CloseCode, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.frames.clear()
            self.handle_parser_exception()
