"""Runs inside the sandbox and does what the server asks: files, commands, code.

It is started with nothing but the standard library, answers over one inherited socket, and ends,
with everything it started, when that socket is closed.

Operations. A path is absolute or relative to the home, which is also the default directory;
answers give absolute paths. `?` marks a parameter that may be left out, with its default.

| operation | parameters | answer |
| --- | --- | --- |
| `ping` | | `{"pid"}` |
| `halt` | | `None`, once all that the session runs has been killed |
| `usage` | | `{"network": {name: {"rx_bytes", "tx_bytes"}}, "disk": {"total", "used", "free"}}`, \
no `name` where the network is not its own |
| `file.info` | `path` | `{"name", "path", "size", "isDirectory", "modTime", "mode", "owner", "group"}` |
| `file.list` | `path` | `[{"name", "isDirectory"}]`, by name |
| `file.read` | `path`, `offset?=0`, `length?=None`, `binary?=False` | text, or base64 if `binary` |
| `file.read_many` | `paths` | `[{"path", "content"} or {"path", "error": {"code", "message"}}]` |
| `file.write` | `path`, `content`, `mode?="overwrite"`, `binary?=False` | `None` |
| `file.mkdir` | `path` | `None` |
| `file.move` | `source`, `destination` | `None` |
| `file.remove` | `path` | `None` |
| `file.edit` | `path`, `edits: [{"oldText", "newText"}]`, `dry_run?=False` | the unified diff |
| `file.search` | `path`, `pattern`, `excludes?=[]` | `[path]`, sorted |
| `file.changes` | `path` | `[{"eventType", "path", "pathType"}]` since the last call, see `Changes` |
| `shell` | `command`, `timeout_ms?=60000`, `cwd?`, `envs?` | `{"stdout", "stderr", "exit_code", "timed_out"}` |
| `run_code` | `code`, `language`, `timeout_s?=60` | see below |
| `warm` | `language` | `None`, once the language is ready to run code |

`run_code` answers `{"results": [{"data": {mime: value}, "isMainResult"}], "stdout": [text],
"stderr": [text], "execution_count", "execution_time", "error": {"name", "value", "traceback"} or
None, "timed_out"}`. For who wants events, it sends them meanwhile: `{"type": "stdout" or "stderr",
"text"}` and `{"type": "result", "data", "isMainResult"}`; those three are empty in its answer then.

Frames both ways are four bytes of length, most significant first, and that many bytes of JSON:
`{"id", "op", "params", "events": whether they are wanted}` one way; `{"id", "result"}`, `{"id",
"error": {"code", "message", "details"}}` and, before either, `{"id", "event"}` the other. While a
request is under way, `{"id", "took": bytes}` says that the frames of so many bytes of its events
have been taken in: there are never many more than `WINDOW` that have not, see `asker`. And `{"id",
"called_off": true}` says that nobody waits for its answer any more: code that runs is stopped.
A second socket, the door, is for those who want to connect to something in here, see `door`.
"""  # noqa: E501 - a table has long lines

import json
import os
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from .asker import Asker
from .changes import Changes
from .code import Code
from .commands import Commands
from .crew import Crew
from .door import hand_out
from .errors import OperationError
from .files import Files
from .paths import HOME, Paths
from .processes import Spawner, kill_others, kill_tree
from .search import search
from .usage import usage

Operation = Callable[..., Any]

_LENGTH = struct.Struct(">I")
_STACK = 512 * 1024  # bytes for a thread that serves one request
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_CHILD_SUBREAPER = 1, 4, 36  # of prctl(2)
_KEYCTL = {"x86_64": 250, "aarch64": 219}  # the number of the system call
_JOIN_SESSION_KEYRING = 1


class Settings(NamedTuple):
    """How the agent is to run; it is given them as JSON, on its command line."""

    fd: int
    """The inherited socket."""
    door: int
    """The inherited socket on which sockets of this network are asked for."""
    env: dict[str, str]
    """The environment of what it starts."""
    python: str
    """The interpreter that has IPython."""
    root: str = "/"
    """The host folder that is the session's `/`."""
    home: str = HOME
    mark: str = "session"
    """What the marks of the session's processes start with."""
    adopts: bool = False
    """Whether there is no one else to adopt the session's orphans and to kill what is left."""
    traced: bool = False
    """Whether a tracer gives the session its view of files."""
    walled: bool = False
    """Whether it sees no processes but the session's: only then may it kill all that it sees."""
    own_network: bool = True
    """Whether the network is the session's own."""
    memory: int = 0
    """Bytes that the session may use, if there is a limit."""
    limits: dict[str, int] = {}  # noqa: RUF012 - nobody changes it
    """Resource limits by name, as in `NOFILE`."""


class Agent:
    """Answers requests from a socket until it is closed at the other end."""

    def __init__(self, connection: socket.socket, operations: dict[str, Operation]) -> None:
        self._connection = connection
        self._operations = operations
        self._askers: dict[int, Asker] = {}
        self._crew = Crew()
        self._sending = threading.Lock()

    def serve(self) -> None:
        """Take requests, each in a thread of its own, and what is said about those."""
        with self._connection.makefile("rb") as stream:
            while head := stream.read(_LENGTH.size):
                frame = json.loads(stream.read(_LENGTH.unpack(head)[0]))
                if "op" in frame:
                    self._begin(frame)
                elif asker := self._askers.get(frame["id"]):
                    _pass_on(frame, asker)

    def _begin(self, request: dict[str, Any]) -> None:
        number = request["id"]
        wanted = request.get("events")
        self._askers[number] = Asker(partial(self._send_event, number) if wanted else None)
        try:
            self._crew.do(partial(self._answer, request))
        except RuntimeError:  # the session has used up its processes
            self._refuse(request)

    def _answer(self, request: dict[str, Any]) -> None:
        number, name, parameters = request["id"], request["op"], request["params"]
        try:
            answer = {"result": self._do(number, name, parameters)}
        except OperationError as error:
            answer = {"error": _error(error.code, error.message, error.details)}
        except Exception as error:  # noqa: BLE001 - the other end waits for an answer, whatever it is
            import traceback  # noqa: PLC0415 - it is large, and needed when something is wrong

            details = {"traceback": traceback.format_exc()}
            answer = {"error": _error("Internal", f"{name}: {error!r}", details)}
        self._finish(number, answer)

    def _do(self, number: int, name: str, parameters: dict[str, Any]) -> Any:
        operation = self._operations.get(name)
        if not operation:
            raise OperationError("Operation.Unknown", f"there is no operation {name!r}")
        if name == "run_code":
            parameters["asker"] = self._askers[number]
        return operation(**parameters)

    def _refuse(self, request: dict[str, Any]) -> None:
        message = "the session's limit of processes is reached"
        self._finish(request["id"], {"error": _error("Process.Limit", message, {})})

    def _finish(self, number: int, answer: dict[str, Any]) -> None:
        del self._askers[number]
        self._send({"id": number, **answer})

    def _send_event(self, number: int, event: dict[str, Any]) -> int:
        return self._send({"id": number, "event": event})

    def _send(self, frame: dict[str, Any]) -> int:
        data = json.dumps(frame, ensure_ascii=False).encode("utf-8", "replace")
        with self._sending, suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(_LENGTH.pack(len(data)) + data)
        return len(data)


def _pass_on(frame: dict[str, Any], asker: Asker) -> None:
    if frame.get("called_off"):
        asker.call_off()
    else:
        asker.took(frame["took"])


def operations(settings: Settings) -> dict[str, Operation]:
    """List what can be asked for."""
    paths = Paths(settings.root, settings.home)
    spawner = Spawner(settings.env, settings.mark, adopts=settings.adopts)
    files = Files(paths)
    code = Code(paths, spawner, settings.python, settings.memory)
    return {
        "ping": lambda: {"pid": os.getpid()},
        "halt": partial(halt, settings),
        "usage": lambda: usage(paths, own_network=settings.own_network),
        "file.info": files.info,
        "file.list": files.entries,
        "file.read": files.read,
        "file.read_many": files.read_many,
        "file.write": files.write,
        "file.mkdir": files.mkdir,
        "file.move": files.move,
        "file.remove": files.remove,
        "file.edit": files.edit,
        "file.search": partial(search, paths),
        "file.changes": Changes(paths).since_last,
        "shell": Commands(paths, spawner).shell,
        "run_code": code.run,
        "warm": code.warm,
    }


def main(text: str) -> None:
    """Serve until the socket is closed, then end with everything that was started.

    Args:
        text: The `Settings` as JSON.
    """
    settings = Settings(**json.loads(text))
    os.umask(0o022)
    limit(settings.limits)
    if sys.platform == "linux":
        harden(adopts=settings.adopts, traced=settings.traced)
    threading.stack_size(_STACK)
    door = socket.socket(fileno=settings.door)
    threading.Thread(target=hand_out, args=(door,), daemon=True).start()
    try:
        with socket.socket(fileno=settings.fd) as connection:
            Agent(connection, operations(settings)).serve()
    finally:
        if settings.adopts:
            kill_tree({os.getpid()}, settings.mark)
        os._exit(0)  # no thread that still runs something is waited for


def halt(settings: Settings) -> None:
    """Kill all that the session runs.

    Where the agent sees no processes but the session's, those that hide are found, too.
    """
    if settings.walled:
        kill_others()
    else:
        kill_tree({os.getpid()}, settings.mark)


def limit(limits: dict[str, int]) -> None:
    """Set resource limits, for good and for all that is started."""
    for name, wanted in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        most = resource.getrlimit(kind)[1]
        value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (value, value))


def harden(*, adopts: bool, traced: bool) -> None:
    """Keep the session's processes out of the agent's memory, and adopt its orphans if asked.

    A tracer must get into that memory. If it ends before its time, so does the agent. The kernel's
    keyring, in which the server's user may keep keys, is left for a new one.
    """
    import ctypes  # noqa: PLC0415 - it is for Linux only and slow to import

    from .old_kernel import pretend  # noqa: PLC0415 - likewise

    library = ctypes.CDLL(None)
    prctl = library.prctl
    if number := _KEYCTL.get(os.uname().machine):  # containers refuse it, and so hold no keys
        library.syscall(number, _JOIN_SESSION_KEYRING, None)
    prctl(_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)
    if traced:
        prctl(_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        pretend()
    else:
        prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def _error(code: str, message: str, details: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "message": message, "details": details}
