# Generated from tests/_async/test_pool.py; edit that file, then `nox -s twin`.
"""The pool of connections: which one a request gets, and what becomes of it when all goes wrong."""

import gzip
import threading
import time

import pytest
import trustme
from support.raw_server import GOOD, Peer, RawServer, answer
from support.transports import about_the_pool
from support.trust import certified, trusting

from agb import (
    AGB,
    APIConnectionError,
    ClientClosedError,
    ConfigurationError,
    ConnectTimeoutError,
    PoolTimeoutError,
    ReadTimeoutError,
)
from agb._concurrency import threads
from agb._http import TLS, HTTPClient, LocalProtocolError
from agb._proxies import Proxies
from agb._sync.pool import Pool


def client(server: RawServer, timeout: float = 20.0) -> AGB:
    return AGB("key", endpoint=server.url, timeout=timeout, max_retries=0)


def small(server: RawServer, *, timeout: float = 20.0, **options: float) -> AGB:
    """Return a client on a pool with limits of its own."""
    limits = {"limit": 2, "keep_seconds": 30.0, **options}
    pool = Pool(
        TLS(), Proxies(None, trust_environment=False), int(limits["limit"]), limits["keep_seconds"]
    )
    return AGB("key", endpoint=server.url, timeout=timeout, transport=pool, max_retries=0)


def test_calls_one_after_another_share_a_connection() -> None:
    with RawServer(Peer.serve) as server, client(server) as agb:
        for _ in range(5):
            assert agb.list().success
    assert [peer.asked for peer in server.peers] == [5]


def test_as_many_connections_are_opened_as_calls_run_at_once() -> None:
    with RawServer(Peer.serve) as server, client(server) as agb:
        listed = threads.map_parallel(lambda _: agb.list(), range(60), limit=6)
    assert all(result.success for result in listed)
    assert len(server.peers) <= 6


def test_there_are_never_more_connections_than_the_limit() -> None:
    with RawServer(Peer.serve) as server, small(server) as agb:
        listed = threads.map_parallel(lambda _: agb.list(), range(40), limit=10)
    assert all(result.success for result in listed)
    assert server.most_open <= 2


def closes_when_idle(closed: threading.Event) -> RawServer:
    def script(peer: Peer) -> None:
        peer.serve(1)
        peer.socket.close()
        closed.set()

    return RawServer(script, Peer.serve)


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    closed = threading.Event()
    with closes_when_idle(closed) as server, client(server) as agb:
        assert agb.list().success
        assert closed.wait(20)  # holds up the loop, which has then had no time to notice
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [1, 1]


@pytest.mark.parametrize("leave", [Peer.half_close, Peer.reset])
def test_a_connection_that_was_left_while_idle_is_not_used(leave: object) -> None:
    left = threading.Event()

    def script(peer: Peer) -> None:
        peer.serve(1)
        assert callable(leave)
        leave(peer)
        left.set()
        peer.wait_for_the_end()

    with RawServer(script, Peer.serve) as server, client(server) as agb:
        assert agb.list().success
        assert left.wait(20)
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [1, 1]


def test_a_connection_that_is_to_be_closed_after_an_answer_is_not_used_again() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(answer(b"{}", "connection: close"))
        peer.wait_for_the_end()

    with RawServer(script) as server, client(server) as agb:
        agb.list()
        agb.list()
    assert [peer.asked for peer in server.peers] == [1, 1]


def test_a_connection_that_was_idle_for_too_long_is_closed() -> None:
    with RawServer(Peer.serve) as server, small(server, keep_seconds=0.0) as agb:
        assert agb.list().success
        before = time.monotonic()
        while time.monotonic() <= before:  # until the clock has moved on
            pass
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [1, 1]


@pytest.mark.parametrize("leave", [Peer.half_close, Peer.reset])
def test_a_call_that_gets_no_answer_is_not_sent_again(leave: object) -> None:
    def script(peer: Peer) -> None:
        peer.serve(1)
        peer.request()
        assert callable(leave)
        leave(peer)

    with RawServer(script) as server, small(server) as agb:
        assert agb.list().success
        session = agb.delete("s-1")
        assert isinstance(session.error, APIConnectionError)
    assert sum(peer.asked for peer in server.peers) == 2


def test_an_answer_that_is_cut_off_is_reported_and_its_connection_not_used() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(answer()[:-5])

    with RawServer(script, Peer.serve) as server, client(server) as agb:
        assert isinstance(agb.context.delete("c").error, APIConnectionError)
        assert agb.list().success


@about_the_pool
def test_an_answer_before_all_was_sent_is_taken() -> None:
    left = threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(answer(b'{"code": "TooLarge", "message": "too much"}', status="413 No"))
        peer.half_close()
        left.set()
        peer.wait_for_the_end()

    with RawServer(script, Peer.serve) as server, client(server) as agb:
        failed = agb.get("s" * 4_000_000)
        assert failed.code == "TooLarge"
        assert left.wait(20)
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [1, 1]  # the server had said its last


def test_a_server_that_never_answers_is_given_up_and_its_connection_not_used() -> None:
    def script(peer: Peer) -> None:
        peer.serve(1)
        peer.request()
        peer.wait_for_the_end()

    with RawServer(script, Peer.serve) as server, client(server) as agb:
        assert agb.list().success  # so that connecting takes no time below
        hasty = agb.with_options(timeout=0.5)
        assert isinstance(hasty.get_session("s").error, ReadTimeoutError)
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [2, 1]


def test_a_server_that_does_not_encrypt_is_given_up() -> None:
    with RawServer(Peer.wait_for_the_end) as server:
        url = server.url.replace("http://", "https://")
        with AGB("key", endpoint=url, timeout=0.1, max_retries=0) as agb:
            assert isinstance(agb.list().error, ConnectTimeoutError)


def test_a_call_that_finds_no_free_connection_in_time_was_not_sent() -> None:
    taken, go_on = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        taken.set()
        go_on.wait(20)
        peer.say(answer())
        peer.serve()

    def call(number: int) -> object:
        if number == 0:
            return agb.list().success
        while not taken.is_set():
            threads.sleep(0.001)
        error = agb.with_options(timeout=0.05).list().error
        go_on.set()
        return type(error)

    with RawServer(script) as server, small(server, limit=1) as agb:
        assert threads.map_parallel(call, range(2), limit=2) == [True, PoolTimeoutError]
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [2]


def test_a_connection_to_elsewhere_makes_room_when_it_is_idle() -> None:
    with RawServer(Peer.serve) as one, RawServer(Peer.serve) as other:
        agb = small(one, limit=1)
        with agb:
            assert agb.list().success
            session = agb.transport.send_to_link(
                f"{other.url}/link", (), {}, agb.transport.timeouts()
            )
            assert session.status_code == 200
            assert agb.list().success
    assert [peer.asked for peer in (*one.peers, *other.peers)] == [1, 1, 1]


def test_calls_to_different_places_wait_in_one_line() -> None:
    with RawServer(Peer.serve) as one, RawServer(Peer.serve) as other:
        agb = small(one, limit=1)
        with agb:
            places = [one.url, other.url] * 10

            def post(url: str) -> int:
                reply = agb.transport.send_to_link(url, (), {}, agb.transport.timeouts())
                return reply.status_code

            assert threads.map_parallel(post, places, limit=5) == [200] * 20


def test_a_closed_client_breaks_off_what_it_waits_for() -> None:
    asked = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        asked.set()
        peer.wait_for_the_end()

    def work(number: int) -> object:
        if number == 0:
            return agb.get_session("s").error
        while not asked.is_set():
            threads.sleep(0.001)
        agb.close()
        return agb.list().error

    with RawServer(script) as server:
        agb = client(server)
        broken, closed = threads.map_parallel(work, range(2), limit=2)
    assert isinstance(broken, APIConnectionError)
    assert isinstance(closed, ClientClosedError)


def test_only_who_is_trusted_is_spoken_to() -> None:
    authority = trustme.CA()
    trusted = trusting(authority)
    with RawServer(Peer.serve, tls=certified(authority)) as server:
        with AGB("key", endpoint=server.url, verify=trusted) as agb:
            for _ in range(3):
                assert agb.list().success
        with AGB("key", endpoint=server.url, verify=False) as agb:
            assert agb.list().success
        assert [peer.asked for peer in server.peers] == [3, 1]
        with AGB("key", endpoint=server.url, max_retries=0) as agb:
            refused = agb.list()
    assert refused.code == "CONNECT_FAILED"
    assert "certificate" in refused.error_message


@about_the_pool
def test_large_requests_and_answers_travel_encrypted_whole() -> None:
    authority = trustme.CA()
    trusted = trusting(authority)
    body = b'{"success": false, "code": "Large", "message": "%s"}' % (b"x" * 2_000_000)

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(answer(body))
        peer.serve()

    with RawServer(script, tls=certified(authority)) as server:
        with AGB("key", endpoint=server.url, verify=trusted, max_retries=0) as agb:
            failed = agb.get_session("s" * 2_000_000)
            assert (failed.code, len(failed.error_message) >= 2_000_000) == ("Large", True)
            assert agb.list().success
        assert [peer.asked for peer in server.peers] == [2]


def test_an_encrypted_answer_that_is_cut_off_is_reported() -> None:
    authority = trustme.CA()
    trusted = trusting(authority)

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(answer()[:-5])
        peer.socket.close()  # without TLS's goodbye

    with RawServer(script, Peer.serve, tls=certified(authority)) as server:
        with AGB("key", endpoint=server.url, verify=trusted, max_retries=0) as agb:
            assert isinstance(agb.context.delete("c").error, APIConnectionError)
            assert agb.list().success
        assert [peer.asked for peer in server.peers] == [1, 1]


def test_a_word_ahead_of_the_answer_is_not_the_answer() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        peer.say(answer())
        peer.serve()

    with RawServer(script) as server, client(server) as agb:
        assert agb.list().success
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [2]


@about_the_pool
@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 200 OK\r\n" + b"x" * 200_000]
)
def test_what_is_no_http_is_reported(said: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(said)
        peer.half_close()
        peer.wait_for_the_end()

    with RawServer(script, Peer.serve) as server, client(server) as agb:
        assert isinstance(agb.context.delete("c").error, APIConnectionError)
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [1, 1]


def test_a_header_that_can_not_be_said_is_sent_to_nobody() -> None:
    with RawServer(Peer.serve) as server:
        pool = Pool(TLS(), Proxies(None, trust_environment=False))
        with HTTPClient(transport=pool) as http:
            with pytest.raises(LocalProtocolError, match="header value"):
                http.get(server.url, headers={"x": "one\r\ntwo: 2"})
            assert http.get(server.url).status_code == 200
    assert sum(peer.asked for peer in server.peers) == 1


def test_a_large_answer_comes_whole() -> None:
    body = b'{"success": false, "code": "Large", "message": "%s"}' % (b"x" * 2_000_000)

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(answer(body))
        peer.serve()

    with RawServer(script) as server, client(server) as agb:
        failed = agb.get("s")
        assert failed.code == "Large"
        assert len(failed.error_message) >= 2_000_000
        assert agb.list().success
    assert [peer.asked for peer in server.peers] == [2]


def test_a_request_goes_through_the_proxy_that_is_given() -> None:
    heads: list[bytes] = []

    def script(peer: Peer) -> None:
        while head := peer.request():
            heads.append(head)
            peer.say(answer())

    with RawServer(script) as proxy:
        agb = AGB("key", endpoint="http://agb.example", proxy=proxy.url, allow_http=True)
        with agb:
            assert agb.list().success
    assert b"http://agb.example/" in heads[0]


def test_the_environment_says_what_goes_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "near.example")
    found = Proxies(None, trust_environment=True)
    assert found.way_to(("http", b"far.example", 80)) == "http://127.0.0.1:1"
    assert found.way_to(("https", b"far.example", 443)) is None
    assert found.way_to(("http", b"near.example", 80)) is None
    given = Proxies("http://own:1", trust_environment=True)
    assert given.way_to(("http", b"near.example", 80)) == "http://own:1"
    assert given.all() == {"http://own:1"}


def test_a_proxy_for_ones_own_transport_is_not_ours_to_set() -> None:
    pool = Pool(TLS(), Proxies(None, trust_environment=False))
    with pytest.raises(ConfigurationError, match="proxy"):
        AGB("key", transport=pool, proxy="http://127.0.0.1:1")


def test_a_packed_answer_is_unpacked_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agb._http._MOST_UNPACKED", 1_000_000)
    spaces = b" " * (1_000_000 - len(GOOD))
    bodies = [gzip.compress(GOOD + spaces), gzip.compress(GOOD + spaces + b" "), b"no gzip"]

    def serve(peer: Peer) -> None:
        for body in bodies:
            peer.request()
            peer.say(answer(body, "content-encoding: gzip"))
        peer.wait_for_the_end()

    with RawServer(serve) as server, client(server) as agb:
        assert agb.list().success
        for complaint in ("unpacks to more than 1,000,000 bytes", "incorrect header"):
            failed = agb.list()
            assert isinstance(failed.error, APIConnectionError)
            assert complaint in failed.error_message
