"""Limits on memory and processes that hold for a session as a whole, by Linux control groups."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from agb.local.sandbox.interface import Limits

_ROUNDS = 400
_PAUSE = 0.005
_NEEDED = ("memory", "pids")


@frozen(kw_only=True)
class Group:
    """The control group of one session: a folder per hierarchy."""

    folders: tuple[Path, ...]

    def joins(self) -> list[Path]:
        """Give the files that take the id of a process that is to join."""
        return [folder / "cgroup.procs" for folder in self.folders]

    def processes(self) -> set[int]:
        """Give the ids of the processes in the group."""
        found: set[int] = set()
        for file in self.joins():
            with suppress(OSError):
                found.update(int(line) for line in file.read_text().split())
        return found

    def end(self) -> None:
        """Kill all processes in the group and remove it."""
        for _ in range(_ROUNDS):
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            left = [folder for folder in self.folders if not _removed(folder)]
            if not left:
                return
            time.sleep(_PAUSE)


@frozen(kw_only=True)
class Cgroups:
    """Where this server may make control groups.

    Attributes:
        version: Of the kernel's interface, 1 or 2.
        parents: The folders to make a group in: one, or one for each controller.
    """

    version: int
    parents: tuple[Path, ...]

    @classmethod
    def find(cls) -> "Cgroups | None":
        """Look for hierarchies that limit memory and processes and can be written to."""
        if sys.platform != "linux":
            return None
        mounts, own = _mounts(), _own_paths()
        unified = _first(_upwards(mounts.get(""), own.get("")), enabled=_NEEDED)
        if unified:
            return cls(version=2, parents=(unified,))
        parents = [_first(_upwards(mounts.get(name), own.get(name))) for name in _NEEDED]
        if all(parents):
            return cls(version=1, parents=tuple(parent for parent in parents if parent))
        return None

    def create(self, limits: Limits) -> Group:
        """Make a group that holds a session to its limits."""
        name = f"agb-{os.getpid()}-{secrets.token_hex(4)}"
        group = Group(folders=tuple(parent / name for parent in self.parents))
        for folder in group.folders:
            folder.mkdir()
            _limit(folder, limits)
        return group

    def sweep(self) -> None:
        """Remove the empty groups of servers that are no more."""
        for parent in self.parents:
            for folder in parent.glob("agb-*-*"):
                pid = folder.name.split("-")[1]
                if pid.isdigit() and not Path("/proc", pid).exists():
                    _removed(folder)


def _limit(folder: Path, limits: Limits) -> None:
    """Write to whichever files this hierarchy has; swap is memory too, where it is counted."""
    _write(folder / "memory.max", limits.memory)
    _write(folder / "memory.limit_in_bytes", limits.memory)
    _write(folder / "pids.max", limits.processes)
    with suppress(OSError):  # not every kernel that shows these files lets them be set
        _write(folder / "memory.swap.max", 0)
        _write(folder / "memory.memsw.limit_in_bytes", limits.memory)


def _write(file: Path, value: int) -> None:
    if file.exists():
        file.write_text(str(value))


def _first(folders: Iterator[Path], enabled: tuple[str, ...] = ()) -> Path | None:
    """Find the nearest folder that groups can be made in, and that hands down what is needed."""
    return next((f for f in folders if _hands_down(f, enabled) and _can_make_groups(f)), None)


def _hands_down(folder: Path, controllers: tuple[str, ...]) -> bool:
    if not controllers:
        return True
    try:
        return set(controllers) <= set((folder / "cgroup.subtree_control").read_text().split())
    except OSError:
        return False


def _can_make_groups(folder: Path) -> bool:
    trial = folder / f"agb-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        trial.mkdir()
        for group in folder, trial:
            (group / "cgroup.procs").open("a").close()
    except OSError:
        return False
    finally:
        _removed(trial)
    return True


def _upwards(mount: Path | None, path: str | None) -> Iterator[Path]:
    """Give this process's group and those above it, as far as they can be seen."""
    if mount and path is not None:
        folder = mount / path.strip("/")
        yield from (f for f in (folder, *folder.parents) if f.is_relative_to(mount) and f.is_dir())


def _mounts() -> dict[str, Path]:
    """Find where each controller's hierarchy is mounted; that of version 2 has no name."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found[""] = Path(path)
        elif kind == "cgroup":
            found |= {option: Path(path) for option in options.split(",")}
    return found


def _own_paths() -> dict[str, str]:
    """Find this process's group in each hierarchy."""
    found: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        found |= dict.fromkeys(names.split(","), path)
    return found


def _removed(folder: Path) -> bool:
    """Remove a group if there is nothing in it any more."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
