# Generated from tests/_async/test_faults.py; edit that file, then `nox -s twin`.
"""What goes wrong on the way, and what the client makes of it."""

import base64
from collections.abc import Callable

import httpx
import pytest
from support.fake import Network, envelope, refusal, tool_call, tool_text, until_time_is_up

from agb import (
    AGB,
    APIConnectionError,
    APIError,
    ConnectTimeoutError,
    ContextNotFoundError,
    ContextSync,
    CreateSessionParams,
    FileError,
    McpTool,
    PermissionDeniedError,
    PoolTimeoutError,
    RateLimitError,
    ReadTimeoutError,
    ServerError,
    Session,
    SessionNotDeletedError,
    UnexpectedResponseError,
    WaitTimeoutError,
)

KEY = "the-secret-key"
CREATE = CreateSessionParams(image_id="code_latest")
MOUNTING = CreateSessionParams("code_latest", context_syncs=[ContextSync("SdkCtx-1", "/home/data")])


def client(network: Network) -> AGB:
    """Return a client that takes the first answer for the last; `test_retries` has the others."""
    return AGB(KEY, endpoint="https://agb.example", transport=network, max_retries=0)


def linked(agb: AGB) -> Session:
    session = Session(agb, "s-1")
    session.link_url, session.token = "https://link.example/s-1/", "the-secret-token"
    session.tool_list = (McpTool(name="shell", server="wuying_shell"),)
    return session


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ConnectTimeout("slow"), ConnectTimeoutError),
        (httpx.PoolTimeout("busy"), PoolTimeoutError),
        (httpx.ReadTimeout("slow"), ReadTimeoutError),
        (httpx.WriteTimeout("slow"), ReadTimeoutError),
        (httpx.ConnectError("refused"), APIConnectionError),
        (httpx.RemoteProtocolError("cut off"), APIConnectionError),
        (httpx.DecodingError("bad gzip"), APIConnectionError),
    ],
)
def test_each_way_to_get_no_answer_has_its_own_error(
    fault: Exception, kind: type[Exception]
) -> None:
    with client(Network(ListSession=fault)) as agb:
        error = agb.list().error
    assert type(error) is kind
    assert "https://agb.example" in str(error)
    assert error.__cause__ is fault
    assert KEY not in str(error)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, html="<h1>Welcome</h1>"), UnexpectedResponseError),
        (httpx.Response(200, content=b'{"success": tr'), UnexpectedResponseError),
        (httpx.Response(200, content=b""), UnexpectedResponseError),
        (httpx.Response(200, json=[1]), UnexpectedResponseError),
        (httpx.Response(302, headers={"location": "https://other.example"}), APIError),
        (httpx.Response(502, html="<h1>Bad gateway</h1>"), ServerError),
        (refusal(403, "Account.Ceased", "account status is invalid"), PermissionDeniedError),
        (refusal(429, "Throttled", "slow down"), RateLimitError),
        (refusal(200, "", "no reason"), APIError),
    ],
)
@pytest.mark.usefixtures("looks_once")
def test_each_answer_that_is_no_good_has_its_own_error(
    answer: httpx.Response, kind: type[Exception]
) -> None:
    network = Network(createSession=answer, ListSession=envelope([]))
    with client(network) as agb:
        created = agb.create(CREATE)
    assert isinstance(created.error, kind)
    assert created.code
    assert network.paths().count("createSession") == 1


def test_a_redirect_is_not_followed_so_the_key_goes_nowhere_else() -> None:
    network = Network(
        ListSession=httpx.Response(307, headers={"location": "https://other.example/x"})
    )
    with client(network) as agb:
        told = agb.list().error_message
    assert "HTTP 307" in told
    assert "set the endpoint to where this leads" in told
    assert [request.url.host for request in network.asked] == ["agb.example"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, "data"),
        ({}, "data.sessionId"),
        ({"sessionId": 5}, "data.sessionId"),
        ("text", "data"),
    ],
)
def test_an_answer_that_misses_a_field_names_it(data: object, path: str) -> None:
    with client(Network(getSession=envelope(data))) as agb:
        found = agb.get("s-1")
    assert isinstance(found.error, UnexpectedResponseError)
    assert f"{path}:" in found.error_message
    assert found.request_id == "request-1"


@pytest.mark.parametrize(
    ("data", "said"),
    [({"success": False, "errMsg": "no room"}, "no room"), ({}, "without a session id")],
)
@pytest.mark.usefixtures("looks_once")
def test_a_create_without_a_session_says_why(data: object, said: str) -> None:
    network = Network(createSession=envelope(data), ListSession=envelope([]))
    with client(network) as agb:
        created = agb.create(CREATE)
    assert isinstance(created.error, APIError)
    assert said in created.error_message


def test_a_call_that_may_have_run_is_not_made_again_through_the_api() -> None:
    network = Network(callTool=httpx.ReadTimeout("slow"), mcp=tool_text("{}"))
    with client(network) as agb:
        called = linked(agb).command.execute("rm -rf build")
    assert isinstance(called.error, ReadTimeoutError)
    assert network.paths() == ["callTool"]


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("refused"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
)
def test_a_call_that_never_left_goes_through_the_api(fault: Exception) -> None:
    network = Network(callTool=fault, mcp=tool_text('{"stdout": "ok", "exit_code": 0}'))
    with client(network) as agb:
        called = linked(agb).command.execute("true")
    assert called.output == "ok"
    assert network.paths() == ["callTool", "mcp"]


def test_the_key_does_not_go_to_the_link_nor_the_token_into_errors() -> None:
    network = Network(callTool=httpx.Response(500, content=b"the link is down"))
    with client(network) as agb:
        called = linked(agb).command.execute("true")
    assert isinstance(called.error, ServerError)
    assert "the-secret-token" not in called.error_message
    assert KEY not in str(network.asked[0].headers)


def test_a_session_that_does_not_go_is_reported_in_time() -> None:
    network = Network(
        releaseSessionAsync=envelope(),
        getSessionInfo=until_time_is_up(envelope({"status": "DELETING"})),
    )
    with client(network) as agb:
        deleted = agb.delete("s-1", timeout=30)
    assert isinstance(deleted.error, WaitTimeoutError)
    assert "s-1" in deleted.error_message
    assert "DELETING" in deleted.error_message
    assert deleted.request_id == "request-1"


def test_waiting_goes_on_while_the_status_can_not_be_had() -> None:
    looks = iter([refusal(500, "", "oops"), envelope({"status": "FINISH"})])
    network = Network(releaseSessionAsync=envelope(), getSessionInfo=lambda _: next(looks))
    with client(network) as agb:
        assert agb.delete("s-1").success


def test_a_session_that_can_not_be_deleted_makes_its_block_raise() -> None:
    network = Network(
        createSession=envelope({"sessionId": "s-1"}),
        releaseSessionAsync=refusal(500, "", "try later"),
    )
    with client(network) as agb:

        def left_behind() -> None:
            with agb.session(CREATE):
                pass

        with pytest.raises(SessionNotDeletedError, match=r"s-1.*try later") as left:
            left_behind()
        assert left.value.session_id == "s-1"
        assert left.value.request_id == "request-1"
        assert isinstance(left.value.__cause__, ServerError)
        with pytest.raises(RuntimeError, match="inside") as caught, agb.session(CREATE):
            raise RuntimeError("inside")
    assert "session s-1 could not be deleted: try later" in caught.value.__notes__


def ending(status: str) -> Network:
    """Return an AGB that takes each release on, and leaves its session like this for too long."""
    return Network(
        createSession=envelope({"sessionId": "s-1"}),
        releaseSessionAsync=envelope(),
        getSessionInfo=until_time_is_up(envelope({"status": status})),
        GetContextInfo=envelope(),
    )


def test_a_block_ends_well_when_its_session_is_going_and_needs_nobody_for_that(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with client(ending("DELETING")) as agb, agb.session(CREATE):
        pass
    assert "session s-1 was asked to end; after 30 s its status is DELETING" in caplog.text


@pytest.mark.parametrize(
    ("status", "params"),
    [
        ("RUNNING", CREATE),
        ("DELETING", MOUNTING),
    ],
)
def test_a_block_raises_when_its_session_lives_on_or_has_files_to_bring_back(
    status: str, params: CreateSessionParams
) -> None:
    with client(ending(status)) as agb:
        block = agb.session(params)
        block.__enter__()
        with pytest.raises(SessionNotDeletedError, match=f"its status is {status}"):
            block.__exit__(None, None, None)


def test_a_page_token_that_is_refused_is_forgotten_and_the_walk_begins_anew() -> None:
    refuse_second = iter([False, True, False])

    def page(request: httpx.Request) -> httpx.Response:
        token = request.url.params.get("nextToken", "")
        if token and next(refuse_second):
            return refusal(400, "InvalidParameter", "nextToken is too old")
        return envelope([{"sessionId": f"after-{token}"}], nextToken="second", count=2)

    network = Network(ListSession=page)
    with client(network) as agb:
        assert agb.list(page=2).session_ids == ("after-second",)
        assert agb.list(page=2).session_ids == ("after-second",)
    assert [request.url.params.get("nextToken") for request in network.asked] == [
        None,
        "second",
        "second",
        None,
        "second",
    ]


def test_a_first_page_that_is_refused_is_not_asked_for_again() -> None:
    network = Network(ListSession=refusal(400, "InvalidParameter", "labels are odd"))
    with client(network) as agb:
        assert agb.list().code == "InvalidParameter"
    assert len(network.asked) == 1


def file_server(
    content: bytes, *, size: object = None
) -> Callable[[httpx.Request], httpx.Response]:
    """Serve a file as an AGB that cuts characters in two."""

    def answer(request: httpx.Request) -> httpx.Response:
        name, args = tool_call(request)
        if name == "get_file_info":
            return tool_text(f"size: {len(content) if size is None else size}\nisDirectory: false")
        piece = content[args["offset"] : args["offset"] + args["length"]]
        if args.get("format") == "binary":
            return tool_text(base64.b64encode(piece).decode())
        return tool_text(piece.decode(errors="replace"))

    return answer


def test_characters_that_an_agb_cuts_in_two_are_read_again_as_bytes() -> None:
    text = "x" + "é" * 60_000
    with client(Network(mcp=file_server(text.encode()))) as agb:
        read = Session(agb, "s-1").file.read("/tmp/long")
    assert read.content == text


def test_bytes_that_an_agb_shows_as_text_are_not_taken_for_it() -> None:
    with client(Network(mcp=file_server(b"\xff\xfe"))) as agb:
        read = Session(agb, "s-1").file.read("/tmp/binary")
    assert isinstance(read.error, FileError)
    assert read.code == "File.NotText"
    assert 'format="bytes"' in read.error_message


def test_a_size_that_is_no_number_is_reported() -> None:
    with client(Network(mcp=file_server(b"x", size="huge"))) as agb:
        read = Session(agb, "s-1").file.read("/tmp/odd")
    assert isinstance(read.error, UnexpectedResponseError)
    assert "huge" in read.error_message


@pytest.mark.parametrize("text", ["not json", "[1]", '{"cpu_count": "two"}'])
def test_metrics_that_are_none_are_reported(text: str) -> None:
    with client(Network(mcp=tool_text(text))) as agb:
        found = Session(agb, "s-1").get_metrics()
    assert isinstance(found.error, UnexpectedResponseError)
    assert found.metrics is None


@pytest.mark.parametrize("text", ["not json", "{}", '[{"path": 5}]'])
def test_changes_that_are_none_are_reported(text: str) -> None:
    with client(Network(mcp=tool_text(text))) as agb:
        found = Session(agb, "s-1").file.get_file_change("/tmp")
    assert isinstance(found.error, UnexpectedResponseError)


def test_base64_that_is_none_is_reported() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        name, _ = tool_call(request)
        return tool_text("size: 3" if name == "get_file_info" else "@@@")

    with client(Network(mcp=answer)) as agb:
        read = Session(agb, "s-1").file.read("/tmp/x", format="bytes")
    assert isinstance(read.error, UnexpectedResponseError)


def test_the_limit_of_a_tool_reaches_the_tool_and_the_call_waits_longer() -> None:
    network = Network(mcp=tool_text('{"stdout": "", "exit_code": 0}'))
    with client(network).with_options(timeout=5) as agb:
        session = Session(agb, "s-1")
        session.command.execute("true")
        session.command.execute("true", timeout_ms=90_000)
        session.call_mcp_tool("shell", {}, read_timeout=1500, connect_timeout=500)
    calls = [tool_call(request)[1] for request in network.asked]
    assert [args.get("timeout_ms") for args in calls] == [60_000, 90_000, None]
    waits = [request.extensions["timeout"] for request in network.asked]
    assert [wait["read"] for wait in waits] == [65, 95, 1.5]
    assert [wait["connect"] for wait in waits] == [5, 5, 0.5]


def test_the_low_level_client_reports_what_is_no_json() -> None:
    network = Network(getSession=httpx.Response(200, html="<p>"))
    with client(network) as agb, pytest.raises(UnexpectedResponseError):
        agb.client.request("POST", "/mcp/getSession", body={})


@pytest.mark.parametrize("answer", [envelope(), envelope({"content": []})])
def test_an_answer_without_content_is_not_taken_for_an_empty_one(
    answer: httpx.Response,
) -> None:
    def tool(request: httpx.Request) -> httpx.Response:
        name, _ = tool_call(request)
        return tool_text("size: 3") if name == "get_file_info" else answer

    with client(Network(mcp=tool)) as agb:
        session = Session(agb, "s-1")
        for result in (
            session.file.read("/tmp/x"),
            session.file.read("/tmp/x", format="bytes"),
            session.file.list("/tmp"),
            session.command.execute("true"),
        ):
            assert isinstance(result.error, UnexpectedResponseError), result


@pytest.mark.parametrize(
    "link", ["nonsense", "http://", "//x", "http://a..b", "ftp://x", "http://\x07"]
)
def test_a_link_that_leads_nowhere_is_passed_over(link: str) -> None:
    with client(Network(mcp=tool_text('{"stdout": "by API", "exit_code": 0}'))) as agb:
        session = linked(agb)
        session.link_url = link
        assert session.command.execute("true").output == "by API"
        session.link_url, session.token = "https://link.example", "no token: é"
        assert session.command.execute("true").output == "by API"


def test_what_a_delete_waited_for_in_vain_is_told() -> None:
    network = Network(
        releaseSessionAsync=envelope(),
        getSessionInfo=until_time_is_up(refusal(500, "Broken", "out of order")),
    )
    with client(network) as agb:
        deleted = Session(agb, "s-1").delete(timeout=30)
    assert isinstance(deleted.error, WaitTimeoutError)
    assert "out of order" in deleted.error_message


def test_a_delete_does_not_wait_for_what_it_may_not_see() -> None:
    network = Network(
        releaseSessionAsync=envelope(), getSessionInfo=refusal(403, "Denied", "not yours")
    )
    with client(network) as agb:
        deleted = Session(agb, "s-1").delete()
    assert isinstance(deleted.error, PermissionDeniedError)
    assert network.paths() == ["releaseSessionAsync", "getSessionInfo"]


def test_a_session_is_not_deleted_when_the_context_to_save_to_is_missing() -> None:
    network = Network(SyncContext=refusal(400, "InvalidContext.NotFound", "context c not found"))
    with client(network) as agb:
        deleted = Session(agb, "s-1").delete(sync_context=True)
    assert isinstance(deleted.error, ContextNotFoundError)
    assert network.paths() == ["SyncContext"]


@pytest.mark.parametrize("session", [None, 5, ""])
def test_what_is_no_session_can_not_be_deleted(session: object) -> None:
    with client(Network()) as agb:
        deleted = agb.delete(session)  # type: ignore[arg-type]  # bad on purpose
    assert deleted.code == "PARAM_ERROR"


def test_pages_are_walked_anew_once_the_first_has_changed() -> None:
    pages = {"": ("a", "1"), "1": ("b", "2"), "2": ("c", "")}

    def page(request: httpx.Request) -> httpx.Response:
        session_id, token = pages[request.url.params.get("nextToken", "")]
        said = {"success": True, "data": [{"sessionId": session_id}], "nextToken": token}
        return httpx.Response(200, json=said)

    network = Network(ListSession=page)
    with client(network) as agb:

        def ids(number: int) -> list[str]:
            return list(agb.list(page=number, limit=1).session_ids)

        assert [ids(number) for number in (3, 2, 3)] == [["c"], ["b"], ["c"]]
        assert len(network.asked) == 5
        pages.update({"": ("new", "0"), "0": ("a", "1")})
        assert [ids(number) for number in (1, 2, 3, 4)] == [["new"], ["a"], ["b"], ["c"]]
        pages["1"] = ("b", "")
        assert [ids(number) for number in (3,)] == [["b"]]
        assert agb.list(page=4, limit=1).code == "PAGE_NOT_FOUND"
