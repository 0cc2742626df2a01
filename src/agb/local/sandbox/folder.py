"""The host folder that is a session's `/`."""

import os
from collections.abc import Iterable
from pathlib import Path

from agb.local.inside.paths import HOME
from agb.local.sandbox.plan import INSIDE
from agb.local.sandbox.view import SYSTEM, View

PACKAGE = Path("/run/agb")
"""Where sessions with a file system of their own see the folder that the agent is in."""

_FOLDERS = ("data", HOME, "mnt", "opt", "srv", "tmp", "var/tmp", "workspace")
_SHARED = ("tmp", "var/tmp")
_OWN = ("proc", f"run/agb/{INSIDE.name}")
_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_FONTS = Path("/var/cache/fontconfig")  # without it the first program with letters takes seconds


def lay_out(root: Path, view: View, *, owner: int | None) -> list[Path]:
    """Make the folder a place in which the host's programs find what they count on.

    Args:
        root: The folder.
        view: What of the host is to be seen in it.
        owner: The uid and gid to give everything to.

    Returns:
        The folders of the host to mount there, under the names that they have.
    """
    links = [name for name in _LINKS if Path("/", name).is_symlink()]
    apart = [Path("/", name) for name in _LINKS if name not in links]
    shown = [*SYSTEM, *view.folders, *(path for path in (*apart, _FONTS) if path.is_dir())]
    furnish(root, owner=owner, mounts=[*shown, *map(Path, _OWN)])
    for name in links:
        link(root, name, os.readlink(f"/{name}"))  # noqa: PTH115 - as it is written
    return shown


def furnish(root: Path, *, owner: int | None = None, mounts: Iterable[Path] = ()) -> None:
    """Make the folder with the directories that programs count on.

    Args:
        root: The folder; what is in it already stays.
        owner: The uid and gid to give everything to.
        mounts: Session paths of directories that something will be mounted on.
    """
    root.mkdir(parents=True, exist_ok=True)
    for path in (*map(Path, _FOLDERS), *mounts):
        _make(root, path)
    for name in _SHARED:
        (root / name).chmod(0o1777)
    if owner is None:
        root.chmod(0o700)
    else:
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
    """Give all to a user, but the folder itself by its group.

    A server of root that has given most of its powers up must still get in there, others must not.
    """
    for folder, directories, files in os.walk(root):
        for name in (".", *directories, *files):
            os.chown(Path(folder, name), owner, owner, follow_symlinks=False)
    os.chown(root, os.geteuid(), owner)
    root.chmod(0o770)
