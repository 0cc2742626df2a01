# Generated from tests/_async/test_client.py; edit that file, then `nox -s twin`.
"""The client: its options, its connections, its end."""

import logging
from pathlib import Path

import httpx
import pytest
from support.local import LocalAGB
from support.transports import about_the_pool
from support.wiretap import Wiretap

from agb import (
    AGB,
    APIConnectionError,
    AuthenticationError,
    ClientClosedError,
    Config,
    ConfigurationError,
    CreateSessionParams,
    LocalServerError,
    QuotaExceededError,
    Session,
)
from agb._http import HTTPClient


def test_a_wrong_key_is_told_as_such(local_agb: LocalAGB) -> None:
    with AGB("wrong-key", endpoint=local_agb.endpoint) as agb:
        for result in (
            agb.create(CreateSessionParams(image_id="code_latest")),
            agb.list(),
            agb.get("x"),
        ):
            assert isinstance(result.error, AuthenticationError)
            assert result.code == "InvalidApiKey"
            assert result.request_id
            assert "wrong-key" not in result.error_message


def test_a_dead_endpoint_is_named_with_the_cause() -> None:
    with AGB("some-key", endpoint="http://127.0.0.1:9") as agb:
        for result in (
            agb.create(CreateSessionParams(image_id="code_latest")),
            agb.list(),
            agb.get("x"),
        ):
            assert isinstance(result.error, APIConnectionError)
            assert "http://127.0.0.1:9" in result.error_message
            assert result.error.__cause__ is not None
            assert str(result.error.__cause__) in result.error_message
            assert "some-key" not in result.error_message


def test_options_differ_and_connections_are_shared(agb: AGB) -> None:
    other = agb.with_options(timeout=5, default_image="agb-code-space-1")
    assert other.config.timeout == 5
    assert other.timeout_ms == 5000
    assert agb.config.timeout != 5
    assert other.transport.connections is agb.transport.connections
    created = other.create()
    assert created.session is not None
    assert created.session.image_id == "agb-code-space-1"
    created.session.delete()


def test_a_closed_client_says_so(local_agb: LocalAGB) -> None:
    agb = AGB(local_agb.api_key, endpoint=local_agb.endpoint)
    agb.close()
    agb.close()
    assert isinstance(agb.list().error, ClientClosedError)


def test_ones_own_http_client_is_used_and_left_open(local_agb: LocalAGB) -> None:
    with HTTPClient() as own:
        with AGB(local_agb.api_key, endpoint=local_agb.endpoint, http_client=own) as agb:
            assert agb.list().success
        assert not own.is_closed


def test_ones_own_transport_is_used(local_agb: LocalAGB) -> None:
    wiretap = Wiretap()
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=wiretap) as agb:
        assert agb.list().success
    assert [request.url.path for request in wiretap.notes.requests] == ["/sdk/ListSession"]


def test_idle_connections_are_used_again(local_agb: LocalAGB) -> None:
    wiretap = Wiretap()
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=wiretap) as agb:
        for _ in range(5):
            agb.list()
    assert len(wiretap.notes.requests) == 5
    assert len(wiretap.notes.connections) == 1


def test_contradicting_arguments_are_refused() -> None:
    config = Config(api_key="key")
    with pytest.raises(ConfigurationError, match="alone"):
        AGB("other", config=config)
    with pytest.raises(ConfigurationError, match="api_key"):
        AGB(config=Config())
    with HTTPClient() as own, pytest.raises(ConfigurationError, match="not both"):
        AGB("key", http_client=own, transport=Wiretap())


def test_a_client_shows_where_it_leads_and_not_its_key() -> None:
    with AGB("secret-key", endpoint="agb.example") as agb:
        assert repr(agb) == f"<{type(agb).__name__} https://agb.example>"
        assert "secret-key" not in repr(agb.config)
        assert agb.api_key == "secret-key"


def test_calls_are_logged_on_request_without_secrets(
    local_agb: LocalAGB, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="agb")
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        agb.list()
    assert "GET /sdk/ListSession -> HTTP 200" in caplog.text
    assert local_agb.api_key not in caplog.text


def test_urls_that_carry_their_own_permission_are_in_no_log(
    agb: AGB, session: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "in").write_bytes(b"x")
    assert session.file.upload(tmp_path / "in", "a").success
    assert session.file.download("a", tmp_path / "out").success
    told = [record.getMessage() for record in caplog.records if record.name == httpx.__name__]
    stored = [line for line in told if " PUT " in line or "/objects/" in line]
    assert stored == [f'HTTP Request: PUT {agb.endpoint}/... "HTTP/1.1 200 OK"']
    assert f'HTTP Request: GET {agb.endpoint}/... "HTTP/1.1 200 OK"' in told


def test_a_link_into_a_session_does_not_show(session: Session) -> None:
    link = session.get_link()
    assert link.data
    assert link.data not in repr(link)


def test_no_proxy_leads_to_an_agb_on_this_machine(
    local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb:
        assert agb.list().success


def test_a_proxy_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with AGB("key", endpoint="https://agb.example") as agb:
        assert agb.list().code == "CONNECT_FAILED"


@about_the_pool
@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "gopher://127.0.0.1:9"])
def test_a_proxy_that_can_not_be_used_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="the HTTP client can't be made"):
        AGB("key", endpoint="https://agb.example")


def test_ones_own_http_client_that_is_closed_says_so(local_agb: LocalAGB) -> None:
    own = HTTPClient()
    own.close()
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, http_client=own) as agb:
        assert isinstance(agb.list().error, ClientClosedError)


def test_an_agb_on_this_machine_that_has_died_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with AGB.local(data_dir=tmp_path_factory.mktemp("data")) as agb:
        assert agb.list().success
        server = agb.transport.connections.server
        assert server is not None
        server._process.kill()
        server._process.wait()
        listed = agb.list()
        assert isinstance(listed.error, LocalServerError)
        assert "has died" in listed.error_message


def test_an_agb_on_this_machine_starts_and_stops_with_its_client(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data_dir = tmp_path_factory.mktemp("data")
    with AGB.local(data_dir=data_dir, options=["--max-sessions", "1"]) as agb:
        first = agb.create()
        assert first.success
        assert agb.endpoint.startswith("http://127.0.0.1:")
        full = agb.create()
        assert isinstance(full.error, QuotaExceededError)
        assert full.code == "QuotaExceeded.Sessions"
    assert not list((data_dir / "run").glob("*/sessions/*"))
    assert isinstance(agb.list().error, ClientClosedError)


def test_an_agb_on_this_machine_that_can_not_start_says_why(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    blocked = tmp_path_factory.mktemp("data") / "file"
    blocked.write_text("a file, no directory")
    with AGB.local(data_dir=blocked) as agb:
        created = agb.create()
        assert isinstance(created.error, LocalServerError)
        assert created.error_message
