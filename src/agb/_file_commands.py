"""Pure: command lines for what no file tool does, and what they print.

Each runs in the directory that `place_of` names, so that it sees what the file tools see.
"""

import shlex
from collections.abc import Iterator, Sequence

from agb._wire.values import frozen

LIMIT_MS = 60_000
"""How long a command for files may run; some AGBs end a request after that."""

WALKED = (0, 1)
"""What `walk` exits with when it has told all that it could read."""

_FORMAT = r"%y %s %T@ %C@ %i %P\0"


@frozen(kw_only=True)
class Found:
    """Something in a tree of a session.

    Attributes:
        path: Its path, relative to the top; empty for the top itself.
        kind: A letter, `d` for a directory and `f` for a file.
        state: What changes when its contents do.
    """

    path: str
    kind: str
    state: str

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory itself; a link to one is none."""
        return self.kind == "d"


def place_of(path: str) -> tuple[str | None, str]:
    """Return the directory to run a command in, and what the path is from there."""
    head, _, tail = path.rstrip("/").rpartition("/")
    if not tail:
        return "/", "."
    return head or ("/" if path.startswith("/") else None), f"./{tail}"


def walk(name: str, depth: int | None = None) -> str:
    """Return the command that lists all below a directory, so many levels deep at most."""
    levels = "" if depth is None else f" -maxdepth {depth}"
    return f"find -H {shlex.quote(name)}{levels} -printf {shlex.quote(_FORMAT)}"


def read_walk(printed: str) -> Iterator[Found]:
    """Read what `walk` printed. A name may hold anything but NUL."""
    for line in printed.split("\0"):
        fields = line.split(" ", 5)
        if len(fields) == _FORMAT.count("%"):
            yield Found(path=fields[-1], kind=fields[0], state=" ".join(fields[1:-1]))


def decode(encoded: str, target: str, *, append: bool) -> str:
    """Return the command that writes what base64 in another file stands for."""
    source, into = shlex.quote(encoded), ">>" if append else ">"
    return f"base64 -d <{source} {into}{shlex.quote(target)}; {_and_remove(source)}"


def decode_in_place(encoded: str, target: str) -> str:
    """Return the command that replaces a file by what base64 in another one stands for."""
    source, part = shlex.quote(encoded), shlex.quote(f"{encoded}.part")
    replaced = _replace(part, shlex.quote(target))
    return f"base64 -d <{source} >{part} && {replaced}; {_and_remove(source, part)}"


def join(parts: Sequence[str]) -> str:
    """Return what is put before a command about a file, so that its parts are in it first.

    Each is removed as soon as it is in, or all would be there twice.

    Args:
        parts: The file itself, and what belongs behind what is in it.
    """
    whole, *others = map(shlex.quote, parts)
    if not others:
        return ""
    return (
        f'for part in {" ".join(others)}; do cat <"$part" >>{whole} && rm -f -- "$part" || '
        f"{{ rm -f -- {whole} {' '.join(others)}; exit 1; }}; done; "
    )


def copy(source: str, target: str, *, append: bool) -> str:
    """Return the command that writes what is in another file, and removes that."""
    quoted, into = shlex.quote(source), ">>" if append else ">"
    return f"cat <{quoted} {into}{shlex.quote(target)}; {_and_remove(quoted)}"


def put_in_place(part: str, target: str) -> str:
    """Return the command that replaces a file by another one; its permissions stay."""
    source = shlex.quote(part)
    return f"{_replace(source, shlex.quote(target))}; {_and_remove(source)}"


def _replace(part: str, target: str) -> str:
    """Replace what a link leads to, not the link; the `x` keeps newlines at a name's end."""
    return (
        f't=$(readlink -fn -- {target} && echo x) && t=${{t%x}} && if [ -d "$t" ]; then '
        f'echo "is a directory" >&2; false; elif [ -e "$t" ]; then '
        f'chmod --reference="$t" -- {part}; fi && mv -fT -- {part} "$t"'
    )


def _and_remove(*files: str) -> str:
    return f"done=$?; rm -f -- {' '.join(files)}; exit $done"


def pack(name: str, archive: str) -> str:
    """Return the command that packs all that is in a directory into an archive."""
    folder, packed = shlex.quote(name), shlex.quote(archive)
    return (
        f"tar --hard-dereference --warning=no-file-ignored -C {folder} -cf {packed} . "
        f"|| {{ {_and_remove(packed)}; }}"
    )


def unpack(archive: str, name: str) -> str:
    """Return the command that unpacks an archive into a directory, and removes the archive."""
    folder, packed = shlex.quote(name), shlex.quote(archive)
    return f"tar --no-same-owner -C {folder} -xpf {packed}; {_and_remove(packed)}"
