"""Where a client is used: in event loops, in processes that were forked, in many threads."""

import asyncio
import re
import subprocess
import sys
import textwrap
import threading
import uuid
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
import trio
from support.local import LocalAGB

from agb import AGB, AsyncAGB, BlockingCallWarning, CommandResult, WrongLoopError, WrongProcessError
from agb._embedded import EmbeddedServer

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def agb(local_agb: LocalAGB) -> Iterator[AGB]:
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest") as agb:
        yield agb


@pytest.fixture
def async_agb(local_agb: LocalAGB) -> AsyncAGB:
    return AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest")


def warned(agb: AGB, backend: str, line: str) -> list[str]:
    """Run a line twice in an event loop, and return the warnings that it gets."""
    code = compile(f"{line}\n", __file__.replace("test_", "a_program_"), "exec")
    names = {"agb": agb, "AGB": AGB, "__name__": "a_program"}

    async def program() -> None:
        await anyio.lowlevel.checkpoint()
        for _ in range(2):
            exec(code, names)  # noqa: S102 - a program of the test's own

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        anyio.run(program, backend=backend)
    assert {warning.category for warning in told} <= {BlockingCallWarning}
    return [str(warning.message) for warning in told]


@BACKENDS
def test_a_blocking_call_in_an_event_loop_warns_once_a_line(agb: AGB, backend: str) -> None:
    told = warned(agb, backend, "agb.list()")
    assert len(told) == 1
    assert told[0].endswith("with AsyncAGB, await the same call of an AsyncAGB")


PROGRAM = """
import asyncio, sys, warnings
from agb import AGB

warnings.simplefilter("always")

async def main(agb):
    found = agb.list().total_count
    agb.list(limit=3)
    for session in agb.iter_sessions(labels={"no": "such"}): pass
    agb.list(
        limit=3,
    )
    for session in agb.list(labels={"no": "such"}): pass
    for found in agb.list(labels={"no": "such"}).session_ids:
        agb.list(limit=1)
    found = [session for session in agb.iter_sessions(labels={"no": "such"})]
    with agb.session(image_id="no-image") as session: pass

with AGB(sys.argv[1], endpoint=sys.argv[2]) as agb:
    try:
        asyncio.run(main(agb))
    except Exception as error:
        print(type(error).__name__)
"""


def run_program(tmp_path: Path, local_agb: LocalAGB, source: str) -> tuple[str, str]:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(source))
    done = subprocess.run(
        [sys.executable, str(path), local_agb.api_key, local_agb.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout, done.stderr


def test_the_warning_shows_the_line_as_it_has_to_be(tmp_path: Path, local_agb: LocalAGB) -> None:
    out, err = run_program(tmp_path, local_agb, PROGRAM)
    told = re.findall(r"program\.py:(\d+): BlockingCallWarning: .*?AsyncAGB, write: (.*)", err)
    assert out == "ImageNotFoundError\n"
    assert sorted(set(told), key=lambda each: int(each[0])) == [
        ("8", "found = (await agb.list()).total_count"),
        ("9", "await agb.list(limit=3)"),
        ("10", 'async for session in agb.iter_sessions(labels={"no": "such"}): pass'),
        ("11", "await agb.list( ..."),
        ("14", 'for session in await agb.list(labels={"no": "such"}): pass'),
        ("15", 'for found in (await agb.list(labels={"no": "such"})).session_ids:'),
        ("17", 'found = [session async for session in agb.iter_sessions(labels={"no": "such"})]'),
        ("18", 'async with agb.session(image_id="no-image") as session: pass'),
    ]


def test_a_blocking_call_in_a_thread_beside_a_loop_does_not_warn(agb: AGB) -> None:
    async def program() -> int:
        return (await asyncio.to_thread(agb.list)).total_count

    assert asyncio.run(program()) >= 0


@BACKENDS
def test_a_warning_that_is_an_error_is_raised_before_anything_is_sent(
    agb: AGB, backend: str
) -> None:
    async def program() -> None:
        await anyio.lowlevel.checkpoint()
        agb.list()

    with pytest.raises(BlockingCallWarning):
        anyio.run(program, backend=backend)


@BACKENDS
def test_an_async_client_says_so_when_it_is_used_in_another_loop(
    async_agb: AsyncAGB, backend: str
) -> None:
    async def use() -> None:
        (await async_agb.list()).raise_for_error()

    async def use_again() -> str:
        refused = await async_agb.list()
        assert isinstance(refused.error, WrongLoopError)
        with pytest.raises(WrongLoopError):
            async with async_agb.session():
                pytest.fail("there is no session")
        with pytest.raises(WrongLoopError):
            await async_agb.aclose()
        return refused.code

    async def both() -> str:
        """Use it in another loop while the first one runs."""
        await use()
        try:
            return await anyio.to_thread.run_sync(
                lambda: anyio.run(use_again, backend=backend), abandon_on_cancel=True
            )
        finally:
            await async_agb.aclose()

    assert anyio.run(both, backend=backend) == "WRONG_LOOP"


def test_the_loops_of_asyncio_and_trio_are_two(async_agb: AsyncAGB) -> None:
    async def in_trio() -> str:
        return (await async_agb.list()).code

    async def both() -> str:
        (await async_agb.list()).raise_for_error()
        code = await asyncio.to_thread(trio.run, in_trio)
        await async_agb.aclose()
        return code

    assert asyncio.run(both()) == "WRONG_LOOP"


FORK = """
import os, sys, warnings
from agb import AGB, WrongProcessError

warnings.simplefilter("ignore", DeprecationWarning)  # the thread that keeps sessions alive is one

fresh = AGB(sys.argv[1], endpoint=sys.argv[2])
with AGB(sys.argv[1], endpoint=sys.argv[2], default_image="code_latest") as agb:
    with agb.session() as session:
        child = os.fork()
        if not child:
            refused = session.command.execute("echo hello")
            works = fresh.list()
            os.write(1, f"{refused.code} {works.success} {works.total_count > 0}\\n".encode())
            sys.exit(7)
        _, status = os.waitpid(child, 0)
        answer = session.command.execute("echo still there")
        print(os.waitstatus_to_exitcode(status), answer.output.strip())
print(fresh.list(labels={"no": "such"}).success)
"""


@pytest.mark.skipif(not hasattr(sys, "abiflags"), reason="this system has no fork")
def test_a_forked_process_leaves_its_parents_client_and_session_alone(
    tmp_path: Path, local_agb: LocalAGB
) -> None:
    out, err = run_program(tmp_path, local_agb, FORK)
    assert out.splitlines() == ["WRONG_PROCESS True True", "7 still there", "True"], err
    assert not err


ASYNC_FORK = """
import asyncio, os, sys
from agb import AsyncAGB

async def main():
    async with AsyncAGB(sys.argv[1], endpoint=sys.argv[2]) as agb:
        await agb.list()
        child = os.fork()
        if not child:
            refused = await agb.list()
            os.write(1, f"{refused.code}\\n".encode())
            os._exit(0)
        os.waitpid(child, 0)
        print((await agb.list()).success)

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(sys, "abiflags"), reason="this system has no fork")
def test_an_async_client_says_so_when_it_is_used_after_a_fork(
    tmp_path: Path, local_agb: LocalAGB
) -> None:
    out, err = run_program(tmp_path, local_agb, ASYNC_FORK)
    assert out.splitlines() == ["WRONG_PROCESS", "True"], err


def test_an_agb_of_the_parents_is_not_there_for_a_forked_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = EmbeddedServer(api_key="key", data_dir=tmp_path, arguments=())
    try:
        monkeypatch.setattr("agb._concurrency.place._Process.forks", 1)
        with pytest.raises(WrongProcessError, match="start one in the child"):
            server.endpoint()
    finally:
        server.stop()


FORK_BESIDE_AN_AGB = """
import os, sys, warnings
from agb import AGB

warnings.simplefilter("ignore", DeprecationWarning)
agb = AGB.local(data_dir=__file__ + "-data", options=("--warm", "0"))
agb.list().raise_for_error()
told, tells = os.pipe()
child = os.fork()
if not child:
    os.close(tells)
    os.read(told, 1)  # for as long as the parent lives
    os._exit(0)
server = agb.transport.connections.server._process
agb.close()
print(server.returncode)
"""


@pytest.mark.skipif(not hasattr(sys, "abiflags"), reason="this system has no fork")
def test_an_agb_of_the_parents_stops_though_a_forked_process_lives_on(
    tmp_path: Path, local_agb: LocalAGB
) -> None:
    out, err = run_program(tmp_path, local_agb, FORK_BESIDE_AN_AGB)
    assert out == "0\n", err
    assert not err


def test_without_a_thread_to_be_had_several_things_are_done_one_by_one(
    agb: AGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with agb.session() as session:
        texts = {f"{number}.txt": f"text {number}\r\n" for number in range(3)}
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            session.file.write_batch(texts).raise_for_error()
            read = session.file.read_batch(list(texts), exact=True).raise_for_error()
        assert dict(read.contents) == texts


def test_fifty_threads_share_a_client(agb: AGB) -> None:
    mark = uuid.uuid4().hex
    with agb.session(labels={"test": mark}) as session:

        def work(number: int) -> tuple[CommandResult, str, int]:
            said = session.command.execute(f"echo {mark} {number}", timeout_ms=60_000)
            path = f"of-thread-{number}"
            session.file.write_file(path, f"{number}").raise_for_error()
            read = session.file.read_file(path).raise_for_error()
            return said, read.content, agb.list(labels={"test": mark}).total_count

        with ThreadPoolExecutor(max_workers=50) as threads:
            done = list(threads.map(work, range(50)))
    assert [said.output.strip() for said, _, _ in done] == [f"{mark} {n}" for n in range(50)]
    assert [content for _, content, _ in done] == [str(n) for n in range(50)]
    assert {count for _, _, count in done} == {1}
    assert agb.list(labels={"test": mark}).total_count == 0
