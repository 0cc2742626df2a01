# Generated from tests/_async/test_sessions.py; edit that file, then `nox -s twin`.
"""Creating, finding, describing and deleting sessions."""

import uuid

import httpx
import pytest

from agb import (
    AGB,
    BaseSession,
    CreateSessionParams,
    ImageNotFoundError,
    InvalidParamsError,
    PageNotFoundError,
    Session,
    SessionNotFoundError,
    WaitTimeoutError,
)

IMAGE = "agb-code-space-1"


def unique() -> dict[str, str]:
    return {"test": uuid.uuid4().hex}


def test_a_session_is_created_used_and_deleted(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id=IMAGE))
    assert created.success
    assert created.error_message == ""
    assert created.request_id
    session = created.session
    assert isinstance(session, Session)
    assert isinstance(session, BaseSession)
    assert session.image_id == IMAGE
    assert session.resource_url
    assert session.app_instance_id
    assert session.resource_id
    deleted = agb.delete(session)
    assert deleted.success
    assert deleted.request_id


def test_without_params_the_default_image_is_used(agb: AGB) -> None:
    created = agb.create()
    assert created.session is not None
    assert created.session.image_id == "code_latest"
    created.session.delete()


def test_without_any_image_a_create_is_refused_before_it_is_sent(agb: AGB) -> None:
    for image in ("", "  "):
        created = agb.create(CreateSessionParams(image_id=image))
        assert not created.success
        assert created.session is None
        assert created.code == "PARAM_ERROR"
        assert created.request_id == ""
        assert "image_id" in created.error_message


def test_an_unknown_image_is_named_in_the_error(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id="no-such-image"))
    assert isinstance(created.error, ImageNotFoundError)
    assert "no-such-image" in created.error_message
    assert created.request_id


def test_a_handle_from_get_works_like_the_first_one(agb: AGB, session: Session) -> None:
    found = agb.get(session.session_id)
    assert found.session is not None
    assert found.session.session_id == session.session_id
    assert found.session.resource_url
    answer = found.session.command.execute("echo again")
    assert answer.output == "again\n"


def test_get_session_tells_what_the_agb_knows(agb: AGB, session: Session) -> None:
    found = agb.get_session(session.session_id)
    assert found.success
    assert found.http_status_code == 200
    assert found.data is not None
    assert found.data.session_id == session.session_id
    assert found.data.status == "RUNNING"
    assert "resourceId=" in found.data.resource_url


def test_an_unknown_session_is_not_found(agb: AGB) -> None:
    for result in (agb.get("session-unknown"), agb.get_session("session-unknown")):
        assert isinstance(result.error, SessionNotFoundError)
        assert "session-unknown" in result.error_message
        assert result.request_id
    assert agb.get_session("session-unknown").http_status_code == 400


def test_a_blank_session_id_is_refused_before_it_is_sent(agb: AGB) -> None:
    for result in (agb.get(" "), agb.get_session(""), agb.delete(" ")):
        assert result.code == "PARAM_ERROR"
        assert result.request_id == ""


def test_deleting_twice_succeeds_twice(agb: AGB) -> None:
    created = agb.create()
    assert created.session is not None
    assert created.session.delete().success
    again = created.session.delete()
    assert again.success
    assert again.request_id
    assert agb.delete(created.session.session_id).success


def test_nothing_works_on_a_deleted_session_and_each_call_says_why(agb: AGB) -> None:
    created = agb.create()
    assert created.session is not None
    session = created.session
    session.delete()
    for result in (
        session.info(),
        session.get_status(),
        session.keep_alive(),
        session.get_labels(),
        session.set_labels({"a": "b"}),
        session.update_labels({"a": "b"}),
        session.get_link(),
        session.get_metrics(),
        session.call_mcp_tool("shell", {"command": "true"}),
        session.code.run("1", "python"),
        session.command.execute("true"),
        session.file.read("/tmp/x"),
        session.file.write("/tmp/x", "x"),
    ):
        assert isinstance(result.error, SessionNotFoundError), result
        assert result.code == "InvalidMcpSession.NotFound"
        assert session.session_id in result.error_message
        assert result.request_id


def test_delete_need_not_wait(agb: AGB) -> None:
    created = agb.create()
    assert created.session is not None
    assert created.session.delete(wait=False).success
    assert created.session.delete().success


def test_delete_wants_a_positive_time_limit(session: Session) -> None:
    deleted = session.delete(timeout=0)
    assert isinstance(deleted.error, InvalidParamsError)
    assert session.get_status().status == "RUNNING"


def test_info_tells_facts_by_key_and_by_attribute(session: Session) -> None:
    info = session.info()
    assert info.success
    assert info.data is not None
    assert info.data["session_id"] == info.data.session_id == session.session_id
    assert info.data.get("resource_url") == info.data.resource_url
    assert "app_id" not in info.data
    assert info.data.app_id is None
    assert info.data.sandbox is not None
    assert info.data.sandbox.startswith(("strong", "portable"))
    assert len(info.data) == len(dict(info.data))


def test_status_and_keep_alive_of_a_living_session(session: Session) -> None:
    status = session.get_status()
    assert status.success
    assert status.status == "RUNNING"
    assert status.http_status_code == 200
    assert session.keep_alive().success


def test_labels_are_set_replaced_merged_and_read(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(labels={"team": "data", "stage": "dev"}))
    assert created.session is not None
    session = created.session
    assert session.get_labels().data == {"team": "data", "stage": "dev"}
    assert session.set_labels({"stage": "prod", "名": "値"}).success
    assert session.get_labels().data == {"stage": "prod", "名": "値"}
    updated = session.update_labels({"owner": "ann", "stage": "test"})
    assert updated.data == {"stage": "test", "名": "値", "owner": "ann"}
    assert session.get_labels().data == updated.data
    session.delete()


def test_a_session_without_labels_has_an_empty_map(session: Session) -> None:
    labels = session.get_labels()
    assert labels.success
    assert labels.data == {}


@pytest.mark.parametrize(
    "labels", [None, [], ["a"], "team", {}, {"": "x"}, {" ": "x"}, {"a": ""}, {"a": " "}, {"a": 1}]
)
def test_labels_that_are_none_are_refused(session: Session, labels: object) -> None:
    refused = session.set_labels(labels)  # type: ignore[arg-type]  # bad on purpose
    assert refused.code == "PARAM_ERROR"
    assert refused.request_id == ""
    assert "labels" in refused.error_message


def test_sessions_are_found_by_all_of_their_labels(agb: AGB) -> None:
    mine = unique()
    first = agb.create(CreateSessionParams(labels={**mine, "stage": "dev"})).session
    second = agb.create(CreateSessionParams(labels={**mine, "stage": "prod"})).session
    assert first is not None
    assert second is not None
    both = agb.list(labels=mine)
    assert both.success
    assert both.total_count == len(both) == 2
    assert list(both.session_ids) == [second.session_id, first.session_id]
    assert [found.session_id for found in both] == list(both.session_ids)
    assert both[0].session_id == second.session_id
    only = agb.list(labels={**mine, "stage": "dev"})
    assert list(only.session_ids) == [first.session_id]
    answer = only[0].command.execute("echo by handle")
    assert answer.output == "by handle\n"
    agb.delete(first)
    agb.delete(second)
    assert agb.list(labels=mine).total_count == 0


def test_a_filter_that_nothing_matches_is_a_success(agb: AGB) -> None:
    nothing = agb.list(labels=unique())
    assert nothing.success
    assert len(nothing) == 0
    assert nothing.total_count == 0
    assert nothing.next_token == ""


def test_pages_are_walked_by_number_and_by_token(agb: AGB) -> None:
    mine = unique()
    made = [agb.create(CreateSessionParams(labels=mine)).session for _ in range(5)]
    ids = [session.session_id for session in reversed(made) if session is not None]
    first = agb.list(labels=mine, limit=2)
    assert list(first.session_ids) == ids[:2]
    assert first.total_count == 5
    assert first.max_results == 2
    second = agb.list(labels=mine, limit=2, next_token=first.next_token)
    assert list(second.session_ids) == ids[2:4]
    assert list(agb.list(labels=mine, page=3, limit=2).session_ids) == ids[4:]
    assert list(agb.list(labels=mine, page=2, limit=2).session_ids) == ids[2:4]
    past = agb.list(labels=mine, page=4, limit=2)
    assert isinstance(past.error, PageNotFoundError)
    assert past.error_message.startswith("Cannot reach page 4: No more pages available")
    walked = [session.session_id for session in agb.iter_sessions(mine, limit=2)]
    assert walked == ids
    for session_id in ids:
        agb.delete(session_id, wait=False)


def test_bad_paging_is_refused_before_it_is_sent(agb: AGB) -> None:
    for result in (
        agb.list(page=0),
        agb.list(page=-1),
        agb.list(limit=0),
        agb.list(page=2, next_token="x"),
        agb.list(labels=["a"]),  # type: ignore[arg-type]  # bad on purpose
    ):
        assert result.code == "PARAM_ERROR"
        assert result.request_id == ""


def test_a_token_that_no_page_gave_is_refused(agb: AGB) -> None:
    refused = agb.list(next_token="no token")
    assert refused.code == "InvalidParameter"
    assert refused.request_id


def test_a_handle_made_from_an_id_reaches_the_session(agb: AGB, session: Session) -> None:
    handle = Session(agb, session.session_id)
    assert handle.get_session_id() == session.session_id
    assert handle.get_api_key() == agb.api_key
    assert handle.get_link_url() == handle.link_url == ""
    assert handle.get_token() == ""
    assert handle.info().success


def test_the_low_level_client_makes_any_call(session: Session) -> None:
    client = session.get_client()
    said = client.request("POST", "/mcp/getSessionInfo", body={"sessionId": session.session_id})
    assert said["data"]["status"] == "RUNNING"
    refused = client.request("POST", "/mcp/getSession", body={"sessionId": "gone"})
    assert refused["success"] is False


def test_metrics_are_measured(session: Session) -> None:
    found = session.get_metrics()
    assert found.metrics is not None
    assert found.metrics.cpu_count >= 1
    assert 0 <= found.metrics.cpu_used_pct <= 100
    assert 0 < found.metrics.mem_used <= found.metrics.mem_total
    assert found.metrics.disk_total > 0
    assert found.metrics.timestamp
    assert found.raw["cpu_count"] == found.metrics.cpu_count


def test_a_link_leads_to_the_session(session: Session) -> None:
    link = session.get_link()
    assert link.success
    assert link.data is not None
    assert link.data.startswith("http")


def test_a_link_leads_to_a_port_once_something_listens_there(session: Session) -> None:
    session.file.write("/tmp/site/index.html", "<h1>here</h1>")
    serve = "nohup python3 -m http.server -d /tmp/site 30100 > /dev/null 2>&1 &"
    session.command.execute(serve).raise_for_error()
    link = session.get_link(port=30100, wait_port=60).raise_for_error()
    assert link.data is not None
    with httpx.Client(trust_env=False) as browser:
        assert browser.get(link.data).text == "<h1>here</h1>"


def test_a_port_that_nobody_listens_on_is_waited_for_in_vain(session: Session) -> None:
    failed = session.get_link(port=30111, wait_port=0.3)
    assert isinstance(failed.error, WaitTimeoutError)
    assert "30111" in failed.error_message
    assert failed.code == "WAIT_TIMEOUT"
    assert failed.request_id
    assert session.get_link(port=30111).success


def test_waiting_for_a_port_of_a_session_that_is_gone_ends_at_once(
    session: Session,
) -> None:
    session.delete()
    failed = session.get_link(port=30100, wait_port=60)
    assert isinstance(failed.error, SessionNotFoundError)


@pytest.mark.parametrize(("port", "seconds"), [(None, 1), (30100, 0), (30100, "1")])
def test_waiting_needs_a_port_and_a_time(
    session: Session, port: int | None, seconds: float
) -> None:
    refused = session.get_link(port=port, wait_port=seconds)
    assert refused.code == "PARAM_ERROR"
    assert "wait_port" in refused.error_message


@pytest.mark.parametrize("port", [0, -1, 65_536, True, "80"])
def test_a_port_that_is_none_is_refused(session: Session, port: object) -> None:
    refused = session.get_link(port=port)  # type: ignore[arg-type]  # bad on purpose
    assert refused.code == "PARAM_ERROR"
    assert "port" in refused.error_message


def test_a_port_outside_of_the_forwarded_ones_is_refused(session: Session) -> None:
    refused = session.get_link(port=8080)
    assert refused.code == "InvalidParameter"
    assert refused.request_id
