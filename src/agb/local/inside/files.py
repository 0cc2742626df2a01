"""Operations on files and directories."""

import base64
import binascii
import errno
import grp
import os
import pwd
import shutil
import stat
import time
from pathlib import Path
from typing import Any, TypedDict

from .errors import OperationError, about
from .paths import DRAFT, Paths, printable

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes that one read may give; a longer file is read in ranges."""

_MODES = {"overwrite": "wb", "append": "ab", "create_new": "xb"}
_FARTHEST = 2**43  # bytes into a file; some file systems refuse to look farther
_LONGEST_TAIL = 3  # continuation bytes of the longest UTF-8 character
_CONTINUATION = 0b10  # the first bits of such a byte
_LEADS = (0b1100_0000, 0b1110_0000, 0b1111_0000)  # from which on one more byte follows


class Edit(TypedDict):
    """One replacement: the first `oldText` becomes `newText`."""

    oldText: str
    newText: str


class Files:
    """The file operations of one session."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def info(self, path: str) -> dict[str, Any]:
        """Describe a file or directory; a link is followed unless it dangles."""
        target = self._paths.resolve(path)
        with about(path):
            status = target.stat() if target.exists() else target.lstat()
        return {
            "name": printable(target.name),
            "path": self._paths.show(target),
            "size": status.st_size,
            "isDirectory": stat.S_ISDIR(status.st_mode),
            "modTime": _moment(status.st_mtime_ns),
            "mode": stat.filemode(status.st_mode),
            "owner": _user(status.st_uid),
            "group": _group(status.st_gid),
        }

    def entries(self, path: str) -> list[dict[str, Any]]:
        """Name what is directly in a directory, in order."""
        with about(path), os.scandir(self._paths.resolve(path)) as entries:
            found = [{"name": printable(e.name), "isDirectory": e.is_dir()} for e in entries]
        return sorted(found, key=lambda entry: str(entry["name"]))

    def read(
        self, path: str, offset: int = 0, length: int | None = None, *, binary: bool = False
    ) -> str:
        """Read the bytes from `offset` on, `length` of them or all that follow.

        A text range holds the characters that *start* in it, so ranges side by side join to the
        exact text wherever their borders fall.

        Returns:
            The text, or base64 of the bytes if `binary`.
        """
        if offset < 0 or (length is not None and length < 0):
            message = f"{path}: offset and length must not be negative"
            raise OperationError("Operation.Invalid", message)
        wanted = LARGEST_ANSWER + 1 if length is None else min(length, LARGEST_ANSWER + 1)
        target = self._regular(path)
        with about(path), target.open("rb") as file:
            file.seek(min(max(0, offset - _LONGEST_TAIL), _FARTHEST))
            head = file.read(min(offset, _LONGEST_TAIL))
            left = os.fstat(file.fileno()).st_size - offset  # less than nothing where none is told
            body = file.read(min(wanted, left) if left > 0 else wanted)
            tail = file.read(_LONGEST_TAIL)
        if len(body) > LARGEST_ANSWER:
            message = f"{path}: more than {LARGEST_ANSWER} bytes; read it in ranges"
            raise OperationError("File.TooLarge", message)
        return base64.b64encode(body).decode() if binary else _characters(head, body, tail, path)

    def read_many(self, paths: list[str]) -> list[dict[str, Any]]:
        """Read whole text files; one that cannot be read is answered with its error."""
        return [self._read_one(path) for path in paths]

    def write(
        self, path: str, content: str, mode: str = "overwrite", *, binary: bool = False
    ) -> None:
        """Write text as UTF-8, or bytes given as base64, making the directories above.

        Args:
            path: The file.
            content: Its text; newlines are written as they are.
            mode: ``overwrite``, ``append``, or ``create_new``, which fails if the file is there.
            binary: Whether `content` is base64.
        """
        if mode not in _MODES:
            allowed = ", ".join(_MODES)
            raise OperationError("Operation.Invalid", f"mode {mode!r} is not one of {allowed}")
        data = _bytes(content, path, binary=binary)
        target = self._paths.resolve(path)
        with about(path):
            _make_parent(target)
            if target.exists() and mode != "create_new":
                target = self._regular(path)
            with target.open(_MODES[mode]) as file:
                file.write(data)

    def mkdir(self, path: str) -> None:
        """Make a directory and those above it; one that is there is fine."""
        target = self._paths.resolve(path)
        with about(path):
            target.mkdir(parents=True, exist_ok=True)

    def move(self, source: str, destination: str) -> None:
        """Move a file, link or directory to a name that is not taken."""
        old = self._paths.resolve(source, follow=False)
        new = self._paths.resolve(destination, follow=False)
        with about(source):
            old.lstat()
        if os.path.lexists(new):
            raise OperationError("File.Exists", f"{destination}: is there already")
        if new.is_relative_to(old):
            raise OperationError("Path.Invalid", f"{destination}: is inside {source}")
        with about(destination):
            _make_parent(new)
            shutil.move(old, new)

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a directory with all that is in it."""
        target = self._paths.resolve(path, follow=False)
        if target == self._paths.root:
            raise OperationError("File.PermissionDenied", f"{path}: the root cannot be removed")
        with about(path):
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink()

    def edit(self, path: str, edits: list[Edit], *, dry_run: bool = False) -> str:
        """Replace texts in a file, all of them or none.

        Args:
            path: A text file.
            edits: Applied one after the other; each replaces the first place that matches.
            dry_run: Whether to only say what would change.

        Returns:
            The change as a unified diff.
        """
        import difflib  # noqa: PLC0415 - it is large, and few sessions need it

        target = self._regular(path).resolve()
        with about(path):
            old = _text(target.read_bytes(), path)
        new = old
        for edit in edits:
            new = _replaced(new, edit, path)
        if not dry_run and new != old:
            with about(path):
                _replace_file(target, _bytes(new, path, binary=False))
        return "\n".join(
            difflib.unified_diff(old.split("\n"), new.split("\n"), path, path, lineterm="")
        )

    def _read_one(self, path: str) -> dict[str, Any]:
        try:
            return {"path": path, "content": self.read(path)}
        except OperationError as error:
            return {"path": path, "error": {"code": error.code, "message": error.message}}

    def _regular(self, path: str) -> Path:
        """Resolve a file that has contents: reading a pipe or a device might never end."""
        target = self._paths.resolve(path)
        with about(path):
            mode = target.stat().st_mode
        if stat.S_ISDIR(mode):
            raise OperationError("File.IsDirectory", f"{path}: is a directory")
        if not stat.S_ISREG(mode):
            raise OperationError("File.NotRegular", f"{path}: is a device, a pipe or a socket")
        return target


def _characters(head: bytes, body: bytes, tail: bytes, path: str) -> str:
    """Decode the characters that start in `body`, which lies between `head` and `tail`."""
    skipped = 0
    while skipped < min(_missing(head), len(body)) and _continues(body[skipped]):
        skipped += 1
    return _text(body[skipped:] + tail[: _missing(body)], path)


def _missing(data: bytes) -> int:
    """Count the bytes that the last character of `data` still lacks."""
    for back, byte in enumerate(reversed(data[-_LONGEST_TAIL:]), start=1):
        if not _continues(byte):
            return max(0, _width(byte) - back)
    return 0


def _continues(byte: int) -> bool:
    return byte >> 6 == _CONTINUATION


def _width(lead: int) -> int:
    """Give the length of the UTF-8 character that starts with `lead`."""
    return 1 + sum(lead >= least for least in _LEADS)


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8 text; read it with the format binary"
        raise OperationError("File.NotText", message) from error


def _bytes(content: str, path: str, *, binary: bool) -> bytes:
    try:
        return base64.b64decode(content, validate=True) if binary else content.encode()
    except binascii.Error as error:
        raise OperationError("Operation.Invalid", f"{path}: not base64: {error}") from error
    except UnicodeEncodeError as error:
        raise OperationError("File.NotText", f"{path}: not UTF-8 text: {error.reason}") from error


def _replaced(text: str, edit: Edit, path: str) -> str:
    old = edit["oldText"]
    if not old or old not in text:
        message = f"{path}: the text to replace is not in it: {old!r}"
        raise OperationError("File.EditMismatch", message)
    return text.replace(old, edit["newText"], 1)


def _make_parent(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file is where the directory should be
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory") from error


def _replace_file(target: Path, data: bytes) -> None:
    """Put new contents in place at once, so that a reader sees the old or the new ones."""
    draft = target.with_name(f"{DRAFT}{os.urandom(8).hex()}")
    try:
        draft.write_bytes(data)
        draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _moment(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 10**6:03}+00:00"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
