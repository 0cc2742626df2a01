"""Removing what a session has left: however deep, closed or full of links it is."""

import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agb.local.removal import remove_tree

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an ordinary user can work in, too."""
    with tempfile.TemporaryDirectory(prefix="agb-test-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def as_an_ordinary_user(work: Callable[[], object]) -> None:
    """Do something in a process of somebody who is not root."""
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setresuid(NOBODY, NOBODY, NOBODY)
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the parent has to hear of any
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def nested(folder: Path, levels: int) -> None:
    """Make folders in one another, deeper than any path leads."""
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("deeper-and-deeper", dir_fd=here)
        inner = os.open("deeper-and-deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_folders_within_folders_are_removed_however_many(folder: Path) -> None:
    nested(folder / "top", 1100)
    remove_tree(folder / "top")
    assert not any(folder.iterdir())


def test_links_are_removed_and_not_followed(folder: Path) -> None:
    (folder / "outside").mkdir()
    (folder / "outside/file").touch()
    (folder / "outside").chmod(0o500)
    (folder / "top/inner").mkdir(parents=True)
    (folder / "top/link").symlink_to(folder / "outside")
    (folder / "top/inner/link").symlink_to("../../outside")
    os.link(folder / "outside/file", folder / "top/inner/hard")
    remove_tree(folder / "top")
    assert [each.name for each in folder.iterdir()] == ["outside"]
    assert (folder / "outside").stat().st_mode & 0o777 == 0o500
    assert (folder / "outside/file").stat().st_nlink == 1


def test_a_link_in_place_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder / "outside/file").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "outside")
    with pytest.raises(NotADirectoryError):
        remove_tree(folder / "link")
    assert (folder / "outside/file").exists()


def test_closed_folders_are_opened_first(folder: Path) -> None:
    def work() -> None:
        (folder / "top/closed/deep/deeper").mkdir(parents=True)
        (folder / "top/closed/deep/file").touch()
        for path in "top/closed/deep/deeper", "top/closed/deep", "top/closed", "top":
            (folder / path).chmod(0)
        remove_tree(folder / "top")

    as_an_ordinary_user(work)
    assert not any(folder.iterdir())


def test_what_is_not_there_needs_no_removal(folder: Path) -> None:
    remove_tree(folder / "nothing")


def test_what_is_somebody_elses_is_left_and_told(folder: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can make a file that is somebody else's")
    (folder / "top/theirs").mkdir(parents=True)
    (folder / "top/theirs/file").touch()
    (folder / "top").chmod(0o777)

    def work() -> None:
        with pytest.raises(PermissionError):
            remove_tree(folder / "top")

    as_an_ordinary_user(work)
    assert (folder / "top").exists()


def test_files_that_appear_meanwhile_are_removed_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "top/inner").mkdir(parents=True)
    appear = [folder / "top/inner/late", folder / "top/inner/later"]
    real = os.rmdir

    def rmdir(name: str, *, dir_fd: int | None = None) -> None:
        if appear and dir_fd is not None:
            appear.pop().touch()
        real(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "rmdir", rmdir)
    remove_tree(folder / "top")
    assert not any(folder.iterdir())
