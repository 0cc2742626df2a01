"""URLs that lead into a session and carry their own permission."""

import hmac

from agb.local.refusals import session_not_found, wrong_token
from agb.local.seals import Seals
from agb.local.session import Session
from agb.local.sessions import Sessions

LINK_PATH = "/link"
STREAM_PATH = "/stream"
PAGE_PATH = "/resource"
PORT_PATH = "/port"

FORWARDED = range(30100, 30200)
"""Ports of a session that can be reached from outside."""

_BY_NAME = {str(port): port for port in FORWARDED}

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


def port_url(base_url: str, session: Session, port: int, seals: Seals, *, stream: bool) -> str:
    """Give the URL of a port of a session, good for as long as the session lives.

    It ends in a slash, so that relative links of a page there keep the token in their path.

    Args:
        base_url: How the caller reached this server.
        session: The session.
        port: The port.
        seals: Make the token.
        stream: Whether the URL is for a WebSocket.
    """
    base = base_url.replace("http", "ws", 1) if stream else base_url
    token = seals.seal(_port_purpose(session.id, port), "")
    return f"{base}{PORT_PATH}/{session.id}/{port}/{token}/"


def check_port_token(session_id: str, port: str, token: str, seals: Seals) -> int:
    """Make sure that a token opens a port of a session, and give the port.

    Raises:
        Refusal: It does not.
    """
    number = _BY_NAME.get(port)  # what else is written there may be no number at all
    if number is None or seals.open(_port_purpose(session_id, number), token) is None:
        raise wrong_token()
    return number


def _port_purpose(session_id: str, port: int) -> str:
    return f"port {port} of {session_id}"


def _purpose(resource_id: str) -> str:
    return f"page of {resource_id}"
