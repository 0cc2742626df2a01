"""How a context is mounted in a session, and what is synchronised when.

A context is a store that outlives sessions. A `ContextSync` mounts one under a path of a session;
its `SyncPolicy` says what is brought into the session, what is brought back, and for how long it is
kept.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Self, TypeVar, cast

from attrs import field
from attrs.converters import default_if_none
from attrs.validators import optional

from agb._wire.codec import wire
from agb._wire.values import frozen
from agb.exceptions import InvalidParamsError

E = TypeVar("E", bound=Enum)

_WILDCARDS = frozenset("*?[]")


class UploadStrategy(Enum):
    """When files of the session are brought back into the context."""

    UPLOAD_BEFORE_RESOURCE_RELEASE = "UploadBeforeResourceRelease"


class DownloadStrategy(Enum):
    """When files of the context are brought into the session."""

    DOWNLOAD_ASYNC = "DownloadAsync"


class UploadMode(Enum):
    """How the context keeps files: each as it is, or packed into ZIP archives."""

    FILE = "File"
    ARCHIVE = "Archive"


class Lifecycle(Enum):
    """How long the context keeps data."""

    LIFECYCLE_1DAY = "Lifecycle_1Day"
    LIFECYCLE_3DAYS = "Lifecycle_3Days"
    LIFECYCLE_5DAYS = "Lifecycle_5Days"
    LIFECYCLE_10DAYS = "Lifecycle_10Days"
    LIFECYCLE_15DAYS = "Lifecycle_15Days"
    LIFECYCLE_30DAYS = "Lifecycle_30Days"
    LIFECYCLE_90DAYS = "Lifecycle_90Days"
    LIFECYCLE_180DAYS = "Lifecycle_180Days"
    LIFECYCLE_360DAYS = "Lifecycle_360Days"
    LIFECYCLE_FOREVER = "Lifecycle_Forever"


def _member_of(kind: type[E]) -> Any:
    """Accept members only: a plain string is more often a slip than a choice."""

    def check(_: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, kind):
            allowed = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
            raise InvalidParamsError(f"{attribute.name} must be one of {allowed}, not {value!r}")

    return check


def _flag(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidParamsError(f"{attribute.name} must be True or False, not {value!r}")


def _text(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidParamsError(f"{attribute.name} must be a non-blank string, not {value!r}")


def _exact(name: str, path: object) -> None:
    if not isinstance(path, str):
        raise InvalidParamsError(f"{name} must be a string, not {path!r}")
    found = "".join(sorted(_WILDCARDS & set(path)))
    if found:
        raise InvalidParamsError(
            f"{name} must be an exact path, without wildcards: {path!r} holds {found!r}"
        )


def _exact_path(_: object, attribute: Any, value: Any) -> None:
    _exact(attribute.name, value)


def _exact_paths(_: object, attribute: Any, values: Sequence[object]) -> None:
    for index, value in enumerate(values):
        _exact(f"{attribute.name}[{index}]", value)


def _of(kind: type) -> Any:
    """Accept values of a class only."""

    def check(_: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, kind):
            raise InvalidParamsError(f"{attribute.name} must be a {kind.__name__}, not {value!r}")

    return check


def _white_lists(_: object, attribute: Any, values: Sequence[object]) -> None:
    for index, value in enumerate(values):
        if not isinstance(value, WhiteList):
            raise InvalidParamsError(
                f"{attribute.name}[{index}] must be a WhiteList, not {value!r}"
            )


def _absolute(_: object, attribute: Any, value: Any) -> None:
    _text(_, attribute, value)
    if not value.startswith("/"):
        raise InvalidParamsError(
            f"{attribute.name} must be an absolute path in the session, such as "
            f"/workspace/data, not {value!r}"
        )


def _list(values: Any) -> Any:
    """Copy a list, so that changing the caller's does not change the value."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidParamsError(f"a list is needed, not {values!r}")
    return tuple(cast("Sequence[object]", values))


@frozen
class UploadPolicy:
    """What is brought back into the context.

    Args:
        auto_upload: Whether files are brought back when the session ends. Default: True.
        upload_strategy: When. Default, and the only one: before the session is released.
        upload_mode: How the context keeps them. Default: each file as it is.
    """

    auto_upload: bool = field(default=True, validator=_flag)
    upload_strategy: UploadStrategy = field(
        default=UploadStrategy.UPLOAD_BEFORE_RESOURCE_RELEASE, validator=_member_of(UploadStrategy)
    )
    upload_mode: UploadMode = field(default=UploadMode.FILE, validator=_member_of(UploadMode))


@frozen
class DownloadPolicy:
    """What is brought into the session.

    Args:
        auto_download: Whether the context's files are brought in at the start. Default: True.
        download_strategy: When. Default, and the only one: at the start.
    """

    auto_download: bool = field(default=True, validator=_flag)
    download_strategy: DownloadStrategy = field(
        default=DownloadStrategy.DOWNLOAD_ASYNC, validator=_member_of(DownloadStrategy)
    )


@frozen
class DeletePolicy:
    """What becomes of files that were deleted in the session.

    Args:
        sync_local_file: Whether the context loses them, too. Default: True.
    """

    sync_local_file: bool = field(default=True, validator=_flag)


@frozen
class ExtractPolicy:
    """What becomes of archives that are brought into the session.

    Args:
        extract: Whether they are unpacked. Default: True.
        delete_src_file: Whether the archive is removed from the session then. Default: True.
        extract_current_folder: Whether they are unpacked right where they are, rather than into
            a new folder of the archive's name. Default: False.
    """

    extract: bool = field(default=True, validator=_flag)
    delete_src_file: bool = field(default=True, validator=_flag)
    extract_current_folder: bool = field(
        default=False, validator=_flag, metadata=wire("extractToCurrentFolder")
    )


@frozen
class RecyclePolicy:
    """How long the context keeps data.

    Args:
        lifecycle: For so long. Default: for ever.
        paths: Files and folders that this is about, relative to the mount; `""` means all of
            it. Default: `[""]`. `"logs"` in a context mounted at `/tmp/cache` is
            `/tmp/cache/logs`.
    """

    lifecycle: Lifecycle = field(
        default=Lifecycle.LIFECYCLE_FOREVER, validator=_member_of(Lifecycle)
    )
    paths: Sequence[str] = field(
        factory=lambda: [""], converter=_list, validator=_exact_paths, metadata=wire(always=True)
    )


@frozen
class WhiteList:
    """A path that is synchronised.

    Args:
        path: Exact path, relative to the mount.
        exclude_paths: Exact paths that are left out all the same. Default: none.
    """

    path: str = field(default="", validator=_exact_path, metadata=wire(always=True))
    exclude_paths: Sequence[str] = field(
        factory=list[str], converter=_list, validator=_exact_paths, metadata=wire(always=True)
    )


@frozen
class BWList:
    """What is synchronised at all.

    Args:
        white_lists: Only these paths. Default: none, which means everything.
    """

    white_lists: Sequence[WhiteList] = field(
        factory=list[WhiteList], converter=_list, validator=_white_lists, metadata=wire(always=True)
    )


@frozen
class MappingPolicy:
    """Where else the context's data was stored from.

    Args:
        path: The path that the data was mounted at when it was stored.
    """

    path: str = field(validator=_text)


@frozen
class SyncPolicy:
    """What is synchronised when, and for how long it is kept.

    A policy that is left out, or None, is the default one.

    Args:
        upload_policy: What is brought back into the context.
        download_policy: What is brought into the session.
        delete_policy: What becomes of files that were deleted in the session.
        extract_policy: What becomes of archives that are brought in.
        recycle_policy: How long the context keeps data.
        bw_list: What is synchronised at all.
        mapping_policy: Where else the data was stored from. Default: nowhere else.
    """

    upload_policy: UploadPolicy = field(
        factory=UploadPolicy,
        # mypy does not know attrs' own converters, here and below.
        converter=default_if_none(factory=UploadPolicy),  # type: ignore[misc]
        validator=_of(UploadPolicy),
        metadata=wire(always=True),
    )
    download_policy: DownloadPolicy = field(
        factory=DownloadPolicy,
        converter=default_if_none(factory=DownloadPolicy),  # type: ignore[misc]
        validator=_of(DownloadPolicy),
        metadata=wire(always=True),
    )
    delete_policy: DeletePolicy = field(
        factory=DeletePolicy,
        converter=default_if_none(factory=DeletePolicy),  # type: ignore[misc]
        validator=_of(DeletePolicy),
        metadata=wire(always=True),
    )
    extract_policy: ExtractPolicy = field(
        factory=ExtractPolicy,
        converter=default_if_none(factory=ExtractPolicy),  # type: ignore[misc]
        validator=_of(ExtractPolicy),
        metadata=wire(always=True),
    )
    recycle_policy: RecyclePolicy = field(
        factory=RecyclePolicy,
        converter=default_if_none(factory=RecyclePolicy),  # type: ignore[misc]
        validator=_of(RecyclePolicy),
        metadata=wire(always=True),
    )
    bw_list: BWList = field(
        factory=BWList,
        converter=default_if_none(factory=BWList),  # type: ignore[misc]
        validator=_of(BWList),
        metadata=wire(always=True),
    )
    mapping_policy: MappingPolicy | None = field(
        default=None, validator=optional(_of(MappingPolicy))
    )


@frozen
class ContextSync:
    """A context, mounted under a path of a session.

    Args:
        context_id: Identifier of the context.
        path: Where it is mounted, an absolute path in the session.
        policy: What is synchronised when. Default: `SyncPolicy()`.
    """

    context_id: str = field(validator=_text)
    path: str = field(validator=_absolute)
    policy: SyncPolicy | None = field(default=None, validator=optional(_of(SyncPolicy)))

    @classmethod
    def new(cls, context_id: str, path: str, policy: SyncPolicy | None = None) -> Self:
        """Return a `ContextSync`: the same as calling the class."""
        return cls(context_id, path, policy)
