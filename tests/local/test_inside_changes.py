"""What changed below a path since somebody last asked."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from agb.local.inside import changes as changes_module
from agb.local.inside import notify
from agb.local.inside import watch as watch_module
from agb.local.inside.changes import Changes
from agb.local.inside.errors import OperationError
from agb.local.inside.files import Edit, Files
from agb.local.inside.paths import Paths

NOTICES = sys.platform == "linux"


class Watch:
    """What changes in a folder, told as short words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home/user/watched"
        self.folder.mkdir(parents=True)
        self.changes = Changes(Paths(str(folder)))
        assert self.told("watched") == []

    def told(self, path: str = "watched") -> list[str]:
        return [
            f"{event['eventType']} {event['pathType']} {Path(event['path']).name}"
            for event in self.changes.since_last(path)
        ]

    def word(self, path: str = "watched") -> str:
        """All of it in one line."""
        return ", ".join(self.told(path))


def refused(*_: object) -> NoReturn:
    raise PermissionError


@pytest.fixture(params=["noticing", "comparing"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How changes are found: as on Linux, or as where the system gives no notices."""
    if request.param == "comparing":
        monkeypatch.setattr(changes_module, "Notifier", refused)
    elif not NOTICES:
        pytest.skip("this system has no inotify")
    return str(request.param)


@pytest.fixture
def watch(tmp_path: Path, by: str) -> Iterator[Watch]:  # noqa: ARG001 - decides how
    watch = Watch(tmp_path)
    yield watch
    watch.changes.close()


@pytest.fixture
def noticing(tmp_path: Path) -> Iterator[Watch]:
    if not NOTICES:
        pytest.skip("this system has no inotify")
    watch = Watch(tmp_path)
    yield watch
    watch.changes.close()


def test_a_new_file_with_contents_is_created_and_modified(watch: Watch) -> None:
    (watch.folder / "a").write_text("x")
    assert watch.told() == ["create file a", "modify file a"]
    assert watch.told() == []


def test_an_empty_new_file_is_only_created(watch: Watch) -> None:
    (watch.folder / "a").touch()
    assert watch.told() == ["create file a"]


def test_rewritten_and_removed_files_are_told(watch: Watch) -> None:
    (watch.folder / "a").write_text("x")
    watch.told()
    (watch.folder / "a").write_text("longer")
    assert watch.told() == ["modify file a"]
    (watch.folder / "a").unlink()
    assert watch.told() == ["delete file a"]


def test_directories_are_told_with_what_is_in_them(watch: Watch) -> None:
    (watch.folder / "d").mkdir()
    (watch.folder / "d/a").touch()
    assert watch.told() == ["create directory d", "create file a"]
    (watch.folder / "d/a").unlink()
    (watch.folder / "d").rmdir()
    assert watch.told() == ["delete directory d", "delete file a"]


def test_a_file_that_becomes_a_directory_is_another_thing(watch: Watch) -> None:
    (watch.folder / "a").touch()
    watch.told()
    (watch.folder / "a").unlink()
    (watch.folder / "a").mkdir()
    assert watch.told() == ["delete file a", "create directory a"]


def test_events_give_full_paths(watch: Watch) -> None:
    (watch.folder / "a").touch()
    watch.changes.since_last("/home/user")
    (watch.folder / "b").touch()
    (event,) = watch.changes.since_last("/home/user")
    assert event["path"] == "/home/user/watched/b"


def test_a_single_file_can_be_watched(watch: Watch) -> None:
    (watch.folder / "a").write_text("x")
    assert watch.told("watched/a") == []
    (watch.folder / "a").write_text("longer")
    assert watch.told("watched/a") == ["modify file a"]


def test_a_folder_that_goes_is_told_once_and_then_not_found(watch: Watch) -> None:
    (watch.folder / "a").touch()
    watch.told()
    (watch.folder / "a").unlink()
    watch.folder.rmdir()
    assert watch.told() == ["delete directory watched", "delete file a"]
    with pytest.raises(OperationError) as caught:
        watch.told()
    assert caught.value.code == "File.NotFound"


def test_a_folder_that_cannot_be_read_has_nothing_in_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = watch.folder.parent / "aside"
    aside.mkdir()
    (aside / "a").touch()
    real = os.listdir

    def listdir(path: str) -> list[str]:
        return refused() if path == str(watch.folder / "d") else real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    aside.rename(watch.folder / "d")
    assert watch.told() == ["create directory d"]


def test_a_renamed_file_is_deleted_and_created(watch: Watch) -> None:
    (watch.folder / "a").write_text("x")
    watch.told()
    (watch.folder / "a").rename(watch.folder / "b")
    assert watch.told() == ["delete file a", "create file b", "modify file b"]


def test_a_file_that_takes_the_place_of_another_modifies_it(watch: Watch) -> None:
    (watch.folder / "a").write_text("x")
    watch.told()
    (watch.folder.parent / "new").write_text("longer")
    (watch.folder.parent / "new").rename(watch.folder / "a")
    assert watch.told() == ["modify file a"]


def test_a_folder_comes_and_goes_with_all_that_is_in_it(watch: Watch) -> None:
    outside = watch.folder.parent / "outside"
    (outside / "e").mkdir(parents=True)
    (outside / "e/a").write_text("x")
    outside.rename(watch.folder / "d")
    come = ["create directory d", "create directory e", "create file a", "modify file a"]
    assert watch.told() == come
    (watch.folder / "d/e/b").touch()
    assert watch.told() == ["create file b"]
    (watch.folder / "d").rename(outside)
    gone = ["delete directory d", "delete directory e", "delete file a", "delete file b"]
    assert watch.told() == gone
    (outside / "e/c").touch()
    assert watch.told() == []


def test_a_folder_that_is_renamed_is_followed(watch: Watch) -> None:
    (watch.folder / "d").mkdir()
    (watch.folder / "d/a").touch()
    watch.told()
    (watch.folder / "d").rename(watch.folder / "e")
    renamed = "delete directory d, delete file a, create directory e, create file a"
    assert watch.word() == renamed
    (watch.folder / "e/b").touch()
    assert watch.told() == ["create file b"]


def test_changed_modes_are_told_as_modified(watch: Watch) -> None:
    (watch.folder / "a").touch()
    watch.told()
    (watch.folder / "a").chmod(0o700)
    assert watch.told() == ["modify file a"]


def test_a_watched_folder_that_is_made_anew_is_another_one(watch: Watch) -> None:
    (watch.folder / "a").touch()
    watch.told()
    watch.folder.rename(watch.folder.with_name("old"))
    watch.folder.mkdir()
    (watch.folder / "b").touch()
    assert watch.told() == ["delete file a", "create file b"]
    (watch.folder / "c").touch()
    assert watch.told() == ["create file c"]


def test_a_watched_file_goes_and_is_then_not_found(watch: Watch) -> None:
    (watch.folder / "a").touch()
    assert watch.told("watched/a") == []
    (watch.folder / "b").touch()
    assert watch.told("watched/a") == []
    (watch.folder / "a").unlink()
    assert watch.told("watched/a") == ["delete file a"]
    with pytest.raises(OperationError):
        watch.told("watched/a")


def test_several_paths_are_followed_at_once(watch: Watch) -> None:
    (watch.folder / "d").mkdir()
    watch.told()
    assert watch.told("watched/d") == []
    (watch.folder / "d/a").touch()
    assert watch.told() == watch.told("watched/d") == ["create file a"]


def test_an_edit_is_one_change_though_a_draft_is_written(tmp_path: Path, watch: Watch) -> None:
    (watch.folder / "a").write_text("one")
    watch.told()
    edits: list[Edit] = [{"oldText": "one", "newText": "two"}]
    Files(Paths(str(tmp_path))).edit("watched/a", edits)
    assert watch.told() == ["modify file a"]


def test_nothing_is_missed_of_thousands_of_files_in_new_folders(watch: Watch) -> None:
    for folder in range(20):
        (watch.folder / f"{folder:02}/deep/er").mkdir(parents=True)
        for file in range(100):
            (watch.folder / f"{folder:02}/deep/er/{file}").write_text("x")
    told = watch.told()
    assert len({*told}) == 20 + 1 + 1 + 200
    assert told.count("create directory er") == 20
    for file in range(100):
        assert told.count(f"create file {file}") == 20
        assert told.count(f"modify file {file}") == 20
    assert watch.told() == []


def test_what_is_undone_is_told_all_the_same(noticing: Watch) -> None:
    (noticing.folder / "a").write_text("x")
    (noticing.folder / "a").unlink()
    assert noticing.told() == ["create file a", "modify file a", "delete file a"]
    (noticing.folder / "a").touch()
    (noticing.folder / "a").unlink()
    (noticing.folder / "a").mkdir()
    (noticing.folder / "a").rmdir()
    told = "create file a, delete file a, create directory a, delete directory a"
    assert noticing.word() == told
    assert noticing.told() == []


def test_every_time_that_a_file_is_written_is_told(noticing: Watch) -> None:
    (noticing.folder / "a").touch()
    noticing.told()
    for _ in range(3):
        (noticing.folder / "a").write_text("x")
    assert noticing.told() == ["modify file a"] * 3
    with (noticing.folder / "a").open("w") as file:
        for _ in range(3):
            file.write("y")
            file.flush()
        assert noticing.told() == ["modify file a"]
        file.write("z")
        file.flush()
        assert noticing.told() == ["modify file a"]


def test_what_the_system_loses_is_found_by_comparing(noticing: Watch) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 20_000:
        pytest.skip("this system keeps more notices than a test should cause")
    with noticing.changes._lock:  # nobody takes any in
        for number in range(most // 2 + 10):
            (noticing.folder / f"{number}").touch()
        (noticing.folder / "d").mkdir()
        (noticing.folder / "d/a").touch()
    told = noticing.told()
    assert len(told) == most // 2 + 10 + 2
    assert {"create directory d", "create file a", f"create file {most // 2}"} <= {*told}
    (noticing.folder / "d/a").unlink()
    (noticing.folder / "d/a").touch()
    assert noticing.told() == ["delete file a", "create file a"]


def test_of_more_than_is_kept_the_outcome_is_told(
    noticing: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "MOST_EVENTS", 5)
    for number in range(20):
        (noticing.folder / f"{number:02}").touch()
    (noticing.folder / "19").unlink()
    assert noticing.told() == [f"create file {number:02}" for number in range(19)]


def test_more_folders_than_can_be_listened_to_are_compared(
    noticing: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "MOST", 2)
    for name in ("d", "e"):
        (noticing.folder / name).mkdir()
        (noticing.folder / name / "a").touch()
    made = "create directory d, create file a, create directory e, create file a"
    assert noticing.word() == made
    (noticing.folder / "e/a").unlink()
    assert noticing.told() == ["delete file a"]


def test_a_session_without_threads_left_compares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        watch = Watch(tmp_path)
    (watch.folder / "a").touch()
    assert watch.told() == ["create file a"]
    watch.changes.close()


def test_a_system_without_notices_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        """A C library without inotify."""

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Bare())
    with pytest.raises(OSError, match="not implemented"):
        notify.Notifier()


def told_by(watch: watch_module.Watch) -> list[str]:
    return [f"{event.kind} {Path(event.path).name}" for event in watch.told()]


def test_notices_that_come_late_leave_what_is_known_consistent(tmp_path: Path) -> None:
    watch = watch_module.Watch(str(tmp_path), None)
    thing = str(tmp_path / "thing")
    watch.take(notify.Notice(notify.DELETED, thing))
    watch.take(notify.Notice(notify.MODIFIED, thing))
    watch.take(notify.Notice(notify.CREATED, str(tmp_path.parent / "elsewhere")))
    assert told_by(watch) == []
    (tmp_path / "thing").mkdir()
    watch.take(notify.Notice(notify.CREATED | notify.DIRECTORY, thing))
    watch.take(notify.Notice(notify.CREATED, thing))
    watch.take(notify.Notice(notify.DELETED, thing))
    watch.take(notify.Notice(notify.CREATED | notify.DIRECTORY, thing))
    (tmp_path / "thing").rmdir()
    watch.take(notify.Notice(notify.DELETED | notify.DIRECTORY, thing))
    expected = ["create thing", "delete thing"] * 3
    assert told_by(watch) == expected


def test_a_folder_that_is_opened_up_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    watch = watch_module.Watch(str(tmp_path), None)
    (tmp_path / "d/a").touch()
    watch.take(notify.Notice(notify.ATTRIBUTES | notify.DIRECTORY, str(tmp_path / "d")))
    watch.take(notify.Notice(notify.CREATED, str(tmp_path / "d/a")))
    assert told_by(watch) == ["create a"]


def test_what_was_found_by_looking_is_not_modified_by_its_own_late_notices(tmp_path: Path) -> None:
    watch = watch_module.Watch(str(tmp_path), None)
    (tmp_path / "d").mkdir()
    file = tmp_path / "d/a"
    file.write_text("x")
    watch.take(notify.Notice(notify.CREATED | notify.DIRECTORY, str(tmp_path / "d")))
    for mask in (notify.CREATED, notify.MODIFIED, notify.WRITTEN):
        watch.take(notify.Notice(mask, str(file)))
    assert told_by(watch) == ["create d", "create a", "modify a"]
    file.write_text("y")
    watch.take(notify.Notice(notify.MODIFIED, str(file)))
    assert told_by(watch) == ["modify a"]


def test_a_folder_that_is_not_there_can_not_be_listened_to(tmp_path: Path) -> None:
    if not NOTICES:
        pytest.skip("this system has no inotify")
    notifier = notify.Notifier()
    with pytest.raises(FileNotFoundError):
        notifier.add(str(tmp_path / "nowhere"))
    notifier.release()
