"""Bodies that come, or go, a little at a time: the caller's deadline holds, and only that."""

import json
import re
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.raw_server import GOOD, Peer, RawServer, answer

import agb as package
from agb import AsyncAGB, ReadTimeoutError, Result
from agb._concurrency import aio

PAUSE = 0.05
BITS = 120
SOON = BITS * PAUSE / 4
"""Seconds for what takes much longer, if it is waited for."""

WAYS: tuple[Callable[[], dict[str, Any]], ...] = (
    dict,
    lambda: {"transport": httpx.AsyncHTTPTransport()},
    lambda: {"http_client": httpx.AsyncClient()},
)


def drip(peer: Peer, said: bytes) -> None:
    """Say something whose end comes by and by."""
    start = len(said) - BITS
    peer.say(said[:start])
    for place in range(start, len(said)):
        time.sleep(PAUSE)
        peer.say(said[place : place + 1])


def drips_its_answer(peer: Peer) -> None:
    peer.request()
    drip(peer, answer(GOOD + b" " * BITS))
    peer.serve()


def offers_a_file(peer: Peer) -> None:
    """Tell where the file is, until it is asked for."""
    asked = peer.head()
    if b"/objects" in asked.split(b"\r\n")[0]:
        return
    peer.body(asked)
    host = re.search(rb"(?i)host: (\S+)", asked)
    assert host
    said = {"success": True, "data": {"url": f"http://{host[1].decode()}/objects/x"}}
    peer.say(answer(json.dumps(said).encode()))
    offers_a_file(peer)


def drips_the_file(peer: Peer) -> None:
    offers_a_file(peer)
    drip(peer, answer(b"x" * BITS * 2))
    peer.serve()


async def errors_of(ask: Callable[[dict[str, Any]], Awaitable[Result]]) -> list[object]:
    """Ask in all ways at once, and return how each failed."""

    async def fail(way: Callable[[], dict[str, Any]]) -> object:
        given = way()
        failed = await ask(given)
        for own in given.values():
            await own.aclose()
        return type(failed.error)

    return await aio.map_parallel(fail, WAYS, limit=len(WAYS))


@pytest.mark.parametrize("time_of", [package.deadline, lambda _: nullcontext()])
async def test_an_answer_that_drips_does_not_outlast_the_callers_time(
    time_of: Callable[[float], AbstractContextManager[None]],
) -> None:
    async def ask(given: dict[str, Any]) -> Result:
        async with AsyncAGB("key", endpoint=server.url, timeout=SOON, **given) as agb:
            with time_of(SOON):
                return await agb.list()

    with RawServer(drips_its_answer) as server:
        assert await errors_of(ask) == [ReadTimeoutError] * 3


async def test_a_download_that_drips_does_not_outlast_the_callers_time(tmp_path: Path) -> None:
    async def ask(given: dict[str, Any]) -> Result:
        async with AsyncAGB("key", endpoint=server.url, **given) as agb:
            with package.deadline(SOON):
                return await agb.context.download_file("c-1", "x", tmp_path / f"{sorted(given)}")

    with RawServer(drips_the_file) as server:
        assert await errors_of(ask) == [ReadTimeoutError] * 3
    assert not list(tmp_path.iterdir())


async def test_an_upload_that_goes_in_sips_does_not_outlast_the_callers_time(
    tmp_path: Path,
) -> None:
    def takes_sips_of_the_file(peer: Peer) -> None:
        offers_a_file(peer)
        for _ in range(BITS):
            if failed.wait(PAUSE):
                return
            peer.socket.recv(1000)

    async def ask(given: dict[str, Any]) -> Result:
        async with AsyncAGB("key", endpoint=server.url, **given) as agb:
            with package.deadline(SOON):
                return await agb.context.upload_file("c-1", tmp_path / "x", "x")

    failed = threading.Event()
    (tmp_path / "x").write_bytes(bytes(30_000_000))
    with RawServer(takes_sips_of_the_file) as server:
        assert await errors_of(ask) == [ReadTimeoutError] * 3
        failed.set()


async def test_a_file_may_take_longer_than_the_timeout_while_it_comes(tmp_path: Path) -> None:
    with RawServer(drips_the_file) as server:
        agb = AsyncAGB("key", endpoint=server.url, timeout=BITS * PAUSE / 3)
        async with agb:
            got = await agb.context.download_file("c-1", "x", tmp_path / "x")
    assert got.success, got.error_message
    assert (tmp_path / "x").read_bytes() == b"x" * BITS * 2
