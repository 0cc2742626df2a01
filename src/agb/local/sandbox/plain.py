"""Sandboxes that are only a folder and a tree of processes: they keep order, not secrets."""

import secrets
import sys
from pathlib import Path

from attrs import frozen

from agb.local.inside.paths import HOME, Paths
from agb.local.sandbox.cgroups import Group
from agb.local.sandbox.folder import furnish
from agb.local.sandbox.house import House, start
from agb.local.sandbox.interface import Limits
from agb.local.sandbox.plan import INSIDE, Plan, agent_limits, environment
from agb.local.sandbox.users import own_name
from agb.local.sandbox.view import View


@frozen(kw_only=True)
class Plain:
    """Opens sandboxes that any system can give.

    Attributes:
        view: What of the host is on the path of sessions; they can see the rest all the same.
        limits: What each session may use.
    """

    level = "portable"
    own_user = False

    view: View
    limits: Limits

    @property
    def description(self) -> str:
        """What isolates sessions: nothing does."""
        return (
            f"plain processes of {own_name()}, no isolation: programs see this machine's "
            "own paths, only file tools take absolute ones for the session's"
        )

    async def open(self, root: Path, group: Group | None, description: str) -> House:
        """Start a sandbox."""
        root, plan = self._plan(root, group)
        return await start(
            plan,
            level=self.level,
            description=description,
            root=root,
            owner=None,
            group=group,
        )

    def _plan(self, root: Path, group: Group | None) -> tuple[Path, Plan]:
        furnish(root)
        root = root.resolve()
        home = Paths(str(root)).resolve(HOME)
        settings = {
            "root": str(root),
            "env": environment(self.view, str(home), str(root / "tmp")),
            "python": sys.executable,
            "mark": secrets.token_hex(8),
            "memory": self.limits.memory,
            "adopts": True,
            "own_network": False,
            "limits": agent_limits(self.limits, group, own_user=self.own_user),
        }
        return root, Plan(package=INSIDE.parent, settings=settings, disk=self.limits.disk)
