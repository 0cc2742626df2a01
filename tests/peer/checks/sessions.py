"""Sessions: made, found, labelled, listed, looked into, deleted."""

import secrets
import time

import requests
from checking import (
    CODE_IMAGE,
    LINKED_IMAGE,
    Failed,
    a_session,
    good,
    holds,
    of_client,
    refused,
    same,
)

from agb import AGB
from agb.session_params import CreateSessionParams

_SECONDS = 60.0


@of_client
def a_session_is_made_found_and_deleted(agb: AGB) -> None:
    session = good(agb.create(CreateSessionParams(image_id=CODE_IMAGE))).session
    again = good(agb.get(session.session_id)).session
    holds("resourceId=" in again.resource_url, "its resource URL names the resource")
    same(again.app_instance_id, session.app_instance_id)
    same(again.resource_id, session.resource_id)
    holds(again.app_instance_id and again.resource_id, "it says what it runs on")
    same(good(session.get_status()).status, "RUNNING")
    holds(good(session.delete()).request_id, "its deletion has a request id")
    refused(agb.get(session.session_id), "not found")
    holds(agb.list().success, "sessions are listed")
    holds(session.session_id not in agb.list().session_ids, "it is listed no more")


@of_client
def a_deleted_session_refuses_everything(agb: AGB) -> None:
    session = good(agb.create(CreateSessionParams(image_id=LINKED_IMAGE))).session
    linked = good(agb.get(session.session_id)).session
    good(agb.delete(session))
    for each in (session, linked):
        refused(each.command.execute("true"))
        refused(each.file.write("/tmp/x", "x"))
        refused(each.code.run("1", "python"))
        refused(each.info())
        holds(each.delete().request_id, "a second deletion has a request id")
    same(session.get_status().code, "InvalidMcpSession.NotFound")


@of_client
def an_unknown_image_and_an_unknown_session_are_refused(agb: AGB) -> None:
    refused(agb.create(CreateSessionParams(image_id="no-such-image")), "no-such-image")
    refused(agb.get("no-such-session"), "not found")
    holds(agb.get_session("no-such-session").request_id, "a refusal has a request id")


@of_client
def sessions_are_listed_by_their_labels(agb: AGB) -> None:
    mark = {"mark": secrets.token_hex(8)}
    with (
        a_session(agb, labels={**mark, "n": "1"}) as first,
        a_session(agb, labels={**mark, "n": "2"}) as second,
        a_session(agb, labels={**mark, "n": "3", "größe": 'ü "%&+'}) as third,
    ):
        ids = [third.session_id, second.session_id, first.session_id]
        listed = good(agb.list(labels=mark))
        same((listed.session_ids, listed.total_count), (ids, 3))
        same(good(agb.list(labels={**mark, "n": "2"})).session_ids, [second.session_id])
        same(good(agb.list(labels={**mark, "größe": 'ü "%&+'})).session_ids, [third.session_id])
        same(good(agb.list(labels={**mark, "n": "4"})).session_ids, [])
        for number, session_id in enumerate(ids, 1):
            page = good(agb.list(labels=mark, page=number, limit=1))
            same((page.session_ids, page.max_results), ([session_id], 1))
        refused(agb.list(labels=mark, page=4, limit=1), "page 4")


@of_client
def labels_are_replaced_as_a_whole(agb: AGB) -> None:
    with a_session(agb, labels={"a": "1", "b": "2"}) as session:
        same(good(session.get_labels()).data, {"a": "1", "b": "2"})
        good(session.set_labels({"c": "drei ü"}))
        same(good(session.get_labels()).data, {"c": "drei ü"})
        refused(session.set_labels({}))
        same(good(session.get_labels()).data, {"c": "drei ü"})
    with a_session(agb) as session:
        same(good(session.get_labels()).data, {})


@of_client
def a_session_tells_of_itself(agb: AGB) -> None:
    with a_session(agb) as session:
        info = good(session.info()).data
        same(info["session_id"], session.session_id)
        holds("resourceId=" in info["resource_url"], "its resource URL names the resource")
        good(session.keep_alive())
        metrics = good(session.get_metrics()).metrics
        holds(metrics.cpu_count >= 1, "there is a processor")
        holds(0 <= metrics.cpu_used_pct <= 100, "a share of it is used")
        holds(0 < metrics.mem_used < metrics.mem_total, "some memory is used")
        holds(0 <= metrics.disk_used < metrics.disk_total, "some space is used")
        holds(metrics.timestamp, "the figures are of some time")


@of_client
def tools_are_listed_without_a_session_of_their_image(agb: AGB) -> None:
    with a_session(agb) as session:
        for image in (CODE_IMAGE, LINKED_IMAGE):
            tools = {tool.name: tool for tool in good(session.list_mcp_tools(image)).tools}
            for name in ("shell", "run_code", "read_file", "write_file"):
                holds(tools[name].description, f"{name} is described")
                holds(tools[name].server, f"{name} has a server")
                holds("required" in tools[name].input_schema, f"what {name} requires is told")
        refused(session.list_mcp_tools("no-such-image"), "no-such-image")


@of_client
def looking_at_the_status_keeps_no_session_alive(agb: AGB) -> None:
    params = CreateSessionParams(image_id=CODE_IMAGE, idle_release_timeout=2)
    session = good(agb.create(params)).session
    until = time.monotonic() + _SECONDS
    while (status := session.get_status()).success and status.status != "FINISH":
        if time.monotonic() > until:
            raise Failed(f"it is still {status.status}")
        time.sleep(0.5)
    refused(agb.get(session.session_id), "not found")


@of_client
def a_port_of_a_session_is_reached_by_a_link(agb: AGB) -> None:
    port = secrets.choice(range(30100, 30200))
    with a_session(agb) as session:
        link = good(session.get_link("https", port)).data
        good(session.file.write("/tmp/served/page", "x"))
        serve = f"nohup python3 -m http.server {port} >/dev/null 2>&1 &"
        good(session.command.execute(serve, timeout_ms=30_000, cwd="/tmp/served"))
        until = time.monotonic() + _SECONDS
        while "page" not in requests.get(link, timeout=_SECONDS).text:
            if time.monotonic() > until:
                raise Failed("what is served there is not reached")
            time.sleep(0.2)


@of_client
def a_link_leads_to_the_session(agb: AGB) -> None:
    with a_session(agb) as session:
        for protocol in (None, "https", "wss"):
            holds(good(session.get_link(protocol)).data, "there is a URL")
        for port in (1, 8080, 65535):
            holds(session.get_link(port=port).request_id, f"port {port}: a request id")
