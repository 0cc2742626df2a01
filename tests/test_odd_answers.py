"""Whatever an AGB answers, its client reads it or says what is wrong, in an error of its own."""

import copy
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, get_origin

import attrs
from conformance.strategies import of
from hypothesis import given
from hypothesis import strategies as st
from support import odd

from agb import (
    _background,
    _code_reading,
    _context_reading,
    _creating,
    _extension_reading,
    _failures,
    _file_commands,
    _file_reading,
    _lease,
    _metrics_reading,
    _reading,
    _retry,
    _session_reading,
    _shell,
    _transfers,
)
from agb._wire import code, link, stream, texts
from agb._wire.answers import Answer, Malformed, Refused, ToolAnswer, good_answer, read_answer
from agb._wire.codec import Misread, dump, load, load_loosely
from agb._wire.endpoints import ENDPOINTS, Endpoint
from agb._wire.messages.contexts import ContextData, ContextFileLine, ContextInfoData
from agb._wire.messages.facts import ResourceData
from agb._wire.messages.sessions import CreateSessionData, SessionData
from agb._wire.messages.tools import ContentPart, ToolCallData, ToolLine, read_tool_list
from agb._wire.metrics import Metrics
from agb.exceptions import AGBError, APIError
from agb.results import CommandResult

HEADERS: st.SearchStrategy[dict[str, str]] = st.just({}) | odd.TEXTS.map(
    lambda text: {"x-request-id": text}
)
STATUS = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 429, 500, 503, 599])


def near(endpoint: Endpoint[Any, Any]) -> st.SearchStrategy[Any]:
    """Good answers with a few things wrong in them."""
    written = of(endpoint.answer).map(lambda data: good_answer(endpoint, "r-1", data))
    return odd.mutated(written.map(dumped).map(json.loads))


def dumped(value: Any) -> str:
    return json.dumps(value)


def judged(read: Callable[[], Any]) -> Any:
    """What comes of reading; an answer that is none ends as an error that users see."""
    try:
        return read()
    except Refused as refused:
        told: Any = _failures.refusal(refused, session_id="s-1")
    except Malformed as malformed:
        told = _failures.malformed(malformed)
    except AGBError as error:
        told = error
    assert told.message
    assert told.code
    assert isinstance(told.request_id, str)
    return told


def is_sound(value: Any) -> bool:
    """Whether a value can be shown, compared and taken apart."""
    return bool(repr(value)) and bool(copy.deepcopy(value) is not None or value is None)


@given(data=st.data(), status=STATUS, headers=HEADERS)
def test_any_answer_of_an_endpoint_is_read_or_judged(
    data: st.DataObject, status: int, headers: dict[str, str]
) -> None:
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    content = data.draw(near(endpoint).map(odd.dumped) | odd.BYTES)
    for each in (200, status):
        found = judged(partial(read_answer, endpoint, each, headers, content))
        assert is_sound(found)
        if isinstance(found, Answer):
            assert isinstance(found.data, get_origin(endpoint.answer) or endpoint.answer)


LINK_ANSWERS = odd.mutated(of(ToolCallData).map(link.write_answer).map(dumped).map(json.loads)).map(
    odd.dumped
)


@given(content=LINK_ANSWERS | odd.BYTES, status=STATUS)
def test_any_answer_of_a_link_is_read_or_judged(content: bytes, status: int) -> None:
    for each in (200, status):
        found = judged(partial(link.read_answer, each, content, "r-1"))
        assert is_sound(found)


@given(status=st.integers(0, 599), body=odd.BYTES)
def test_any_answer_to_a_handshake_is_an_error_with_a_code(status: int, body: bytes) -> None:
    error = _failures.handshake_refusal(status, "ws://here", body)
    assert isinstance(error, APIError)
    assert error.code


OUTCOMES = odd.mutated(
    st.fixed_dictionaries(
        {
            "result": st.lists(
                st.dictionaries(st.sampled_from(sorted(code.MIME_FIELDS)), odd.JSON)
            ),
            "results": odd.JSON,
            "logs": odd.JSON,
            "stdout": st.lists(st.text()),
            "content": odd.JSON,
            "execution_count": odd.JSON,
            "execution_time": odd.JSON,
            "executionError": odd.JSON,
            "error": odd.JSON,
            "isError": st.booleans(),
        }
    )
).map(json.dumps)
SHELLS = odd.mutated(of(texts.ShellOutcome).map(dump)).map(json.dumps)
METRICS = odd.mutated(of(Metrics).map(dump)).map(json.dumps)
CHANGES = odd.mutated(st.lists(of(texts.ChangeEvent).map(dump))).map(json.dumps)
LINES = st.lists(
    st.sampled_from(
        ["[DIR] x", "[FILE] ] ", "size: 9", "size: " + "9" * 5000, "x: 1.5.", "n: nan.", "---", ":"]
    )
    | odd.TEXTS
).map("\n".join)
SAID = OUTCOMES | SHELLS | METRICS | CHANGES | LINES | odd.WRITTEN
READERS: Sequence[Callable[[ToolAnswer], Any]] = (
    _reading.tool_result,
    _reading.text_of,
    _reading.content_of,
    _reading.command_result,
    _code_reading.code_result,
    _reading.json_object,
    _metrics_reading.metrics_result,
    _file_reading.file_facts,
    _file_reading.file_bytes,
    _file_reading.done,
    _file_reading.change_result,
    partial(_file_reading.listing_result, "/x"),
)


@given(
    parts=st.lists(st.none() | SAID, max_size=2),
    is_error=st.booleans(),
    told=st.sampled_from(["OK", "Execution.Timeout"]) | odd.TEXTS,
)
def test_whatever_a_tool_says_is_read_or_judged(
    parts: list[str | None], is_error: bool, told: str
) -> None:
    data = ToolCallData(content=[ContentPart(text=part) for part in parts], is_error=is_error)
    answer = Answer(request_id="r-1", code=told, http_status=200, data=data)
    for reader in READERS:
        found = judged(partial(reader, answer))
        assert is_sound(found)
        if attrs.has(type(found)) and getattr(found, "error", None):
            assert isinstance(found.error, AGBError)
            assert found.error.code


FRAMES = odd.mutated(
    st.fixed_dictionaries(
        {
            "invocationId": st.just("i") | odd.JSON,
            "data": st.fixed_dictionaries(
                {
                    "phase": st.sampled_from(["event", "end", "error"]) | odd.JSON,
                    "eventType": st.sampled_from(["stdout", "stderr", "result", "error"]),
                    "chunk": st.text() | odd.JSON,
                    "result": st.fixed_dictionaries({"mime": odd.JSON, "isMainResult": odd.JSON})
                    | odd.JSON,
                    "error": st.none() | odd.JSON,
                    "executionCount": odd.JSON,
                    "executionTime": odd.JSON,
                    "executionError": odd.JSON,
                    "status": st.sampled_from(["failed", "finished"]),
                }
            ),
        }
    )
).map(json.dumps)


@given(frame=FRAMES | odd.WRITTEN | odd.BYTES)
def test_any_frame_of_a_stream_says_one_thing(frame: str | bytes) -> None:
    name, event = stream.read_event(frame)
    assert isinstance(name, str)
    assert isinstance(event, stream.Event)
    if isinstance(event, stream.Shown):
        assert is_sound(_code_reading.shown(event.display))


@given(frame=FRAMES | odd.WRITTEN)
def test_any_frame_to_a_server_is_a_request_or_misread(frame: str) -> None:
    with suppress(Misread):
        assert isinstance(stream.read_request(frame), stream.Request)


KINDS = sorted(
    {
        *(each.answer for each in ENDPOINTS if attrs.has(each.answer)),
        *(each.request for each in ENDPOINTS),
    },
    key=lambda kind: kind.__name__,
)


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_any_value_is_a_message_or_misread(data: st.DataObject, kind: type) -> None:
    value = data.draw(odd.mutated(of(kind).map(dump)) | odd.JSON)
    for read in (load, load_loosely):
        with suppress(Misread):
            message: object = read(value, kind)
            assert isinstance(message, kind)
            assert json.dumps(dump(message))


@given(value=odd.JSON | odd.WRITTEN | odd.mutated(st.just([{"name": "a", "server": "b"}])))
def test_any_list_of_tools_is_read(value: Any) -> None:
    assert all(isinstance(tool, ToolLine) for tool in read_tool_list(value))


def answered(data: Any) -> Answer[Any]:
    return Answer(request_id="r-1", code="OK", http_status=200, data=data)


@given(data=st.data())
def test_any_message_becomes_a_public_value(data: st.DataObject) -> None:
    def any_of(kind: type) -> Any:
        return data.draw(of(kind))

    made: Iterable[Any] = (
        _context_reading.public_context(any_of(ContextData)),
        _context_reading.public_file(any_of(ContextFileLine)),
        judged(lambda: _context_reading.public_statuses(answered(any_of(ContextInfoData)))),
        _session_reading.session_info(any_of(ResourceData)),
        _session_reading.public_tools([any_of(ToolLine)]),
        _session_reading.public_session_data(any_of(SessionData)),
        judged(lambda: _creating.created_data(answered(any_of(CreateSessionData)))),
    )
    entry = _context_reading.public_file(any_of(ContextFileLine))
    assert all(map(is_sound, (*made, _extension_reading.public_extension(entry))))


PRINTED = (
    st.lists(
        st.sampled_from(
            ["running 1 0", "exited - 7", "lost - ", "9" * 5000, "5", "eA==", "eA", "é"]
        )
        | odd.TEXTS
    ).map("\n".join)
    | st.lists(odd.TEXTS).map("\0".join)
    | odd.TEXTS
)


@given(printed=PRINTED)
def test_whatever_a_script_prints_is_read_or_judged(printed: str) -> None:
    assert is_sound(judged(lambda: _background.read_look(printed, "r-1")))
    assert is_sound(judged(lambda: _background.read_list(printed, "r-1")))
    assert is_sound(list(_file_commands.read_walk(printed)))
    ran = CommandResult(request_id="r-1", stdout=printed, output=printed)
    assert is_sound(judged(lambda: _shell.bounded_result(ran, ran)))


@given(
    status=st.integers(0, 599),
    headers=HEADERS | odd.TEXTS.map(lambda text: {"retry-after": text}),
    content=odd.BYTES | odd.TEXTS.map(lambda text: f"<Code>{text}</Code>".encode(errors="replace")),
)
def test_whatever_a_store_says_of_a_refusal_is_an_error_with_a_code(
    status: int, headers: dict[str, str], content: bytes
) -> None:
    error = _transfers.store_refusal("file", status, headers, content)
    assert error.code
    assert isinstance(error.request_id, str)
    assert error.retry_after is None or error.retry_after >= 0
    assert isinstance(_retry.failure_of(error), _retry.Failure)


OWNED = _lease.lease_labels(60)
NUMBERS = st.sampled_from(
    ["0", "-1", "2200000000", "9" * 5000, "9" * 20, "1.5", "nan", "inf", "-inf", "1e400"]
)


@given(told=st.fixed_dictionaries({}, optional=dict.fromkeys(OWNED, odd.TEXTS | NUMBERS)))
def test_whatever_labels_say_of_an_owner_is_a_lease_or_none(told: dict[str, str]) -> None:
    for labels in (told, OWNED | told):
        lease = _lease.read_lease(labels)
        if lease is not None:
            assert lease.expires_at.tzinfo is not None
            assert lease.over(0) in {None, "expired", "owner ended"}
