"""Many sessions at once, while something goes wrong now and then: all is accounted for."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("soak.py")


def test_many_sessions_under_faults_leave_nothing_and_tell_no_lies() -> None:
    arguments = ("--sessions", "60", "--at-once", "20")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert " of them spoilt" in done.stdout
    assert "0 blocks could not delete their sessions" in done.stdout
