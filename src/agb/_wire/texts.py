"""The texts in which tools answer about files and commands, written and read side by side."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import field

from agb._wire.codec import wire
from agb._wire.values import frozen

NO_MATCHES = "No matches found"
_BLOCK_BORDER = "---"

Fact = str | int | float | bool


@frozen(kw_only=True)
class Entry:
    """One entry of a directory."""

    name: str
    is_directory: bool


def write_facts(facts: Mapping[str, Fact]) -> str:
    """Write what is known of a file: lines of `key: value`."""
    return "".join(f"{key}: {_as_text(value)}\n" for key, value in facts.items())


def read_facts(text: str) -> dict[str, Fact]:
    """Read lines of `key: value`; numbers and booleans become what they look like."""
    pairs = (line.split(":", 1) for line in text.split("\n") if ":" in line)
    return {key.strip(): _as_fact(value.strip()) for key, value in pairs}


def _as_text(fact: Fact) -> str:
    return str(fact).lower() if isinstance(fact, bool) else str(fact)


def _as_fact(text: str) -> Fact:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def write_listing(entries: Iterable[Entry]) -> str:
    """Write a directory listing: lines of `[DIR] name` and `[FILE] name`."""
    return "\n".join(f"[{'DIR' if e.is_directory else 'FILE'}] {e.name}" for e in entries)


def read_listing(text: str) -> list[Entry]:
    """Read a directory listing; other lines are skipped."""
    lines = (line.strip("\r") for line in text.split("\n"))
    return [
        Entry(name=line.split("] ", 1)[1], is_directory=line.startswith("[DIR] "))
        for line in lines
        if line.startswith(("[DIR] ", "[FILE] "))
    ]


def write_blocks(contents: Mapping[str, str]) -> str:
    """Write several files: `path:`, the content, and a line of three hyphens between files."""
    return f"\n{_BLOCK_BORDER}\n".join(f"{path}:\n{text}" for path, text in contents.items())


def read_blocks(text: str, paths: Sequence[str]) -> dict[str, str]:
    """Read several files. Contents come back trimmed, as this text shape can't tell more.

    Args:
        text: What the tool answered.
        paths: The paths that were asked for; a path with a colon is only told from its content
            by being one of them.
    """
    blocks: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip() == _BLOCK_BORDER:
            blocks.append([])
        else:
            blocks[-1].append(line)
    found: dict[str, str] = {}
    for block in blocks:
        head, *lines = "\n".join(block).lstrip().split("\n")
        asked = (p for p in paths if head.startswith(f"{p}:"))
        path = max(asked, key=len, default=head.split(":", 1)[0])
        if ":" in head:
            found[path] = "\n".join([head[len(path) + 1 :], *lines]).strip()
    return found


def read_diff(text: str) -> str:
    """Read the diff that an edit answers with, fenced or not; other words are none."""
    lines = [line for line in text.split("\n") if not line.startswith("```")]
    return "\n".join(lines) if any(line.startswith(("+", "-")) for line in lines) else ""


def write_matches(paths: Iterable[str]) -> str:
    """Write what a search found: a path a line, or a fixed sentence for nothing."""
    return "\n".join(paths) or NO_MATCHES


def read_matches(text: str) -> list[str]:
    """Read what a search found."""
    if text.strip() == NO_MATCHES:
        return []
    return [line.strip("\r") for line in text.split("\n") if line.strip()]


@frozen(kw_only=True)
class ShellOutcome:
    """What a command left behind: the JSON text that `shell` answers with."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = field(default=None, metadata=wire("exit_code"))
    error_code: int | None = field(default=None, metadata=wire("errorCode"))
    trace_id: str | None = field(default=None, metadata=wire("traceId"))


@frozen(kw_only=True)
class ChangeEvent:
    """One change below a watched path."""

    event_type: str
    path: str
    path_type: str = ""
