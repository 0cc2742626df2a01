"""Commands for files: where they run, and what they print."""

import subprocess
from pathlib import Path

import pytest

from agb import _file_commands as commands


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("/", "/", "."),
        ("/tmp", "/", "./tmp"),
        ("/tmp/a/", "/tmp", "./a"),
        ("a", None, "./a"),
        ("-a/-b", "-a", "./-b"),
        (".", None, "./."),
        ("a/..", "a", "./.."),
    ],
)
def test_a_command_runs_beside_what_it_is_about(path: str, folder: str | None, name: str) -> None:
    assert commands.place_of(path) == (folder, name)


def test_a_walk_tells_any_name_and_any_kind(tmp_path: Path) -> None:
    (tmp_path / "top/ a\n b ").mkdir(parents=True)
    (tmp_path / "top/ a\n b / c d").write_text("x")
    (tmp_path / "top/link").symlink_to(".")
    done = subprocess.run(
        ["/bin/sh", "-c", commands.walk("./top")], cwd=tmp_path, capture_output=True, check=True
    )
    found = {each.path: each.kind for each in commands.read_walk(done.stdout.decode())}
    assert found == {"": "d", " a\n b ": "d", " a\n b / c d": "f", "link": "l"}
    assert list(commands.read_walk("find: no such option")) == []


def run(command: str, folder: Path) -> int:
    return subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=False).returncode


def test_parts_are_joined_in_their_order_and_removed(tmp_path: Path) -> None:
    names = [f"./it's {number}" for number in range(12)]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(f"{number}\n")
    line = commands.join(names) + commands.copy(names[0], "./whole", append=False)
    assert run(line, tmp_path) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    assert (tmp_path / "whole").read_text() == "".join(f"{number}\n" for number in range(12))
    assert commands.join(names[:1]) == ""


def test_a_part_that_is_missing_leaves_neither_the_file_nor_another_part(tmp_path: Path) -> None:
    for name in ("a", "c"):
        (tmp_path / name).write_text(name)
    line = commands.join(["./a", "./b", "./c"]) + commands.copy("./a", "./whole", append=False)
    assert run(line, tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
