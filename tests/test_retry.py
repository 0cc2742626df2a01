"""Which request may be sent again after which failure, and when."""

import email.utils

import pytest
from support.guide import ROOT
from support.retries import with_table

from agb import _retry, exceptions
from agb._failures import malformed, refusal
from agb._retry import TABLE, Failure, failure_of, failure_of_answer, pause, retry_after
from agb._wire.answers import Malformed, Refused
from agb._wire.endpoints import ENDPOINTS, Safety

STATUSES = {408: "TIMED_OUT", 429: "RATE_LIMITED", 500: "SERVER_ERROR"} | {
    502: "BAD_GATEWAY",
    503: "UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}
NOW = 1_800_000_000.0


@pytest.mark.parametrize("failure", Failure)
def test_the_table_has_an_entry_for_each_failure_and_each_kind_of_request(
    failure: Failure,
) -> None:
    assert set(TABLE[failure]) == set(Safety)


def test_a_tool_call_is_repeated_only_when_it_can_not_have_run() -> None:
    repeated = {failure for failure, entry in TABLE.items() if entry[Safety.RUN]}
    assert repeated == {Failure.NOT_SENT, Failure.RATE_LIMITED}


def test_what_creates_is_repeated_no_sooner_than_what_runs() -> None:
    assert all(entry[Safety.CREATE] == entry[Safety.RUN] for entry in TABLE.values())


def test_only_the_endpoints_that_must_be_are_kept_from_being_repeated() -> None:
    found = {each.name: each.safety for each in ENDPOINTS}
    assert [name for name in found if found[name] is Safety.CREATE] == ["createSession"]
    assert [name for name in found if found[name] is Safety.RUN] == ["mcp"]
    looking = [name for name in found if name.startswith(("list", "List", "Describe"))]
    assert {found[name] for name in looking} == {Safety.READ}
    changing = [
        name
        for name in found
        if name.startswith(("Set", "Modify", "Delete", "Clear", "Sync", "release", "refresh"))
    ]
    assert {found[name] for name in changing} == {Safety.WRITE}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (exceptions.ConnectTimeoutError("x"), Failure.NOT_SENT),
        (exceptions.PoolTimeoutError("x"), Failure.NOT_SENT),
        (exceptions.APIConnectionError("x", code="CONNECT_FAILED"), Failure.NOT_SENT),
        (exceptions.ReadTimeoutError("x"), Failure.UNANSWERED),
        (exceptions.APIConnectionError("x"), Failure.BROKEN),
    ],
)
def test_an_error_tells_how_its_request_failed(
    error: exceptions.AGBError, failure: Failure
) -> None:
    assert failure_of(error) is failure


@pytest.mark.parametrize(("status", "name"), STATUSES.items())
def test_a_status_tells_how_a_request_failed_whatever_the_body(status: int, name: str) -> None:
    told = Refused(http_status=status, code="", message="no", request_id="")
    page = Malformed(http_status=status, problem="a page", request_id="", body="HTML")
    assert failure_of(refusal(told)) is failure_of_answer(page) is Failure[name]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ""),
        (403, ""),
        (501, ""),
        (429, "QuotaExceeded.Sessions"),
        (500, "InvalidMcpSession.NotFound"),
    ],
)
def test_a_no_that_will_stay_a_no_is_told_from_a_mishap(status: int, code: str) -> None:
    told = Refused(http_status=status, code=code, message="no", request_id="")
    assert failure_of(refusal(told)) is Failure.REFUSED


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, "", Failure.GARBLED),
        (200, "HTML", Failure.PAGE),
        (200, "JSON", Failure.INCOMPLETE),
        (302, "", Failure.REFUSED),
        (404, "HTML", Failure.REFUSED),
    ],
)
def test_an_answer_that_no_agb_gives_tells_how_the_request_failed(
    status: int, body: str, failure: Failure
) -> None:
    answer = Malformed(http_status=status, problem="odd", request_id="", body=body)  # type: ignore[arg-type]
    assert failure_of_answer(answer) is failure


def test_waits_grow_and_are_drawn_from_zero_up() -> None:
    longest = [pause(attempt, chance=1.0, left=99) for attempt in range(1, 8)]
    assert longest == [0.5, 1, 2, 4, 8, 8, 8]
    assert {pause(attempt, chance=0.0, left=99) for attempt in range(1, 8)} == {0.0}


def test_what_the_answer_asked_for_is_waited_in_any_case() -> None:
    assert pause(1, chance=0.0, told=20.0, left=99) == 20
    assert pause(1, chance=1.0, told=20.0, left=99) == 20.5


@pytest.mark.parametrize("told", [None, 30.0])
def test_there_is_no_wait_that_outlasts_the_caller(told: float | None) -> None:
    assert pause(9, chance=1.0, told=told, left=5.0) is None
    assert pause(1, chance=0.0, told=told, left=0.0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        (email.utils.formatdate(NOW + 90, usegmt=True), 90.0),
        (email.utils.formatdate(NOW + 90), 90.0),
        (email.utils.formatdate(NOW - 90, usegmt=True), 0.0),
        ("Wed, 99 Nov 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, NOW) == seconds


def test_errors_of_answers_carry_what_was_asked_for() -> None:
    headers = {"retry-after": "7"}
    told = Refused(http_status=429, code="", message="slow down", request_id="")
    page = Malformed(http_status=503, problem="a page", request_id="", body="HTML")
    assert refusal(told, headers).retry_after == malformed(page, headers).retry_after == 7
    assert refusal(told).retry_after is None


def test_the_guide_to_retries_has_the_table_as_it_is() -> None:
    text = (ROOT / "docs" / "retries.md").read_text("utf-8")
    assert with_table(text) == text
    assert f"{_retry.FIRST_PAUSE:g} s" in text
    assert f"{_retry.LONGEST_PAUSE:g} s" in text
