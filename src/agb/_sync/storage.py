# Generated from src/agb/_async/storage.py; edit that file, then `nox -s twin`.
"""Bytes to and from a store, over URLs that carry their own permission."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self, TypeVar, cast

from agb._concurrency import threads
from agb._deadline import Deadline, current_deadline
from agb._http import HTTPResponse, HTTPStream
from agb._retry import TABLE, TRANSFERS, failure_of
from agb._secrets import hidden
from agb._sync.transport import Transport
from agb._transfers import Landing, Progress, Tally, check_taken, opened, read_chunk, store_refusal
from agb.exceptions import APIConnectionError, TransferError

T = TypeVar("T")

_GOOD_PUT = frozenset({200, 201, 204})
_GOOD_GET = 200


class Upload(HTTPStream):
    """A file of this machine as the body of a request, counted as it goes.

    No generator: one that is left half-way, as by cancellation, would have to be closed by hand.
    """

    def __init__(self, file: BinaryIO, size: int, tally: Tally) -> None:
        self._file = file
        self._size = size
        self._tally = tally

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        chunk = threads.in_thread(partial(read_chunk, self._file, self._size - self._tally.size))
        if not chunk:
            raise StopIteration
        return self._tally.add(chunk)


class Storage:
    """Streams files, counted and checked; neither the key nor a token goes along."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self,
        url: str,
        local: Path,
        size: int,
        *,
        name: str,
        content_type: str | None = None,
        progress: Progress | None = None,
    ) -> HTTPResponse:
        """Send a file of this machine.

        Args:
            url: Where to.
            local: The file.
            size: Its size in bytes.
            name: What to call it in errors, since the URL is a secret.
            content_type: MIME type to store it under.
            progress: Is told how many bytes have gone, in each try from the first on.

        Raises:
            TransferError: It can't be read, the store refused it, or has something else now.
        """
        headers = {"content-length": str(size)}
        if content_type:
            headers["content-type"] = content_type

        url = hidden(url)

        def attempt() -> HTTPResponse:
            tally = Tally(progress)
            with opened(local) as file:
                stream = Upload(file, size, tally)
                response = self._transport.stream_out(url, headers, stream)
            status, told, content = response.status_code, response.headers, response.content
            if status not in _GOOD_PUT:
                raise store_refusal(name, status, told, content)
            etag = told.get("etag", "")
            check_taken(name, status, etag, content)
            tally.check(name, size, etag)
            return response

        return self._repeated("PUT", attempt)

    def get(
        self, url: str, landing: Landing, *, name: str, progress: Progress | None = None
    ) -> int:
        """Fetch a file to its place on this machine, whole or not at all.

        Args:
            url: Where from.
            landing: Its place.
            name: What to call it in errors, since the URL is a secret.
            progress: Is told how many bytes have come, in each try from the first on.

        Returns:
            Its size in bytes.

        Raises:
            TransferError: The store refused it, less arrived than there is, or it can't be
                written.
        """
        url = hidden(url)

        def attempt() -> int:
            tally = Tally(progress)
            threads.in_thread(landing.restart)
            with self._transport.stream_in(url) as response:
                status, told = response.status_code, response.headers
                if status != _GOOD_GET:
                    raise store_refusal(name, status, told, response.read())
                for chunk in cast("HTTPStream", response.stream):
                    threads.in_thread(partial(landing.write, tally.add(chunk)))
                length = told.get("content-length")
                tally.check(name, int(length) if length else None, told.get("etag", ""))
            return tally.size

        try:
            size = self._repeated("GET", attempt)
            landing.keep()
        finally:
            landing.discard()
        return size

    def _repeated(self, method: str, attempt: Callable[[], T]) -> T:
        """Try until it is done, again where that is safe; each try begins with the first byte."""
        deadline = current_deadline() or Deadline(math.inf)
        tried = 0
        while True:
            tried += 1
            try:
                return attempt()
            except (APIConnectionError, TransferError) as error:
                failed = error
            self._transport.repeat_or_raise(
                failed,
                tried,
                deadline,
                what=f"{method} of a file",
                may_repeat=TABLE[failure_of(failed)][TRANSFERS[method]],
            )
