"""The Python runner by itself, spoken to as the agent speaks to it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agb

SOURCES = str(Path(agb.__file__).parent.parent)
MODULE = "agb.local.inside.runners.python_runner"


class Peer:
    """The other end of a runner's pipes."""

    def __init__(self, home: Path, *path: str) -> None:
        theirs_in, self._requests = os.pipe()
        answers, theirs_out = os.pipe()
        self._answers = os.fdopen(answers, "rb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(theirs_in), str(theirs_out)],
            cwd=home,
            env={**os.environ, "TMPDIR": str(home), "PYTHONPATH": ":".join((*path, SOURCES))},
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def heard(self) -> dict[str, Any]:
        line = self._answers.readline()
        return dict(json.loads(line)) if line else {}

    def run(self, code: str) -> tuple[list[Any], dict[str, Any]]:
        data = code.encode()
        os.write(self._requests, b"run %d\n%b" % (len(data), data))
        results = []
        while (event := self.heard())["type"] == "result":
            results.append((event["main"], event["data"]))
        return results, event

    def end(self) -> tuple[str, str]:
        os.close(self._requests)
        out, err = self.process.communicate(timeout=30)
        self._answers.close()
        return out.decode(), err.decode()


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    peer = Peer(tmp_path)
    assert peer.heard() == {"type": "ready"}
    yield peer
    if peer.process.returncode is None:
        peer.end()


def test_it_answers_every_request_and_ends_with_the_last(peer: Peer) -> None:
    results, done = peer.run("print('printed'); 6 * 7")
    assert results == [(True, {"text/plain": "42"})]
    assert done == {"type": "done", "error": None, "count": 1}
    assert peer.end() == ("printed\n", "")
    assert peer.process.returncode == 0


def test_display_is_no_main_result_and_bytes_become_base64(peer: Peer) -> None:
    code = (
        "display({'image/png': b'x', 'application/json': {'n': float('inf'), 'o': {1}.pop},"
        " 'text/plain': 't'}, raw=True)\nfrom IPython.display import clear_output; clear_output()"
    )
    ((main, data),), _ = peer.run(code)
    assert main is False
    assert data["image/png"] == "eA=="
    assert data["application/json"]["n"] == "Infinity"
    assert "built-in" in data["application/json"]["o"]


def test_failures_have_a_name_a_value_and_a_traceback(peer: Peer) -> None:
    _, done = peer.run("1/0")
    assert done["error"]["name"] == "ZeroDivisionError"
    assert done["error"]["value"] == "division by zero"
    assert done["error"]["traceback"][-1] == "ZeroDivisionError: division by zero\n"
    _, done = peer.run("raise ExceptionGroup('several', [ValueError(1)])")
    assert done["error"]["name"] == "ExceptionGroup"


def test_a_failure_that_a_magic_only_shows_is_a_failure(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("1/0")
    _, done = peer.run("%run script.py")
    assert done["error"]["name"] == "ZeroDivisionError"


def test_an_error_whose_text_fails_is_told_without_it(peer: Peer) -> None:
    code = (
        "from IPython import get_ipython\n"
        "class E(Exception):\n def __str__(self): raise KeyError('no text')\n"
        "get_ipython()._showtraceback(E, E(), ['line'])"
    )
    _, done = peer.run(code)
    assert done["error"]["name"] == "E"
    assert "KeyError" in done["error"]["value"]
    assert done["error"]["traceback"] == ["line"]


def test_leaving_is_a_failure_only_with_a_code(peer: Peer) -> None:
    assert peer.run("exit()")[1]["error"] is None
    assert peer.run("raise SystemExit(2)")[1]["error"]["value"] == "2"


def test_nobody_answers_input(peer: Peer) -> None:
    assert peer.run("input()")[1]["error"]["name"] == "EOFError"


def test_a_shell_escape_runs_a_child(peer: Peer) -> None:
    peer.run("!echo from a child")
    assert peer.end()[0] == "from a child\n"


def test_sigint_reaches_code_that_runs_and_only_that(peer: Peer) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass"
    assert peer.run(code)[1]["error"]["name"] == "KeyboardInterrupt"
    peer.process.send_signal(2)
    assert peer.run("1")[1]["error"] is None


def test_sigint_that_ipython_lets_through_is_a_failure_too(peer: Peer) -> None:
    code = (
        "from IPython import get_ipython\n"
        "def fails(*_, **__): raise KeyboardInterrupt\n"
        "get_ipython().run_cell = fails"
    )
    peer.run(code)
    assert peer.run("1")[1]["error"]["name"] == "KeyboardInterrupt"


def test_without_ipython_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "IPython.py").write_text("raise ImportError('no IPython here')")
    peer = Peer(tmp_path, str(tmp_path))
    assert peer.heard() == {"type": "missing", "text": "no IPython here"}
    assert peer.heard() == {}
    peer.end()
