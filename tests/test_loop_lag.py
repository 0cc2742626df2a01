"""The event loop goes on while the client works, however much there is to do."""

import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from support.local import LocalAGB

from agb import AsyncAGB, AsyncSession, ContextSync

BEAT = 0.005
STALL = 0.4
"""Seconds that no loop stands still for unless something blocks it."""
SCHEDULED = Path("/proc/thread-self/schedstat")
"""What Linux tells of a thread: among it, for how long it could run and was not let."""

# Beats in a process of its own, to see how long the machine itself lets programs wait.
CONTROL = f"""
import sys, threading, time
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set())).start()
worst, last = 0.0, time.monotonic()
print("beats", flush=True)
while not ended.wait({BEAT}):
    now = time.monotonic()
    worst, last = max(worst, now - last), now
print(worst)
"""


class Heart:
    """Beats in the loop, and notes the longest pause between two beats.

    It leaves out the time in which the machine ran others: that is no fault of the client's.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    async def beat(self) -> None:
        last = now()
        while True:
            await anyio.sleep(BEAT)
            this = now()
            self.worst, last = max(self.worst, this - last), this


def now() -> float:
    """Return seconds, on a clock that stands still while this thread is not let run."""
    waited = SCHEDULED.read_text().split()[1] if SCHEDULED.exists() else 0
    return time.monotonic() - int(waited) / 1e9


async def much_work(agb: AsyncAGB, folder: Path) -> None:
    context = (await agb.context.get("loop-lag", create=True)).raise_for_error().context
    assert context is not None
    mounts = [ContextSync(context.id, "/tmp/loop-lag")]
    text = "0123456789abcdef" * 65536
    async with agb.session(context_syncs=mounts) as session, anyio.create_task_group() as group:

        async def files() -> None:
            await write_and_read(session, text)

        async def transfer() -> None:
            path = folder / "big"
            await anyio.Path(path).write_text(text * 4)
            (await session.file.upload(str(path), "/tmp/loop-lag/big")).raise_for_error()
            (await session.context.sync()).raise_for_error()

        async def stream() -> None:
            program = "for number in range(5000): print('line', number)"
            run = await session.code.run(program, "python", stream_beta=True)
            assert run.success

        async def create() -> None:
            async with agb.session(lease=60):
                pass

        for work in (files, transfer, stream, create, create, create):
            group.start_soon(work)


async def write_and_read(session: AsyncSession, text: str) -> None:
    (await session.file.write_file("big.txt", text)).raise_for_error()
    read = (await session.file.read_file("big.txt")).raise_for_error()
    assert read.content == text


@pytest.fixture
def _only_the_clients_garbage() -> Iterator[None]:
    """Have the collector pass over all that the tests before have left, which takes its time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_only_the_clients_garbage")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_loop_does_not_stand_still(local_agb: LocalAGB, tmp_path: Path, backend: str) -> None:
    heart = Heart()

    async def program() -> None:
        agb = AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest")
        async with agb, anyio.create_task_group() as group:
            await agb.list()  # what is loaded with the first call only
            group.start_soon(heart.beat)
            await much_work(agb, tmp_path)
            group.cancel_scope.cancel()

    with subprocess.Popen(
        [sys.executable, "-c", CONTROL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as control:
        assert control.stdout is not None
        assert control.stdout.readline() == "beats\n"
        anyio.run(program, backend=backend)
        told, _ = control.communicate()
    assert heart.worst > 0
    assert heart.worst < STALL + 2 * float(told)


def test_a_loop_that_stands_still_would_be_noticed() -> None:
    heart = Heart()

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(heart.beat)
            await anyio.sleep(2 * BEAT)
            time.sleep(STALL + BEAT)  # noqa: ASYNC251 - what must not happen
            await anyio.sleep(2 * BEAT)
            group.cancel_scope.cancel()

    anyio.run(program)
    assert heart.worst >= STALL
