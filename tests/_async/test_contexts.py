"""Contexts: what a session leaves behind is there for the next one."""

import os
import uuid
from pathlib import Path

import attrs
import pytest
from support.local import own_file_system

from agb import (
    APIError,
    AsyncAGB,
    AsyncExtensionsService,
    AsyncSession,
    BrowserContext,
    Context,
    ContextSync,
    ContextSyncError,
    CreateSessionParams,
    DeletePolicy,
    InvalidParamsError,
    RecyclePolicy,
    SyncPolicy,
    TransferError,
    UploadMode,
    UploadPolicy,
)

MOUNT = "/home/data"


async def new_context(agb: AsyncAGB) -> Context:
    made = await agb.context.create(f"context-{uuid.uuid4().hex}")
    assert made.context is not None
    return made.context


def mounting(context: Context, policy: SyncPolicy | None = None) -> CreateSessionParams:
    return CreateSessionParams(context_syncs=[ContextSync(context.id, MOUNT, policy)])


async def test_a_context_is_made_found_renamed_listed_and_deleted(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    assert (await agb.context.get(context.name)).context_id == context.id
    assert (await agb.context.get(context.name, create=True)).context_id == context.id
    by_id = await agb.context.get(context_id=context.id)
    assert by_id.context is not None
    assert by_id.context.name == context.name
    renamed = attrs.evolve(context, name=f"renamed-{context.name}")
    assert (await agb.context.update(renamed)).data == context.id
    assert (await agb.context.get(renamed.name)).context_id == context.id
    assert context.id in [found.id for found in await agb.context.list()]
    assert (await agb.context.delete(context)).success
    gone = await agb.context.get(context_id=context.id)
    assert isinstance(gone.error, APIError)
    assert gone.code == "Context.NotFound"
    assert gone.context_id == ""


async def test_contexts_are_listed_a_page_at_a_time_and_all_together(agb: AsyncAGB) -> None:
    made = [await new_context(agb) for _ in range(3)]
    first = await agb.context.list(2)
    assert len(first) == first.max_results == 2
    assert first[0].id == made[2].id
    second = await agb.context.list(2, next_token=first.next_token)
    assert second.contexts[0].id == made[0].id
    walked = [context.id async for context in agb.context.iter(limit=2)]
    assert walked[:3] == [context.id for context in reversed(made)]
    for context in made:
        await agb.context.delete(context.id)


async def test_what_a_session_leaves_behind_the_next_one_finds(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    async with agb.session(mounting(context)) as session:
        await session.file.write(f"{MOUNT}/note.txt", "from the first session")
        await session.command.execute("mkdir -p 'a b' && echo 1 > 'a b/ü'", cwd=MOUNT)
    async with agb.session(mounting(context)) as session:
        assert (await session.file.read(f"{MOUNT}/note.txt")).content == "from the first session"
        assert (await session.file.read(f"{MOUNT}/a b/ü")).content == "1\n"
        await session.file.remove(f"{MOUNT}/note.txt")
    async with agb.session(mounting(context)) as session:
        assert (await session.file.read(f"{MOUNT}/note.txt")).code == "File.NotFound"
        assert (await session.file.read(f"{MOUNT}/a b/ü")).content == "1\n"


async def test_deletions_are_kept_back_where_the_policy_says_so(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    keeping = SyncPolicy(delete_policy=DeletePolicy(sync_local_file=False))
    async with agb.session(mounting(context, keeping)) as session:
        await session.file.write(f"{MOUNT}/kept", "x")
    async with agb.session(mounting(context, keeping)) as session:
        await session.file.remove(f"{MOUNT}/kept")
    async with agb.session(mounting(context)) as session:
        assert (await session.file.read(f"{MOUNT}/kept")).content == "x"


async def test_archives_are_kept_as_zip_and_come_back_as_files(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    packed = SyncPolicy(upload_policy=UploadPolicy(upload_mode=UploadMode.ARCHIVE))
    async with agb.session(mounting(context, packed)) as session:
        await session.file.write(f"{MOUNT}/deep/file", "packed")
    files = await agb.context.list_files(context.id)
    assert [entry.file_name.endswith(".zip") for entry in files] == [True]
    async with agb.session(mounting(context, packed)) as session:
        assert (await session.file.read(f"{MOUNT}/deep/file")).content == "packed"


async def test_a_session_is_synchronised_on_request(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    told: list[bool] = []
    async with agb.session(mounting(context)) as session:
        await session.file.write(f"{MOUNT}/early", "x")
        synced = await session.context.sync(callback=told.append)
        assert synced.success, synced.error_message
        assert told == [True]
        info = await session.context.info(context.id, MOUNT)
        assert [item.path for item in info.context_status_data if item.status == "Success"]
        names = [entry.file_name async for entry in agb.context.iter_files(context.id)]
        assert names == ["early"]
    assert (await agb.context.delete(context)).success


async def test_files_that_were_not_asked_back_are_not_in_the_context(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    reading = SyncPolicy(upload_policy=UploadPolicy(auto_upload=False))
    async with agb.session(mounting(context, reading)) as session:
        await session.file.write(f"{MOUNT}/lost", "x")
    assert len(await agb.context.list_files(context.id)) == 0


async def test_delete_can_bring_contexts_up_to_date_first(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    manual = SyncPolicy(upload_policy=UploadPolicy(auto_upload=False))
    created = await agb.create(mounting(context, manual))
    assert created.session is not None
    await created.session.file.write(f"{MOUNT}/saved", "x")
    deleted = await agb.delete(created.session, sync_context=True)
    assert deleted.success, deleted.error_message
    assert [entry.file_name for entry in await agb.context.list_files(context.id)] == ["saved"]


async def test_a_context_that_does_not_come_fails_the_create_and_leaves_no_session(
    agb: AsyncAGB,
) -> None:
    labels = {"test": uuid.uuid4().hex}
    missing = ContextSync("SdkCtx-missing", MOUNT)
    created = await agb.create(CreateSessionParams(labels, context_syncs=[missing]))
    assert isinstance(created.error, ContextSyncError)
    assert created.session is None
    assert "SdkCtx-missing" in created.error_message
    assert MOUNT in created.error_message
    assert (await agb.list(labels=labels)).total_count == 0


async def test_a_deleted_context_can_not_be_brought_up_to_date(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    created = await agb.create(mounting(context))
    assert created.session is not None
    session = created.session
    await agb.context.delete(context)
    synced = await session.context.sync(mode="upload")
    assert isinstance(synced.error, ContextSyncError)
    assert context.id in synced.error_message
    kept = await session.delete(sync_context=True)
    assert isinstance(kept.error, ContextSyncError)
    assert (await session.get_status()).status == "RUNNING"
    assert (await session.delete()).success


async def test_browser_data_gets_a_context_by_any_id(agb: AsyncAGB) -> None:
    browser = BrowserContext(f"browser-{uuid.uuid4().hex}")
    params = CreateSessionParams("agb-browser-use-1", browser_context=browser)
    async with agb.session(params) as session:
        await session.file.write("/tmp/agb_browser_data/Local State", "{}")
        await session.file.write("/tmp/agb_browser_data/Default/Cookies", "yum")
        await session.file.write("/tmp/agb_browser_data/Default/History", "not kept")
    async with agb.session(params) as session:
        cookies = await session.file.read("/tmp/agb_browser_data/Default/Cookies")
        assert cookies.content == "yum"
        history = await session.file.read("/tmp/agb_browser_data/Default/History")
        assert history.code == "File.NotFound"


async def test_files_go_into_a_context_and_come_out_with_progress(
    agb: AsyncAGB, tmp_path: Path
) -> None:
    context = await new_context(agb)
    content = bytes(range(256)) * 4000
    (tmp_path / "in").write_bytes(content)
    seen: list[int] = []
    sent = await agb.context.upload_file(
        context.id, tmp_path / "in", "/data/big.bin", progress=seen.append
    )
    assert sent.success, sent.error_message
    assert sent.bytes_sent == seen[-1] == len(content)
    assert seen == sorted(seen)
    came: list[int] = []
    got = await agb.context.download_file(
        context.id, "/data/big.bin", tmp_path / "new" / "out", progress=came.append
    )
    assert got.bytes_received == came[-1] == len(content)
    assert (tmp_path / "new" / "out").read_bytes() == content
    kept = await agb.context.download_file(
        context.id, "/data/big.bin", tmp_path / "in", overwrite=False
    )
    assert isinstance(kept.error, InvalidParamsError)
    assert (await agb.context.delete_file(context.id, "/data/big.bin")).success
    gone = await agb.context.download_file(context.id, "/data/big.bin", tmp_path / "gone")
    assert not gone.success
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "new"]


async def test_directories_go_into_a_context_and_come_out(agb: AsyncAGB, tmp_path: Path) -> None:
    context = await new_context(agb)
    source = tmp_path / "source"
    names = [f"{folder}/file {number}.txt" for folder in ("a", "a/b", "ü") for number in range(4)]
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    sent = await agb.context.upload_directory(context.id, source, "kept")
    assert sorted(sent.paths) == sorted(names)
    got = await agb.context.download_directory(context.id, tmp_path / "target", "kept")
    assert sorted(got.paths) == sorted(names)
    assert got.bytes_moved == sent.bytes_moved
    for name in names:
        assert (tmp_path / "target" / name).read_text() == name
    await agb.context.delete(context)


async def test_a_context_is_cleared_and_stays(agb: AsyncAGB, tmp_path: Path) -> None:
    context = await new_context(agb)
    (tmp_path / "file").write_text("x")
    await agb.context.upload_file(context.id, tmp_path / "file", "file")
    cleared = await agb.context.clear(context.id)
    assert cleared.success, cleared.error_message
    assert cleared.status == "available"
    assert len(await agb.context.list_files(context.id)) == 0
    assert (await agb.context.get(context.name)).context_id == context.id
    assert not (await agb.context.clear("SdkCtx-unknown")).success


@own_file_system
async def test_files_of_any_size_stream_into_a_session_and_out(
    session: AsyncSession, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 8000
    (tmp_path / "in").write_bytes(content)
    assert await session.file.transfer_path()
    for remote in ("/tmp/file_transfer/x.bin", "/tmp/elsewhere/y.bin"):
        sent = await session.file.upload(tmp_path / "in", remote)
        assert sent.success, sent.error_message
        inside = await session.command.execute(f"stat -c %s {remote}")
        assert inside.stdout.strip() == str(len(content))
        await session.command.execute(f"printf more >> {remote}")
        got = await session.file.download(remote, tmp_path / "out")
        assert got.success, got.error_message
        assert (tmp_path / "out").read_bytes() == content + b"more"


async def test_a_transfer_of_what_is_not_there_fails_and_leaves_nothing(
    session: AsyncSession, tmp_path: Path
) -> None:
    missing = await session.file.upload(tmp_path / "none", "/tmp/x")
    assert isinstance(missing.error, InvalidParamsError)
    gone = await session.file.download("/tmp/none-at-all", tmp_path / "out")
    assert not gone.success
    assert isinstance(gone.error, (APIError, TransferError))
    assert not list(tmp_path.iterdir())


async def test_extensions_are_kept_in_a_context_and_unpacked_in_a_session(
    agb: AsyncAGB, tmp_path: Path, packed_extension: Path
) -> None:
    extensions = AsyncExtensionsService(agb, f"extensions-{uuid.uuid4().hex}")
    made = await extensions.create(packed_extension)
    assert made.name == packed_extension.name
    assert [found.id for found in await extensions.list()] == [made.id]
    assert (await extensions.update(made.id, packed_extension)).id == made.id
    option = await extensions.create_extension_option([made.id])
    browser = BrowserContext(f"browser-{uuid.uuid4().hex}", extension_option=option)
    params = CreateSessionParams("agb-browser-use-1", browser_context=browser)
    async with agb.session(params) as session:
        name = made.id.removesuffix(".zip")
        manifest = await session.file.read(f"/tmp/extensions/{name}/manifest.json")
        assert manifest.content == "{}"
    assert await extensions.delete(made.id)
    assert await extensions.list() == []
    with pytest.raises(InvalidParamsError, match="no extension"):
        await extensions.update("ext_unknown.zip", packed_extension)
    (tmp_path / "plain.txt").write_text("x")
    with pytest.raises(InvalidParamsError, match=r"no \.zip file"):
        await extensions.create(tmp_path / "plain.txt")
    assert await AsyncExtensionsService(agb, extensions.context_name).cleanup()
    assert not (await agb.context.get(extensions.context_name)).success
    assert await AsyncExtensionsService(agb, extensions.context_name).cleanup()
    assert await AsyncExtensionsService(agb).cleanup()


@pytest.mark.parametrize(
    "arguments", [{}, {"name": "a", "context_id": "b"}, {"name": " "}, {"context_id": ""}]
)
async def test_a_context_that_is_named_badly_is_refused(
    agb: AsyncAGB, arguments: dict[str, str]
) -> None:
    refused = await agb.context.get(**arguments)  # type: ignore[arg-type]  # bad on purpose
    assert refused.code == "PARAM_ERROR"


async def test_other_bad_arguments_are_refused_before_anything_is_sent(
    agb: AsyncAGB, session: AsyncSession, tmp_path: Path
) -> None:
    for result in (
        await agb.context.get("a", create=True, context_id="b"),
        await agb.context.get(context_id="b", create=True),
        await agb.context.create(""),
        await agb.context.update(Context("id", " ")),
        await agb.context.update(None),  # type: ignore[arg-type]
        await agb.context.delete(""),
        await agb.context.list(0),
        await agb.context.list_files(" "),
        await agb.context.list_files("id", page_number=0),
        await agb.context.get_file_upload_url("id", " "),
        await agb.context.get_file_download_url("", "x"),
        await agb.context.delete_file("id", ""),
        await agb.context.clear(" "),
        await agb.context.clear("id", timeout=0),
        await agb.context.upload_file("id", tmp_path, "x"),
        await agb.context.upload_directory("id", tmp_path / "none"),
        await agb.context.download_directory("id", tmp_path, at_once=0),
        await session.context.sync("only-an-id"),
        await session.context.sync(mode="sideways"),
        await session.context.sync(timeout=0),
    ):
        assert result.code == "PARAM_ERROR", result
        assert result.request_id == ""


async def test_a_recycle_policy_is_taken(agb: AsyncAGB) -> None:
    context = await new_context(agb)
    policy = SyncPolicy(recycle_policy=RecyclePolicy(paths=["logs"]))
    async with agb.session(mounting(context, policy)) as session:
        await session.file.write(f"{MOUNT}/logs/today", "x")
    names = [entry.file_name async for entry in agb.context.iter_files(context.id, "logs")]
    assert names == ["today"]


@pytest.mark.parametrize("name", [" lead", "trail ", "nl end\n", "x" * 255])
async def test_names_go_up_and_come_down_as_they_are(
    agb: AsyncAGB, tmp_path: Path, name: str
) -> None:
    context = await new_context(agb)
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / name).write_text("as it is")
    sent = await agb.context.upload_directory(context.id, tmp_path / "up")
    assert sent.paths == (name,)
    got = await agb.context.download_directory(context.id, tmp_path / "down")
    assert got.paths == (name,), got.error_message
    assert (tmp_path / "down" / name).read_text() == "as it is"


async def test_what_is_no_file_is_left_out_of_directories_and_named(
    agb: AsyncAGB, tmp_path: Path
) -> None:
    context = await new_context(agb)
    up = tmp_path / "up"
    (up / "empty").mkdir(parents=True)
    (up / "file").write_text("x")
    (up / "nowhere").symlink_to("gone")
    os.mkfifo(up / "pipe")
    sent = await agb.context.upload_directory(context.id, up)
    assert (sent.paths, sent.skipped) == (("file",), ("empty", "nowhere", "pipe"))
    async with agb.session(mounting(context)) as session:
        await session.command.execute("ln -s file link", cwd=MOUNT)
    got = await agb.context.download_directory(context.id, tmp_path / "down")
    assert (got.paths, got.skipped) == (("file",), ("link",)), got.error_message
