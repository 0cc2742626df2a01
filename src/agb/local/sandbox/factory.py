"""Picks, once, the kind of sandbox that this machine can give, and opens sandboxes of it."""

import asyncio
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from agb.local.sandbox.cgroups import Cgroups
from agb.local.sandbox.interface import Limits, Sandbox, SandboxUnavailable
from agb.local.sandbox.portable import Portable
from agb.local.sandbox.strong import Strong
from agb.local.sandbox.view import View

Choice = Literal["auto", "strong", "portable"]


@frozen(kw_only=True)
class Sandboxes:
    """Opens sandboxes, all of the one kind that was picked when the server started.

    Attributes:
        reason: Why the strong kind is not available here; None when it is, or was not wanted.
    """

    reason: str | None
    _kind: Strong | Portable = field(alias="kind")
    _cgroups: Cgroups | None = field(alias="cgroups")

    @classmethod
    async def detect(cls, *, choice: Choice = "auto", limits: Limits | None = None) -> "Sandboxes":
        """Find out what this machine can do, by trying it.

        Args:
            choice: ``"strong"`` insists on isolation, ``"portable"`` does without, ``"auto"``
                takes the strong kind where it works.
            limits: What each session may use; `Limits()` when left out.

        Raises:
            SandboxUnavailable: The strong kind was asked for and does not work here.
        """
        return await asyncio.to_thread(cls._detect, choice, limits or Limits())

    @classmethod
    def _detect(cls, choice: Choice, limits: Limits) -> "Sandboxes":
        cgroups = Cgroups.find()
        if cgroups:
            cgroups.sweep()
        reason = None
        if choice != "portable":
            try:
                return cls(reason=None, kind=Strong.detect(limits), cgroups=cgroups)
            except SandboxUnavailable as error:
                if choice == "strong":
                    raise
                reason = str(error)
        portable = Portable(view=View.of_this_process(), limits=limits)
        return cls(reason=reason, kind=portable, cgroups=cgroups)

    @property
    def level(self) -> str:
        """``"strong"`` or ``"portable"``."""
        return self._kind.level

    @property
    def description(self) -> str:
        """One line for people: what isolates sessions and which limits are in force."""
        if self._cgroups:
            return (
                f"{self._kind.description}; memory and processes by cgroup v{self._cgroups.version}"
            )
        limits = "memory per process by rlimit"
        counted = "processes by rlimit" if self.level == "strong" else "processes not limited"
        return f"{self._kind.description}; {limits}, {counted}"

    async def open(self, root: Path) -> Sandbox:
        """Start a sandbox whose files live in the host folder `root`.

        The folder is made if it is missing; files already in it are the session's files.

        Raises:
            SandboxGone: It did not come up; the text says what was said. The folder stays.
        """
        group = self._cgroups.create(self._kind.limits) if self._cgroups else None
        try:
            return await self._kind.open(root, group, self.description)
        except BaseException:
            if group:
                group.end()
            raise
