"""What clients that await are asked to do."""

import asyncio
import time
from typing import Any

from clients.meter import Meter

MEGABYTE = 1024 * 1024
_WARM = 20


async def calls(client: Any, image: str, count: int, operation: str = "call") -> dict[str, Any]:
    """Do the same again and again, one after the other, over a connection that is there."""
    session = await client.create(image)
    do = getattr(client, operation)
    for _ in range(_WARM):
        await do(session)
    meter = Meter()
    for _ in range(count):
        await do(session)
    sample = meter.read(count)
    await client.delete(session)
    return sample


async def sessions(client: Any, image: str, count: int, commands: int) -> dict[str, Any]:
    """Have many sessions at once, each of which is made, runs some commands and is deleted."""

    async def one() -> None:
        session = await client.create(image)
        for _ in range(commands):
            await client.command(session)
        await client.delete(session)

    await one()
    meter = Meter()
    await asyncio.gather(*(one() for _ in range(count)))
    return meter.read(count * (commands + 3))


async def first(client: Any, image: str) -> dict[str, Any]:
    """Get a first result."""
    meter = Meter()
    session = await client.create(image)
    await client.command(session)
    return meter.read()


async def delete(client: Any, image: str) -> dict[str, Any]:
    """Delete a session."""
    session = await client.create(image)
    await client.command(session)
    meter = Meter()
    await client.delete(session)
    return meter.read()


async def read(client: Any, image: str, megabytes: int) -> dict[str, Any]:
    """Read a large file."""
    session = await client.create(image)
    meter = Meter()
    found = await client.read(session, f"/tmp/{megabytes}")
    sample = meter.read()
    assert found == megabytes * MEGABYTE
    return sample


async def write(client: Any, image: str, megabytes: int) -> dict[str, Any]:
    """Write a large file."""
    session = await client.create(image)
    content = "0123456\n" * (megabytes * MEGABYTE // 8)
    meter = Meter()
    await client.write(session, content)
    return meter.read()


async def transfer(client: Any, image: str, small: str, large: str, up: bool) -> dict[str, Any]:
    """Copy a file of this machine into a session, or out of it again."""
    session = await client.create(image)
    await client.upload(session, small, "/tmp/small")
    await client.download(session, "/tmp/small", f"{small}.back")
    if not up:
        await client.upload(session, large, "/tmp/large")
    meter = Meter()
    if up:
        await client.upload(session, large, "/tmp/large")
    else:
        await client.download(session, "/tmp/large", f"{large}.back")
    sample = meter.read()
    await client.delete(session)
    return sample


async def held_up(client: Any, image: str, idle: bool) -> dict[str, Any]:
    """Tell how late a task that wakes up every millisecond was at worst meanwhile.

    What counts is how long this thread had the processor before it woke up: on a busy machine, it
    is late for other reasons as well.
    """
    late = 0.0
    over = asyncio.Event()
    text = "0123456\n" * 655_360  # what takes long is ours, not the client's

    async def beat() -> None:
        nonlocal late
        while not over.is_set():
            due, used = time.perf_counter() + 0.001, time.thread_time()
            await asyncio.sleep(0.001)
            late = max(late, min(time.perf_counter() - due, time.thread_time() - used))

    session = await client.create(image)
    await client.command(session)
    beating = asyncio.create_task(beat())
    meter = Meter()
    if idle:
        await asyncio.sleep(0.5)
    else:
        other = await client.create(image)
        for _ in range(50):
            await client.command(other)
        await client.read(other, "/tmp/5")
        await client.write(other, text)
        await client.delete(other)
    over.set()
    await beating
    return meter.read(late=late * 1000)


def run(client: Any, task: str, given: dict[str, Any]) -> dict[str, Any]:
    """Do a task and close the client."""

    async def main() -> dict[str, Any]:
        try:
            sample: dict[str, Any] = await globals()[task](client, **given)
            return sample
        finally:
            await client.aclose()

    return asyncio.run(main())
