"""What a client makes of single frames, however odd they are."""

import json

import pytest

from agb._wire.stream import Broken, Ended, Passed, Raised, Shown, Written, read_event
from agb._wire.stream import write_error as told_error


def told(**data: object) -> object:
    name, event = read_event(json.dumps({"invocationId": "run-1", "data": data}))
    assert name == "run-1"
    return event


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        '{"half',
        "[]",
        "7",
        "null",
        "{}",
        '{"invocationId": 7}',
        "[" * 200_000,
        b"\xff",
    ],
    ids=lambda text: repr(text[:10]),
)
def test_a_frame_that_names_no_run_is_passed_over(text: str | bytes) -> None:
    assert read_event(text) == ("", Passed())


@pytest.mark.parametrize("data", ["7", '"text"', "[1]", "null", '"{\\"half"'])
def test_a_frame_without_data_breaks_its_run(data: str) -> None:
    name, event = read_event(f'{{"invocationId": "run-1", "data": {data}}}')
    assert (name, event) == ("run-1", Broken("a frame without data", remote=False))


def test_a_server_that_gives_a_run_up_is_quoted_with_its_code() -> None:
    text = told_error("run-1", "server", 1, code="Language.NotInstalled", message="no R here")
    assert read_event(text) == (
        "run-1",
        Broken("no R here", remote=True, code="Language.NotInstalled"),
    )
    assert told(error="bad request") == Broken("bad request", remote=True)
    assert told(phase="error", message="execution failed") == Broken(
        "execution failed", remote=True
    )
    assert told(phase="error") == Broken("failed", remote=True)


def test_numbers_that_are_none_are_left_out() -> None:
    assert told(phase="end", executionCount="1", executionTime=10**400) == Ended()
    assert told(phase="end", executionTime="long") == Ended()
    assert told(phase="end", executionTime=2) == Ended(execution_time=2.0)


def test_what_is_no_text_was_not_written() -> None:
    assert told(phase="event", eventType="stdout", chunk=7) == Passed()
    assert told(phase="event", eventType="stderr", chunk="a") == Written("stderr", "a")
    assert told(phase="event", eventType="progress") == Passed()


def test_results_and_errors_are_read_in_every_shape() -> None:
    assert isinstance(told(phase="event", eventType="result", result=7), Shown)
    raised = told(phase="event", eventType="error", error={"error": "bad"})
    assert isinstance(raised, Raised)
    assert (raised.error.name, raised.error.value) == ("ExecutionError", "bad")
