"""Sessions over HTTP: made, found, listed, labelled, released, and released by themselves."""

import asyncio
import json
from pathlib import Path

import pytest
from attrs import evolve

from agb.local.images import IMAGES
from agb.local.sandbox import OperationError, SandboxGone
from agb.local.server import Server
from agb.local.sessions import Sessions
from agb.local.settings import Settings
from local.stand_ins import CODE, GONE, LINKED, Caller, StandIns, TurnableClock, calling, serving

SESSION_CALLS = [
    ("POST", "/mcp/getSession"),
    ("POST", "/mcp/getMcpResource"),
    ("POST", "/mcp/refreshSessionIdleTime"),
    ("GET", "/internet/getLink"),
    ("GET", "/mcp/getLink"),
    ("GET", "/sdk/GetLabel"),
    ("POST", "/sdk/SetLabel"),
    ("POST", "/mcp"),
]
"""Everything that is about a session, keeps it alive, and does not end it."""

EVERYTHING_ELSE = {"Labels": '{"a":"b"}', "name": "shell", "args": '{"command":"true"}'}

OUTCOME = {"stdout": "", "stderr": "", "exit_code": 0, "timed_out": False}


async def call(caller: Caller, method: str, path: str, session_id: str) -> int:
    said = await caller.send(
        method, path, params={"sessionId": session_id, **EVERYTHING_ELSE}, headers=caller.headers
    )
    return said.status


@pytest.mark.parametrize("image", IMAGES)
async def test_a_session_is_made_of_every_image(caller: Caller, image: str) -> None:
    said = await caller.post("/mcp/createSession", {"imageId": image}, labels='{"team":"data"}')
    assert said.status == 200
    assert said.body["success"] is True
    data = said.data
    assert data["success"] is True
    for key in ("sessionId", "appInstanceId", "resourceId", "token"):
        assert data[key]
    assert "resourceId=" in data["resourceUrl"]
    assert {"name": "shell", "server": "wuying_shell"} in json.loads(data["toolList"])
    streams = str(caller.http.base_url).replace("http://", "ws://")
    assert data["wsUrl"] == f"{streams}/stream/{data['sessionId']}"
    has_link = not image.startswith(("code", "agb-code"))
    assert ("linkUrl" in data) is has_link
    if has_link:
        assert data["linkUrl"] == f"{caller.http.base_url}/link/{data['sessionId']}"


async def test_get_tells_all_that_create_told(caller: Caller) -> None:
    made = (await caller.post("/mcp/createSession", {"imageId": LINKED})).data
    got = (await caller.post("/mcp/getSession", sessionId=made["sessionId"])).data
    assert got["status"] == "RUNNING"
    for key in ("sessionId", "appInstanceId", "resourceId", "linkUrl", "token", "toolList"):
        assert got[key] == made[key]
    assert "resourceId=" in got["resourceUrl"]


@pytest.mark.parametrize("image", ["", " ", "no-such-image"])
async def test_an_unknown_image_is_refused_with_those_that_there_are(
    caller: Caller, image: str
) -> None:
    said = await caller.post("/mcp/createSession", {"imageId": image})
    assert (said.status, said.code) == (400, "InvalidImage.NotFound")
    assert repr(image) in said.message
    assert "agb-code-space-1" in said.message
    assert await caller.ids() == []


async def test_the_sandbox_is_told_by_the_resource(caller: Caller) -> None:
    session_id = await caller.create()
    said = await caller.post("/mcp/getMcpResource", sessionId=session_id)
    assert said.data["sessionId"] == session_id
    assert said.data["sandbox"] == "stand-in: isolates <nothing>"
    assert said.data["resourceId"] in said.data["resourceUrl"]
    assert said.data["appInstanceId"]


@pytest.mark.parametrize(("method", "path"), SESSION_CALLS)
async def test_nothing_works_on_an_unknown_or_released_session(
    caller: Caller, method: str, path: str
) -> None:
    released = await caller.create()
    await caller.post("/mcp/releaseSession", sessionId=released)
    for session_id in (released, "s-unknown"):
        said = await caller.send(method, path, params={"sessionId": session_id, **EVERYTHING_ELSE})
        assert (said.status, said.code) == (400, GONE)
        assert f"'{session_id}' not found" in said.message
        assert "expired" in said.message  # some clients watch for this word and stop asking
        assert "data" not in said.body


@pytest.mark.parametrize(
    "path", ["/mcp/getSessionInfo", "/mcp/releaseSession", "/mcp/releaseSessionAsync"]
)
async def test_a_session_is_released_once(caller: Caller, path: str) -> None:
    session_id = await caller.create()
    assert (await caller.post("/mcp/releaseSession", sessionId=session_id)).status == 200
    said = await caller.post(path, sessionId=session_id)
    assert (said.status, said.code) == (400, GONE)


async def test_release_waits_until_nothing_is_left(caller: Caller, stand_ins: StandIns) -> None:
    session_id = await caller.create()
    stand_ins.closing = asyncio.Event()
    releasing = asyncio.create_task(caller.post("/mcp/releaseSession", sessionId=session_id))
    while await caller.status(session_id) != "DELETING":
        assert not releasing.done()
    assert await caller.ids() == []
    stand_ins.closing.set()
    assert (await releasing).status == 200
    assert await caller.status(session_id) == GONE


async def test_release_in_the_background_answers_at_once(
    caller: Caller, stand_ins: StandIns
) -> None:
    session_id = await caller.create()
    stand_ins.closing = asyncio.Event()
    said = await caller.post("/mcp/releaseSessionAsync", sessionId=session_id)
    assert said.status == 200
    assert await caller.status(session_id) == "DELETING"
    assert (await caller.post("/mcp/getSession", sessionId=session_id)).code == GONE
    assert (await caller.post("/mcp/releaseSession", sessionId=session_id)).code == GONE
    stand_ins.closing.set()
    while await caller.status(session_id) == "DELETING":
        pass
    assert await caller.status(session_id) == GONE
    assert not stand_ins.opened[0].alive


async def test_a_release_that_fails_is_told_and_logged_and_the_session_gone(
    caller: Caller, stand_ins: StandIns, caplog: pytest.LogCaptureFixture
) -> None:
    session_id = await caller.create()
    stand_ins.trouble_at_close = RuntimeError("the folder is stuck")
    said = await caller.post("/mcp/releaseSession", sessionId=session_id)
    assert (said.status, said.code) == (500, "InternalError")
    assert "stuck" not in said.message
    assert "the folder is stuck" in caplog.text
    assert await caller.status(session_id) == GONE


async def test_when_all_places_are_taken_the_next_create_is_refused(
    stand_ins: StandIns, settings: Settings
) -> None:
    async with (
        serving(evolve(settings, max_sessions=2)) as server,
        calling(server.endpoint) as caller,
    ):
        first, _ = await caller.create(), await caller.create()
        said = await caller.post("/mcp/createSession", {"imageId": CODE})
        assert (said.status, said.code) == (403, "QuotaExceeded.Sessions")
        assert "2" in said.message
        assert len(stand_ins.opened) == 2
        await caller.post("/mcp/releaseSession", sessionId=first)
        assert await caller.create()


async def test_places_are_taken_while_sandboxes_still_open(
    stand_ins: StandIns, settings: Settings
) -> None:
    async with (
        serving(evolve(settings, max_sessions=1)) as server,
        calling(server.endpoint) as caller,
    ):
        stand_ins.opening = asyncio.Event()
        creates = [
            asyncio.create_task(caller.post("/mcp/createSession", {"imageId": CODE}))
            for _ in range(3)
        ]
        _, waiting = await asyncio.wait(creates, return_when=asyncio.FIRST_COMPLETED)
        stand_ins.opening.set()
        said = await asyncio.gather(*creates)
        assert waiting
        assert sorted(answer.status for answer in said) == [200, 403, 403]


async def test_a_create_that_fails_leaves_nothing_behind(
    server: Server, caller: Caller, stand_ins: StandIns, settings: Settings
) -> None:
    stand_ins.trouble_at_open = SandboxGone("it broke")
    said = await caller.post("/mcp/createSession", {"imageId": CODE})
    assert (said.status, said.code) == (503, "Sandbox.Unavailable")
    assert "it broke" in said.message
    assert "data" not in said.body
    assert server.sessions.active() == []
    assert list(settings.data_dir.glob("run/*/sessions/*")) == []
    stand_ins.trouble_at_open = None
    assert await caller.create()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -5}, "timeout"),
        ({"timeout": "soon"}, "timeout"),
        ({"timeout": 1.5}, "timeout"),
        ({"labels": "no json"}, "labels"),
        ({"labels": '{"a": 1}'}, "labels"),
        ({"labels": "[]"}, "labels"),
    ],
)
async def test_a_bad_create_is_refused_by_the_name_of_the_field(
    caller: Caller, body: dict[str, object], named: str
) -> None:
    said = await caller.post("/mcp/createSession", {"imageId": CODE}, **body)
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert named in said.message


async def test_a_create_without_an_image_is_refused(caller: Caller) -> None:
    said = await caller.post("/mcp/createSession")
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert "imageId" in said.message


async def test_an_idle_session_is_released(
    caller: Caller, clock: TurnableClock, stand_ins: StandIns
) -> None:
    session_id = await caller.create(timeout=60)
    clock.turn(59)
    assert await caller.status(session_id) == "RUNNING"
    clock.turn(1)
    assert await caller.ids() == []
    assert (await caller.post("/mcp/getSession", sessionId=session_id)).code == GONE
    while await caller.status(session_id) == "DELETING":
        pass
    assert await caller.status(session_id) == GONE
    assert not stand_ins.opened[0].alive


async def test_an_idle_session_is_released_though_nobody_asks(
    server: Server, caller: Caller, clock: TurnableClock, stand_ins: StandIns
) -> None:
    await caller.create()
    clock.turn(299)
    await server.sessions.settle()
    assert stand_ins.opened[0].alive
    clock.turn(1)
    await stand_ins.opened[0].closed.wait()
    await server.sessions.settle()


async def test_asking_for_the_status_does_not_keep_a_session_alive(
    caller: Caller, clock: TurnableClock
) -> None:
    session_id = await caller.create(timeout=60)
    for _ in range(5):
        clock.turn(11)
        assert await caller.status(session_id) == "RUNNING"
    clock.turn(5)
    assert await caller.status(session_id) in {"DELETING", GONE}


@pytest.mark.parametrize(("method", "path"), SESSION_CALLS)
async def test_every_other_call_keeps_a_session_alive(
    caller: Caller, clock: TurnableClock, stand_ins: StandIns, method: str, path: str
) -> None:
    stand_ins.answer = lambda _, **__: OUTCOME
    session_id = await caller.create(timeout=60)
    clock.turn(59)
    assert await call(caller, method, path, session_id) == 200
    clock.turn(59)
    assert await caller.status(session_id) == "RUNNING"


async def test_a_call_that_takes_long_keeps_its_session_alive(
    caller: Caller, clock: TurnableClock, stand_ins: StandIns
) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def work(_: str, **__: object) -> object:
        begun.set()
        await done.wait()
        return OUTCOME

    stand_ins.answer = work
    session_id = await caller.create(timeout=60)
    calling_tool = asyncio.create_task(caller.tool(session_id, "shell", command="sleep 100"))
    await begun.wait()
    clock.turn(100)
    assert await caller.status(session_id) == "RUNNING"
    done.set()
    assert (await calling_tool).status == 200
    clock.turn(59)
    assert await caller.status(session_id) == "RUNNING"
    clock.turn(1)
    assert await caller.status(session_id) in {"DELETING", GONE}


async def test_no_session_outlives_the_longest_life(caller: Caller, clock: TurnableClock) -> None:
    session_id = await caller.create(timeout=600)
    for _ in range(3):
        clock.turn(599)
        assert (await caller.post("/mcp/refreshSessionIdleTime", sessionId=session_id)).status
    clock.turn(3)
    assert (await caller.post("/mcp/getSession", sessionId=session_id)).code == GONE


async def test_without_a_longest_life_a_session_that_is_used_lives_on(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert stand_ins.opened == []
    async with (
        serving(evolve(settings, max_lifetime=0), clock) as server,
        calling(server.endpoint) as caller,
    ):
        session_id = await caller.create(timeout=100_000)
        clock.turn(99_999)
        assert await caller.status(session_id) == "RUNNING"


async def test_a_session_whose_sandbox_has_ended_is_gone(
    caller: Caller, stand_ins: StandIns
) -> None:
    session_id = await caller.create()
    stand_ins.opened[0].alive = False
    assert await caller.ids() == []
    assert await caller.status(session_id) in {"DELETING", GONE}


async def test_a_sandbox_that_ends_during_a_call_is_told(
    caller: Caller, stand_ins: StandIns
) -> None:
    def end(_: str, **__: object) -> None:
        stand_ins.opened[0].alive = False
        raise SandboxGone("it broke")

    stand_ins.answer = end
    session_id = await caller.create()
    said = await caller.tool(session_id, "shell", command="true")
    assert (said.status, said.code) == (400, GONE)
    assert "sandbox has ended" in said.message


async def test_labels_of_create_are_there_at_once(caller: Caller) -> None:
    session_id = await caller.create(labels='{"team":"data","名":"値"}')
    said = await caller.get("/sdk/GetLabel", sessionId=session_id)
    assert json.loads(said.data["labels"]) == {"team": "data", "名": "値"}


async def test_setting_labels_replaces_them(caller: Caller) -> None:
    session_id = await caller.create(labels='{"team":"data"}')
    query = {"sessionId": session_id, "Labels": '{"stage":"prod"}'}
    assert (await caller.post("/sdk/SetLabel", query)).status == 200
    said = await caller.get("/sdk/GetLabel", sessionId=session_id)
    assert json.loads(said.data["labels"]) == {"stage": "prod"}


async def test_a_session_without_labels_has_none(caller: Caller) -> None:
    said = await caller.get("/sdk/GetLabel", sessionId=await caller.create())
    assert said.status == 200
    assert json.loads(said.data.get("labels", "{}")) == {}


@pytest.mark.parametrize(
    "labels",
    ["{}", "[]", "3", "no json", '{"a":1}', '{"":"x"}', '{" ":"x"}', '{"a":""}', '{"a":" "}'],
)
async def test_labels_that_are_none_are_refused(caller: Caller, labels: str) -> None:
    session_id = await caller.create(labels='{"kept":"yes"}')
    said = await caller.post("/sdk/SetLabel", {"sessionId": session_id, "Labels": labels})
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert "Labels" in said.message
    kept = await caller.get("/sdk/GetLabel", sessionId=session_id)
    assert json.loads(kept.data["labels"]) == {"kept": "yes"}


async def test_the_list_is_newest_first_and_ten_long(caller: Caller) -> None:
    made = [await caller.create() for _ in range(12)]
    said = await caller.get("/sdk/ListSession", labels="{}")
    assert [line["sessionId"] for line in said.data] == made[:1:-1]
    assert {line["sessionStatus"] for line in said.data} == {"RUNNING"}
    assert said.body["maxResults"] == 10
    assert said.body["count"] == 12
    rest = await caller.get("/sdk/ListSession", labels="{}", nextToken=said.body["nextToken"])
    assert [line["sessionId"] for line in rest.data] == made[1::-1]
    assert rest.body.get("nextToken", "") == ""


async def test_pages_stay_right_while_sessions_come_and_go(caller: Caller) -> None:
    made = [await caller.create() for _ in range(7)]
    page = await caller.get("/sdk/ListSession", labels="{}", maxResults=3)
    assert [line["sessionId"] for line in page.data] == made[6:3:-1]
    await caller.create()
    for gone in (made[4], made[6], made[2]):
        await caller.post("/mcp/releaseSession", sessionId=gone)
    token = page.body["nextToken"]
    page = await caller.get("/sdk/ListSession", labels="{}", maxResults=3, nextToken=token)
    assert [line["sessionId"] for line in page.data] == [made[3], made[1], made[0]]
    assert page.body["count"] == 5
    assert page.body.get("nextToken", "") == ""


async def test_the_list_filters_by_all_labels(caller: Caller) -> None:
    both = await caller.create(labels='{"team":"data","stage":"dev"}')
    one = await caller.create(labels='{"team":"data"}')
    await caller.create()
    assert await caller.ids(labels='{"team":"data"}') == [one, both]
    assert await caller.ids(labels='{"team":"data","stage":"dev"}') == [both]
    nothing = await caller.get("/sdk/ListSession", labels='{"team":"other"}')
    assert nothing.status == 200
    assert nothing.data == []
    assert nothing.body["count"] == 0


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"maxResults": "0"}, "maxResults"),
        ({"maxResults": "101"}, "maxResults"),
        ({"maxResults": "x"}, "maxResults"),
        ({"nextToken": "x"}, "nextToken"),
        ({"nextToken": "ü"}, "nextToken"),
        ({"nextToken": "A" * 40}, "nextToken"),
        ({"labels": "["}, "labels"),
    ],
)
async def test_a_bad_list_is_refused_by_the_name_of_the_field(
    caller: Caller, query: dict[str, str], named: str
) -> None:
    said = await caller.get("/sdk/ListSession", **{"labels": "{}", **query})
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert named in said.message


async def test_stopping_releases_every_session_and_takes_no_more(
    stand_ins: StandIns, settings: Settings
) -> None:
    async with serving(settings) as server, calling(server.endpoint) as caller:
        for _ in range(3):
            await caller.create()
        stand_ins.opening = asyncio.Event()
        stand_ins.asked.clear()
        late = asyncio.create_task(caller.post("/mcp/createSession", {"imageId": CODE}))
        await stand_ins.asked.wait()
        await server.sessions.aclose()
        refused = await caller.post("/mcp/createSession", {"imageId": CODE})
        assert (refused.status, refused.code) == (503, "ServiceUnavailable")
        stand_ins.opening.set()
        assert (await late).code == "ServiceUnavailable"
    assert len(stand_ins.opened) == 4
    assert not any(sandbox.alive for sandbox in stand_ins.opened)
    assert folders(settings.data_dir) == []


async def test_stopping_waits_for_releases_that_have_begun(
    stand_ins: StandIns, settings: Settings
) -> None:
    async with serving(settings) as server, calling(server.endpoint) as caller:
        stand_ins.closing = asyncio.Event()
        await caller.post("/mcp/releaseSessionAsync", sessionId=await caller.create())
        stopping = asyncio.create_task(server.sessions.aclose())
        await caller.ids()
        assert not stopping.done()
        stand_ins.closing.set()
        await stopping
    assert not stand_ins.opened[0].alive


async def test_a_watch_that_breaks_is_told_at_the_stop(
    stand_ins: StandIns, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(_: Sessions) -> None:
        raise ZeroDivisionError

    assert not stand_ins.opened
    monkeypatch.setattr(Sessions, "watch", breaks)
    with pytest.raises(ZeroDivisionError):
        async with serving(settings) as server, calling(server.endpoint) as caller:
            await caller.create()
    assert not stand_ins.opened[0].alive


async def test_a_call_that_is_under_way_at_the_stop_is_answered(
    stand_ins: StandIns, settings: Settings
) -> None:
    begun = asyncio.Event()

    async def work(_: str, **__: object) -> object:
        begun.set()
        await stand_ins.opened[0].closed.wait()
        raise SandboxGone("closed")

    stand_ins.answer = work
    async with serving(settings) as server, calling(server.endpoint) as caller:
        session_id = await caller.create()
        under_way = asyncio.create_task(caller.tool(session_id, "shell", command="true"))
        await begun.wait()
        await server.sessions.aclose()
        assert (await under_way).code == GONE


async def test_an_operation_that_fails_leaves_the_session_as_it_was(
    caller: Caller, stand_ins: StandIns
) -> None:
    def fail(_: str, **__: object) -> None:
        raise OperationError("File.NotFound", "/x: no such file")

    stand_ins.answer = fail
    session_id = await caller.create()
    assert (await caller.tool(session_id, "read_file", path="/x")).code == "File.NotFound"
    assert await caller.status(session_id) == "RUNNING"


def folders(data_dir: Path) -> list[Path]:
    return [path for path in data_dir.glob("run/*") if path.is_dir()]
