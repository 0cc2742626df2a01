"""A session's WebSocket: what is asked for on it, and what it tells."""

import json
import shutil
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local.stand_ins import LINKED, Caller
from local.streams import UNTIL_GO, address, streaming, text_of


@pytest.fixture(scope="module")
async def session_id(agb: Caller) -> str:
    """A session that tests share: it is Python that takes its time to start."""
    return await agb.create()


async def test_output_value_and_end_come_in_order(agb: Caller) -> None:
    async with streaming(agb) as stream:
        *events, end = await stream.run(
            "import sys; print('a'); print('b', file=sys.stderr); 6 * 7"
        )
        assert text_of(events) == "a\n"
        assert text_of(events, "stderr") == "b\n"
        assert events[-1]["result"] == {"isMainResult": True, "mime": {"text/plain": "42"}}
        assert {key: end[key] for key in ("phase", "status", "executionError")} == {
            "phase": "end",
            "status": "finished",
            "executionError": None,
        }
        assert end["executionCount"] == 1
        assert end["executionTime"] >= 0


async def test_output_comes_while_the_code_goes_on(agb: Caller, session_id: str) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.ask("r", f"{UNTIL_GO}\nprint('after')")
        seen = await stream.await_text("r", "on")
        await agb.tool(session_id, "write_file", path="go", content="")
        assert text_of(await stream.rest("r", first=seen + 1)) == "after\n"


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
async def test_runs_of_several_languages_go_on_at_once(agb: Caller, session_id: str) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.ask("slow", UNTIL_GO)
        await stream.await_text("slow", "on")
        await stream.ask("next", "7 * 7")
        await stream.ask("other", "require('node:fs').writeFileSync('go', '')", "javascript")
        assert (await stream.rest("other"))[-1]["phase"] == "end"
        assert (await stream.rest("next"))[0]["result"]["mime"]["text/plain"] == "49"


async def test_variables_are_those_of_the_tool_and_of_other_connections(
    agb: Caller, session_id: str
) -> None:
    await agb.tool(session_id, "run_code", code="x = 40", language="python")
    async with streaming(agb, session_id) as one, streaming(agb, session_id) as other:
        await one.run("y = x + 2")
        assert await other.value("y") == "42"


async def test_every_image_has_a_socket(agb: Caller) -> None:
    async with streaming(agb, await agb.create(LINKED)) as stream:
        assert await stream.value("1 + 1") == "2"


async def test_why_code_failed_comes_before_the_end(agb: Caller, session_id: str) -> None:
    async with streaming(agb, session_id) as stream:
        *_, error, end = await stream.run("def f():\n    1 / 0\nprint('so far')\nf()")
        assert error["eventType"] == "error"
        assert error["error"]["code"] == "ZeroDivisionError"
        assert error["error"]["message"] == "division by zero"
        assert "line 2 in f" in error["error"]["traceback"]
        assert end["phase"] == "end"
        assert end["status"] == "failed"
        assert end["executionError"] == "ZeroDivisionError: division by zero"


async def test_a_run_over_its_limit_is_told_apart_from_an_error_of_that_name(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.run("kept = 1")
        *_, error, end = await stream.run("while True: pass", timeout_s=1)
        assert error["error"]["code"] == "Execution.Timeout"
        assert "variables are kept" in error["error"]["message"]
        assert "limit of 1 s" in end["executionError"]
        *_, error, _ = await stream.run("raise TimeoutError('mine')")
        assert error["error"]["code"] == "TimeoutError"
        assert await stream.value("kept") == "1"


async def test_a_process_that_dies_is_told_and_what_it_wrote_is_kept(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        code = "import os; print('last words'); os._exit(3)"
        *events, error, end = await stream.run(code)
        assert text_of(events) == "last words\n"
        assert error["error"]["code"] == "Code.RunnerDied"
        assert "variables are lost" in end["executionError"]
        assert await stream.value("1 + 1") == "2"


@pytest.mark.parametrize(
    ("params", "code", "problem"),
    [
        ({"language": "ruby", "code": "1"}, "InvalidParameter", "'ruby' is not one of"),
        ({"language": "python", "code": " "}, "Code.Empty", "no code"),
        ({"language": "python"}, "InvalidParameter", "data.params.code: is not text"),
        ({"language": "python", "code": "1", "timeoutS": 0}, "InvalidParameter", "timeoutS"),
    ],
)
async def test_what_cannot_be_run_ends_in_an_error(
    agb: Caller, session_id: str, params: dict[str, Any], code: str, problem: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.say("r", {"method": "run_code", "mode": "stream", "params": params})
        (frame,) = await stream.rest("r")
        assert frame["phase"] == "error"
        assert frame["error"]["code"] == code
        assert problem in frame["error"]["message"]
        assert await stream.value("1 + 1") == "2"


@pytest.mark.parametrize("token", [None, "", "wrong", "ä"])
async def test_a_handshake_needs_the_token(agb: Caller, token: str | None) -> None:
    url, _ = await address(agb, await agb.create())
    headers = {} if token is None else {"X-Access-Token": token}
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, additional_headers=headers, proxy=None)
    response = caught.value.response
    assert response.status_code == 401
    assert json.loads(response.body)["code"] == "InvalidAccessToken"


async def test_a_handshake_needs_a_session(agb: Caller) -> None:
    url, token = await address(agb, await agb.create())
    for elsewhere in url[:-1] + ("1" if url[-1] == "0" else "0"), url.replace("/s-", "/x/s-"):
        with pytest.raises(InvalidStatus) as caught:
            await connect(elsewhere, additional_headers={"X-Access-Token": token}, proxy=None)
        assert 400 <= caught.value.response.status_code < 500


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "no json",
        "7",
        "{}",
        '{"invocationId": 7, "data": {}}',
        '{"invocationId": "", "data": {}}',
        '{"invocationId": "\\ud800", "data": {}}',
        json.dumps({"invocationId": "x" * 1000, "data": {}}),
        "[" * 100_000,
        '{"invocationId": "deep", "data": ' + "[" * 100_000,
        b'{"invocationId": "r", "data": {}}',
        b"\xff",
    ],
)
async def test_a_frame_that_names_no_run_is_ignored(
    agb: Caller, session_id: str, nonsense: str | bytes
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.socket.send(nonsense)
        assert await stream.value("1 + 1") == "2"


@pytest.mark.parametrize(
    "data", [7, None, [], {}, {"method": "other"}, {"method": "run_code", "mode": "stream"}]
)
async def test_a_frame_that_makes_no_sense_is_an_error_of_its_run(
    agb: Caller, session_id: str, data: Any
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.say("n", data)
        (frame,) = await stream.rest("n")
        assert frame["error"]["code"] == "InvalidParameter"
        assert await stream.value("1 + 1") == "2"


async def test_a_second_frame_for_a_run_that_goes_on_does_not_disturb_it(
    agb: Caller, session_id: str
) -> None:
    async with streaming(agb, session_id) as stream:
        await stream.ask("r", f"{UNTIL_GO}\n7")
        seen = await stream.await_text("r", "on")
        await stream.ask("r", "'never'")
        await stream.say("r", {"written": "later"})
        await agb.tool(session_id, "write_file", path="go", content="")
        result, end = await stream.rest("r", first=seen + 1)
        assert result["result"]["mime"]["text/plain"] == "7"
        assert end["phase"] == "end"


async def test_a_frame_that_is_too_long_ends_the_connection(agb: Caller, session_id: str) -> None:
    async with streaming(agb, session_id) as stream:
        with suppress(ConnectionClosed):  # it may be refused before it is sent to its end
            await stream.socket.send("x" * (64 * 1024 * 1024 + 1))
        await stream.socket.wait_closed()
        assert stream.socket.close_code == 1009
