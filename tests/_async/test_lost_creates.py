"""Creates whose answer is lost: there is one session, or none, and never one that nobody knows."""

import json
import uuid

import httpx
import pytest
from support import spoiling
from support.fake import Network, envelope, refusal, until_time_is_up
from support.local import LocalAGB
from support.spoiling import AsyncSpoiling, Fault

from agb import AGBError, AsyncAGB, ContextSync, CreateSessionParams

FAULTS = (
    spoiling.breaks,
    spoiling.is_cut_off,
    spoiling.is_too_late,
    spoiling.is_half,
    spoiling.is_empty,
    spoiling.is_of_a_gateway,
    spoiling.is_a_gateways_timeout,
    spoiling.is_a_failure,
)


def fresh() -> CreateSessionParams:
    return CreateSessionParams({"test": uuid.uuid4().hex}, "code_latest")


def lone(network: Network) -> AsyncAGB:
    return AsyncAGB("key", endpoint="https://agb.test", transport=network, max_retries=0)


def client(local: LocalAGB, transport: AsyncSpoiling) -> AsyncAGB:
    return AsyncAGB(local.api_key, endpoint=local.endpoint, transport=transport)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_session_whose_create_got_no_answer_is_found_and_used(
    agb: AsyncAGB, local_agb: LocalAGB, fault: Fault
) -> None:
    params = fresh()
    transport = AsyncSpoiling(fault)
    async with client(local_agb, transport) as faulty, faulty.session(params) as session:
        assert (await agb.list(labels=params.labels)).session_ids == (session.session_id,)
        assert session.image_id == "code_latest"
        assert (await session.command.execute("echo adopted")).output == "adopted\n"
        assert (await session.get_labels()).data == params.labels
    assert transport.spoils.asked.count("/mcp/createSession") == 1
    assert not (await agb.list(labels=params.labels))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("looks_once")
async def test_a_create_that_was_never_carried_out_fails_and_names_its_label(
    agb: AsyncAGB, local_agb: LocalAGB, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    params = fresh()
    async with client(local_agb, AsyncSpoiling(fault, sent=0)) as faulty:
        created = await faulty.create(params)
    assert not created.success
    assert "there may be a session labelled agb.request=" in created.error_message
    assert str(created.error) == created.error_message
    assert created.error_message.endswith(caplog.messages[-1])
    assert not (await agb.list(labels=params.labels))


async def test_a_session_that_shows_late_is_found(agb: AsyncAGB, local_agb: LocalAGB) -> None:
    params = fresh()
    transport = AsyncSpoiling(spoiling.is_too_late, late=2)
    async with client(local_agb, transport) as faulty:
        created = (await faulty.create(params)).raise_for_error()
        assert created.request_id
        assert created.session is not None
        assert (await created.session.delete()).success
    assert transport.spoils.asked.count("/sdk/ListSession") > 1
    assert not (await agb.list(labels=params.labels))


async def test_of_a_create_that_was_carried_out_twice_one_session_is_left(
    agb: AsyncAGB, local_agb: LocalAGB
) -> None:
    params = fresh()
    transport = AsyncSpoiling(spoiling.is_of_a_gateway, sent=2)
    async with client(local_agb, transport) as faulty, faulty.session(params):
        assert len(await agb.list(labels=params.labels)) == 1
    assert not (await agb.list(labels=params.labels))


async def test_a_session_that_is_found_waits_for_its_contexts(
    agb: AsyncAGB, local_agb: LocalAGB
) -> None:
    context = (await agb.context.create(uuid.uuid4().hex)).raise_for_error().context
    assert context is not None
    syncs = [ContextSync(context.id, "/tmp/kept")]
    params = CreateSessionParams({"test": uuid.uuid4().hex}, "code_latest", syncs)
    transport = AsyncSpoiling(spoiling.breaks)
    async with client(local_agb, transport) as faulty, faulty.session(params) as session:
        assert (await session.context.info()).context_status_data
    assert "/sdk/GetContextInfo" in transport.spoils.asked
    await agb.context.delete(context)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        refusal(403, "Quota.Exceeded", "full"),
        refusal(400, "InvalidImage.NotFound", "no such image"),
        refusal(429, "Throttled", "slow down"),
        refusal(200, "", "no reason"),
        envelope({"success": False, "errMsg": "no room"}),
        httpx.Response(302, headers={"location": "https://other.example"}),
        httpx.Response(404, html="<h1>Not found</h1>"),
    ],
)
async def test_where_there_is_surely_no_session_none_is_looked_for(
    answer: httpx.Response | Exception,
) -> None:
    network = Network(createSession=answer)
    async with lone(network) as agb:
        created = await agb.create(CreateSessionParams(image_id="i"))
    assert not created.success
    assert "agb.request" not in created.error_message
    assert set(network.paths()) == {"createSession"}


@pytest.mark.usefixtures("looks_once")
async def test_a_session_of_someone_else_is_neither_adopted_nor_deleted() -> None:
    network = Network(
        createSession=httpx.ReadError("broke"),
        ListSession=envelope([{"sessionId": "s-1"}, {"sessionId": "s-2"}]),
        GetLabel=envelope({"labels": '{"agb.request": "another"}'}),
    )
    async with lone(network) as agb:
        created = await agb.create(CreateSessionParams(image_id="i"))
    assert not created.success
    assert network.paths() == ["createSession", "ListSession", "GetLabel", "GetLabel"]


@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.usefixtures("looks_once")
async def test_a_session_that_is_found_but_can_not_be_used_is_deleted_or_named(
    deleted: bool,
) -> None:
    labels: list[str] = []

    def create(request: httpx.Request) -> Exception:
        labels.append(request.read().decode())
        return httpx.ReadError("broke")

    def ours(_: httpx.Request) -> httpx.Response:
        sent = httpx.Response(200, content=labels[0].encode()).json()
        return envelope({"labels": sent["labels"]})

    network = Network(
        createSession=create,
        ListSession=envelope([{"sessionId": "s-1"}]),
        GetLabel=ours,
        getSession=refusal(500, "Broken", "try later"),
        releaseSessionAsync=refusal(400, "SessionNotFound", "gone")
        if deleted
        else refusal(500, "Broken", "no"),
    )
    async with lone(network) as agb:
        created = await agb.create(CreateSessionParams(image_id="i"))
    assert isinstance(created.error, AGBError)
    left = "session s-1 could not be deleted: no"
    assert (left in created.error_message) is not deleted


@pytest.mark.usefixtures("looks_once")
async def test_a_session_that_its_agb_is_deleting_still_is_not_called_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = {"contextId": "c-1", "path": "/x", "status": "Failed", "taskType": "download"}
    told = [{"type": "data", "data": json.dumps([line])}]
    network = Network(
        createSession=envelope({"sessionId": "s-1"}),
        GetContextInfo=envelope({"contextStatus": json.dumps(told)}),
        releaseSessionAsync=envelope(),
        getSessionInfo=until_time_is_up(envelope({"status": "DELETING"})),
    )
    params = CreateSessionParams(image_id="i", context_syncs=[ContextSync("c-1", "/x")])
    async with lone(network) as agb:
        created = await agb.create(params)
    assert created.code == "CONTEXT_SYNC_FAILED"
    assert "releaseSessionAsync" in network.paths()
    assert "could not be deleted" not in created.error_message + caplog.text
