"""What a new session shall mount, as its creator says it."""

import posixpath
from collections.abc import Sequence

from attrs import frozen

from agb._wire.codec import Misread, load
from agb._wire.messages.mounts import PersistenceData
from agb.context_sync import SyncPolicy
from agb.local.contexts.mounting import Mount
from agb.local.contexts.values import folder_path
from agb.local.refusals import invalid_parameter


@frozen(kw_only=True)
class MountRequest:
    """A context that a new session shall mount."""

    context_id: str
    path: str
    policy: SyncPolicy


def read_mounts(data: Sequence[PersistenceData]) -> list[MountRequest]:
    """Read what a new session shall mount, in the order in which it is to be mounted.

    Raises:
        Refusal: Something in it is not as it must be.
    """
    requests = [_read_mount(each, f"persistenceDataList[{n}]") for n, each in enumerate(data)]
    places: set[str] = set()
    for number, request in enumerate(requests):
        place = normal(request.path)
        if place in places:
            raise invalid_parameter(f"persistenceDataList[{number}].path: {place} is mounted twice")
        places.add(place)
    return sorted(requests, key=lambda request: normal(request.path))


def _read_mount(data: PersistenceData, where: str) -> MountRequest:
    if not data.context_id.strip():
        raise invalid_parameter(f"{where}.contextId: is blank")
    check_folder(data.path, f"{where}.path")
    if normal(data.path) == "/":
        raise invalid_parameter(f"{where}.path: must be below /")
    try:
        policy = load(data.policy, SyncPolicy)
        Mount(key=0, context_id="", path=data.path, policy=policy).leads_to_wanted(b"x")
        Mount(key=0, context_id="", path=data.path, policy=policy).lifetimes()
    except Misread as misread:
        raise invalid_parameter(f"{where}.policy.{misread}") from None
    except UnicodeEncodeError:
        raise invalid_parameter(f"{where}.policy: a path is not Unicode text") from None
    return MountRequest(context_id=data.context_id, path=data.path, policy=policy)


def check_folder(path: str, where: str) -> None:
    """Make sure that a path is one of a folder in a session.

    Raises:
        Refusal: It is not.
    """
    if not path.startswith("/"):
        raise invalid_parameter(f"{where}: {path[:200]!r} is not an absolute path")
    folder_path(path, where)


def normal(path: str) -> str:
    """Write the path of a folder in the usual way."""
    return posixpath.normpath("/" + path.lstrip("/"))
