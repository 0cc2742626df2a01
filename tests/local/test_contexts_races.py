"""What a session, another server or a broken disk does in the middle of a run."""

import errno
import io
import multiprocessing
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from agb.context_sync import Lifecycle, RecyclePolicy, SyncPolicy, UploadMode, UploadPolicy
from agb.local.contexts.archives import BadArchive, Entry, Packing, contents, unpack
from agb.local.contexts.download import Download
from agb.local.contexts.index import Index
from agb.local.contexts.mounting import Mount
from agb.local.contexts.staging import Put, Writing
from agb.local.contexts.store import Store
from agb.local.contexts.tree import Tree
from agb.local.contexts.upload import Upload
from agb.local.contexts.values import Object
from agb.local.refusals import Refusal
from local.mounted import zipped
from local.openers import open_each

ARCHIVE = SyncPolicy(upload_policy=UploadPolicy(upload_mode=UploadMode.ARCHIVE))


@frozen
class World:
    """A store with one context, and a session's files with that context mounted at /m."""

    store: Store
    tree: Tree
    mount: Mount
    clock: list[int]

    @property
    def folder(self) -> Path:
        return self.tree.root / self.mount.path[1:]

    def put(self, path: str, content: bytes, **more: Any) -> None:
        with self.store.staging() as stage:
            writing = Writing(stage / "x")
            writing.write(content)
            sha256 = writing.done()
            item = Object(path=path.encode(), kind="file", sha256=sha256, size=len(content), **more)
            self.store.put(self.mount.key, Put(object=item, staged=stage / "x"))

    def object(self, path: str) -> Object:
        item = self.store.object(self.mount.key, path.encode())
        assert item
        return item

    def tick(self) -> None:
        """Let a second go by."""
        self.clock.append(0)

    def elsewhere(self, path: str, policy: SyncPolicy | None = None) -> "World":
        """Mount the same context in another session, so to say."""
        (self.tree.root / path[1:]).mkdir()
        policy = policy or self.mount.policy
        mount = Mount(key=self.mount.key, context_id="c", path=path, policy=policy)
        return evolve(self, mount=mount)

    def stored(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for item in self.store.objects(self.mount.key):
            if item.kind == "file":
                with self.store.read(self.mount.key, item.blob) as content:
                    found[item.path.decode()] = content.read()
        return found

    def upload(self) -> list[str]:
        run = Upload(store=self.store, tree=self.tree, mount=self.mount)
        run.run()
        return run.problems

    def download(self) -> list[str]:
        run = Download(store=self.store, tree=self.tree, mount=self.mount)
        run.run()
        return run.problems


def nothing() -> None:
    pass


def become_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = list[int]()

    def now() -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=len(clock))

    store = Store.open(tmp_path / "contexts", stage=tmp_path / "run/me/stage", owner="me", now=now)
    root = tmp_path / "root"
    (root / "m").mkdir(parents=True)
    context = store.named("n", create=True)
    mount = Mount(key=context.key, context_id=context.id, path="/m", policy=SyncPolicy())
    yield World(store, Tree(root=root, owner=os.getuid(), check=nothing), mount, clock)
    store.close()


def once(target: Callable[..., Any], before: Callable[[], object]) -> Callable[..., Any]:
    """Do something right before the first call of a function."""
    left = [before]

    def wrapped(*arguments: Any, **more: Any) -> Any:
        if left:
            left.pop()()
        return target(*arguments, **more)

    return wrapped


def test_a_version_replaced_while_it_is_brought_in_comes_in_its_new_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("a", b"old")
    monkeypatch.setattr(Store, "read", once(Store.read, lambda: world.put("a", b"new")))
    assert world.download() == []
    assert (world.folder / "a").read_bytes() == b"new"
    world.upload()
    assert world.stored() == {"a": b"new"}


def test_an_object_removed_while_it_is_brought_in_does_not_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("a", b"old")
    remove = once(Store.read, lambda: world.store.remove(world.mount.key, b"a"))
    monkeypatch.setattr(Store, "read", remove)
    assert world.download() == []
    assert list(world.folder.iterdir()) == []


def test_contents_missing_from_the_disk_are_told_and_the_rest_comes(world: World) -> None:
    world.put("a", b"lost")
    world.put("b", b"kept")
    item = world.store.object(world.mount.key, b"a")
    assert item
    (world.store.folder / "blobs" / str(world.mount.key) / item.blob).unlink()
    assert world.download() == ["a: No such file or directory"]
    assert os.listdir(world.folder) == ["b"]  # noqa: PTH208 - names
    world.upload()
    assert {row.path for row in world.store.objects(world.mount.key)} == {b"a", b"b"}


def test_a_file_that_changes_while_it_is_read_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.folder / "a"
    path.write_bytes(b"one")
    change = once(Writing.done, lambda: path.write_bytes(b"two, longer"))
    monkeypatch.setattr(Writing, "done", change)
    assert world.upload() == []
    assert world.stored() == {"a": b"two, longer"}


def test_a_file_that_changes_all_the_time_is_kept_as_it_was_read_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.folder / "a"
    path.write_bytes(b"0")
    real = Writing.done

    def change(self: Writing) -> str:
        path.write_bytes(path.read_bytes() + b"0")
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Writing, "done", change)
        world.upload()
    assert world.stored() == {"a": b"000"}
    world.upload()
    assert world.stored() == {"a": b"0000"}


@pytest.mark.parametrize("policy", [SyncPolicy(), ARCHIVE], ids=["File", "Archive"])
@pytest.mark.parametrize("moment", [1, 2])
@pytest.mark.parametrize(
    "become",
    [
        Path.unlink,
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
        become_pipe,
        lambda path: (path.unlink(), path.parent.rmdir()),
        lambda path: (path.unlink(), path.parent.rmdir(), path.parent.symlink_to("/etc")),
    ],
)
def test_a_file_that_goes_before_it_is_read_is_gone_the_next_time(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    become: Callable[[Path], object],
    policy: SyncPolicy,
    moment: int,
) -> None:
    world.mount.policy = policy
    path = world.folder / "d/a"
    path.parent.mkdir()
    path.write_bytes(b"one")
    world.upload()
    path.write_bytes(b"two")
    real = Tree.found
    seen = list[bytes]()

    def found(self: Tree, here: int, name: bytes, path_: bytes) -> Any:
        result = real(self, here, name, path_)
        seen.append(name)
        if seen.count(b"a") == moment and path.is_file() and not path.is_symlink():
            become(path)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(Tree, "found", found)
        world.upload()
    assert b"root:" not in b"".join(world.stored().values())
    world.upload()
    assert b"root:" not in b"".join(world.stored().values())
    world.mount.seen.clear()
    world.mount.unpacked.clear()
    fresh = world.folder.parent / "fresh"
    fresh.mkdir()
    world.mount.path = "/fresh"
    world.download()
    assert (fresh / "d/a").is_symlink() or not (fresh / "d/a").is_file()


def test_a_special_file_in_place_of_a_regular_one_is_not_read(world: World) -> None:
    os.mkfifo(world.folder / "pipe")
    with (
        world.tree.folder((b"m",)) as here,
        pytest.raises(OSError, match="no regular file"),
        world.tree.reading(here, b"pipe"),
    ):
        raise AssertionError


def test_a_pipe_is_passed_over(world: World) -> None:
    os.mkfifo(world.folder / "pipe")
    (world.folder / "a").write_bytes(b"a")
    assert world.upload() == []
    assert world.stored() == {"a": b"a"}


@pytest.mark.parametrize("policy", [SyncPolicy(), ARCHIVE], ids=["File", "Archive"])
def test_what_cannot_be_read_is_told_and_stays_as_it_is_in_the_context(
    world: World, monkeypatch: pytest.MonkeyPatch, policy: SyncPolicy
) -> None:
    world.mount.policy = policy
    (world.folder / "d").mkdir()
    for name in ("a", "b", "d/c"):
        (world.folder / name).write_bytes(b"old")
    world.upload()
    (world.folder / "a").write_bytes(b"new!")
    (world.folder / "b").write_bytes(b"new!")
    real_open, real_listdir = os.open, os.listdir

    def deny_open(path: Any, *arguments: Any, **more: Any) -> int:
        if path == b"a":
            raise PermissionError(errno.EACCES, "denied")
        return real_open(path, *arguments, **more)

    def deny_list(path: Any) -> list[str]:
        names = real_listdir(path)
        if names == ["c"]:
            raise PermissionError(errno.EACCES, "denied")
        return names

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", deny_open)
        patch.setattr(os, "listdir", deny_list)
        assert sorted(world.upload()) == ["a: can't be read", "d: can't be read"]
    for path in (world.folder / "a", world.folder / "b"):
        path.unlink()
    (world.folder / "d/c").unlink()
    world.mount.seen.clear()
    world.mount.unpacked.clear()
    world.download()
    assert [(world.folder / name).read_bytes() for name in ("a", "b", "d/c")] == [
        b"old",
        b"new!",
        b"old",
    ]


def test_a_mount_that_cannot_be_read_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_: object) -> list[str]:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(os, "listdir", deny)
    with pytest.raises(PermissionError):
        world.upload()


def test_a_write_that_fails_leaves_no_draft(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("a", b"a")
    (world.folder / "keep").symlink_to("x")
    world.upload()
    (world.folder / "keep").unlink()
    world.mount.seen.clear()
    world.mount.unpacked.clear()

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", broken)
        assert sorted(world.download()) == ["a: broken", "keep: broken"]
    assert list(world.folder.iterdir()) == []


def test_a_full_disk_ends_a_download(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("a", b"a")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="full"):
        world.download()
    assert list(world.folder.iterdir()) == []


@pytest.mark.parametrize("link", [False, True], ids=["file", "link"])
def test_a_folder_gives_way_only_when_the_context_had_all_that_is_in_it(
    world: World, link: bool
) -> None:
    (world.folder / "a/deep").mkdir(parents=True)
    (world.folder / "a/deep/known").write_bytes(b"known")
    assert world.upload() == []
    own = world.folder / "a/own"
    for path in (b"a/deep/known", b"a/deep", b"a"):
        with suppress(Refusal):
            world.store.remove(world.mount.key, path)
    item = Object(path=b"a", kind="link", target=b"t")
    world.store.put(world.mount.key, Put(object=item)) if link else world.put("a", b"a file")
    for make in (
        lambda: own.write_bytes(b"mine"),
        lambda: own.symlink_to("x"),
        lambda: os.mkfifo(own),
    ):
        make()
        assert world.download() == ["a: is a folder with files that are nowhere else"]
        assert sorted(os.listdir(world.folder / "a")) == ["deep", "own"]  # noqa: PTH208 - names
        assert (world.folder / "a/deep/known").read_bytes() == b"known"
        own.unlink()
    known = world.folder / "a/deep/known"
    known.write_bytes(b"changed")
    assert world.download() == ["a: is a folder with files that are nowhere else"]
    assert known.read_bytes() == b"changed"
    known.unlink()
    assert world.download() == []
    assert (world.folder / "a").is_symlink() if link else (world.folder / "a").is_file()


def test_a_folder_that_the_context_had_whole_gives_way_to_a_file(world: World) -> None:
    (world.folder / "a/deep").mkdir(parents=True)
    (world.folder / "a/deep/known").write_bytes(b"known")
    assert world.upload() == []
    world.store.remove(world.mount.key, b"a/deep/known")
    world.put("a", b"a file")
    assert world.download() == []
    assert (world.folder / "a").read_bytes() == b"a file"


def test_what_of_an_archive_finds_no_place_is_told_and_the_rest_comes(world: World) -> None:
    world.put("z.zip", zipped({"a": b"1", "b": b"2", "c": b"3"}), linked=True)
    (world.folder / "z/b").mkdir(parents=True)
    (world.folder / "z/b/mine").write_bytes(b"mine")
    for _ in range(2):
        assert world.download() == ["z/b: is a folder with files that are nowhere else"]
        assert (world.folder / "z/a").read_bytes() + (world.folder / "z/c").read_bytes() == b"13"
    shutil.rmtree(world.folder / "z/b")
    assert world.download() == []
    assert (world.folder / "z/b").read_bytes() == b"2"


def test_a_full_disk_fails_no_upload_that_had_nothing_to_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.folder / "a").write_bytes(b"a")
    world.upload()

    def touch(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Store, "touch", touch)
    number = errno.ENOSPC
    assert world.upload() == []
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output error"):
        world.upload()


def test_an_archive_replaced_while_it_is_brought_in_comes_in_its_new_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("z.zip", zipped({"a": b"old"}), linked=True)
    replace = once(Store.read, lambda: world.put("z.zip", zipped({"a": b"new"}), linked=True))
    monkeypatch.setattr(Store, "read", replace)
    assert world.download() == []
    assert (world.folder / "z/a").read_bytes() == b"new"
    assert world.mount.unpacked == {b"z.zip": world.object("z.zip").blob}


def test_a_sessions_archive_replaced_while_another_session_brings_it_in_comes_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mount.policy = ARCHIVE
    other = world.elsewhere("/other")
    (world.folder / "a").write_bytes(b"old")
    world.upload()

    def replace() -> None:
        (world.folder / "a").write_bytes(b"new!")
        world.upload()

    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", once(Store.read, replace))
        assert other.download() == []
    assert (world.tree.root / "other/a").read_bytes() == b"new!"
    with monkeypatch.context() as patch:
        (world.folder / "a").write_bytes(b"newest")
        world.upload()
        remove = once(Store.read, lambda: world.store.remove(world.mount.key, b"archive.zip"))
        patch.setattr(Store, "read", remove)
        assert other.download() == []
    assert (world.tree.root / "other/a").read_bytes() == b"new!"


def test_a_session_that_added_to_an_archive_still_gets_what_others_had_in_it(
    world: World,
) -> None:
    world.mount.policy = ARCHIVE
    other = world.elsewhere("/other")
    (world.folder / "a").write_bytes(b"a")
    world.upload()
    (world.tree.root / "other/b").write_bytes(b"b")
    other.upload()
    other.download()
    assert (world.tree.root / "other/a").read_bytes() == b"a"


def test_an_archive_takes_over_the_newest_version_and_none_that_is_newer_than_the_session(
    world: World,
) -> None:
    files = world.elsewhere("/files", SyncPolicy())
    world.mount.policy = ARCHIVE
    (world.folder / "x").write_bytes(b"old")
    (world.folder / "link").symlink_to("old")
    world.upload()
    files.download()

    def change(content: str) -> None:
        (files.folder / "x").write_text(content)
        (files.folder / "link").unlink()
        (files.folder / "link").symlink_to(content)
        files.upload()
        world.tick()

    def contents(path: str) -> tuple[str, str]:
        last = world.elsewhere(path)
        last.download()
        return (last.folder / "x").read_text(), os.readlink(last.folder / "link")  # noqa: PTH115 - text

    change("new")
    second = world.elsewhere("/second")
    second.download()
    for number, content in enumerate(("newer", "newest")):
        change(content)
        for session in (world, second):
            (session.folder / "other").write_text(content)
            assert session.upload() == []
        assert world.stored().keys() == {"archive.zip", "x"}
        assert contents(f"/after{number}") == (content, content)
    second.download()
    (second.folder / "other").write_text("the last")
    second.upload()
    assert world.stored().keys() == {"archive.zip"}
    assert contents("/end") == ("newest", "newest")


@pytest.mark.parametrize("policy", [SyncPolicy(), ARCHIVE], ids=["File", "Archive"])
def test_a_file_stored_alone_gets_the_lifetime_of_an_archives_mount_too(
    world: World, policy: SyncPolicy
) -> None:
    (world.folder / "a").write_bytes(b"a")
    world.upload()
    daily = RecyclePolicy(lifecycle=Lifecycle.LIFECYCLE_1DAY)
    other = world.elsewhere("/other", evolve(policy, recycle_policy=daily))
    other.download()
    other.upload()
    (item,) = world.store.objects(world.mount.key)
    assert item.expires == world.store.time + 24 * 60 * 60


def test_a_file_called_like_the_archive_takes_nothing_from_it(world: World) -> None:
    files = world.elsewhere("/files")
    world.mount.policy = ARCHIVE
    (world.folder / "a").write_bytes(b"a")
    world.upload()
    for content in (b"mine", b"changed"):
        (world.tree.root / "files/archive.zip").write_bytes(content)
        assert files.upload() == []
        assert world.stored().keys() == {"archive.zip", "archive-2.zip"}
        assert world.stored()["archive.zip"] == content
    assert files.download() == []
    assert (world.tree.root / "files/a").read_bytes() == b"a"
    assert (world.tree.root / "files/archive.zip").read_bytes() == b"changed"
    (world.tree.root / "files/archive.zip").unlink()
    assert files.upload() == []
    assert world.stored().keys() == {"archive-2.zip"}


@pytest.mark.parametrize("path", ["archive.zip", "archive.zip/x"])
def test_an_archive_takes_nothing_from_a_file_called_like_it(world: World, path: str) -> None:
    world.put(path, b"precious", linked=True)
    world.mount.policy = ARCHIVE
    for content in (b"a", b"changed"):
        (world.folder / "a").write_bytes(content)
        assert world.upload() == []
        assert world.stored().keys() == {path, "archive-2.zip"}
        assert world.stored()[path] == b"precious"
    world.put("archive-2.zip", b"precious, too", linked=True)
    assert world.stored().keys() == {path, "archive-2.zip", "archive-3.zip"}


@pytest.mark.parametrize("linked", [True, False], ids=["a stranger's", "our own"])
def test_a_file_deleted_where_it_came_from_an_archive_comes_back(
    world: World, linked: bool
) -> None:
    if linked:
        world.put("z.zip", zipped({"a": b"a", "b": b"b"}), linked=True)
    else:
        first = world.elsewhere("/first", ARCHIVE)
        (first.folder / "z").mkdir()
        (first.folder / "z/a").write_bytes(b"a")
        (first.folder / "z/b").write_bytes(b"b")
        first.upload()
    world.download()
    (world.folder / "z/a").unlink()
    (world.folder / "z/b").write_bytes(b"changed")
    assert world.upload() == []
    last = world.elsewhere("/last")
    last.download()
    assert (last.folder / "z/a").read_bytes() == b"a"
    assert (last.folder / "z/b").read_bytes() == b"changed"


def test_a_file_with_two_objects_is_the_newer_one_and_both_go_with_it(world: World) -> None:
    for paths in (("m/x", "x"), ("x", "m/x")):
        for path in paths:
            world.put(path, path.encode(), linked=path == "m/x")
            world.tick()
        world.download()
        assert (world.folder / "x").read_bytes() == paths[-1].encode()
        (world.folder / "x").write_bytes(b"changed")
        world.upload()
        assert world.stored()[paths[-1]] == b"changed"
        (world.folder / "x").unlink()
        world.upload()
        assert world.stored() == {}


def test_an_object_is_stored_without_looking_at_all_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        world.put(f"d{number}/x", b"")
    real, seen = Index.rows, list[Any]()

    def rows(self: Index, query: str, *values: Any) -> list[Any]:
        found = real(self, query, *values)
        seen.extend(found)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Index, "rows", rows)
        world.put("d7/y", b"")
        world.store.remove(world.mount.key, b"d7/y")
    assert len(seen) < 30


def test_an_archive_takes_over_what_was_stored_file_by_file(world: World) -> None:
    world.mount.policy = ARCHIVE
    world.put("a", b"old", linked=True)
    world.put("b", b"kept", linked=True)
    world.put("c", b"deleted", linked=True)
    assert world.download() == []
    (world.folder / "a").write_bytes(b"new!")
    (world.folder / "c").unlink()
    assert world.upload() == []
    assert set(world.stored()) == {"archive.zip"}
    for path in world.folder.iterdir():
        path.unlink()
    world.mount.seen.clear()
    world.mount.unpacked.clear()
    world.download()
    assert {p.name: p.read_bytes() for p in world.folder.iterdir()} == {"a": b"new!", "b": b"kept"}


def test_times_and_names_survive_an_archive(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    entries = [
        Entry(path=b"\xff\xfe/odd", kind="file", mode=0o640, mtime=1, staged=tmp_path / "x"),
        Entry(path=b"old", kind="file", mode=0o400, mtime=-(10**18), staged=tmp_path / "x"),
        Entry(path=b"late", kind="file", mode=0o400, mtime=5 * 10**18, staged=tmp_path / "x"),
        Entry(path="ü/\n".encode(), kind="folder", mode=0o1777),
        Entry(path=b"l", kind="link", mode=0o777, target=b"\xff"),
    ]
    file = io.BytesIO()
    packing = Packing(file)
    for entry in entries:
        packing.add(entry, contents(entry))
    packing.done()
    (tmp_path / "out").mkdir()
    found = unpack(file, tmp_path / "out", nothing, lambda _: True, own_at=0)
    for before, after in zip(entries, found, strict=True):
        assert (after.path, after.kind, after.mode) == (before.path, before.kind, before.mode)
        assert (after.mtime, after.target) == (before.mtime, before.target)


def test_servers_that_start_at_once_on_a_new_folder_all_open_its_index(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.db" for number in range(50)]
    spawned = multiprocessing.get_context("spawn")
    at_once = spawned.Barrier(4)
    servers = [spawned.Process(target=open_each, args=(paths, at_once)) for _ in range(4)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    assert [server.exitcode for server in servers] == [0] * 4


def test_a_file_that_is_somebody_elses_is_not_read(world: World) -> None:
    (world.folder / "linked").write_bytes(b"what only the server may read")
    world = evolve(world, tree=evolve(world.tree, owner=os.getuid() + 1))
    assert world.upload() == ["linked: can't be read"]
    assert world.stored() == {}


def test_names_and_holes_can_not_make_more_of_a_file_than_a_session_may_have(
    world: World,
) -> None:
    (world.folder / "file").write_bytes(b"8 bytes.")
    os.link(world.folder / "file", world.folder / "again")
    small = evolve(world, tree=evolve(world.tree, most=15))
    with pytest.raises(OSError, match="more than the session may have"):
        small.upload()
    assert world.stored() == {}
    assert evolve(world, tree=evolve(world.tree, most=16)).upload() == []
    assert world.stored() == {"file": b"8 bytes.", "again": b"8 bytes."}


def test_an_archive_whose_entries_share_what_they_hold_is_measured_by_its_own_size(
    tmp_path: Path,
) -> None:
    """A file is packed once, and named by many entries."""
    data = zipped({"a": os.urandom(20_000) + b"\0" * 2_000_000})
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    count = 100
    body = bytearray(data[:start] + data[start:end] * count + data[end:])
    tail = len(body) - 22
    body[tail + 8 : tail + 12] = struct.pack("<HH", count, count)
    body[tail + 12 : tail + 16] = struct.pack("<I", (end - start) * count)
    with pytest.raises(BadArchive, match="times its size"):
        unpack(io.BytesIO(bytes(body)), tmp_path, nothing, bool)
