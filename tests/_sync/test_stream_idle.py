# Generated from tests/_async/test_stream_idle.py; edit that file, then `nox -s twin`.
"""A WebSocket between two streams, and at its end."""

import secrets
import threading

import pytest
from support.streaming import PATIENCE, Peer, StreamServer, accepting, network, session_data
from websockets.frames import Opcode

from agb import AGB, ClientClosedError, CodeStream, Session, StdoutEvent, StreamDisconnectedError
from agb._concurrency import threads
from agb._web_socket import Heartbeat
from agb._wire.stream import RunRequest

KEY = secrets.token_hex()


def client(timeout: float = 30.0) -> AGB:
    return AGB(KEY, endpoint="https://agb.example", transport=network(), timeout=timeout)


def session_at(agb: AGB, url: str, heartbeat: Heartbeat | None = None) -> Session:
    session = Session.from_data(agb, session_data(url))
    if heartbeat is not None:
        session._streams.heartbeat = heartbeat
    return session


def texts_of(run: CodeStream) -> list[str]:
    return [event.text for event in run if isinstance(event, StdoutEvent)]


def enter(session: Session) -> None:
    with session.code.stream("1", "python"):
        raise AssertionError


def works(peer: Peer) -> None:
    peer.accept()
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, "it works")
        peer.end(run)


def test_an_idle_connection_that_was_closed_is_replaced_before_a_run_is_sent() -> None:
    def closes_when_idle(peer: Peer) -> None:
        peer.accept()
        run = peer.run()
        peer.close(1001, "idle", first=peer.framed(peer.ended(run.invocation_id)))

    with StreamServer(closes_when_idle, closes_when_idle, works) as server, client() as agb:
        session = session_at(agb, server.url)
        for _ in range(3):
            assert session.code.run("x", "python", stream_beta=True).success
    assert [len(peer.received) for peer in server.peers] == [1, 1, 1]


def test_what_came_to_an_idle_connection_is_read_before_it_is_used_again() -> None:
    def pings_when_idle(peer: Peer) -> None:
        peer.accept()
        first = peer.run()
        peer.raw(
            peer.framed(peer.ended(first.invocation_id))
            + peer.framed(b"here?", opcode=Opcode.PING)
            + peer.framed(peer.written(first, "too late"))
        )
        second = peer.run()
        assert peer.pongs == 1
        peer.out(second, "well")
        peer.end(second)
        peer.wait_for_the_end()

    with StreamServer(pings_when_idle) as server, client() as agb:
        session = session_at(agb, server.url)
        assert session.code.run("x", "python", stream_beta=True).success
        assert session.code.run("y", "python", stream_beta=True).result == "well"


def test_a_connection_that_was_silent_for_long_is_not_trusted() -> None:
    with StreamServer(works) as server, client() as agb:
        session = session_at(agb, server.url, Heartbeat(every=0.001))
        assert session.code.run("x", "python", stream_beta=True).success
        threads.sleep(0.01)
        assert session.code.run("x", "python", stream_beta=True).success
    assert [peer.closed_with for peer in server.peers] == [1000, 1000]


def until_it_has_news(session: Session) -> None:
    shared = session._streams._shared
    assert shared is not None
    while not shared._socket._stream.is_readable:
        threads.sleep(0.001)


def test_an_idle_connection_is_listened_to_before_it_is_used() -> None:
    def pings_and_then_closes(peer: Peer) -> None:
        peer.accept()
        first = peer.run()
        peer.end(first)
        assert idle.wait(PATIENCE)
        peer.raw(peer.framed(b"here?", opcode=Opcode.PING))
        second = peer.run()
        assert peer.pongs == 1
        peer.out(second, "the same")
        peer.end(second)
        assert idle_again.wait(PATIENCE)
        peer.close(1001, "idle")
        assert peer.next() is None

    idle, idle_again = threading.Event(), threading.Event()
    with StreamServer(pings_and_then_closes, works) as server, client() as agb:
        session = session_at(agb, server.url)
        assert session.code.run("x", "python", stream_beta=True).success
        idle.set()
        until_it_has_news(session)
        assert session.code.run("x", "python", stream_beta=True).result == "the same"
        idle_again.set()
        until_it_has_news(session)
        assert session.code.run("x", "python", stream_beta=True).result == "it works"
    assert [len(peer.received) for peer in server.peers] == [2, 1]


def test_a_server_that_never_says_goodbye_is_left_all_the_same() -> None:
    def ignores_goodbyes(peer: Peer) -> None:
        peer.end(peer.run())
        peer.mute = True
        peer.wait_for_the_end()

    with StreamServer(accepting(ignores_goodbyes)) as server, client() as agb:
        result = session_at(agb, server.url).code.run("x", "python", stream_beta=True)
        assert result.success
    assert server.peers[0].closed_with == 1000


def test_a_closed_client_opens_no_stream() -> None:
    with StreamServer(works) as server:
        with client() as agb:
            session = session_at(agb, server.url)
        with pytest.raises(ClientClosedError):
            enter(session)
    assert server.peers == []


def test_closing_the_client_ends_streams() -> None:
    def waits(peer: Peer) -> None:
        peer.run()
        peer.wait_for_the_end()

    with StreamServer(accepting(waits)) as server, client() as agb:
        session = session_at(agb, server.url)
        with session.code.stream("x", "python") as run:
            agb.close()
            with pytest.raises(StreamDisconnectedError, match="client was closed"):
                texts_of(run)
    assert server.peers[0].closed_with == 1000
