"""Users that a server of root gives its sessions, and what sessions know of users."""

import getpass
import itertools
import os
import secrets
from collections.abc import Iterator

from agb.local.inside.paths import HOME

_FIRST_UID = 300_000  # as the host sees it: beyond people and services
_UIDS = 1_000_000
_POWERLESS = ("--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


def some_uids() -> Iterator[int]:
    """Give uids that another server on this machine is unlikely to give as well."""
    return itertools.count(_FIRST_UID + secrets.randbelow(_UIDS))


def own_name() -> str:
    """Give the name of the server's user, who may have none, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def become(setpriv: str, uid: int) -> list[str]:
    """Give what comes before a program so that root becomes a user for good."""
    return [setpriv, "--reuid", str(uid), "--regid", str(uid), *_POWERLESS]


def people(uid: int) -> dict[str, str]:
    """Write the session's own passwd and group: the host's users are none of its business."""
    passwd = (
        f"user:x:{uid}:{uid}:user:{HOME}:/bin/bash\n"
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    )
    return {"passwd": passwd, "group": f"user:x:{uid}:\nroot:x:0:\nnogroup:x:65534:\n"}
