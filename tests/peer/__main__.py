"""Runs `program.py` with the peer's Python against an AGB on this machine, in each sandbox.

`python tests/peer PYTHON [words]`: PYTHON has `agbcloud-sdk`, this one has `agb[local]`; the words
choose the checks whose names hold them.
"""

import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = Path(__file__).with_name("program.py")
_SANDBOXES = ("auto", "portable")
_VARIABLES = 2


@contextmanager
def _serving(sandbox: str, data_dir: str) -> Iterator[Mapping[str, str]]:
    """Run an AGB for as long as the block runs, and give the variables that it prints."""
    options = ["--port", "0", "--data-dir", data_dir, "--sandbox", sandbox]
    with subprocess.Popen(
        [sys.executable, "-m", "agb.local", *options],
        env={**os.environ, "AGB_API_KEY": secrets.token_urlsafe(32)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            printed = [server.stdout.readline() for _ in range(_VARIABLES)]
            if not all(printed):
                sys.exit("the AGB ended before it was ready")
            yield dict(shlex.split(line)[1].split("=", 1) for line in printed)
        finally:
            server.terminate()


def main(python: str, words: list[str]) -> int:
    """Run the program against each sandbox, and return 1 if any check failed."""
    failed = False
    for sandbox in _SANDBOXES:
        sys.stdout.write(f"# --sandbox {sandbox}\n")
        sys.stdout.flush()
        with (
            tempfile.TemporaryDirectory() as folder,
            _serving(sandbox, f"{folder}/data") as variables,
        ):
            told = {**os.environ, **variables, "AGB_LOG_LEVEL": "CRITICAL"}
            command = [python, str(_PROGRAM), *words]
            failed |= subprocess.run(command, check=False, cwd=folder, env=told).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
