# Generated from tests/_async/test_retries.py; edit that file, then `nox -s twin`.
"""What is sent again, how often, and after which wait; the waits are only noted here."""

import logging
from collections.abc import Callable

import httpx
import pytest
from support.fake import Answer, Network, envelope, refusal, tool_text

from agb import (
    AGB,
    APIConnectionError,
    CreateSessionParams,
    McpTool,
    RateLimitError,
    ReadTimeoutError,
    ServerError,
    Session,
)

KEY = "the-secret-key"
CREATE = CreateSessionParams(image_id="code_latest")

NOT_SENT = (
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("busy"),
    refusal(429, "Throttled", "slow down"),
)
MAY_HAVE_RUN = (
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    *(refusal(status, "", "oops") for status in (408, 500, 502, 503, 504)),
    httpx.Response(502, html="<h1>Bad gateway</h1>"),
    httpx.Response(503, headers={"retry-after": "1"}, json={}),
    httpx.Response(200, content=b'{"success": tr'),
    httpx.Response(200, html="<h1>Back in a minute</h1>"),
)


def client(network: Network, max_retries: int = 2) -> AGB:
    return AGB(KEY, endpoint="https://agb.example", transport=network, max_retries=max_retries)


def once(fault: Answer, then: httpx.Response) -> Callable[[httpx.Request], Answer]:
    """Fail the first time only."""
    answers = iter([fault])
    return lambda _: next(answers, then)


def linked(agb: AGB) -> Session:
    session = Session(agb, "s-1")
    session.link_url, session.token = "https://link.example/s-1/", "the-secret-token"
    session.tool_list = (McpTool(name="shell", server="wuying_shell"),)
    return session


@pytest.mark.parametrize("fault", [*NOT_SENT, *MAY_HAVE_RUN])
def test_what_only_reads_or_may_be_done_twice_is_sent_again(
    fault: Answer, waits: list[float]
) -> None:
    network = Network(
        ListSession=once(fault, envelope([])), refreshSessionIdleTime=once(fault, envelope())
    )
    with client(network) as agb:
        assert agb.list().success
        assert Session(agb, "s-1").keep_alive().success
    assert network.paths() == ["ListSession"] * 2 + ["refreshSessionIdleTime"] * 2
    assert len(waits) == 2


@pytest.mark.parametrize("fault", MAY_HAVE_RUN)
def test_a_tool_call_that_may_have_run_reaches_the_server_exactly_once(
    fault: Answer, waits: list[float]
) -> None:
    network = Network(mcp=fault, callTool=fault)
    with client(network) as agb:
        for session in (Session(agb, "s-1"), linked(agb)):
            called = session.command.execute("rm -rf build")
            assert called.error is not None
            assert called.error.attempts == 1
    assert network.paths() == ["mcp", "callTool"]
    assert waits == []


@pytest.mark.parametrize("fault", MAY_HAVE_RUN)
@pytest.mark.usefixtures("waits")
def test_a_create_that_may_have_made_a_session_is_not_repeated(fault: Answer) -> None:
    network = Network(createSession=fault, ListSession=envelope([]))
    with client(network) as agb:
        assert not agb.create(CREATE).success
    assert network.paths().count("createSession") == 1


@pytest.mark.parametrize("fault", NOT_SENT)
def test_a_tool_call_or_create_that_can_not_have_run_is_made_again(
    fault: Answer, waits: list[float]
) -> None:
    said = tool_text('{"stdout": "ok", "exit_code": 0}')
    made = envelope({"sessionId": "s-1"})
    network = Network(mcp=once(fault, said), createSession=once(fault, made))
    with client(network) as agb:
        assert Session(agb, "s-1").command.execute("true").output == "ok"
        assert agb.create(CREATE).success
    assert network.paths() == ["mcp", "mcp", "createSession", "createSession"]
    assert waits == [0.5, 0.5]


def test_a_link_that_limits_its_rate_is_asked_again(waits: list[float]) -> None:
    busy = httpx.Response(429, headers={"retry-after": "3"}, json={"message": "slow down"})
    network = Network(callTool=busy)
    with client(network) as agb:
        called = linked(agb).command.execute("true")
    assert isinstance(called.error, RateLimitError)
    assert (called.error.attempts, called.error.retry_after) == (3, 3.0)
    assert network.paths() == ["callTool"] * 3
    assert waits == [3.5, 4.0]


@pytest.mark.parametrize(
    "answer", [envelope({"no": "id"}), refusal(403, "", "no"), refusal(501, "", "no")]
)
@pytest.mark.usefixtures("waits")
def test_an_answer_that_will_not_change_is_the_last_one(answer: httpx.Response) -> None:
    network = Network(getSession=answer)
    with client(network) as agb:
        assert not agb.get("s-1").success
    assert len(network.asked) == 1


def test_tries_end_and_the_error_tells_how_many_there_were(waits: list[float]) -> None:
    network = Network(ListSession=refusal(500, "", "oops"))
    with client(network, max_retries=4) as agb:
        failed = agb.list().error
        never = agb.with_options(max_retries=0).list().error
    assert isinstance(failed, ServerError)
    assert failed.attempts == 5
    assert waits == [0.5, 1, 2, 4]
    assert never is not None
    assert never.attempts == 1


def test_a_delete_is_sent_again_twice_as_often(waits: list[float]) -> None:
    network = Network(releaseSessionAsync=refusal(503, "", "not now"))
    with client(network, max_retries=2) as agb:
        failed = agb.delete("s-1").error
    assert failed is not None
    assert failed.attempts == len(network.asked) == 5
    assert waits == [0.5, 1, 2, 4]


def test_a_wait_that_the_caller_has_no_time_for_is_not_begun(waits: list[float]) -> None:
    later = httpx.Response(503, headers={"retry-after": "3600"}, json={"message": "maintenance"})
    network = Network(ListSession=later)
    with client(network) as agb:
        failed = agb.list().error
    assert isinstance(failed, ServerError)
    assert (failed.attempts, failed.retry_after) == (1, 3600)
    assert waits == []


@pytest.mark.usefixtures("waits")
def test_each_retry_is_logged_and_no_secret_with_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    network = Network(ListSession=once(httpx.ReadError(f"broke at {KEY}"), envelope([])))
    with client(network) as agb:
        agb.list()
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert [line for line in told if "ListSession" in line and "CONNECTION_ERROR" in line]
    assert KEY not in caplog.text


@pytest.mark.usefixtures("waits")
def test_calls_that_nobody_knows_are_not_repeated() -> None:
    network = Network(odd=httpx.ReadTimeout("slow"), other=refusal(429, "", "slow down"))
    with client(network) as agb:
        with pytest.raises(ReadTimeoutError):
            agb.client.request("POST", "/odd")
        agb.client.request("POST", "/other")
    assert network.paths() == ["odd", "other"]


@pytest.mark.usefixtures("waits")
def test_a_context_whose_deletion_was_repeated_counts_as_deleted() -> None:
    gone = refusal(400, "InvalidContext.NotFound", "context c-1 not found")
    lost = httpx.ReadError("reset")
    network = Network(DeleteContext=once(lost, gone))
    with client(network) as agb:
        assert agb.context.delete("c-1").success
        first = agb.context.delete("c-1")
    assert first.code == "InvalidContext.NotFound"


@pytest.mark.usefixtures("waits")
def test_an_agb_that_is_not_there_is_looked_for_again() -> None:
    network = Network(ListSession=httpx.ConnectError("refused"))
    with client(network) as agb:
        failed = agb.list().error
    assert type(failed) is APIConnectionError
    assert failed.attempts == 3
