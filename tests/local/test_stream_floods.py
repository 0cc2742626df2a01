"""Much output, odd output, and clients that do not read: none of it harms anybody."""

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from agb.local.server import Server
from agb.local.settings import Settings
from local.stand_ins import KEY, Caller, calling, serving
from local.streams import streaming, text_of

MIB = 1024 * 1024


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    settings = Settings(api_key=KEY, data_dir=tmp_path_factory.mktemp("agb"), port=0)
    async with serving(settings) as server:
        yield server


@pytest.fixture(scope="module")
async def agb(server: Server) -> AsyncIterator[Caller]:
    async with calling(server.endpoint) as caller:
        yield caller


@pytest.fixture(scope="module")
async def session_id(agb: Caller) -> str:
    return await agb.create()


async def test_characters_that_are_written_byte_by_byte_arrive_whole(
    agb: Caller, session_id: str
) -> None:
    text = "aä€😀\r\n" * 50
    code = f"import os\nfor byte in {text!r}.encode(): os.write(1, bytes([byte]))"
    async with streaming(agb, session_id) as stream:
        assert text_of(await stream.run(code)) == text


async def test_what_is_no_text_is_replaced_and_does_no_harm(agb: Caller, session_id: str) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)) + b'end')"
    async with streaming(agb, session_id) as stream:
        *events, end = await stream.run(code)
        assert text_of(events) == bytes(range(256)).decode(errors="replace") + "end"
        assert end["status"] == "finished"


async def test_100_mb_of_output_arrive_while_others_are_served(
    agb: Caller, session_id: str
) -> None:
    other = await agb.create()
    async with streaming(agb, session_id) as stream:
        await stream.ask("flood", f"for _ in range(10**6): print({'x' * 99!r})")
        served = asyncio.create_task(_served(agb, other))
        length = 0
        while (frame := await stream.next("flood"))["phase"] == "event":
            length += len(frame["chunk"])
        assert frame["status"] == "finished"
        assert length == 100 * 10**6
        assert await served == 20


async def _served(agb: Caller, session_id: str) -> int:
    said = [await agb.tool(session_id, "shell", command="true") for _ in range(20)]
    return sum(one.code == "OK" for one in said)


async def test_10_000_displays_arrive_in_order(agb: Caller, session_id: str) -> None:
    code = "for n in range(10_000): display({'text/plain': str(n)}, raw=True)"
    async with streaming(agb, session_id) as stream:
        *events, _ = await stream.run(code)
        shown = [event["result"]["mime"]["text/plain"] for event in events]
        assert shown == [str(n) for n in range(10_000)]


async def test_a_large_result_arrives_whole_and_one_too_large_is_told(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        result, _ = await stream.run("display({'text/html': 'x' * 30 * 10**6}, raw=True)")
        assert len(result["result"]["mime"]["text/html"]) == 30 * 10**6
        note, _ = await stream.run("display({'text/html': 'x' * 70 * 10**6}, raw=True)")
        assert "left out" in note["chunk"]


async def test_code_whose_client_does_not_read_is_made_to_wait(
    server: Server, agb: Caller, session_id: str
) -> None:
    code = f"for n in range(200): print('x' * ({MIB} - 1)); print(n, file=open('progress', 'w'))"
    async with streaming(agb, session_id) as stream:
        before = psutil.Process().memory_info().rss
        await stream.ask("r", code)
        await _waits(server, session_id)
        said = await agb.tool(session_id, "read_file", path="progress")
        assert int(said.text) < 150
        assert psutil.Process().memory_info().rss < before + 100 * MIB
        assert len(text_of(await stream.rest("r"))) == 200 * MIB


async def _waits(server: Server, session_id: str) -> None:
    """Wait until Python in a session has neither worked nor been about to for some time."""
    pids = server.sessions.find(session_id).sandbox.processes()
    runners = [p for p in map(psutil.Process, pids) if "python_runner.py" in " ".join(p.cmdline())]
    seen: list[float] = []
    async with asyncio.timeout(60):
        while len(seen) < 10 or len(set(seen[-10:])) > 1 or not seen[-1]:
            await asyncio.sleep(0.05)
            times = runners[0].cpu_times()
            seen.append(times.user + times.system)


async def test_a_client_that_never_reads_is_left_to_the_limit_of_its_run(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as deaf, streaming(agb, session_id) as stream:
        await deaf.ask("r", "while True: print('x' * 100_000)", timeout_s=1)
        await deaf.await_text("r", "x")
        assert await stream.value("1 + 1") == "2"  # has its turn once that is over
        deaf.socket.transport.abort()


async def test_a_fork_bomb_is_held_and_swept_up(agb: Caller, session_id: str) -> None:
    bomb = """
import os, time
print("on")
while True:
    try:
        os.fork()
    except OSError:
        pass
    time.sleep(0.1)  # it is not the machine that is to be tested
"""
    other = await agb.create()
    async with streaming(agb, session_id) as stream, streaming(agb, other) as neighbour:
        await stream.ask("bomb", bomb)
        await stream.await_text("bomb", "on")
        assert await neighbour.value("1 + 1") == "2"
        await stream.cancel("bomb")
        assert await stream.value("2 + 2") == "4"
        assert not stream.heard_of("bomb")


async def test_a_child_that_code_has_forked_ends_with_the_code(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        code = "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint('once'); pid > 0"
        *events, end = await stream.run(code)
        assert text_of(events) == "once\nonce\n"
        assert [e["result"]["mime"]["text/plain"] for e in events if "result" in e] == ["True"]
        assert end["status"] == "finished"
        assert await stream.value("1 + 1") == "2"
