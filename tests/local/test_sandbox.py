"""Sandboxes of all kinds: what a session can do in one, and what is left of it afterwards."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import agb
from agb.local.inside.processes import marked
from agb.local.sandbox import (
    Choice,
    Limits,
    OperationError,
    Sandbox,
    Sandboxes,
    SandboxGone,
    SandboxUnavailable,
)
from agb.local.sandbox import house as house_module

LIMITS = Limits(memory=256 * 1024 * 1024, processes=64, open_files=256, file_size=1024 * 1024)
KINDS: tuple[Choice, ...] = ("strong", "proot", "plain")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def detected(choice: Choice, folder: Path) -> Sandboxes:
    try:
        return await Sandboxes.detect(choice=choice, limits=LIMITS, folder=folder)
    except SandboxUnavailable as error:
        pytest.skip(f"there is no {choice} sandbox here: {error}")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that any user can get to, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="agb-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(params=KINDS, scope="module")
def kind(request: pytest.FixtureRequest) -> Choice:
    found: Choice = request.param
    return found


@pytest.fixture(scope="module")
async def sandboxes(
    kind: Choice,
    folder: Path,
    anyio_backend: str,  # noqa: ARG001 - makes it run in the event loop
) -> Sandboxes:
    return await detected(kind, folder)


@pytest.fixture(scope="module")
async def strong(
    folder: Path,
    anyio_backend: str,  # noqa: ARG001 - makes it run in the event loop
) -> Sandboxes:
    return await detected("strong", folder)


class Opened:
    """Opens sandboxes and closes them with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[Sandbox] = []

    async def __call__(self, sandboxes: Sandboxes) -> Sandbox:
        self.all.append(await sandboxes.open(self.folder / str(len(self.all))))
        return self.all[-1]


@pytest.fixture
async def opened(folder: Path) -> AsyncIterator[Opened]:
    opened = Opened(folder / secrets.token_hex(4))
    opened.folder.mkdir(mode=0o711)
    yield opened
    for sandbox in opened.all:
        await sandbox.aclose()


@pytest.fixture
async def sandbox(sandboxes: Sandboxes, opened: Opened) -> Sandbox:
    return await opened(sandboxes)


async def shell(sandbox: Sandbox, command: str, timeout_ms: int = 30_000) -> str:
    answer = await sandbox.request("shell", command=command, timeout_ms=timeout_ms)
    return str(answer["stdout"]).strip()


def groups_of(pid: int) -> list[Path]:
    """Find the groups of a server, while those of others come and go."""
    folders = (Path(top, name) for top, names, _ in os.walk("/sys/fs/cgroup") for name in names)
    return [folder for folder in folders if folder.name.startswith(f"agb-{pid}-")]


async def eventually(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.01)


def processes_of(pids: list[int]) -> list[psutil.Process]:
    """Give processes by their ids, but for those that have ended since."""
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found


def commands_in(sandbox: Sandbox) -> list[list[str]]:
    return [_command(process) for process in processes_of(sandbox.processes())]


async def begin(sandbox: Sandbox, command: str, *, prefix: str = "nohup") -> list[str]:
    """Start a program that goes on, and wait until it is what runs: what forks is a shell first."""
    await shell(sandbox, f"{prefix} {command} &")
    await eventually(lambda: command.split() in commands_in(sandbox))
    return command.split()


async def test_it_says_what_it_is(sandboxes: Sandboxes, sandbox: Sandbox) -> None:
    assert sandbox.level == sandboxes.level
    assert sandboxes.description in sandbox.description
    assert "\n" not in sandbox.description
    assert sandbox.alive
    assert sandboxes.reason is None


async def test_the_default_directory_is_the_home_and_stays(sandbox: Sandbox) -> None:
    assert (await shell(sandbox, "pwd")).endswith("/home/user")
    assert await shell(sandbox, "echo kept > file; echo ~; pwd") == "\n".join(
        [await shell(sandbox, "pwd")] * 2
    )
    assert await sandbox.request("file.read", path="/home/user/file") == "kept\n"
    assert await shell(sandbox, "cat file; rm file; ls") == "kept"


@pytest.mark.parametrize("path", ["/tmp/x", "/home/x", "/workspace/x", "/data/x", "/any/where/x"])
async def test_two_sessions_never_share_a_path(
    sandboxes: Sandboxes, opened: Opened, path: str
) -> None:
    one, other = await opened(sandboxes), await opened(sandboxes)
    await one.request("file.write", path=path, content="one")
    await other.request("file.write", path=path, content="other")
    assert await one.request("file.read", path=path) == "one"
    assert (one.root / path.lstrip("/")).read_text() == "one"
    assert "any" not in {entry.name for entry in os.scandir("/")}


async def test_usual_directories_are_there_and_writable(sandbox: Sandbox) -> None:
    for path in "/tmp", "/home", "/workspace", "/data", "/var/tmp", "/mnt":
        await sandbox.request("shell", command="touch x", cwd=path)
        assert await sandbox.request("file.list", path=path)


async def test_nothing_of_the_servers_environment_gets_in(
    sandboxes: Sandboxes, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGB_API_KEY", "secret-key")
    sandbox = await opened(sandboxes)
    code = "import os; print(dict(os.environ))"
    answer = await sandbox.request("run_code", code=code, language="python")
    assert "secret-key" not in await shell(sandbox, "env") + answer["stdout"][0]


async def test_code_commands_and_files_are_one_world(sandbox: Sandbox) -> None:
    code = "open('/tmp/from-code' if False else 'from-code', 'w').write('a'); 6 * 7"
    answer = await sandbox.request("run_code", code=code, language="python")
    assert answer["results"] == [{"data": {"text/plain": "42"}, "isMainResult": True}]
    assert await shell(sandbox, "cat from-code; echo b > from-shell") == "a"
    assert await sandbox.request("file.read", path="from-shell") == "b\n"


@pytest.mark.parametrize(
    ("language", "program", "code", "value"),
    [
        ("javascript", "node", "[1, 2].map(x => x * 21)[1]", "42"),
        ("java", "jshell", "6 * 7", "42"),
        ("r", "Rscript", "6 * 7", "[1] 42"),
    ],
)
async def test_other_languages_run_too(
    sandbox: Sandbox, language: str, program: str, code: str, value: str
) -> None:
    if not shutil.which(program):
        pytest.skip(f"{language} needs {program}, which is not installed")
    answer = await sandbox.request("run_code", code=code, language=language)
    assert answer["results"] == [{"data": {"text/plain": value}, "isMainResult": True}]


async def test_the_interpreter_is_the_servers(sandbox: Sandbox) -> None:
    code = "import sys; print(sys.prefix, sys.version_info[:2])"
    expected = f"{sys.prefix} {tuple(sys.version_info[:2])}\n"
    answer = await sandbox.request("run_code", code=code, language="python")
    assert answer["stdout"] == [expected]
    assert await shell(sandbox, f'python3 -c "{code}"') == expected.strip()


async def test_a_failed_operation_raises_with_its_code(sandbox: Sandbox) -> None:
    with pytest.raises(OperationError, match="/no/such") as caught:
        await sandbox.request("file.read", path="/no/such")
    assert caught.value.code == "File.NotFound"


async def test_text_that_no_encoding_can_carry_does_no_harm(sandbox: Sandbox) -> None:
    with pytest.raises(OperationError) as caught:
        await sandbox.request("file.write", path="x", content="\ud800")
    assert caught.value.code == "File.NotText"
    answer = await sandbox.request(
        "run_code", code=r"display({'a': '\ud800'}, raw=True)", language="python"
    )
    assert answer["results"][0]["data"] == {"a": "?"}


async def test_events_arrive_while_code_runs(sandbox: Sandbox) -> None:
    events: list[object] = []

    async def hear(event: dict[str, Any], /) -> None:
        events.append(event)

    await sandbox.request("run_code", code="print('a'); 1", language="python", on_event=hear)
    assert {"type": "stdout", "text": "a\n"} in events


async def test_many_requests_at_once_get_their_own_answers(sandbox: Sandbox) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shell(sandbox, f"echo {n}")) for n in range(20)]
    assert [task.result() for task in tasks] == [str(n) for n in range(20)]


async def test_big_payloads_pass_both_ways(sandbox: Sandbox) -> None:
    await sandbox.request("file.write", path="big", content="é" * 250_000)
    await sandbox.request("file.write", path="big", content="é" * 250_000, mode="append")
    assert await sandbox.request("file.read", path="big") == "é" * 500_000


async def test_a_request_that_takes_too_long_is_given_up(sandbox: Sandbox) -> None:
    with pytest.raises(TimeoutError):
        await sandbox.request("shell", command="sleep 600", timeout=0.05)
    assert await shell(sandbox, "echo alive") == "alive"


async def test_a_timeout_kills_the_whole_tree_but_no_earlier_job(sandbox: Sandbox) -> None:
    earlier = await begin(sandbox, "sleep 610")
    answer = await sandbox.request(
        "shell", command="(setsid sleep 611 &) ; sleep 612 & sleep 613", timeout_ms=300
    )
    assert answer["timed_out"]
    assert [command for command in commands_in(sandbox) if command[:1] == ["sleep"]] == [earlier]


async def test_processes_are_listed_and_gone_when_it_closes(sandbox: Sandbox) -> None:
    await begin(sandbox, "sleep 620", prefix="setsid nohup")
    await sandbox.request("warm", language="python")
    processes = processes_of(sandbox.processes())
    commands = [" ".join(_command(process)) for process in processes]
    assert "sleep 620" in commands
    assert any("python_runner" in command for command in commands)
    await sandbox.aclose()
    await sandbox.aclose()
    assert not sandbox.alive
    assert sandbox.processes() == []
    assert not sandbox.root.exists()
    assert [process for process in processes if _still(process)] == []
    assert groups_of(os.getpid()) == []
    with pytest.raises(SandboxGone):
        await sandbox.request("ping")


async def test_requests_under_way_end_with_the_sandbox(sandbox: Sandbox) -> None:
    waiting = asyncio.create_task(sandbox.request("shell", command="sleep 600"))
    await sandbox.request("ping")
    await sandbox.aclose()
    with pytest.raises(SandboxGone):
        await waiting


async def test_an_agent_that_is_killed_takes_the_session_with_it(sandbox: Sandbox) -> None:
    await begin(sandbox, "sleep 630", prefix="setsid nohup")
    processes = processes_of(sandbox.processes())
    os.kill(_agent(sandbox), signal.SIGKILL)
    await eventually(lambda: not sandbox.alive)
    await sandbox.aclose()
    assert [process for process in processes if _still(process)] == []


async def test_an_agent_that_hangs_is_killed_with_the_session(sandbox: Sandbox) -> None:
    await begin(sandbox, "sleep 640", prefix="setsid nohup")
    processes = processes_of(sandbox.processes())
    os.kill(_agent(sandbox), signal.SIGSTOP)
    await sandbox.aclose()
    assert [process for process in processes if _still(process)] == []


def _agent(sandbox: Sandbox) -> int:
    """Find the interpreter that runs the agent: the wall around it has it in its arguments too."""
    processes = processes_of(sandbox.processes())
    return next(each.pid for each in processes if _command(each)[1:3] == ["-I", "-S"])


async def test_closing_goes_on_when_it_is_cancelled(sandbox: Sandbox) -> None:
    closing = asyncio.create_task(sandbox.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await eventually(lambda: not sandbox.root.exists())


async def test_a_locked_folder_is_removed_all_the_same(sandbox: Sandbox) -> None:
    await shell(sandbox, "mkdir -p locked/deep; touch locked/deep/x; chmod 0 locked/deep locked")
    await sandbox.aclose()
    assert not sandbox.root.exists()


async def test_files_that_are_there_before_are_the_sessions(
    sandboxes: Sandboxes, folder: Path
) -> None:
    root = folder / "kept"
    (root / "home/user").mkdir(parents=True)
    (root / "home/user/x").write_text("from before")
    (root / "data").symlink_to("/etc")
    sandbox = await sandboxes.open(root)
    assert await shell(sandbox, "cat x; echo more >> x") == "from before"
    assert await sandbox.request("file.list", path="/data") == []
    await sandbox.aclose()


async def test_limits_hold(sandboxes: Sandboxes, sandbox: Sandbox) -> None:
    assert await shell(sandbox, "ulimit -n; ulimit -c") == "256\n0"
    answer = await sandbox.request(
        "shell", command="head -c 2000000 /dev/zero > big; stat -c %s big"
    )
    assert answer["stdout"].strip() == str(LIMITS.file_size)
    if "cgroup" not in sandboxes.description:
        pytest.skip("there are no writable control groups here")
    with pytest.raises(OperationError) as caught:
        await sandbox.request("run_code", code="x = bytearray(10**9)", language="python")
    assert caught.value.code == "Code.RunnerDied"


async def test_a_session_that_used_up_its_processes_answers_all_the_same(
    sandboxes: Sandboxes, sandbox: Sandbox
) -> None:
    if "cgroup" not in sandboxes.description:
        pytest.skip("there are no writable control groups here")
    answer = await sandbox.request("run_code", code=BOMB, language="python")
    assert answer["stdout"][0].startswith("no more")
    with pytest.raises(OperationError) as caught:
        await shell(sandbox, "true")
    assert caught.value.code == "Process.Limit"
    await sandbox.aclose()


async def test_usage_tells_traffic_and_space(sandbox: Sandbox) -> None:
    usage = await sandbox.request("usage")
    assert usage["disk"]["total"] > 0
    assert list(usage["network"]) == (["lo"] if sandbox.level == "strong" else [])


BOMB = """
from subprocess import Popen
try:
    children = []
    while len(children) < 100:
        children.append(Popen(["sleep", "650"]))
except BlockingIOError as error:
    print("no more", error)
"""


SERVER = """
    import asyncio, sys
    from pathlib import Path
    from agb.local.sandbox import Sandboxes

    async def main():
        root = Path(sys.argv[2])
        sandboxes = await Sandboxes.detect(choice=sys.argv[1], folder=root.parent)
        sandbox = await sandboxes.open(root)
        await sandbox.request("warm", language="python")
        await sandbox.request("shell", command="setsid nohup sleep 670 & nohup sleep 671 &")
        print(*sandbox.processes(), flush=True)
        await sandbox.request("shell", command="sleep 672", timeout_ms=600_000)

    asyncio.run(main())
"""


async def test_a_server_that_is_killed_leaves_no_process(kind: Choice, folder: Path) -> None:
    await detected(kind, folder)
    server = subprocess.Popen(  # noqa: ASYNC220 - it is there at once
        [sys.executable, "-c", textwrap.dedent(SERVER), kind, str(folder / f"of-{kind}")],
        env={**os.environ, "PYTHONPATH": str(Path(agb.__file__).parent.parent)},
        stdout=subprocess.PIPE,
    )
    assert server.stdout
    with server.stdout:
        pids = [int(pid) for pid in (await asyncio.to_thread(server.stdout.readline)).split()]
    processes = processes_of(pids)
    assert len(processes) >= 4
    server.kill()
    server.wait()
    await eventually(lambda: not any(_still(process) for process in processes))
    deadline = time.monotonic() + 30
    while groups_of(server.pid):
        assert time.monotonic() < deadline, "there is still somebody in them"
        await detected(kind, folder)  # removes groups once they are empty


def _still(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestStrong:
    """What only a strong sandbox keeps apart."""

    @pytest.fixture
    async def sandbox(self, strong: Sandboxes, opened: Opened) -> Sandbox:
        return await opened(strong)

    async def test_hosts_files_are_out_of_sight(self, sandbox: Sandbox, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("secret")
        assert await shell(sandbox, f"cat {tmp_path}/secret /etc/shadow; ls {sandbox.root}") == ""
        assert "user" in (await shell(sandbox, "ls /home")).split()
        assert await shell(sandbox, "ls -A /var/lib /boot /sys") == ""

    async def test_whoever_is_inside_is_nobody_outside(self, sandbox: Sandbox) -> None:
        assert await shell(sandbox, "whoami; id -u") == "user\n1000"
        status = await shell(sandbox, "grep -E 'Cap(Prm|Eff|Bnd)|NoNewPrivs' /proc/self/status")
        values = [line.split()[1] for line in status.splitlines()]
        assert values[-1] == "1"
        assert {int(value, 16) for value in values[:3]} == {0}
        if os.geteuid() == 0:
            assert sandbox.owner is not None
            assert (sandbox.root / "home/user").stat().st_uid == sandbox.owner
            assert psutil.Process(_agent(sandbox)).uids().real == sandbox.owner
        else:
            assert sandbox.owner is None

    async def test_system_folders_cannot_be_written(self, sandbox: Sandbox) -> None:
        for path in (
            "/usr/x",
            "/etc/x",
            "/usr/bin/env",
            "/run/agb/inside/agent.py",
            f"{sys.prefix}/x",
        ):
            with pytest.raises(OperationError) as caught:
                await sandbox.request("file.write", path=path, content="x")
            assert caught.value.code == "File.PermissionDenied"

    async def test_another_sessions_processes_cannot_be_seen_or_killed(
        self, strong: Sandboxes, opened: Opened
    ) -> None:
        one, other = await opened(strong), await opened(strong)
        await begin(one, "sleep 680")
        assert "680" not in await shell(other, "ps -eo args | grep -v grep")
        with pytest.raises(SandboxGone):  # it can only hit its own
            await shell(other, "for p in $(seq 400 -1 1); do [ $p = $$ ] || kill -9 $p; done")
        assert "sleep 680" in await shell(one, "ps -eo args")

    async def test_there_is_no_way_into_the_agent(self, sandbox: Sandbox) -> None:
        script = """
            for p in /proc/[0-9]*; do
              if tr '\\0' ' ' <$p/cmdline | grep -q '^[^ ]*python[^ ]* -I'; then
                cat $p/environ $p/mem 2>&1 | grep -c denied; ls $p/fd 2>&1 | grep -c denied
              fi
            done
        """
        assert set((await shell(sandbox, script)).split()) == {"2", "1"}

    async def test_the_network_is_its_own(self, sandbox: Sandbox) -> None:
        listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
            answer = await sandbox.request("shell", command=f'python3 -c "{connect}"')
        assert "ConnectionRefusedError" in answer["stderr"]
        assert list((await sandbox.request("usage"))["network"]) == ["lo"]
        serve = (
            "import socket, threading\ns = socket.create_server(('127.0.0.1', 0))\n"
            "socket.create_connection(s.getsockname()); s.accept()[0].getsockname()[0]"
        )
        answer = await sandbox.request("run_code", code=serve, language="python")
        assert answer["results"][0]["data"]["text/plain"] == "'127.0.0.1'"

    async def test_user_namespaces_end_here(self, sandbox: Sandbox) -> None:
        if "not available" in sandbox.description:
            pytest.skip("user namespaces are not available here")
        answer = await sandbox.request("shell", command="unshare --user true")
        assert answer["exit_code"] != 0

    async def test_shared_memory_is_its_own_and_writable(
        self, strong: Sandboxes, opened: Opened
    ) -> None:
        one, other = await opened(strong), await opened(strong)
        assert await shell(one, "echo x > /dev/shm/x; cat /dev/shm/x; hostname") == "x\nagb"
        assert await shell(other, "ls /dev/shm") == ""

    async def test_a_killed_wall_ends_the_session(self, sandbox: Sandbox) -> None:
        await begin(sandbox, "sleep 690")
        processes = processes_of(sandbox.processes())
        next(each for each in processes if each.ppid() == os.getpid()).kill()
        await eventually(lambda: not sandbox.alive)
        await eventually(lambda: not any(_still(process) for process in processes))

    async def test_a_wall_that_falls_by_itself_is_no_trouble(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(house_module, "_children", lambda _: [999_999_999])
        await sandbox.aclose()
        assert not sandbox.root.exists()


class TestPlain:
    """What a plain sandbox does with no help of the system."""

    @pytest.fixture
    async def sandbox(self, folder: Path, opened: Opened) -> Sandbox:
        return await opened(await detected("plain", folder))

    async def test_it_says_that_it_does_not_isolate(self, sandbox: Sandbox) -> None:
        assert "no isolation" in sandbox.description
        assert "this machine's own paths" in sandbox.description
        assert sandbox.owner is None

    async def test_paths_are_mapped_below_the_folder(self, sandbox: Sandbox) -> None:
        answer = await sandbox.request("shell", command="pwd; echo $TMPDIR", cwd="/tmp")
        assert answer["stdout"] == f"{sandbox.root}/tmp\n" * 2
        assert await sandbox.request("file.search", path="/", pattern="user") == ["/home/user"]

    async def test_a_link_out_of_the_folder_is_not_followed(self, sandbox: Sandbox) -> None:
        await shell(sandbox, "ln -s /etc/passwd link")
        with pytest.raises(OperationError) as caught:
            await sandbox.request("file.read", path="link")
        assert caught.value.code == "Path.OutsideSandbox"


class TestOwnView:
    """What sessions with a file system view of their own have, however they come by it."""

    @pytest.fixture(params=["strong", "proot"])
    async def two(
        self, request: pytest.FixtureRequest, folder: Path, opened: Opened
    ) -> tuple[Sandbox, Sandbox]:
        sandboxes = await detected(request.param, folder)
        return await opened(sandboxes), await opened(sandboxes)

    @pytest.mark.parametrize("path", ["/tmp/x-of-agb", "/workspace/x", "/data/x", "/var/tmp/x"])
    async def test_a_path_is_one_file_to_tools_commands_and_code(
        self, two: tuple[Sandbox, Sandbox], path: str
    ) -> None:
        for number, sandbox in enumerate(two):
            await sandbox.request("file.write", path=path, content=f"tool {number}\n")
            assert await shell(sandbox, f"cat {path}") == f"tool {number}"
            await shell(sandbox, f"echo shell >> {path}; ls -l {path}; stat {path}; test -r {path}")
        for number, sandbox in enumerate(two):
            code = f"import os; print(open({path!r}).read(), os.stat({path!r}).st_size)"
            answer = await sandbox.request("run_code", code=code, language="python")
            assert answer["stdout"] == [f"tool {number}\nshell\n 13\n"]
            assert (sandbox.root / path.lstrip("/")).read_text() == f"tool {number}\nshell\n"
        assert not Path(path).exists()

    async def test_what_the_machine_has_in_its_folders_is_out_of_sight(
        self, two: tuple[Sandbox, Sandbox], folder: Path
    ) -> None:
        (folder / "of-the-machine").write_text("secret")
        sandbox = two[0]
        for command in (
            f"cat {folder}/of-the-machine",
            f"ls -l {folder}/of-the-machine",
            f"stat {folder}/of-the-machine",
            f"test -r {folder}/of-the-machine",
            f"ls {two[1].root}/home",
        ):
            answer = await sandbox.request("shell", command=command)
            assert answer["exit_code"] != 0, command
        with pytest.raises(OperationError) as caught:
            await sandbox.request("file.read", path=f"{folder}/of-the-machine")
        assert caught.value.code == "File.NotFound"

    async def test_nothing_is_left_on_the_machine(self, two: tuple[Sandbox, Sandbox]) -> None:
        name = secrets.token_hex(8)
        for sandbox in two:
            await shell(
                sandbox, f"for d in /tmp /var/tmp /home /dev/shm /data; do >$d/{name}; done"
            )
            await sandbox.aclose()
            assert not sandbox.root.exists()
        left = [Path(place, name) for place in ("/tmp", "/var/tmp", "/home", "/dev/shm")]
        assert [path for path in left if path.exists()] == []

    async def test_the_session_is_somebody_by_name(self, two: tuple[Sandbox, Sandbox]) -> None:
        said = await shell(two[0], "whoami; echo ~user; pwd; echo $TMPDIR")
        assert said == "user\n/home/user\n/home/user\n/tmp"

    async def test_shared_memory_is_its_own(self, two: tuple[Sandbox, Sandbox]) -> None:
        assert await shell(two[0], "echo x > /dev/shm/x; cat /dev/shm/x") == "x"
        assert await shell(two[1], "ls /dev/shm") == ""

    async def test_programs_that_start_others_keep_their_memory(
        self, two: tuple[Sandbox, Sandbox]
    ) -> None:
        code = """
            import os
            for _ in range(5):
                os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
                numbers = [str(number) for number in range(100_000)]
            print(len(numbers))
        """
        answer = await two[0].request("run_code", code=textwrap.dedent(code), language="python")
        assert answer["stdout"] == ["100000\n"]


class TestProot:
    """What only sandboxes by proot have to take care of."""

    @pytest.fixture
    async def proot(self, folder: Path) -> Sandboxes:
        return await detected("proot", folder)

    async def test_it_says_what_it_does_not_keep_apart(self, proot: Sandboxes) -> None:
        assert proot.level == "portable"
        assert "own file system view by proot" in proot.description
        assert "isolation" in proot.description

    async def test_passwords_of_the_host_are_out_of_sight(
        self, proot: Sandboxes, opened: Opened
    ) -> None:
        sandbox = await opened(proot)
        assert await shell(sandbox, "cat /etc/shadow /etc/gshadow; ls -A /etc/shadow") == ""

    async def test_without_its_tracer_a_session_ends(
        self, proot: Sandboxes, opened: Opened
    ) -> None:
        sandbox = await opened(proot)
        await begin(sandbox, "sleep 710", prefix="setsid nohup")
        processes = processes_of(sandbox.processes())
        (tracer,) = [p for p in processes if p.name() == "proot"]
        tracer.kill()
        await eventually(lambda: not sandbox.alive)
        await sandbox.aclose()
        assert not any(_still(process) for process in processes)

    async def test_sessions_of_own_users_cannot_touch_one_another(
        self, proot: Sandboxes, opened: Opened
    ) -> None:
        if "own user" not in proot.description:
            pytest.skip(f"sessions are no users of their own here: {proot.description}")
        one, other = await opened(proot), await opened(proot)
        assert one.owner != other.owner
        await begin(one, "sleep 720")
        pids = one.processes()
        answer = await other.request("shell", command=f"kill -9 {' '.join(map(str, pids))}")
        assert answer["stderr"].count("Operation not permitted") == len(pids)
        answer = await other.request("shell", command=f"ls /proc/{pids[0]}/root/")
        assert answer["exit_code"] != 0
        assert "sleep 720" in await shell(one, "ps -eo args")
        assert one.root.stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("kind", ["proot", "plain"])
class TestPortable:
    """What no help of the system sees to: that nothing goes on after a session."""

    @pytest.fixture
    async def sandbox(self, kind: Choice, folder: Path, opened: Opened) -> Sandbox:
        return await opened(await detected(kind, folder))

    async def test_orphans_are_adopted_and_reaped(self, sandbox: Sandbox) -> None:
        await shell(sandbox, "(setsid sleep 0.01 &)")
        children = psutil.Process(_agent(sandbox)).children

        async def gone() -> bool:
            await shell(sandbox, "true")
            return not children()

        deadline = time.monotonic() + 30
        while not await gone():
            assert time.monotonic() < deadline

    async def test_even_what_hides_its_mark_ends_with_the_session(self, sandbox: Sandbox) -> None:
        await shell(sandbox, "(env -i setsid sleep 700 &)")
        processes = psutil.Process(_agent(sandbox)).children
        await eventually(lambda: ["sleep", "700"] in [_command(p) for p in processes()])
        (hidden,) = [p for p in processes() if _command(p) == ["sleep", "700"]]
        await sandbox.aclose()
        assert not _still(hidden)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_nothing_marked_is_left() -> None:
    assert json.dumps(sorted(marked("session"))) == "[]"
