"""Sandboxes with a file system view of their own, by proot: they keep order, not secrets.

Proot traces a session's processes and translates the paths in their system calls, which needs
neither user namespaces nor to be root. Processes and network are those of the machine, and who
means harm finds a way around the translation. The sessions of a root server are users of their
own, if such a user can get to their folders, so that they can't touch one another.
"""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve, field, frozen

from agb.local.inside.old_kernel import known_machine
from agb.local.inside.paths import HOME
from agb.local.sandbox.cgroups import Group
from agb.local.sandbox.folder import PACKAGE, lay_out
from agb.local.sandbox.house import House, start
from agb.local.sandbox.interface import Limits, SandboxUnavailable
from agb.local.sandbox.plan import INSIDE, Plan, agent_limits, environment
from agb.local.sandbox.trial import problem_of
from agb.local.sandbox.users import become, own_name, people, some_uids
from agb.local.sandbox.view import View

_CLOSED = ("shadow", "shadow-", "gshadow", "gshadow-", "sudoers")
"""What of /etc programs of root could read, and have no business to."""
_NAMES = Path("/etc/resolv.conf")  # often a link to where a session has a folder of its own
_ENVIRONMENT = {
    # Proot 5.1 loses the end of a program's heap when that starts another by clone(2), as programs
    # do in containers that refuse clone3(2). One that need not grow is none the worse for it.
    "MALLOC_TOP_PAD_": str(64 * 1024 * 1024),
}
_TRIAL = "open('/tmp/trial', 'x').close()"


@frozen(kw_only=True)
class Proot:
    """Opens sandboxes with proot.

    Attributes:
        proot: The program.
        setpriv: For a root server whose sessions are users of their own: what makes them so.
        view: What of the host sessions see under its own name.
        limits: What each may use.
    """

    level = "portable"

    proot: str
    setpriv: str | None
    view: View
    limits: Limits
    _uids: Iterator[int] = field(factory=some_uids, repr=False)

    @classmethod
    def detect(cls, limits: Limits, folder: Path | None = None) -> "Proot":
        """Find the program and try it.

        Args:
            limits: What each session may use.
            folder: Where their folders will be.

        Raises:
            SandboxUnavailable: It does not work here; the text says why.
        """
        if sys.platform != "linux" or not known_machine():
            raise SandboxUnavailable("proot is for Linux on x86_64 and aarch64 only")
        proot = shutil.which("proot")
        if not proot:
            raise SandboxUnavailable("proot is not installed: apt-get install proot")
        setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
        view = View.of_this_process()
        kind = cls(proot=proot, setpriv=setpriv, view=view, limits=limits)
        problem = kind.trial(folder)
        if problem and setpriv:
            kind = evolve(kind, setpriv=None)
            problem = kind.trial(folder)
        if problem:
            raise SandboxUnavailable(f"proot does not work here: {problem}")
        return kind

    @property
    def own_user(self) -> bool:
        """Whether each session is a user of its own."""
        return self.setpriv is not None

    @property
    def description(self) -> str:
        """What keeps sessions apart."""
        if self.own_user:
            return "own file system view by proot, own user, no other isolation"
        shared = f"own file system view by proot, processes of {own_name()}, no isolation"
        if os.geteuid():
            return shared
        return f"{shared}: the data folder or the interpreter is closed to other users"

    async def open(self, root: Path, group: Group | None, description: str) -> House:
        """Start a sandbox."""
        uid = next(self._uids) if self.own_user else None
        return await start(
            self._plan(root, uid, group),
            level=self.level,
            description=f"{description}, uid {uid}" if uid else description,
            root=root,
            owner=uid,
            group=group,
        )

    def _plan(self, root: Path, uid: int | None, group: Group | None) -> Plan:
        settings = {
            "env": environment(self.view, HOME, "/tmp") | _ENVIRONMENT,  # noqa: S108 - its own
            "python": sys.executable,
            "mark": secrets.token_hex(8),
            "memory": self.limits.memory,
            "adopts": True,
            "own_network": False,
            "limits": agent_limits(self.limits, group, own_user=self.own_user),
        }
        command = self._command(root.absolute(), uid)
        return Plan(
            command=command,
            package=PACKAGE,
            settings=settings,
            disk=self.limits.disk,
            traced=True,
        )

    def trial(self, folder: Path | None) -> str:
        """Write a file in a sandbox and give what went wrong."""
        uid = next(self._uids) if self.own_user else None
        try:
            with tempfile.TemporaryDirectory(prefix="agb-", dir=folder) as name:
                root = Path(name)
                command = [*self._command(root, uid), sys.executable, "-I", "-S", "-c", _TRIAL]
                problem = problem_of(command, line=0)
                written = (root / "tmp/trial").exists()
        except OSError as error:
            return str(error)
        return problem or ("" if written else "it does not translate paths")

    def _command(self, root: Path, uid: int | None) -> list[str]:
        """Give what comes before a program that is to run in a sandbox."""
        shown = lay_out(root, self.view, owner=uid)
        shared = root / "dev/shm"
        shared.mkdir(parents=True, exist_ok=True)
        shared.chmod(0o1777)
        binds = [f"{path}:{path}" for path in (*shown, "/proc", "/dev")]
        binds += [f"{shared}:/dev/shm", f"{INSIDE}:{PACKAGE}/{INSIDE.name}"]
        for name, text in people(os.geteuid() if uid is None else uid).items():
            binds.append(f"{_written(root / 'etc' / name, text)}:/etc/{name}")
        closed = root / "etc/closed"
        closed.mkdir(exist_ok=True)
        binds += [f"{closed}:/etc/{name}" for name in _CLOSED if Path("/etc", name).exists()]
        if _NAMES.is_symlink() and _NAMES.exists():
            binds.append(f"{_NAMES.resolve()}:{_NAMES}")
        return [
            *(become(self.setpriv, uid) if self.setpriv and uid else ()),
            *(self.proot, "-r", str(root), "-w", "/"),
            *(part for bind in binds for part in ("-b", bind)),
        ]


def _written(file: Path, text: str) -> Path:
    """Write a file anew, whatever a session has put in its place.

    In the folder of a session it is out of sight, below the folder of the host mounted there.
    """
    file.unlink(missing_ok=True)
    with file.open("x") as stream:
        stream.write(text)
    file.chmod(0o644)
    return file
