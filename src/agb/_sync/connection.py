# Generated from src/agb/_async/connection.py; edit that file, then `nox -s twin`.
"""One connection that HTTP is spoken on, one request at a time."""

from collections.abc import Mapping
from typing import cast

from agb import _http, _http11
from agb._concurrency import threads
from agb._http import HTTPRequest, HTTPStream

_MOST_READ = 256 * 1024
_MOST_HELD = 16 * 1024
"""Bytes of a request that wait for more of it: its head and its body go out as one."""


class Connection:
    """A connection; failures of it are httpx's.

    Args:
        stream: What the bytes travel on.
    """

    def __init__(self, stream: threads.Stream) -> None:
        self._stream = stream
        self._exchange = _http11.Exchange()

    def has_expired(self) -> bool:
        """Tell whether the other side has closed it, or has said what it was not asked for."""
        return self._stream.is_readable

    def renew(self) -> bool:
        """Get ready for another request, and tell whether there may be one."""
        return self._exchange.renew()

    def hang_up(self) -> None:
        """Let whoever uses it get its end."""
        self._stream.hang_up()

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def send(self, request: HTTPRequest, patience: Mapping[str, float | None]) -> _http11.Head:
        """Send a request, and return what the answer begins with."""
        held = self._exchange.head(request)
        try:
            for piece in cast("HTTPStream", request.stream):
                held += self._exchange.piece(piece)
                if len(held) >= _MOST_HELD:
                    self._write(held, patience)
                    held = b""
            self._write(held + self._exchange.tail(), patience)
        except _http.WriteError:
            pass  # who hangs up may have answered before
        head = None
        while head is None:
            self._read(patience)
            head = self._exchange.answer()
        return head

    def data(self, patience: Mapping[str, float | None]) -> bytes:
        """Return the next piece of the answer's body; nothing at its end."""
        while (data := self._exchange.data()) is None:
            self._read(patience)
        return data

    def _read(self, patience: Mapping[str, float | None]) -> None:
        try:
            data = self._stream.read(_MOST_READ, patience.get("read"))
        except OSError as error:
            raise _http.failure("read", error) from error
        self._exchange.take(data)

    def _write(self, data: bytes, patience: Mapping[str, float | None]) -> None:
        try:
            self._stream.write(data, patience.get("write"))
        except OSError as error:
            raise _http.failure("write", error) from error
