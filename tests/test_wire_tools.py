"""The contract of tools: their schemas, their lists, and calling them over a session's link."""

import json
from contextlib import suppress
from typing import Any

import pytest
from conformance.strategies import JSON, of
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agb._wire import link
from agb._wire.answers import Malformed, Refused
from agb._wire.codec import dump, load
from agb._wire.messages.tools import (
    LinkCallRequest,
    ToolCallData,
    ToolLine,
    read_tool_list,
    write_tool_list,
)
from agb._wire.schema import input_schema
from agb._wire.tools import TOOLS, EditFileArguments, ShellArguments, Tool

every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda each: each.name)


def arrived(value: Any) -> Any:
    """Return what arrives of a JSON value."""
    return json.loads(json.dumps(value))


def test_a_tool_list_is_read_in_every_spelling() -> None:
    shell = ToolLine(name="shell", server="a")
    for spelled in (
        [{"name": "shell", "server": "a"}],
        [{"Name": "shell", "Server": "a"}, 5],
        [{"name": "shell", "serverName": "a"}],
        write_tool_list([shell]),
    ):
        assert read_tool_list(spelled) == (shell,)
    unreadable: tuple[object, ...] = ("{oops", "5", 5, None, {})
    assert [read_tool_list(found) for found in unreadable] == [()] * 5


@every_tool
def test_a_tools_schema_is_one(tool: Tool) -> None:
    Draft202012Validator.check_schema(input_schema(tool.arguments))


@every_tool
@given(data=st.data())
def test_a_tools_schema_takes_the_arguments_that_the_client_sends(
    tool: Tool, data: st.DataObject
) -> None:
    arguments = data.draw(of(tool.arguments))
    written = arrived(dump(arguments))
    schema = input_schema(tool.arguments)
    complaints = Draft202012Validator(schema).iter_errors(written)
    assert {error.validator for error in complaints} <= {"minLength", "minimum"}
    assert load(written, tool.arguments) == arguments


@every_tool
def test_a_tools_schema_refuses_what_the_tool_does_not_know(tool: Tool) -> None:
    schema = Draft202012Validator(input_schema(tool.arguments))
    assert not schema.is_valid({"no_such_argument": 1})
    assert schema.is_valid({}) == (not input_schema(tool.arguments)["required"])


def test_a_tools_schema_tells_kinds_limits_and_defaults() -> None:
    properties = input_schema(ShellArguments)["properties"]
    assert properties["timeout_ms"] == {
        "type": "integer",
        "description": "Limit in milliseconds.",
        "minimum": 1,
        "default": 1000,
    }
    assert properties["envs"]["additionalProperties"] == {"type": "string"}
    edits = input_schema(EditFileArguments)["properties"]["edits"]
    assert edits["items"]["required"] == ["oldText", "newText"]


@given(request=of(LinkCallRequest))
def test_a_call_on_a_link_is_read_as_it_was_written(request: LinkCallRequest) -> None:
    assert link.read_call(arrived(link.write_call(request))) == request


@given(result=of(ToolCallData), code=st.text())
def test_an_answer_on_a_link_is_read_as_it_was_written(result: ToolCallData, code: str) -> None:
    content = json.dumps(link.write_answer(result, code)).encode()
    answer = link.read_answer(200, content, "link-1")
    assert (answer.data, answer.code, answer.request_id) == (result, code, "link-1")


@given(
    inner=JSON | st.builds(dict, result=JSON | st.builds(dict, content=JSON)), as_text=st.booleans()
)
def test_whatever_is_answered_on_a_link_is_judged(inner: object, as_text: bool) -> None:
    content = json.dumps({"data": json.dumps(inner) if as_text else inner}).encode()
    with suppress(Malformed):
        link.read_answer(200, content, "link-1")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"<html>", "the answer: is not JSON"),
        (b"[]", "the answer: is not an object"),
        (b"{}", "data: is missing"),
        (b'{"data": "oops"}', "data: is not JSON"),
        (b'{"data": 5}', "data: is not an object"),
        (b'{"data": {"result": []}}', r"data\.result: is not an object"),
        (b'{"data": {"result": {"content": {"a": 1}}}}', r"data\.result\.content: expected an "),
        (b'{"data": {"result": {"content": [{"text": 5}]}}}', r"data\.result\.content\[0\]\.text"),
        (b'{"data": {"result": {"content": [{"blob": 5}]}}}', r"data\.result\.content\[0\]\.data"),
    ],
)
def test_a_malformed_answer_on_a_link_names_the_place(content: bytes, place: str) -> None:
    with pytest.raises(Malformed, match=place):
        link.read_answer(200, content, "link-1")


@pytest.mark.parametrize(
    ("content", "message", "code"),
    [
        (b'{"message": "no", "code": "Denied"}', "no", "Denied"),
        (b'{"code": 0}', "the session's link answered HTTP 403", ""),
        (b"<html>", "the session's link answered HTTP 403", ""),
    ],
)
def test_a_refusal_on_a_link_tells_its_reason(content: bytes, message: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        link.read_answer(403, content, "link-1")
    refused = caught.value
    assert (refused.http_status, refused.request_id) == (403, "link-1")
    assert (refused.message, refused.code) == (message, code)


def test_a_request_on_a_link_gets_an_id_of_its_own() -> None:
    ids = {link.new_request_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(name.startswith("link-") for name in ids)


def test_a_link_that_says_no_without_an_http_status_is_a_refusal() -> None:
    said = {"success": False, "code": "Busy", "message": "come back later"}
    with pytest.raises(Refused, match="come back later") as caught:
        link.read_answer(200, json.dumps(said).encode(), "link-1")
    assert caught.value.code == "Busy"
