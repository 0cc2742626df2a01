"""What the documentation shows is what runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.guide import GUIDE, ROOT, SNIPPETS, with_snippets
from support.local import own_file_system

README = (ROOT / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
EXPECTED = {
    "quickstart": "42\nhello from /home/user\n\n",
    "files": "Aswan\nZürich\n\n8 bytes\n",
    "file_objects": "12345,152399025\nb'60001\\n'\n",
    "directories": "/tmp/project/src/main.py\n('log',) hello\n",
    "watching": (
        "create /tmp/results/done\ncreate /tmp/results/first\ncreate /tmp/results/second\n"
    ),
    "lifetimes": "6\n0 sessions were abandoned\n",
    "errors": (
        "CODE_FAILED - ZeroDivisionError: division by zero\n"
        "File.NotFound - /tmp/nothing: No such file or directory\n"
        "raised: ZeroDivisionError: division by zero\n"
    ),
    "streaming": "0\n1\n2\nshown: 42\nresult: 42\nleft: STREAM_UNFINISHED\ncalled back\nTrue\n",
    "labels": "1 in production\n0 left\n",
    "processes": "stdout compiling\nstdout linking\nexit code 3\napple\npear\n",
    "contexts": "see you tomorrow\nnote.txt 16 bytes\n",
}
IN_ABSOLUTE_PATHS = {"quickstart", "files", "directories", "watching"}
RUN = """\
import anyio, inspect, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
anyio.run(main) if inspect.iscoroutinefunction(main) else main()
"""


def run(*arguments: str, home: Path) -> str:
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        check=False,
        cwd=home,
        env=environment,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@own_file_system  # they print absolute paths
@pytest.mark.parametrize("program", PROGRAMS, ids=["async", "blocking"])
def test_the_programs_of_the_readme_print_what_it_says(program: str, tmp_path: Path) -> None:
    assert run("-c", program, home=tmp_path) == EXPECTED["quickstart"]


@pytest.mark.parametrize("twin", ["_async", "_sync"])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[own_file_system] * (n in IN_ABSOLUTE_PATHS)) for n in EXPECTED]
)
def test_snippets_print_what_they_promise(twin: str, name: str, tmp_path: Path) -> None:
    assert run("-c", RUN, str(SNIPPETS / twin / f"{name}.py"), home=tmp_path) == EXPECTED[name]


@pytest.mark.parametrize("twin", ["_async", "_sync"])
def test_the_tools_snippet_shows_a_schema_and_a_listing(twin: str, tmp_path: Path) -> None:
    printed = run("-c", RUN, str(SNIPPETS / twin / "tools.py"), home=tmp_path)
    assert "['command']" in printed
    assert "[DIR] tmp" in printed


def test_the_readme_shows_the_quickstart_of_both_twins() -> None:
    for program, twin in zip(PROGRAMS, ("_async", "_sync"), strict=True):
        body = (SNIPPETS / twin / "quickstart.py").read_text().split("def main", 1)[1]
        assert body in program


def test_the_guide_shows_the_snippets_as_they_are() -> None:
    text = GUIDE.read_text()
    assert with_snippets(text) == text
