"""What only somebody inside the sandbox can count."""

import os
from pathlib import Path
from typing import Any

from .paths import Paths

_COUNTERS = Path("/proc/net/dev")


def usage(paths: Paths, *, own_network: bool = True) -> dict[str, Any]:
    """Count network traffic and disk space as the session sees them, in bytes.

    Args:
        paths: The session's view of paths.
        own_network: Whether the network is the session's own; of another one nobody knows which
            traffic is the session's, so none is counted.
    """
    space = os.statvfs(paths.resolve("/"))
    return {
        "network": _network(_COUNTERS.read_text()) if own_network and _COUNTERS.exists() else {},
        "disk": {
            "total": space.f_blocks * space.f_frsize,
            "used": (space.f_blocks - space.f_bfree) * space.f_frsize,
            "free": space.f_bavail * space.f_frsize,
        },
    }


def _network(text: str) -> dict[str, dict[str, int]]:
    """Read the kernel's table of interfaces."""
    found: dict[str, dict[str, int]] = {}
    for line in text.splitlines()[2:]:
        name, counters = line.split(":")
        numbers = [int(number) for number in counters.split()]
        found[name.strip()] = {"rx_bytes": numbers[0], "tx_bytes": numbers[8]}
    return found
