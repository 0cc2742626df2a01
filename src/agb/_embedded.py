"""An AGB on this machine as a process of its own, started and stopped by a client.

The process gets a pipe for standard input that nobody writes to: when it closes, because the
client closed it or because this process died by whatever means, the AGB stops and cleans up.
"""

import contextlib
import importlib.util
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

from agb._concurrency import place
from agb._concurrency.threads import Lock
from agb.exceptions import LocalServerError, MissingExtraError, WrongProcessError

_INSTALL = "the AGB on this machine needs more packages: pip install 'agb[local]'"
_STOP_SECONDS = 45.0  # it may have files to bring back into contexts

EMBEDDED_ENDPOINT = "http://127.0.0.1"
"""Its address before it is ready and its port known."""


_RUNNING: "WeakSet[EmbeddedServer]" = WeakSet()


def _let_go() -> None:
    """Have a forked process hold no pipes to servers: they would wait for its end to stop."""
    with Path(os.devnull).open("wb") as nothing:
        for server in list(_RUNNING):
            server.redirect(nothing.fileno())


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows knows no forks
    os.register_at_fork(after_in_child=_let_go)


def new_key() -> str:
    """Return a key for an AGB that nobody but its client is to reach."""
    return secrets.token_urlsafe(32)


class EmbeddedServer:
    """The process, from before it is ready until it has stopped.

    Args:
        api_key: The key that it shall ask for.
        data_dir: Where it keeps its files; None for the user's data directory.
        arguments: Further options of `python -m agb.local`.

    Raises:
        MissingExtraError: A package that it needs is not installed.
    """

    def __init__(
        self,
        *,
        api_key: str,
        data_dir: str | os.PathLike[str] | None,
        arguments: Sequence[str],
    ) -> None:
        if importlib.util.find_spec("starlette") is None:
            raise MissingExtraError(_INSTALL)
        options = [] if data_dir is None else ["--data-dir", str(Path(data_dir))]
        self._lock = Lock()
        self._home = place.process()
        self._ready: dict[str, Any] | None = None
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            [sys.executable, "-m", "agb.local", "--embedded", "--port", "0", *options, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # a Ctrl-C in the terminal is the owner's to act on
            env={**os.environ, "AGB_API_KEY": api_key},
        )
        _RUNNING.add(self)

    def redirect(self, nowhere: int) -> None:
        """Put something else in place of the pipe, whose other end the server looks at."""
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            os.dup2(nowhere, pipe.fileno(), inheritable=False)

    def endpoint(self) -> str:
        """Return its address, after waiting until it is ready.

        Raises:
            LocalServerError: It did not start.
            WrongProcessError: It was started before a fork.
        """
        if self._home != place.process():
            raise WrongProcessError(
                "this AGB was started by the process that this one was forked from, and stops with "
                "that: start one in the child"
            )
        with self._lock:
            if self._ready is None:
                self._ready = self._read_ready()
            if "error" in self._ready:
                raise _as_error(self._ready)
            return str(self._ready["endpoint"])

    def _read_ready(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
        line = self._process.stdout.readline()
        try:
            ready: dict[str, Any] = json.loads(line)
        except ValueError:
            return {"error": "the AGB on this machine ended before it was ready"}
        return ready

    @property
    def died(self) -> bool:
        """Whether it ended without having been asked to."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Stop it and wait until it has cleaned up; kill it when it takes too long."""
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __repr__(self) -> str:
        return f"<EmbeddedServer pid={self._process.pid}>"


def _as_error(ready: dict[str, Any]) -> LocalServerError:
    code = str(ready.get("code", ""))
    kind = MissingExtraError if code == MissingExtraError.default_code else LocalServerError
    return kind(str(ready["error"]), code=code)
