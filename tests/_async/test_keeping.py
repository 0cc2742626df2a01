"""What is done for a session while its block is open."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from support.background import keeping
from support.fake import Answer, Network, envelope, refusal

from agb import AsyncAGB, AsyncSession, InvalidParamsError, SessionNotFoundError
from agb._async.labels import AsyncLabels
from agb._concurrency import aio

GONE = refusal(404, "InvalidMcpSession.NotFound", "session not found")


async def until_released(session: AsyncSession) -> None:
    """Wait for the end of a session; looking at its status does not keep it alive."""
    while (await session.get_status()).status == "RUNNING":
        await aio.sleep(0.05)


async def lease_of(agb: AsyncAGB, session: AsyncSession) -> dict[str, str]:
    labels = (await AsyncLabels(agb.transport, session.session_id).read()).data.labels
    return {key: value for key, value in labels.items() if key.startswith("agb.")}


def created(**more: object) -> httpx.Response:
    return envelope({"sessionId": "session-1", **more})


def client(**answers: Answer) -> tuple[AsyncAGB, Network]:
    network = Network(
        **{
            "createSession": created(),
            "releaseSessionAsync": envelope(),
            "getSessionInfo": GONE,
            **answers,
        }
    )
    agb = AsyncAGB("key", endpoint="https://agb.example", transport=network, default_image="any")
    return agb, network


async def until(network: Network, path: str, count: int) -> None:
    """Wait until something has been asked for so often."""
    ends = time.monotonic() + 30
    while network.paths().count(path) < count:
        assert time.monotonic() < ends, f"{path} was asked for {network.paths()} only"
        await aio.sleep(0.01)


async def test_a_session_lives_on_while_its_block_does_nothing(agb: AsyncAGB) -> None:
    async with agb.session(idle_release_timeout=3) as kept:
        async with agb.session(idle_release_timeout=3, keep_alive=False) as other:
            await until_released(other)
            assert (await kept.get_status()).status == "RUNNING"
            lost = await other.command.execute("echo hello")
            assert isinstance(lost.error, SessionNotFoundError)
        assert (await kept.command.execute("echo hello")).success


async def test_one_task_or_thread_keeps_all_sessions_and_ends_with_the_last(
    agb: AsyncAGB,
) -> None:
    assert keeping() == 0
    async with agb.session(keep_alive=False):
        assert keeping() == 0
    async with agb.session(lease=60):
        async with agb.session():
            assert keeping() == 1
            async with agb.with_options(timeout=30).session():
                assert keeping() == 1
        assert keeping() == 1
    assert keeping() == 0


async def test_an_error_in_a_kept_block_comes_out_as_itself(agb: AsyncAGB) -> None:
    error = RuntimeError("inside")
    with pytest.raises(RuntimeError) as caught:
        async with agb.session(idle_release_timeout=1):
            raise error
    assert caught.value is error
    assert keeping() == 0


async def test_a_failure_is_logged_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    broken = refusal(500, "Internal", "out of order")
    agb, network = client(refreshSessionIdleTime=broken)
    async with agb, agb.session(idle_release_timeout=1):
        await until(network, "refreshSessionIdleTime", 3)
    told = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert told == ["can't keep alive session session-1: out of order"]


async def test_a_session_that_is_gone_is_not_kept_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    agb, network = client(refreshSessionIdleTime=GONE, info=GONE, getMcpResource=GONE)
    async with agb, agb.session(idle_release_timeout=1) as session:
        await until(network, "refreshSessionIdleTime", 1)
        async with agb.session(idle_release_timeout=1):  # renews at the same pace
            await until(network, "refreshSessionIdleTime", 2)
        assert isinstance((await session.info()).error, SessionNotFoundError)
    assert "session not found" in caplog.text


async def test_the_end_of_a_session_is_told_before_it_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    agb, network = client(createSession=created(expiresIn=1), refreshSessionIdleTime=envelope())
    async with agb, agb.session(idle_release_timeout=1) as session:
        assert session.expires_at is not None
        while "ends at" not in caplog.text:
            assert datetime.now(UTC) < session.expires_at + timedelta(seconds=30)
            await aio.sleep(0.01)
        assert f"{session.expires_at:%H:%M:%S} UTC" in caplog.text
    assert network.paths().count("createSession") == 1


async def test_a_session_knows_when_it_ends(agb: AsyncAGB) -> None:
    before = datetime.now(UTC)
    async with agb.session() as session:
        assert session.expires_at is not None
        half_an_hour = timedelta(minutes=30)
        assert before < session.expires_at <= datetime.now(UTC) + half_an_hour
        again = (await agb.get(session.session_id)).raise_for_error().session
        assert again is not None
        assert again.expires_at is not None
        assert abs(again.expires_at - session.expires_at) < timedelta(seconds=60)
        assert AsyncSession(agb, session.session_id).expires_at is None


async def test_half_an_hour_is_assumed_where_an_agb_does_not_tell() -> None:
    agb, _ = client(getSession=envelope({"sessionId": "session-1"}))
    async with agb, agb.session() as session:
        assert session.expires_at is not None
        assert session.expires_at > datetime.now(UTC) + timedelta(minutes=29)
        again = (await agb.get("session-1")).raise_for_error().session
        assert again is not None
        assert again.expires_at is None


async def test_a_lease_is_renewed_and_leaves_users_labels_alone(agb: AsyncAGB) -> None:
    async with agb.session(labels={"team": "data"}, lease=1) as session:
        first = await lease_of(agb, session)
        assert (await session.get_labels()).data == {"team": "data"}
        assert (await session.set_labels({"team": "web"})).success
        while (await lease_of(agb, session))["agb.expires"] == first["agb.expires"]:
            await aio.sleep(0.05)
        assert (await session.get_labels()).data == {"team": "web"}
        again = await lease_of(agb, session)
        assert {**again, "agb.expires": ""} == {**first, "agb.expires": ""}
        assert int(again["agb.expires"]) > int(first["agb.expires"])


async def test_labels_that_are_set_while_the_lease_is_renewed_are_kept(agb: AsyncAGB) -> None:
    async with agb.session(lease=1) as session:
        first = await lease_of(agb, session)
        number = 0
        while not number or (await lease_of(agb, session))["agb.expires"] == first["agb.expires"]:
            number += 1
            assert (await session.set_labels({"number": str(number)})).success
            assert (await session.get_labels()).data == {"number": str(number)}


async def test_a_session_without_a_lease_has_no_labels_of_one(agb: AsyncAGB) -> None:
    async with agb.session() as session:
        assert "agb.lease" not in await lease_of(agb, session)
    with pytest.raises(InvalidParamsError, match="lease must be a number of seconds, 1 or more"):
        agb.session(lease=0.5)


async def test_a_lease_is_there_from_the_first_moment() -> None:
    agb, network = client()
    async with agb, agb.session(lease=60, keep_alive=False):
        pass
    labels = json.loads(json.loads(network.asked[0].content)["labels"])
    assert labels["agb.lease"] == "1"
    assert time.time() < int(labels["agb.expires"]) <= time.time() + 62
