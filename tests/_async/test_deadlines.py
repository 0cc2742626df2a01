"""One deadline for all that a caller asks for."""

import base64
import json
import math
from typing import Any

import httpx
import pytest
from support.fake import Network, envelope, time_is_up, tool_call, tool_text
from support.local import LocalAGB

import agb as package
from agb import (
    AsyncAGB,
    AsyncSession,
    CreateSessionParams,
    DeadlineExceededError,
    InvalidParamsError,
    ReadTimeoutError,
    SessionLimitError,
    WaitTimeoutError,
)
from agb._concurrency import aio
from agb._deadline import Deadline

RAN = tool_text('{"stdout": "", "exit_code": 0}')


class Noting(Network):
    """Notes how long each request may wait for its answer."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(**answers)
        self.patience: list[float] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.patience.append(request.extensions["timeout"].get("read"))
        return super()._answer(request)


def client(network: Network) -> AsyncAGB:
    return AsyncAGB("key", endpoint="https://agb.example", transport=network, timeout=60)


async def test_all_calls_of_a_block_share_its_time_and_tools_are_given_less() -> None:
    network = Noting(mcp=RAN, ListSession=envelope([]))
    async with client(network) as agb:
        session = AsyncSession(agb, "s-1")
        with package.deadline(20):
            await agb.list()
            await session.command.execute("true", timeout_ms=90_000)
            await session.command.execute("true", timeout_ms=1001)
            await session.code.run("1", "python", timeout_s=90)
            with package.deadline(1000):
                await agb.list()
            with package.deadline(5):
                await agb.list()
        await agb.list()
        await session.command.execute("true", timeout_ms=1001)
    limits = [tool_call(request)[1] for request in network.asked if request.url.path == "/mcp"]
    assert 1 <= limits[0]["timeout_ms"] <= 19_000
    assert limits[1]["timeout_ms"] == 1001
    assert 1 <= limits[2]["timeout_s"] <= 19
    assert limits[3]["timeout_ms"] == 1001
    assert all(seconds <= 20 for seconds in network.patience[:5])
    assert network.patience[5] <= 5
    assert 20 < network.patience[6] <= 60


async def test_ranges_that_are_read_at_the_same_time_share_the_time_too() -> None:
    content = b"x" * 900_000

    def answer(request: httpx.Request) -> httpx.Response:
        name, args = tool_call(request)
        if name == "get_file_info":
            return tool_text(f"size: {len(content)}\nisDirectory: false")
        piece = content[args["offset"] : args["offset"] + args["length"]]
        return tool_text(base64.b64encode(piece).decode())

    network = Noting(mcp=answer)
    async with client(network) as agb:
        with package.deadline(30):
            read = await AsyncSession(agb, "s-1").file.read("/tmp/x", format="bytes")
    assert read.content == content
    assert max(network.patience) <= 30


async def test_when_the_time_is_up_nothing_more_is_sent() -> None:
    network = Noting(ListSession=envelope([]))
    async with client(network) as agb:
        with package.deadline(0):
            late = await agb.list()
        assert (await agb.list()).success
    assert isinstance(late.error, DeadlineExceededError)
    assert late.code == "DEADLINE_EXCEEDED"
    assert len(network.asked) == 1


async def test_a_session_is_deleted_though_the_time_is_up() -> None:
    network = Noting(
        createSession=envelope({"sessionId": "s-1"}),
        releaseSessionAsync=envelope(),
        getSessionInfo=envelope({"status": "FINISH"}),
    )
    async with client(network) as agb:
        scope = agb.session(CreateSessionParams(image_id="code_latest"))
        with package.deadline(30):
            async with scope as session:
                time_is_up()
                assert isinstance((await session.get_status()).error, DeadlineExceededError)
    assert network.paths()[-2:] == ["releaseSessionAsync", "getSessionInfo"]


async def test_a_session_is_kept_though_the_time_of_who_opened_its_block_is_up() -> None:
    network = Noting(
        createSession=envelope({"sessionId": "s-1"}),
        refreshSessionIdleTime=envelope(),
        releaseSessionAsync=envelope(),
        getSessionInfo=envelope({"status": "FINISH"}),
    )
    params = CreateSessionParams(image_id="code_latest", idle_release_timeout=1)
    async with client(network) as agb:
        scope = agb.session(params)
        with package.deadline(30):
            async with scope as session:
                time_is_up()
                assert isinstance((await session.get_status()).error, DeadlineExceededError)
                before = len(network.paths())
                ends = Deadline(30)
                while network.paths()[before:].count("refreshSessionIdleTime") < 2:
                    assert not ends.is_over
                    await aio.sleep(0.05)


async def test_a_place_for_a_session_is_waited_for_as_long_as_the_caller_has() -> None:
    network = Noting(
        createSession=envelope({"sessionId": "s-1"}),
        getSessionInfo=envelope({"status": "RUNNING"}),
    )
    full = AsyncAGB("key", endpoint="https://agb.example", transport=network, max_sessions=1)
    async with full as agb:
        params = CreateSessionParams(image_id="code_latest")
        (await agb.create(params)).raise_for_error()
        with package.deadline(0.1):
            late = await agb.create(params)
    assert isinstance(late.error, SessionLimitError)
    assert "within 0.1 s" in late.error_message


class Losing(Network):
    """An AGB whose answer to a create is lost, and the caller's time is up meanwhile.

    Args:
        shows: At which look the session shows.
    """

    def __init__(self, shows: int) -> None:
        super().__init__(
            createSession=self._create,
            ListSession=self._list,
            GetLabel=lambda _: envelope({"labels": self.labels}),
            releaseSessionAsync=envelope(),
            getSessionInfo=envelope({"status": "FINISH"}),
        )
        self.labels = ""
        self._hidden = shows - 1

    def _create(self, request: httpx.Request) -> Exception:
        self.labels = json.loads(request.content)["labels"]
        time_is_up()
        return httpx.ReadTimeout("lost")

    def _list(self, _: httpx.Request) -> httpx.Response:
        self._hidden -= 1
        return envelope([{"sessionId": "s-1"}] if self._hidden < 0 else [])


@pytest.mark.parametrize("shows", [1, 2])
async def test_a_session_whose_create_was_lost_when_the_time_was_up_is_deleted(
    shows: int,
) -> None:
    network = Losing(shows)
    async with client(network) as agb:
        with package.deadline(30):
            created = await agb.create(CreateSessionParams(image_id="code_latest"))
    assert isinstance(created.error, ReadTimeoutError)
    assert "agb.request" not in created.error_message
    looks = ["ListSession"] * shows
    deletion = ["releaseSessionAsync", "getSessionInfo"]
    assert network.paths() == ["createSession", *looks, "GetLabel", *deletion]


@pytest.mark.usefixtures("looks_once")
async def test_what_may_be_left_when_the_time_was_up_is_named() -> None:
    network = Losing(shows=2)
    async with client(network) as agb:
        with package.deadline(30):
            created = await agb.create(CreateSessionParams(image_id="code_latest"))
    assert "there may be a session labelled agb.request=" in created.error_message
    assert network.paths() == ["createSession", "ListSession"]


async def test_the_parts_of_an_operation_share_its_time() -> None:
    uploaded = envelope({"contextStatus": "[]"})
    network = Noting(
        SyncContext=envelope(),
        GetContextInfo=uploaded,
        releaseSessionAsync=envelope(),
        getSessionInfo=envelope({"status": "FINISH"}),
    )
    async with client(network) as agb:
        deleted = await AsyncSession(agb, "s-1").delete(sync_context=True, timeout=7)
    assert deleted.success
    assert network.paths() == [
        "SyncContext",
        "GetContextInfo",
        "releaseSessionAsync",
        "getSessionInfo",
    ]
    assert max(network.patience) <= 7


@pytest.mark.parametrize("seconds", [-1, "5", True, float("nan")])
def test_what_is_no_time_is_refused(seconds: Any) -> None:
    with pytest.raises(InvalidParamsError, match="seconds must be a number"):
        package.deadline(seconds).__enter__()


async def test_times_without_measure_are_as_good_as_endless(local_agb: LocalAGB) -> None:
    async with AsyncAGB(
        local_agb.api_key,
        endpoint=local_agb.endpoint,
        default_image="code_latest",
        timeout=1e300,
        max_requests=1,
        max_sessions=1,
    ) as agb:
        with package.deadline(math.inf):
            session = (await agb.create(timeout=1e300)).raise_for_error().session
            assert session is not None
            try:
                served = "python3 -m http.server 30100"
                async with await session.command.start(served) as server:
                    found = await session.get_link(port=30100, wait_port=math.inf)
                    assert found.raise_for_error().data
                    await server.kill()
                    assert (await server.wait(math.inf)).exit_code
                run = await session.code.run("6 * 7", "python", timeout_s=1 << 62)
                assert run.raise_for_error().result == "42"
            finally:
                assert (await session.delete(timeout=math.inf)).success


@pytest.mark.parametrize("lease", [0, -1, 1e10, math.inf, math.nan, "5", True, 10**400])
async def test_what_is_no_lease_is_refused_before_anything_is_sent(lease: Any) -> None:
    agb = AsyncAGB("key", endpoint="https://agb.test", default_image="any")
    with pytest.raises(InvalidParamsError, match="lease must be"):
        agb.session(lease=lease)


async def test_a_process_is_killed_when_the_wait_says_so(session: AsyncSession) -> None:
    process = await session.command.start("sleep 1000 & sleep 1000")
    kept = await process.wait(timeout=0.2)
    assert isinstance(kept.error, WaitTimeoutError)
    assert (await process.status()).state == "running"
    killed = await process.wait(timeout=0.2, kill=True)
    assert isinstance(killed.error, WaitTimeoutError)
    assert (await process.wait(timeout=60)).exit_code == 137


async def test_code_is_stopped_when_the_time_is_up(session: AsyncSession) -> None:
    with package.deadline(4):
        ran = await session.code.run("import time; time.sleep(600)", "python", timeout_s=500)
        late = await session.command.execute("sleep 600", timeout_ms=500_000)
    assert isinstance(ran.error, TimeoutError)
    assert isinstance(late.error, TimeoutError)
    await session.command.execute(  # its end is not waited for by who has no time
        "while pgrep -f 'sleep 60[0]'; do sleep 0.02; done", timeout_ms=30_000, check=True
    )
