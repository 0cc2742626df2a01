"""URLs that lead into a session and carry their own permission."""

import hmac

from agb.local.refusals import session_not_found, wrong_token
from agb.local.seals import Seals
from agb.local.sessions import Session, Sessions

LINK_PATH = "/link"
STREAM_PATH = "/stream"
PAGE_PATH = "/resource"

_PAGE_LASTS = 30 * 60
"""Seconds for which the URL of a session's page is good."""


def link_url(base_url: str, session: Session) -> str:
    """Give the direct link to a session's tools; its token opens it."""
    return f"{base_url}{LINK_PATH}/{session.id}"


def stream_url(base_url: str, session: Session) -> str:
    """Give the URL of a session's WebSocket; the same token opens it."""
    return f"ws{base_url.removeprefix('http')}{STREAM_PATH}/{session.id}"


def check_link_token(session: Session, token: str) -> None:
    """Make sure that a token opens a session's link or its WebSocket.

    Raises:
        Refusal: It does not.
    """
    if not hmac.compare_digest(token.encode(errors="replace"), session.token.encode()):
        raise wrong_token()


def page_url(base_url: str, session: Session, seals: Seals) -> str:
    """Give the URL of a session's page, good for half an hour."""
    expires = session.clock.monotonic() + _PAGE_LASTS
    token = seals.seal(_purpose(session.resource_id), str(expires))
    return f"{base_url}{PAGE_PATH}?resourceId={session.resource_id}&token={token}"


def session_of_page(sessions: Sessions, resource_id: str, token: str, seals: Seals) -> Session:
    """Find the session whose page is asked for; looking at it does not keep it alive.

    Raises:
        Refusal: The token is wrong or too old, or the session is gone.
    """
    expires = seals.open(_purpose(resource_id), token)
    if expires is None or sessions.clock.monotonic() >= float(expires):
        raise wrong_token()
    for session in sessions.active():
        if session.resource_id == resource_id:
            return session
    raise session_not_found(resource_id)


def _purpose(resource_id: str) -> str:
    return f"page of {resource_id}"
