"""The whole of it, with the sandboxes of this machine."""

import asyncio
import base64
import contextlib
import json
import logging
from pathlib import Path

import psutil
import pytest
from attrs import evolve

from agb.local.sandbox import Sandboxes, SandboxUnavailable
from agb.local.settings import CannotStart, SandboxChoice, Settings
from local.stand_ins import GONE, KEY, LINKED, Caller, calling, serving


@pytest.fixture(scope="module", params=["auto", "portable", "plain"])
def choice(request: pytest.FixtureRequest) -> SandboxChoice:
    found: SandboxChoice = request.param
    return found


async def test_files_come_back_as_they_were_written(agb: Caller) -> None:
    session_id = await agb.create()
    text = "ä\r\n\t\0 ...\n"
    assert (await agb.tool(session_id, "write_file", path="/tmp/d/x", content=text)).code == "OK"
    assert (await agb.tool(session_id, "read_file", path="/tmp/d/x")).text == text
    binary = await agb.tool(session_id, "read_file", path="/tmp/d/x", format="binary")
    assert base64.b64decode(binary.text) == text.encode()
    part = await agb.tool(session_id, "read_file", path="/tmp/d/x", offset=2, length=2)
    assert part.text == "\r\n"
    beyond = await agb.tool(session_id, "read_file", path="/tmp/d/x", offset=2**60, length=2)
    assert beyond.code != "Internal"
    listed = await agb.tool(session_id, "list_directory", path="/tmp/d")
    assert listed.text == "[FILE] x"
    info = await agb.tool(session_id, "get_file_info", path="/tmp/d/x")
    assert f"size: {len(text.encode())}\n" in info.text
    assert "isDirectory: false\n" in info.text
    several = await agb.tool(session_id, "read_multiple_files", paths=["/tmp/d/x"])
    assert several.text == f"/tmp/d/x:\n{text}"
    found = await agb.tool(session_id, "search_files", path="/tmp/d", pattern="x")
    assert found.text == "/tmp/d/x"


async def test_a_file_is_made_edited_moved_and_removed(agb: Caller) -> None:
    session_id = await agb.create()
    await agb.tool(session_id, "create_directory", path="/workspace/d")
    base = await agb.tool(session_id, "get_file_change", path="/workspace/d")
    assert json.loads(base.text) == []
    await agb.tool(session_id, "write_file", path="/workspace/d/x", content="one\n")
    changes = json.loads((await agb.tool(session_id, "get_file_change", path="/workspace/d")).text)
    assert {change["eventType"] for change in changes} == {"create", "modify"}
    assert {change["path"] for change in changes} == {"/workspace/d/x"}
    edits = [{"oldText": "one", "newText": "two"}]
    edited = await agb.tool(session_id, "edit_file", path="/workspace/d/x", edits=edits)
    assert "-one" in edited.text
    assert "+two" in edited.text
    again = await agb.tool(session_id, "edit_file", path="/workspace/d/x", edits=edits)
    assert again.is_error
    assert again.code == "File.EditMismatch"
    move = {"source": "/workspace/d/x", "destination": "/workspace/d/y"}
    assert not (await agb.tool(session_id, "move_file", **move)).is_error
    assert (await agb.tool(session_id, "read_file", path="/workspace/d/y")).text == "two\n"
    assert not (await agb.tool(session_id, "delete_file", path="/workspace/d")).is_error
    missing = await agb.tool(session_id, "read_file", path="/workspace/d/y")
    assert missing.is_error
    assert missing.code == "File.NotFound"
    assert "/workspace/d/y" in missing.text


async def test_what_comes_and_goes_between_two_looks_is_told(agb: Caller) -> None:
    session_id = await agb.create()
    look = {"path": "/workspace"}
    assert json.loads((await agb.tool(session_id, "get_file_change", **look)).text) == []
    command = "mkdir -p /workspace/d && cd /workspace/d && echo x > a && rm a && echo y > b"
    await agb.tool(session_id, "shell", command=command)
    changes = json.loads((await agb.tool(session_id, "get_file_change", **look)).text)
    kept = {(each["eventType"], each["path"], each["pathType"]) for each in changes}
    assert ("create", "/workspace/d", "directory") in kept
    assert {("create", "/workspace/d/b", "file"), ("modify", "/workspace/d/b", "file")} <= kept
    await agb.tool(session_id, "shell", command="echo x > /workspace/d/c; rm /workspace/d/c")
    changes = json.loads((await agb.tool(session_id, "get_file_change", **look)).text)
    assert [each["eventType"] for each in changes] == ["create", "modify", "delete"]
    assert {each["path"] for each in changes} == {"/workspace/d/c"}


async def test_commands_tell_their_outputs_apart(agb: Caller) -> None:
    said = await agb.tool(
        await agb.create(), "shell", command="echo o; echo $X >&2; exit 3", envs={"X": "a;'b"}
    )
    outcome = json.loads(said.text)
    assert (outcome["stdout"], outcome["stderr"], outcome["exit_code"]) == ("o\n", "a;'b\n", 3)


async def test_a_command_over_its_limit_is_ended(agb: Caller) -> None:
    said = await agb.tool(await agb.create(), "shell", command="echo o; sleep 1000", timeout_ms=300)
    assert said.is_error
    assert said.code == "Execution.Timeout"
    assert json.loads(said.text)["stdout"] == "o\n"


async def test_a_limit_without_measure_is_taken(agb: Caller) -> None:
    session_id = await agb.create()
    said = await agb.tool(session_id, "shell", command="true", timeout_ms=10**30)
    assert json.loads(said.text)["exit_code"] == 0
    said = await agb.tool(session_id, "run_code", code="1", language="python", timeout_s=10**30)
    assert json.loads(said.text)["executionError"] is None


async def test_code_keeps_its_variables(agb: Caller) -> None:
    session_id = await agb.create()
    await agb.tool(session_id, "run_code", code="x = 40", language="python")
    said = await agb.tool(session_id, "run_code", code="print(1)\nx + 2", language="python")
    outcome = json.loads(said.text)
    assert outcome["result"] == [{"text/plain": "42", "isMainResult": True}]
    assert "".join(outcome["stdout"]) == "1\n"
    assert outcome["executionError"] is None


async def test_code_that_raises_tells_what_and_where(agb: Caller) -> None:
    said = await agb.tool(await agb.create(), "run_code", code="1 / 0", language="python")
    assert said.is_error is False
    outcome = json.loads(said.text)
    assert outcome["executionError"] == "ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in "".join(outcome["stderr"])


async def test_code_whose_process_dies_is_told(agb: Caller) -> None:
    code = "import os; print('before', flush=True); os._exit(3)"
    said = await agb.tool(await agb.create(), "run_code", code=code, language="python")
    outcome = json.loads(said.text)
    assert said.code == "Code.RunnerDied"
    assert outcome["executionError"]
    assert "".join(outcome["stdout"]) == "before\n"


async def test_no_code_is_a_failed_tool(agb: Caller) -> None:
    said = await agb.tool(await agb.create(), "run_code", code=" ", language="python")
    assert said.is_error
    assert said.code == "Code.Empty"


async def test_metrics_are_of_this_machine(agb: Caller) -> None:
    session_id = await agb.create(LINKED)
    await agb.tool(session_id, "shell", command="head -c 3000000 /dev/zero > /tmp/large")
    found = json.loads((await agb.tool(session_id, "get_metrics")).text)
    assert found["cpu_count"] == psutil.cpu_count()
    assert 0 <= found["cpu_used_pct"] <= 100
    assert 0 < found["mem_used"] < found["mem_total"] <= psutil.virtual_memory().total
    assert 3_000_000 <= found["disk_used"] < found["disk_total"]
    assert found["rx_used_kbyte"] >= 0
    assert found["timestamp"]


async def test_two_sessions_do_not_see_each_other(agb: Caller) -> None:
    one, two = await agb.create(), await agb.create()
    for session_id in (one, two):
        await agb.tool(session_id, "write_file", path="/tmp/mine", content=session_id)
        await agb.tool(session_id, "run_code", code=f"x = {session_id!r}", language="python")
    for session_id in (one, two):
        assert (await agb.tool(session_id, "read_file", path="/tmp/mine")).text == session_id
        said = await agb.tool(session_id, "run_code", code="x", language="python")
        assert json.loads(said.text)["result"][0]["text/plain"] == repr(session_id)
    await agb.post("/mcp/releaseSession", sessionId=one)
    assert (await agb.tool(two, "read_file", path="/tmp/mine")).text == two


async def test_a_long_call_holds_up_nobody(agb: Caller) -> None:
    session_id = await agb.create()
    long = asyncio.create_task(
        agb.tool(
            session_id, "shell", command="while [ ! -e /tmp/go ]; do :; done", timeout_ms=60_000
        )
    )
    assert (await agb.tool(session_id, "write_file", path="/tmp/x", content="1")).code == "OK"
    assert not long.done()
    await agb.tool(session_id, "write_file", path="/tmp/go", content="")
    assert json.loads((await long).text)["exit_code"] == 0


async def test_the_page_names_the_processes(agb: Caller) -> None:
    session_id = await agb.create()
    url = (await agb.post("/mcp/getMcpResource", sessionId=session_id)).data["resourceUrl"]
    assert (await agb.http.get(url)).json()["data"]["processes"]


async def test_a_sandbox_that_is_killed_is_a_session_that_is_gone(
    choice: SandboxChoice, settings: Settings
) -> None:
    chosen = evolve(settings, sandbox=choice)
    async with serving(chosen) as server, calling(server.endpoint) as caller:
        session_id = await caller.create()
        (session,) = server.sessions.active()
        waiting = asyncio.create_task(caller.tool(session_id, "shell", command="sleep 1000"))
        await caller.tool(session_id, "shell", command="true")
        for pid in session.sandbox.processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended with another
                psutil.Process(pid).kill()
        assert (await waiting).code == GONE
        await server.sessions.settle()
        assert await caller.status(session_id) == GONE


async def test_release_leaves_neither_folder_nor_process(
    choice: SandboxChoice, settings: Settings
) -> None:
    chosen = evolve(settings, sandbox=choice)
    async with serving(chosen) as server, calling(server.endpoint) as caller:
        session_id = await caller.create()
        await caller.tool(session_id, "shell", command="nohup setsid sleep 1000 >&- 2>&- & true")
        await caller.tool(session_id, "run_code", code="1", language="python")
        (session,) = server.sessions.active()
        processes = []
        for pid in session.sandbox.processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # a shell that has just ended
                processes.append(psutil.Process(pid))
        assert len(processes) > 2
        folder = settings.data_dir.joinpath(*session.sandbox.root.parts[-4:])
        assert folder == session.sandbox.root
        await caller.post("/mcp/releaseSession", sessionId=session_id)
        assert list(folder.parent.iterdir()) == []
        assert [process for process in processes if runs(process)] == []


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_without_isolation_it_works_and_says_so(settings: Settings) -> None:
    async with (
        serving(evolve(settings, sandbox="plain")) as server,
        calling(server.endpoint) as caller,
    ):
        session_id = await caller.create()
        said = await caller.post("/mcp/getMcpResource", sessionId=session_id)
        assert said.data["sandbox"].startswith("portable: ")
        await caller.tool(session_id, "write_file", path="/tmp/x", content="kept")
        assert (await caller.tool(session_id, "read_file", path="/tmp/x")).text == "kept"
        escaped = await caller.tool(session_id, "read_file", path="/../../../etc/hostname")
        assert escaped.is_error


async def test_isolation_that_is_insisted_on_and_can_not_be_had_is_no_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def detect(**_: object) -> Sandboxes:
        raise SandboxUnavailable("no bubblewrap here")

    monkeypatch.setattr(Sandboxes, "detect", detect)
    with pytest.raises(CannotStart, match="no bubblewrap here") as refused:
        async with serving(evolve(settings, sandbox="strong")):
            pass
    assert refused.value.code == "Sandbox.Unavailable"


async def test_neither_key_nor_tokens_get_into_the_log(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the caller's own log
    caplog.set_level(logging.WARNING, "httpcore")
    async with serving(settings) as server, calling(server.endpoint) as caller:
        data = (await caller.post("/mcp/createSession", {"imageId": LINKED})).data
        await caller.tool(data["sessionId"], "shell", command="true")
        await caller.send(
            "POST", data["linkUrl"] + "/callTool", headers={"X-Access-Token": "wrong"}
        )
        await caller.http.get(data["resourceUrl"])
        await caller.send("GET", "/sdk/ListSession", headers={"Authorization": f"Basic {KEY}"})
    secrets = [KEY, data["token"], data["resourceUrl"].partition("token=")[2]]
    assert all(secrets)
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_a_key_shows_in_no_repr() -> None:
    assert KEY not in repr(Settings(api_key=KEY, data_dir=Path("x")))
