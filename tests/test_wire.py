"""The contract: what one side writes the other reads, and what does not fit is named."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from conformance.strategies import JSON, of
from hypothesis import given
from hypothesis import strategies as st

from agb._wire import context_endpoints, endpoints, fact_endpoints, session_endpoints
from agb._wire.answers import Malformed, Refused, good_answer, read_answer, refusal
from agb._wire.codec import DEEPEST, Misread, load, load_loosely, parse
from agb._wire.endpoints import ENDPOINTS, Endpoint, read_request, write_request
from agb._wire.messages.facts import LinkRequest, ListSessionsRequest, ResourceData, SessionPage
from agb._wire.messages.labels import LabelsData, SetLabelsRequest
from agb._wire.messages.sessions import CreateSessionRequest, SessionRequest
from agb._wire.messages.tools import ToolCallData, ToolCallRequest, ToolLine
from agb._wire.tools import EditFileArguments, RunCodeArguments

AnyEndpoint = Endpoint[Any, Any]
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)


def arrived(value: Any) -> Any:
    """Return what arrives of a JSON value."""
    return json.loads(json.dumps(value))


@every_endpoint
@given(data=st.data())
def test_a_request_is_read_as_it_was_written(endpoint: AnyEndpoint, data: st.DataObject) -> None:
    message = data.draw(of(endpoint.request))
    outgoing = write_request(endpoint, message)
    query = dict(parse_qsl(urlencode(outgoing.query), keep_blank_values=True))
    assert read_request(endpoint, query, arrived(outgoing.body or {})) == message


@every_endpoint
@given(data=st.data())
def test_an_answer_is_read_as_it_was_written(endpoint: AnyEndpoint, data: st.DataObject) -> None:
    message = data.draw(of(endpoint.answer))
    content = json.dumps(good_answer(endpoint, "r-1", message)).encode()
    answer = read_answer(endpoint, 200, {}, content)
    assert (answer.data, answer.request_id, answer.code) == (message, "r-1", "OK")


@every_endpoint
@given(data=st.data())
def test_only_a_post_has_a_body(endpoint: AnyEndpoint, data: st.DataObject) -> None:
    outgoing = write_request(endpoint, data.draw(of(endpoint.request)))
    assert (outgoing.body is not None) == (endpoint.method == "POST")


@every_endpoint
@given(answer=JSON | st.builds(dict, success=st.just(value=True), data=JSON), status=st.integers())
def test_whatever_is_answered_is_judged(endpoint: AnyEndpoint, answer: Any, status: int) -> None:
    with suppress(Refused, Malformed):
        read_answer(endpoint, status, {}, json.dumps(answer).encode())


@every_endpoint
@given(content=st.binary())
def test_bytes_that_are_no_json_are_malformed(endpoint: AnyEndpoint, content: bytes) -> None:
    with pytest.raises(Malformed):
        read_answer(endpoint, 200, {}, b"<" + content)


@every_endpoint
def test_a_refusal_is_read_as_it_was_written(endpoint: AnyEndpoint) -> None:
    written = refusal(http_status=403, code="Account.Ceased", message="closed", request_id="r-1")
    with pytest.raises(Refused) as caught:
        read_answer(endpoint, 403, {}, json.dumps(written).encode())
    refused = caught.value
    assert (refused.http_status, refused.code) == (403, "Account.Ceased")
    assert (refused.message, refused.request_id) == ("closed", "r-1")
    assert "data" not in written


def test_no_two_endpoints_have_one_path() -> None:
    assert len({(each.method, each.path) for each in ENDPOINTS}) == len(ENDPOINTS)


def test_every_endpoint_of_the_module_is_in_the_table() -> None:
    modules = (session_endpoints, fact_endpoints, context_endpoints)
    parts = [part for module in modules for part in vars(module).values()]
    assert {each for each in parts if isinstance(each, Endpoint)} == set(ENDPOINTS)
    assert all(each in vars(endpoints).values() for each in ENDPOINTS)


def refused(content: Any, status: int = 200) -> Refused:
    with pytest.raises(Refused) as caught:
        read_answer(endpoints.CALL_TOOL, status, {}, json.dumps(content).encode())
    return caught.value


def test_the_reason_is_the_datas_then_the_messages_then_the_tools() -> None:
    failed = {"content": [{"text": "tool"}], "isError": True}
    told = {"success": False, "message": "envelope", "data": {**failed, "errMsg": "data"}}
    assert refused(told).message == "data"
    assert refused({**told, "data": failed}).message == "envelope"
    assert refused({"success": False, "data": failed}).message == "tool"


@pytest.mark.parametrize(
    "data", [None, "text", {"content": [{"text": "fine"}]}, {"content": 5, "isError": True}]
)
def test_a_refusal_without_a_reason_says_so(data: object) -> None:
    assert refused({"success": False, "data": data}).message == "the AGB gave no reason (HTTP 200)"


@pytest.mark.parametrize("success", [None, "true", 1, False])
def test_nothing_but_true_is_success(success: object) -> None:
    assert refused({"success": success, "data": {}}).http_status == 200


def test_only_status_200_is_good() -> None:
    assert refused({"success": True, "data": {}}, status=201).http_status == 201


def test_the_header_names_a_request_that_the_body_does_not_name() -> None:
    headers = {"x-request-id": "of-the-header"}
    for content, request_id in (
        (b'{"success": true}', "of-the-header"),
        (b'{"success": true, "requestId": "of-the-body"}', "of-the-body"),
        (b'{"success": true, "requestId": 7}', "7"),
        (b'{"success": true, "requestId": null}', ""),
    ):
        answer = read_answer(endpoints.RELEASE_SESSION, 200, headers, content)
        assert answer.request_id == request_id


@pytest.mark.parametrize(
    ("value", "kind", "complaint"),
    [
        ({}, SessionRequest, "sessionId: is missing"),
        ({"sessionId": None}, SessionRequest, "sessionId: is missing"),
        ({"sessionId": 5}, SessionRequest, "sessionId: expected a string, got an integer"),
        ([], SessionRequest, "expected an object, got an array"),
        (None, SessionRequest, "expected an object, got null"),
        ({"sessionId": "s"}, SetLabelsRequest, "Labels: is missing"),
        (
            {"sessionId": "s", "Labels": '{"a": 1}'},
            SetLabelsRequest,
            "Labels[a]: expected a string, got an integer",
        ),
        (
            {"sessionId": "s", "Labels": "[1]"},
            SetLabelsRequest,
            "Labels: expected an object, got an array",
        ),
        ({"labels": "{oops"}, LabelsData, "labels: holds text that is not JSON"),
        (
            [{"labels": "{oops"}],
            tuple[LabelsData, ...],
            "[0].labels: holds text that is not JSON",
        ),
        (
            {"imageId": "i", "sdkStats": '{"sdk_version": 5}'},
            CreateSessionRequest,
            "sdkStats.sdk_version: expected a string, got an integer",
        ),
        (
            {"sessionId": "s", "desktopInfo": {"appId": True}},
            ResourceData,
            "desktopInfo.appId: expected a string, got a boolean",
        ),
        (
            {"content": [{}, {"mimeType": 1.5}]},
            ToolCallData,
            "content[1].mimeType: expected a string, got a number",
        ),
        ({"content": "text"}, ToolCallData, "content: expected an array, got a string"),
        ({"isError": 1}, ToolCallData, "isError: expected a boolean, got an integer"),
        ({"data": {"items": []}}, SessionPage, "data: expected an array, got an object"),
        (
            {"path": "p", "edits": [{"newText": ""}]},
            EditFileArguments,
            "edits[0].oldText: is missing",
        ),
        (
            {"code": "", "language": "r", "timeout_s": True},
            RunCodeArguments,
            "timeout_s: expected an integer, got a boolean",
        ),
        (
            [{"name": "a"}, {"inputSchema": 5}],
            tuple[ToolLine, ...],
            "[1].inputSchema: expected an object, got an integer",
        ),
    ],
)
def test_what_does_not_fit_is_named_as_the_wire_names_it(
    value: object, kind: type, complaint: str
) -> None:
    with pytest.raises(Misread) as caught:
        load(value, kind)
    assert str(caught.value) == complaint
    assert complaint == ": ".join(filter(None, (caught.value.path, caught.value.problem)))


@pytest.mark.parametrize(
    ("endpoint", "content", "place"),
    [
        (endpoints.GET_SESSION, {"data": {"sessionId": 5}}, "data.sessionId: expected a string"),
        (endpoints.GET_SESSION, {}, "/mcp/getSession answered .* data: expected an object"),
        (endpoints.LIST_TOOLS, {"data": '[{"name": 5}]'}, r"data\[0\]\.name: expected a string"),
        (endpoints.LIST_TOOLS, {"data": "nope"}, "data: holds text that is not JSON"),
        (endpoints.LIST_SESSIONS, {"data": [{"sessionId": 5}]}, r"data\[0\]\.sessionId: "),
        (endpoints.LIST_SESSIONS, {}, "data: is missing"),
        (endpoints.LIST_SESSIONS, {"data": [], "count": "5"}, "count: expected an integer"),
    ],
)
def test_a_malformed_answer_names_the_place(
    endpoint: AnyEndpoint, content: dict[str, object], place: str
) -> None:
    with pytest.raises(Malformed, match=place):
        read_answer(endpoint, 200, {}, json.dumps({"success": True, **content}).encode())


def test_numbers_and_booleans_may_be_text_in_a_query_and_nowhere_else() -> None:
    assert load_loosely({"sessionId": "s", "port": "30100"}, LinkRequest).port == 30100
    assert load_loosely({"sessionId": "s", "port": 30100}, LinkRequest).port == 30100
    with pytest.raises(Misread, match="port: expected an integer, got 'x'"):
        load_loosely({"sessionId": "s", "port": "x"}, LinkRequest)
    with pytest.raises(Misread, match="port: expected an integer, got a string"):
        load({"sessionId": "s", "port": "30100"}, LinkRequest)
    call = {"sessionId": "s", "name": "shell", "args": "{}"}
    assert load_loosely({**call, "autoGenSession": "true"}, ToolCallRequest).auto_gen_session
    assert not load_loosely({**call, "autoGenSession": False}, ToolCallRequest).auto_gen_session
    with pytest.raises(Misread, match="autoGenSession: expected a boolean"):
        load_loosely({**call, "autoGenSession": "maybe"}, ToolCallRequest)


def test_json_text_may_come_as_the_value_itself_and_empty_text_is_none() -> None:
    labels = {"team": "data"}
    for given_labels in (labels, json.dumps(labels)):
        assert load({"labels": given_labels}, LabelsData).labels == labels
    for nothing in ("", "null", None):
        assert load({"labels": nothing}, LabelsData).labels == {}
    with pytest.raises(Misread, match="args: is missing"):
        load({"sessionId": "s", "name": "shell", "args": ""}, ToolCallRequest)


def test_json_text_keeps_its_characters() -> None:
    query = write_request(
        endpoints.LIST_SESSIONS, ListSessionsRequest(labels={"名": "值"}, max_results=5)
    ).query
    assert query == {"labels": '{"名": "值"}', "maxResults": "5"}


def test_keys_may_begin_with_a_capital_and_others_are_passed_over() -> None:
    read = load({"SessionId": "s", "Unknown": 1, "unknown": 2}, SessionRequest)
    assert read == SessionRequest(session_id="s")
    assert load({"SessionId": "a", "sessionId": "b"}, SessionRequest).session_id == "b"


def test_lines_of_a_page_that_are_no_objects_are_passed_over() -> None:
    page = load({"data": ["junk", {"sessionId": "s"}, None]}, SessionPage)
    assert [line.session_id for line in page.data] == ["s"]


@pytest.mark.parametrize("kind", ["[x]", '{"a":x}', '[{"a":x}]'])
def test_json_is_read_to_a_depth_that_all_that_is_done_with_it_can_bear(kind: str) -> None:
    before, after = kind.split("x")
    levels = DEEPEST // (before.count("[") + before.count("{"))
    for written in (str, str.encode):
        assert parse(written(before * levels + "1" + after * levels))
        for more in (levels + 1, 100_000):
            with pytest.raises(ValueError, match="nested too deeply"):
                parse(written(before * more + "1" + after * more))


def test_json_may_be_as_wide_as_it_likes() -> None:
    assert len(parse("[" + "[]," * 10_000 + '{"a": []}]')) == 10_001
