"""What is left of clients when the program ends is deleted, in bounded time, or told."""

import atexit
import json
import os
import signal
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme
from support.local import LocalAGB
from support.raw_server import Peer, RawServer
from support.trust import certified, trusting

from agb import AGB, APIConnectionError, Config, CreateSessionParams
from agb._cleanup import Cleanup, Way
from agb._http import TLS
from agb._own_labels import REQUEST
from agb._roster import Roster


@pytest.fixture(autouse=True)
def _sigterm_is_as_before() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def cleanup() -> Iterator[Cleanup]:
    cleanup = Cleanup()
    yield cleanup
    atexit.unregister(cleanup.run)


@pytest.fixture
def gateway() -> Iterator[int]:
    """Answer with a page, whatever is asked, and yield the port."""

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(502)
            self.end_headers()
            self.wfile.write(b"<h1>Bad gateway</h1>")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))  # or closing would be a reset
            self.do_GET()

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def agb(local_agb: LocalAGB) -> Iterator[AGB]:
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        yield agb


def of(*session_ids: str, requests: tuple[str, ...] = ()) -> Roster:
    roster = Roster()
    roster.session_ids.update(session_ids)
    roster.requests.update(requests)
    return roster


def created(agb: AGB) -> CreateSessionParams:
    params = CreateSessionParams({"test": uuid.uuid4().hex}, "code_latest")
    agb.create(params).raise_for_error()
    return params


def test_sessions_and_those_of_creates_under_way_are_deleted(cleanup: Cleanup, agb: AGB) -> None:
    known, lost = created(agb), created(agb)
    session = agb.list(labels=lost.labels)[0]
    answer = agb.client.request("GET", "/sdk/GetLabel", query={"sessionId": session.session_id})
    request = json.loads(answer["data"]["labels"])[REQUEST]
    roster = of(agb.list(labels=known.labels).session_ids[0], "s-gone", requests=(request, "none"))
    cleanup.add(roster, Way(agb.config))
    cleanup.run()
    assert not agb.list(labels=known.labels)
    assert not agb.list(labels=lost.labels)
    assert not roster
    cleanup.run()


@pytest.mark.parametrize(
    ("endpoint", "key", "why"),
    [
        ("http://127.0.0.1:9", "key", "can't connect to http://127.0.0.1:9"),
        ("", "wrong", "API key"),
        ("http://127.0.0.1:{}", "key", "HTTP 502 with a body that is not a JSON object"),
    ],
)
def test_what_can_not_be_deleted_is_told(
    *,
    cleanup: Cleanup,
    gateway: int,
    local_agb: LocalAGB,
    caplog: pytest.LogCaptureFixture,
    endpoint: str,
    key: str,
    why: str,
) -> None:
    roster = of("s-1", requests=("r-1",))
    where = endpoint.format(gateway) if ":{}" in endpoint else endpoint or local_agb.endpoint
    cleanup.add(roster, Way(Config(api_key=key, endpoint=where)))
    cleanup.run()
    of_request, of_session = [m for m in caplog.messages if "could not be deleted" in m]
    assert of_request.startswith(f"a session labelled {REQUEST}=r-1 could not be deleted when")
    assert of_session.startswith("session s-1 could not be deleted when the program ended: ")
    assert why in of_session
    assert roster


def test_who_is_trusted_is_trusted_at_the_end_too(cleanup: Cleanup) -> None:
    authority = trustme.CA()
    roster = of(requests=("r-1",))
    with RawServer(Peer.serve, tls=certified(authority)) as server:
        cleanup.add(
            roster, Way(Config(api_key="key", endpoint=server.url), TLS(trusting(authority)))
        )
        cleanup.run()
    assert not roster


def test_the_way_through_a_proxy_is_taken_at_the_end_too(cleanup: Cleanup) -> None:
    roster = of(requests=("r-1",))
    with RawServer(Peer.serve) as server:
        config = Config(api_key="key", endpoint="http://agb.example", allow_http=True)
        cleanup.add(roster, Way(config, proxy=server.url))
        cleanup.run()
    assert not roster


def test_when_the_time_is_over_the_rest_is_told(
    cleanup: Cleanup, agb: AGB, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agb._cleanup._SECONDS", 0.0)
    cleanup.add(of("s-1"), Way(agb.config))
    cleanup.run()
    assert "the 0 s for that were over" in caplog.text


def test_sigterm_cleans_up_once_and_is_sent_again(
    cleanup: Cleanup, agb: AGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr("os.kill", lambda *told: sent.append(told))
    params = created(agb)
    cleanup.add(of(*agb.list(labels=params.labels).session_ids), Way(agb.config))
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    handler(signal.SIGTERM, None)
    assert sent == [(os.getpid(), signal.SIGTERM)]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert not agb.list(labels=params.labels)


def test_sigterm_is_left_alone_once_nothing_is_left(cleanup: Cleanup, agb: AGB) -> None:
    full, empty = of("s-1"), of()
    cleanup.add(full, Way(agb.config))
    cleanup.add(empty, Way(agb.config))
    cleanup.client_closed(empty)
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    cleanup.client_closed(full)
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    full.session_ids.clear()
    cleanup.client_closed(full)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_another_process_has_nothing_to_clean_up(
    cleanup: Cleanup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    parents, own = of("s-1"), of("s-2")
    nobody = Way(Config(api_key="key", endpoint="http://127.0.0.1:9"))
    cleanup.add(parents, nobody)
    monkeypatch.setattr("os.getpid", lambda: -1)
    cleanup.run()
    assert not caplog.messages
    cleanup.add(own, nobody)
    cleanup.run()
    assert "s-2" in caplog.text
    assert "s-1" not in caplog.text


def test_a_session_that_is_deleted_needs_no_cleanup(local_agb: LocalAGB) -> None:
    with AGB(
        local_agb.api_key,
        endpoint=local_agb.endpoint,
        default_image="code_latest",
        cleanup_at_exit=True,
    ) as agb:
        roster = agb.live.roster
        assert roster is not None
        with agb.session() as session:
            assert roster.session_ids == {session.session_id}
            assert roster.requests == set()
        assert not roster


def test_a_create_that_surely_failed_needs_no_cleanup() -> None:
    with AGB("key", endpoint="http://127.0.0.1:9", max_retries=0, cleanup_at_exit=True) as agb:
        assert isinstance(agb.create(CreateSessionParams(image_id="i")).error, APIConnectionError)
        assert not agb.live.roster
