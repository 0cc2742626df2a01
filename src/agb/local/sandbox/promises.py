"""What each kind of sandbox promises and what it does not, as it is documented and tested.

Who runs `python -m agb.local.sandbox.promises` gets the table of `docs/security.md`.
"""

import sys
from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import frozen


class Kind(Enum):
    """A kind of sandbox, where it matters with how the server can run sessions in it."""

    STRONG = "strong"
    PROOT_APART = "proot, sessions as users of their own"
    PROOT = "proot, sessions as the server's user"
    PLAIN = "plain"


class Kept(Enum):
    """Whether something is promised."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@frozen(kw_only=True)
class Promise:
    """Something that a session can't do.

    Attributes:
        name: What it is called.
        text: What a session can't do.
        kept: In which kinds of sandboxes that is so.
        why: What keeps it, and what is left over.
    """

    name: str
    text: str
    kept: Mapping[Kind, Kept]
    why: str


_Y, _P, _N = Kept.YES, Kept.PARTLY, Kept.NO


def _kept(strong: Kept, apart: Kept, proot: Kept, plain: Kept) -> Mapping[Kind, Kept]:
    return dict(zip(Kind, (strong, apart, proot, plain), strict=True))


_APART = _kept(_Y, _Y, _N, _N)  # what users of their own are enough for
_WALLED = _kept(_Y, _N, _N, _N)  # what needs namespaces
_ALWAYS = _kept(_Y, _Y, _Y, _Y)  # what does not depend on the kind

PROMISES: Final = (
    Promise(
        name="others' files",
        text="read or change files of another session",
        kept=_APART,
        why="In `strong` they have no name in the session. Users of their own get into no folder "
        "but theirs, also when they get around proot.",
    ),
    Promise(
        name="store",
        text="read or change what contexts hold, or what else the AGB keeps on disk",
        kept=_APART,
        why="As for the files of another session. An AGB whose data folder lies in what sessions "
        "see does not start.",
    ),
    Promise(
        name="system files",
        text="read what only root or the server's user may read",
        kept=_APART,
        why="Sessions see `/usr`, `/etc` and the interpreter's folders, read-only. Of a server of "
        "an ordinary user a session reads in them what that user may.",
    ),
    Promise(
        name="outside writes",
        text="write to a file of the machine outside of its own folder",
        kept=_WALLED,
        why="Who gets around proot writes where its user may: a user of its own to `/tmp`, say.",
    ),
    Promise(
        name="server's links",
        text="have the server follow a link out of the session's folder",
        kept=_kept(_Y, _Y, _Y, _P),
        why="File tools work inside of the sandbox; in `plain` there is none, and they check a "
        "path before they use it, which a session can change in between. What the server copies "
        "itself, for contexts and transfers, it opens folder by folder and follows no link, so "
        "that swapping one in is no use; of a user of its own it takes no file that is somebody "
        "else's.",
    ),
    Promise(
        name="archives",
        text="have an archive unpacked out of its folder, or into more than it may hold",
        kept=_ALWAYS,
        why="Absolute names, `..`, devices and archives that grow to more than 200 times their "
        "size, 8 GiB or 100,000 entries; links in them are made as links and not followed.",
    ),
    Promise(
        name="server's memory",
        text="read the memory, the environment or the open files of the server",
        kept=_APART,
        why="That is where the key is. A key given by `--api-key` is on the server's command line, "
        "which all processes of the machine can read: prefer `AGB_API_KEY`.",
    ),
    Promise(
        name="others' processes",
        text="trace, stop or kill processes of the server or of another session",
        kept=_APART,
        why="In `strong` they have no number in the session.",
    ),
    Promise(
        name="process list",
        text="see the machine's processes and their command lines",
        kept=_WALLED,
        why="A PID namespace.",
    ),
    Promise(
        name="network",
        text="reach the machine's network, its loopback, or its abstract sockets",
        kept=_WALLED,
        why="A network namespace with nothing in it but a loopback of its own. Elsewhere the "
        "network is the machine's.",
    ),
    Promise(
        name="admin surface",
        text="use the AGB's own API, where it can be reached at all",
        kept=_kept(_Y, _Y, _P, _P),
        why="No request is answered without the key. Where a session can read the server's memory "
        "it can find that.",
    ),
    Promise(
        name="server's environment",
        text="find the server's environment, or a key from it, in its own",
        kept=_ALWAYS,
        why="A session's environment is made from nothing, and the key leaves the server's own "
        "before the first session.",
    ),
    Promise(
        name="keyrings",
        text="use keys of the server's session keyring",
        kept=_ALWAYS,
        why="The agent joins a new one. Keys of the user keyring are those of the session's user.",
    ),
    Promise(
        name="root",
        text="become root, or read the machine's disks as such",
        kept=_kept(_Y, _Y, _P, _P),
        why="It has no capabilities. A session that runs as the user of a server of root is root.",
    ),
    Promise(
        name="setuid programs",
        text="gain privileges by a setuid program",
        kept=_kept(_Y, _Y, _Y, _N),
        why="No new privileges, for good.",
    ),
    Promise(
        name="namespaces",
        text="make user namespaces or mounts",
        kept=_kept(_Y, _P, _P, _P),
        why="Elsewhere that depends on the machine. They give no power over it, but much of the "
        "kernel to try for faults.",
    ),
    Promise(
        name="agent",
        text="get at the agent's memory or sockets, and so answer the server in its name",
        kept=_kept(_Y, _N, _N, _P),
        why="The agent can't be traced, and its sockets are handed to nobody. But proot's agent "
        "must be open to its tracer, and so to its session, and every process is open to root. A "
        "session can always end its own agent, which ends the session, and forge what its own code "
        "has returned.",
    ),
    Promise(
        name="programs",
        text="change the agent's program, the interpreter or other programs of the machine",
        kept=_kept(_Y, _Y, _P, _P),
        why="In `strong` they are read-only. Elsewhere it is a matter of whose they are.",
    ),
    Promise(
        name="forged answers",
        text="harm the server by what it answers",
        kept=_ALWAYS,
        why="Answers are bounded, checked, and of no effect but on who asked.",
    ),
    Promise(
        name="limits",
        text="raise its own limits, or write core files",
        kept=_kept(_Y, _Y, _P, _P),
        why="Hard limits of resources and groups that it can't leave. Root can.",
    ),
    Promise(
        name="memory",
        text="take more memory than it may, with control groups",
        kept=_kept(_Y, _Y, _P, _P),
        why="All processes are counted together, and what they keep in files in memory. Root can "
        "leave its group.",
    ),
    Promise(
        name="memory of processes",
        text="take more memory than it may, without control groups",
        kept=_kept(_P, _P, _P, _P),
        why="Each process has the limit for its data. Files in memory are bounded in `strong`.",
    ),
    Promise(
        name="processes",
        text="have more processes and threads than it may, with control groups",
        kept=_kept(_Y, _Y, _P, _P),
        why="Root can leave its group.",
    ),
    Promise(
        name="processes of users",
        text="have more processes and threads than it may, without control groups",
        kept=_kept(_Y, _Y, _N, _N),
        why="The kernel counts them for each user.",
    ),
    Promise(
        name="file size",
        text="make a file larger than it may",
        kept=_kept(_Y, _Y, _P, _P),
        why="A limit of resources, also for sparse files. Root can raise it.",
    ),
    Promise(
        name="disk",
        text="take more of the disk than it may",
        kept=_kept(_P, _P, _P, _P),
        why="Files are counted a few times a second while the disk gets fuller, removed ones that "
        "are held open included; a session over its limit has all that it runs killed, and gets "
        "`Disk.Full`. What is written in between is over. Where proot or `plain` write outside of "
        "their folder nobody counts, nor what was sent through a socket that nobody reads.",
    ),
    Promise(
        name="leftovers",
        text="leave files in its folder that outlive it",
        kept=_ALWAYS,
        why="However deep, and whatever their modes. What can't be brought to a context is kept on "
        "purpose, and told in the log.",
    ),
    Promise(
        name="daemons",
        text="leave processes that outlive it",
        kept=_kept(_Y, _P, _P, _P),
        why="A PID namespace dies as a whole, and so does a control group. Without either, a "
        "process that hides from the server by intent may go on.",
    ),
)
"""All of it."""


def table() -> str:
    """Write the table as Markdown."""
    head = ["A session can't ...", *(kind.value for kind in Kind)]
    rows = [head, ["---"] * len(head)]
    rows += [[each.text, *(each.kept[kind].value for kind in Kind)] for each in PROMISES]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    why = [f"- **{each.text}**: {each.why}" for each in PROMISES]
    return "\n".join([*lines, "", *why]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
