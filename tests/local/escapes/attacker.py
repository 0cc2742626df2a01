"""Runs in a session and tries to get out of it: `python attacker.py FACTS`.

FACTS is a file of JSON that tells what there is to be had, as nobody would tell a real attacker.
For each attempt it prints what it got. Whatever it does to others is aimed at processes and files
that the tests have made for that, and harms nothing else.
"""

# ruff: noqa: PTH115, PTH208, PTH211 (paths of processes are texts)
import ctypes
import http.client
import json
import os
import platform
import resource
import signal
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

FACTS = json.loads(Path(sys.argv[1]).read_text())
LIBRARY = ctypes.CDLL(None, use_errno=True)
CLONE, KEYCTL = {"x86_64": (56, 250), "aarch64": (220, 219)}[platform.machine()]
UNTRACED, NEW_USER, NEW_MOUNTS = 0x00800000, 0x10000000, 0x00020000
RECURSIVE, PRIVATE = 0x4000, 0x40000
SEARCH, READ, SESSION_KEYRING = 10, 11, -3
SEIZE = 0x4206  # traces without stopping
LONGEST = 20  # seconds that an attempt may take

ATTEMPTS: dict[str, Callable[[], object]] = {}


def attempt(function: Callable[[], object]) -> Callable[[], object]:
    """List what gives a proof of success, or nothing, or fails."""
    ATTEMPTS[function.__name__] = function
    return function


def first(*tries: Callable[[], object]) -> object:
    """Give what the first try that works has got."""
    for each in tries:
        with suppress(OSError, ValueError):
            if got := each():
                return got
    return None


def checked(result: int) -> int:
    """Take the result of a system call."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def is_really(pid: int, words: str) -> bool:
    """Tell whether a process is the one that is meant: here its number may be another's."""
    return words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def linked(path: str) -> str:
    """Plant a symbolic link."""
    link = f"link-{os.getpid()}-{abs(hash(path))}"
    os.symlink(path, link)
    return link


def hard_linked(path: str) -> str:
    link = f"hard-{os.getpid()}-{abs(hash(path))}"
    os.link(path, link)
    return link


def ways_to(path: str) -> list[Callable[[], str]]:
    """List ways to a file of the machine."""
    return [
        lambda: path,
        lambda: "/../../../.." + path,
        lambda: linked(path),
        lambda: hard_linked(path),
        lambda: f"/proc/self/root{path}",
        lambda: f"/proc/{FACTS['server']}/root{path}",
        lambda: f"/proc/{FACTS['other']}/root{path}",
        lambda: f"/proc/1/root{path}",
    ]


def contents(path: str) -> object:
    return first(*(lambda way=way: Path(way()).read_text() for way in ways_to(path)))


@attempt
def read_a_file_of_another_session() -> object:
    inside = f"/proc/{FACTS['other']}/cwd/secret"
    return contents(FACTS["other file"]) or first(lambda: Path(inside).read_text())


@attempt
def change_a_file_of_another_session() -> object:
    def change(way: Callable[[], str]) -> object:
        with Path(way()).open("r+") as file:  # as anybody made it, so it is not made here
            return file.writable()

    return first(*(lambda way=way: change(way) for way in ways_to(FACTS["other file"])))


@attempt
def read_the_store() -> object:
    for folder, _, names in os.walk(FACTS["store"]):
        for name in names:
            with suppress(OSError):
                data = Path(folder, name).read_bytes()
                if FACTS["stored"].encode() in data:
                    return "found it"
    return None


@attempt
def read_what_only_the_server_may() -> object:
    return contents(FACTS["closed file"])


@attempt
def read_a_disk() -> object:
    for device in Path("/dev").iterdir():
        with suppress(OSError):
            if stat.S_ISBLK(device.stat().st_mode) and device.open("rb").read(1):
                return str(device)
    return None


@attempt
def write_outside() -> object:
    def write(way: Callable[[], str]) -> bool:
        file = Path(way(), f"by-{os.getpid()}")
        file.touch()
        return file.exists()

    folder = FACTS["open folder"]
    return first(*(lambda way=way: write(way) for way in ways_to(folder)[:1] + ways_to(folder)[4:]))


@attempt
def read_the_environment_of_the_server() -> object:
    return Path(f"/proc/{FACTS['server']}/environ").read_text()


@attempt
def read_the_memory_of_the_server() -> object:
    pid = FACTS["server"]
    start = int(Path(f"/proc/{pid}/maps").read_text().split("-")[0], 16)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(start)
        return is_really(pid, "agb.local") and len(memory.read(4))


@attempt
def see_the_open_files_of_the_server() -> object:
    pid = FACTS["server"]
    return is_really(pid, "agb.local") and os.listdir(f"/proc/{pid}/fd")


@attempt
def signal_the_server() -> object:
    pid = FACTS["server"]
    if not is_really(pid, "agb.local"):
        return None
    os.kill(pid, signal.SIGCONT)  # does nothing to who has not been stopped
    return "signalled"


@attempt
def signal_a_process_of_another_session() -> object:
    pid = FACTS["other"]
    if not is_really(pid, "victim"):
        return None
    os.kill(pid, signal.SIGCONT)
    os.killpg(os.getpgid(pid), signal.SIGCONT)
    return "signalled"


@attempt
def trace_a_process_of_another_session() -> object:
    pid = FACTS["other"]
    if not is_really(pid, "victim"):
        return None
    checked(LIBRARY.ptrace(SEIZE, pid, 0, 0))
    return "traced"  # until this process ends


@attempt
def see_the_processes_of_the_machine() -> object:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if is_really(int(folder.name), "agb.local --embedded"):
                return "there it is"
    return None


@attempt
def connect_to_the_loopback_of_the_machine() -> object:
    with socket.create_connection(("127.0.0.1", FACTS["port"]), timeout=5) as connection:
        return connection.recv(100).decode()


@attempt
def connect_to_an_abstract_socket() -> object:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect("\0" + FACTS["abstract socket"])
        return connection.recv(100).decode()


@attempt
def connect_to_a_socket_with_a_path() -> object:
    def connect(way: Callable[[], str]) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(way())
            return connection.recv(100).decode()

    ways = ways_to(FACTS["open folder"] + "/socket")
    return first(*(lambda way=way: connect(way) for way in ways))


@attempt
def ask_the_server_without_its_key() -> object:
    for path in FACTS["api"]:
        for key in "", "Bearer ", "Bearer guess", "guess":
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", FACTS["server port"], 5)
                headers = {"Authorization": key} if key else {}
                connection.request("POST", path, "{}", headers)
                answer = connection.getresponse()
                body = answer.read().decode()
                if (
                    answer.status < http.HTTPStatus.MULTIPLE_CHOICES
                    and '"success":true' in body.replace(" ", "")
                ):
                    return path
    return None


@attempt
def find_the_environment_of_the_server_in_ones_own() -> object:
    for name in FACTS["variables"]:
        if name in os.environ:
            return name
    pid = os.getppid()
    while pid > 1 and FACTS["apart"]:
        environment = Path(f"/proc/{pid}/environ").read_text()
        if any(name + "=" in environment for name in FACTS["variables"]):
            return pid
        pid = parent(pid)
    return None


@attempt
def use_a_key_of_the_servers_keyring() -> object:
    name = FACTS["key in keyring"].encode()
    key = checked(LIBRARY.syscall(KEYCTL, SEARCH, SESSION_KEYRING, b"user", name, 0))
    buffer = ctypes.create_string_buffer(100)
    checked(LIBRARY.syscall(KEYCTL, READ, key, buffer, 100))
    return buffer.value.decode()


@attempt
def become_root() -> object:
    os.setresuid(0, 0, 0)
    return os.getuid() == 0


@attempt
def gain_privileges_by_a_setuid_program() -> object:
    return "NoNewPrivs:\t0" in Path("/proc/self/status").read_text()


@attempt
def make_a_user_namespace() -> object:
    checked(LIBRARY.unshare(NEW_USER))
    return "made"


@attempt
def mount_something() -> object:
    checked(LIBRARY.unshare(NEW_MOUNTS))  # so that it is not the machine that gets it
    checked(LIBRARY.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None))
    checked(LIBRARY.mount(b"none", b"/mnt", b"tmpfs", 0, None))
    return "mounted"


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def agent() -> int:
    """Find the agent among those that this process comes from."""
    pid = os.getppid()
    while pid and not is_really(pid, "-I -S -c"):
        pid = parent(pid)
    return pid


@attempt
def get_hold_of_the_agents_sockets() -> object:
    own = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")[:-1]]
    if any("socket" in name for name in own):
        return "inherited"
    folder = f"/proc/{agent()}/fd"
    return [name for name in os.listdir(folder) if "socket" in os.readlink(f"{folder}/{name}")]


@attempt
def change_the_memory_of_the_agent() -> object:
    with Path(f"/proc/{agent()}/mem").open("r+b", buffering=0) as memory:
        return memory.writable()


@attempt
def change_the_program_of_the_agent() -> object:
    with Path("/run/agb/inside/agent.py").open("r+b") as file:
        return file.writable()


@attempt
def change_the_interpreter() -> object:
    with Path(os.path.realpath(sys.executable)).open("r+b") as file:
        return file.writable()


@attempt
def raise_a_limit() -> object:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1] + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@attempt
def leave_the_control_group() -> object:
    def leave(file: Path) -> object:
        file.write_text(str(os.getpid()))
        return str(file)

    mounted = Path("/proc/self/mounts").read_text().splitlines()
    folders = [line.split()[1] for line in mounted if line.split()[2].startswith("cgroup")]
    return first(
        *(lambda f=f: leave(Path(f, "cgroup.procs")) for f in (*folders, "/sys/fs/cgroup"))
    )


@attempt
def leave_a_core_file() -> object:
    child = os.fork()
    if not child:
        os.abort()
    return os.WCOREDUMP(os.waitpid(child, 0)[1])


@attempt
def make_a_file_that_is_too_large() -> object:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Path(f"large-{os.getpid()}").open("wb") as file:
        file.truncate(FACTS["largest file"] + 1)
    return "made"


def untraced() -> int:
    """Fork, but so that who traces this process does not trace the child."""
    return checked(LIBRARY.syscall(CLONE, UNTRACED | signal.SIGCHLD, 0, 0, 0, 0))


def outcome(fork: Callable[[], int], function: Callable[[], object]) -> dict[str, object]:
    """Try something in a process of its own and give what it got, if anything."""
    ours, theirs = os.pipe()
    child = fork()
    if not child:
        signal.alarm(LONGEST)
        try:
            got, said = function(), ""
        except BaseException as error:  # noqa: BLE001 - any failure is one of the attempt
            got, said = None, repr(error)
        os.write(theirs, json.dumps({"got": got, "said": said}).encode()[:60_000])
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        report = pipe.read()
    os.waitpid(child, 0)
    told: dict[str, object] = json.loads(report) if report else {"got": None, "said": "it ended"}
    return told


def main() -> None:
    """Try everything, the usual way and past a tracer."""
    report: dict[str, dict[str, object]] = {}
    for name, function in ATTEMPTS.items():
        report[name] = outcome(os.fork, function)
        if not report[name]["got"]:
            past = outcome(untraced, function)
            report[name] = past if past["got"] else report[name]
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
