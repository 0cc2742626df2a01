"""Control groups, in folders that stand for the kernel's."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from agb.local.sandbox import Limits
from agb.local.sandbox import cgroups as cgroups_module
from agb.local.sandbox.cgroups import Cgroups, Group

LIMITS = Limits(memory=100 * 1024 * 1024, processes=50)


class Kernel:
    """Control group folders as files, with the lists of them that /proc gives."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.mounts: dict[str, Path] = {}
        self.own: dict[str, str] = {}
        monkeypatch.setattr(cgroups_module, "_mounts", lambda: self.mounts)
        monkeypatch.setattr(cgroups_module, "_own_paths", lambda: self.own)
        monkeypatch.setattr(cgroups_module, "_removed", removed)
        monkeypatch.setattr(cgroups_module, "_write", write)

    def make(self, path: str, **files: str) -> Path:
        folder = self.folder / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").touch()
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)
        return folder


def removed(folder: Path) -> bool:
    """Remove a folder as the kernel does: with its files, but not with processes in it."""
    procs = folder / "cgroup.procs"
    if procs.exists() and procs.read_text():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def write(file: Path, value: int) -> None:
    """Write to the files that the kernel would have put into the folder."""
    version_1 = {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"}
    if (file.name in version_1) == ("v1" in file.parts) or file.name == "pids.max":
        file.write_text(str(value))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path / "kernel", monkeypatch)


def version_2(kernel: Kernel, handed_down: str) -> None:
    kernel.make("v2", cgroup__subtree_control="cpu memory pids")
    kernel.make("v2/user", cgroup__subtree_control=handed_down)
    kernel.make("v2/user/app", cgroup__subtree_control="")
    kernel.mounts[""] = kernel.folder / "v2"
    kernel.own[""] = "/user/app"


def version_1(kernel: Kernel) -> None:
    for name in "memory", "pids":
        kernel.make(f"v1/{name}")
        kernel.mounts[name] = kernel.folder / "v1" / name
        kernel.own[name] = "/"
    kernel.make("v1/memory/service")
    kernel.own["memory"] = "/service"


def test_version_2_is_used_where_it_hands_memory_and_processes_down(kernel: Kernel) -> None:
    version_2(kernel, "memory pids")
    version_1(kernel)
    cgroups = Cgroups.find()
    assert cgroups is not None
    assert cgroups == Cgroups(version=2, parents=(kernel.folder / "v2/user",))
    group = cgroups.create(LIMITS)
    (folder,) = group.folders
    assert (folder / "memory.max").read_text() == str(LIMITS.memory)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "pids.max").read_text() == "50"


def test_a_group_further_up_does_if_the_nearest_hands_nothing_down(kernel: Kernel) -> None:
    version_2(kernel, "memory")
    (kernel.folder / "v2/user/app/cgroup.subtree_control").unlink()
    assert Cgroups.find() == Cgroups(version=2, parents=(kernel.folder / "v2",))


def test_version_1_is_used_below_the_servers_own_groups(kernel: Kernel) -> None:
    version_1(kernel)
    cgroups = Cgroups.find()
    assert cgroups
    assert cgroups.version == 1
    assert cgroups.parents == (kernel.folder / "v1/memory/service", kernel.folder / "v1/pids")
    memory, pids = cgroups.create(LIMITS).folders
    assert (memory / "memory.limit_in_bytes").read_text() == str(LIMITS.memory)
    assert (memory / "memory.memsw.limit_in_bytes").read_text() == str(LIMITS.memory)
    assert (pids / "pids.max").read_text() == "50"


def test_one_hierarchy_alone_is_not_enough(kernel: Kernel) -> None:
    version_1(kernel)
    del kernel.mounts["pids"]
    assert Cgroups.find() is None


def test_groups_that_cannot_be_made_are_not_used(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_1(kernel)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert Cgroups.find() is None


def test_there_are_none_outside_linux(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    version_1(kernel)
    monkeypatch.setattr("sys.platform", "darwin")
    assert Cgroups.find() is None


def test_ending_a_group_kills_what_is_in_it(kernel: Kernel) -> None:
    folder = kernel.make("v1/memory/agb-1-x")
    child = subprocess.Popen(["/bin/sleep", "600"])
    procs = folder / "cgroup.procs"
    procs.write_text(f"{child.pid}\n")
    group = Group(folders=(folder, kernel.folder / "gone"))
    assert group.processes() == {child.pid}

    def empty() -> None:
        child.wait()
        procs.write_text("")

    waiting = threading.Thread(target=empty)
    waiting.start()
    group.end()
    waiting.join()
    assert child.returncode == -9
    assert not folder.exists()


def test_a_group_that_will_not_empty_is_given_up(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups_module, "_ROUNDS", 2)
    folder = kernel.make("v1/memory/agb-1-x")
    (folder / "cgroup.procs").write_text("999999999\n")
    Group(folders=(folder,)).end()
    assert folder.exists()


def test_a_sweep_removes_the_groups_of_servers_that_are_no_more(kernel: Kernel) -> None:
    version_1(kernel)
    dead = kernel.make("v1/pids/agb-999999999-x")
    mine = kernel.make(f"v1/pids/agb-{os.getpid()}-x")
    other = kernel.make("v1/pids/agb-name-x")
    cgroups = Cgroups.find()
    assert cgroups
    cgroups.sweep()
    assert not dead.exists()
    assert mine.exists()
    assert other.exists()


def test_a_folder_is_gone_when_it_is_gone(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full/x").mkdir(parents=True)
    assert cgroups_module._removed(tmp_path / "empty")
    assert cgroups_module._removed(tmp_path / "empty")
    assert not cgroups_module._removed(tmp_path / "full")


def test_only_files_that_are_there_are_written(tmp_path: Path) -> None:
    (tmp_path / "pids.max").touch()
    for name in "pids.max", "memory.max":
        cgroups_module._write(tmp_path / name, 5)
    assert (tmp_path / "pids.max").read_text() == "5"
    assert not (tmp_path / "memory.max").exists()


def test_the_lists_of_the_kernel_are_read() -> None:
    if not Path("/proc/self/cgroup").exists():
        pytest.skip("there is no /proc/self/cgroup here")
    mounts, own = cgroups_module._mounts(), cgroups_module._own_paths()
    assert all(path.is_dir() for path in mounts.values())
    assert all(path.startswith("/") for path in own.values())
