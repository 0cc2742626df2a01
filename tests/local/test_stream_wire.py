"""What a server says on a session's WebSocket is read as it was meant."""

from agb._wire import stream
from agb._wire.code import CodeError


def test_why_code_failed_comes_with_name_value_and_traceback() -> None:
    error = CodeError(name="ValueError", value="no", traceback="Traceback ...\n")
    run, event = stream.read_event(stream.write_raised("r1", "server", 3, error))
    assert run == "r1"
    assert isinstance(event, stream.Raised)
    assert event.error == error
    assert event.payload["code"] == "ValueError"


def test_a_failure_without_a_traceback_is_read_too() -> None:
    frame = '{"invocationId":"r","data":{"phase":"event","eventType":"error","error":{"code":"X"}}}'
    _, event = stream.read_event(frame)
    assert isinstance(event, stream.Raised)
    assert event.error == CodeError(name="X")
