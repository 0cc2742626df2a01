# Generated from tests/_async/test_tools.py; edit that file, then `nox -s twin`.
"""MCP tools: listing them and calling them, through the API and over a session's link."""

import pytest

from agb import (
    AGB,
    AuthenticationError,
    CreateSessionParams,
    ImageNotFoundError,
    InvalidParamsError,
    InvalidRequestError,
    Session,
    ToolError,
    ToolNotFoundError,
)

LINKED = "agb-browser-use-1"


def test_the_tools_of_the_sessions_image_are_listed(session: Session) -> None:
    listed = session.list_mcp_tools()
    assert listed.success
    tools = {tool.name: tool for tool in listed.tools}
    assert {"shell", "run_code", "read_file", "write_file"} <= set(tools)
    assert tools["shell"].description
    assert tools["shell"].server
    assert tools["shell"].input_schema["required"] == ["command"]


def test_the_tools_of_another_image_are_listed(session: Session) -> None:
    assert session.list_mcp_tools(LINKED).success
    unknown = session.list_mcp_tools("no-such-image")
    assert isinstance(unknown.error, ImageNotFoundError)


def test_a_handle_that_does_not_know_its_image_asks_for_one(agb: AGB, session: Session) -> None:
    handle = Session(agb, session.session_id)
    listed = handle.list_mcp_tools()
    assert isinstance(listed.error, InvalidParamsError)
    assert "image_id" in listed.error_message


def test_a_tool_is_called_by_name(session: Session) -> None:
    called = session.call_mcp_tool("write_file", {"path": "/tmp/a.txt", "content": "hé"})
    assert called.success
    read = session.call_mcp_tool("read_file", {"path": "/tmp/a.txt"})
    assert read.data == "hé"
    assert [part.text for part in read.content] == ["hé"]
    assert read.content[0].type == "text"


def test_an_unknown_tool_is_not_found(session: Session) -> None:
    called = session.call_mcp_tool("tool_name", {"param1": "value1"})
    assert isinstance(called.error, ToolNotFoundError)
    assert "tool_name" in called.error_message
    assert called.request_id


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ({}, "command"),
        ({"command": 5}, "command"),
        ({"command": "true", "timeout_ms": "soon"}, "timeout_ms"),
        ({"command": "true", "colour": "red"}, "colour"),
    ],
)
def test_arguments_that_miss_the_schema_are_refused_by_name(
    session: Session, args: dict[str, object], named: str
) -> None:
    called = session.call_mcp_tool("shell", args)
    assert isinstance(called.error, InvalidRequestError)
    assert called.code == "InvalidParameter"
    assert named in called.error_message


def test_arguments_that_are_no_json_are_refused_before_they_are_sent(
    session: Session,
) -> None:
    for args in ({"command": {1, 2}}, {"command": b"x"}, ["command"], None):
        called = session.call_mcp_tool("shell", args)  # type: ignore[arg-type]  # on purpose
        assert called.code == "PARAM_ERROR"
    assert session.call_mcp_tool(" ", {}).code == "PARAM_ERROR"
    assert session.call_mcp_tool("shell", {}, read_timeout=0).code == "PARAM_ERROR"


def test_a_tool_that_fails_says_so_by_class_and_code(session: Session) -> None:
    called = session.call_mcp_tool("read_file", {"path": "/tmp/nothing-here"})
    assert isinstance(called.error, ToolError)
    assert called.code == "File.NotFound"
    assert "/tmp/nothing-here" in called.error_message
    assert called.data is not None


def test_a_linked_session_answers_on_its_link_as_through_the_api(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id=LINKED))
    assert created.session is not None
    linked = created.session
    assert linked.get_link_url()
    assert linked.get_token()
    assert linked.get_token() not in repr(linked)
    through_api = Session(agb, linked.session_id)
    for session in (linked, through_api):
        assert session.command.execute("echo hi").output == "hi\n"
        assert session.code.run("6 * 7", "python").result == "42"
        missing = session.file.read("/tmp/nothing")
        assert missing.code == "File.NotFound"
        failed = session.command.execute("sleep 30", timeout_ms=200)
        assert failed.code == "Execution.Timeout"
    over_link = linked.call_mcp_tool("shell", {"command": "echo x"})
    assert over_link.request_id.startswith("link-")
    linked.delete()


def test_a_wrong_token_does_not_open_the_link(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id=LINKED))
    assert created.session is not None
    session = created.session
    session.token = "not-the-token"
    called = session.command.execute("echo hi")
    assert isinstance(called.error, AuthenticationError)
    assert "not-the-token" not in called.error_message
    session.delete()


def test_a_link_that_nobody_serves_is_passed_by(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id=LINKED))
    assert created.session is not None
    session = created.session
    session.link_url = "http://127.0.0.1:9"
    called = session.command.execute("echo still here")
    assert called.output == "still here\n"
    session.delete()
