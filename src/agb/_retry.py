"""Pure: may a request be sent again, and when."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum

from agb._wire.answers import Malformed
from agb._wire.endpoint import Safety
from agb.exceptions import (
    REQUEST_LIMIT,
    AGBError,
    APIError,
    ConnectTimeoutError,
    PoolTimeoutError,
    RateLimitError,
    ReadTimeoutError,
    ServerError,
    TransferError,
)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0


class Failure(Enum):
    """How a request can fail; the value says it in words."""

    NO_PLACE = "never sent: all of `max_requests` were under way for too long"
    NOT_SENT = "never sent: no connection"
    UNANSWERED = "sent, and no answer in time"
    BROKEN = "the connection broke, or was reset, before the whole answer had come"
    TIMED_OUT = "408 Request Timeout"
    RATE_LIMITED = "429 Too Many Requests"
    SERVER_ERROR = "500 Internal Server Error"
    BAD_GATEWAY = "502 Bad Gateway"
    UNAVAILABLE = "503 Service Unavailable"
    GATEWAY_TIMEOUT = "504 Gateway Timeout"
    GARBLED = "an answer that is not JSON, or half of it"
    PAGE = "an answer that is an HTML page"
    INCOMPLETE = "an answer without what it should hold"
    REFUSED = "any other answer that says no"


TABLE: Mapping[Failure, Mapping[Safety, bool]] = {
    failure: dict(zip(Safety, answers, strict=True))
    for failure, answers in {
        #                         read-only, idempotent, creates, runs a tool
        Failure.NO_PLACE: (False, False, False, False),  # it has waited already
        Failure.NOT_SENT: (True, True, True, True),
        Failure.UNANSWERED: (True, True, False, False),
        Failure.BROKEN: (True, True, False, False),
        Failure.TIMED_OUT: (True, True, False, False),
        Failure.RATE_LIMITED: (True, True, True, True),
        Failure.SERVER_ERROR: (True, True, False, False),
        Failure.BAD_GATEWAY: (True, True, False, False),
        Failure.UNAVAILABLE: (True, True, False, False),
        Failure.GATEWAY_TIMEOUT: (True, True, False, False),
        Failure.GARBLED: (True, True, False, False),
        Failure.PAGE: (True, True, False, False),  # as of a gateway that is being changed
        Failure.INCOMPLETE: (False, False, False, False),
        Failure.REFUSED: (False, False, False, False),
    }.items()
}
"""Whether a request of some safety may be sent again after some failure."""

TRANSFERS: Mapping[str, Safety] = {"GET": Safety.READ, "PUT": Safety.WRITE}
"""What it means to send a request to a signed URL twice: what is put there replaces itself."""

_OK = 200
_BY_STATUS = {
    408: Failure.TIMED_OUT,
    429: Failure.RATE_LIMITED,
    500: Failure.SERVER_ERROR,
    502: Failure.BAD_GATEWAY,
    503: Failure.UNAVAILABLE,
    504: Failure.GATEWAY_TIMEOUT,
}


def failure_of(error: AGBError) -> Failure:
    """Tell how the request failed that this error is about."""
    if isinstance(error, APIError):
        # A code that says more than the status, such as that of a full account, is no mishap.
        plain = type(error) in {APIError, RateLimitError, ServerError}
        return failure_of_status(error.status_code) if plain else Failure.REFUSED
    if isinstance(error, TransferError):
        taken = error.status_code == _OK  # but by a gateway: there is no error of a store with it
        return Failure.PAGE if taken else failure_of_status(error.status_code)
    if error.code == REQUEST_LIMIT:
        return Failure.NO_PLACE
    if surely_not_sent(error):
        return Failure.NOT_SENT
    return Failure.UNANSWERED if isinstance(error, ReadTimeoutError) else Failure.BROKEN


def failure_of_status(status: int) -> Failure:
    """Tell how a request failed that got this HTTP status."""
    return _BY_STATUS.get(status, Failure.REFUSED)


def failure_of_answer(answer: Malformed) -> Failure:
    """Tell how a request failed that got an answer which no AGB gives."""
    if answer.http_status != _OK:
        return failure_of_status(answer.http_status)
    return {"HTML": Failure.PAGE, "JSON": Failure.INCOMPLETE}.get(answer.body, Failure.GARBLED)


def surely_not_sent(error: BaseException | None) -> bool:
    """Tell whether a request that failed like this can't have been carried out."""
    return isinstance(error, (ConnectTimeoutError, PoolTimeoutError)) or (
        isinstance(error, AGBError) and error.code == "CONNECT_FAILED"
    )


def pause(attempt: int, *, chance: float, told: float | None = None, left: float) -> float | None:
    """Return how many seconds to wait before a request is sent again; None if there is no time.

    The waits grow, and each is drawn by lot from zero up ("full jitter"), so that clients which
    failed together don't come back together.

    Args:
        attempt: How often it was sent.
        chance: A random number from 0 to 1.
        told: Seconds that the answer asked to wait for, which are waited in any case.
        left: Seconds until the caller has no more time.
    """
    wait = chance * min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)) + (told or 0.0)
    return wait if wait < left else None


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` asks to wait for; None where it says nothing.

    Args:
        value: The header: seconds, or the date to wait until.
        now: Seconds since the epoch.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:  # as RFC 5322 has it for "-0000"; HTTP dates are always in GMT
        until = until.replace(tzinfo=UTC)
    return max(0.0, until.timestamp() - now)
