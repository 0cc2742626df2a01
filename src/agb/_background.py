"""Pure: what the scripts of background processes are told, and what they tell."""

import base64
import re
import signal
from collections.abc import Mapping
from typing import Literal, cast

from agb import _checks
from agb._reading import command_error
from agb._retry import surely_not_sent
from agb._scripts import CLOSED, ENDED, NO_STDIN, RUNNING, UNKNOWN
from agb._shell import joined, whole
from agb._wire.values import frozen
from agb.exceptions import (
    AGBError,
    APIConnectionError,
    InvalidParamsError,
    ProcessLostError,
    ProcessNotFoundError,
    ServerError,
    ToolError,
    UnexpectedResponseError,
)
from agb.results import CommandResult, ProcessInfo, ProcessOutput

State = Literal["running", "exited", "lost"]
Stream = Literal["stdout", "stderr"]

PIECE = 256 * 1024
"""Bytes of a stream that are read in one call."""
START_PAUSES = (0.2, 1.0)
"""Seconds to wait before the call that starts a process is made again."""

STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")

_ID = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SIGNAL_NAME = re.compile(
    "ABRT|ALRM|BUS|CHLD|CONT|FPE|HUP|ILL|INT|IO|KILL|PIPE|PROF|PWR|QUIT|SEGV|STOP|SYS|TERM|"
    "TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ"
)
_HIGHEST_SIGNAL = 64


@frozen(kw_only=True)
class Look:
    """What a look at a process showed.

    Attributes:
        sizes: Bytes that each stream has so far.
        data: What was read of each stream that was asked for.
    """

    state: State
    pid: int | None
    exit_code: int | None
    sizes: Mapping[Stream, int]
    data: Mapping[Stream, bytes]
    request_id: str


def offsets(stdout: int | None = None, stderr: int | None = None) -> dict[str, str]:
    """Return the variables that `READ` needs; None is for a stream that is not wanted."""
    wanted = {"AGB_STDOUT": stdout, "AGB_STDERR": stderr}
    told = {name: "" if offset is None else str(offset) for name, offset in wanted.items()}
    return {**told, "AGB_MOST": str(PIECE)}


def said(result: CommandResult, process_id: str) -> str:
    """Return what a script printed.

    Raises:
        AGBError: It failed; its exit code tells how.
    """
    if result.error is None:
        return result.stdout or result.output
    name = f"process {process_id}"
    told: dict[int | None, AGBError] = {
        UNKNOWN: ProcessNotFoundError(f"the session has no {name}", request_id=result.request_id),
        ENDED: _refused(result, "Process.Ended", f"{name} has ended already"),
        RUNNING: _refused(result, "Process.Running", f"{name} is running: kill() it first"),
        NO_STDIN: _refused(
            result, "Process.NoStdin", f"{name} reads nothing: it was started without stdin=True"
        ),
        CLOSED: _refused(result, "Process.StdinClosed", f"the standard input of {name} was closed"),
    }
    raise told.get(result.exit_code, result.error)


def had_ended(result: CommandResult) -> bool:
    """Tell whether a script found nothing to send a signal to."""
    return result.exit_code == ENDED


def _refused(result: CommandResult, code: str, message: str) -> ToolError:
    return ToolError(message, code=code, request_id=result.request_id)


def read_look(text: str, request_id: str) -> Look:
    """Read what `READ` printed."""
    try:
        first, *rest = text.split("\n")
        state, pid, code = first.split(" ")
        if state not in {"running", "exited", "lost"}:
            raise ValueError(state)  # noqa: TRY301 - told below, like the rest
        return Look(
            state=cast("State", state),
            pid=None if pid == "-" else int(pid),
            exit_code=int(code) if code else None,
            sizes=dict(zip(STREAMS, map(int, rest[0:4:2]), strict=True)),
            data=dict(zip(STREAMS, map(base64.b64decode, rest[1:4:2]), strict=True)),
            request_id=request_id,
        )
    except ValueError:
        raise _unexpected(text, request_id) from None


def read_list(text: str, request_id: str) -> tuple[ProcessInfo, ...]:
    """Read what `LIST` printed."""
    try:
        return tuple(_read_info(line) for line in text.splitlines())
    except ValueError:
        raise _unexpected(text, request_id) from None


def _read_info(line: str) -> ProcessInfo:
    process_id, state, pid, code, command = line.split(" ")
    return ProcessInfo(
        process_id=process_id,
        state=state,
        pid=None if pid == "-" else int(pid),
        exit_code=None if code == "-" else int(code),
        command=base64.b64decode(command).decode(errors="replace"),
    )


def _unexpected(text: str, request_id: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"the session does not tell of its processes, but says {text!r:.200}",
        request_id=request_id,
    )


def piece(stream: Stream, offset: int, look: Look) -> ProcessOutput | None:
    """Return what was read of a stream from an offset on; None for nothing yet.

    The beginning of a character that the process has not finished yet is left for later.
    """
    data = look.data[stream]
    if look.state == "running" or offset + len(data) < look.sizes[stream]:
        data = data[: whole(data)]
    return ProcessOutput(stream=stream, data=data, offset=offset) if data else None


def pieces(look: Look, stdout: int, stderr: int) -> list[ProcessOutput]:
    """Return what was read of both streams from two offsets on."""
    found = (piece("stdout", stdout, look), piece("stderr", stderr, look))
    return [each for each in found if each is not None]


def finished(look: Look, stdout: tuple[str, bool], stderr: tuple[str, bool]) -> CommandResult:
    """Return the result of a process that has ended.

    Args:
        look: What was seen of it.
        stdout: What it wrote, and whether a part of that was left out.
        stderr: Likewise.
    """
    code = look.exit_code
    return CommandResult(
        request_id=look.request_id,
        error=command_error(stdout[0], stderr[0], code, request_id=look.request_id)
        if code
        else None,
        stdout=stdout[0],
        stderr=stderr[0],
        exit_code=code,
        output=stdout[0] + stderr[0],
        truncated=stdout[1] or stderr[1],
    )


def lost(process_id: str, request_id: str) -> ProcessLostError:
    """Return the error for a process whose end nobody recorded."""
    return ProcessLostError(
        f"what watched over process {process_id} was killed: the exit code is unknown, and the "
        "command may still be running; kill() ends it",
        request_id=request_id,
    )


def ends(head: bytes, tail: bytes, size: int) -> tuple[str, bool]:
    """Return the text of a stream from its two ends, and whether a part was left out."""
    return joined(head, tail, size), len(head) + len(tail) < size


def answer_was_lost(error: AGBError) -> bool:
    """Tell whether a call may have been carried out, though no answer says so."""
    return isinstance(error, ServerError) or (
        isinstance(error, APIConnectionError) and not surely_not_sent(error)
    )


def checked_id(value: object) -> str:
    """Return an id that a process can have."""
    process_id = _checks.text("process_id", value)
    if not _ID.fullmatch(process_id):
        raise InvalidParamsError(
            "process_id must be 1 to 64 letters, digits, dots, hyphens and underscores, and begin "
            f"with a letter or a digit: {process_id!r:.80}"
        )
    return process_id


def checked_signal(value: object) -> str:
    """Return the name of a signal as `kill` takes it, or its number."""
    if isinstance(value, signal.Signals):
        value = value.name  # numbers differ from system to system
    if isinstance(value, str):
        name = value.strip().upper().removeprefix("SIG")
        if _SIGNAL_NAME.fullmatch(name):
            return name
    elif isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _HIGHEST_SIGNAL:
        return str(value)
    raise InvalidParamsError(f"sig must be the name or the number of a signal, not {value!r:.80}")


def checked_stream(value: object) -> Stream:
    """Return the name of a stream."""
    if value not in STREAMS:
        raise InvalidParamsError(f'stream must be "stdout" or "stderr", not {value!r:.80}')
    return value


def checked_offset(name: str, value: object) -> int:
    """Return a whole number, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidParamsError(f"{name} must be a whole number, 0 or more, not {value!r:.80}")
    return value


def checked_data(value: object) -> bytes:
    """Return bytes to send, given as themselves or as text."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", value))
    return _checks.text("data", value).encode()
