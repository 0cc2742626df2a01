"""The promises of the documents about contexts, browser data and extensions, by their numbers."""

import inspect
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.wiretap import Wiretap

import agb as package
import agb.context_sync as policies
import agb.extension
import agb.session_params
from agb import (
    AGB,
    BrowserContext,
    BWList,
    Context,
    ContextSync,
    CreateSessionParams,
    DeletePolicy,
    DownloadPolicy,
    DownloadStrategy,
    ExtensionOption,
    ExtensionsService,
    ExtractPolicy,
    InvalidParamsError,
    Lifecycle,
    RecyclePolicy,
    Session,
    SyncPolicy,
    UploadMode,
    UploadPolicy,
    UploadStrategy,
    WhiteList,
)
from agb._wire.codec import dump, load

IMAGE = "agb-code-space-1"
MOUNT = "/home/data"
COOKIES = "/tmp/agb_browser_data/Default/Cookies"
DEFINED = sorted(
    name
    for name, value in vars(policies).items()
    if inspect.isclass(value) and value.__module__ == policies.__name__
)
EXTENSIONS = ExtensionOption("extensions", ["ext_abc123.zip", "plain-id"])


@pytest.fixture
def context(agb: AGB) -> Context:
    made = agb.context.get("kept", create=True).raise_for_error().context
    assert made is not None
    return made


@contextmanager
def mounting(agb: AGB, context: Context, policy: SyncPolicy | None = None) -> Iterator[Session]:
    params = CreateSessionParams(IMAGE, context_syncs=[ContextSync(context.id, MOUNT, policy)])
    with agb.session(params) as session:
        yield session


def write(session: Session, **files: str) -> None:
    for name, text in files.items():
        session.file.write(f"{MOUNT}/{name}", text).raise_for_error()


def names(agb: AGB, context: Context) -> list[str]:
    return [entry.file_name for entry in agb.context.iter_files(context.id)]


def found(session: Session, folder: str = MOUNT) -> set[str]:
    return {entry.name for entry in session.file.list(folder).raise_for_error().entries}


def store(agb: AGB, context: Context, remote: str, **entries: str) -> None:
    """Put an archive into a context."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    Path("packed.zip").write_bytes(content.getvalue())
    agb.context.upload_file(context.id, "packed.zip", remote).raise_for_error()


def test_22_a_context_is_got_by_name_and_made_where_it_is_missing(agb: AGB) -> None:
    assert agb.context.get("name").context is None
    made = agb.context.get("name", create=True)
    assert made.context is not None
    assert made.context.id
    again = agb.context.get("name", create=True)
    assert again.context is not None
    assert again.context.id == made.context.id


# How a context is mounted


@pytest.mark.parametrize("name", ["ContextSync", "SyncPolicy", "UploadPolicy", "UploadMode"])
def test_39_mounts_are_described_with_names_from_the_top(name: str) -> None:
    assert name in package.__all__
    assert getattr(package, name) is getattr(policies, name)


@pytest.mark.parametrize("name", ["RecyclePolicy", "Lifecycle"])
def test_40_times_to_keep_are_too(name: str) -> None:
    assert name in package.__all__
    assert getattr(package, name) is getattr(policies, name)


def test_41_a_mount_has_a_context_a_path_and_perhaps_a_policy() -> None:
    mount = ContextSync("SdkCtx-1", MOUNT)
    assert (mount.context_id, mount.path, mount.policy) == ("SdkCtx-1", MOUNT, None)


def test_42_a_mount_is_made_by_name_and_by_place() -> None:
    policy = SyncPolicy()
    named = ContextSync.new(context_id="SdkCtx-1", path=MOUNT, policy=policy)
    assert named == ContextSync.new("SdkCtx-1", MOUNT, policy)
    assert named == ContextSync("SdkCtx-1", MOUNT, policy)


def test_43_a_policy_has_six_parts() -> None:
    parts: dict[str, Any] = {
        "upload_policy": UploadPolicy(auto_upload=False),
        "download_policy": DownloadPolicy(auto_download=False),
        "delete_policy": DeletePolicy(sync_local_file=False),
        "extract_policy": ExtractPolicy(extract=False),
        "recycle_policy": RecyclePolicy(paths=["logs"]),
        "bw_list": BWList([WhiteList("a")]),
    }
    policy = SyncPolicy(**parts)
    assert {name: getattr(policy, name) for name in parts} == parts


def test_44_files_are_brought_back_unless_they_shall_not(agb: AGB, context: Context) -> None:
    assert UploadPolicy().auto_upload is True
    with mounting(agb, context, SyncPolicy(upload_policy=UploadPolicy(False))) as session:
        write(session, lost="x")
    assert names(agb, context) == []
    with mounting(agb, context) as session:
        write(session, kept="x")
    assert names(agb, context) == ["kept"]


def test_45_files_are_brought_back_before_the_release() -> None:
    assert list(UploadStrategy) == [UploadStrategy.UPLOAD_BEFORE_RESOURCE_RELEASE]
    assert UploadPolicy().upload_strategy is UploadStrategy.UPLOAD_BEFORE_RESOURCE_RELEASE


def test_46_files_are_kept_as_they_are_or_packed(agb: AGB, context: Context) -> None:
    assert set(UploadMode) == {UploadMode.FILE, UploadMode.ARCHIVE}
    assert UploadPolicy().upload_mode is UploadMode.FILE
    with mounting(agb, context) as session:
        write(session, one="1", other="2")
    assert sorted(names(agb, context)) == ["one", "other"]


def test_47_files_are_brought_in_unless_they_shall_not(agb: AGB, context: Context) -> None:
    assert DownloadPolicy().auto_download is True
    with mounting(agb, context) as session:
        write(session, kept="x")
    without = SyncPolicy(
        upload_policy=UploadPolicy(auto_upload=False),
        download_policy=DownloadPolicy(auto_download=False),
    )
    with mounting(agb, context, without) as session:
        assert found(session) == set()
    with mounting(agb, context) as session:
        assert found(session) == {"kept"}


def test_48_files_are_brought_in_at_the_start() -> None:
    assert list(DownloadStrategy) == [DownloadStrategy.DOWNLOAD_ASYNC]
    assert DownloadPolicy().download_strategy is DownloadStrategy.DOWNLOAD_ASYNC


@pytest.mark.parametrize("too", [True, False])
def test_49_what_a_session_deletes_the_context_loses_unless_it_shall_not(
    agb: AGB, context: Context, too: bool
) -> None:
    assert DeletePolicy().sync_local_file is True
    policy = SyncPolicy(delete_policy=DeletePolicy(sync_local_file=too))
    with mounting(agb, context, policy) as session:
        write(session, file="x")
    with mounting(agb, context, policy) as session:
        session.file.remove(f"{MOUNT}/file").raise_for_error()
    assert names(agb, context) == ([] if too else ["file"])


def test_50_archives_are_unpacked_unless_they_shall_not(agb: AGB, context: Context) -> None:
    assert ExtractPolicy().extract is True
    store(agb, context, "packed.zip", inner="text")
    reading = UploadPolicy(auto_upload=False)
    with mounting(agb, context, SyncPolicy(upload_policy=reading)) as session:
        assert session.file.read(f"{MOUNT}/packed/inner").content == "text"
    as_is = SyncPolicy(upload_policy=reading, extract_policy=ExtractPolicy(extract=False))
    with mounting(agb, context, as_is) as session:
        assert found(session) == {"packed.zip"}


def test_51_an_unpacked_archive_is_removed_unless_it_shall_not(agb: AGB, context: Context) -> None:
    assert ExtractPolicy().delete_src_file is True
    store(agb, context, "packed.zip", inner="text")
    with mounting(agb, context) as session:
        assert found(session) == {"packed"}
    both = SyncPolicy(extract_policy=ExtractPolicy(delete_src_file=False))
    with mounting(agb, context, both) as session:
        assert found(session) == {"packed", "packed.zip"}


def test_52_an_archive_is_unpacked_into_a_folder_or_right_there(agb: AGB, context: Context) -> None:
    assert ExtractPolicy().extract_current_folder is False
    store(agb, context, "packed.zip", inner="text")
    right_there = SyncPolicy(extract_policy=ExtractPolicy(extract_current_folder=True))
    with mounting(agb, context, right_there) as session:
        assert found(session) == {"inner"}


def test_53_data_is_kept_for_ever_by_default() -> None:
    assert RecyclePolicy().lifecycle is Lifecycle.LIFECYCLE_FOREVER


def test_54_data_is_kept_for_ten_different_times() -> None:
    times = ["1DAY", *(f"{days}DAYS" for days in (3, 5, 10, 15, 30, 90, 180, 360)), "FOREVER"]
    assert [each.name for each in Lifecycle] == [f"LIFECYCLE_{time}" for time in times]
    wrong: Any = "LIFECYCLE_7DAYS"
    with pytest.raises(InvalidParamsError, match=r"lifecycle must be one of .*LIFECYCLE_1DAY"):
        RecyclePolicy(wrong)


def test_55_all_paths_are_meant_unless_some_are_named() -> None:
    assert list(RecyclePolicy().paths) == [""]
    assert list(RecyclePolicy(paths=["test-data", "logs"]).paths) == ["test-data", "logs"]


@pytest.mark.parametrize("wildcard", "*?[]")
def test_56_wildcards_are_refused(wildcard: str) -> None:
    with pytest.raises(InvalidParamsError, match="wildcard") as refused:
        RecyclePolicy(paths=["logs", f"log{wildcard}"])
    assert "paths[1]" in str(refused.value)


def test_57_only_listed_paths_are_synchronised(agb: AGB, context: Context) -> None:
    listed = BWList(white_lists=[WhiteList(path="data", exclude_paths=["data/scratch"])])
    with mounting(agb, context, SyncPolicy(bw_list=listed)) as session:
        for name in ("data/kept", "data/scratch/lost", "lost"):
            session.file.write(f"{MOUNT}/{name}", "x").raise_for_error()
    with mounting(agb, context) as session:
        assert found(session) == {"data"}
        assert found(session, f"{MOUNT}/data") == {"kept"}


def test_58_data_is_there_in_the_next_session(agb: AGB, context: Context) -> None:
    with mounting(agb, context) as session:
        session.command.execute("mkdir -p deep && echo hi > 'deep/a file'", cwd=MOUNT)
    with mounting(agb, context) as session:
        assert session.file.read(f"{MOUNT}/deep/a file").content == "hi\n"


def test_59_packed_data_is_a_zip_in_the_context(agb: AGB, context: Context) -> None:
    packed = SyncPolicy(upload_policy=UploadPolicy(upload_mode=UploadMode.ARCHIVE))
    with mounting(agb, context, packed) as session:
        write(session, one="1", other="2")
    (name,) = names(agb, context)
    agb.context.download_file(context.id, name, "back.zip").raise_for_error()
    with zipfile.ZipFile("back.zip") as archive:
        assert sorted(archive.namelist()) == ["one", "other"]
        assert archive.read("one") == b"1"
    with mounting(agb, context, packed) as session:
        assert found(session) == {"one", "other"}


def test_60_data_of_a_day_is_there_on_that_day(agb: AGB, context: Context) -> None:
    # That it is gone the day after takes a clock that can be turned:
    # test_what_is_stored_is_forgotten_when_its_time_is_over in tests/local/test_contexts_links.py.
    day = SyncPolicy(recycle_policy=RecyclePolicy(Lifecycle.LIFECYCLE_1DAY))
    with mounting(agb, context, day) as session:
        write(session, file="x")
    with mounting(agb, context, day) as session:
        assert found(session) == {"file"}


# Browser data and extensions


def test_61_browser_data_has_a_context() -> None:
    assert BrowserContext is agb.session_params.BrowserContext
    parameters = inspect.signature(BrowserContext).parameters
    first = {name: parameters[name].default for name in list(parameters)[:3]}
    missing = inspect.Parameter.empty
    assert first == {"context_id": missing, "auto_upload": True, "extension_option": None}


def test_62_extensions_are_named_with_their_context() -> None:
    assert ExtensionOption is agb.extension.ExtensionOption
    option = ExtensionOption(context_id="extensions", extension_ids=["one"])
    assert (option.context_id, list(option.extension_ids)) == ("extensions", ["one"])


def test_63_browser_data_with_extensions_tells_of_them() -> None:
    browser = BrowserContext("browser", extension_option=EXTENSIONS)
    assert browser.extension_context_id == "extensions"
    assert browser.extension_ids == ["ext_abc123.zip", "plain-id"]
    assert browser.extension_context_syncs is not None


def test_64_browser_data_without_extensions_tells_of_none() -> None:
    browser = BrowserContext("browser")
    assert browser.extension_context_syncs is None
    assert browser.extension_context_id is None


@pytest.fixture
def generated() -> ContextSync:
    syncs = BrowserContext("browser", extension_option=EXTENSIONS).extension_context_syncs
    assert syncs is not None
    (sync,) = syncs
    return sync


@pytest.fixture
def policy(generated: ContextSync) -> SyncPolicy:
    assert generated.policy is not None
    return generated.policy


def test_65_extensions_are_not_brought_back(policy: SyncPolicy) -> None:
    assert policy.upload_policy.auto_upload is False


def test_66_extensions_deleted_in_a_session_stay_in_the_context(policy: SyncPolicy) -> None:
    assert policy.delete_policy.sync_local_file is False


def test_67_extensions_are_unpacked_and_their_archives_removed(policy: SyncPolicy) -> None:
    assert policy.extract_policy.extract is True
    assert policy.extract_policy.delete_src_file is True


def test_68_extensions_have_their_place(generated: ContextSync) -> None:
    assert (generated.context_id, generated.path) == ("extensions", "/tmp/extensions/")


def test_69_only_these_extensions_are_loaded(policy: SyncPolicy) -> None:
    lists = policy.bw_list.white_lists
    assert list(lists) == [WhiteList("ext_abc123.zip"), WhiteList("plain-id")]


@pytest.mark.parametrize("named", ["ext_abc123.zip", "ext_abc123"])
def test_70_an_extension_is_named_by_file_or_plainly(
    agb: AGB, context: Context, named: str
) -> None:
    for name in ("ext_abc123", "ext_other"):
        store(agb, context, f"/tmp/extensions/{name}.zip", manifest="{}")
    browser = BrowserContext("browser", extension_option=ExtensionOption(context.id, [named]))
    with agb.session(CreateSessionParams(IMAGE, browser_context=browser)) as session:
        assert found(session, "/tmp/extensions") == {"ext_abc123"}
        assert found(session, "/tmp/extensions/ext_abc123") == {"manifest"}


def test_71_extensions_come_at_the_start_and_browser_data_stays_at_the_end(
    agb: AGB, packed_extension: Path
) -> None:
    service = ExtensionsService(agb, "extensions")
    extension = service.create(packed_extension)
    option = service.create_extension_option([extension.id])
    folder = f"/tmp/extensions/{extension.id.removesuffix('.zip')}"
    for kept, auto_upload in (("first", True), ("second", False)):
        browser = BrowserContext("browser", auto_upload, option)
        with agb.session(CreateSessionParams(IMAGE, browser_context=browser)) as session:
            assert session.file.read(f"{folder}/manifest.json").content == "{}"
            session.file.write(COOKIES, kept).raise_for_error()
    with agb.session(
        CreateSessionParams(IMAGE, browser_context=BrowserContext("browser"))
    ) as session:
        assert session.file.read(COOKIES).content == "first"


# Decisions where the documents contradict each other


@pytest.mark.parametrize("name", DEFINED)
def test_k18_every_part_of_a_policy_is_at_the_top_and_in_its_module(name: str) -> None:
    assert name in package.__all__
    assert getattr(package, name) is getattr(policies, name)


def test_k19_a_mount_without_a_policy_has_the_default_one(context: Context) -> None:
    wiretap = Wiretap()
    for policy in (None, SyncPolicy()):
        mount = ContextSync(context.id, MOUNT, policy)
        with AGB(transport=wiretap) as tapped:
            params = CreateSessionParams(image_id=IMAGE, context_syncs=[mount])
            tapped.create(params).raise_for_error()
    created = [
        json.loads(request.content)["persistenceDataList"]
        for request in wiretap.notes.requests
        if request.url.path.endswith("/createSession")
    ]
    assert created[0] == created[1]
    (sent,) = created[0]
    assert json.loads(sent["policy"]) == dump(SyncPolicy())


def test_k20_paths_to_keep_for_a_time_are_relative_to_the_mount(agb: AGB) -> None:
    # That only these are forgotten takes a clock that can be turned; see number 60.
    context = agb.context.create("cache").raise_for_error()
    day = RecyclePolicy(Lifecycle.LIFECYCLE_1DAY, ["test-data", "logs"])
    mount = ContextSync(context.context_id, "/tmp/cache", SyncPolicy(recycle_policy=day))
    for _ in range(2):
        with agb.session(CreateSessionParams(IMAGE, context_syncs=[mount])) as session:
            session.file.write("/tmp/cache/logs/today", "x").raise_for_error()
            session.file.write("/tmp/logs/today", "x").raise_for_error()
    files = [entry.file_path for entry in agb.context.iter_files(context.context_id, "logs")]
    assert files == ["/logs/today"]
    assert [entry.file_name for entry in agb.context.iter_files(context.context_id)] == ["logs"]


def test_k21_no_extensions_are_an_empty_list() -> None:
    browser = BrowserContext("browser")
    assert browser.extension_ids == []
    assert browser.extension_context_syncs is None
    assert browser.get_extension_context_syncs() == []


@pytest.mark.parametrize("right_there", [True, False])
def test_k22_one_name_differs_on_its_way(right_there: bool) -> None:
    policy = ExtractPolicy(extract_current_folder=right_there)
    sent = dump(policy)
    assert sent["extractToCurrentFolder"] is right_there
    assert "extractCurrentFolder" not in sent
    assert load(sent, ExtractPolicy) == policy
