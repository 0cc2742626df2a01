"""Signed URLs: each opens one object, for one method, for an hour or until this server ends."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any, BinaryIO, Literal

from attrs import evolve, frozen
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from agb.local.bodies import length_of, pieces
from agb.local.contexts.service import Contexts
from agb.local.contexts.staging import Put, Writing
from agb.local.contexts.store import Store
from agb.local.contexts.values import Object, shown
from agb.local.contexts.whole_paths import find
from agb.local.refusals import file_not_found, no_room, too_large, wrong_checksum, wrong_link
from agb.local.seals import Seals

PATH = "/objects"

LASTS = 60 * 60
"""Seconds for which a URL is good."""

Method = Literal["GET", "PUT"]

_CHUNK = 1024 * 1024
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})$")
"""Of a range that no file reaches nothing is read, so that the whole is sent."""
_MD5, _SHA256 = "content-md5", "x-agb-sha256"


@frozen(kw_only=True)
class Link:
    """What a URL opens.

    Attributes:
        key: The context.
        path: The object.
        expires: Until when, in Unix seconds.
    """

    key: int
    path: bytes
    expires: int

    def sealed(self, seals: Seals, method: Method) -> str:
        """Give the last part of the URL."""
        path = base64.b64encode(self.path).decode()
        return seals.seal(_purpose(method), json.dumps([self.key, path, self.expires]))

    @classmethod
    def opened(cls, seals: Seals, method: str, token: str, now: float) -> "Link":
        """Read the last part of a URL.

        Raises:
            Refusal: It is wrong, for another method, or too old.
        """
        text = seals.open(_purpose(method), token)
        if text is None:
            raise wrong_link()
        key, path, expires = json.loads(text)
        if now >= expires:
            raise wrong_link()
        return cls(key=key, path=base64.b64decode(path), expires=expires)


def _purpose(method: str) -> str:
    return f"{method} of an object"


@frozen(kw_only=True)
class Bounds:
    """What may be stored.

    Attributes:
        size: Bytes of a file.
        patience: Seconds that may be spent waiting for it, beyond what the slowest network needs.
    """

    size: int
    patience: float


async def serve(contexts: Contexts, seals: Seals, request: Request, bounds: Bounds) -> Response:
    """Answer a request to a signed URL.

    Raises:
        Refusal: It can't be done.
    """
    method = "GET" if request.method == "HEAD" else request.method
    token = request.path_params["token"]
    link = Link.opened(seals, method, token, contexts.store.time)
    if method == "GET":
        return await _send(contexts, link, request)
    return await _receive(contexts, link, request, bounds)


async def _receive(contexts: Contexts, link: Link, request: Request, bounds: Bounds) -> Response:
    if length_of(request) > bounds.size:
        raise too_large(bounds.size)
    staging = contexts.store.staging()
    stage = await contexts.run(staging.__enter__)
    try:
        if length_of(request) > shutil.disk_usage(stage).free:
            raise no_room()
        writing, md5 = Writing(stage / "put"), hashlib.md5(usedforsecurity=False)
        try:
            buffer = bytearray()
            take = partial(_take, writing, md5, buffer)
            async for piece in pieces(request, bounds.patience):
                buffer += piece
                if writing.size + len(buffer) > bounds.size:
                    raise too_large(bounds.size)
                if len(buffer) >= _CHUNK:
                    await contexts.run(take)
            await contexts.run(take)
            sha256 = await contexts.run(writing.done)
        finally:
            writing.close()
        _check_sums(request, base64.b64encode(md5.digest()).decode(), sha256)
        item = Object(path=link.path, kind="file", size=writing.size, sha256=sha256, linked=True)
        put = Put(object=item, staged=stage / "put")
        await contexts.run(lambda: _put(contexts.store, link.key, put))
    finally:
        await contexts.run(lambda: staging.__exit__(None, None, None))
    return Response(status_code=200, headers={"etag": f'"{sha256}"', "cache-control": "no-store"})


def _put(store: Store, key: int, put: Put) -> None:
    """Store an object, as the new version of what a session stored, where its path means that."""
    there = find(store, key, put.object.path)
    if there and not there.packed:
        put = evolve(put, object=evolve(put.object, path=there.path, linked=there.linked))
    store.put(key, put)


def _take(writing: Writing, md5: Any, buffer: bytearray) -> None:
    writing.write(bytes(buffer))
    md5.update(buffer)
    buffer.clear()


def _check_sums(request: Request, md5: str, sha256: str) -> None:
    if request.headers.get(_MD5, md5) != md5:
        raise wrong_checksum("Content-MD5")
    if request.headers.get(_SHA256, sha256).lower() != sha256:
        raise wrong_checksum("x-agb-sha256")


async def _send(contexts: Contexts, link: Link, request: Request) -> Response:
    item, content = await contexts.run(lambda: _open(contexts, link))
    headers = {
        "etag": f'"{item.sha256}"',
        "accept-ranges": "bytes",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    wanted = _range(request, item)
    if wanted is None:
        content.close()
        return Response(
            status_code=416, headers={**headers, "content-range": f"bytes */{item.size}"}
        )
    start, stop = wanted
    partly = (start, stop) != (0, item.size)
    if partly:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{item.size}"
    headers["content-length"] = str(stop - start)
    return _Contents(
        _pieces(contexts, content, start, stop),
        status_code=206 if partly else 200,
        headers=headers,
        content=content,
    )


def _open(contexts: Contexts, link: Link) -> tuple[Object, BinaryIO]:
    while True:
        item = find(contexts.store, link.key, link.path)
        if item is None or item.kind != "file":
            raise file_not_found(shown(link.path), http_status=404)
        try:
            return item, contexts.store.read(link.key, item.blob)
        except FileNotFoundError:  # it was replaced or removed at this moment
            again = contexts.store.object(link.key, item.path)
            if again and again.blob == item.blob:
                raise


def _range(request: Request, item: Object) -> tuple[int, int] | None:
    """Read which bytes are wanted; None for none that there are."""
    everything = (0, item.size)
    if request.headers.get("if-range", f'"{item.sha256}"') != f'"{item.sha256}"':
        return everything
    match = _RANGE.match(request.headers.get("range", ""))
    if not match or match[1] == match[2] == "":
        return everything
    if not match[1]:
        start, stop = max(0, item.size - int(match[2])), item.size
    else:
        start = int(match[1])
        stop = min(item.size, int(match[2]) + 1) if match[2] else item.size
        if match[2] and int(match[2]) < start:
            return everything
    return (start, stop) if start < stop else None


async def _pieces(
    contexts: Contexts, content: BinaryIO, start: int, stop: int
) -> AsyncGenerator[bytes]:
    content.seek(start)
    while start < stop:
        piece = await contexts.run(partial(content.read, min(_CHUNK, stop - start)))
        start += len(piece)
        yield piece


class _Contents(StreamingResponse):
    """A piece of an object; its file is closed however the sending ends."""

    media_type = "application/octet-stream"

    def __init__(
        self,
        pieces: AsyncGenerator[bytes],
        *,
        status_code: int,
        headers: dict[str, str],
        content: BinaryIO,
    ) -> None:
        super().__init__(pieces, status_code=status_code, headers=headers)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._content.close()
