"""A sandbox that is a process with an agent at its end, however that process is walled in."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import psutil
from attrs import define, field

from agb.local.inside.errors import OperationError
from agb.local.inside.processes import kill_tree
from agb.local.removal import remove_tree
from agb.local.sandbox.cgroups import Group
from agb.local.sandbox.connection import Connection
from agb.local.sandbox.disk import DiskWatch
from agb.local.sandbox.door import Door
from agb.local.sandbox.interface import EventHandler, SandboxGone
from agb.local.sandbox.plan import Plan
from agb.local.sandbox.trial import line_of

_log = logging.getLogger(__name__)

_JOIN = (
    'n=$1; shift; while [ $n -gt 0 ]; do echo $$ >"$1" || exit; shift; n=$((n-1)); done; exec "$@"'
)
_STARTING = 30.0  # seconds until an agent must have answered, on a very busy machine
_HALTING = 10.0  # seconds until an agent must have killed what the session runs
_WRITES = {"file.edit", "file.mkdir", "file.write"}
_ENDING = 2.0  # seconds until an agent that was hung up on must have ended


@define(kw_only=True, eq=False)
class House:
    """A started sandbox."""

    level: str
    description: str
    root: Path
    owner: int | None
    disk: int
    _process: subprocess.Popen[bytes] = field(alias="process")
    _walled: bool = field(alias="walled")
    _traced: bool = field(alias="traced")
    _mark: str = field(alias="mark")
    _connection: Connection = field(alias="connection")
    _door: Door = field(alias="door")
    _group: Group | None = field(alias="group")
    _watch: DiskWatch = field(init=False)
    _calm: asyncio.Event = field(factory=asyncio.Event, init=False)
    _watching: asyncio.Task[None] | None = field(default=None, init=False)
    _closing: asyncio.Task[None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._calm.set()
        self._watch = DiskWatch(
            root=self.root, most=self.disk, processes=self.processes, stop=self._stop_all
        )

    @property
    def alive(self) -> bool:
        """Whether requests can still be answered."""
        return self._connection.open

    async def request(
        self,
        op: str,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - a deadline is part of a request
        on_event: EventHandler | None = None,
        **params: Any,
    ) -> Any:
        """Do one operation inside the sandbox, see `Sandbox.request`."""
        if op in _WRITES and self._watch.over:
            raise OperationError(
                "Disk.Full", f"the session's files take more than its {self.disk} bytes of disk"
            )
        await self._calm.wait()  # what begins while all is stopped would be stopped with it
        return await self._connection.request(op, params, timeout=timeout, on_event=on_event)

    async def _stop_all(self) -> None:
        """Stop all that the session runs, since it takes too much; end it if that is no help."""
        _log.warning("a session took more than %d bytes of disk: %s", self.disk, self.root)
        self._calm.clear()
        try:
            await self._connection.request("halt", {}, timeout=_HALTING)
        except (TimeoutError, SandboxGone, OperationError):
            await asyncio.to_thread(self._end_processes)
        finally:
            self._calm.set()

    async def connect(self, port: int) -> socket.socket:
        """Connect to a port of the session, see `Sandbox.connect`."""
        if not self._walled and not await asyncio.to_thread(self._listens, port):
            raise ConnectionRefusedError(f"nothing of the session listens on port {port}")
        return await self._door.connect(port)

    def _listens(self, port: int) -> bool:
        """Tell whether a port is the session's own, where all sessions have the host's ports."""
        return any(port in _ports_of(pid) for pid in self.processes())

    def processes(self) -> list[int]:
        """Give the host process ids of everything that runs in the session."""
        if self._group:
            return sorted(self._group.processes())
        if self._process.poll() is not None:  # its number may be somebody else's by now
            return []
        try:
            top = psutil.Process(self._process.pid)
            return [top.pid, *(child.pid for child in top.children(recursive=True))]
        except psutil.NoSuchProcess:
            return []

    async def aclose(self) -> None:
        """Kill everything in the sandbox and remove its folder."""
        if not self._closing:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    def watch(self) -> None:
        """Keep the session to its share of the disk from now on."""
        self._watching = asyncio.create_task(self._watch.run())

    async def end(self) -> None:
        """Kill everything in the sandbox."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self._door.close()
        await self._connection.aclose()
        await asyncio.to_thread(self._end_processes)

    async def _close(self) -> None:
        await self.end()
        await asyncio.to_thread(remove_tree, self.root)

    def _end_processes(self) -> None:
        """Let the agent end its session; do it for an agent that cannot.

        What a tracer traces goes before the tracer: without it, paths mean files of the machine.
        """
        if self._walled:
            for pid in _children(self._process.pid):  # the first process in there ends all others
                with suppress(ProcessLookupError):  # it ends by itself, as nobody asks any more
                    os.kill(pid, signal.SIGKILL)
        elif self._traced:  # what is traced is slow to find what is to end
            kill_tree(set(_children(self._process.pid)), self._mark)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING)
        if self._process.poll() is None:
            kill_tree({self._process.pid}, self._mark)
        elif self._process.returncode and not self._walled:
            kill_tree(set(), self._mark)
        self._process.wait()
        if self._traced:
            _clean_up_after(self._process.pid)
        if self._group:
            self._group.end()


async def start(
    plan: Plan, *, level: str, description: str, root: Path, owner: int | None, group: Group | None
) -> House:
    """Start an agent and wait until it answers.

    Raises:
        SandboxGone: It did not; the text says what it said instead.
    """
    ours, theirs = socket.socketpair()
    our_door, their_door = socket.socketpair()
    with theirs, their_door, tempfile.TemporaryFile() as errors, ExitStack() as undo:
        door = Door(our_door)
        undo.callback(door.close)
        connection = await Connection.over(ours)
        try:
            process = _spawn(plan, (theirs.fileno(), their_door.fileno()), group, errors)
        except BaseException:
            await connection.aclose()
            raise
        undo.pop_all()
        theirs.close()  # so that the end of the process is the end of the connection
        their_door.close()
        house = House(
            level=level,
            description=description,
            root=root,
            owner=owner,
            process=process,
            walled=bool(plan.command) and not plan.traced,
            traced=plan.traced,
            mark=plan.settings["mark"],
            connection=connection,
            door=door,
            group=group,
            disk=plan.disk,
        )
        try:
            agent = await house.request("ping", timeout=_STARTING)
            if plan.traced:  # the tracer has the socket, too, and may outlive the agent
                connection.end_with(agent["pid"])
        except (SandboxGone, OSError):
            await house.end()
            raise SandboxGone(f"the sandbox did not start: {_last_words(errors)}") from None
        except BaseException:
            await asyncio.shield(asyncio.create_task(house.end()))
            raise
    house.watch()
    return house


def _spawn(
    plan: Plan, fds: tuple[int, int], group: Group | None, errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start the agent, by way of a shell that joins the group first if there is one.

    It is started from the thread of the event loop, because the kernel can only tell it of the
    end of that thread.
    """
    arguments = plan.arguments(*fds)
    if group:
        joins = [str(file) for file in group.joins()]
        arguments = ["/bin/sh", "-c", _JOIN, "sh", str(len(joins)), *joins, *arguments]
    return subprocess.Popen(  # noqa: S603 - our own command line
        arguments,
        cwd="/",
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        pass_fds=(*fds, *plan.inherit),
        start_new_session=True,
    )


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:  # it has ended, or the kernel is built without this list
        return []


def _ports_of(pid: int) -> set[int]:
    try:
        found = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:  # it has ended, or has become somebody else's
        return set()
    return {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}


def _clean_up_after(pid: int) -> None:
    """Remove what a tracer that was killed has left among the machine's temporary files."""
    for path in Path("/tmp").glob(f"proot*-{pid}-*"):  # noqa: S108 - it takes no other
        with suppress(OSError):  # anybody may have put something of that name there
            if path.is_dir() and not path.is_symlink():
                remove_tree(path)
            else:
                path.unlink()


def _last_words(errors: IO[bytes]) -> str:
    errors.seek(0)
    return line_of(errors.read()) or "it said nothing"
