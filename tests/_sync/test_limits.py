# Generated from tests/_async/test_limits.py; edit that file, then `nox -s twin`.
"""So many requests at once, and no secret in the clear."""

import httpx
import pytest
from support.fake import Network, envelope, tool_text

from agb import AGB, McpTool, PoolTimeoutError, Session
from agb._concurrency import threads
from agb.exceptions import REQUEST_LIMIT

KEY = "the-secret-key"


class Slow:
    """Answers once it is told to, and notes how many requests were under way at once."""

    def __init__(self) -> None:
        self.transport = httpx.MockTransport(self._answer)
        self.go_on = threads.Event()
        self.now = self.most = 0
        self._mutex = threads.Mutex()

    def _answer(self, _: httpx.Request) -> httpx.Response:
        with self._mutex:
            self.now += 1
            self.most = max(self.most, self.now)
        threads.wait_for(self.go_on, 30)
        with self._mutex:
            self.now -= 1
        return envelope([])


def client(slow: Slow, places: int) -> AGB:
    return AGB(
        KEY,
        endpoint="https://agb.example",
        transport=slow.transport,
        max_requests=places,
        timeout=30,
    )


def test_no_more_requests_are_under_way_than_the_client_may_have() -> None:
    slow = Slow()
    with client(slow, 3) as agb:
        other = agb.with_options(timeout=20)

        def ask(number: int) -> bool:
            if number == 9:
                while slow.now < 3:
                    threads.sleep(0.001)
                slow.go_on.set()
                return True
            return (agb, other)[number % 2].list().success

        assert all(threads.map_parallel(ask, range(10), limit=10))
    assert slow.most == 3
    assert slow.now == 0


def test_waiting_for_a_place_ends_and_says_what_it_waited_for() -> None:
    slow = Slow()
    with client(slow, 1) as agb:
        hasty = agb.with_options(timeout=0.05)

        def ask(number: int) -> tuple[object, ...]:
            if not number:
                return (agb.list().error,)
            while not slow.now:
                threads.sleep(0.001)
            called = _linked(hasty).command.execute("true")
            listed = hasty.list()
            slow.go_on.set()
            return called.error, listed.error

        (first,), refused = threads.map_parallel(ask, range(2), limit=2)
        again = agb.list()
    assert first is None
    for error in refused:
        assert isinstance(error, PoolTimeoutError)
        assert error.code == REQUEST_LIMIT
        assert error.attempts == 1
        assert "max_requests" in error.message
    assert again.success


def _linked(agb: AGB) -> Session:
    session = Session(agb, "s-1")
    session.link_url, session.token = "https://link.example/s-1/", "the-secret-token"
    session.tool_list = (McpTool(name="shell", server="wuying_shell"),)
    return session


@pytest.mark.parametrize("link", ["http://link.example/s-1", "HTTP://10.1.1.1/s-1"])
def test_a_link_in_the_clear_is_passed_over_unless_allowed(link: str) -> None:
    said = tool_text('{"stdout": "by API", "exit_code": 0}')
    network = Network(mcp=said, callTool=said)
    with AGB(KEY, endpoint="https://agb.example", transport=network) as agb:
        session = _linked(agb)
        session.link_url = link
        session.command.execute("true")
        session.link_url = "http://127.0.0.1/s-1"
        session.command.execute("true")
    allowing = AGB(KEY, endpoint="https://agb.example", transport=network, allow_http=True)
    session = _linked(allowing)
    session.link_url = link
    session.command.execute("true")
    assert network.paths() == ["mcp", "callTool", "callTool"]


def test_a_stream_in_the_clear_is_refused() -> None:
    with AGB(KEY, endpoint="https://agb.example", transport=Network()) as agb:
        session = _linked(agb)
        session.ws_url = "ws://stream.example/s-1"
        ran = session.code.run("1", "python", stream_beta=True)
    assert ran.code == "PLAIN_HTTP"
    assert "the-secret-token" not in ran.error_message


@pytest.mark.parametrize("hops", [0, 1])
def test_a_signed_url_in_the_clear_is_refused_also_when_it_is_sent_on(
    hops: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("local")
    (place / "up").write_text("data")
    plain = "http://store.example/secret-signature"
    first = plain if not hops else "https://store.example/first"
    network = Network(
        GetContextFileDownloadUrl=envelope({"url": first}),
        GetContextFileUploadUrl=envelope({"url": plain}),
        first=httpx.Response(302, headers={"location": plain}),
    )
    with AGB(KEY, endpoint="https://agb.example", transport=network) as agb:
        got = agb.context.download_file("c-1", "x", place / "x")
        put = agb.context.upload_file("c-1", place / "up", "x")
    for result in (got, put):
        assert result.code == "PLAIN_HTTP"
        assert "secret-signature" not in result.error_message
    assert {request.url.scheme for request in network.asked} == {"https"}
