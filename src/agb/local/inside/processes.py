"""Starting processes, and finding every last one that came of them."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .errors import OperationError

MARK = "AGB_MARK"
"""The environment variable that a process of the session inherits, whoever its parent is now."""

_ROUNDS = 200  # of killing what a dying tree still manages to start
_PAUSE = 0.005
_BLOCK = 64 * 1024
_READY_TO_DIE = b"500"  # when memory runs out, before the agent and the server


class Process(NamedTuple):
    """What the system's table says of a process."""

    parent: int
    started: int
    """Clock ticks since the machine started; 0 where the table does not say."""


def table() -> dict[int, Process]:
    """List the living processes: not those that only wait for their parent's notice."""
    if sys.platform == "linux":
        pids = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - names only
        found = ((pid, _from_proc(pid)) for pid in pids)
        return {pid: process for pid, process in found if process}
    return _from_ps()


def descendants(roots: set[int], started: int = 0) -> set[int]:
    """Give `roots` and all processes below them, if alive and not older than `started`."""
    processes = table()
    found = _below(roots, processes)
    return {pid for pid in found if pid in processes and processes[pid].started >= started}


def is_childless(pid: int) -> bool:
    """Tell whether a process surely has no children, at less cost than by listing them."""
    try:
        return not any(
            _read(f"/proc/{pid}/task/{thread}/children")
            for thread in os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names only
        )
    except OSError:  # it has ended, or the kernel is built without these lists
        return False


def _below(roots: set[int], processes: dict[int, Process]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    found: set[int] = set()
    unseen = list(roots)
    while unseen:
        pid = unseen.pop()
        if pid not in found:
            found.add(pid)
            unseen += children.get(pid, [])
    return found


def marked(mark: str) -> set[int]:
    """Find processes whose mark is `mark` or starts with it and a dot; Linux only."""
    return _bearers(table(), mark)


def _bearers(pids: Iterable[int], mark: str) -> set[int]:
    exact = f"{MARK}={mark}".encode()
    return {pid for pid in pids if _bears(pid, exact)}


def end_of(pid: int) -> int | None:
    """Give what can be read from once a process has ended, where the system has such a thing."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except OSError:  # the kernel is too old, or made to look so
        return None


def ticks() -> int:
    """Give the present time as `Process.started` counts it."""
    if sys.platform == "linux":
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))
    return 0


def kill_tree(roots: set[int], mark: str) -> None:
    """Kill processes, what they started, and what bears their mark, until none is left.

    This process is spared, though it may be one of the roots.
    """
    known = set(roots)

    def find() -> set[int]:
        processes = table()
        known.update(_bearers(processes, mark))
        known.update(_below(known, processes))
        return (known & processes.keys()) - {os.getpid()}

    kill_until_none(find)


def kill_others() -> None:
    """Kill all processes that can be seen, but this one and those that it came from.

    It is for a process table of the session's own and nothing else.
    """
    processes = table()
    spared = {pid := os.getpid()}
    while pid := processes[pid].parent:
        spared.add(pid)
    kill_until_none(lambda: set(table()) - spared)


def kill_until_none(find: Callable[[], set[int]]) -> None:
    """Kill until none is found twice: once, one may be just about to become another program.

    All are stopped before any is killed: what is stopped starts nothing, and keeps its place among
    the processes that a session may have, so that even a fork bomb soon finds no more room.
    """
    _signal(_stopped(find), signal.SIGKILL)
    found = True
    for _ in range(_ROUNDS):
        victims = find()
        if not victims and not found:
            return
        found = bool(victims)
        _signal(victims, signal.SIGKILL)
        time.sleep(_PAUSE)


def _stopped(find: Callable[[], set[int]]) -> set[int]:
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        new = find() - stopped
        if not new:
            break
        _signal(new, signal.SIGSTOP)
        stopped |= new
    return stopped


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in sorted(pids):  # parents first: they might have something to say to it
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


class Spawner:
    """Starts the session's processes: marked, in a session of their own, reading nothing.

    Args:
        env: Their environment.
        mark: What all marks of this session start with.
        adopts: Whether orphans of the session become this process's children, to be reaped here.
    """

    def __init__(self, env: dict[str, str], mark: str, *, adopts: bool = False) -> None:
        self._env = env
        self._mark = mark
        self._adopts = adopts
        self._count = 0
        self._own: set[int] = set()
        self._lock = threading.Lock()

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: dict[str, str] | None = None,
        inherit: Sequence[int] = (),
    ) -> tuple[subprocess.Popen[bytes], str]:
        """Start a process with pipes for its output.

        Returns:
            The process, and the mark that it and all that it starts bear.

        Raises:
            OperationError: ``Process.Limit`` when the session has too many processes.
        """
        with self._lock:
            self._reap_orphans()
            self._count += 1
            mark = f"{self._mark}.{self._count}"
            process = self._start(arguments, cwd, {**self._env, **(env or {}), MARK: mark}, inherit)
            self._own.add(process.pid)
        _let_die_first(process.pid)
        return process, mark

    def ended(self, process: subprocess.Popen[bytes]) -> None:
        """Take note that somebody has seen a process started here end."""
        self._own.discard(process.pid)

    def _start(
        self, arguments: Sequence[str], cwd: Path, env: dict[str, str], inherit: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - running what the session asks for is the point
                arguments,
                cwd=cwd,
                env=env,
                pass_fds=inherit,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise _refusal(error, arguments[0]) from error
        except ValueError as error:  # a NUL, an "=" in a name, or no valid text
            raise OperationError("Operation.Invalid", f"cannot start it: {error}") from error

    def _reap_orphans(self) -> None:
        """Take notice of dead children, but never of one that somebody here waits for."""
        if not self._adopts:
            return
        with suppress(ChildProcessError):
            while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if dead.si_pid in self._own:
                    return
                os.waitpid(dead.si_pid, os.WNOHANG)


def _refusal(error: OSError, program: str) -> OperationError:
    if error.errno in {errno.EAGAIN, errno.ENOMEM}:
        message = "the session's limit of processes or memory is reached"
        return OperationError("Process.Limit", message)
    if error.errno == errno.E2BIG:
        message = "the command or its environment is too long; write it to a file and run that"
        return OperationError("Command.TooLong", message)
    return OperationError("Process.Failed", f"cannot start {program}: {error.strerror}")


def _let_die_first(pid: int) -> None:
    """Point the kernel at what the session started, and not at the agent, if memory runs out."""
    with suppress(OSError):
        file = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, _READY_TO_DIE)
        finally:
            os.close(file)


def _from_proc(pid: int) -> Process | None:
    try:
        text = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    state, parent, *rest = text.rpartition(b")")[2].split()
    return None if state in b"ZX" else Process(int(parent), int(rest[17]))


def _from_ps() -> dict[int, Process]:
    output = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True
    ).stdout
    rows = (line.split() for line in output.splitlines())
    return {int(pid): Process(int(parent), 0) for pid, parent, state in rows if state[0] != "Z"}


def _bears(pid: int, exact: bytes) -> bool:
    try:
        variables = _read(f"/proc/{pid}/environ").split(b"\0")
    except OSError:
        return False
    return any(variable == exact or variable.startswith(exact + b".") for variable in variables)


def _read(path: str) -> bytes:
    """Read a file with as few system calls as can be: for who is traced each one takes long."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(file, _BLOCK), b""))
    finally:
        os.close(file)
