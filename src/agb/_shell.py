"""Pure: command lines, and how much of what they write comes back.

Scripts are constants: what differs from call to call reaches them as environment variables, never
as a part of their text. They need a POSIX shell and the usual small programs.
"""

import base64
import codecs
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import cast

from attrs import evolve

from agb import _checks
from agb._reading import command_error
from agb._wire.values import frozen
from agb.exceptions import (
    AGBError,
    CommandError,
    ExecutionTimeoutError,
    InvalidParamsError,
    UnexpectedResponseError,
)
from agb.results import CommandResult

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_WORD_OF_THE_SHELL = re.compile(
    "case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while"
)

BECOME_THE_COMMAND = """\
set -- "${BASH:-$(command -v sh)}" -c "$AGB_COMMAND"
agb_names=$AGB_NAMES
unset AGB_COMMAND AGB_NAMES
for agb_name in $agb_names; do
  eval "export $agb_name=\\"\\$AGB_ENV_$agb_name\\""
  unset "AGB_ENV_$agb_name"
done
exec "$@"
"""
"""Go on as what `environment` holds, in the same kind of shell: only it gets the variables."""

SHOW_BOUNDED = """\
folder=${TMPDIR:-/tmp}/.agb/output/$AGB_OUTPUT
for stream in stdout stderr; do
  file=$folder/$stream
  size=$(wc -c <"$file") || exit
  size=$((size))
  if [ "$size" -gt "$AGB_MOST" ]; then
    echo "$size $file"
    head -c "$AGB_HEAD" "$file" | base64 | tr -d '\\n'
    echo
    tail -c "$((AGB_MOST - AGB_HEAD))" "$file" | base64 | tr -d '\\n'
  else
    echo "$size"
    base64 <"$file" | tr -d '\\n'
    echo
    rm -f "$file"
  fi
  echo
done
rmdir "$folder" 2>/dev/null
"""
"""Print of each stream its size, its file when only a part is shown, its head and its tail."""

RUN_BOUNDED = f"""\
folder=${{TMPDIR:-/tmp}}/.agb/output/$AGB_OUTPUT
mkdir -p "$folder" || exit
trap : HUP INT TERM
(
unset AGB_OUTPUT AGB_MOST AGB_HEAD
{BECOME_THE_COMMAND}) >"$folder/stdout" 2>"$folder/stderr"
code=$?
{SHOW_BOUNDED}exit "$code"
"""
"""Run a command with its output in files, show both ends of it, and end as the command did."""


@frozen
class Bounded:
    """Both streams of a command as `SHOW_BOUNDED` prints them."""

    stdout: str
    stderr: str
    stdout_path: str
    stderr_path: str


def line(command: object) -> str:
    """Return the command line for a command given as one, or as its words."""
    if isinstance(command, str):
        return _checks.non_blank("command", command)
    if isinstance(command, bytes) or not isinstance(command, Sequence) or not command:
        raise InvalidParamsError(
            f"command must be a string or a list of strings, not {command!r:.80}"
        )
    items = enumerate(cast("Sequence[object]", command))
    words = [_word(f"command[{index}]", item) for index, item in items]
    program = _checks.non_blank("command[0]", words[0])
    if "=" in program or _WORD_OF_THE_SHELL.fullmatch(program):
        quoted = program.replace("'", "'\"'\"'")
        return f"'{quoted}' {shlex.join(words[1:])}".rstrip()
    return shlex.join(words)


def _word(name: str, value: object) -> str:
    word = _checks.text(name, value)
    if "\0" in word:
        raise InvalidParamsError(f"{name} must not hold a NUL character: {word!r:.80}")
    return word


def environment(command: str, envs: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that `BECOME_THE_COMMAND` needs.

    Those for the command get names of ours first: a `PATH` or `TMPDIR` meant for it must not
    change what the script itself does. A name that no shell takes can't, and stays as it is.
    """
    names = [name for name in envs if _NAME.fullmatch(name)]
    renamed = {f"AGB_ENV_{name}" if name in names else name: envs[name] for name in envs}
    return {**renamed, "AGB_COMMAND": command, "AGB_NAMES": " ".join(names)}


def bounds(output: str, most: int) -> dict[str, str]:
    """Return the variables that `SHOW_BOUNDED` needs.

    Args:
        output: Name of the folder that holds the output.
        most: Bytes of each stream that may be shown.
    """
    return {"AGB_OUTPUT": output, "AGB_MOST": str(most), "AGB_HEAD": str(half(most))}


def half(most: int) -> int:
    """Return how many of so many bytes are kept from the beginning."""
    return most - most // 2


def bounded_result(ran: CommandResult, shown: CommandResult) -> CommandResult:
    """Return the result of a command from that of the script that ran it.

    Args:
        ran: How the script ended: as the command did.
        shown: What `SHOW_BOUNDED` printed; the same result, unless it had to be asked anew.
    """
    found = _read_bounded(shown.stdout or shown.output)
    if found is None:
        if ran.error is not None:
            return ran
        raise UnexpectedResponseError(
            "the command ran, but its output did not come back", request_id=ran.request_id
        )
    return evolve(
        ran,
        error=_bounded_error(ran, found),
        stdout=found.stdout,
        stderr=found.stderr,
        output=found.stdout + found.stderr,
        truncated=bool(found.stdout_path or found.stderr_path),
        stdout_path=found.stdout_path,
        stderr_path=found.stderr_path,
    )


def _bounded_error(ran: CommandResult, found: Bounded) -> AGBError | None:
    streams = {"stdout": found.stdout, "stderr": found.stderr}
    match ran.error:
        case ExecutionTimeoutError(message=message, code=code):
            return ExecutionTimeoutError(message, code=code, request_id=ran.request_id, **streams)
        case CommandError(code=code, exit_code=exit_code):
            told = {"code": code, "request_id": ran.request_id}
            return command_error(**streams, exit_code=exit_code or 0, **told)
        case error:
            return error


def _read_bounded(text: str) -> Bounded | None:
    try:
        lines = text.split("\n")
        stdout, stdout_path = _read_stream(lines[0:3])
        stderr, stderr_path = _read_stream(lines[3:6])
    except ValueError:  # not all of it is there
        return None
    return Bounded(stdout, stderr, stdout_path, stderr_path)


def _read_stream(lines: Sequence[str]) -> tuple[str, str]:
    about, head, tail = lines
    size, _, path = about.partition(" ")
    return joined(base64.b64decode(head), base64.b64decode(tail), int(size)), path


def joined(head: bytes, tail: bytes, size: int) -> str:
    """Return the text of both ends of something, with a line between that tells what is missing.

    Args:
        head: Its beginning.
        tail: Its end.
        size: Bytes of the whole.
    """
    if len(head) + len(tail) >= size:
        return (head + tail).decode(errors="replace")
    head = head[: whole(head)]
    tail = tail[_inside_a_character(tail) :]
    border = "" if not head or head.endswith(b"\n") else "\n"
    told = f"{border}[... {size - len(head) - len(tail)} of {size} bytes cut ...]\n"
    return head.decode(errors="replace") + told + tail.decode(errors="replace")


def whole(data: bytes) -> int:
    """Return how many bytes are whole characters: all, unless the last one goes on."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    return len(data) - len(decoder.getstate()[0])


def _inside_a_character(data: bytes) -> int:
    """Return how many bytes at the start belong to a character that began before."""
    continued = 0
    while continued < min(3, len(data)) and data[continued] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8
        continued += 1
    return continued
