"""What a session can use up: memory, processes, the disk; each with limits that are small."""

from collections.abc import Iterator

import pytest
from support.waiting import eventually

from agb import Session
from agb.local.sandbox.promises import Kind
from local.escapes.places import KINDS, LARGEST, Place, in_kinds, session

STRONG = in_kinds(Kind.STRONG)
"""For what the server sees to, in the same way in all kinds."""
KILLED = {-9, 137}
MEMORY = """
import os, sys
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        bytearray(300 * 1024 * 1024)
        os._exit(0)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children].count(0))
"""
SHARED_MEMORY = """
import sys
try:
    for number in range(50):
        with open(f"/dev/shm/{number}", "wb") as file:
            file.write(bytes(12 * 1024 * 1024))
    print("written")
except OSError as error:
    print(error)
"""
PROCESSES = """
import os, signal, time
made = []
try:
    while len(made) < 200:
        child = os.fork()
        if not child:
            time.sleep(600)
            os._exit(0)
        made.append(child)
except OSError:
    pass
print(len(made))
for child in made:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
LARGE_FILES = """
import time
for number in range(1000):
    with open(f"large-{number}", "wb") as file:
        file.write(bytes(2 * 1024 * 1024))
    time.sleep(0.01)
"""
SMALL_FILES = """
import os, time
for number in range(100_000):
    os.close(os.open(f"small-{number}", os.O_CREAT | os.O_WRONLY))
    if number % 200 == 0:
        time.sleep(0.01)
"""
REMOVED_FILES = """
import os, time
held = []
while len(held) < 500:
    held.append(open("removed", "wb"))
    os.unlink("removed")
    held[-1].write(bytes(2 * 1024 * 1024))
    held[-1].flush()
    time.sleep(0.01)
"""
DEEP_FOLDERS = """
import os
for _ in range(300):
    os.mkdir("deeper")
    os.chdir("deeper")
"""


@pytest.fixture
def bomber(somewhere: Place) -> Iterator[Session]:
    with session(somewhere) as made:
        yield made


def run(bomber: Session, program: str) -> tuple[int, str]:
    """Run a program in the shell; gives its exit code and what it said."""
    bomber.file.write("bomb.py", program).raise_for_error()
    done = bomber.command.execute("python3 bomb.py", timeout_ms=90_000)
    assert done.exit_code is not None, done
    return done.exit_code, done.stdout.strip()


def with_groups(somewhere: Place) -> None:
    if not somewhere.has_groups:
        pytest.skip(f"there are no writable control groups here: {somewhere.description}")


@KINDS
def test_memory_of_all_processes_together_is_bounded(somewhere: Place, bomber: Session) -> None:
    with_groups(somewhere)
    _, said = run(bomber, MEMORY)
    assert int(said or 0) < 4
    assert bomber.command.execute("echo alive").stdout == "alive\n"


@STRONG
def test_files_in_memory_are_bounded(bomber: Session) -> None:
    code, said = run(bomber, SHARED_MEMORY)
    assert code or said.startswith("[Errno 28]"), said
    assert bomber.command.execute("rm -f /dev/shm/*; echo alive").stdout == "alive\n"


@KINDS
def test_the_number_of_processes_is_bounded(somewhere: Place, bomber: Session) -> None:
    if somewhere.kind is not Kind.STRONG:
        with_groups(somewhere)
    code, said = run(bomber, PROCESSES)
    assert code == 0
    assert 0 < int(said) < 64
    assert bomber.command.execute("echo alive").stdout == "alive\n"


@KINDS
def test_who_takes_too_much_of_the_disk_is_killed(bomber: Session) -> None:
    assert run(bomber, LARGE_FILES)[0] in KILLED


@STRONG
@pytest.mark.parametrize("program", [SMALL_FILES, REMOVED_FILES], ids=["small", "removed"])
def test_small_and_removed_files_count_too(bomber: Session, program: str) -> None:
    assert run(bomber, program)[0] in KILLED


@STRONG
def test_a_session_that_is_over_its_disk_can_write_again_once_it_has_made_room(
    bomber: Session,
) -> None:
    assert run(bomber, LARGE_FILES)[0] in KILLED
    refused = bomber.file.write("more", "text")
    assert refused.code == "Disk.Full"
    assert not bomber.file.create_directory("folder").success
    assert bomber.command.execute("rm large-*").exit_code == 0
    eventually(lambda: bomber.file.write("more", "text").success, seconds=30)


@STRONG
def test_code_that_fills_the_disk_is_told_why_it_ended(bomber: Session) -> None:
    ended = bomber.code.run(LARGE_FILES, "python")
    assert ended.code == "Code.RunnerDied"
    assert "disk" in ended.error_message
    assert bomber.code.run("6 * 7", "python").result == "42"


@STRONG
def test_a_holey_file_can_be_no_larger_than_a_full_one(bomber: Session) -> None:
    done = bomber.command.execute(f"truncate -s {LARGEST + 1} holey")
    assert done.exit_code
    assert bomber.command.execute(f"truncate -s {LARGEST} holey").exit_code == 0


@STRONG
def test_folders_too_deep_to_name_go_with_the_session(somewhere: Place) -> None:
    with session(somewhere) as bomber:
        run(bomber, DEEP_FOLDERS)
    eventually(lambda: not list(somewhere.data.glob("run/*/sessions/*")), seconds=30)
