"""Pure: what is said on one connection, request after request. h11 knows HTTP/1.1."""

from collections.abc import Sequence
from typing import NamedTuple

import h11

from agb._http import HTTPRequest, LocalProtocolError, RemoteProtocolError
from agb._secrets import SecretBytes

_LONGEST_HEAD = 100 * 1024
"""Bytes that the head of an answer may have."""


class Head(NamedTuple):
    """What an answer begins with."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]


class Exchange:
    """Requests out, answers in; nothing here waits.

    Every method raises `LocalProtocolError` when what is to be said can't be, and
    `RemoteProtocolError` when what came is no HTTP.
    """

    def __init__(self) -> None:
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)

    def head(self, request: HTTPRequest) -> bytes:
        """Return the bytes that a request begins with, the key among them."""
        try:
            begun = h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            )
        except h11.LocalProtocolError as error:
            raise LocalProtocolError(str(error)) from error
        return SecretBytes(self._said(begun))

    def piece(self, data: bytes) -> bytes:
        """Return the bytes that a piece of a request's body travels as."""
        return self._said(h11.Data(data=data))

    def tail(self) -> bytes:
        """Return the bytes that a request ends with."""
        return self._said(h11.EndOfMessage())

    def _said(self, event: h11.Event) -> bytes:
        try:
            return self._protocol.send(event) or b""
        except h11.LocalProtocolError as error:
            raise LocalProtocolError(str(error)) from error

    def take(self, data: bytes) -> None:
        """Take what came; nothing is the end."""
        if not data and self._protocol.their_state is h11.SEND_RESPONSE:
            raise RemoteProtocolError("the connection was closed before an answer came")
        self._protocol.receive_data(data)

    def answer(self) -> Head | None:
        """Return the head of the answer; None where more has to come first."""
        while True:
            event = self._next()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Response):
                return Head(event.status_code, list(event.headers))
            # An InformationalResponse says that the answer comes later.

    def data(self) -> bytes | None:
        """Return a piece of the answer's body, nothing at its end; None where more has to come."""
        event = self._next()
        if isinstance(event, h11.Data):
            return bytes(event.data) or self.data()
        return None if event is h11.NEED_DATA else b""

    def _next(self) -> object:
        try:
            return self._protocol.next_event()
        except h11.RemoteProtocolError as error:
            raise RemoteProtocolError(str(error)) from error

    def renew(self) -> bool:
        """Get ready for another request, and tell whether there may be one.

        Where more than an answer has come, there may not: it would be taken for the next one.
        What has not been read yet shows when the connection is taken again; this has been read.
        """
        protocol = self._protocol
        if protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE:
            return False
        if protocol.trailing_data[0]:
            return False
        protocol.start_next_cycle()
        return True
