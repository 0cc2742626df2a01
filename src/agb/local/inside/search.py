"""Finding files by name or path."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import OperationError, about
from .paths import Paths

_WITHOUT_FILES = {"/proc", "/sys", "/dev"}
_GLOB = re.compile(
    r"(?P<dirs>(?:^|(?<=/))\*\*/)|(?P<all>\*\*)|(?P<star>\*)|(?P<one>\?)|(?P<set>\[!?\]?[^\]]*\])"
)

Matcher = Callable[[Path, Path], bool]


def search(paths: Paths, path: str, pattern: str, excludes: list[str] | None = None) -> list[str]:
    """Find files and directories below `path`.

    A pattern with a slash is matched against the path from `path` on (`**` stands for any
    directories), one without against the name; a plain word matches a name that holds it.

    Args:
        paths: The session's view of paths.
        path: The directory to start from; links below it are not followed.
        pattern: What to find.
        excludes: Patterns of what to leave out; an excluded directory is not looked into.

    Returns:
        The absolute paths, sorted.
    """
    base = paths.resolve(path)
    with about(path):
        os.scandir(base).close()
    wanted = _matcher(pattern)
    unwanted = [_matcher(exclude) for exclude in excludes or []]
    found = (e for e in _entries(base, unwanted) if wanted(e, base))
    return sorted(paths.show(entry) for entry in found)


def _entries(base: Path, unwanted: list[Matcher]) -> Iterator[Path]:
    """Walk down, passing over what is unwanted and what cannot be read."""
    unseen = [base]
    while unseen:
        for entry in _children(unseen.pop()):
            path = Path(entry.path)
            if any(matches(path, base) for matches in unwanted):
                continue
            yield path
            if entry.is_dir(follow_symlinks=False) and entry.path not in _WITHOUT_FILES:
                unseen.append(path)


def _children(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _matcher(pattern: str) -> Matcher:
    if not pattern:
        raise OperationError("Operation.Invalid", "a search pattern must not be empty")
    if not any(sign in pattern for sign in "*?[/"):
        return lambda path, _: pattern in path.name
    regex = _regex(pattern.strip("/"))
    if "/" in pattern:
        return lambda path, base: bool(regex.fullmatch(str(path.relative_to(base))))
    return lambda path, _: bool(regex.fullmatch(path.name))


def _regex(pattern: str) -> re.Pattern[str]:
    """Translate a glob; `fnmatch` would let `*` run across slashes."""
    parts: list[str] = []
    end = 0
    for match in _GLOB.finditer(pattern):
        parts += [re.escape(pattern[end : match.start()]), _translated(match)]
        end = match.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]), re.DOTALL)


def _translated(match: re.Match[str]) -> str:
    fixed = {"dirs": "(?:.*/)?", "all": ".*", "star": "[^/]*", "one": "[^/]"}
    kind = match.lastgroup or ""
    if kind in fixed:
        return fixed[kind]
    inner = match["set"][1:-1].replace("\\", "\\\\").replace("[", "\\[")
    return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner.replace('^', chr(92) + '^')}]"
