# Generated from tests/_async/test_stream_handshakes.py; edit that file, then `nox -s twin`.
"""WebSockets that can't be opened, and what is said of it."""

import secrets

import pytest
from support.streaming import Peer, Script, StreamServer, network, session_data

from agb import (
    AGB,
    APIConnectionError,
    APIError,
    AuthenticationError,
    ConnectTimeoutError,
    PermissionDeniedError,
    ServerError,
    Session,
    SessionNotFoundError,
    UnexpectedResponseError,
)
from agb._web_socket import Heartbeat
from agb._wire.stream import RunRequest

KEY = secrets.token_hex()
SECRETS = ("the-secret-token", "the-secret-signature", KEY)


def client(timeout: float = 30.0) -> AGB:
    return AGB(KEY, endpoint="https://agb.example", transport=network(), timeout=timeout)


def session_at(agb: AGB, url: str, heartbeat: Heartbeat | None = None) -> Session:
    session = Session.from_data(agb, session_data(url))
    if heartbeat is not None:
        session._streams.heartbeat = heartbeat
    return session


def enter(session: Session) -> None:
    with session.code.stream("1", "python"):
        raise AssertionError


def works(peer: Peer) -> None:
    peer.accept()
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, "it works")
        peer.end(run)


def refuses_with(status: int) -> Script:
    return lambda peer: peer.accept(status, location="ws://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, UnexpectedResponseError),
        (302, UnexpectedResponseError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, SessionNotFoundError),
        (500, ServerError),
    ],
)
def test_a_handshake_that_is_refused_tells_status_and_host_and_no_secret(
    status: int, kind: type[APIError]
) -> None:
    with StreamServer(refuses_with(status), works) as server, client() as agb:
        session = session_at(agb, server.url)
        with pytest.raises(kind) as caught:
            enter(session)
        assert str(status) in str(caught.value)
        assert f"ws://127.0.0.1:{server.port}" in str(caught.value)
        assert not any(secret in str(caught.value) for secret in SECRETS)
        assert caught.value.status_code == status
        assert caught.value.code == "STREAM_REFUSED"
        assert session.code.run("x", "python", stream_beta=True).success
    assert len(server.peers) == 2


def says_no_http(peer: Peer) -> None:
    peer.raw(b"220 mail.example ESMTP\r\n")
    peer.wait_for_the_end()


def hangs_up(peer: Peer) -> None:
    peer.drop()


def accepts_for_another(peer: Peer) -> None:
    peer.raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAA\r\n\r\n"
    )
    peer.wait_for_the_end()


@pytest.mark.parametrize("fault", [says_no_http, hangs_up, accepts_for_another])
def test_a_handshake_that_is_none_is_an_error_too(fault: Script) -> None:
    with StreamServer(fault) as server, client() as agb:
        session = session_at(agb, server.url)
        with pytest.raises((APIError, APIConnectionError), match=r"ws://127\.0\.0\.1"):
            enter(session)


def test_a_handshake_that_is_never_answered_times_out() -> None:
    with StreamServer(Peer.wait_for_the_end) as server, client(timeout=0.1) as agb:
        session = session_at(agb, server.url)
        with pytest.raises(ConnectTimeoutError, match="in time"):
            enter(session)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9/", "wss://127.0.0.1:9/", "wss://no.invalid/"])
def test_a_server_that_is_not_there_is_an_error_before_the_block(url: str) -> None:
    with client() as agb, pytest.raises(APIConnectionError) as caught:
        enter(session_at(agb, url))
    assert caught.value.code == "CONNECT_FAILED"
