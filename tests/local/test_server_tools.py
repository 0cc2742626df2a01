"""What tools answer, from what the sandbox answers; the sandbox is a stand-in."""

import asyncio
import json
from typing import Any

import pytest

from agb._wire.tools import TOOLS
from agb.local.sandbox import OperationError
from agb.local.tools.calls import RUNS
from local.stand_ins import GONE, Caller, StandIns

PATIENCE = 30.0


def test_every_tool_of_the_contract_can_be_run() -> None:
    assert set(RUNS) == {tool.name for tool in TOOLS}


async def test_the_tools_of_an_image_are_listed_without_a_session(caller: Caller) -> None:
    said = await caller.post("/mcp/listTools", {"imageId": "code_latest"})
    assert isinstance(said.data, str)
    tools = {tool["name"]: tool for tool in json.loads(said.data)}
    assert set(tools) == {tool.name for tool in TOOLS}
    shell = tools["shell"]
    assert shell["description"]
    assert shell["server"] == "wuying_shell"
    assert shell["tool"] == "shell"
    assert shell["inputSchema"]["required"] == ["command"]


async def test_the_tools_of_an_unknown_image_are_not_found(caller: Caller) -> None:
    said = await caller.post("/mcp/listTools", {"imageId": "nothing"})
    assert (said.status, said.code) == (400, "InvalidImage.NotFound")


async def test_an_unknown_tool_is_named(caller: Caller) -> None:
    said = await caller.tool(await caller.create(), "no_such_tool")
    assert (said.status, said.code) == (400, "InvalidTool.NotFound")
    assert "'no_such_tool'" in said.message
    assert "data" not in said.body


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("shell", {}, "'command' is a required property"),
        ("shell", {"command": 7}, "command: 7 is not of type 'string'"),
        ("shell", {"command": ""}, "command: "),
        ("shell", {"command": None}, "'command'"),
        ("shell", {"command": "x", "timeout_ms": 0}, "timeout_ms: 0 is less than"),
        ("shell", {"command": "x", "timeout_ms": "1"}, "timeout_ms: '1' is not"),
        ("shell", {"command": "x", "timeout_ms": 1.0}, "timeout_ms: expected an integer"),
        ("shell", {"command": "x", "timeout_ms": True}, "timeout_ms: True is not"),
        ("shell", {"command": "x", "envs": {"A": 1}}, "envs.A: 1 is not of type 'string'"),
        ("shell", {"command": "x", "colour": "red"}, "'colour' was unexpected"),
        ("run_code", {"code": "1", "language": "ruby"}, "language: 'ruby' is not one of"),
        ("run_code", {"code": "1"}, "'language' is a required property"),
        ("read_file", {"path": "x", "offset": -1}, "offset: -1 is less than"),
        ("read_file", {"path": "x", "format": "text"}, "format: "),
        ("write_file", {"path": "x", "content": "y", "mode": "z"}, "mode: 'z' is not one of"),
        ("edit_file", {"path": "x", "edits": [{"oldText": "a"}]}, "edits[0]: 'newText'"),
        ("read_multiple_files", {"paths": "x"}, "paths: 'x' is not of type 'array'"),
        ("get_metrics", {"x": 1}, "'x' was unexpected"),
        ("write_file", {"path": "x", "content": 1, "mode": "y" * 9999}, "write_file: "),
    ],
)
async def test_arguments_that_miss_the_schema_are_refused_by_name(
    caller: Caller, tool: str, arguments: dict[str, Any], named: str
) -> None:
    said = await caller.tool(await caller.create(), tool, **arguments)
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert named in said.message
    assert len(said.message) < 400


async def test_a_complaint_does_not_repeat_a_whole_file(caller: Caller) -> None:
    said = await caller.tool(await caller.create(), "shell", command=["x" * 1_000_000])
    assert said.code == "InvalidParameter"
    assert len(said.message) < 400


async def test_an_argument_that_is_null_is_as_if_left_out(
    caller: Caller, stand_ins: StandIns
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def answer(operation: str, **parameters: Any) -> str:
        asked.append((operation, parameters))
        return "text"

    stand_ins.answer = answer
    said = await caller.tool(
        await caller.create(), "read_file", path="/x", offset=None, length=None, format=None
    )
    assert said.text == "text"
    operation, parameters = asked[0]
    assert operation == "file.read"
    assert parameters["offset"] == 0
    assert parameters["length"] is None
    assert parameters["binary"] is False


SHELL = {"stdout": "out\n", "stderr": "err\n", "exit_code": 3, "timed_out": False}
CODE = {
    "results": [
        {"data": {"text/plain": "fig", "image/png": "aWc="}, "isMainResult": False},
        {"data": {"text/plain": "42"}, "isMainResult": True},
    ],
    "stdout": ["hi\n"],
    "stderr": ["warning\n"],
    "execution_count": 2,
    "execution_time": 0.5,
    "error": None,
    "timed_out": False,
}
INFO = {"name": "x", "path": "/x", "size": 3, "isDirectory": False, "mode": "-rw-r--r--"}


@pytest.mark.parametrize(
    ("tool", "arguments", "answer", "text"),
    [
        ("create_directory", {"path": "/d"}, None, "/d is there"),
        ("delete_file", {"path": "/d"}, None, "removed /d"),
        ("move_file", {"source": "/a", "destination": "/b"}, None, "moved /a to /b"),
        ("write_file", {"path": "/a", "content": "x"}, None, "wrote /a"),
        ("read_file", {"path": "/a"}, "content\n", "content\n"),
        (
            "edit_file",
            {"path": "/a", "edits": [{"oldText": "a", "newText": ""}]},
            "--- a\n+++ b\n",
            "--- a\n+++ b\n",
        ),
        (
            "get_file_info",
            {"path": "/x"},
            INFO,
            "name: x\npath: /x\nsize: 3\nisDirectory: false\nmode: -rw-r--r--\n",
        ),
        (
            "list_directory",
            {"path": "/"},
            [{"name": "d", "isDirectory": True}, {"name": "f", "isDirectory": False}],
            "[DIR] d\n[FILE] f",
        ),
        ("list_directory", {"path": "/"}, [], ""),
        (
            "read_multiple_files",
            {"paths": ["/a", "b"]},
            [{"path": "/a", "content": "1\n"}, {"path": "/home/user/b", "content": "2"}],
            "/a:\n1\n\n---\nb:\n2",
        ),
        ("search_files", {"path": "/", "pattern": "*"}, ["/a", "/b"], "/a\n/b"),
        ("search_files", {"path": "/", "pattern": "*"}, [], "No matches found"),
    ],
)
async def test_tools_answer_in_the_shapes_of_the_contract(  # noqa: PLR0917 - a table
    caller: Caller,
    stand_ins: StandIns,
    tool: str,
    arguments: dict[str, Any],
    answer: Any,
    text: str,
) -> None:
    stand_ins.answer = lambda *_, **__: answer
    said = await caller.tool(await caller.create(), tool, **arguments)
    assert said.text == text
    assert said.data["content"][0]["type"] == "text"
    assert said.is_error is False
    assert said.code == "OK"


async def test_changes_are_told_as_json(caller: Caller, stand_ins: StandIns) -> None:
    events = [{"eventType": "create", "path": "/d/x", "pathType": "file"}]
    stand_ins.answer = lambda *_, **__: events
    said = await caller.tool(await caller.create(), "get_file_change", path="/d")
    assert json.loads(said.text) == events


async def test_edits_reach_the_sandbox_as_they_were_sent(
    caller: Caller, stand_ins: StandIns
) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_: str, **parameters: Any) -> str:
        asked.append(parameters)
        return ""

    stand_ins.answer = answer
    edits = [{"oldText": "a", "newText": ""}, {"oldText": "b", "newText": "c"}]
    session_id = await caller.create()
    await caller.tool(session_id, "edit_file", path="/x", edits=edits, dryRun=True)
    assert asked[0]["edits"] == edits
    assert asked[0]["dry_run"] is True


async def test_reading_several_files_fails_when_one_can_not_be_read(
    caller: Caller, stand_ins: StandIns
) -> None:
    missing = {"code": "File.NotFound", "message": "/b: no such file"}
    stand_ins.answer = lambda *_, **__: [
        {"path": "/a", "content": "1"},
        {"path": "/b", "error": missing},
    ]
    said = await caller.tool(await caller.create(), "read_multiple_files", paths=["/a", "/b"])
    assert said.is_error
    assert said.code == "File.NotFound"
    assert said.text == "/b: no such file"


async def test_a_command_that_fails_is_no_failed_tool(caller: Caller, stand_ins: StandIns) -> None:
    stand_ins.answer = lambda *_, **__: SHELL
    said = await caller.tool(await caller.create(), "shell", command="x")
    outcome = json.loads(said.text)
    assert outcome.pop("traceId")
    assert outcome == {"stdout": "out\n", "stderr": "err\n", "exit_code": 3}
    assert said.is_error is False


async def test_a_silent_command_has_both_streams(caller: Caller, stand_ins: StandIns) -> None:
    stand_ins.answer = lambda *_, **__: {**SHELL, "stdout": "", "stderr": "", "exit_code": 0}
    outcome = json.loads((await caller.tool(await caller.create(), "shell", command="x")).text)
    assert (outcome["stdout"], outcome["stderr"], outcome["exit_code"]) == ("", "", 0)


@pytest.mark.parametrize("stderr", ["", "half a line", "a line\n"])
async def test_a_command_over_its_limit_tells_what_it_wrote_and_the_limit(
    caller: Caller, stand_ins: StandIns, stderr: str
) -> None:
    stand_ins.answer = lambda *_, **__: {**SHELL, "stderr": stderr, "timed_out": True}
    said = await caller.tool(await caller.create(), "shell", command="x", timeout_ms=250)
    assert said.is_error
    assert said.code == "Execution.Timeout"
    outcome = json.loads(said.text)
    assert outcome["stdout"] == "out\n"
    assert outcome["exit_code"] == outcome["errorCode"] == 124
    assert outcome["stderr"].startswith(stderr)
    assert "250 ms" in outcome["stderr"].splitlines()[-1]


async def test_code_answers_with_results_and_outputs(caller: Caller, stand_ins: StandIns) -> None:
    stand_ins.answer = lambda *_, **__: CODE
    said = await caller.tool(await caller.create(), "run_code", code="x", language="python")
    assert said.is_error is False
    assert json.loads(said.text) == {
        "result": [
            {"text/plain": "fig", "image/png": "aWc=", "isMainResult": False},
            {"text/plain": "42", "isMainResult": True},
        ],
        "stdout": ["hi\n"],
        "stderr": ["warning\n"],
        "execution_count": 2,
        "execution_time": 0.5,
        "executionError": None,
    }


@pytest.mark.parametrize(
    ("timed_out", "traceback", "shown", "code"),
    [
        (False, ["line 1", "line 2\n"], ["warning\n", "line 1\nline 2\n"], "OK"),
        (True, [], ["warning\n"], "Execution.Timeout"),
    ],
)
async def test_code_that_fails_is_no_failed_tool(  # noqa: PLR0917 - a table
    caller: Caller,
    stand_ins: StandIns,
    timed_out: bool,
    traceback: list[str],
    shown: list[str],
    code: str,
) -> None:
    error = {"name": "ValueError", "value": "no", "traceback": traceback}
    stand_ins.answer = lambda *_, **__: {**CODE, "error": error, "timed_out": timed_out}
    said = await caller.tool(await caller.create(), "run_code", code="x", language="python")
    assert said.is_error is False
    assert said.code == code
    outcome = json.loads(said.text)
    assert outcome["executionError"] == "ValueError: no"
    assert outcome["stderr"] == shown


async def test_what_code_wrote_before_its_process_died_is_told(
    caller: Caller, stand_ins: StandIns
) -> None:
    def die(_: str, **__: Any) -> None:
        details = {"stdout": ["so far\n"], "stderr": []}
        raise OperationError("Code.RunnerDied", "the python process was killed", details)

    stand_ins.answer = die
    said = await caller.tool(await caller.create(), "run_code", code="x", language="python")
    assert said.is_error is False
    assert said.code == "Code.RunnerDied"
    outcome = json.loads(said.text)
    assert outcome["stdout"] == ["so far\n"]
    assert outcome["executionError"] == "the python process was killed"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("run_code", {"code": "x", "language": "java"}),
        ("shell", {"command": "x", "cwd": "/nowhere"}),
        ("read_file", {"path": "/nowhere"}),
        ("get_metrics", {}),
    ],
)
async def test_an_operation_that_fails_is_a_failed_tool_with_its_code(
    caller: Caller, stand_ins: StandIns, tool: str, arguments: dict[str, Any]
) -> None:
    def fail(_: str, **__: Any) -> None:
        raise OperationError("Some.Code", "what went wrong")

    stand_ins.answer = fail
    said = await caller.tool(await caller.create(), tool, **arguments)
    assert said.body["success"] is True
    assert said.is_error
    assert said.text == "what went wrong"
    assert said.code == "Some.Code"


async def test_work_on_files_that_never_ends_is_given_up(
    caller: Caller, stand_ins: StandIns
) -> None:
    def wait(_: str, **parameters: Any) -> None:
        assert parameters["timeout"] == 60
        raise TimeoutError

    stand_ins.answer = wait
    said = await caller.tool(await caller.create(), "read_file", path="/tmp/a-pipe")
    assert said.is_error
    assert said.code == "Execution.Timeout"
    assert "read_file" in said.text


async def test_metrics_of_a_session_that_is_released_meanwhile_are_not_found(
    caller: Caller, stand_ins: StandIns
) -> None:
    def release(_: str, **__: Any) -> dict[str, Any]:
        stand_ins.opened[0].root.rmdir()
        return {"network": {}}

    stand_ins.answer = release
    said = await caller.tool(await caller.create(), "get_metrics")
    assert (said.status, said.code) == (400, GONE)


async def test_code_is_stopped_when_its_caller_hangs_up(
    caller: Caller, stand_ins: StandIns
) -> None:
    session_id = await caller.create()
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def run(_: str, **__: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    stand_ins.answer = run
    running = asyncio.create_task(
        caller.tool(session_id, "run_code", code="1", language="python", timeout_s=60)
    )
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        running.cancel()
        await stopped.wait()
    stand_ins.answer = lambda _, **__: CODE
    again = await caller.tool(session_id, "run_code", code="1", language="python")
    assert again.code == "OK"


async def test_code_that_nobody_can_tell_the_end_of_is_given_up(
    caller: Caller, stand_ins: StandIns
) -> None:
    async def run(_: str, **__: Any) -> None:
        raise TimeoutError

    session_id = await caller.create()
    stand_ins.answer = run
    said = await caller.tool(session_id, "run_code", code="1", language="python")
    assert (said.is_error, said.code) == (True, "Execution.Timeout")
