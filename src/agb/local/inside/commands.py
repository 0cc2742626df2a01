"""Shell commands, each in a shell of its own."""

import os
import selectors
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import IO, Any, cast

from .errors import OperationError, about
from .paths import Paths
from .processes import Spawner, end_of, kill_tree

LARGEST_OUTPUT = 32 * 1024 * 1024
"""Bytes of stdout, and of stderr, that a command may write before it is stopped."""

_WHOLE_PIPE = 1024 * 1024
_READS_TO_THE_END = 2  # one for what is there, one to see the end behind it
_SHORTEST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05


class Commands:
    """Runs shell commands for one session."""

    def __init__(self, paths: Paths, spawner: Spawner) -> None:
        self._paths = paths
        self._spawner = spawner
        self._shell = shutil.which("bash") or "/bin/sh"

    def shell(
        self,
        command: str,
        timeout_ms: int = 60_000,
        cwd: str | None = None,
        envs: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Run a command line in a new shell and wait until that shell ends.

        What it leaves in the background goes on; only when the time is up is everything killed
        that came of the command, daemons included.

        Args:
            command: For ``bash -c``, or ``sh -c`` where there is no bash.
            timeout_ms: Milliseconds that it may take.
            cwd: Directory to start in; the home when left out.
            envs: Environment variables on top of the session's own.

        Returns:
            ``stdout``, ``stderr``, ``exit_code`` (128 and the signal's number if one killed the
            shell) and ``timed_out``.
        """
        directory = self._directory(cwd)
        process, mark = self._spawner.start([self._shell, "-c", command], cwd=directory, env=envs)
        output = _Output(process)
        timed_out = not output.until_exit(time.monotonic() + timeout_ms / 1000)
        if timed_out or output.too_long:
            kill_tree({process.pid}, mark)
        code = process.wait()
        self._spawner.ended(process)
        stdout, stderr = output.finish()
        if output.too_long:
            message = f"the command wrote more than {LARGEST_OUTPUT} bytes and was stopped"
            raise OperationError("Command.OutputTooLarge", message)
        return {
            "stdout": stdout,
            "stderr": stderr,
            "exit_code": 128 - code if code < 0 else code,
            "timed_out": timed_out,
        }

    def _directory(self, cwd: str | None) -> Path:
        path = self._paths.home if cwd is None else cwd
        directory = self._paths.resolve(path)
        with about(path):
            os.scandir(directory).close()
        return directory


class _Output:
    """Collects what a process writes, for as long as the process itself lives."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.too_long = False
        self._process = process
        self._selector = selectors.DefaultSelector()
        self._written = [self._watch(process.stdout), self._watch(process.stderr)]
        self._end = end_of(process.pid)
        if self._end is not None:
            self._selector.register(self._end, selectors.EVENT_READ)

    def until_exit(self, deadline: float) -> bool:
        """Read until the process ends or writes too much; False if the time is up before.

        Whoever inherited the pipes may hold them open for ever, so their end tells nothing.
        """
        pause = _SHORTEST_PAUSE
        while not self.too_long and self._process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._end is not None:
                self._read(left)
            elif self._read(min(pause, left)):
                pause = _SHORTEST_PAUSE
            else:
                pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def finish(self) -> tuple[str, str]:
        """Take what is still in the pipes, and keep them flowing for background processes."""
        if self._end is not None:
            self._selector.unregister(self._end)
            os.close(self._end)
        for _ in range(_READS_TO_THE_END):
            self._read(0)
        stdout, stderr = (written.decode("utf-8", "replace") for written in self._written)
        if self._selector.get_map():
            threading.Thread(target=self._discard, daemon=True).start()
        else:
            self._selector.close()
        return stdout, stderr

    def _watch(self, stream: IO[bytes] | None) -> bytearray:
        pipe = cast("IO[bytes]", stream)
        written = bytearray()
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, written)
        return written

    def _read(self, pause: float | None) -> bool:
        """Read once from every pipe that has something, closing those at their end."""
        ready = self._selector.select(pause)
        for key, _ in ready:
            if key.fd == self._end:
                continue
            stream = cast("IO[bytes]", key.fileobj)
            block = os.read(key.fd, _WHOLE_PIPE)
            key.data.extend(block)
            self.too_long |= len(key.data) > LARGEST_OUTPUT
            if not block:
                self._selector.unregister(stream)
                stream.close()
        return bool(ready)

    def _discard(self) -> None:
        """Read to the end for nobody: a background process must not die of a closed pipe."""
        while self._selector.get_map():
            self._read(None)
            for written in self._written:
                written.clear()
        self._selector.close()
