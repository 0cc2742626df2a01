"""What of the host a session must see to run anything: the interpreter and other languages."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import frozen

SYSTEM = (Path("/usr"), Path("/etc"))
"""Host folders that every session sees, read-only."""

_PACKAGES = {"site-packages", "dist-packages"}
_TOOLS = ("node", "java", "Rscript")
_USUAL = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")


@frozen(kw_only=True)
class View:
    """The host's programs, as a session sees them.

    Attributes:
        folders: Folders outside `SYSTEM` to show read-only under their own names.
        path: The folders to look for programs in.
    """

    folders: tuple[Path, ...]
    path: tuple[str, ...]

    def shows(self, path: Path) -> Path | None:
        """Give the folder by which sessions see a path of the host, if they do."""
        real = path.resolve()
        return next((f for f in (*SYSTEM, *self.folders) if real.is_relative_to(f.resolve())), None)

    @classmethod
    def of_this_process(cls) -> "View":
        """Find the folders of the running interpreter and of the languages on its path."""
        tools = [real for tool in _TOOLS if (real := _tool(tool))]
        elsewhere = [tool.parent for tool in tools if not _covered(tool, SYSTEM)]
        folders = _outermost([*_interpreter(), *(folder.parent for folder in elsewhere)])
        path = (f"{sys.prefix}/bin", *map(str, elsewhere), *_USUAL)
        return cls(folders=tuple(folders), path=tuple(dict.fromkeys(path)))


def _interpreter() -> Iterator[Path]:
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    packages = {entry for entry in sys.path if Path(entry).name in _PACKAGES}
    yield from map(Path, sorted(prefixes | packages))
    yield Path(sys.executable).resolve().parent.parent


def _tool(name: str) -> Path | None:
    """Find a program where it really is; Java may be named by its home only."""
    home = os.environ.get("JAVA_HOME") if name == "java" else None
    found = shutil.which(name, path=f"{home}/bin") if home else None
    found = found or shutil.which(name)
    return Path(found).resolve() if found else None


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Leave out what the system's folders or another one hold already; never show all."""
    found: list[Path] = []
    real = {folder.resolve() for folder in folders} | set(folders)
    for folder in sorted(real, key=lambda folder: len(folder.parts)):
        if folder.is_dir() and folder != Path("/") and not _covered(folder, (*SYSTEM, *found)):
            found.append(folder)
    return found


def _covered(path: Path, by: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in by)
