"""The folder of a running server, and those of servers that are gone."""

import os
from pathlib import Path
from typing import Any

import pytest

from agb.local.instance import instance_folder, remove_tree


def instances(data_dir: Path) -> list[Path]:
    return [path for path in data_dir.glob("run/*") if path.is_dir()]


def test_the_folder_is_there_for_as_long_as_the_server(tmp_path: Path) -> None:
    with instance_folder(tmp_path / "new" / "data") as folder:
        (folder / "sessions" / "one").mkdir(parents=True)
        assert instances(tmp_path / "new" / "data") == [folder]
        assert folder.stat().st_mode & 0o066 == 0
    assert instances(tmp_path / "new" / "data") == []


def test_the_folder_goes_when_the_server_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), instance_folder(tmp_path):
        raise ZeroDivisionError
    assert instances(tmp_path) == []


def test_servers_that_run_leave_each_other_alone(tmp_path: Path) -> None:
    with instance_folder(tmp_path) as first, instance_folder(tmp_path) as second:
        assert sorted(instances(tmp_path)) == sorted([first, second])


def test_the_folder_of_a_dead_server_is_swept(tmp_path: Path) -> None:
    dead = tmp_path / "run" / "dead"
    (dead / "sessions" / "one" / "tmp").mkdir(parents=True)
    (dead / "lock").touch()
    half_made = tmp_path / "run" / "half-made"
    half_made.mkdir()
    (tmp_path / "run" / "a file").write_text("of somebody else")
    with instance_folder(tmp_path) as folder:
        assert instances(tmp_path) == [folder]
    assert (tmp_path / "run" / "a file").exists()


def test_a_link_in_a_dead_servers_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    dead = tmp_path / "run" / "dead"
    dead.mkdir(parents=True)
    (dead / "link").symlink_to(outside, target_is_directory=True)
    with instance_folder(tmp_path):
        assert not dead.exists()
    assert (outside / "kept").exists()


def test_what_can_not_be_removed_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    remove_tree(tmp_path / "file")
    assert str(tmp_path / "file") in caplog.text


def test_what_is_swept_by_somebody_else_at_the_same_time_is_left_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = tmp_path / "run" / "dead"
    dead.mkdir(parents=True)
    opened = os.open

    def too_late(path: Any, *arguments: Any, **options: Any) -> int:
        if path == dead / "lock":
            raise FileNotFoundError(path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", too_late)
    with instance_folder(tmp_path) as folder:
        assert folder.is_dir()
