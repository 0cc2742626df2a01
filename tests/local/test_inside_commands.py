"""Shell commands inside a sandbox, and the processes that come of them."""

import errno
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from support.waiting import eventually

import agb
from agb.local.inside import commands as commands_module
from agb.local.inside import processes
from agb.local.inside.commands import Commands
from agb.local.inside.errors import OperationError
from agb.local.inside.paths import Paths
from agb.local.inside.processes import Spawner, descendants, kill_tree, marked, table

LONG = "sleep 600"
T = TypeVar("T")


@pytest.fixture
def mark() -> Iterator[str]:
    mark = secrets.token_hex(8)
    yield mark
    kill_tree(set(), mark)
    assert marked(mark) == set()


@pytest.fixture
def commands(tmp_path: Path, mark: str) -> Commands:
    (tmp_path / "home/user").mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home/user")}
    return Commands(Paths(str(tmp_path)), Spawner(env, mark))


def test_streams_and_exit_code_are_told_apart(commands: Commands) -> None:
    assert commands.shell("echo out; echo err >&2; exit 3") == {
        "stdout": "out\n",
        "stderr": "err\n",
        "exit_code": 3,
        "timed_out": False,
    }


def test_a_command_ends_also_where_the_system_tells_of_no_ends(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    assert commands.shell("echo out; sleep 0.1; echo more") == {
        "stdout": "out\nmore\n",
        "stderr": "",
        "exit_code": 0,
        "timed_out": False,
    }
    assert commands.shell(LONG, timeout_ms=100)["timed_out"]


def test_a_command_ends_though_it_has_closed_its_output(commands: Commands) -> None:
    answer = commands.shell("exec >&- 2>&-; sleep 0.1; exit 3")
    assert (answer["stdout"], answer["exit_code"], answer["timed_out"]) == ("", 3, False)


def test_a_missing_program_is_a_failure(commands: Commands) -> None:
    answer = commands.shell("no-such-program")
    assert answer["exit_code"] == 127
    assert "no-such-program" in answer["stderr"]


def test_a_shell_killed_by_a_signal_exits_with_128_and_its_number(commands: Commands) -> None:
    assert commands.shell("kill -TERM $$")["exit_code"] == 143


def test_what_is_not_text_is_replaced(commands: Commands) -> None:
    assert commands.shell(r"printf 'a\377b'")["stdout"] == "a\N{REPLACEMENT CHARACTER}b"


def test_there_is_nothing_to_read(commands: Commands) -> None:
    assert commands.shell("cat")["stdout"] == ""


def test_a_command_starts_in_the_home_or_where_it_is_told(
    commands: Commands, tmp_path: Path
) -> None:
    (tmp_path / "with space").mkdir()
    assert commands.shell("pwd")["stdout"] == f"{tmp_path}/home/user\n"
    assert commands.shell("pwd", cwd="/with space")["stdout"] == f"{tmp_path}/with space\n"


def test_a_directory_that_is_missing_or_none_is_named(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for cwd, code in ("/missing", "File.NotFound"), ("/file", "File.NotDirectory"):
        with pytest.raises(OperationError, match=cwd) as caught:
            commands.shell("pwd", cwd=cwd)
        assert caught.value.code == code


def test_variables_arrive_as_they_are_and_nothing_else_of_this_process(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "secret")
    value = "a'b\"c; rm -rf / $HOME `id`\n"
    answer = commands.shell('printf %s "$VALUE"; env >&2', envs={"VALUE": value})
    assert answer["stdout"] == value
    assert "SECRET" not in answer["stderr"]


@pytest.mark.parametrize(
    ("command", "envs", "code"),
    [
        ("echo \0", None, "Operation.Invalid"),
        ("echo \ud800", None, "Operation.Invalid"),
        ("true", {"A": "\0"}, "Operation.Invalid"),
        ("true", {"A=B": "x"}, "Operation.Invalid"),
        ("echo " + "x" * 3_000_000, None, "Command.TooLong"),
    ],
)
def test_what_the_system_cannot_take_is_refused(
    commands: Commands, command: str, envs: dict[str, str] | None, code: str
) -> None:
    with pytest.raises(OperationError) as caught:
        commands.shell(command, envs=envs)
    assert caught.value.code == code


def test_a_shell_is_new_each_time_but_its_files_stay(commands: Commands) -> None:
    commands.shell("export A=1; echo kept > file; cd /")
    assert commands.shell("echo $A; cat file")["stdout"] == "\nkept\n"


def test_a_command_over_its_limit_is_killed_with_its_whole_tree(
    commands: Commands, mark: str
) -> None:
    tree = f"setsid {LONG} & (setsid sh -c '{LONG} & {LONG}' &) ; {LONG} | cat; echo never"
    answer = commands.shell(f"echo before; {tree}", timeout_ms=2000)
    assert answer == {"stdout": "before\n", "stderr": "", "exit_code": 137, "timed_out": True}
    assert marked(mark) == set()


def test_a_command_that_never_stops_writing_is_over_its_limit_too(commands: Commands) -> None:
    answer = commands.shell("while :; do echo x; done", timeout_ms=1000)
    assert answer["timed_out"]
    assert answer["stdout"].startswith("x\n")


def test_a_background_process_lets_the_command_return_and_goes_on(
    commands: Commands, tmp_path: Path, mark: str
) -> None:
    script = "while [ ! -e stop ]; do echo tick; sleep 0.02; done; echo done > stopped"
    answer = commands.shell(f"nohup sh -c '{script}' & echo started", timeout_ms=20_000)
    assert "started\n" in answer["stdout"]
    eventually(lambda: marked(mark))  # a process that becomes another program has no mark meanwhile
    assert commands.shell(LONG, timeout_ms=100)["timed_out"]
    home = tmp_path / "home/user"
    (home / "stop").touch()  # had it lost its output, it would not live to see this
    eventually((home / "stopped").exists)


def test_a_shell_that_closes_its_output_is_still_waited_for(commands: Commands) -> None:
    assert commands.shell("exec >&- 2>&-; sleep 0.1; exit 5")["exit_code"] == 5


def test_a_command_that_writes_too_much_is_stopped(
    commands: Commands, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands_module, "LARGEST_OUTPUT", 100_000)
    with pytest.raises(OperationError) as caught:
        commands.shell("yes")
    assert caught.value.code == "Command.OutputTooLarge"
    assert marked(mark) == set()


def test_much_output_arrives_whole(commands: Commands) -> None:
    answer = commands.shell("head -c 3000000 /dev/zero | tr '\\0' x; exit 1")
    assert len(answer["stdout"]) == 3_000_000
    assert answer["exit_code"] == 1


def test_sh_does_where_there_is_no_bash(
    tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    commands = Commands(Paths("/", str(tmp_path)), Spawner({}, mark))
    assert commands.shell("echo $0")["stdout"] == "/bin/sh\n"


@pytest.mark.parametrize(("number", "code"), [(11, "Process.Limit"), (13, "Process.Failed")])
def test_a_process_that_cannot_be_started_has_a_reason(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(OperationError) as caught:
        commands.shell("true")
    assert caught.value.code == code


ADOPTER = """
import os, subprocess, time
from pathlib import Path
from agb.local.inside.processes import Spawner

def dead(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

spawner = Spawner({}, "mark", adopts=True)
spawner._reap_orphans()  # there are no children at all
orphan = subprocess.Popen(["/bin/true"])
while not dead(orphan.pid):
    time.sleep(0.005)
own, _ = spawner.start(["/bin/sh", "-c", "exit 7"], cwd=Path("/"))
assert not Path(f"/proc/{orphan.pid}").exists()
while not dead(own.pid):
    time.sleep(0.005)
spawner._reap_orphans()
own.communicate()
print(own.returncode)
orphan.returncode = 0
"""


def test_an_adopter_takes_notice_of_dead_orphans_only() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux lets a process adopt")
    env = {**os.environ, "PYTHONPATH": str(Path(agb.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", ADOPTER], env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_a_tree_is_told_from_its_roots_and_its_age(commands: Commands, mark: str) -> None:
    commands.shell(f"{LONG} & {LONG} &")
    eventually(lambda: len(marked(mark)) == 2)
    found = marked(mark)
    assert descendants(found) == found
    assert descendants(found, processes.ticks() + 1000) == set()
    assert descendants({os.getpid()}) >= {os.getpid()}
    assert marked(mark[:-1]) == set()


def test_a_process_without_children_is_known_for_it() -> None:
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("the kernel does not list children")
    child = subprocess.Popen(["/bin/sleep", "600"])
    try:
        assert not processes.is_childless(os.getpid())
        assert processes.is_childless(child.pid)
    finally:
        child.kill()
        child.wait()
    assert not processes.is_childless(child.pid)


def test_elsewhere_the_table_comes_from_ps(
    monkeypatch: pytest.MonkeyPatch, commands: Commands, mark: str
) -> None:
    if not Path("/bin/ps").exists():
        pytest.skip("there is no /bin/ps here")
    commands.shell(f"{LONG} &")
    (pid,) = eventually(lambda: marked(mark))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert table()[pid] == processes.Process(table()[pid].parent, 0)
    assert descendants({pid}, processes.ticks()) == {pid}


def test_killing_gives_up_on_what_cannot_be_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr(processes, "_ROUNDS", 3)
    child = subprocess.Popen(["/bin/sleep", "600"])
    kill_tree({child.pid}, "unmarked")
    monkeypatch.undo()
    assert child.poll() is None
    child.kill()
    child.wait()
