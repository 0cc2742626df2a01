"""What a context holds."""

import os
from collections.abc import Iterator
from itertools import count
from typing import Literal

from attrs import frozen

from agb.local.refusals import invalid_parameter

Kind = Literal["file", "folder", "link"]

LONGEST_PATH = 4096
LONGEST_NAME = 255
"""Bytes of a path and of each of its parts: what a session's file system takes."""


@frozen(kw_only=True)
class Context:
    """A context.

    Attributes:
        key: Its number in the index; never used again.
        id: Its identifier for callers.
        created: When it was made, in Unix seconds.
        used: When it was last mounted, synchronised or written to.
        state: `available` or `clearing`.
    """

    key: int
    id: str
    name: str
    created: float
    used: float
    state: str


@frozen(kw_only=True)
class Object:
    """A file, folder or symbolic link in a context.

    Attributes:
        path: Relative to the context's root, as the bytes that a file system knows.
        blob: Name of the file that has the contents; a new one for each version.
        mode: Permission bits.
        mtime: When its contents changed, in nanoseconds; 0 for unknown.
        target: What a link says.
        packed: Whether it is an archive of a whole mount.
        linked: Whether it came by a signed URL, so that its path may be a session's.
        created: When its path was first used, in Unix seconds.
        modified: When this version was stored.
        lifetime: For how many seconds it is kept from the moment on that this was said.
        expires: When it is to be forgotten.
    """

    path: bytes
    kind: Kind
    blob: str = ""
    size: int = 0
    sha256: str = ""
    mode: int = 0o644
    mtime: int = 0
    target: bytes = b""
    packed: bool = False
    linked: bool = False
    created: float = 0.0
    modified: float = 0.0
    lifetime: int | None = None
    expires: float | None = None


def archive_names() -> Iterator[bytes]:
    """Give names for the archive of a whole mount, the usual one first."""
    yield b"archive.zip"
    for number in count(2):
        yield b"archive-%d.zip" % number


def object_path(text: str, name: str = "filePath") -> bytes:
    """Read the path of an object; leading slashes don't matter.

    Raises:
        Refusal: It is none.
    """
    path = folder_path(text, name)
    if not path:
        raise invalid_parameter(f"{name}: is empty")
    return path


def folder_path(text: str, name: str = "parentFolderPath") -> bytes:
    """Read the path of a folder, which may be the root.

    Raises:
        Refusal: It is none.
    """
    try:
        parts = split(os.fsencode(text))
    except UnicodeEncodeError:
        raise invalid_parameter(f"{name}: is not Unicode text") from None
    if b".." in parts or any(b"\0" in part for part in parts):
        raise invalid_parameter(f"{name}: must hold neither '..' nor NUL")
    path = b"/".join(parts)
    if len(path) > LONGEST_PATH or any(len(part) > LONGEST_NAME for part in parts):
        raise invalid_parameter(f"{name}: is longer than file systems take")
    return path


def split(path: bytes) -> tuple[bytes, ...]:
    """Give the parts of a path."""
    return tuple(part for part in path.split(b"/") if part not in {b"", b"."})


def is_under(path: bytes, folder: bytes) -> bool:
    """Tell whether a path is a folder's or below it; everything is below the empty one."""
    return not folder or path == folder or path.startswith(folder + b"/")


def shown(path: bytes) -> str:
    """Write a path as text."""
    return os.fsdecode(path)
