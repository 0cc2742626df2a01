# Generated from tests/conformance/_async/cases/streams.py; edit that file, then `nox -s twin`.
"""Running code over a WebSocket."""

from agb import (
    APIConnectionError,
    AuthenticationError,
    CodeExecutionError,
    CodeExecutionResult,
    ExecutionLogs,
    ExecutionResult,
    InvalidParamsError,
    PermissionDeniedError,
    StreamError,
    StreamUnavailableError,
)
from agb._web_socket import Heartbeat
from conformance._sync.stream_world import StreamCase, StreamWorld
from conformance.outcome import AS_SENT, Expected, fails, gives

OWN = gives(request_id=AS_SENT, execution_count=1, execution_time=0.5)


def done(**fields: object) -> Expected:
    return gives(request_id=AS_SENT, execution_count=1, execution_time=0.3, **fields)


def cancel(on: StreamWorld) -> CodeExecutionResult:
    with on.session.code.stream("while 1: pass", "python") as run:
        pass
    return run.result


def run_where_nobody_listens(on: StreamWorld) -> CodeExecutionResult:
    on.session.ws_url = "ws://127.0.0.1:9/ws/session-0001abcd"
    return on.run()


def run_without_an_address(on: StreamWorld) -> CodeExecutionResult:
    on.session.ws_url = ""
    return on.run()


def run_with_a_fast_heart(on: StreamWorld) -> CodeExecutionResult:
    on.session.code._streams.heartbeat = Heartbeat(every=0.05)
    return on.run()


def run_again(on: StreamWorld) -> CodeExecutionResult:
    on.run().raise_for_error()
    return on.run()


CASES = (
    StreamCase(
        "stream_basic",
        lambda on: on.run(),
        done(logs=ExecutionLogs(stdout=("hello ", "world\n"))),
    ),
    StreamCase("stream_stderr", lambda on: on.run(), done(logs=ExecutionLogs(stderr=("warn\n",)))),
    StreamCase(
        "stream_result_event",
        lambda on: on.run(),
        done(
            results=[
                ExecutionResult(
                    text="42",
                    html="<b>42</b>",
                    markdown="**42**",
                    png="iVBO",
                    jpeg="/9j/",
                    svg="<svg/>",
                    json={"a": 1},
                    latex="42",
                    chart={"mark": "bar"},
                    is_main_result=True,
                ),
                ExecutionResult(text="second"),
                ExecutionResult(text="bare text"),
                ExecutionResult(),
            ],
        ),
    ),
    StreamCase(
        "stream_data_as_string",
        lambda on: on.run(),
        done(logs=ExecutionLogs(stdout=("s",))),
    ),
    StreamCase(
        "stream_request_id_alias",
        lambda on: on.run(),
        done(logs=ExecutionLogs(stdout=("s",))),
    ),
    StreamCase("stream_frames_without_id_ignored", lambda on: on.run(), done()),
    StreamCase("stream_end_minimal", lambda on: on.run(), gives(request_id=AS_SENT)),
    StreamCase(
        "stream_timeout_language",
        lambda on: on.run(language="nodejs", timeout_s=600),
        done(),
    ),
    StreamCase(
        "stream_error_event",
        lambda on: on.run(),
        fails(
            CodeExecutionError,
            "division by zero",
            request_id=AS_SENT,
            fields={"execution_count": 1, "execution_time": 0.3},
            name="RuntimeError",
            value="division by zero",
            traceback="",
        ),
    ),
    StreamCase(
        "stream_error_event_no_error_field",
        lambda on: on.run(),
        fails(
            CodeExecutionError,
            "bad",
            request_id=AS_SENT,
            fields={"execution_count": 1, "execution_time": 0.3},
            name="ExecutionError",
            value="bad",
        ),
    ),
    StreamCase(
        "stream_execution_error_in_end",
        lambda on: on.run(),
        fails(
            CodeExecutionError,
            "NameError: x",
            request_id=AS_SENT,
            fields={
                "execution_count": 1,
                "execution_time": 0.3,
                "logs": ExecutionLogs(stderr=("Traceback\n",)),
            },
            name="ExecutionError",
            value="NameError: x",
            traceback="Traceback\n",
        ),
    ),
    StreamCase(
        "stream_data_error_string",
        lambda on: on.run(),
        fails(StreamError, "bad request", request_id=AS_SENT),
    ),
    StreamCase(
        "stream_phase_error",
        lambda on: on.run(),
        fails(StreamError, "execution failed", request_id=AS_SENT),
    ),
    StreamCase(
        "stream_data_not_object",
        lambda on: on.run(),
        fails(StreamError, "without data", request_id=AS_SENT),
        adds=1,
    ),
    StreamCase(
        "stream_missing_phase",
        lambda on: on.run(),
        fails(StreamError, "phase None", request_id=AS_SENT),
        adds=1,
    ),
    StreamCase(
        "stream_unknown_phase",
        lambda on: on.run(),
        fails(StreamError, "phase 'progress'", request_id=AS_SENT),
        adds=1,
    ),
    StreamCase(
        "stream_cancel",
        cancel,
        fails(StreamError, "left before", request_id=AS_SENT, code="STREAM_UNFINISHED"),
        adds=1,
    ),
    StreamCase(
        "stream_handshake_401",
        lambda on: on.run(),
        fails(AuthenticationError, "HTTP 401", request_id="", code="STREAM_REFUSED"),
    ),
    StreamCase(
        "stream_handshake_403",
        lambda on: on.run(),
        fails(PermissionDeniedError, "HTTP 403", request_id="", code="STREAM_REFUSED"),
    ),
    StreamCase(
        "stream_connect_refused",
        run_where_nobody_listens,
        fails(APIConnectionError, "127.0.0.1:9", request_id="", code="CONNECT_FAILED"),
    ),
    StreamCase(
        "stream_no_ws_url",
        run_without_an_address,
        fails(StreamUnavailableError, "address for streams", request_id=""),
    ),
    StreamCase(
        "stream_unsupported_language",
        lambda on: on.run("x", "perl"),
        fails(InvalidParamsError, "java, javascript, python, r", request_id=""),
    ),
    StreamCase("stream_heartbeat", run_with_a_fast_heart, OWN, own_run=True),
    StreamCase("stream_reconnect", run_again, OWN, own_run=True),
    StreamCase("stream_push", lambda on: on.run(), OWN, unsent=(0,), own_run=True),
    StreamCase(
        "stream_handle_write",
        lambda on: on.run(),
        gives(request_id=AS_SENT),
        unsent=(0, 1),
        own_run=True,
    ),
)
