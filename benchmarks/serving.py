"""A real AGB on this machine, and sessions of it, as rows about the whole system need them."""

import secrets
import statistics
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from bare import Kernel, run_command, start_sandbox

from agb import AGB, CreateSessionParams, Session
from agb._embedded import EmbeddedServer

IMAGE = "agb-code-space-1"
BECOMES_READY = 3.0
"""Seconds that are left to a server to have sandboxes ready again."""
MUST = {"session create": 5.0, "code.run": 5.0, "command.execute": 8.0, "file read": 3.0}
ASPIRE = {"session create": 1.6, "code.run": 1.7, "command.execute": 3.0, "file read": 0.8}
"""Milliseconds, with one session, a sandbox ready for the next."""


class Local:
    """A server and a client of it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        key = secrets.token_urlsafe()
        self._server = EmbeddedServer(api_key=key, data_dir=folder, arguments=arguments)
        self.agb = AGB(key, endpoint=self._server.endpoint())
        self._process = next(
            child for child in psutil.Process().children() if "agb.local" in child.cmdline()
        )

    def create(self) -> Session:
        """Make a session."""
        made = self.agb.create(CreateSessionParams(image_id=IMAGE)).raise_for_error().session
        assert made is not None
        return made

    def megabytes(self) -> float:
        """Return what the server and all its sessions have of memory, shared pages in parts."""
        found = (self._process, *self._process.children(recursive=True))
        return sum(process.memory_full_info().pss for process in found) / 1e6

    def close(self) -> None:
        """Stop it."""
        self.agb.close()
        self._server.stop()


@contextmanager
def local(folder: Path, *arguments: str) -> Generator[Local]:
    """Have an AGB for as long as the block runs."""
    running = Local(folder, *arguments)
    try:
        yield running
    finally:
        running.close()


def steps(session: Session, plain: Path) -> Mapping[str, tuple[Callable[[], object], ...]]:
    """Return what is measured in a session, and the bare thing beside it, by name."""
    session.file.write("/tmp/small", "x" * 1024).raise_for_error()
    plain.write_text("x" * 1024)
    kernel = Kernel()

    def run() -> None:
        assert session.code.run("6 * 7", "python").raise_for_error().result == "42"

    def read() -> None:
        assert len(session.file.read("/tmp/small").raise_for_error().content) == 1024

    def read_at_once() -> None:
        session.call_mcp_tool("read_file", {"path": "/tmp/small"}).raise_for_error()

    def command() -> None:
        session.command.execute("true").raise_for_error()

    return {
        "code.run": (run, lambda: kernel.run("6 * 7"), kernel.close),
        "command.execute": (command, run_command, lambda: None),
        "file read": (read_at_once, plain.read_text, lambda: None),
        "session.file.read": (read, plain.read_text, lambda: None),
    }


def took(func: Callable[[], object], times: int) -> dict[str, float]:
    """Do something so many times, after a first time, and return the median of what it takes."""
    func()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        func()
        found.append(time.perf_counter() - started)
    return {"wall": statistics.median(found)}


def new_session(running: Local) -> dict[str, float]:
    """Return what it takes to make a session for which a sandbox is ready."""
    time.sleep(BECOMES_READY)
    started = time.perf_counter()
    session = running.create()
    seconds = time.perf_counter() - started
    session.delete().raise_for_error()
    return {"wall": seconds}


def new_sandbox() -> dict[str, float]:
    """Return what it takes to start bubblewrap."""
    return took(start_sandbox, 3)
