"""How a new session mounts contexts."""

from collections.abc import Mapping
from typing import Any

from attrs import field

from agb._wire.codec import wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class PersistenceData:
    """A context that a new session shall mount; `policy` is a `SyncPolicy` as a JSON object."""

    context_id: str
    path: str
    policy: Mapping[str, Any] = field(metadata=wire(text=True))
