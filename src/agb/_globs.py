"""Pure: which paths a pattern such as `/tmp/**/*.py` means."""

import re
from functools import lru_cache

_SIGNS = re.compile(r"[*?\[]")
_PART = re.compile(r"(?P<star>\*+)|(?P<one>\?)|(?P<set>\[!?\]?[^\]]*\])")


def split(pattern: str) -> tuple[str, str]:
    """Return the directory that a pattern starts from, and what is to be matched below it."""
    parts = (pattern.rstrip("/") or "/").split("/")
    plain = next((n for n, part in enumerate(parts) if _SIGNS.search(part)), len(parts) - 1)
    base = "/".join(parts[:plain])
    return base or ("/" if pattern.startswith("/") else "."), "/".join(parts[plain:])


def depth(below: str) -> int | None:
    """Return how many levels deep the paths can be that a pattern means; None for any."""
    parts = below.strip("/").split("/")
    return None if "**" in parts else len(parts)


@lru_cache(maxsize=64)
def matcher(below: str) -> re.Pattern[str]:
    """Return what matches the paths, relative to where the pattern starts.

    `*`, `?` and `[...]` stay within a name, names that start with a dot included; `**` as a whole
    part stands for any number of directories, none included.
    """
    parts = [part for part in below.split("/") if part]
    regex = "".join("(?:[^/]+/)*" if part == "**" else f"{_name(part)}/" for part in parts)
    return re.compile(regex, re.DOTALL)


def matches(below: str, path: str) -> bool:
    """Tell whether a pattern means a path."""
    return bool(matcher(below).fullmatch(f"{path}/"))


def _name(part: str) -> str:
    regex, end = "", 0
    for match in _PART.finditer(part):
        regex += re.escape(part[end : match.start()]) + _sign(match)
        end = match.end()
    return regex + re.escape(part[end:])


def _sign(match: re.Match[str]) -> str:
    if match["star"]:
        return "[^/]*"
    if match["one"]:
        return "[^/]"
    inner = match["set"][1:-1]
    without = inner.startswith("!")
    listed = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if without else inner)
    return f"(?!/)[{'^' if without else ''}{listed}]"
