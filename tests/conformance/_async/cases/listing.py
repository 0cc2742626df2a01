"""Listing sessions, a page at a time."""

from agb import InvalidParamsError, PageNotFoundError
from agb.exceptions import UnexpectedResponseError
from conformance._async.world import Case
from conformance.outcome import Expected, fails, gives, handle


def page(*session_ids: str, limit: int = 10, count: int, request_id: str = "req-0001") -> Expected:
    """Expect the last page of a listing."""
    return gives(
        request_id,
        sessions=[handle(session_id=session_id) for session_id in session_ids],
        session_ids=list(session_ids),
        max_results=limit,
        total_count=count,
    )


CASES = (
    Case(
        "session_list_default",
        lambda on: on.agb.list(),
        page("session-a", "session-b", count=2),
    ),
    Case(
        "session_list_page1",
        lambda on: on.agb.list(page=1),
        page("session-a", "session-b", count=2),
    ),
    Case(
        "session_list_labels_limit",
        lambda on: on.agb.list(labels={"env": "dev"}, limit=5),
        page("session-a", "session-b", count=2),
    ),
    Case(
        "session_list_page3",
        lambda on: on.agb.list(page=3, limit=2),
        page("s5", limit=2, count=5, request_id="req-0003"),
    ),
    Case(
        "session_list_page_past_end",
        lambda on: on.agb.list(page=4, limit=2),
        fails(
            PageNotFoundError,
            "Cannot reach page 4: No more pages available",
            request_id="req-0003",
        ),
    ),
    Case(
        "session_list_page_zero",
        lambda on: on.agb.list(page=0),
        fails(InvalidParamsError, "page", request_id=""),
    ),
    Case(
        "session_list_missing_ids",
        lambda on: on.agb.list(),
        page("s9", count=0),
    ),
    Case(
        "session_list_data_not_array",
        lambda on: on.agb.list(),
        fails(UnexpectedResponseError, "data", status_code=200),
    ),
)
