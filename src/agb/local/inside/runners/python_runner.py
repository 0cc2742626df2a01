"""Runs Python code in an IPython shell; it is started by path and knows nothing of `agb`.

Usage: `python python_runner.py REQUESTS ANSWERS`, two inherited file descriptors.
"""

import base64
import builtins
import io
import json
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn, cast

try:
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config
except ImportError as _error:
    with os.fdopen(int(sys.argv[2]), "w") as _answers:
        _answers.write(json.dumps({"type": "missing", "text": str(_error)}) + "\n")
    sys.exit()

Event = dict[str, Any]
Send = Callable[[Event], None]


class Hook(DisplayHook):
    """Sends the value of the last expression as the main result."""

    def write_output_prompt(self) -> None:
        """Print nothing before a value."""

    def write_format_data(self, format_dict: Event, md_dict: Event | None = None) -> None:  # noqa: ARG002 - IPython's names
        """Send the value in all the forms it has."""
        cast("Any", self).shell.send(_result(format_dict, main=True))

    def finish_displayhook(self) -> None:
        """Print nothing after a value."""


class Publisher(DisplayPublisher):
    """Sends what `display()` shows."""

    def publish(self, data: Event, *_: Any, **__: Any) -> None:
        """Send one thing in all the forms it has."""
        cast("Any", self).shell.send(_result(data, main=False))

    def clear_output(self, wait: bool = False) -> None:
        """Do nothing: what was sent cannot be taken back."""


class Shell(InteractiveShell):
    """IPython without a terminal: what it would print is sent."""

    displayhook_class: Any = Type(Hook)
    display_pub_class: Any = Type(Publisher)
    send: Send
    failure: tuple[BaseException | None, list[str]] | None = None

    def system(self, cmd: str) -> None:
        """Run a shell command for `!` as a child: what it writes is as it wrote it."""
        cast("Any", self).system_raw(cmd)

    def _showtraceback(
        self,
        etype: type[BaseException] | None,  # noqa: ARG002 - IPython's names
        evalue: BaseException | None,
        stb: Any,
    ) -> None:
        """Keep what went wrong for the answer."""
        self.failure = evalue, stb

    def ask_exit(self) -> NoReturn:
        """End the run on `exit()`, as `sys.exit()` does, and not the shell."""
        raise SystemExit

    def warm_up(self) -> None:
        """Run nothing: what a first run loads is there then, and the first run of the user fast."""
        shell = cast("Any", self)
        shell.run_cell("None", store_history=False)
        shell.display_formatter.format(0)

    def evaluate(self, code: str) -> Event | None:
        """Run code and give what it failed with."""
        self.failure = None
        result = cast("Any", self).run_cell(code, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, SystemExit) and not error.code:
            return None
        shown, lines = cast("Any", self).failure or (None, ())
        error = error or shown  # a magic may show a failure and not pass it on
        return _failure(error, *lines) if error else None


class Runner:
    """Serves requests, one after the other; SIGINT reaches code only while some runs."""

    def __init__(self, source: IO[bytes], send: Send) -> None:
        self._source = source
        self._send = send
        self._running = False
        self._pid = os.getpid()
        self._shell = _make_shell(send)
        signal.signal(signal.SIGINT, self._interrupted)

    def serve(self) -> None:
        """Run what is asked for until nobody asks any more."""
        self._shell.warm_up()
        self._send({"type": "ready"})
        while head := self._source.readline():
            code = self._source.read(int(head.split()[1])).decode()
            error = self._run(code)
            sys.stdout.flush()
            sys.stderr.flush()
            if os.getpid() != self._pid:  # the code has forked, and this is the child
                os._exit(0)
            count = self._shell.execution_count - 1
            self._send({"type": "done", "error": error, "count": count})

    def _run(self, code: str) -> Event | None:
        try:
            self._running = True
            error = self._shell.evaluate(code)
            self._running = False
        except KeyboardInterrupt as interrupt:
            self._running = False
            error = _failure(interrupt)
        return error

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self._running:
            raise KeyboardInterrupt


def _make_shell(send: Send) -> Shell:
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "NoColor"
    settings.InteractiveShell.xmode = "Plain"
    settings.Completer.use_jedi = False
    folder = Path(tempfile.gettempdir(), ".ipython")  # not in the user's home
    shell = Shell.instance(config=settings, ipython_dir=str(folder))
    shell.send = send
    return shell


def _result(data: Event, *, main: bool) -> Event:
    return {"type": "result", "main": main, "data": {k: _jsonable(v) for k, v in data.items()}}


def _jsonable(value: Any) -> Any:
    """Give what JSON can carry: pictures as base64, and neither NaN nor Python's own objects."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, str):
        return value
    return json.loads(json.dumps(value, default=str), parse_constant=str)


def _failure(error: BaseException, *lines: str) -> Event:
    try:
        value = str(error)
    except Exception as broken:  # noqa: BLE001 - the user's own __str__ may fail in any way
        value = f"<str() failed: {broken!r}>"
    return {"name": type(error).__name__, "value": value, "traceback": list(lines)}


def _no_input(prompt: object = "") -> NoReturn:
    """Stand in for `input()`, which would wait for ever."""
    message = f"input({prompt!r}): there is nobody to answer; put the value in the code"
    raise EOFError(message)


def main(requests: int, answers: int) -> None:
    """Serve requests between two file descriptors."""
    os.set_inheritable(requests, False)
    os.set_inheritable(answers, False)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    sys.argv = [""]
    sys.path[0] = ""
    builtins.input = _no_input
    for stream in sys.stdout, sys.stderr:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)
    warnings.filterwarnings("ignore", "To exit: use", UserWarning)

    own_pid = os.getpid()

    def send(event: Event) -> None:
        if os.getpid() != own_pid:  # what a forked child shows is lost, what it writes is not
            return
        sink.write(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    with os.fdopen(requests, "rb") as source, os.fdopen(answers, "wb", buffering=0) as sink:
        Runner(source, send).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
