"""Creating, finding, describing and deleting sessions."""

import uuid

import httpx
import pytest

from agb import (
    AsyncAGB,
    AsyncBaseSession,
    AsyncSession,
    CreateSessionParams,
    ImageNotFoundError,
    InvalidParamsError,
    PageNotFoundError,
    SessionNotFoundError,
    WaitTimeoutError,
)

IMAGE = "agb-code-space-1"


def unique() -> dict[str, str]:
    return {"test": uuid.uuid4().hex}


async def test_a_session_is_created_used_and_deleted(agb: AsyncAGB) -> None:
    created = await agb.create(CreateSessionParams(image_id=IMAGE))
    assert created.success
    assert created.error_message == ""
    assert created.request_id
    session = created.session
    assert isinstance(session, AsyncSession)
    assert isinstance(session, AsyncBaseSession)
    assert session.image_id == IMAGE
    assert session.resource_url
    assert session.app_instance_id
    assert session.resource_id
    deleted = await agb.delete(session)
    assert deleted.success
    assert deleted.request_id


async def test_without_params_the_default_image_is_used(agb: AsyncAGB) -> None:
    created = await agb.create()
    assert created.session is not None
    assert created.session.image_id == "code_latest"
    await created.session.delete()


async def test_without_any_image_a_create_is_refused_before_it_is_sent(agb: AsyncAGB) -> None:
    for image in ("", "  "):
        created = await agb.create(CreateSessionParams(image_id=image))
        assert not created.success
        assert created.session is None
        assert created.code == "PARAM_ERROR"
        assert created.request_id == ""
        assert "image_id" in created.error_message


async def test_an_unknown_image_is_named_in_the_error(agb: AsyncAGB) -> None:
    created = await agb.create(CreateSessionParams(image_id="no-such-image"))
    assert isinstance(created.error, ImageNotFoundError)
    assert "no-such-image" in created.error_message
    assert created.request_id


async def test_a_handle_from_get_works_like_the_first_one(
    agb: AsyncAGB, session: AsyncSession
) -> None:
    found = await agb.get(session.session_id)
    assert found.session is not None
    assert found.session.session_id == session.session_id
    assert found.session.resource_url
    answer = await found.session.command.execute("echo again")
    assert answer.output == "again\n"


async def test_get_session_tells_what_the_agb_knows(agb: AsyncAGB, session: AsyncSession) -> None:
    found = await agb.get_session(session.session_id)
    assert found.success
    assert found.http_status_code == 200
    assert found.data is not None
    assert found.data.session_id == session.session_id
    assert found.data.status == "RUNNING"
    assert "resourceId=" in found.data.resource_url


async def test_an_unknown_session_is_not_found(agb: AsyncAGB) -> None:
    for result in (await agb.get("session-unknown"), await agb.get_session("session-unknown")):
        assert isinstance(result.error, SessionNotFoundError)
        assert "session-unknown" in result.error_message
        assert result.request_id
    assert (await agb.get_session("session-unknown")).http_status_code == 400


async def test_a_blank_session_id_is_refused_before_it_is_sent(agb: AsyncAGB) -> None:
    for result in (await agb.get(" "), await agb.get_session(""), await agb.delete(" ")):
        assert result.code == "PARAM_ERROR"
        assert result.request_id == ""


async def test_deleting_twice_succeeds_twice(agb: AsyncAGB) -> None:
    created = await agb.create()
    assert created.session is not None
    assert (await created.session.delete()).success
    again = await created.session.delete()
    assert again.success
    assert again.request_id
    assert (await agb.delete(created.session.session_id)).success


async def test_nothing_works_on_a_deleted_session_and_each_call_says_why(agb: AsyncAGB) -> None:
    created = await agb.create()
    assert created.session is not None
    session = created.session
    await session.delete()
    for result in (
        await session.info(),
        await session.get_status(),
        await session.keep_alive(),
        await session.get_labels(),
        await session.set_labels({"a": "b"}),
        await session.update_labels({"a": "b"}),
        await session.get_link(),
        await session.get_metrics(),
        await session.call_mcp_tool("shell", {"command": "true"}),
        await session.code.run("1", "python"),
        await session.command.execute("true"),
        await session.file.read("/tmp/x"),
        await session.file.write("/tmp/x", "x"),
    ):
        assert isinstance(result.error, SessionNotFoundError), result
        assert result.code == "InvalidMcpSession.NotFound"
        assert session.session_id in result.error_message
        assert result.request_id


async def test_delete_need_not_wait(agb: AsyncAGB) -> None:
    created = await agb.create()
    assert created.session is not None
    assert (await created.session.delete(wait=False)).success
    assert (await created.session.delete()).success


async def test_delete_wants_a_positive_time_limit(session: AsyncSession) -> None:
    deleted = await session.delete(timeout=0)
    assert isinstance(deleted.error, InvalidParamsError)
    assert (await session.get_status()).status == "RUNNING"


async def test_info_tells_facts_by_key_and_by_attribute(session: AsyncSession) -> None:
    info = await session.info()
    assert info.success
    assert info.data is not None
    assert info.data["session_id"] == info.data.session_id == session.session_id
    assert info.data.get("resource_url") == info.data.resource_url
    assert "app_id" not in info.data
    assert info.data.app_id is None
    assert info.data.sandbox is not None
    assert info.data.sandbox.startswith(("strong", "portable"))
    assert len(info.data) == len(dict(info.data))


async def test_status_and_keep_alive_of_a_living_session(session: AsyncSession) -> None:
    status = await session.get_status()
    assert status.success
    assert status.status == "RUNNING"
    assert status.http_status_code == 200
    assert (await session.keep_alive()).success


async def test_labels_are_set_replaced_merged_and_read(agb: AsyncAGB) -> None:
    created = await agb.create(CreateSessionParams(labels={"team": "data", "stage": "dev"}))
    assert created.session is not None
    session = created.session
    assert (await session.get_labels()).data == {"team": "data", "stage": "dev"}
    assert (await session.set_labels({"stage": "prod", "名": "値"})).success
    assert (await session.get_labels()).data == {"stage": "prod", "名": "値"}
    updated = await session.update_labels({"owner": "ann", "stage": "test"})
    assert updated.data == {"stage": "test", "名": "値", "owner": "ann"}
    assert (await session.get_labels()).data == updated.data
    await session.delete()


async def test_a_session_without_labels_has_an_empty_map(session: AsyncSession) -> None:
    labels = await session.get_labels()
    assert labels.success
    assert labels.data == {}


@pytest.mark.parametrize(
    "labels", [None, [], ["a"], "team", {}, {"": "x"}, {" ": "x"}, {"a": ""}, {"a": " "}, {"a": 1}]
)
async def test_labels_that_are_none_are_refused(session: AsyncSession, labels: object) -> None:
    refused = await session.set_labels(labels)  # type: ignore[arg-type]  # bad on purpose
    assert refused.code == "PARAM_ERROR"
    assert refused.request_id == ""
    assert "labels" in refused.error_message


async def test_sessions_are_found_by_all_of_their_labels(agb: AsyncAGB) -> None:
    mine = unique()
    first = (await agb.create(CreateSessionParams(labels={**mine, "stage": "dev"}))).session
    second = (await agb.create(CreateSessionParams(labels={**mine, "stage": "prod"}))).session
    assert first is not None
    assert second is not None
    both = await agb.list(labels=mine)
    assert both.success
    assert both.total_count == len(both) == 2
    assert list(both.session_ids) == [second.session_id, first.session_id]
    assert [found.session_id for found in both] == list(both.session_ids)
    assert both[0].session_id == second.session_id
    only = await agb.list(labels={**mine, "stage": "dev"})
    assert list(only.session_ids) == [first.session_id]
    answer = await only[0].command.execute("echo by handle")
    assert answer.output == "by handle\n"
    await agb.delete(first)
    await agb.delete(second)
    assert (await agb.list(labels=mine)).total_count == 0


async def test_a_filter_that_nothing_matches_is_a_success(agb: AsyncAGB) -> None:
    nothing = await agb.list(labels=unique())
    assert nothing.success
    assert len(nothing) == 0
    assert nothing.total_count == 0
    assert nothing.next_token == ""


async def test_pages_are_walked_by_number_and_by_token(agb: AsyncAGB) -> None:
    mine = unique()
    made = [(await agb.create(CreateSessionParams(labels=mine))).session for _ in range(5)]
    ids = [session.session_id for session in reversed(made) if session is not None]
    first = await agb.list(labels=mine, limit=2)
    assert list(first.session_ids) == ids[:2]
    assert first.total_count == 5
    assert first.max_results == 2
    second = await agb.list(labels=mine, limit=2, next_token=first.next_token)
    assert list(second.session_ids) == ids[2:4]
    assert list((await agb.list(labels=mine, page=3, limit=2)).session_ids) == ids[4:]
    assert list((await agb.list(labels=mine, page=2, limit=2)).session_ids) == ids[2:4]
    past = await agb.list(labels=mine, page=4, limit=2)
    assert isinstance(past.error, PageNotFoundError)
    assert past.error_message.startswith("Cannot reach page 4: No more pages available")
    walked = [session.session_id async for session in agb.iter_sessions(mine, limit=2)]
    assert walked == ids
    for session_id in ids:
        await agb.delete(session_id, wait=False)


async def test_bad_paging_is_refused_before_it_is_sent(agb: AsyncAGB) -> None:
    for result in (
        await agb.list(page=0),
        await agb.list(page=-1),
        await agb.list(limit=0),
        await agb.list(page=2, next_token="x"),
        await agb.list(labels=["a"]),  # type: ignore[arg-type]  # bad on purpose
    ):
        assert result.code == "PARAM_ERROR"
        assert result.request_id == ""


async def test_a_token_that_no_page_gave_is_refused(agb: AsyncAGB) -> None:
    refused = await agb.list(next_token="no token")
    assert refused.code == "InvalidParameter"
    assert refused.request_id


async def test_a_handle_made_from_an_id_reaches_the_session(
    agb: AsyncAGB, session: AsyncSession
) -> None:
    handle = AsyncSession(agb, session.session_id)
    assert handle.get_session_id() == session.session_id
    assert handle.get_api_key() == agb.api_key
    assert handle.get_link_url() == handle.link_url == ""
    assert handle.get_token() == ""
    assert (await handle.info()).success


async def test_the_low_level_client_makes_any_call(session: AsyncSession) -> None:
    client = session.get_client()
    said = await client.request(
        "POST", "/mcp/getSessionInfo", body={"sessionId": session.session_id}
    )
    assert said["data"]["status"] == "RUNNING"
    refused = await client.request("POST", "/mcp/getSession", body={"sessionId": "gone"})
    assert refused["success"] is False


async def test_metrics_are_measured(session: AsyncSession) -> None:
    found = await session.get_metrics()
    assert found.metrics is not None
    assert found.metrics.cpu_count >= 1
    assert 0 <= found.metrics.cpu_used_pct <= 100
    assert 0 < found.metrics.mem_used <= found.metrics.mem_total
    assert found.metrics.disk_total > 0
    assert found.metrics.timestamp
    assert found.raw["cpu_count"] == found.metrics.cpu_count


async def test_a_link_leads_to_the_session(session: AsyncSession) -> None:
    link = await session.get_link()
    assert link.success
    assert link.data is not None
    assert link.data.startswith("http")


async def test_a_link_leads_to_a_port_once_something_listens_there(session: AsyncSession) -> None:
    await session.file.write("/tmp/site/index.html", "<h1>here</h1>")
    serve = "nohup python3 -m http.server -d /tmp/site 30100 > /dev/null 2>&1 &"
    (await session.command.execute(serve)).raise_for_error()
    link = (await session.get_link(port=30100, wait_port=60)).raise_for_error()
    assert link.data is not None
    async with httpx.AsyncClient(trust_env=False) as browser:
        assert (await browser.get(link.data)).text == "<h1>here</h1>"


async def test_a_port_that_nobody_listens_on_is_waited_for_in_vain(session: AsyncSession) -> None:
    failed = await session.get_link(port=30111, wait_port=0.3)
    assert isinstance(failed.error, WaitTimeoutError)
    assert "30111" in failed.error_message
    assert failed.code == "WAIT_TIMEOUT"
    assert failed.request_id
    assert (await session.get_link(port=30111)).success


async def test_waiting_for_a_port_of_a_session_that_is_gone_ends_at_once(
    session: AsyncSession,
) -> None:
    await session.delete()
    failed = await session.get_link(port=30100, wait_port=60)
    assert isinstance(failed.error, SessionNotFoundError)


@pytest.mark.parametrize(("port", "seconds"), [(None, 1), (30100, 0), (30100, "1")])
async def test_waiting_needs_a_port_and_a_time(
    session: AsyncSession, port: int | None, seconds: float
) -> None:
    refused = await session.get_link(port=port, wait_port=seconds)
    assert refused.code == "PARAM_ERROR"
    assert "wait_port" in refused.error_message


@pytest.mark.parametrize("port", [0, -1, 65_536, True, "80"])
async def test_a_port_that_is_none_is_refused(session: AsyncSession, port: object) -> None:
    refused = await session.get_link(port=port)  # type: ignore[arg-type]  # bad on purpose
    assert refused.code == "PARAM_ERROR"
    assert "port" in refused.error_message


async def test_a_port_outside_of_the_forwarded_ones_is_refused(session: AsyncSession) -> None:
    refused = await session.get_link(port=8080)
    assert refused.code == "InvalidParameter"
    assert refused.request_id
