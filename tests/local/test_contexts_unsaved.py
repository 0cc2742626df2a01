"""Sessions that are to be released while their files can't be brought back."""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agb.context_sync import SyncPolicy
from agb.local import server as server_module
from agb.local import sessions as sessions_module
from agb.local.contexts.mounting import Mount
from agb.local.contexts.store import Store
from agb.local.contexts.tree import Tree
from agb.local.contexts.unsaved import Unsaved
from agb.local.settings import Settings
from local.mounted import get, lines, make, mount, names, release, session, shell, sync, transfer
from local.stand_ins import GONE, KEY, Caller, TurnableClock, calling, serving

PATH = "/home/data"
RELEASES = ["releaseSession", "releaseSessionAsync"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes nothing."""

    def publish(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(Store, "publish", publish)


def kept(data_dir: Path) -> dict[str, str]:
    """Read what was kept of sessions, by context and path."""
    files = [path for path in (data_dir / "unsaved").rglob("*") if path.is_file()]
    parts = [path.relative_to(data_dir / "unsaved").parts for path in files]
    return {
        "/".join((part[0], *part[2:])): path.read_text()
        for part, path in zip(parts, files, strict=True)
    }


@pytest.mark.parametrize("how", RELEASES)
async def test_a_release_that_would_lose_files_is_refused_and_done_when_there_is_room(
    small_disk: Path, how: str
) -> None:
    settings = Settings(api_key=KEY, data_dir=small_disk, port=0)
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "full")
        made = await session(caller, mount(context, PATH))
        await shell(caller, made, f"head -c 9M /dev/urandom > {PATH}/large; echo x > /home/x")
        said = await caller.post(f"/mcp/{how}", sessionId=made)
        assert (said.status, said.code) == (409, "Context.NotSaved")
        for word in (context, PATH, "Storage.Full"):
            assert word in said.message
        assert await caller.status(made) == "RUNNING"
        (line,) = await lines(caller, made, taskType="upload")
        assert line["status"] == "Failed"
        assert await shell(caller, made, f"rm {PATH}/large; cat /home/x | tee {PATH}/x") == "x\n"
        await release(caller, made)
        assert await get(caller, context, "x") == b"x\n"
        assert kept(small_disk) == {}


@pytest.mark.parametrize("how", RELEASES)
async def test_a_release_that_is_asked_for_again_keeps_the_files_beside_the_contexts(
    small_disk: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    settings = Settings(api_key=KEY, data_dir=small_disk, port=0)
    async with serving(settings) as server, calling(server.endpoint) as caller:
        one, two = await make(caller, "one"), await make(caller, "two")
        made = await session(caller, mount(one, PATH), mount(two, "/home/other"))
        await shell(
            caller, made, f"mkdir {PATH}/sub; echo x > {PATH}/sub/x; echo y > /home/other/y"
        )
        await shell(caller, made, f"head -c 9M /dev/zero > {PATH}/large")
        assert (await caller.post(f"/mcp/{how}", sessionId=made)).code == "Context.NotSaved"
        assert await names(caller, two) == ["y"]
        assert (await caller.post(f"/mcp/{how}", sessionId=made)).status == 200
        while await caller.status(made) != GONE:
            pass
        found = kept(small_disk)
        assert found.pop(f"{one}/home/data/large")
        assert found == {f"{one}/home/data/sub/x": "x\n"}
        (folder,) = (small_disk / "unsaved" / one).iterdir()
        assert folder.name.startswith(f"{made}-")
        assert f"is kept in {folder / 'home/data'}" in caplog.text


async def test_a_release_that_turns_out_late_to_lose_files_goes_back(
    agb: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "_REFUSES_WITHIN", 0)
    loop, hold = asyncio.get_running_loop(), asyncio.Event()

    def publish(*_: object, **__: object) -> None:
        asyncio.run_coroutine_threadsafe(hold.wait(), loop).result(60)
        raise OSError(errno.EIO, "the disk is broken")

    context = await make(agb, "late")
    made = await session(agb, mount(context, PATH))
    await shell(agb, made, f"echo x > {PATH}/x")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "publish", publish)
        assert (await agb.post("/mcp/releaseSessionAsync", sessionId=made)).status == 200
        assert await agb.status(made) == "DELETING"
        assert (await agb.tool(made, "shell", command="true", timeout_ms=1000)).code == GONE
        hold.set()
        while await agb.status(made) != "RUNNING":
            pass
    (line,) = await lines(agb, made, taskType="upload")
    assert (line["status"], line["errorMessage"]) == ("Failed", "the disk is broken")
    assert await shell(agb, made, f"cat {PATH}/x") == "x\n"
    await release(agb, made)
    assert await get(agb, context, "x") == b"x\n"


@pytest.mark.usefixtures("broken")
async def test_a_session_that_ends_by_itself_has_its_files_kept(settings: Settings) -> None:
    clock = TurnableClock()
    async with serving(settings, clock) as server, calling(server.endpoint) as caller:
        context = await make(caller, "idle")
        made = await session(caller, mount(context, PATH))
        await shell(caller, made, f"echo x > {PATH}/x")
        clock.turn(settings.idle_timeout + 1)
        while await caller.status(made) != GONE:
            pass
        assert kept(settings.data_dir) == {f"{context}/home/data/x": "x\n"}


@pytest.mark.usefixtures("broken")
async def test_a_server_that_stops_keeps_the_files_of_its_sessions(settings: Settings) -> None:
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "stop")
        made = await session(caller, mount(context, PATH))
        await shell(caller, made, f"echo x > {PATH}/x")
    assert kept(settings.data_dir) == {f"{context}/home/data/x": "x\n"}


async def test_a_server_that_has_no_time_to_bring_files_back_keeps_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_RELEASES_WITHIN", 0)
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "no time")
        made = await session(caller, mount(context, PATH))
        await shell(caller, made, f"truncate -s 300M {PATH}/large")
    async with serving(settings) as server, calling(server.endpoint) as caller:
        assert await names(caller, context) == []
    (large,) = settings.data_dir.glob("unsaved/*/*/home/data/large")
    assert large.stat().st_size == 300 << 20


@pytest.mark.usefixtures("broken")
async def test_what_is_not_to_be_saved_or_is_not_there_holds_no_release(agb: Caller) -> None:
    context = await make(agb, "nothing to save")
    never = {"uploadPolicy": {"autoUpload": False}}
    made = await session(agb, mount(context, "/home/a", **never), mount(context, "/home/b"))
    await shell(agb, made, "touch /home/a/x; rm -r /home/b")
    await release(agb, made)


@pytest.mark.usefixtures("broken")
async def test_what_failed_on_demand_only_is_not_kept(settings: Settings) -> None:
    async with serving(settings) as server, calling(server.endpoint) as caller:
        context = await make(caller, "on demand")
        never = {"uploadPolicy": {"autoUpload": False}}
        made = await session(caller, mount(context, PATH, **never))
        await shell(caller, made, f"mkdir /home/t; touch {PATH}/x /home/t/x")
        own = await transfer(caller, made)
        for query in (
            {"contextId": own, "path": "/home/t"},
            {"contextId": own, "path": "/etc"},
            {},
        ):
            (line,) = await sync(caller, made, **query)
            assert line["status"] == "Failed"
        await release(caller, made)
    assert kept(settings.data_dir) == {}


async def test_a_bug_in_the_last_upload_loses_no_files_either(
    agb: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    context = await make(agb, "bug at the end")
    made = await session(agb, mount(context, PATH))
    await shell(agb, made, f"echo x > {PATH}/x")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "publish", publish)
        said = await agb.post("/mcp/releaseSession", sessionId=made)
    assert (said.code, "bug" in said.message) == ("Context.NotSaved", True)
    await release(agb, made)


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[str, str], None]:
    """Keep a folder of a session, mounted at a path, for a context."""
    (tmp_path / "root").mkdir()
    (tmp_path / "unsaved").mkdir()
    tree = Tree(root=tmp_path / "root", owner=None, check=lambda: None)

    def keep(context_id: str, path: str) -> None:
        mount = Mount(key=1, context_id=context_id, path=path, policy=SyncPolicy())
        now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
        Unsaved(folder=tmp_path / "unsaved").keep(mount, tree, session_id="s-1", now=now)

    return keep


def test_what_is_kept_stays_in_its_folder_whatever_a_context_is_called(
    tmp_path: Path, keep: Callable[[str, str], None]
) -> None:
    for context in ("../../x", "..", "a/b", "é" * 100):
        (tmp_path / "root/m").mkdir()
        keep(context, "/m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "unsaved"]
    assert len(list(tmp_path.glob("unsaved/*/s-1-20300102T030405/m"))) == 4
    assert not any((tmp_path / "root").iterdir())


def test_what_is_kept_lies_flat_where_there_is_no_room_for_folders(
    tmp_path: Path, keep: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root/m").mkdir()

    def mkdir(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    keep("c", "/m")
    assert os.listdir(tmp_path / "unsaved") == ["c-s-1-20300102T030405-m"]  # noqa: PTH208 - names


def test_what_cannot_be_kept_is_logged(
    tmp_path: Path, keep: Callable[[str, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    keep("c", "/missing")
    (tmp_path / "root/m").symlink_to("/")
    keep("c", "/m")
    shutil.rmtree(tmp_path / "unsaved")
    assert [message.partition(" of ")[0] for message in caplog.messages] == ["/missing", "/m"]
    assert all("is lost" in message for message in caplog.messages)
