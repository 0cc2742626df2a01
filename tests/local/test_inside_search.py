"""Finding files, and noticing what has changed."""

import os
from pathlib import Path

import pytest

from agb.local.inside import search as search_module
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
