"""How a run on a session's WebSocket comes to its end before its time."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from agb.local.server import Server
from agb.local.settings import Settings
from local.stand_ins import KEY, Caller, calling, serving
from local.streams import streaming

NEEDS = {"python": "python3", "javascript": "node", "java": "jshell", "r": "Rscript"}

STATE = {
    "python": ("kept = 20", "kept + 1", "21"),
    "javascript": ("let kept = 20", "kept + 1", "21"),
    "java": ("int kept = 20;", "kept + 1", "21"),
    "r": ("kept <- 20", "kept + 1", "[1] 21"),
}
ENDLESS = {
    "python": "print('on')\nwhile True: pass",
    "javascript": "console.log('on'); while (true) {}",
    "java": 'System.out.println("on"); while (true) {}',
    "r": "cat('on\\n'); while (TRUE) {}",
}
DEAF = {
    "python": (
        "import time\nwhile True:\n"
        " try:\n  print('on')\n  time.sleep(9999)\n except BaseException: pass"
    ),
    "javascript": (
        "require('child_process').execSync("
        """"trap '' INT; echo on; sleep 9999", {stdio: 'inherit'})"""
    ),
    "java": (
        "while (true) { try { "
        'System.out.println("on"); Thread.sleep(9999); } catch (Throwable t) {} }'
    ),
    "r": "repeat tryCatch({ cat('on\\n'); Sys.sleep(9999) }, interrupt = function(i) 1)",
}


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


@pytest.fixture(params=list(NEEDS))
def language(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if not shutil.which(NEEDS[name]):
        pytest.skip(f"{name} needs {NEEDS[name]}, which is not installed")
    return name


async def until(come: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    async with asyncio.timeout(60):
        while not come():  # noqa: ASYNC110 - processes set no events
            await asyncio.sleep(0.02)


def commands(server: Server, session_id: str) -> list[str]:
    """The command lines of what runs in a session."""
    lines = []
    for pid in server.sessions.find(session_id).sandbox.processes():
        try:
            lines.append(" ".join(psutil.Process(pid).cmdline()))
        except psutil.NoSuchProcess:
            continue
    return lines


def sleeps(server: Server, session_id: str, seconds: int) -> bool:
    return any(line.endswith(f"sleep {seconds}") for line in commands(server, session_id))


async def test_a_cancelled_run_stops_at_once_and_variables_stay(
    agb: Caller, session_id: str, language: str
) -> None:
    define, use, value = STATE[language]
    async with streaming(agb, session_id) as stream:
        await stream.run(define, language)
        await stream.ask("endless", ENDLESS[language], language)
        await stream.await_text("endless", "on")
        await stream.cancel("endless")
        assert await stream.value(use, language) == value
        assert not stream.heard_of("endless")


async def test_a_cancelled_run_that_will_not_stop_is_killed_and_the_next_one_says_so(
    agb: Caller, session_id: str, language: str
) -> None:
    define, use, _ = STATE[language]
    async with streaming(agb, session_id) as stream:
        await stream.run(define, language)
        await stream.ask("deaf", DEAF[language], language)
        await stream.await_text("deaf", "on")
        await stream.cancel("deaf")
        notice, *_, end = await stream.run(use, language)
        assert notice["eventType"] == "stderr"
        assert "variables are lost" in notice["chunk"]
        assert end["status"] == "failed"
        assert not stream.heard_of("deaf")
        again = await stream.run(define, language)
        assert [frame["phase"] for frame in again] == ["end"]


@pytest.mark.parametrize(
    "waiting",
    [
        "import time; time.sleep(10**6)",
        "import threading; threading.Event().wait()",
        "import asyncio; await asyncio.sleep(10**6)",
        "import subprocess; subprocess.run(['sleep', '1000'])",
        "import os; os.system('sleep 1000')",
        "while True: print('x' * 1000)",
        "import numpy; m = numpy.ones((300, 300))\nwhile True: m @ m",
    ],
)
async def test_python_that_waits_or_works_or_writes_is_interrupted(
    agb: Caller, session_id: str, waiting: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.run("kept = 20")
        await stream.ask("r", f"print('on')\n{waiting}")
        await stream.await_text("r", "on")
        await stream.cancel("r")
        assert await stream.value("kept") == "20"


async def test_a_loop_inside_of_c_is_killed_with_the_variables(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.run("kept = 20")
        *_, error, _ = await stream.run("sum(range(10**15))", timeout_s=1)
        assert "killed; variables are lost" in error["error"]["message"]
        *_, error, _ = await stream.run("kept")
        assert error["error"]["code"] == "NameError"


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
async def test_a_promise_that_is_never_kept_is_not_waited_for_any_longer(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.run("let promised = 20", "javascript")
        await stream.ask("r", "console.log('on'); await new Promise(() => {})", "javascript")
        await stream.await_text("r", "on")
        await stream.cancel("r")
        assert await stream.value("promised", "javascript") == "20"


async def test_what_a_cancelled_run_has_started_ends_with_it(
    server: Server, agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.run("import subprocess, time; subprocess.Popen(['sleep', '1001'])")
        code = "subprocess.Popen(['sleep', '1002']); print('on'); time.sleep(1000)"
        await stream.ask("r", code)
        await stream.await_text("r", "on")
        assert sleeps(server, session_id, 1002)
        await stream.cancel("r")
        await until(lambda: not sleeps(server, session_id, 1002))
        assert sleeps(server, session_id, 1001)  # of a run that has ended by itself


async def test_a_run_that_waits_for_its_turn_can_be_cancelled(agb: Caller, session_id: str) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.ask("first", "print('on')\nwhile True: pass")
        await stream.await_text("first", "on")
        await stream.ask("second", "open('second', 'w')")
        await stream.ask("third", "import os; os.path.exists('second')")
        await stream.cancel("second")
        await stream.cancel("unheard of")
        await stream.cancel("first")
        result, _ = await stream.rest("third")
        assert result["result"]["mime"]["text/plain"] == "False"


async def test_the_name_of_a_cancelled_run_can_be_used_again(agb: Caller, session_id: str) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.ask("r", "print('on')\nwhile True: pass")
        await stream.await_text("r", "on")
        await stream.cancel("r")
        await stream.ask("r", "'again'")
        result, _ = await stream.rest("r")
        assert result["result"]["mime"]["text/plain"] == "'again'"


async def test_a_client_that_goes_leaves_nothing_running(
    server: Server, agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.run("kept = 20")
    async with streaming(agb, session_id) as stream:
        for run in "one", "two":
            await stream.ask(run, "import os; print('on'); os.system('sleep 1003')")
        await stream.await_text("one", "on")
        stream.socket.transport.abort()
    await until(lambda: not sleeps(server, session_id, 1003))
    async with streaming(agb, session_id) as stream:
        assert await stream.value("kept") == "20"
        assert not sleeps(server, session_id, 1003)


async def test_a_tool_call_whose_caller_has_gone_stops_its_run(
    server: Server, agb: Caller, session_id: str
) -> None:
    call = asyncio.create_task(
        agb.tool(session_id, "run_code", code="!sleep 1004", language="python")
    )
    await until(lambda: sleeps(server, session_id, 1004))
    call.cancel()
    await asyncio.wait({call})
    await until(lambda: not sleeps(server, session_id, 1004))
    said = await agb.tool(session_id, "run_code", code="1 + 1", language="python")
    assert json.loads(said.text)["result"][0]["text/plain"] == "2"


async def test_a_release_ends_runs_and_connections(agb: Caller) -> None:
    session_id = await agb.create()
    async with streaming(agb, session_id) as stream:
        await stream.ask("r", "print('on')\nwhile True: pass")
        seen = await stream.await_text("r", "on")
        await agb.post("/mcp/releaseSession", sessionId=session_id)
        (last,) = await stream.rest("r", first=seen + 1)
        assert last["error"]["code"] == "InvalidMcpSession.NotFound"
        with pytest.raises(ConnectionClosed):
            await stream.socket.recv()
        assert stream.socket.close_code == 1001
