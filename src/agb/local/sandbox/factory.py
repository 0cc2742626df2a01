"""Picks, once, the kind of sandbox that this machine can give, and opens sandboxes of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from agb.local.sandbox.cgroups import Cgroups
from agb.local.sandbox.interface import Limits, Sandbox, SandboxUnavailable
from agb.local.sandbox.plain import Plain
from agb.local.sandbox.proot import Proot
from agb.local.sandbox.strong import Strong
from agb.local.sandbox.view import View

Choice = Literal["auto", "strong", "portable", "proot", "plain"]
_ACCEPTABLE: dict[Choice, set[str]] = {
    "auto": {"strong", "proot", "plain"},
    "strong": {"strong"},
    "portable": {"proot", "plain"},
    "proot": {"proot"},
    "plain": {"plain"},
}


@frozen(kw_only=True)
class Sandboxes:
    """Opens sandboxes, all of the one kind that was picked when the server started.

    Attributes:
        reason: Why better kinds are not available here, and what to do about it; None when they
            are, or were not wanted.
    """

    reason: str | None
    _kind: Strong | Proot | Plain = field(alias="kind")
    _cgroups: Cgroups | None = field(alias="cgroups")

    @classmethod
    async def detect(
        cls,
        *,
        choice: Choice = "auto",
        limits: Limits | None = None,
        folder: Path | None = None,
    ) -> "Sandboxes":
        """Find out what this machine can do, by trying it.

        Args:
            choice: ``"auto"`` takes the best kind that works: ``"strong"``, else ``"portable"``.
                That is ``"proot"`` where it works, else ``"plain"``. Each but the last can be
                insisted on.
            limits: What each session may use; `Limits()` when left out.
            folder: Where the folders of sessions will be: users of their own must be able to get
                there. The machine's folder of temporary files when left out.

        Raises:
            SandboxUnavailable: The kind that was asked for does not work here.
        """
        return await asyncio.to_thread(cls._detect, choice, limits or Limits(), folder)

    @classmethod
    def _detect(cls, choice: Choice, limits: Limits, folder: Path | None) -> "Sandboxes":
        cgroups = Cgroups.find()
        if cgroups:
            cgroups.sweep()
        reasons: list[str] = []
        for name, detect in _KINDS.items():
            if name not in _ACCEPTABLE[choice]:
                continue
            try:
                kind = detect(limits, folder)
            except SandboxUnavailable as error:
                reasons.append(str(error))
            else:
                return cls(reason="; ".join(reasons) or None, kind=kind, cgroups=cgroups)
        raise SandboxUnavailable("; ".join(reasons))

    def shows(self, path: Path) -> Path | None:
        """Give the folder by which all sessions can read a path of the host, if there is one."""
        return None if self.is_plain else self._kind.view.shows(path)

    @property
    def level(self) -> str:
        """``"strong"`` or ``"portable"``."""
        return self._kind.level

    @property
    def is_plain(self) -> bool:
        """Whether programs see the machine's own paths instead of the session's."""
        return isinstance(self._kind, Plain)

    @property
    def own_user(self) -> bool:
        """Whether each session is a user of its own to the machine."""
        return self._kind.own_user

    @property
    def description(self) -> str:
        """One line for people: what isolates sessions and which limits are in force."""
        if self._cgroups:
            limits = f"memory and processes by cgroup v{self._cgroups.version}"
        else:
            counted = "processes by rlimit" if self.own_user else "processes not limited"
            limits = f"memory per process by rlimit, {counted}"
        return f"{self._kind.description}; {limits}; disk by counting"

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


_KINDS: dict[str, Callable[[Limits, Path | None], Strong | Proot | Plain]] = {  # the best first
    "strong": lambda limits, _: Strong.detect(limits),
    "proot": Proot.detect,
    "plain": lambda limits, _: Plain(view=View.of_this_process(), limits=limits),
}
