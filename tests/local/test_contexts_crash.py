"""Contexts and servers that are stopped or killed, and files that are large."""

import asyncio
import json
import os
import random
import shutil
import signal
from pathlib import Path

import httpx
import pytest

from agb.local import server as server_module
from agb.local.contexts.tree import Tree
from agb.local.settings import Settings
from local.crashes import Visit, World
from local.mounted import (
    get,
    lines,
    make,
    mount,
    names,
    put,
    release,
    session,
    settled,
    shell,
    sync,
    synced,
    url,
)
from local.stand_ins import GONE, KEY, Caller, calling, serving
from local.test_server_process import PATIENCE, exports, started

ROUNDS = 20
GOALS = ("", "sync file", "sync archive", "release file", "release archive")
"""What is answered before a kill, in turn; the kill comes soon after, in the middle of the rest."""
LEAST = dict.fromkeys(GOALS[1:], ROUNDS // len(GOALS)) | {
    "put": 80, "remove": 8, "create": 3, "rename": 3, "clear": 3, "delete": 3,
}  # fmt: skip
"""How often each operation is answered at least between the kills of one seed."""
MB = 1024 * 1024


def make_now(http: httpx.Client) -> str:
    answer = http.get("/sdk/GetContext", params={"name": "n", "allowCreate": "true"})
    return str(answer.json()["data"]["id"])


def link(http: httpx.Client, context: str, path: str, direction: str) -> str:
    query = {"contextId": context, "filePath": path}
    answer = http.post(f"/sdk/GetContextFile{direction}Url", params=query)
    return str(answer.json()["data"]["url"])


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
async def test_a_server_killed_at_any_moment_loses_nothing_and_shows_nothing_half_written(
    tmp_path: Path, seed: int
) -> None:
    world = World(random.Random(seed), tmp_path)  # noqa: S311 - the same each time
    for number in range(ROUNDS + 1):
        least = {what: count * (number + 1) // ROUNDS for what, count in LEAST.items()}
        with started(data_dir=tmp_path) as running:
            async with calling(exports(running)["AGB_ENDPOINT"]) as caller:
                visit = Visit(world, caller)
                try:
                    await visit.look()
                    if number < ROUNDS:
                        await visit.until_killed(running, GOALS[number % len(GOALS)], least)
                except BaseException as error:
                    error.add_note(f"seed {seed}, after {number} kills")
                    raise
            if number < ROUNDS:
                assert running.wait(PATIENCE) == -signal.SIGKILL
    answered = world.tally.counts
    assert {what: count for what, count in LEAST.items() if answered[what] < count} == {}, answered


def test_a_server_told_to_stop_brings_the_sessions_files_back_first(tmp_path: Path) -> None:
    for number in range(2):
        with started(data_dir=tmp_path) as running:
            said = exports(running)
            headers = {"Authorization": f"Bearer {said['AGB_API_KEY']}"}
            with httpx.Client(
                base_url=said["AGB_ENDPOINT"], headers=headers, trust_env=False, timeout=60
            ) as http:
                context = make_now(http)
                if number:
                    found = http.get(link(http, context, "a", "Download"))
                    assert found.content == b"a\n"
                made = http.post(
                    "/mcp/createSession?imageId=code_latest",
                    json={"persistenceDataList": [mount(context, "/data/m")]},
                ).json()["data"]["sessionId"]
                arguments = {"path": "/data/m/a", "content": "a\n"}
                call = {"sessionId": made, "name": "write_file", "args": json.dumps(arguments)}
                assert http.post("/mcp", json=call).json()["data"]["isError"] is False
            running.send_signal(signal.SIGTERM)
            assert running.wait(PATIENCE) == 0


@pytest.mark.parametrize("megabytes", [200, 2048])
async def test_a_large_sparse_file_is_carried_with_flat_memory(
    agb: Caller, tmp_path: Path, megabytes: int
) -> None:
    needed = 4 * megabytes * 1024 * 1024
    if shutil.disk_usage(tmp_path).free < needed:
        pytest.skip(f"needs {needed >> 30} GB of free disk")
    context = await make(agb, "large")
    made = await session(agb, mount(context, "/m"))
    size = megabytes * 1024 * 1024
    await shell(agb, made, f"cd /m; truncate -s {size} big; printf end >> big")
    before = peak()
    await synced(agb, made)
    await shell(agb, made, "rm /m/big")
    await synced(agb, made, "download")
    told = await shell(agb, made, "stat -c %s /m/big; tail -c 3 /m/big")
    assert told == f"{size + 3}\nend"
    assert peak() - before < 50 * 1024
    await agb.post("/sdk/ClearContext", {"id": context})
    await release(agb, made)


def peak() -> int:
    """The largest size of this process so far, in kilobytes."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


async def test_a_release_waits_for_the_upload_and_shows_what_went_wrong(
    agb: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = await make(agb, "release")
    made = await session(agb, mount(context, "/m"), mount(context, "/n"))
    await shell(agb, made, "touch /m/a /n/b")
    await agb.post("/sdk/DeleteContext", {"id": context})
    real = Tree.survey
    loop, hold = asyncio.get_running_loop(), asyncio.Event()

    def slow(self: Tree, *arguments: object, **more: object) -> object:
        asyncio.run_coroutine_threadsafe(hold.wait(), loop).result(PATIENCE)
        return real(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Tree, "survey", slow)
    other = await make(agb, "release, too")
    second = await session(agb, mount(other, "/m"))
    await shell(agb, second, "touch /m/a")
    for each in (made, second):
        assert (await agb.post("/mcp/releaseSessionAsync", sessionId=each)).status == 200
    assert await agb.status(second) == "DELETING"
    found = await lines(agb, second, taskType="upload")
    assert {line["status"] for line in found} <= {"Preparing", "Running"}
    said = await agb.post("/sdk/SyncContext", {"sessionId": second})
    assert said.code == GONE
    hold.set()
    while await agb.status(second) != GONE:
        pass
    assert await names(agb, other) == ["a"]


async def test_a_bug_in_a_task_fails_it_and_is_logged(
    agb: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    context = await make(agb, "bug")
    made = await session(agb, mount(context, "/m"))

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Tree, "survey", broken)
        (line,) = await sync(agb, made)
    assert (line["status"], line["errorMessage"]) == (
        "Failed",
        "this AGB has a bug; its log says more",
    )
    assert "ZeroDivisionError" in caplog.text
    await release(agb, made)


async def test_an_upload_that_takes_longer_than_a_stop_may_is_given_up_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_RELEASES_WITHIN", 0)
    for name, mode in (("files", "File"), ("archive", "Archive")):
        async with serving(settings) as server, calling(server.endpoint) as caller:
            context = await make(caller, name)
            made = await session(caller, mount(context, "/m", uploadPolicy={"uploadMode": mode}))
            await shell(caller, made, "cd /m; touch a; truncate -s 300M b")
        async with serving(settings) as server, calling(server.endpoint) as caller:
            assert await make(caller, name) == context
            assert await names(caller, context) == []
            assert list(settings.data_dir.glob("run/*/stage/*")) == []


async def test_two_servers_share_a_data_folder(settings: Settings) -> None:
    async with serving(settings) as one, calling(one.endpoint) as first:
        async with serving(settings) as two, calling(two.endpoint) as second:
            context = await make(first, "n")
            assert await make(second, "n") == context
            made = [await session(each, mount(context, "/m")) for each in (first, second)]
            await shell(first, made[0], "echo 1 > /m/one")
            await shell(second, made[1], "echo 2 > /m/two")
            await asyncio.gather(synced(first, made[0]), synced(second, made[1]))
            assert await names(first, context) == ["one", "two"]
        assert await get(first, context, "two") == b"2\n"
        await settled(first, made[0])
        await synced(first, made[0], "download")
        assert await shell(first, made[0], "cat /m/two") == "2\n"


async def test_uploads_that_fill_the_disk_are_refused_and_lose_nothing(small_disk: Path) -> None:
    settings = Settings(api_key=KEY, data_dir=small_disk, port=0)
    stored = dict[str, bytes]()
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "full")
        for size in (4 * MB, MB, MB // 16):
            while True:
                name, content = f"f{len(stored)}", os.urandom(size)
                target = await url(caller, context, name, "Upload")
                response = await caller.http.put(target, content=content)
                if response.status_code != 200:
                    break
                stored[name] = content
            assert (response.status_code, response.json()["code"]) == (507, "Storage.Full")
        assert len(stored) > 3
        assert await names(caller, context) == sorted(stored)
        query = {"contextId": context, "filePath": "f0"}
        assert (await caller.post("/sdk/DeleteContextFile", query)).status == 200
        del stored["f0"]
        stored["again"] = os.urandom(MB)
        await put(caller, context, "again", stored["again"])
    async with serving(settings) as server, calling(server.endpoint) as caller:
        assert await names(caller, context) == sorted(stored)
        assert {name: await get(caller, context, name) for name in stored} == stored
        assert len(list(small_disk.glob("contexts/blobs/*/*"))) == len(stored)


async def test_a_disk_without_any_room_is_told_whatever_is_asked_for(small_disk: Path) -> None:
    settings = Settings(api_key=KEY, data_dir=small_disk, port=0)
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "full")
        await put(caller, context, "a", b"kept")
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            fill(filler)
        target = await url(caller, context, "b", "Upload")
        response = await caller.http.put(target, content=b"b")
        assert (response.status_code, response.json()["code"]) == (507, "Storage.Full")
        for path, query in (
            ("DeleteContextFile", {"contextId": context, "filePath": "a"}),
            ("ModifyContext", {"id": context, "name": "other"}),
            ("ClearContext", {"id": context}),
            ("DeleteContext", {"id": context}),
        ):
            said = await caller.post(f"/sdk/{path}", query)
            if said.status != 200:  # the index still had room for some
                assert (said.status, said.code) == (507, "Storage.Full"), path
                assert await names(caller, context) == ["a"]
        filler.unlink()
        await put(caller, await make(caller, "full"), "b", b"stored")


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.mark.parametrize("mode", ["File", "Archive"])
async def test_a_session_that_fills_the_disk_is_told_so_and_loses_nothing(
    small_disk: Path, mode: str
) -> None:
    settings = Settings(api_key=KEY, data_dir=small_disk, port=0)
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "full")
        made = await session(caller, mount(context, "/m", uploadPolicy={"uploadMode": mode}))
        await shell(caller, made, "echo kept > /m/kept")
        await synced(caller, made)
        before = await contents(caller, context)
        await shell(caller, made, "head -c 9M /dev/urandom > /m/large")
        (line,) = await sync(caller, made)
        assert line["status"] == "Failed"
        assert line["errorMessage"].startswith("Storage.Full: ")
        assert await contents(caller, context) == before
        assert list(small_disk.glob("run/*/stage/*")) == []
        await shell(caller, made, "rm /m/large; echo small > /m/small")
        await synced(caller, made)
        await release(caller, made)
        second = await session(caller, mount(context, "/m"))
        assert await shell(caller, second, "cd /m; cat kept small") == "kept\nsmall\n"
        await release(caller, second)


async def contents(caller: Caller, context: str) -> list[tuple[str, bytes]]:
    """Read all that a context holds."""
    return [(name, await get(caller, context, name)) for name in await names(caller, context)]
