"""Signed URLs: one object, one method, for a while; and the listing of what they stored."""

import base64
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from agb.local.contexts import store as store_module
from agb.local.contexts.staging import Writing
from agb.local.contexts.store import Store
from agb.local.contexts.values import Object
from agb.local.settings import Settings
from local.mounted import (
    files,
    get,
    make,
    mount,
    names,
    put,
    release,
    session,
    settled,
    synced,
    url,
)
from local.stand_ins import Caller, StandIn, StandIns, TurnableClock, calling, serving

CONTENT = bytes(range(256)) * 10_000  # more than one piece
DAY = 24 * 60 * 60
NO_DOWNLOAD = {"downloadPolicy": {"autoDownload": False}}


@pytest.fixture
async def context(caller: Caller) -> str:
    return await make(caller, "n")


@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
async def test_what_was_put_is_got_exactly(caller: Caller, context: str, content: bytes) -> None:
    await put(caller, context, "a", content)
    response = await caller.http.get(await url(caller, context, "/a"))
    assert response.content == content
    assert response.headers["content-length"] == str(len(content))
    assert response.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert response.headers["x-request-id"]
    head = await caller.http.head(await url(caller, context, "a"))
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(content)))


async def test_what_comes_without_a_length_is_taken(caller: Caller, context: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece

    target = await url(caller, context, "a", "Upload")
    assert (await caller.http.put(target, content=pieces())).status_code == 200
    assert await get(caller, context, "a") == b"onetwo"


@pytest.mark.parametrize(
    ("wanted", "status", "piece"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=2559990-99999999", 206, slice(2559990, None)),
        ("bytes=-99999999", 200, slice(None)),
        ("bytes=5-2", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=0-" + "9" * 5000, 200, slice(None)),
        ("bytes=" + "9" * 5000 + "-", 200, slice(None)),
        ("bytes=2560000-", 416, slice(0, 0)),
        ("bytes=-0", 416, slice(0, 0)),
    ],
)
async def test_a_range_is_heeded(
    caller: Caller, context: str, wanted: str, status: int, piece: slice
) -> None:
    await put(caller, context, "a", CONTENT)
    link = await url(caller, context, "a")
    response = await caller.http.get(link, headers={"range": wanted})
    assert response.status_code == status
    assert response.content == CONTENT[piece]
    if status == 206:
        start, stop, _ = piece.indices(len(CONTENT))
        expected = f"bytes {start}-{stop - 1}/{len(CONTENT)}"
        assert response.headers["content-range"] == expected
    if status == 416:
        assert response.headers["content-range"] == f"bytes */{len(CONTENT)}"


async def test_a_range_of_another_version_gives_the_whole(caller: Caller, context: str) -> None:
    etag = (await put(caller, context, "a", b"abc")).headers["etag"]
    link = await url(caller, context, "a")
    for tag, content in ((etag, b"b"), ('"old"', b"abc")):
        headers = {"range": "bytes=1-1", "if-range": tag}
        assert (await caller.http.get(link, headers=headers)).content == content


async def test_a_url_opens_one_object_for_one_method_for_an_hour(
    caller: Caller, context: str, clock: TurnableClock
) -> None:
    await put(caller, context, "a", b"a")
    query = {"contextId": context, "filePath": "a"}
    said = await caller.post("/sdk/GetContextFileDownloadUrl", query)
    expires = int(clock.now().timestamp()) + 3600
    assert said.data["expireTime"] == expires
    reads, writes = said.data["url"], await url(caller, context, "a", "Upload")
    token = reads.rpartition("/")[2]
    bad = [("PUT", reads), ("GET", writes), ("HEAD", writes)]
    bad += [("GET", f"/objects/{each}") for each in (token[:-1], token + "A", "x", "%C3%BC")]
    for method, link in bad:
        refused = await caller.http.request(method, link)
        assert refused.status_code == 403
        if method != "HEAD":
            assert refused.json()["code"] == "InvalidUrl"
            assert token not in refused.text
    assert (await caller.http.delete(reads)).status_code == 405
    clock.turn(3599)
    assert (await caller.http.get(reads)).content == b"a"
    clock.turn(1)
    assert (await caller.http.get(reads)).status_code == 403
    assert (await caller.http.put(writes, content=b"b")).status_code == 403


async def test_what_is_not_there_is_not_found_behind_its_url(caller: Caller, context: str) -> None:
    response = await caller.http.get(await url(caller, context, "nothing"))
    assert (response.status_code, response.json()["code"]) == (404, "ContextFile.NotFound")


@pytest.mark.parametrize("path", ["", "/", "..", "a/../b", "a\0b", "x" * 256, "y/" * 2100])
async def test_a_path_must_be_one(caller: Caller, context: str, path: str) -> None:
    query = {"contextId": context, "filePath": path}
    for call in ("GetContextFileUploadUrl", "GetContextFileDownloadUrl", "DeleteContextFile"):
        said = await caller.post(f"/sdk/{call}", query)
        assert (said.status, said.code) == (400, "InvalidParameter")
        assert "filePath: " in said.message


@pytest.mark.parametrize("header", ["Content-MD5", "x-agb-sha256"])
async def test_a_checksum_that_is_given_must_match(
    caller: Caller, context: str, header: str
) -> None:
    sums = {
        "Content-MD5": base64.b64encode(
            hashlib.md5(b"abc", usedforsecurity=False).digest()
        ).decode(),
        "x-agb-sha256": hashlib.sha256(b"abc").hexdigest(),
    }
    target = await url(caller, context, "a", "Upload")
    headers = {header: sums[header]}
    assert (await caller.http.put(target, content=b"abc", headers=headers)).status_code == 200
    refused = await caller.http.put(target, content=b"abd", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "BadDigest")
    assert header in refused.json()["message"]
    assert await get(caller, context, "a") == b"abc"


async def test_a_new_version_replaces_the_old_one_on_disk_too(
    caller: Caller, context: str, settings: Settings, clock: TurnableClock
) -> None:
    await put(caller, context, "a", b"old")
    clock.turn(1)
    await put(caller, context, "a", b"new")
    (line,) = await files(caller, context)
    assert line["gmtCreate"] < line["gmtModified"]
    (blob,) = settings.data_dir.glob("contexts/blobs/*/*")
    assert blob.read_bytes() == b"new"
    assert list(settings.data_dir.glob("run/*/stage/*")) == []


async def test_a_path_is_either_a_file_or_a_folder(caller: Caller, context: str) -> None:
    await put(caller, context, "a/b", b"")
    for path in ("a", "a/b/c"):
        refused = await caller.http.put(await url(caller, context, path, "Upload"), content=b"")
        assert (refused.status_code, refused.json()["code"]) == (409, "ContextFile.Conflict")
    assert await names(caller, context) == ["a"]


async def test_a_file_is_deleted_and_a_folder_only_when_it_is_empty(
    caller: Caller, context: str, settings: Settings
) -> None:
    await put(caller, context, "a/b", b"x")

    async def delete(path: str) -> tuple[int, str]:
        query = {"contextId": context, "filePath": path}
        said = await caller.post("/sdk/DeleteContextFile", query)
        return said.status, said.code

    assert await delete("/a") == (400, "ContextFile.NotEmpty")
    assert await delete("/a/b") == (200, "OK")
    assert await delete("/a/b") == (400, "ContextFile.NotFound")
    assert await files(caller, context) == []
    assert list(settings.data_dir.glob("contexts/blobs/*/*")) == []


async def test_a_folder_is_listed_with_what_is_right_in_it(caller: Caller, context: str) -> None:
    for path in ("data/a.tar.GZ", "data/b", "data/.hidden", "data/sub/deep/c.txt", "database"):
        await put(caller, context, path, path.encode())
    found = await files(caller, context, "/data/")
    assert [(line["fileName"], line["fileType"], line["size"]) for line in found] == [
        (".hidden", "file", 12),
        ("a.tar.GZ", "GZ", 13),
        ("b", "file", 6),
        ("sub", "folder", 0),
    ]
    assert found[1]["filePath"] == "/data/a.tar.GZ"
    assert len({line["fileId"] for line in found}) == 4
    assert {line["status"] for line in found} == {"ready"}
    assert found[0]["gmtCreate"] == found[0]["gmtModified"] == "2030-01-01T00:16:40.000Z"
    assert await names(caller, context) == ["data", "database"]
    assert await names(caller, context, "data/sub/deep") == ["c.txt"]
    assert await names(caller, context, "nowhere") == []
    pages = [
        [line["fileName"] for line in await files(caller, context, "data", **page)]
        for page in ({"pageNumber": 2, "pageSize": 3}, {"pageNumber": 3, "pageSize": 3})
    ]
    assert pages == [["sub"], []]


async def test_a_file_is_never_taken_for_a_folder_or_a_link(caller: Caller, context: str) -> None:
    for name in ("a.folder", "b.link", "c.Folder", "d/x"):
        await put(caller, context, name, b"")
    found = {line["fileName"]: line["fileType"] for line in await files(caller, context)}
    assert found == {"a.folder": "file", "b.link": "file", "c.Folder": "Folder", "d": "folder"}


async def test_a_listing_counts_names_and_pages_through_them(caller: Caller, context: str) -> None:
    await put(caller, context, "other/x", b"")
    for path in ("d/a", "d/a.x", "d/b/1", "d/b/2/3", "d/b.y", "d/c"):
        await put(caller, context, path, b"")
    found = []
    for number in (1, 2, 3, 4):
        query = {"contextId": context, "parentFolderPath": "d", "pageNumber": number, "pageSize": 2}
        said = await caller.post("/sdk/DescribeContextFiles", query)
        assert said.body["count"] == 5
        found.append([(line["fileName"], line["filePath"]) for line in said.data])
    assert found == [
        [("a", "/d/a"), ("a.x", "/d/a.x")],
        [("b", "/d/b"), ("b.y", "/d/b.y")],
        [("c", "/d/c")],
        [],
    ]


@pytest.mark.parametrize(
    "query", [{"pageNumber": 0}, {"pageSize": 0}, {"pageSize": 1001}, {"parentFolderPath": "../x"}]
)
async def test_a_listing_that_makes_no_sense_is_refused(
    caller: Caller, context: str, query: dict[str, Any]
) -> None:
    said = await caller.post("/sdk/DescribeContextFiles", {"contextId": context, **query})
    assert (said.status, said.code) == (400, "InvalidParameter")


@pytest.fixture
def folders(stand_ins: StandIns) -> list[StandIn]:
    """Sandboxes in which nothing runs, but whose files can be made and removed."""

    def answer(op: str, **parameters: Any) -> None:
        path = stand_ins.opened[-1].root / str(parameters.get("path", "")).lstrip("/")
        if op == "file.mkdir":
            path.mkdir(parents=True, exist_ok=True)
        elif op == "file.write":
            path.write_text(parameters["content"])
        elif op == "file.remove":
            path.unlink()

    stand_ins.answer = answer
    return stand_ins.opened


@pytest.mark.parametrize(
    ("lifecycle", "days"),
    [("1Day", 1), ("3Days", 3), ("5Days", 5), ("10Days", 10), ("15Days", 15), ("30Days", 30),
     ("90Days", 90), ("180Days", 180), ("360Days", 360)],
)  # fmt: skip
async def test_what_is_stored_is_forgotten_when_its_time_is_over(  # noqa: PLR0917 - fixtures
    caller: Caller,
    context: str,
    folders: list[StandIn],
    clock: TurnableClock,
    settings: Settings,
    lifecycle: str,
    days: int,
) -> None:
    policy = {"lifecycle": f"Lifecycle_{lifecycle}", "paths": ["logs", "/one.txt"]}
    made = await session(caller, mount(context, "/tmp/cache", recyclePolicy=policy))
    cache = folders[0].root / "tmp/cache"
    (cache / "logs/deep").mkdir(parents=True)
    for name in ("logs/deep/x", "one.txt", "two.txt", "logs2"):
        (cache / name).write_text(name)
    await release(caller, made)
    await put(caller, context, "logs/linked", b"")
    clock.turn(days * DAY - 1)
    assert await names(caller, context) == ["logs", "logs2", "one.txt", "two.txt"]
    clock.turn(1)
    assert await names(caller, context) == ["logs2", "two.txt"]
    assert (await caller.http.get(await url(caller, context, "one.txt"))).status_code == 404
    while len(list(settings.data_dir.glob("contexts/blobs/*/*"))) > 2:
        clock.turn(60 * 60)
        await caller.ids()


async def test_a_session_that_still_has_what_was_forgotten_stores_it_afresh(
    stand_ins: StandIns, folders: list[StandIn], settings: Settings, clock: TurnableClock
) -> None:
    assert stand_ins.opened is folders
    lasting = evolve(settings, idle_timeout=10 * DAY, max_lifetime=0)
    day = {"lifecycle": "Lifecycle_1Day", "paths": [""]}
    async with serving(lasting, clock) as server, calling(server.endpoint) as caller:
        context = await make(caller, "n")
        made = await session(caller, mount(context, "/m", recyclePolicy=day))
        (folders[0].root / "m/a").write_text("a")
        await synced(caller, made)
        clock.turn(DAY)
        assert await names(caller, context) == []
        await synced(caller, made)
        assert await names(caller, context) == ["a"]
        clock.turn(DAY)
        assert await names(caller, context) == []


DAILY = {"lifecycle": "Lifecycle_1Day", "paths": ["logs"]}


@pytest.mark.parametrize("mode", ["File", "Archive"])
async def test_a_mounts_lifecycle_is_about_what_that_mount_stores(
    caller: Caller, context: str, folders: list[StandIn], clock: TurnableClock, mode: str
) -> None:
    async def stored(name: str, **policy: Any) -> set[str]:
        """Store a file in a session of its own; tell what that session found."""
        upload = {"uploadPolicy": {"uploadMode": mode}}
        made = await session(caller, mount(context, "/m", **upload, **policy))
        folder = folders[-1].root / "m"
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
        await release(caller, made)
        return found

    await stored("logs/daily", recyclePolicy=DAILY)
    made = await session(caller, mount(context, "/m", recyclePolicy=DAILY, **NO_DOWNLOAD))
    other = await session(caller, mount(context, "/m", **NO_DOWNLOAD))
    for each, name in ((made, "logs/a"), (other, "logs/b")):
        root = next(stand_in.root for stand_in in folders if stand_in.root.name == each)
        (root / "m/logs").mkdir()
        (root / "m" / name).write_text("x")
    await release(caller, other)
    await release(caller, made)
    clock.turn(DAY - 1)
    assert await stored("logs/late", recyclePolicy=DAILY) == {"logs/daily", "logs/a", "logs/b"}
    clock.turn(1)
    assert await stored("keep", recyclePolicy=DAILY) == {"logs/b", "logs/late"}
    clock.turn(DAY)
    assert await stored("keep", recyclePolicy=DAILY) == {"keep"}


@pytest.mark.parametrize("mode", ["File", "Archive"])
async def test_what_a_session_has_gets_the_lifetime_of_its_mount_when_it_synchronises(
    caller: Caller, context: str, folders: list[StandIn], clock: TurnableClock, mode: str
) -> None:
    upload = {"uploadPolicy": {"uploadMode": mode}}
    always = mount(context, "/m", **upload)
    daily = mount(context, "/m", recyclePolicy=DAILY, **upload)

    async def found(mounted: dict[str, str]) -> bool:
        made = await session(caller, mounted)
        there = (folders[-1].root / "m/logs/x").exists()
        await release(caller, made)
        return there

    made = await session(caller, daily)
    (folders[-1].root / "m/logs").mkdir()
    (folders[-1].root / "m/logs/x").write_text("x")
    await release(caller, made)
    clock.turn(DAY - 1)
    assert await found(daily)  # which renews nothing
    assert await found(always)
    clock.turn(1000 * DAY)
    assert await found(always)
    assert await found(daily)
    clock.turn(DAY - 1)
    assert await found(daily)
    clock.turn(1)
    assert not await found(always)


async def test_an_archive_of_which_all_is_over_is_gone(
    caller: Caller, context: str, folders: list[StandIn], clock: TurnableClock
) -> None:
    policy = {"uploadPolicy": {"uploadMode": "Archive"}, "recyclePolicy": {**DAILY, "paths": [""]}}
    for name in ("a", "b"):
        made = await session(caller, mount(context, "/m", **policy))
        (folders[-1].root / "m" / name).write_text(name)
        await release(caller, made)
        clock.turn(DAY // 2)
    assert await names(caller, context) == ["archive.zip"]
    clock.turn(DAY // 2)
    assert await names(caller, context) == []
    made = await session(caller, mount(context, "/m", **policy))
    (folders[-1].root / "m/c").write_text("c")
    await release(caller, made)
    assert await names(caller, context) == ["archive.zip"]


async def test_what_is_put_in_under_a_sessions_path_is_kept_as_its_last_mount_says(
    caller: Caller, context: str, folders: list[StandIn], clock: TurnableClock
) -> None:
    mapped = {"path": "/old/place"}
    await session(caller, mount(context, "/home/m", recyclePolicy=DAILY, mappingPolicy=mapped))
    assert len(folders) == 1
    for path in ("home/m/logs/a", "old/place/logs/b", "logs/c", "home/logs", "home/m/keep"):
        await put(caller, context, path, b"")
    clock.turn(DAY)
    assert await names(caller, context) == ["home"]
    assert await names(caller, context, "home") == ["logs", "m"]
    assert await names(caller, context, "home/m") == ["keep"]


async def test_everything_is_kept_for_ever_unless_the_policy_says_otherwise(
    caller: Caller, context: str, folders: list[StandIn], clock: TurnableClock
) -> None:
    day = {"lifecycle": "Lifecycle_1Day", "paths": [""]}
    keeps = {"autoUpload": False}  # sessions end, too, when the clock is turned
    await session(caller, mount(context, "/a", recyclePolicy=day, uploadPolicy=keeps))
    await put(caller, context, "a", b"")
    await session(caller, mount(context, "/a", uploadPolicy=keeps))
    await put(caller, context, "b", b"")
    assert len(folders) == 2
    clock.turn(1000 * DAY)
    assert await names(caller, context) == ["b"]


async def test_a_full_disk_is_told_and_loses_nothing(
    caller: Caller,
    context: str,
    folders: list[StandIn],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await put(caller, context, "a", b"kept")
    made = await session(caller, mount(context, "/m"))
    (folders[0].root / "m/b").write_text("new")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place, name in ((Writing, "write"), (Writing, "done"), (store_module, "sync_folder")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, full)
            refused = await caller.http.put(
                await url(caller, context, "a", "Upload"), content=b"new"
            )
            assert (refused.status_code, refused.json()["code"]) == (507, "Storage.Full")
            query = {"sessionId": made, "mode": "upload"}
            assert (await caller.post("/sdk/SyncContext", query)).status == 200
            (line,) = [each for each in await settled(caller, made) if each["taskType"] == "upload"]
            assert line["errorMessage"] == "Storage.Full: No space left on device"
        assert await get(caller, context, "a") == b"kept"
        assert len(list(settings.data_dir.glob("contexts/blobs/*/*"))) == 1
        assert list(settings.data_dir.glob("run/*/stage/*")) == []
    await synced(caller, made)
    assert await names(caller, context) == ["a", "b"]


async def test_another_failure_of_the_disk_is_a_bug_to_the_caller(
    caller: Caller, context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(Writing, "write", broken)
    refused = await caller.http.put(await url(caller, context, "a", "Upload"), content=b"new")
    assert (refused.status_code, refused.json()["code"]) == (500, "InternalError")


async def test_an_object_replaced_while_it_is_opened_is_read_in_its_new_version(
    caller: Caller, context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(caller, context, "a", b"new")
    real = Store.object
    stale = [Object(path=b"a", kind="file", blob="replaced", size=3, sha256="old")]

    def sometimes_old(self: Store, key: int, path: bytes) -> Object | None:
        return stale.pop() if stale else real(self, key, path)

    link = await url(caller, context, "a")
    monkeypatch.setattr(Store, "object", sometimes_old)
    assert (await caller.http.get(link)).content == b"new"


async def test_contents_that_somebody_removed_from_the_disk_are_a_bug_to_the_caller(
    caller: Caller, context: str, settings: Settings
) -> None:
    await put(caller, context, "a", b"new")
    (blob,) = settings.data_dir.glob("contexts/blobs/*/*")
    Path(blob).unlink()
    response = await caller.http.get(await url(caller, context, "a"))
    assert response.status_code == 500


async def test_what_opens_an_object_is_not_logged(
    caller: Caller, context: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await put(caller, context, "a", b"")
    target = await url(caller, context, "a")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Store, "read", broken)
    assert (await caller.http.get(target)).status_code == 500
    assert "to /objects/(token) broke" in caplog.text
    assert target.rpartition("/")[2] not in caplog.text
