"""Which error a refusal is."""

import json

import pytest

from agb import exceptions
from agb._failures import handshake_refusal, json_answer, malformed, refusal
from agb._wire.answers import Malformed, Refused


def told(status: int = 400, code: str = "", message: str = "no") -> Refused:
    return Refused(http_status=status, code=code, message=message, request_id="r-1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, exceptions.APIError),
        (201, exceptions.APIError),
        (302, exceptions.APIError),
        (400, exceptions.InvalidRequestError),
        (401, exceptions.AuthenticationError),
        (403, exceptions.PermissionDeniedError),
        (404, exceptions.InvalidRequestError),
        (413, exceptions.InvalidRequestError),
        (418, exceptions.APIError),
        (422, exceptions.InvalidRequestError),
        (429, exceptions.RateLimitError),
        (500, exceptions.ServerError),
        (599, exceptions.ServerError),
    ],
)
def test_the_status_tells_the_error(status: int, kind: type[exceptions.APIError]) -> None:
    error = refusal(told(status))
    assert type(error) is kind
    assert (error.status_code, error.request_id, error.message) == (status, "r-1", "no")
    assert error.code == kind.default_code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidMcpSession.NotFound", exceptions.SessionNotFoundError),
        ("InvalidSession.NotFound", exceptions.SessionNotFoundError),
        ("SESSION_NOT_FOUND", exceptions.SessionNotFoundError),
        ("InvalidTool.NotFound", exceptions.ToolNotFoundError),
        ("InvalidImage.NotFound", exceptions.ImageNotFoundError),
        ("InvalidImage", exceptions.ImageNotFoundError),
        ("QuotaExceeded.Sessions", exceptions.QuotaExceededError),
        ("InvalidApiKey", exceptions.AuthenticationError),
        ("Context.NotFound", exceptions.ContextNotFoundError),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_code_tells_more_than_the_status(
    code: str, kind: type[exceptions.APIError], status: int
) -> None:
    error = refusal(told(status, code))
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Session s-1 not found", exceptions.SessionNotFoundError),
        ("image not found", exceptions.ImageNotFoundError),
        ("Tool x was not found in session s-1", exceptions.ToolNotFoundError),
        ("session s-1 of image code_latest not found", exceptions.SessionNotFoundError),
        ("not found", exceptions.InvalidRequestError),
        ("the session is busy", exceptions.InvalidRequestError),
    ],
)
def test_where_the_code_says_nothing_the_message_does(
    message: str, kind: type[exceptions.APIError]
) -> None:
    assert type(refusal(told(400, "X", message))) is kind


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("Context.NotFound", "context 'session-x' not found", exceptions.ContextNotFoundError),
        ("ContextFile.NotFound", "/image.png not found", exceptions.InvalidRequestError),
        ("File.NotFound", "/my/session/tool not found", exceptions.InvalidRequestError),
        ("X", "context 'session-x' not found", exceptions.ContextNotFoundError),
        ("X", "file '/image.png' not found", exceptions.InvalidRequestError),
    ],
)
@pytest.mark.parametrize("session_id", ["", "s-1"])
def test_what_was_not_found_is_not_taken_for_what_users_called_it(
    code: str, message: str, kind: type[exceptions.APIError], session_id: str
) -> None:
    assert type(refusal(told(400, code, message), session_id=session_id)) is kind


def test_a_session_that_was_not_found_is_named_once() -> None:
    code = "InvalidMcpSession.NotFound"
    for message, shown in (
        ("not found", "not found (session s-1)"),
        ("s-1 not found", "s-1 not found"),
    ):
        assert refusal(told(400, code, message), session_id="s-1").message == shown


def test_not_found_alone_means_the_session_where_a_session_was_asked_about() -> None:
    gone = told(400, "InvalidRequest", "Resource Not Found")
    assert type(refusal(gone, session_id="s-1")) is exceptions.SessionNotFoundError
    assert type(refusal(gone)) is exceptions.InvalidRequestError
    no_such_path = told(404, "NotFound", "not found")
    assert type(refusal(no_such_path, session_id="s-1")) is exceptions.InvalidRequestError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, exceptions.UnexpectedResponseError),
        (302, exceptions.UnexpectedResponseError),
        (401, exceptions.AuthenticationError),
        (404, exceptions.InvalidRequestError),
        (502, exceptions.ServerError),
    ],
)
def test_what_no_agb_answers_is_told_by_its_status(
    status: int, kind: type[exceptions.APIError]
) -> None:
    error = malformed(Malformed(http_status=status, problem="session not found", request_id="r-1"))
    assert type(error) is kind
    assert (error.status_code, error.request_id) == (status, "r-1")


def test_any_json_object_is_an_answer() -> None:
    assert json_answer(500, json.dumps({"success": False}).encode()) == {"success": False}


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"<html>"])
def test_nothing_else_is(content: bytes) -> None:
    with pytest.raises(exceptions.UnexpectedResponseError):
        json_answer(200, content)


def test_a_refused_handshake_is_told_in_the_words_of_who_refused() -> None:
    body = b'{"code": "Session.NotFound", "message": "session s-1 was not found", "requestId": "r"}'
    error = handshake_refusal(400, "ws://agb.example", body)
    assert type(error) is exceptions.SessionNotFoundError
    assert error.message == (
        "ws://agb.example answered the request for a stream with HTTP 400: "
        "session s-1 was not found"
    )
    assert (error.code, error.request_id, error.status_code) == ("Session.NotFound", "r", 400)
    for odd in (b"", b"[1]", b"<html>", b'{"code": 7}'):
        assert "HTTP 502" in handshake_refusal(502, "ws://agb.example", odd).message


def test_an_error_can_be_printed_whatever_the_agb_has_said() -> None:
    error = refusal(told(code="\udc80", message="no \ud800"))
    assert (str(error), error.code) == (r"no \ud800", r"\udc80")
