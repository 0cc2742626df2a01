"""Counting what a session's files take, and what is done about it."""

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agb.local.sandbox import disk as disk_module
from agb.local.sandbox.disk import DiskWatch, count

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def own() -> list[int]:
    return [os.getpid()]


def nobody() -> list[int]:
    return []


def fill(file: Path, size: int) -> None:
    file.write_bytes(secrets.token_bytes(size))


def test_small_files_count_for_a_block_and_large_ones_for_what_they_take(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/empty").touch()
    fill(tmp_path / "folder/large", MIB)
    used, is_all = count(tmp_path, nobody, 2 * MIB)
    assert is_all
    assert MIB + 2 * 4096 <= used < MIB + 4 * 4096


def test_a_file_with_several_names_counts_once_and_holes_not_at_all(tmp_path: Path) -> None:
    fill(tmp_path / "file", MIB)
    os.link(tmp_path / "file", tmp_path / "same")
    os.truncate(tmp_path / "file", 10 * MIB)
    assert MIB <= count(tmp_path, nobody, 20 * MIB)[0] < 2 * MIB


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    fill(tmp_path / "outside", MIB)
    (tmp_path / "root/file").symlink_to(tmp_path / "outside")
    (tmp_path / "root/folder").symlink_to(tmp_path)
    assert count(tmp_path / "root", nobody, 2 * MIB)[0] < MIB


def test_a_removed_file_counts_while_it_is_held_open(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.write(secrets.token_bytes(MIB))
        file.flush()
        (tmp_path / "file").unlink()
        assert count(tmp_path, own, 2 * MIB)[0] >= MIB
        assert count(tmp_path, nobody, 2 * MIB)[0] < MIB
    assert count(tmp_path, own, 2 * MIB)[0] < MIB


def test_counting_ends_where_it_is_enough(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).touch()
    assert count(tmp_path, nobody, 50_000)[0] < 60_000


def test_who_hides_files_too_deep_to_look_is_found_out(tmp_path: Path) -> None:
    path = tmp_path
    for _ in range(300):
        path /= "d"
        path.mkdir()
    assert not count(tmp_path, nobody, 10 * MIB)[1]


def test_who_closes_a_folder_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    real = os.open

    def opened(name: str, flags: int, *, dir_fd: int | None = None) -> int:
        if name == "closed":  # as it is to who is not root
            raise PermissionError
        return real(name, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", opened)
    assert not count(tmp_path, nobody, MIB)[1]


class Disk:
    """What is free on a disk that nobody else writes to; counts how often it was looked at."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.looks = 0

    def __call__(self, _: Path) -> tuple[int, int]:
        self.looks += 1
        return self.free, 1000


class Watched:
    """A folder that is watched, and how often what runs there was stopped."""

    def __init__(self, root: Path, stop: Callable[[], Awaitable[None]] | None = None) -> None:
        self.root = root
        self.stopped = 0
        self.watch = DiskWatch(root=root, most=MIB, processes=nobody, stop=stop or self._stop)
        self.task = asyncio.create_task(self.watch.run())

    async def _stop(self) -> None:
        self.stopped += 1

    async def looked(self, disk: Disk) -> None:
        """Wait until it has seen the disk as it is now."""
        before = disk.looks
        await self.until(lambda: disk.looks > before)

    async def until_stopped(self, times: int) -> None:
        """Wait for another stop, and until it has counted what it bears from then on."""
        before = self.watch._bearable
        await self.until(lambda: self.stopped == times and self.watch._bearable != before)

    async def until(self, happens: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not happens():
            assert time.monotonic() < deadline, "it never happened"
            await asyncio.sleep(0.005)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Watched]:
    monkeypatch.setattr(disk_module, "_LOOKS_EVERY", 0.01)
    (tmp_path / "root").mkdir()
    return lambda: Watched(tmp_path / "root")


async def test_who_takes_too_much_is_stopped_and_again_only_when_it_takes_more(
    watched: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(10 * MIB)
    monkeypatch.setattr(disk_module, "_free", disk)
    it = watched()
    await it.looked(disk)
    fill(it.root / "first", 2 * MIB)
    disk.free -= 2 * MIB
    await it.until_stopped(1)
    (it.root / "small").touch()
    await it.looked(disk)
    fill(it.root / "more", MIB)
    await it.until_stopped(2)
    (it.root / "more").unlink()
    (it.root / "first").unlink()
    await it.until(lambda: not it.watch.over)
    assert it.stopped == 2
    it.task.cancel()
    await asyncio.wait([it.task])


async def test_room_that_somebody_else_makes_is_not_there_to_be_filled_unseen(
    watched: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(10 * MIB)
    monkeypatch.setattr(disk_module, "_free", disk)
    it = watched()
    await it.looked(disk)
    disk.free = 100 * MIB
    await it.looked(disk)
    fill(it.root / "large", 2 * MIB)
    disk.free = 98 * MIB
    await it.until(lambda: it.stopped == 1)
    it.task.cancel()
    await asyncio.wait([it.task])


async def test_what_is_hidden_counts_for_all_that_the_disk_has_become_fuller_by(
    watched: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(10 * MIB)
    monkeypatch.setattr(disk_module, "_free", disk)
    monkeypatch.setattr(disk_module, "count", lambda *_: (0, False))
    it = watched()
    await it.looked(disk)
    disk.free -= MIB
    await it.until_stopped(1)
    disk.free -= MIB
    await it.until_stopped(2)
    it.task.cancel()
    await asyncio.wait([it.task])


async def test_watching_ends_with_the_folder(watched: Callable[[], Watched]) -> None:
    it = watched()
    it.root.rmdir()
    await asyncio.wait([it.task])
    assert not it.task.cancelled()
    assert it.task.exception() is None
