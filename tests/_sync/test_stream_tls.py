# Generated from tests/_async/test_stream_tls.py; edit that file, then `nox -s twin`.
"""Streams over TLS."""

import secrets

import pytest
import trustme
from support.streaming import Peer, StreamServer, accepting, network, session_data
from support.trust import certified, trusting

from agb import AGB, APIConnectionError, ConnectTimeoutError, Session, _http
from agb._concurrency import threads
from agb._wire.stream import RunRequest


def works(peer: Peer) -> None:
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, *(f"{run.code}.{number} " for number in range(20)))
        peer.end(run)


def says_nothing(peer: Peer) -> None:
    while peer.socket.recv(65536):
        pass


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return an authority that clients trust."""
    made = trustme.CA()
    context = trusting(made)
    monkeypatch.setattr(_http, "tls", lambda: context)
    return made


def client(timeout: float = 30.0) -> AGB:
    return AGB(
        secrets.token_hex(), endpoint="https://agb.example", transport=network(), timeout=timeout
    )


def test_streams_at_once_share_an_encrypted_connection(authority: trustme.CA) -> None:
    def follow(name: int) -> str:
        return session.code.run(str(name), "python", stream_beta=True).result

    tls = certified(authority, "localhost")
    with StreamServer(accepting(works), tls=tls) as server, client() as agb:
        session = Session.from_data(agb, session_data(server.url))
        told = threads.map_parallel(follow, range(32), limit=8)
        again = follow(32)
    assert told == ["".join(f"{name}.{i} " for i in range(20)) for name in range(32)]
    assert again.startswith("32.0 ")
    assert [peer.closed_with for peer in server.peers] == [1000]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_of_somebody_else_is_refused(authority: trustme.CA, trusted: bool) -> None:
    tls = certified(authority if trusted else trustme.CA(), "elsewhere.example")
    with StreamServer(accepting(works), tls=tls) as server, client() as agb:
        session = Session.from_data(agb, session_data(server.url))
        failed = session.code.run("x", "python", stream_beta=True)
    assert type(failed.error) is APIConnectionError
    assert failed.code == "CONNECT_FAILED"
    assert "certificate" in failed.error_message
    assert server.peers == []


@pytest.mark.usefixtures("authority")
def test_a_server_that_does_not_encrypt_is_given_up() -> None:
    with StreamServer(says_nothing) as server, client(timeout=0.1) as agb:
        url = server.url.replace("ws://", "wss://")
        session = Session.from_data(agb, session_data(url))
        failed = session.code.run("x", "python", stream_beta=True)
    assert isinstance(failed.error, ConnectTimeoutError)
