# Generated from tests/conformance/_async/cases/failures.py; edit that file, then `nox -s twin`.
"""Answers that say no or are none, and calls that get no answer."""

from agb import (
    APIConnectionError,
    CreateSessionParams,
    ImageNotFoundError,
    QuotaExceededError,
    RateLimitError,
    Session,
    SessionResult,
)
from agb.exceptions import (
    APIError,
    AuthenticationError,
    InvalidRequestError,
    ReadTimeoutError,
    ServerError,
    SessionNotFoundError,
    UnexpectedResponseError,
)
from agb.results import CommandResult, McpToolResult
from conformance._sync.cases.sessions import CREATED
from conformance._sync.world import IMAGE, SESSION_ID, Case, World
from conformance.outcome import fails, gives

NOBODY = fails(APIConnectionError, "http://agb.test", request_id="", code="CONNECT_FAILED")
BROKEN = fails(APIConnectionError, "broke before an answer came", request_id="")
LATE = fails(ReadTimeoutError, "may have been carried out", request_id="")


def create(on: World) -> SessionResult[Session]:
    return on.agb.create(CreateSessionParams(image_id=IMAGE))


def execute(on: World) -> CommandResult:
    return on.session.command.execute("x", timeout_ms=1000)


def create_within_half_a_second(on: World) -> SessionResult[Session]:
    result = on.agb.with_options(timeout=0.5).create(CreateSessionParams(image_id=IMAGE))
    assert set(on.replay.sent[0].extensions["timeout"].values()) == {0.5}
    return result


def call_within_a_second(on: World) -> McpToolResult:
    result = on.session.call_mcp_tool("x", {}, read_timeout=1000, connect_timeout=1000)
    timeouts = on.replay.sent[0].extensions["timeout"]
    assert (timeouts["connect"], timeouts["read"]) == (1, 1)
    return result


def call_over_a_dead_link(on: World) -> McpToolResult:
    result = on.linked.call_mcp_tool("shell", {})
    assert [request.url.path for request in on.replay.sent] == ["/link/callTool", "/mcp"]
    return result


CASES = (
    Case(
        "error_create_http_400",
        create,
        fails(InvalidRequestError, "bad image", code="InvalidParameter", status_code=400),
    ),
    Case(
        "error_create_http_401",
        create,
        fails(AuthenticationError, "invalid api key", code="Unauthorized", status_code=401),
    ),
    Case(
        "error_create_http_429",
        create,
        fails(RateLimitError, "too many requests", code="Throttling", status_code=429),
    ),
    Case(
        "error_create_http_500",
        create,
        fails(ServerError, "internal error", code="InternalError", status_code=500),
    ),
    Case(
        "error_create_http_502_html",
        create,
        fails(ServerError, "bad gateway", request_id="", status_code=502),
    ),
    Case(
        "error_create_http_503",
        create,
        fails(ServerError, "try later", code="Unavailable", status_code=503),
    ),
    Case(
        "error_create_success_false",
        create,
        fails(QuotaExceededError, "quota exceeded", code="QuotaExceeded", status_code=200),
    ),
    Case(
        "error_create_success_false_with_session",
        create,
        fails(APIError, "strange", code="Weird", status_code=200),
    ),
    Case(
        "error_create_data_success_false",
        create,
        fails(APIError, "no resource available", status_code=200),
    ),
    Case(
        "error_create_data_success_false_no_msg",
        create,
        fails(APIError, "without a session id", status_code=200),
    ),
    Case(
        "error_create_data_null",
        create,
        fails(UnexpectedResponseError, "data: expected an object", status_code=200),
    ),
    Case(
        "error_create_no_session_id",
        create,
        fails(UnexpectedResponseError, "without a session id", status_code=200),
    ),
    Case("error_create_request_id_header", create, gives("hdr-77", session=CREATED)),
    Case(
        "error_create_empty_body",
        create,
        fails(UnexpectedResponseError, "nothing", request_id="", status_code=200),
    ),
    Case(
        "error_create_json_array",
        create,
        fails(UnexpectedResponseError, "[1, 2]", request_id="", status_code=200),
    ),
    Case(
        "error_create_json_null",
        create,
        fails(UnexpectedResponseError, "null", request_id="", status_code=200),
    ),
    Case(
        "error_create_malformed_json",
        create,
        fails(UnexpectedResponseError, "<html>oops", request_id="", status_code=200),
    ),
    Case("error_create_connection_refused", create, NOBODY, refused=1),
    Case("error_create_connection_dropped", create, BROKEN),
    Case("error_create_timeout", create, LATE),
    Case("error_create_timeout_below_1s", create_within_half_a_second, NOBODY, refused=1),
    Case("error_get_connection_refused", lambda on: on.agb.get(SESSION_ID), NOBODY, refused=1),
    Case(
        "error_get_http_500",
        lambda on: on.agb.get(SESSION_ID),
        fails(ServerError, "boom", code="InternalError", status_code=500),
    ),
    Case(
        "error_get_malformed_json",
        lambda on: on.agb.get(SESSION_ID),
        fails(UnexpectedResponseError, "<html>", request_id="", status_code=200),
    ),
    Case(
        "error_get_link_data_string",
        lambda on: on.session.get_link(),
        fails(UnexpectedResponseError, "data: expected an object", status_code=200),
    ),
    Case(
        "error_get_link_malformed",
        lambda on: on.session.get_link(),
        fails(UnexpectedResponseError, "<html>", request_id="", status_code=200),
    ),
    Case(
        "error_info_http_404",
        lambda on: on.session.info(),
        fails(SessionNotFoundError, "session gone", code="NotFound", status_code=404),
    ),
    Case(
        "error_keep_alive_http_500",
        lambda on: on.session.keep_alive(),
        fails(ServerError, "<html>", request_id="", status_code=500),
    ),
    Case(
        "error_labels_get_http_500",
        lambda on: on.session.get_labels(),
        fails(ServerError, "boom", code="X", status_code=500),
    ),
    Case(
        "error_labels_set_http_500",
        lambda on: on.session.set_labels({"a": "b"}),
        fails(ServerError, "<html>", request_id="", status_code=500),
    ),
    Case(
        "error_status_http_500",
        lambda on: on.session.get_status(),
        fails(ServerError, "boom", code="InternalError", status_code=500),
    ),
    Case(
        "error_list_http_401",
        lambda on: on.agb.list(),
        fails(AuthenticationError, "invalid api key", code="Unauthorized", status_code=401),
    ),
    Case(
        "error_list_http_500_html",
        lambda on: on.agb.list(),
        fails(ServerError, "<html>", request_id="", status_code=500),
    ),
    Case(
        "error_list_page2_fails",
        lambda on: on.agb.list(page=2),
        fails(RateLimitError, "slow down", code="Throttling", status_code=429),
    ),
    Case(
        "error_list_tools_http_404",
        lambda on: on.session.list_mcp_tools(),
        fails(ImageNotFoundError, "image not found", code="X", status_code=404),
    ),
    Case(
        "error_mcp_http_201",
        execute,
        fails(APIError, "HTTP 201", status_code=201),
    ),
    Case(
        "error_mcp_http_401",
        execute,
        fails(AuthenticationError, "message 401", code="E401", status_code=401),
    ),
    Case(
        "error_mcp_http_404",
        execute,
        fails(InvalidRequestError, "message 404", code="E404", status_code=404),
    ),
    Case(
        "error_mcp_http_429",
        execute,
        fails(RateLimitError, "message 429", code="E429", status_code=429),
    ),
    Case(
        "error_mcp_http_500",
        execute,
        fails(ServerError, "message 500", code="E500", status_code=500),
    ),
    Case(
        "error_mcp_malformed_json",
        execute,
        fails(UnexpectedResponseError, "<html>", request_id="", status_code=200),
    ),
    Case("error_mcp_connection_dropped", execute, BROKEN),
    Case("error_mcp_read_timeout", call_within_a_second, LATE),
    Case("error_link_route_connection_refused", call_over_a_dead_link, NOBODY, refused=2),
)
