"""From what a tool answered to the result of an operation."""

import base64
import json
from functools import partial
from typing import Any

import pytest
from conformance.strategies import JSON
from hypothesis import given
from hypothesis import strategies as st

from agb import (
    AGBError,
    CodeExecutionError,
    CommandError,
    ExecutionTimeoutError,
    FileError,
    SessionInfo,
    ToolError,
    UnexpectedResponseError,
    _code_reading,
    _creating,
    _file_reading,
    _metrics_reading,
    _reading,
    _session_reading,
)
from agb._wire.answers import Answer, ToolAnswer
from agb._wire.code import write_outcome
from agb._wire.messages.facts import DesktopInfo, ResourceData
from agb._wire.messages.sessions import CreateSessionData
from agb._wire.messages.tools import ContentPart, ToolCallData
from agb.exceptions import APIError, SessionNotFoundError


def said(text: str | None, *, is_error: bool = False, code: str = "OK") -> ToolAnswer:
    """Return what a tool answered."""
    content = () if text is None else (ContentPart(text=text),)
    return Answer(
        request_id="r-1",
        code=code,
        http_status=200,
        data=ToolCallData(content=content, is_error=is_error),
    )


def told(value: Any, *, is_error: bool = False, code: str = "OK") -> ToolAnswer:
    """Return what a tool answered in JSON."""
    return said(json.dumps(value), is_error=is_error, code=code)


def test_a_tool_that_failed_raises_the_error_of_its_kind() -> None:
    with pytest.raises(FileError) as caught:
        _reading.text_of(said("no such file", is_error=True, code="File.NotFound"), FileError)
    assert caught.value.message == "no such file"
    assert (caught.value.code, caught.value.request_id) == ("File.NotFound", "r-1")


def test_a_tool_that_failed_without_a_word_says_so() -> None:
    error = _reading.failure(said(None, is_error=True))
    assert (type(error), error.code) == (ToolError, "TOOL_ERROR")
    assert "no reason" in error.message


@pytest.mark.parametrize("code", ["Execution.Timeout", "EXECUTION_TIMEOUT"])
def test_a_tool_that_ran_into_its_limit_is_told_by_its_code(code: str) -> None:
    error = _reading.failure(said("too slow", is_error=True, code=code), FileError)
    assert (type(error), error.code) == (ExecutionTimeoutError, code)


@pytest.mark.parametrize("code", ["", "OK", "ok", "Success", "200", "0"])
def test_a_code_that_says_that_all_is_well_is_none(code: str) -> None:
    assert _reading.failure(said("x", is_error=True, code=code)).code == "TOOL_ERROR"


def test_no_text_reads_as_an_empty_one() -> None:
    assert _reading.text_of(said(None)) == ""


def test_a_command_that_ran_into_its_limit_keeps_what_it_wrote() -> None:
    outcome = {"stdout": "so far", "stderr": "stopped after 1 s", "exit_code": 124}
    result = _reading.command_result(told(outcome, is_error=True, code="Execution.Timeout"))
    assert type(result.error) is ExecutionTimeoutError
    assert result.error_message == "stopped after 1 s"
    assert (result.stdout, result.exit_code) == ("so far", 124)


def test_a_command_that_failed_at_status_0_says_what_it_wrote() -> None:
    result = _reading.command_result(told({"stderr": "odd\n", "exit_code": 0}, is_error=True))
    assert isinstance(result.error, CommandError)
    assert (result.error.exit_code, result.error.message) == (0, "odd")


def test_json_that_a_command_printed_by_itself_is_its_output() -> None:
    for printed in ('{"stdout": 5}', "[1]", "null", '"text"'):
        result = _reading.command_result(said(printed))
        assert (result.output, result.exit_code, result.success) == (printed, None, True)


def code_text(error: str | None, stderr: tuple[str, ...] = ()) -> str:
    return write_outcome(
        results=(), stdout=(), stderr=stderr, execution_count=1, execution_time=0.5, error=error
    )


def test_code_that_ran_into_its_limit_is_told_by_the_code_of_the_answer() -> None:
    result = _code_reading.code_result(said(code_text("stopped"), code="Execution.Timeout"))
    assert type(result.error) is ExecutionTimeoutError
    assert result.error.code == "Execution.Timeout"
    assert result.execution_time == 0.5
    assert result.traceback == ""


def test_a_traceback_is_taken_from_what_was_printed() -> None:
    printed = ("warning\n", "Traceback (most recent call last):\n", "E: bad\n")
    result = _code_reading.code_result(said(code_text("E: bad", printed)))
    assert isinstance(result.error, CodeExecutionError)
    assert result.traceback == result.error.traceback == "".join(printed)
    assert _code_reading.code_result(said(code_text("E: bad", ("warning\n",)))).traceback == ""


def test_an_error_without_words_has_its_name() -> None:
    text = json.dumps({"result": [], "executionError": {"name": "KeyboardInterrupt"}})
    assert _code_reading.code_result(said(text)).error_message == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("spelled", "field"),
    [
        ("rx_rate_kbps", "rx_rate_kbyte_per_s"),
        ("rx_rate_KBps", "rx_rate_kbyte_per_s"),
        ("tx_rate_kbps", "tx_rate_kbyte_per_s"),
        ("tx_rate_KBps", "tx_rate_kbyte_per_s"),
        ("rx_used_kb", "rx_used_kbyte"),
        ("rx_used_KB", "rx_used_kbyte"),
        ("tx_used_kb", "tx_used_kbyte"),
        ("tx_used_KB", "tx_used_kbyte"),
    ],
)
def test_older_names_of_metrics_are_understood(spelled: str, field: str) -> None:
    result = _metrics_reading.metrics_result(told({spelled: 1.5}))
    assert getattr(result.metrics, field) == 1.5
    assert result.raw == {spelled: 1.5}
    both = _metrics_reading.metrics_result(told({field: 2.5, spelled: 1.5}))
    assert getattr(both.metrics, field) == 2.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("oops", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"cpu_count": "four"}', "cpu_count: expected an integer, got a string"),
    ],
)
def test_metrics_that_are_none_are_unexpected(text: str, complaint: str) -> None:
    with pytest.raises(UnexpectedResponseError, match=complaint) as caught:
        _metrics_reading.metrics_result(said(text))
    assert (caught.value.request_id, caught.value.status_code) == ("r-1", 200)


@given(content=st.binary(), width=st.integers(min_value=1, max_value=80))
def test_bytes_are_read_from_base64_in_lines_or_not(content: bytes, width: int) -> None:
    encoded = base64.b64encode(content).decode()
    lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]
    assert _file_reading.file_bytes(said(encoded)) == content
    assert _file_reading.file_bytes(said("\n".join(lines))) == content


@pytest.mark.parametrize("text", ["a", "a-_=", "é", "ENOENT: nothing"])
def test_what_is_not_base64_is_unexpected(text: str) -> None:
    with pytest.raises(UnexpectedResponseError, match="not base64"):
        _file_reading.file_bytes(said(text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("oops", "is not JSON"),
        ("{}", "expected an array"),
        ('[{"path": "/a"}]', r"\[0\]\.eventType: is missing"),
    ],
)
def test_changes_that_are_none_are_unexpected(text: str, complaint: str) -> None:
    with pytest.raises(UnexpectedResponseError, match=complaint):
        _file_reading.change_result(said(text))


def test_no_text_about_changes_means_that_nothing_changed() -> None:
    assert not _file_reading.change_result(said("")).has_changes()


@given(text=st.text() | JSON.map(json.dumps), is_error=st.booleans())
def test_whatever_a_tool_says_there_is_a_result_or_an_error(text: str, is_error: bool) -> None:
    answer = said(text, is_error=is_error)
    for read in (
        _reading.tool_result,
        _reading.command_result,
        _code_reading.code_result,
        _metrics_reading.metrics_result,
        _file_reading.file_facts,
        _file_reading.file_bytes,
        partial(_file_reading.listing_result, "/tmp"),
        _file_reading.change_result,
        _file_reading.done,
    ):
        try:
            assert read(answer) is not None
        except AGBError:
            assert read is not _reading.command_result


def test_a_session_is_over_when_it_is_finished_or_deleted() -> None:
    assert [_session_reading.is_over(status) for status in ("FINISH", "deleted", "DELETING")] == [
        True,
        True,
        False,
    ]


def test_a_session_is_gone_when_it_is_not_found() -> None:
    assert _session_reading.is_gone(SessionNotFoundError("gone"))
    assert not _session_reading.is_gone(APIError("no"))
    assert not _session_reading.is_gone(None)


def test_a_create_that_failed_keeps_the_code_of_the_answer() -> None:
    answer = Answer(
        request_id="r-1",
        code="NoResource",
        http_status=200,
        data=CreateSessionData(success=False, session_id="s-1", err_msg="none free"),
    )
    with pytest.raises(APIError, match="none free") as caught:
        _creating.created_data(answer)
    assert (caught.value.code, caught.value.request_id) == ("NoResource", "r-1")


def test_facts_of_a_session_without_a_desktop_have_no_desktop_keys() -> None:
    data = ResourceData(session_id="s-1", resource_url="https://r", resource_id="res-1")
    info = _session_reading.session_info(data)
    assert dict(info) == {
        "session_id": "s-1",
        "resource_url": "https://r",
        "resource_id": "res-1",
    }
    desktop = DesktopInfo(app_id="app-1", resource_id="res-2")
    info = _session_reading.session_info(ResourceData(session_id="s-1", desktop_info=desktop))
    assert info == SessionInfo(session_id="s-1", app_id="app-1", resource_id="res-2")
