"""Pure: leases. Labels of a session that tell whose it is, and until when it is meant to be.

An owner renews them for as long as it lives. Who finds a lease that has run out may delete the
session; on the owner's own machine also who finds that its process has ended. A process is told
by its number and by when it was started, since numbers are used again, and the machine by how it
was booted and by which processes see each other, since names of machines are used twice.
"""

import getpass
import hashlib
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from agb._own_labels import PREFIX
from agb._wire.values import frozen

MARK = {PREFIX + "lease": "1"}
"""What every leased session is found by."""

_OWNER, _HOST, _MACHINE = PREFIX + "owner", PREFIX + "host", PREFIX + "machine"
_PID, _STARTED, _EXPIRES = PREFIX + "pid", PREFIX + "started", PREFIX + "expires"
_UNKNOWN = "unknown"
_PROC = Path("/proc")
_ENDED = frozenset("XZ")
_STATE, _START_TIME = 0, 19  # among what /proc/PID/stat has behind the name

Over = Literal["expired", "owner ended"]


@frozen(kw_only=True)
class Lease:
    """What the labels of a session tell.

    Attributes:
        machine: What the owner runs on; empty where that can't be told apart from others.
        started: When the process was started, on a clock of the machine's own.
        expires: Seconds since 1970.
    """

    owner: str
    host: str
    machine: str
    pid: int
    started: str
    expires: float

    @property
    def expires_at(self) -> datetime:
        """When it runs out."""
        return datetime.fromtimestamp(self.expires, UTC)

    def over(self, grace: float) -> Over | None:
        """Tell why the session is nobody's any more; None while it is somebody's.

        Args:
            grace: Seconds that clocks may differ by.
        """
        if time.time() > self.expires + grace:
            return "expired"
        return "owner ended" if self._owner_ended() else None

    def _owner_ended(self) -> bool:
        if not self.machine or self.machine != this_machine():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (
            OSError,
            OverflowError,
        ):  # it is somebody else's, or has no number that a process can have
            return False
        state, started = _seen(self.pid)
        return state in _ENDED or (bool(started) and started != self.started)


def lease_labels(seconds: float) -> dict[str, str]:
    """Return the labels of a session that belongs to this process for so long from now."""
    pid = os.getpid()
    return {
        **MARK,
        _OWNER: _user(),
        _HOST: socket.gethostname() or _UNKNOWN,
        _MACHINE: this_machine() or _UNKNOWN,
        _PID: str(pid),
        _STARTED: _seen(pid)[1] or _UNKNOWN,
        _EXPIRES: str(int(time.time() + seconds) + 1),
    }


def read_lease(labels: Mapping[str, str]) -> Lease | None:
    """Return the lease that labels tell of; None where they tell of none."""
    told = {key: "" if value == _UNKNOWN else value for key, value in labels.items()}
    try:
        lease = Lease(
            owner=told.get(_OWNER, ""),
            host=told.get(_HOST, ""),
            machine=told.get(_MACHINE, ""),
            pid=int(told[_PID]),
            started=told.get(_STARTED, ""),
            expires=float(told[_EXPIRES]),
        )
        _ = lease.expires_at
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return lease if lease.pid > 0 else None


def this_machine() -> str:
    """Name what processes share that see each other's numbers; empty where that can't be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:16]


def _seen(pid: int) -> tuple[str, str]:
    """Return state and start of a process; nothing of either where that can't be seen."""
    try:
        facts = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return facts[_STATE], facts[_START_TIME]
    except (OSError, IndexError):
        return "", ""


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):  # there may be no name for a number
        return getpass.getuser() or _UNKNOWN
    return _UNKNOWN
