"""Sessions that a killed owner left behind."""

import os
import subprocess
import sys
import time
import uuid

import pytest
from support.fake import Answer, Network, envelope, refusal
from support.local import LocalAGB

from agb import AsyncAGB, AsyncSession, InvalidParamsError, ReapedSession
from agb._async.labels import AsyncLabels
from agb._concurrency import aio
from agb._lease import lease_labels

OWNER = """
import sys
from agb import AGB

agb = AGB(sys.argv[1], endpoint=sys.argv[2], default_image="code_latest")
with (
    agb.session(lease=600) as one,
    agb.session(lease=600) as two,
    agb.session(labels={"test": sys.argv[3]}) as unleased,
):
    print(one.session_id, two.session_id, unleased.session_id, flush=True)
    sys.stdin.read()
"""


def killed_owner(local_agb: LocalAGB, mark: str) -> tuple[int, list[str]]:
    """Return pid and sessions of a program that was killed while it had them."""
    program = [sys.executable, "-c", OWNER, local_agb.api_key, local_agb.endpoint, mark]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        session_ids = owner.stdout.readline().split()
        owner.kill()
    return owner.pid, session_ids


async def running(agb: AsyncAGB, *session_ids: str) -> set[str]:
    """Return those among some sessions that are there."""
    statuses = [(await AsyncSession(agb, each).get_status()).status for each in session_ids]
    return {each for each, is_now in zip(session_ids, statuses, strict=True) if is_now == "RUNNING"}


async def test_exactly_what_a_killed_owner_left_is_found_and_deleted(
    agb: AsyncAGB, local_agb: LocalAGB
) -> None:
    async with agb.session(lease=600) as live, agb.session() as unleased:
        pid, (one, two, left) = killed_owner(local_agb, uuid.uuid4().hex)

        found = (await agb.reap(dry_run=True)).raise_for_error()
        assert {each.session_id for each in found.sessions} == {one, two}
        assert {each.pid for each in found.sessions} == {pid}
        assert {each.reason for each in found.sessions} == {"owner ended"}
        assert not any(each.deleted for each in found.sessions)
        assert await running(agb, one, two, left) == {one, two, left}

        first, second = await aio.map_parallel(lambda _: agb.reap(), range(2), limit=2)
        assert first.success
        assert second.success
        reaped = {*first.sessions, *second.sessions}
        assert {each.session_id for each in reaped} == {one, two}
        assert all(each.deleted for each in reaped)
        assert not await running(agb, one, two)

        assert (await agb.reap()).sessions == ()
        alive = {live.session_id, unleased.session_id, left}
        assert await running(agb, *alive) == alive
        (await agb.delete(left)).raise_for_error()


async def test_a_lease_of_another_machine_is_over_when_it_has_run_out_for_a_while(
    agb: AsyncAGB,
) -> None:
    async with agb.session(labels={"team": "data"}) as session:
        labels = AsyncLabels(agb.transport, session.session_id)
        told = {**lease_labels(-10), "agb.machine": "elsewhere", "agb.host": "far-away"}
        await labels.update({**told, "agb.owner": "somebody", "agb.pid": "1"})
        assert (await agb.reap()).raise_for_error().sessions == ()
        expired = (await agb.reap(dry_run=True, grace=0)).raise_for_error().sessions
        assert [(each.session_id, each.owner, each.host, each.pid) for each in expired] == [
            (session.session_id, "somebody", "far-away", 1)
        ]
        assert expired[0].reason == "expired"
        assert expired[0].expires_at.timestamp() < time.time()


async def test_labels_that_tell_of_no_lease_are_left_alone(agb: AsyncAGB) -> None:
    async with agb.session() as session:
        labels = AsyncLabels(agb.transport, session.session_id)
        await labels.update({**lease_labels(-3600), "agb.expires": "soon"})
        assert (await agb.reap()).raise_for_error().sessions == ()


def client(**answers: Answer) -> AsyncAGB:
    page = {"data": [{"sessionId": "session-1"}], "nextToken": "", "count": 1}
    labels = '{"agb.lease": "1", "agb.pid": "7", "agb.expires": "1000"}'
    network = Network(
        **{
            "ListSession": envelope(page["data"], nextToken="", totalCount=1),
            "GetLabel": envelope({"labels": labels}),
            **answers,
        }
    )
    return AsyncAGB("key", endpoint="https://agb.example", transport=network)


async def test_a_session_that_can_not_be_deleted_is_told_of() -> None:
    denied = refusal(403, "Forbidden", "not yours")
    async with client(releaseSessionAsync=denied) as agb:
        result = await agb.reap()
    assert result.error_message == "not yours"
    (left,) = result.sessions
    assert isinstance(left, ReapedSession)
    assert left.session_id == "session-1"
    assert not left.deleted
    assert left.error is result.error


async def test_a_session_that_goes_meanwhile_is_not_found() -> None:
    gone = refusal(404, "InvalidMcpSession.NotFound", "session not found")
    async with client(GetLabel=gone) as agb:
        result = await agb.reap()
    assert result.success
    assert result.sessions == ()


async def test_a_list_that_can_not_be_had_fails() -> None:
    async with client(ListSession=refusal(401, "InvalidApiKey", "wrong key")) as agb:
        assert (await agb.reap()).error_message == "wrong key"


@pytest.mark.parametrize("grace", [-1, True, "30"])
async def test_a_grace_is_a_number_of_seconds(agb: AsyncAGB, grace: float) -> None:
    assert isinstance((await agb.reap(grace=grace)).error, InvalidParamsError)


async def test_a_process_of_ones_own_is_alive(agb: AsyncAGB) -> None:
    async with agb.session(lease=1):
        assert lease_labels(1)["agb.pid"] == str(os.getpid())
        assert (await agb.reap(dry_run=True)).raise_for_error().sessions == ()
