"""What clients that block are asked to do."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from clients.meter import Meter

MEGABYTE = 1024 * 1024
_WARM = 20


def calls(client: Any, image: str, count: int, operation: str = "call") -> dict[str, Any]:
    """Do the same again and again, one after the other, over a connection that is there."""
    session = client.create(image)
    do = getattr(client, operation)
    for _ in range(_WARM):
        do(session)
    meter = Meter()
    for _ in range(count):
        do(session)
    sample = meter.read(count)
    client.delete(session)
    return sample


def sessions(client: Any, image: str, count: int, commands: int) -> dict[str, Any]:
    """Have many sessions at once, a thread each, that are made, run some commands, are deleted."""

    def one(_: int) -> None:
        session = client.create(image)
        for _ in range(commands):
            client.command(session)
        client.delete(session)

    one(0)
    meter = Meter()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))
    return meter.read(count * (commands + 3))


def first(client: Any, image: str) -> dict[str, Any]:
    """Get a first result."""
    meter = Meter()
    session = client.create(image)
    client.command(session)
    return meter.read()


def delete(client: Any, image: str) -> dict[str, Any]:
    """Delete a session."""
    session = client.create(image)
    client.command(session)
    meter = Meter()
    client.delete(session)
    return meter.read()


def read(client: Any, image: str, megabytes: int) -> dict[str, Any]:
    """Read a large file."""
    session = client.create(image)
    meter = Meter()
    found = client.read(session, f"/tmp/{megabytes}")
    sample = meter.read()
    assert found == megabytes * MEGABYTE
    return sample


def write(client: Any, image: str, megabytes: int) -> dict[str, Any]:
    """Write a large file."""
    session = client.create(image)
    content = "0123456\n" * (megabytes * MEGABYTE // 8)
    meter = Meter()
    client.write(session, content)
    return meter.read()


def transfer(client: Any, image: str, small: str, large: str, up: bool) -> dict[str, Any]:
    """Copy a file of this machine into a session, or out of it again."""
    session = client.create(image)
    client.upload(session, small, "/tmp/small")
    client.download(session, "/tmp/small", f"{small}.back")
    if not up:
        client.upload(session, large, "/tmp/large")
    meter = Meter()
    if up:
        client.upload(session, large, "/tmp/large")
    else:
        client.download(session, "/tmp/large", f"{large}.back")
    sample = meter.read()
    client.delete(session)
    return sample


def run(client: Any, task: str, given: dict[str, Any]) -> dict[str, Any]:
    """Do a task and close the client."""
    try:
        sample: dict[str, Any] = globals()[task](client, **given)
        return sample
    finally:
        client.close()
