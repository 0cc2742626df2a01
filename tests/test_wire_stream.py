"""The frames of a stream: what one side writes the other reads, and nothing breaks the reader."""

import json
from contextlib import suppress
from typing import Any

import pytest
from conformance.strategies import JSON
from hypothesis import given
from hypothesis import strategies as st

from agb._wire import stream
from agb._wire.code import CodeError, Display
from agb._wire.codec import Misread

TEXT = st.text()
NAMES = st.text(min_size=1)


@given(
    request=st.builds(
        stream.RunRequest,
        invocation_id=NAMES,
        target=TEXT,
        language=TEXT,
        timeout_s=st.integers(min_value=1),
        code=TEXT,
    )
    | st.builds(stream.CancelRequest, invocation_id=NAMES, target=TEXT)
)
def test_a_request_is_read_as_it_was_written(request: stream.Request) -> None:
    assert stream.read_request(stream.write_request(request)) == request


@given(name=NAMES, seq=st.integers(), chunk=TEXT, where=st.sampled_from(["stdout", "stderr"]))
def test_output_is_read_as_it_was_written(name: str, seq: int, chunk: str, where: Any) -> None:
    frame = stream.write_output(name, "server", seq, where, chunk)
    assert stream.read_event(frame) == (name, stream.Written(where, chunk))


def test_a_result_is_read_in_all_its_formats() -> None:
    mime = {"text/plain": "42", "text/html": "<b>42</b>", "application/json": {"a": None}}
    frame = stream.write_result("i", "server", 1, mime, main=True)
    values = {"text": "42", "html": "<b>42</b>", "json": {"a": None}}
    assert stream.read_event(frame) == (
        "i",
        stream.Shown(Display(values=values, is_main_result=True)),
    )


@given(
    count=st.none() | st.integers(),
    seconds=st.floats(allow_nan=False, allow_infinity=False),
    error=st.none() | st.text(min_size=1),
)
def test_an_end_is_read_as_it_was_written(
    count: int | None, seconds: float, error: str | None
) -> None:
    frame = stream.write_end(
        "i", "server", 3, execution_count=count, execution_time=seconds, error=error
    )
    end = stream.Ended(
        execution_count=count,
        execution_time=seconds,
        error=CodeError(value=error) if error else None,
    )
    assert stream.read_event(frame) == ("i", end)


def test_a_run_that_could_not_be_had_is_broken_by_the_server() -> None:
    frame = stream.write_error("i", "server", 1, code="Language.Unknown", message="no cobol")
    assert stream.read_event(frame) == (
        "i",
        stream.Broken("no cobol", remote=True, code="Language.Unknown"),
    )


def told(data: Any, **more: Any) -> str:
    return json.dumps({"invocationId": "i", "data": data, **more})


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ({"phase": "end"}, stream.Ended()),
        ('{"phase": "end"}', stream.Ended()),
        ({"phase": "end", "executionCount": "1", "executionTime": None}, stream.Ended()),
        ({"phase": "event", "eventType": "stdout", "chunk": 1}, stream.Passed()),
        ({"phase": "event", "eventType": "weather"}, stream.Passed()),
        (
            {"phase": "event", "eventType": "result", "result": 42},
            stream.Shown(Display(values={"text": "42"})),
        ),
        (
            {"phase": "event", "eventType": "result", "result": {"mime": None}},
            stream.Shown(Display()),
        ),
        (
            {"phase": "event", "eventType": "error", "error": {"code": "E", "message": "m"}},
            stream.Raised(CodeError(name="E", value="m"), {"code": "E", "message": "m"}),
        ),
        ({"phase": "event", "error": "boom"}, stream.Broken("boom", remote=True)),
        ({"phase": "error"}, stream.Broken("failed", remote=True)),
        ({"phase": "error", "message": "m"}, stream.Broken("m", remote=True)),
        ({"phase": "error", "error": {"code": "E"}}, stream.Broken("E", remote=True, code="E")),
        ({"phase": "dusk"}, stream.Broken("a frame of the unknown phase 'dusk'", remote=False)),
        ({}, stream.Broken("a frame of the unknown phase None", remote=False)),
        ([], stream.Broken("a frame without data", remote=False)),
        (None, stream.Broken("a frame without data", remote=False)),
    ],
)
def test_a_frame_says_one_thing(data: Any, event: stream.Event) -> None:
    assert stream.read_event(told(data)) == ("i", event)


def test_an_error_event_without_an_error_is_itself_the_error() -> None:
    name, event = stream.read_event(told({"phase": "event", "eventType": "error", "code": "E"}))
    assert name == "i"
    assert isinstance(event, stream.Raised)
    assert event.error == CodeError(name="E")
    assert event.payload["eventType"] == "error"


def test_an_end_that_failed_without_a_word_says_so() -> None:
    _, end = stream.read_event(told({"phase": "end", "status": "failed"}))
    assert isinstance(end, stream.Ended)
    assert end.error
    assert "does not say why" in end.error.value


@pytest.mark.parametrize(
    "frame", ["", "null", "[]", "{", "{}", '{"invocationId": 1}', '{"data": {"phase": "end"}}']
)
def test_a_frame_that_names_no_run_is_of_no_use(frame: str) -> None:
    assert stream.read_event(frame) == ("", stream.Passed())


def test_a_run_may_be_named_by_its_request() -> None:
    frame = json.dumps({"requestId": "r", "data": {"phase": "end"}})
    assert stream.read_event(frame) == ("r", stream.Ended())


@pytest.mark.parametrize(
    ("frame", "path"),
    [
        ("[]", ""),
        ("{}", "invocationId"),
        ('{"invocationId": ""}', "invocationId"),
        (told(None), "data"),
        (told({"method": "m", "mode": "stream"}), "data"),
        (told({"method": "run_code", "mode": "stream"}), "data.params"),
        (told({"method": "run_code", "mode": "stream", "params": {}}), "data.params.language"),
        (
            told({"method": "run_code", "mode": "stream", "params": {"language": "r"}}),
            "data.params.code",
        ),
        (
            told(
                {
                    "method": "run_code",
                    "mode": "stream",
                    "params": {"language": "r", "code": "", "timeoutS": True},
                }
            ),
            "data.params.timeoutS",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_told_where(frame: str, path: str) -> None:
    with pytest.raises(Misread) as caught:
        stream.read_request(frame)
    assert caught.value.path == path


@given(frame=JSON.map(json.dumps) | st.text(), data=JSON)
def test_whatever_comes_is_read_or_refused(frame: str, data: Any) -> None:
    stream.read_event(frame)
    stream.read_event(told(data))
    for text in (frame, told(data)):
        with suppress(Misread):
            stream.read_request(text)
