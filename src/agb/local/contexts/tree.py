"""A session's files as the server sees them, without ever following what the session linked.

The session may be running, and may put symbolic links anywhere, at any moment. So every step goes
from an open folder to a name in it that is no link; an open folder stays a folder of the session,
whatever becomes of its name.
"""

import errno
import os
import secrets
import stat
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from attrs import define, field, frozen

from agb.local.contexts.values import Kind, split

Parts = tuple[bytes, ...]

USUAL_MODE = 0o755
"""The mode of folders that nothing is known of."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1024 * 1024
_DEEPEST = 256
"""Folders within folders; a session can make them so deep that no path leads there."""
_MOST_LINKS = 40


class Stopped(Exception):  # noqa: N818 - says what happened
    """There is no time for the rest."""


class TooDeep(Exception):  # noqa: N818 - says what is the matter
    """Folders are nested more deeply than is synchronised."""


@frozen(kw_only=True)
class Found:
    """A file, folder or link of a session.

    Attributes:
        path: Relative to the folder that was looked through.
        number: Its inode; another file has another one.
        changed: When anything about it changed, in nanoseconds; nobody can set it back.
    """

    path: bytes
    kind: Kind
    size: int
    mode: int
    mtime: int
    number: int
    changed: int
    target: bytes = b""


@define(kw_only=True)
class Survey:
    """What a folder holds.

    Attributes:
        found: Everything that can be synchronised, folders before what is in them.
        unreadable: Paths that could not be read.
        skipped: Paths of sockets, pipes and devices.
    """

    found: list[Found] = field(factory=list[Found])
    unreadable: list[bytes] = field(factory=list[bytes])
    skipped: list[bytes] = field(factory=list[bytes])


@frozen(kw_only=True)
class Tree:
    """The files of a session.

    Attributes:
        root: The host folder that is its `/`.
        owner: The host uid and gid that its files must have; None: the server's own.
        check: Is called every now and then; may raise `Stopped`.
        most: Bytes that may be copied out of it in one go.
    """

    root: Path
    owner: int | None
    check: Callable[[], None]
    most: int = sys.maxsize

    def resolve(self, path: bytes) -> Parts:
        """Say where a path leads, links followed as the session would follow them.

        Raises:
            OSError: The links lead nowhere.
        """
        todo, done, links = list(reversed(split(path))), Parts(), 0
        while todo:
            part = todo.pop()
            if part == b"..":
                done = done[:-1]
            elif (target := self._target(done, part)) is None:
                done = (*done, part)
            else:
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(f"{os.fsdecode(path)}: too many symbolic links")
                done = Parts() if target.startswith(b"/") else done
                todo += reversed(split(target))
        return done

    def _target(self, folder: Parts, name: bytes) -> bytes | None:
        try:
            with self.folder(folder) as here:
                return os.readlink(name, dir_fd=here)
        except OSError:  # it is no link, or is not there
            return None

    @contextmanager
    def folder(self, parts: Parts, *, make: bool = False, base: int = 0) -> Generator[int]:
        """Open a folder.

        Args:
            parts: Where it is.
            make: Whether to make it, and those above it, where they are missing.
            base: From this part on, what is no folder is replaced by one if `make`.
        """
        here = os.open(self.root, _FOLDER)
        try:
            for number, part in enumerate(parts):
                inner = self._enter(here, part, make=make, replace=make and number >= base)
                os.close(here)
                here = inner
            yield here
        finally:
            os.close(here)

    def _enter(self, here: int, name: bytes, *, make: bool, replace: bool) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=here)
        except FileNotFoundError:
            if not make:
                raise
        except OSError:
            if not replace:
                raise
            os.unlink(name, dir_fd=here)
        with suppress(FileExistsError):  # the session was faster
            os.mkdir(name, USUAL_MODE, dir_fd=here)
        inner = os.open(name, _FOLDER, dir_fd=here)
        try:
            os.fchmod(inner, USUAL_MODE)
            self._give(inner)
        except OSError:
            os.close(inner)
            raise
        return inner

    def survey(self, base: Parts, *, passes: Callable[[bytes], bool], deep: bool = True) -> Survey:
        """Look through a folder.

        Args:
            base: The folder.
            passes: Tells of a path whether to look at it and at what is below it.
            deep: Whether to look into folders, too.

        Raises:
            OSError: The folder itself can't be read.
            TooDeep: It is too deep.
        """
        survey, todo = Survey(), [b""]
        while todo:
            self.check()
            folder = todo.pop()
            try:
                with self.folder((*base, *split(folder))) as here:
                    names = [os.fsencode(name) for name in sorted(os.listdir(here))]  # noqa: PTH208 - an open folder
                    inner = self._look(here, folder, names, passes, survey)
            except (FileNotFoundError, NotADirectoryError):
                if not folder:
                    raise
                continue  # it has gone meanwhile, or become something else
            except PermissionError:
                if not folder:
                    raise
                survey.unreadable.append(folder)
                continue
            if inner and folder.count(b"/") >= _DEEPEST:
                raise TooDeep(f"{os.fsdecode(folder[:100])}...: folders are nested too deeply")
            todo += reversed(inner if deep else [])
        return survey

    def _look(
        self,
        here: int,
        folder: bytes,
        names: Sequence[bytes],
        passes: Callable[[bytes], bool],
        survey: Survey,
    ) -> list[bytes]:
        inner: list[bytes] = []
        for name in names:
            path = folder + b"/" + name if folder else name
            if not passes(path):
                continue
            found = self.found(here, name, path)
            if found is None:
                survey.skipped.append(path)
            else:
                survey.found.append(found)
                inner += [path] if found.kind == "folder" else []
        return inner

    def found(self, here: int, name: bytes, path: bytes) -> Found | None:
        """Describe what is in an open folder; None for what can't be synchronised."""
        try:
            status = os.stat(name, dir_fd=here, follow_symlinks=False)
            target = os.readlink(name, dir_fd=here) if stat.S_ISLNK(status.st_mode) else b""
        except OSError:
            return None
        return _described(path, status, target)

    @contextmanager
    def reading(self, here: int, name: bytes) -> Generator[BinaryIO]:
        """Open a regular file in an open folder.

        Raises:
            OSError: It is not there, is no regular file any more, or can't be read.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=here)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.ENXIO, "is no regular file", os.fsdecode(name))
            if self.owner not in {
                None,
                status.st_uid,
            }:  # by a hard link
                raise PermissionError(errno.EACCES, "is somebody else's", os.fsdecode(name))
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                yield file
        finally:
            os.close(descriptor)

    def write(self, here: int, path: bytes, content: BinaryIO, *, mode: int, mtime: int) -> Found:
        """Put a file into an open folder, at once, in place of a file or link of its name."""
        name = path.rpartition(b"/")[2]
        draft = f".agb-{secrets.token_hex(8)}".encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(draft, flags, 0o600, dir_fd=here), "wb") as file:  # noqa: PTH123 - a descriptor
            try:
                while chunk := content.read(_CHUNK):
                    self.check()
                    file.write(chunk)
                file.flush()
                self._give(file.fileno())
                os.fchmod(file.fileno(), mode)
                if mtime:
                    os.utime(file.fileno(), ns=(mtime, mtime))
                os.rename(draft, name, src_dir_fd=here, dst_dir_fd=here)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=here)
                raise
            found = _described(path, os.fstat(file.fileno()), b"")
        assert found is not None  # noqa: S101 - it is a regular file
        return found

    def link(self, here: int, path: bytes, target: bytes) -> Found | None:
        """Put a symbolic link into an open folder, in place of a file or link of its name."""
        name = path.rpartition(b"/")[2]
        draft = f".agb-{secrets.token_hex(8)}".encode()
        os.symlink(target, draft, dir_fd=here)
        try:
            if self.owner is not None:
                os.chown(draft, self.owner, self.owner, dir_fd=here, follow_symlinks=False)
            os.rename(draft, name, src_dir_fd=here, dst_dir_fd=here)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=here)
            raise
        return self.found(here, name, path)

    def remove_folder(self, parts: Parts, known: Callable[[Found], bool]) -> None:
        """Remove a folder with all that is in it, if nothing is lost by that.

        Args:
            parts: Where it is.
            known: Tells of a file or link in it whether it is elsewhere, too.

        Raises:
            OSError: Something in it is nowhere else; nothing is removed then, or nothing but
                what is elsewhere if the session adds files at this moment.
        """
        survey = self.survey(parts, passes=lambda _: True)
        own = [each for each in survey.found if each.kind != "folder" and not known(each)]
        if own or survey.unreadable or survey.skipped:
            raise OSError(errno.ENOTEMPTY, "is a folder with files that are nowhere else")
        for each in reversed(survey.found):
            *inner, name = split(each.path)
            with self.folder((*parts, *inner)) as here:
                (os.rmdir if each.kind == "folder" else os.unlink)(name, dir_fd=here)
        with self.folder(parts[:-1]) as here:
            os.rmdir(parts[-1], dir_fd=here)

    def _give(self, descriptor: int) -> None:
        if self.owner is not None:
            os.fchown(descriptor, self.owner, self.owner)


def _described(path: bytes, status: os.stat_result, target: bytes) -> Found | None:
    kinds: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    return Found(
        path=path,
        kind=kind,
        size=status.st_size if kind == "file" else 0,
        mode=stat.S_IMODE(status.st_mode) if kind != "link" else 0o777,
        mtime=status.st_mtime_ns if kind == "file" else 0,
        number=status.st_ino,
        changed=status.st_ctime_ns,
        target=target,
    )
