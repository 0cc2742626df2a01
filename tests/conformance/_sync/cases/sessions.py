# Generated from tests/conformance/_async/cases/sessions.py; edit that file, then `nox -s twin`.
"""Creating, finding and deleting sessions, and what they tell about themselves."""

from agb import CreateSessionParams, InvalidParamsError, McpTool
from agb.exceptions import (
    APIError,
    InvalidRequestError,
    ServerError,
    SessionNotFoundError,
    UnexpectedResponseError,
)
from agb.results import Result, SessionData, SessionInfo
from conformance._sync.world import IMAGE, SESSION_ID, Case, World
from conformance.outcome import AS_SENT, fails, gives, handle

CREATED = handle(
    session_id=SESSION_ID,
    image_id=IMAGE,
    resource_url="https://resource.example/s/0001",
    app_instance_id="ai-0001",
    resource_id="res-0001",
)
FOUND = {**CREATED, "image_id": ""}
LINK = "http://agb.test/link"


def use_and_delete(on: World) -> Result:
    created = on.agb.create(CreateSessionParams(image_id=IMAGE)).raise_for_error()
    assert created.session is not None
    echoed = created.session.command.execute("echo hi", timeout_ms=1000)
    assert (echoed.output, echoed.exit_code, echoed.request_id) == ("hi\n", 0, "req-0002")
    written = created.session.file.write("/tmp/a", "b")
    assert (written.data, written.request_id) == (True, "req-0003")
    return on.agb.delete(created.session)


def find_again_and_use_its_link(on: World) -> Result:
    created = on.agb.create(CreateSessionParams(image_id=IMAGE)).raise_for_error()
    assert created.session is not None
    assert created.session.get_link_url() == LINK
    assert created.session.get_token() == "tok-123"
    assert created.session.command.execute("echo hi", timeout_ms=1000).output == "hi\n"
    found = on.agb.get(created.session.session_id).raise_for_error()
    assert found.session is not None
    assert found.session.image_id == ""
    return found.session.command.execute("echo again", timeout_ms=1000)


CASES = (
    Case(
        "session_create_minimal",
        lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE)),
        gives(session=CREATED),
    ),
    Case(
        "session_create_labels",
        lambda on: on.agb.create(CreateSessionParams({"env": "dev", "team": "a b"}, IMAGE)),
        gives(session=CREATED),
    ),
    Case(
        "session_create_labels_unicode",
        lambda on: on.agb.create(CreateSessionParams({"名": "值"}, IMAGE)),
        gives(session=CREATED),
    ),
    Case(
        "session_create_policy_id",
        lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE, policy_id="policy-1")),
        gives(session=CREATED),
    ),
    Case(
        "session_create_idle_timeout",
        lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE, idle_release_timeout=300)),
        gives(session=CREATED),
    ),
    Case(
        "session_create_image_blank",
        lambda on: on.agb.create(CreateSessionParams(image_id="  ")),
        fails(InvalidParamsError, "image_id", request_id=""),
    ),
    Case(
        "session_create_params_none",
        lambda on: on.agb.create(),
        fails(InvalidParamsError, "image_id", request_id="", code="PARAM_ERROR"),
    ),
    Case(
        "session_create_toollist_array",
        lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE)),
        gives(
            session={
                **CREATED,
                "link_url": LINK,
                "token": "tok-123",
                "tool_list": (
                    McpTool(name="shell", server="srvA"),
                    McpTool(name="run_code", server="srvB"),
                ),
            }
        ),
    ),
    Case(
        "session_create_toollist_invalid",
        lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE)),
        gives(session=CREATED),
    ),
    Case("session_create_then_use_and_delete", use_and_delete, gives("req-0004")),
    Case(
        "session_create_link_then_get",
        find_again_and_use_its_link,
        gives(AS_SENT, stdout="hi\n", output="hi\n", exit_code=0),
    ),
    Case("session_get", lambda on: on.agb.get(SESSION_ID), gives(session=FOUND)),
    Case(
        "agb_get_session",
        lambda on: on.agb.get_session(SESSION_ID),
        gives(
            data=SessionData(
                session_id=SESSION_ID,
                app_instance_id="ai-0001",
                resource_id="res-0001",
                resource_url="https://resource.example/s/0001",
                status="RUNNING",
            )
        ),
    ),
    Case(
        "session_get_blank_id",
        lambda on: on.agb.get(" "),
        fails(InvalidParamsError, "session_id", request_id=""),
    ),
    Case(
        "session_get_data_null",
        lambda on: on.agb.get(SESSION_ID),
        fails(UnexpectedResponseError, "data: expected an object", status_code=200),
    ),
    Case(
        "session_get_not_found",
        lambda on: on.agb.get(SESSION_ID),
        fails(
            SessionNotFoundError,
            f"Session {SESSION_ID} not found",
            code="InvalidMcpSession.NotFound",
            status_code=400,
        ),
    ),
    Case(
        "session_get_link_fields",
        lambda on: on.agb.get(SESSION_ID),
        gives(
            session=handle(
                session_id=SESSION_ID,
                resource_url="https://r",
                app_instance_id="ai-0001",
                resource_id="res-0001",
                link_url="https://link.example",
                ws_url="wss://ws.example",
                token="tok-123",
                tool_list=(
                    McpTool(name="run_code", server="wuying_codespace"),
                    McpTool(name="shell", server="wuying_shell"),
                ),
            )
        ),
    ),
    Case(
        "session_get_link_fields_pascal",
        lambda on: on.agb.get(SESSION_ID),
        gives(
            session=handle(
                session_id=SESSION_ID,
                link_url="https://link.example",
                ws_url="wss://ws.example",
                token="tok-123",
                tool_list=(McpTool(name="run_code", server="wuying_codespace"),),
            )
        ),
    ),
    Case(
        "session_get_link",
        lambda on: on.session.get_link(),
        gives(data="https://link.example/abc"),
    ),
    Case(
        "session_get_link_port",
        lambda on: on.session.get_link(protocol_type="https", port=30100),
        gives(data="https://link.example/abc"),
    ),
    Case(
        "session_get_link_error",
        lambda on: on.session.get_link(),
        fails(InvalidRequestError, "port out of range", code="BadPort", status_code=400),
    ),
    Case(
        "session_info_desktop",
        lambda on: on.session.info(),
        gives(
            data=SessionInfo(
                session_id=SESSION_ID,
                resource_url="https://r",
                app_id="app-1",
                auth_code="code",
                connection_properties="{}",
                resource_id="res-0001",
                resource_type="desktop",
                ticket="tick",
            )
        ),
    ),
    Case(
        "session_info_no_data",
        lambda on: on.session.info(),
        fails(UnexpectedResponseError, "data: expected an object", status_code=200),
    ),
    Case(
        "session_info_success_false_200",
        lambda on: on.session.info(),
        fails(APIError, "denied", code="X", status_code=200),
    ),
    Case("session_status", lambda on: on.session.get_status(), gives(status="RUNNING")),
    Case(
        "session_status_not_found",
        lambda on: on.session.get_status(),
        fails(
            SessionNotFoundError,
            "Session not found",
            code="InvalidMcpSession.NotFound",
            status_code=400,
        ),
    ),
    Case("session_keep_alive", lambda on: on.session.keep_alive(), gives()),
    Case(
        "session_keep_alive_error",
        lambda on: on.session.keep_alive(),
        fails(
            SessionNotFoundError,
            f"Session not found (session {SESSION_ID})",
            code="InvalidMcpSession.NotFound",
            status_code=400,
        ),
    ),
    Case("session_delete_finish", lambda on: on.session.delete(), gives()),
    Case("session_delete_nested_body", lambda on: on.session.delete(), gives("R-2")),
    Case("session_delete_refused", lambda on: on.session.delete(), gives()),
    Case(
        "session_delete_refused_pascal",
        lambda on: on.session.delete(),
        fails(APIError, "no", request_id="R-1", code="Denied", status_code=200),
    ),
    Case(
        "session_delete_no_json",
        lambda on: on.session.delete(),
        fails(ServerError, "bad gateway", request_id="", status_code=502),
    ),
    Case(
        "labels_get",
        lambda on: on.session.get_labels(),
        gives(data={"env": "dev", "team": "a"}),
    ),
    Case("labels_get_empty", lambda on: on.session.get_labels(), gives(data={})),
    Case(
        "labels_set",
        lambda on: on.session.set_labels({"env": "prod", "名": "值"}),
        gives(),
    ),
    Case(
        "labels_set_error",
        lambda on: on.session.set_labels({"a": "b"}),
        fails(InvalidRequestError, "label too long", code="InvalidLabel", status_code=400),
    ),
)
