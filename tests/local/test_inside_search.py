"""Finding files, and noticing what has changed."""

import os
from pathlib import Path

import pytest

from agb.local.inside import search as search_module
from agb.local.inside.changes import Changes
from agb.local.inside.errors import OperationError
from agb.local.inside.paths import Paths
from agb.local.inside.search import search


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    for name in (
        "home/user/notes.txt",
        "home/user/file1.py",
        "home/user/src/a.py",
        "home/user/src/deep/er/file2.txt",
        "home/user/node_modules/x/file3.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return Paths(str(tmp_path))


def found(paths: Paths, pattern: str, *excludes: str) -> list[str]:
    return [p.removeprefix("/home/user/") for p in search(paths, ".", pattern, list(excludes))]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.py", ["file1.py", "src/a.py"]),
        ("file*", ["file1.py", "node_modules/x/file3.txt", "src/deep/er/file2.txt"]),
        ("file?.py", ["file1.py"]),
        ("file[13].*", ["file1.py", "node_modules/x/file3.txt"]),
        ("file[!13].*", ["src/deep/er/file2.txt"]),
        ("file[^1].py", ["file1.py"]),
        ("ote", ["notes.txt"]),
        ("deep", ["src/deep"]),
        ("NOTES", []),
        ("src/*.py", ["src/a.py"]),
        ("src/*.txt", []),
        ("src/**/*.txt", ["src/deep/er/file2.txt"]),
        ("**/a.py", ["src/a.py"]),
        ("**/notes.txt", ["notes.txt"]),
        ("src/**", ["src/a.py", "src/deep", "src/deep/er", "src/deep/er/file2.txt"]),
        ("no.thing*", []),
    ],
)
def test_a_pattern_finds_names_or_paths(paths: Paths, pattern: str, expected: list[str]) -> None:
    assert found(paths, pattern) == expected


def test_signs_in_brackets_stand_for_themselves(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "home/user/[o*d]^.txt").touch()
    assert found(paths, "[[]o[*]d[]][\\^].txt") == ["[o*d]^.txt"]


def test_what_is_found_is_given_by_its_absolute_path_in_order(paths: Paths) -> None:
    assert search(paths, "/home", "*.py") == ["/home/user/file1.py", "/home/user/src/a.py"]


@pytest.mark.parametrize("exclude", ["node_modules", "node*", "node_modules/**"])
def test_what_is_excluded_is_not_looked_into(paths: Paths, exclude: str) -> None:
    assert found(paths, "file*.txt", exclude) == ["src/deep/er/file2.txt"]


def test_links_are_found_but_not_followed(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "home/user/loop").symlink_to("/")
    (tmp_path / "home/user/again").symlink_to("src")
    assert found(paths, "a*") == ["again", "src/a.py"]


@pytest.mark.parametrize(
    ("path", "code"), [("nowhere", "File.NotFound"), ("notes.txt", "File.NotDirectory")]
)
def test_only_a_directory_can_be_searched(paths: Paths, path: str, code: str) -> None:
    with pytest.raises(OperationError, match=path) as caught:
        search(paths, path, "*")
    assert caught.value.code == code


def test_an_empty_pattern_is_refused(paths: Paths) -> None:
    with pytest.raises(OperationError) as caught:
        search(paths, ".", "")
    assert caught.value.code == "Operation.Invalid"


def test_folders_that_cannot_be_read_or_are_no_files_are_passed_over(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: os.PathLike[str] | str) -> object:
        if str(path).endswith("src/deep"):
            raise PermissionError
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    without = {str(tmp_path / "home/user/node_modules")}
    monkeypatch.setattr(search_module, "_WITHOUT_FILES", without)
    assert found(paths, "file*") == ["file1.py"]


class Watch:
    """What changes in a folder, told as short words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home/user/watched"
        self.folder.mkdir(parents=True)
        self._changes = Changes(Paths(str(folder)))
        assert self.told("watched") == []

    def told(self, path: str = "watched") -> list[str]:
        return [
            f"{event['eventType']} {event['pathType']} {Path(event['path']).name}"
            for event in self._changes.since_last(path)
        ]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


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


def test_events_give_full_paths(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    (watch.folder / "a").touch()
    changes = Changes(Paths(str(tmp_path)))
    changes.since_last("/home/user")
    (watch.folder / "b").touch()
    (event,) = changes.since_last("/home/user")
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
    def refuse(_: object) -> list[str]:
        raise PermissionError

    (watch.folder / "a").touch()
    monkeypatch.setattr(os, "listdir", refuse)
    assert watch.told() == []
