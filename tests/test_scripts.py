"""The scripts of background processes, in each shell that there is."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import frozen
from support.waiting import eventually

from agb import _background, _scripts, _shell
from agb._background import Look

SHELLS = [shell for shell in ("bash", "dash") if shutil.which(shell)]
PROGRAMS = ("base64", "cat", "cut", "grep", "head", "mkdir", "mkfifo", "mv", "rm", "sed", "sh")

pytestmark = pytest.mark.skipif(not shutil.which("setsid"), reason="there is no setsid")


@frozen
class Machine:
    """Runs scripts with one shell, in a folder of their own."""

    shell: str
    folder: Path

    def run(
        self, script: str, process_id: str = "p-1", path: str | None = None, **values: str
    ) -> subprocess.CompletedProcess[str]:
        told = {"PATH": path or os.environ["PATH"], "TMPDIR": str(self.folder)}
        program = shutil.which(self.shell)
        assert program
        return subprocess.run(
            [program, "-c", script],
            env={**told, "AGB_PROCESS": process_id, **values},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, command: str, **more: str) -> subprocess.CompletedProcess[str]:
        values = {**_shell.environment(command, {}), **_background.offsets(), "AGB_STDIN": ""}
        return self.run(_scripts.start("p-1"), **{**values, **more})

    def look(self) -> Look:
        done = self.run(_scripts.READ, **_background.offsets(0, 0))
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return _background.read_look(done.stdout, "")

    def ended(self) -> Look:
        eventually(lambda: self.look().state != "running")
        return self.look()

    def signal(self, sig: str) -> int:
        return self.run(_scripts.SIGNAL, AGB_SIGNAL=sig).returncode

    def has_become(self, program: str) -> bool:
        """Tell whether the command is a program by now, and no shell that ignores some signals."""
        told = ["/bin/ps", "-p", str(self.look().pid), "-o", "comm="]
        return subprocess.check_output(told, text=True) == f"{program}\n"

    def has_written(self, text: bytes) -> bool:
        return text in self.look().data["stdout"]


@pytest.fixture(params=SHELLS)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    folder = tmp_path / "with space"
    folder.mkdir()
    machine = Machine(request.param, folder)
    yield machine
    machine.signal("KILL")


def test_a_process_writes_ends_and_leaves_its_exit_code(machine: Machine) -> None:
    started = machine.start("echo out; echo err >&2; exit 9")
    assert (started.returncode, started.stderr) == (0, "")
    look = machine.ended()
    assert (look.state, look.exit_code) == ("exited", 9)
    assert look.data == {"stdout": b"out\n", "stderr": b"err\n"}
    assert look.sizes == {"stdout": 4, "stderr": 4}


def test_starting_does_not_wait_for_the_end(machine: Machine) -> None:
    machine.start("sleep 600")
    look = machine.look()
    assert look.state == "running"
    assert look.pid is not None
    assert os.getpgid(look.pid) == look.pid == os.getsid(look.pid)


@pytest.mark.parametrize("sig", ["INT", "TERM", "9", "QUIT"])
def test_a_signal_reaches_the_group_and_is_the_exit_code(machine: Machine, sig: str) -> None:
    machine.start("exec sleep 600")
    eventually(lambda: machine.has_become("sleep"))
    assert machine.signal(sig) == 0
    number = 9 if sig == "9" else signal.Signals[f"SIG{sig}"]
    assert machine.ended().exit_code == 128 + number
    assert machine.signal(sig) == _scripts.ENDED


def test_a_signal_that_there_is_not_is_refused_and_not_taken_for_the_end(
    machine: Machine,
) -> None:
    machine.start("sleep 600")
    refused = machine.run(_scripts.SIGNAL, AGB_SIGNAL="NOPE")
    assert refused.returncode == 1
    assert "NOPE" in refused.stderr
    assert machine.look().state == "running"


def test_a_start_that_can_not_be_written_down_leaves_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "cat").symlink_to("/bin/false")
    started = machine.start("true", path=f"{programs}:{os.environ['PATH']}")
    assert started.returncode == 1
    assert machine.run(_scripts.LIST).stdout == ""


def test_standard_input_is_fed_until_it_is_closed(machine: Machine) -> None:
    machine.start("cat", AGB_STDIN="yes")
    assert machine.run(_scripts.WRITE, AGB_DATA="b25lCg==", AGB_MORE="yes").returncode == 0
    eventually(lambda: machine.has_written(b"one\n"))
    assert machine.run(_scripts.WRITE, AGB_DATA="dHdvCg==", AGB_MORE="no").returncode == 0
    look = machine.ended()
    assert (look.exit_code, look.data["stdout"]) == (0, b"one\ntwo\n")
    closed = machine.run(_scripts.WRITE, AGB_DATA="", AGB_MORE="no")
    assert closed.returncode == _scripts.CLOSED


def test_what_feeds_standard_input_ends_with_the_process(machine: Machine) -> None:
    machine.start("exec 0<&-; exit 3", AGB_STDIN="yes")
    assert machine.ended().exit_code == 3
    folder = str(machine.folder)
    eventually(
        lambda: folder not in subprocess.check_output(["/bin/ps", "-e", "-o", "args="], text=True)
    )


def test_a_process_without_its_supervisor_is_lost_but_can_be_killed(machine: Machine) -> None:
    machine.start("sleep 600")
    supervisor = machine.folder / ".agb/processes/p-1/supervisor"
    os.kill(int(supervisor.read_text()), signal.SIGKILL)
    look = machine.ended()
    assert (look.state, look.exit_code) == ("lost", None)
    assert machine.signal("KILL") == 0


def test_a_start_that_was_cut_short_is_lost(machine: Machine) -> None:
    (machine.folder / ".agb/processes/p-1").mkdir(parents=True)
    (machine.folder / ".agb/processes/p-1/stdout").touch()
    (machine.folder / ".agb/processes/p-1/stderr").touch()
    assert machine.look().state == "lost"


def test_the_number_of_a_process_that_ended_may_be_somebody_elses_now(machine: Machine) -> None:
    machine.start("exit 0")
    machine.ended()
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as other:
        (machine.folder / ".agb/processes/p-1/pid").write_text(f"{other.pid} 1\n")
        (machine.folder / ".agb/processes/p-1/supervisor").write_text(f"{other.pid}\n")
        assert machine.signal("KILL") == _scripts.ENDED
        assert other.poll() is None
        (machine.folder / ".agb/processes/p-1/exit").unlink()
        assert machine.look().state == "lost"
        other.kill()


def test_a_second_start_finds_the_first(machine: Machine) -> None:
    machine.start("sleep 600")
    pid = machine.look().pid
    again = machine.start("exit 1")
    assert again.returncode == 0
    assert _background.read_look(again.stdout, "").pid == pid


def test_of_many_starts_at_once_one_runs_the_command(machine: Machine) -> None:
    command = f"echo ran >>'{machine.folder}/log'; exit 8"
    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(lambda _: machine.start(command), range(8)))
    assert [done.returncode for done in started] == [0] * 8
    assert machine.ended().exit_code == 8
    assert (machine.folder / "log").read_text() == "ran\n"


def test_what_has_ended_is_listed_and_can_be_removed(machine: Machine) -> None:
    machine.start("echo 'two words'")
    machine.ended()
    listed = machine.run(_scripts.LIST)
    found = _background.read_list(listed.stdout, "")
    assert [(each.process_id, each.state, each.command) for each in found] == [
        ("p-1", "exited", "echo 'two words'")
    ]
    assert machine.run(_scripts.REMOVE).returncode == 0
    assert machine.run(_scripts.LIST).stdout == ""
    assert machine.run(_scripts.REMOVE).returncode == _scripts.UNKNOWN


def test_without_setsid_it_says_what_is_missing_and_leaves_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in (*PROGRAMS, machine.shell):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    started = machine.start("true", path=str(programs))
    assert started.returncode == 1
    assert "need setsid" in started.stderr
    assert machine.run(_scripts.LIST).stdout == ""


def test_bounded_output_is_both_ends(machine: Machine) -> None:
    done = machine.run(
        _shell.RUN_BOUNDED,
        **_shell.environment("seq 1 100000; echo err >&2; exit 6", {}),
        **_shell.bounds("o-1", 10),
    )
    assert done.returncode == 6
    assert done.stderr == ""
    first, _, _, second, *_ = done.stdout.split("\n")
    assert first == f"588895 {machine.folder}/.agb/output/o-1/stdout"
    assert second == "4"
    assert [path.name for path in (machine.folder / ".agb/output/o-1").iterdir()] == ["stdout"]


def test_what_is_left_of_a_group_is_known_by_its_folder_not_by_its_id_alone(
    machine: Machine, tmp_path: Path
) -> None:
    other = Machine(machine.shell, tmp_path / "other")
    other.folder.mkdir()
    machine.start("exit 0")
    machine.ended()
    other.start("exec sleep 600")
    pid = other.look().pid
    (machine.folder / ".agb/processes/p-1/pid").write_text(f"{pid} 1\n")
    assert machine.signal("KILL") == _scripts.ENDED
    assert other.look().state == "running"
    assert other.signal("KILL") == 0
