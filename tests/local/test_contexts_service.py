"""Contexts over HTTP: made, found, listed, renamed, cleared, deleted, kept by a restart."""

import json
import sqlite3
from pathlib import Path

import pytest
from attrs import evolve

from agb.local.contexts import index as index_module
from agb.local.contexts.index import Index
from agb.local.server import running
from agb.local.settings import CannotStart, Settings
from local.mounted import files, get, make, mount, names, put, url
from local.stand_ins import KEY, Caller, StandIns, TurnableClock, calling, serving

NOT_FOUND = (400, "Context.NotFound")


async def test_a_context_is_made_once_by_name_and_found_by_name_and_id(caller: Caller) -> None:
    said = await caller.get("/sdk/GetContext", name=" n ", allowCreate="true")
    made = said.data
    assert made["id"].startswith("SdkCtx-")
    assert (made["name"], made["state"]) == ("n", "available")
    assert made["createTime"] == "2030-01-01T00:16:40.000Z" == made["lastUsedTime"]
    for query in ({"name": "n", "allowCreate": "true"}, {"name": "n"}, {"id": made["id"]}):
        assert (await caller.get("/sdk/GetContext", **query)).data == made


@pytest.mark.parametrize("query", [{"name": "x"}, {"id": "x"}, {"id": "x", "allowCreate": "true"}])
async def test_a_context_that_is_not_there_is_not_found(
    caller: Caller, query: dict[str, str]
) -> None:
    said = await caller.get("/sdk/GetContext", **query)
    assert (said.status, said.code) == NOT_FOUND
    assert "'x' not found" in said.message


@pytest.mark.parametrize("query", [{}, {"name": " "}, {"name": "x" * 256}, {"id": " "}])
async def test_a_context_needs_a_name_of_sensible_length(
    caller: Caller, query: dict[str, str]
) -> None:
    said = await caller.get("/sdk/GetContext", **query)
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert "name: is" in said.message


async def test_contexts_are_listed_newest_first_page_by_page(caller: Caller) -> None:
    made = [await make(caller, f"n{number}") for number in range(5)]
    found, token, pages = list[str](), "", 0
    while pages == 0 or token:
        said = await caller.get("/sdk/ListContexts", maxResults=2, nextToken=token)
        assert (said.body["totalCount"], said.body["maxResults"]) == (5, 2)
        found += [each["id"] for each in said.data]
        token, pages = said.body.get("nextToken", ""), pages + 1
    assert (found, pages) == (made[::-1], 3)


@pytest.mark.parametrize("query", [{"maxResults": 0}, {"maxResults": 101}, {"nextToken": "x"}])
async def test_a_list_of_contexts_that_makes_no_sense_is_refused(
    caller: Caller, query: dict[str, str]
) -> None:
    assert (await caller.get("/sdk/ListContexts", **query)).code == "InvalidParameter"


async def test_a_context_is_renamed_unless_the_name_is_taken_or_blank(caller: Caller) -> None:
    one, _ = await make(caller, "one"), await make(caller, "two")
    said = await caller.post("/sdk/ModifyContext", {"id": one, "name": "two"})
    assert (said.status, said.code) == (400, "Context.NameTaken")
    said = await caller.post("/sdk/ModifyContext", {"id": one, "name": " "})
    assert said.code == "InvalidParameter"
    said = await caller.post("/sdk/ModifyContext", {"id": "nobody", "name": "x"})
    assert (said.status, said.code) == NOT_FOUND
    for name in ("three", "three"):
        said = await caller.post("/sdk/ModifyContext", {"id": one, "name": name})
        assert said.status == 200
    assert (await caller.get("/sdk/GetContext", id=one)).data["name"] == "three"


async def test_a_deleted_context_is_gone_with_its_files_and_its_name_free(
    caller: Caller, settings: Settings
) -> None:
    context = await make(caller, "n")
    await put(caller, context, "a", b"x")
    link = await url(caller, context, "a")
    upload = await url(caller, context, "b", "Upload")
    assert (await caller.post("/sdk/DeleteContext", {"id": context})).status == 200
    for path in ("GetContextFileDownloadUrl", "GetContextFileUploadUrl", "DeleteContextFile"):
        said = await caller.post(f"/sdk/{path}", {"contextId": context, "filePath": "a"})
        assert (said.status, said.code) == NOT_FOUND
    for path in ("DeleteContext", "ClearContext"):
        assert (await caller.post(f"/sdk/{path}", {"id": context})).code == "Context.NotFound"
    said = await caller.post("/sdk/DescribeContextFiles", {"contextId": context})
    assert said.code == "Context.NotFound"
    assert (await caller.http.get(link)).status_code == 404
    refused = await caller.http.put(upload, content=b"x")
    assert (refused.status_code, refused.json()["code"]) == NOT_FOUND
    assert await make(caller, "n") != context
    while list((settings.data_dir / "contexts/blobs").glob("*/*")):
        await caller.ids()


async def test_a_cleared_context_is_empty_and_available_soon_and_can_be_cleared_again(
    caller: Caller, settings: Settings
) -> None:
    context = await make(caller, "n")
    await put(caller, context, "a/b", b"x")
    for _ in range(2):
        assert (await caller.post("/sdk/ClearContext", {"id": context})).status == 200
        assert await files(caller, context) == []
        await put(caller, context, "c", b"stored at once after it was cleared")
        while (await caller.get("/sdk/GetContext", id=context)).data["state"] != "available":
            pass
        assert await names(caller, context) == ["c"]
    assert len(list((settings.data_dir / "contexts/blobs").glob("*/*"))) == 1


async def test_another_key_has_contexts_of_its_own(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    async with serving(settings, clock) as server, calling(server.endpoint) as caller:
        mine = await make(caller, "n")
        other = evolve(settings, api_key="another")
        async with serving(other, clock) as second, calling(second.endpoint) as stranger:
            stranger.headers = {"Authorization": "Bearer another"}
            assert await make(stranger, "n") != mine
            assert (await stranger.get("/sdk/GetContext", id=mine)).code == "Context.NotFound"
            assert (await stranger.get("/sdk/ListContexts")).body["totalCount"] == 1
    assert KEY.encode() not in (settings.data_dir / "contexts/index.db").read_bytes()


async def test_keys_that_nobody_chose_share_their_contexts(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    found = set[str]()
    for key in ("one", "two"):
        made_up = evolve(settings, api_key=key, shared_contexts=True)
        async with serving(made_up, clock) as server, calling(server.endpoint) as caller:
            caller.headers = {"Authorization": f"Bearer {key}"}
            found.add(await make(caller, "n"))
    assert len(found) == 1


async def test_a_restart_keeps_everything(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    async with serving(settings, clock) as server, calling(server.endpoint) as caller:
        context = await make(caller, "n")
        await put(caller, context, "a b/ü", b"content")
        before = await files(caller, context, "a b")
        old = await url(caller, context, "a b/ü")
    async with serving(settings, clock) as server, calling(server.endpoint) as caller:
        assert await make(caller, "n") == context
        assert await files(caller, context, "a b") == before
        assert await get(caller, context, "a b/ü") == b"content"
        token = old.rpartition("/")[2]
        assert (await caller.http.get(f"/objects/{token}")).status_code == 403


async def test_a_start_finishes_what_a_killed_server_had_begun(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> None:
    assert not stand_ins.opened
    async with serving(settings, clock) as server, calling(server.endpoint) as caller:
        context = await make(caller, "n")
        await put(caller, context, "kept", b"kept")
    kept = settings.data_dir / "contexts"
    (blob,) = kept.glob("blobs/*/*")
    blob.with_name("left").write_bytes(b"named by nothing")
    (kept / "blobs/999").mkdir()
    (kept / "blobs/999/left").write_bytes(b"of no context")
    with sqlite3.connect(kept / "index.db") as db:
        db.execute("UPDATE contexts SET state = 'clearing'")
        db.execute(
            "INSERT INTO contexts (owner, id, created, used, instance) "
            "VALUES ('x', 'x', 0, 0, 'server-that-is-gone')"
        )
    db.close()
    async with serving(settings, clock) as server, calling(server.endpoint) as caller:
        assert (await caller.get("/sdk/GetContext", id=context)).data["state"] == "available"
        assert await get(caller, context, "kept") == b"kept"
        assert list(kept.glob("blobs/*/*")) == [blob]
    with sqlite3.connect(kept / "index.db") as db:
        assert db.execute("SELECT count(*) FROM contexts").fetchone() == (1,)
    db.close()


async def test_a_store_of_a_later_version_or_none_at_all_stops_the_start(
    stand_ins: StandIns, settings: Settings, tmp_path: Path
) -> None:
    assert not stand_ins.opened
    path = settings.data_dir / "contexts/index.db"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(CannotStart, match="version 999") as caught:
        async with running(settings, tmp_path):
            raise AssertionError
    assert caught.value.code == "DataDir.Unusable"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(CannotStart, match="can't use the contexts"):
        async with running(settings, tmp_path):
            raise AssertionError


def test_an_index_of_the_first_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(index_module, "_MIGRATIONS", index_module._MIGRATIONS[:1])
        index = Index(tmp_path / "index.db")
    with index.transaction():
        index.execute(
            "INSERT INTO contexts (key, owner, id, created, used) VALUES (1, '', 'c', 0, 0)"
        )
        for path, expires in ((b"a", None), (b"b", 86410.0)):
            index.execute(
                "INSERT INTO objects VALUES (1, ?, 'file', '', 0, '', 0, 0, x'', 0, 0, 0, 10, ?)",
                path,
                expires,
            )
    index.close()
    index = Index(tmp_path / "index.db")
    rows = index.rows("SELECT path, lifetime, expires FROM objects ORDER BY path")
    assert [tuple(row) for row in rows] == [(b"a", None, None), (b"b", 86400, 86410.0)]
    index.close()


def test_an_index_that_is_there_is_not_made_anew(tmp_path: Path) -> None:
    for number in range(2):
        index = Index(tmp_path / "index.db")
        with index.transaction():
            index.execute(
                "INSERT INTO contexts (owner, id, created, used) VALUES ('', ?, 0, 0)", str(number)
            )
        assert len(index.rows("SELECT * FROM contexts")) == number + 1
        index.close()


BAD_MOUNTS = [
    (mount("c", "relative"), "not an absolute path"),
    (mount("c", "/"), "must be below /"),
    (mount("c", "//."), "must be below /"),
    (mount("c", "/a/../b"), "'..'"),
    (mount("c", "/a\0b"), "NUL"),
    (mount("c", "/\ud800"), "not Unicode"),
    (mount("c", "/" + "x" * 256), "longer than file systems take"),
    (mount(" ", "/a"), "contextId: is blank"),
    (mount("c", "/a", uploadPolicy={"uploadMode": "Zip"}), "policy.uploadPolicy.uploadMode"),
    (mount("c", "/a", recyclePolicy={"paths": ["*"]}), "policy.recyclePolicy"),
    (mount("c", "/a", recyclePolicy={"lifecycle": "Lifecycle_7Days"}), "Lifecycle_7Days"),
    (mount("c", "/a", bwList={"whiteLists": [{"path": "\ud800"}]}), "not Unicode"),
    ({"contextId": "c", "path": "/a"}, "policy: is missing"),
]


@pytest.mark.parametrize(("entry", "problem"), BAD_MOUNTS)
async def test_a_mount_that_makes_no_sense_is_refused_before_there_is_a_session(
    caller: Caller, entry: dict[str, str], problem: str
) -> None:
    query = {"imageId": "code_latest"}
    body = json.dumps({"persistenceDataList": [entry]})  # in ASCII, whatever is in it
    said = await caller.send("POST", "/mcp/createSession", params=query, content=body)
    assert (said.status, said.code) == (400, "InvalidParameter")
    assert problem in said.message
    assert await caller.ids() == []


async def test_one_path_is_mounted_once(caller: Caller) -> None:
    twice = [mount("c", "/a/b"), mount("d", "/a//b/")]
    query = {"imageId": "code_latest"}
    said = await caller.post("/mcp/createSession", query, persistenceDataList=twice)
    assert said.status == 400
    assert "/a/b is mounted twice" in said.message
