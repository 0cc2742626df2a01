"""The host folder that is a session's `/`."""

import os
from collections.abc import Iterable
from pathlib import Path

from agb.local.inside.paths import HOME

_FOLDERS = ("data", HOME, "mnt", "opt", "srv", "tmp", "var/tmp", "workspace")
_SHARED = ("tmp", "var/tmp")


def furnish(root: Path, *, owner: int | None = None, mounts: Iterable[Path] = ()) -> None:
    """Make the folder with the directories that programs count on.

    Args:
        root: The folder; what is in it already stays.
        owner: The uid and gid to give everything to.
        mounts: Session paths of directories that something will be mounted on.
    """
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)  # a root server gives its powers up before it starts the agent in here
    for path in (*map(Path, _FOLDERS), *mounts):
        _make(root, path)
    for name in _SHARED:
        (root / name).chmod(0o1777)
    if owner is not None:
        _give(root, owner)


def link(root: Path, name: str, target: str) -> None:
    """Make a link in the folder, in place of what may be there."""
    path = root / name
    if path.is_symlink():
        path.unlink()
    path.symlink_to(target)


def _make(root: Path, path: Path) -> None:
    """Make a directory step by step: a link that a session has left must not lead us out."""
    step = root
    for part in path.parts:
        if part == "/":
            continue
        step /= part
        if step.is_symlink() or step.is_file():
            step.unlink()
        step.mkdir(exist_ok=True)


def _give(root: Path, owner: int) -> None:
    for folder, directories, files in os.walk(root):
        for name in (".", *directories, *files):
            os.chown(Path(folder, name), owner, owner, follow_symlinks=False)
