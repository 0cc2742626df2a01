# Generated from tests/_async/test_secrets.py; edit that file, then `nox -s twin`.
"""Keys, tokens and signed URLs do not show where they are not asked for."""

import copy
import logging
import pickle
import threading
import traceback
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx
import pytest
from support.local import LocalAGB
from support.raw_server import Peer, RawServer, Script
from support.transports import about_the_pool
from support.wiretap import Wiretap

import agb as package
from agb import (
    AGB,
    AGBError,
    APIConnectionError,
    CommandResult,
    Config,
    ConfigurationError,
    ContextSync,
    Result,
    Session,
)
from agb._sync.storage import Storage
from agb._transfers import Landing

KEY = "key-that-must-not-show"
TOKEN = "token-that-must-not-show"
SIGNED = "signature-that-must-not-show"

Operation = Callable[[AGB, Session, Path], Result]

OPERATIONS: Mapping[str, Operation] = {
    "create": lambda agb, _, __: agb.create(),
    "get": lambda agb, session, _: agb.get(session.session_id),
    "get_session": lambda agb, session, _: agb.get_session(session.session_id),
    "list": lambda agb, _, __: agb.list(labels={"team": "data"}),
    "reap": lambda agb, _, __: agb.reap(dry_run=True),
    "context.list": lambda agb, _, __: agb.context.list(),
    "context.get": lambda agb, _, __: agb.context.get("secrets", create=True),
    "context.upload": lambda agb, _, __: agb.context.get_file_upload_url("context-1", "/a"),
    "context.download": lambda agb, _, __: agb.context.get_file_download_url("context-1", "/a"),
    "info": lambda _, session, __: session.info(),
    "status": lambda _, session, __: session.get_status(),
    "keep_alive": lambda _, session, __: session.keep_alive(),
    "labels": lambda _, session, __: session.update_labels({"team": "data"}),
    "link": lambda _, session, __: session.get_link(),
    "metrics": lambda _, session, __: session.get_metrics(),
    "tools": lambda _, session, __: session.list_mcp_tools("code_latest"),
    "no tool": lambda _, session, __: session.call_mcp_tool("no_tool", {}),
    "command": lambda _, session, __: session.command.execute("no-such-program"),
    "code": lambda _, session, __: session.code.run("1 / 0", "python"),
    "stream": lambda _, session, __: session.code.run("1 / 0", "python", stream_beta=True),
    "write": lambda _, session, __: session.file.write_file("a.txt", "text"),
    "read": lambda _, session, __: session.file.read_file("no-such-file"),
    "upload": lambda _, session, path: session.file.upload(str(path), "/tmp/uploaded"),
    "download": lambda _, session, path: session.file.download("/tmp/uploaded", str(path)),
    "sync": lambda _, session, __: session.context.sync(),
}


def html(_: httpx.Request) -> httpx.Response:
    return httpx.Response(502, html="<h1>Bad Gateway</h1>")


def elsewhere(request: httpx.Request) -> httpx.Response:
    assert request.url.host == "agb.example", "the key went to another host"
    return httpx.Response(302, headers={"location": f"https://elsewhere.example/?s={SIGNED}"})


def nonsense(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "data": [{"token": TOKEN}]})


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("broken", request=request)


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("silent", request=request)


def refused(_: httpx.Request) -> httpx.Response:
    return httpx.Response(401, json={"success": False, "code": "InvalidApiKey", "message": "no"})


FAULTS = [html, elsewhere, nonsense, broken, silent, refused]


@pytest.fixture(autouse=True)
def _all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def shown(result: Result) -> str:
    """Return all that a program may print of a result without asking for a secret."""
    return "\n".join([repr(result), str(result), *(shown_error(result.error))])


def shown_error(error: AGBError | None) -> list[str]:
    """Return what an error says in any way."""
    if error is None:
        return []
    told = ["".join(traceback.format_exception(error)), repr(error), repr(vars(error))]
    return [*told, pickle.dumps(error).decode("latin-1")]


def seen_inside(error: AGBError | None) -> str:
    """Return the values in our own code where an error came from, as some tracebacks show them."""
    ours = Path(package.__file__).parent
    told: list[str] = []
    part: BaseException | None = error
    while part is not None:
        for frame, _ in traceback.walk_tb(part.__traceback__):
            if Path(frame.f_code.co_filename).is_relative_to(ours):
                told += [frame.f_code.co_filename, *map(shown_value, frame.f_locals.values())]
        part = part.__cause__ or part.__context__
    return "\n".join(told)


def shown_value(value: object) -> str:
    """Return what is shown of a value, which may not be ready to be shown."""
    try:
        return repr(value)
    except AttributeError:
        return ""


def assert_secret(text: str, *secrets: str) -> None:
    for secret in filter(None, secrets):
        at = text.find(secret)
        assert at < 0, f"shows a secret: ...{text[max(0, at - 300) : at]}<here>"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_failure_shows_a_secret(
    fault: Callable[[httpx.Request], httpx.Response],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    agb = AGB(
        KEY,
        endpoint="https://agb.example",
        transport=httpx.MockTransport(fault),
        default_image="any",
        max_retries=0,
    )
    told = [repr(agb), repr(agb.config), repr(vars(agb.transport))]
    with agb:
        session = Session(agb, "session-1")
        session.link_url = f"https://agb.example/{SIGNED}"
        session.token = TOKEN
        told.append(repr(session))
        for name, operation in OPERATIONS.items():
            if name not in {"create", "stream"} or fault is refused:
                result = operation(agb, session, path)
                assert not result.success or fault is nonsense, name
                told.append(shown(result))
                seen = seen_inside(result.error)
                assert_secret(seen, KEY, "" if fault is elsewhere else SIGNED)
    closed = agb.list()
    told.append(shown(closed))
    assert_secret("\n".join([*told, caplog.text]), KEY, TOKEN, SIGNED)


def says_nothing(peer: Peer) -> None:
    peer.wait_for_the_end()


def resets(peer: Peer) -> None:
    peer.request()
    peer.reset()


def makes_no_sense(peer: Peer) -> None:
    peer.request()
    peer.say(b"\0")


@pytest.mark.parametrize(
    "script", [says_nothing, resets, pytest.param(makes_no_sense, marks=about_the_pool)]
)
def test_a_connection_that_fails_does_not_show_the_key_that_was_sent(script: Script) -> None:
    with RawServer(script) as server:
        with AGB(KEY, endpoint=server.url, timeout=0.2, max_retries=0) as agb:
            failed = agb.list()
        assert isinstance(failed.error, APIConnectionError)
        assert_secret(seen_inside(failed.error), KEY)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("AGB_API_KEY", f"{KEY} with blanks"),
        ("AGB_ENDPOINT", "ftp://agb.example"),
        ("AGB_ENDPOINT", "http://agb.example"),
        ("AGB_TIMEOUT_MS", "soon"),
        ("AGB_TIMEOUT_MS", "0"),
        ("AGB_MAX_RETRIES", "many"),
        ("AGB_ALLOW_HTTP", "perhaps"),
    ],
)
def test_a_setting_that_can_not_be_used_shows_neither_the_key_nor_other_variables(
    name: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_TOKEN", TOKEN)
    monkeypatch.setenv("AGB_API_KEY", KEY)
    monkeypatch.setenv(name, wrong)
    Path(".env").write_text(f"AGB_API_KEY={KEY}\nOTHER_TOKEN={TOKEN}\n", encoding="utf-8")
    given = {} if name == "AGB_API_KEY" else {"api_key": KEY}
    for arguments in ({}, given):
        with pytest.raises(ConfigurationError) as raised:
            AGB(arguments.get("api_key"))
        assert_secret("\n".join(shown_error(raised.value)), KEY, TOKEN)
        assert_secret(seen_inside(raised.value), KEY, TOKEN)


def test_a_stream_that_can_not_be_had_does_not_show_its_token(
    agb: AGB, local_agb: LocalAGB
) -> None:
    with agb.session() as session:
        port = urlsplit(local_agb.endpoint).port
        session.ws_url = session.ws_url.replace(f":{port}/", ":1/")
        failed = session.code.run("1", "python", stream_beta=True)
        assert failed.code == "CONNECT_FAILED"
        assert_secret(seen_inside(failed.error), session.token)


def test_nothing_that_succeeds_shows_a_secret(
    agb: AGB, local_agb: LocalAGB, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    told = [repr(agb), repr(agb.config), repr(vars(agb.transport))]
    secrets = [local_agb.api_key]
    context = agb.context.get("kept-secret", create=True).raise_for_error().context
    assert context is not None
    mounts = [ContextSync(context.id, "/tmp/kept-secret")]
    with agb.session(context_syncs=mounts, lease=60) as session:
        told.append(repr(session))
        secrets += [session.token]
        for operation in OPERATIONS.values():
            result = operation(agb, session, path)
            told.append(shown(result))
            assert_secret(seen_inside(result.error), local_agb.api_key)
            made = getattr(result, "session", None)
            if isinstance(made, Session) and made.session_id != session.session_id:
                secrets.append(made.token)
                made.delete()
        link = session.get_link()
        url = agb.context.get_file_upload_url(context.id, "/a-file")
        told += [shown(link), shown(url)]
        secrets += [link.data or "", url.url or ""]
    assert all(secrets)
    assert_secret("\n".join([*told, caplog.text]), *secrets)


def test_what_holds_a_key_is_not_pickled(agb: AGB, session: Session) -> None:
    for holder in (agb, agb.config, session, session.command, agb.context):
        for escape in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="can't be copied or pickled: they hold an API key"):
                escape(holder)
    with pytest.raises(TypeError, match="pass its session_id on"):
        pickle.dumps(agb.get(session.session_id).session)


def test_options_can_be_changed_though_nothing_is_pickled(agb: AGB) -> None:
    other = agb.with_options(timeout=7)
    assert type(other) is type(agb)
    assert other.config == attrs.evolve(agb.config, timeout=7)
    assert other.transport.connections is agb.transport.connections


def error_classes(kind: type[AGBError] = AGBError) -> list[type[AGBError]]:
    """Return an error class and all below it."""
    return [kind, *(below for each in kind.__subclasses__() for below in error_classes(each))]


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_errors_are_pickled_whole_but_for_what_caused_them(kind: type[AGBError]) -> None:
    error = kind("what happened", code="CODE", request_id="request-1")
    error.__cause__ = RuntimeError(KEY)
    pickled = pickle.dumps(error)
    assert KEY.encode() not in pickled
    again: Any = pickle.loads(pickled)  # noqa: S301 - pickled just now
    assert type(again) is kind
    assert (again.message, again.code, again.request_id) == ("what happened", "CODE", "request-1")
    assert str(again) == str(error)


def test_a_result_of_a_command_can_be_pickled(session: Session) -> None:
    result = session.command.execute("echo hello")
    again: CommandResult = pickle.loads(pickle.dumps(result))  # noqa: S301 - pickled just now
    assert again == result


def test_a_redirect_of_a_store_is_followed_without_key_and_unseen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == "store.example":
            away = f"https://elsewhere.example/file?signature={SIGNED}"
            return httpx.Response(302, headers={"location": away})
        return httpx.Response(200, content=b"text")

    transport = httpx.MockTransport(answer)
    signed = f"https://store.example/?s={SIGNED}"
    agb = AGB(KEY, endpoint="https://agb.example", transport=transport)
    with agb, agb.transport.stream_in(signed) as response:
        assert response.read() == b"text"
    assert [request.url.host for request in asked] == ["store.example", "elsewhere.example"]
    assert all("authorization" not in request.headers for request in asked)
    assert_secret(caplog.text, KEY, SIGNED)


def test_a_store_that_fails_does_not_show_the_url_that_opens_it(tmp_path: Path) -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError(f"broke at {request.url.host}")

    path = tmp_path / "file"
    path.write_text("text")
    signed = f"https://store.example/?s={SIGNED}"
    transport = httpx.MockTransport(breaks)
    with AGB(KEY, endpoint="https://agb.example", transport=transport) as agb:
        storage = Storage(agb.with_options(max_retries=0).transport)
        landing = Landing(tmp_path / "back", overwrite=False)
        landing.begin()
        with pytest.raises(AGBError) as put:
            storage.put(signed, path, 4, name="file")
        with pytest.raises(AGBError) as got:
            storage.get(signed, landing, name="file")
        landing.discard()
    for error in (put.value, got.value):
        assert "store.example" in error.message
        assert_secret(seen_inside(error), KEY, SIGNED)


class Redirecting(BaseHTTPRequestHandler):
    """A store that sends who asks for a file on to a signed URL."""

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/file" else 200)
        self.send_header("Location", f"/signed?quote='&signature={SIGNED}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
        pass


def test_no_library_logs_where_a_redirect_leads_to(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            with (
                AGB(KEY, endpoint=url, transport=Wiretap()) as agb,
                agb.transport.stream_in(f"{url}/file") as response,
            ):
                assert response.status_code == 200
        finally:
            server.shutdown()
            thread.join()
    assert "receive_response_headers.complete" in caplog.text
    assert_secret(caplog.text, SIGNED)


def test_a_config_does_not_show_its_key() -> None:
    config = Config(api_key=KEY)
    assert_secret(repr(config) + str(config), KEY)
