"""Brings what a session holds into a context."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from agb.context_sync import UploadMode
from agb.local.contexts.archiving import Archiving
from agb.local.contexts.copying import Copying
from agb.local.contexts.mounting import PACKED, Mount, Seen, paths_of, placed
from agb.local.contexts.staging import is_full
from agb.local.contexts.store import Store
from agb.local.contexts.taking import Taking
from agb.local.contexts.tree import Found, Parts, Tree
from agb.local.contexts.values import Object, shown

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class Upload:
    """One run.

    Attributes:
        problems: What could not be read.
    """

    store: Store
    tree: Tree
    mount: Mount
    problems: list[str] = field(factory=list[str])

    def run(self) -> None:
        """Bring everything that changed into the context, all at once.

        Raises:
            Refusal: The context has been deleted.
            OSError: The mount can't be read, or the disk is full.
            Stopped: There was no time for all of it.
        """
        base = self.tree.resolve(b"/" + self.mount.place)
        passes = self.mount.leads_to_wanted
        survey = self.tree.survey(base, passes=passes, deep=self.mount.deep)
        if survey.skipped:
            _log.info("%s has %d sockets, pipes, devices", self.mount.path, len(survey.skipped))
        self.problems.extend(f"{shown(path)}: can't be read" for path in survey.unreadable)
        found = {each.path: each for each in survey.found if self._takes(each)}
        gone = set(self._gone(found, survey.unreadable))
        if self.mount.policy.upload_policy.upload_mode is UploadMode.ARCHIVE:
            archiving = Archiving(
                store=self.store, copying=self._copying, mount=self.mount, base=base
            )
            archiving.run(found, gone)
        else:
            self._as_files(base, found, gone)
        self._note_use()

    @property
    def _copying(self) -> Copying:
        return Copying(tree=self.tree, problems=self.problems)

    def _note_use(self) -> None:
        try:
            self.store.touch(self.mount.key)
        except OSError as error:
            if not is_full(error):  # what matters has been stored
                raise

    def _takes(self, found: Found) -> bool:
        if not self.mount.deep and found.kind == "folder":
            return False
        return self.mount.wants(found.path)

    def _as_files(self, base: Parts, found: dict[bytes, Found], gone: set[bytes]) -> None:
        rows = self.store.objects(self.mount.key)
        here = placed(self.mount, rows)
        with self.store.staging() as stage:
            taking = Taking(
                mount=self.mount,
                copying=self._copying,
                base=base,
                stage=stage,
                sources={PACKED if row.packed else row.path for row in rows},
                here={path: objects[-1] for path, objects in here.items()},
                filled={path.rpartition(b"/")[0] for path in found},
            )
            for each in found.values():
                self.tree.check()
                taking.consider(each)
            removed = paths_of(here, gone)
            renewed = self._renewed(here, found.keys() - taking.puts.keys())
            versions = dict[bytes, str]()
            if taking.puts or removed or renewed:
                with self.store.locked(self.mount.key):
                    versions = self.store.publish(
                        self.mount.key, taking.puts.values(), removed, renewed
                    )
        for path, put in taking.puts.items():
            seen = taking.seen[path]
            taking.seen[path] = Seen(found=seen.found, blob=versions[put.object.path])
        kept = {} if self.mount.policy.delete_policy.sync_local_file else self.mount.seen
        self.mount.seen = {**kept, **taking.seen}

    def _renewed(
        self, here: Mapping[bytes, Sequence[Object]], paths: Iterable[bytes]
    ) -> dict[bytes, int | None]:
        """Find the objects that the session has as they are, but keeps for another time."""
        return {
            row.path: self.mount.lifetime(path)
            for path in paths
            for row in here.get(path, ())
            if row.lifetime != self.mount.lifetime(path)
        }

    def _gone(self, found: dict[bytes, Found], unreadable: list[bytes]) -> list[bytes]:
        """Give the paths that the session had and has no more, if that matters."""
        if not self.mount.policy.delete_policy.sync_local_file:
            return []
        hidden = [path + b"/" for path in unreadable]
        return [
            path
            for path in self.mount.seen
            if path not in found and not any(path.startswith(prefix) for prefix in hidden)
        ]
