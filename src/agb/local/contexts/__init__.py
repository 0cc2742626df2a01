"""Contexts: stores that outlive sessions, and what is synchronised with the sessions' files.

On disk, below the server's data folder:

```text
contexts/index.db       what there is: contexts, objects, lifetimes, places (SQLite)
contexts/blobs/KEY/ID   the contents of one object, complete from the moment it is named there
contexts/locks/KEY      held while a context is changed; servers may share a data folder
unsaved/                files of sessions that ended before their contexts had them
```

An object is written to the server's own folder first, then synced to disk, renamed to its place,
and named by the index in one transaction; its predecessor is removed after that. So a crash leaves
at most contents that nothing names, which the next start removes.
"""

from agb.local.contexts.mounts import SessionMounts
from agb.local.contexts.places import Places
from agb.local.contexts.requests import MountRequest, read_mounts
from agb.local.contexts.service import Contexts

__all__ = ["Contexts", "MountRequest", "Places", "SessionMounts", "read_mounts"]
